"""What a power cut may undo does not wait for the disk; everything else does, on the same connection too."""

from pathlib import Path

from sqlalchemy import Connection

from tests.support.operational import operational_database

NORMAL, FULL = 1, 2


def _level(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one())


def test_only_light_writes_do_not_wait_for_the_disk(tmp_path: Path) -> None:
    with operational_database(tmp_path) as database:
        levels = []
        for kind in (database.writing, database.writing_lightly, database.writing, database.writing_lightly):
            with kind() as connection:
                levels.append(_level(connection))
    assert levels == [FULL, NORMAL, FULL, NORMAL]
