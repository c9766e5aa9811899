"""Writers of one process on SQLite: they queue for the one lock there is, instead of looking for it again and again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError

from shared_code.clock import FixedClock
from shared_code.settings import Settings
from shared_code.sql.engine import operational_engine
from shared_code.storage import database as module
from shared_code.storage.database import Database

NOON = FixedClock(datetime(2025, 6, 10, 12, tzinfo=UTC))
WRITERS = 8


@pytest.fixture
def impatient(tmp_path: Path) -> Database:
    """A database whose connections do not wait for another one's lock at all."""
    engine = operational_engine(Settings(db_primary_connection=f"sqlite:///{tmp_path / 'turns.db'}"), NOON)

    @event.listens_for(engine, "connect")
    def _(connection: DBAPIConnection, __: object) -> None:
        connection.cursor().execute("PRAGMA busy_timeout = 0")

    made = Database(engine, NOON)
    with made.writing() as connection:
        connection.execute(text("CREATE TABLE written (number INTEGER PRIMARY KEY)"))
    return made


def write(one: Database, number: int) -> None:
    with one.writing() as connection:
        sleep(0.005)
        connection.execute(text("INSERT INTO written VALUES (:number)"), {"number": number})


def test_writers_at_once_wait_for_one_another(impatient: Database) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda number: write(impatient, number), range(3 * WRITERS)))
    with impatient.reading() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM written")).scalar() == 3 * WRITERS


def test_a_writer_that_fails_ends_its_turn(impatient: Database) -> None:
    with pytest.raises(RuntimeError, match="half-way"), impatient.writing():
        raise RuntimeError("half-way")
    write(impatient, 1)


def test_a_writer_does_not_wait_for_ever(impatient: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_TIMEOUT_S", 0.01)
    with impatient.writing(), pytest.raises(OperationalError, match="locked"):
        write(impatient, 1)
