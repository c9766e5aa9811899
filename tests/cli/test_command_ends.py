"""How a command ends that cannot be carried out: in words and with its exit status, never in a traceback."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy.exc import DatabaseError, OperationalError

from cli.failures import FAILED, WRONG_USAGE, in_words, status_of
from shared_code.clock import FixedClock
from shared_code.errors import ConflictError, InvalidInputError
from shared_code.settings import Settings
from shared_code.sql.engine import operational_engine
from tests.support.token_attacks import NOW

ROOT = Path(__file__).resolve().parents[2]
FULL = Path("/dev/full")


def carry_out(
    statement: str, *, output: int | IO[bytes] = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """A process that carries out `statement` as a command."""
    program = (
        "import sys\nfrom cli import output\nfrom cli.failures import status_of\n"
        f"def command():\n    {statement}\noutput.write_any_text()\nsys.exit(status_of(command))"
    )
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "SYSTEMROOT"}}
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        stdout=output,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (InvalidInputError("No site [red]X."), WRONG_USAGE, "townepark: No site [red]X."),
        (ConflictError("It runs already."), FAILED, "townepark: It runs already."),
        (PermissionError(13, "Permission denied", "pay.csv"), FAILED, "pay.csv cannot be used: Permission denied."),
        (KeyboardInterrupt(), FAILED, "townepark: Stopped."),
    ],
)
def test_an_error_is_a_reason_and_a_status(
    error: BaseException, status: int, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(raising(error)) == status
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(("code", "status"), [(0, 0), (1, 1), (2, 2), ("a text", 1)])
def test_a_command_that_ends_the_process_keeps_its_status(code: int | str, status: int) -> None:
    assert status_of(raising(SystemExit(code))) == status


@pytest.mark.skipif(not FULL.exists(), reason="this machine has no full disk to write to")
@pytest.mark.parametrize("statement", ["print('figures')", "output.out.print('figures')", "output.print_json([1])"])
def test_results_that_a_full_disk_does_not_take_are_a_failure(statement: str) -> None:
    with FULL.open("wb") as full:
        done = carry_out(statement, output=full)
    assert (done.returncode, done.stderr.count(b"\n")) == (FAILED, 1)
    assert b"The output cannot be used: No space left on device." in done.stderr


@pytest.mark.parametrize("statement", ["print('figures')", "output.out.print('figures')", "print('x' * 200_000)"])
def test_who_closes_the_pipe_is_told_nothing(statement: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = carry_out(statement, output=closed)
    assert (done.returncode, done.stderr) == (FAILED, b"")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_pipe_gets_utf_8_whatever_the_locale(encoding: str) -> None:
    done = carry_out("output.out.print('rate – → 1.25'); print('a name of \\udcff bytes')", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().splitlines() == ["rate – → 1.25", r"a name of \udcff bytes"]


def test_a_folder_in_the_place_of_the_database_is_said_in_words(tmp_path: Path) -> None:
    engine = operational_engine(Settings(db_primary_connection=f"sqlite:///{tmp_path}"), FixedClock(NOW))
    with pytest.raises(OperationalError) as failed:
        engine.connect()
    assert in_words(failed.value) == "The database cannot be opened: check its path and the rights of the folder."


def test_a_file_that_is_no_database_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("These are notes, and no database at all.")
    engine = operational_engine(Settings(db_primary_connection=f"sqlite:///{tmp_path}/notes.db"), FixedClock(NOW))
    with pytest.raises(DatabaseError) as failed:
        engine.connect()
    assert in_words(failed.value) == "The file is no SQLite database: check its path."


def test_an_unknown_fault_is_told_by_its_kind_and_never_by_its_text() -> None:
    secret = sqlite3.DataError("value 48000.00 of Ann")
    assert (
        in_words(OperationalError("SELECT pay", {"pay": 48_000}, secret)) == "The database failed (OperationalError)."
    )


def test_values_of_a_statement_stay_out_of_what_an_error_says(tmp_path: Path) -> None:
    engine = operational_engine(Settings(db_primary_connection=f"sqlite:///{tmp_path}/a.db"), FixedClock(NOW))
    with engine.begin() as connection, pytest.raises(OperationalError) as failed:
        connection.exec_driver_sql("SELECT * FROM pay WHERE salary = ?", (48_000,))
    assert "48000" not in str(failed.value)
    engine.dispose()
