"""`townepark doctor` as a person and a program use it."""

import json
from pathlib import Path

from tests.support.command_line import townepark
from tests.support.operational import empty_database


def test_what_is_missing_is_told_and_the_exit_status_says_so(tmp_path: Path) -> None:
    done = townepark(tmp_path, "doctor")
    assert done.returncode == 1
    assert "townepark: to be mended: database, schema, warehouse" in done.stderr
    assert "Run: townepark schema upgrade" in done.stdout


def test_programs_get_every_part(tmp_path: Path) -> None:
    (tmp_path / "forecasting.db").write_bytes(empty_database())
    document = json.loads(townepark(tmp_path, "doctor", "--json").stdout)
    assert document["isGood"] is False
    assert {part["name"]: part["isGood"] for part in document["parts"]} == {
        "settings": True, "driver": True, "database": True, "schema": True, "privileges": True, "warehouse": False,
        "queue": True, "keys": True, "cache": True,
    }  # fmt: skip


def test_settings_that_are_wrong_are_told_first(tmp_path: Path) -> None:
    done = townepark(tmp_path, "doctor", "--json", settings={"LOG_LEVEL": "loud"})
    [part] = json.loads(done.stdout)["parts"]
    assert done.returncode == 1
    assert part["found"].startswith("Settings are wrong: LOG_LEVEL: ")
