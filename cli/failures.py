"""How a command ends that cannot be carried out: a reason in plain words, and an exit status; never a traceback.

Source: Architecture, "The command line".
"""

import logging
import os
import sqlite3
import sys
from collections.abc import Callable
from typing import Final

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cli.output import complain
from shared_code.errors import ForecastError, InvalidInputError
from shared_code.sql.transient import FaultKind, fault_of

FAILED: Final = 1
WRONG_USAGE: Final = 2

_OF_SQLITE: Final = {
    sqlite3.SQLITE_READONLY: "The database may not be written: check the rights of its file and of the folder.",
    sqlite3.SQLITE_CANTOPEN: "The database cannot be opened: check its path and the rights of the folder.",
    sqlite3.SQLITE_NOTADB: "The file is no SQLite database: check its path.",
    sqlite3.SQLITE_CORRUPT: "The database is damaged: restore a backup.",
    sqlite3.SQLITE_FULL: "The disk of the database is full.",
    sqlite3.SQLITE_IOERR: "The disk of the database cannot be read or written.",
}
_OF_KIND: Final = {
    FaultKind.TRANSIENT: "The database did not answer in time, or another process is writing. Try again.",
    FaultKind.PERMISSION: "The database refused: the app's identity lacks a right.",
    FaultKind.LOGIN: "The database refused the login.",
    FaultKind.SCHEMA: "The database lacks a table or column. Run: townepark schema status",
}


def status_of(command: Callable[[], object]) -> int:
    """Carry out `command`, say what went wrong, and return the exit status: 0, `FAILED` or `WRONG_USAGE`."""
    status = _carried_out(command)
    try:
        sys.stdout.flush()
    except OSError as error:
        _say_output_failed(error)
        return FAILED
    return status


def _carried_out(command: Callable[[], object]) -> int:
    try:
        command()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FAILED
    except InvalidInputError as error:
        complain(error.message)
        return WRONG_USAGE
    except ForecastError as error:
        complain(error.message)
    except SQLAlchemyError as error:
        logging.getLogger(__name__).debug("database error", exc_info=error)
        complain(in_words(error))
    except OSError as error:
        _say_output_failed(error)
    except KeyboardInterrupt:
        complain("Stopped.")
    else:
        return 0
    return FAILED


def in_words(error: SQLAlchemyError) -> str:
    """What a fault of a database means to an operator; its own text may hold addresses and values, and stays out."""
    original = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(original, sqlite3.Error):
        known = _OF_SQLITE.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
        if known is not None:
            return known
    return _OF_KIND.get(fault_of(error).kind) or f"The database failed ({type(error).__name__})."


def _say_output_failed(error: OSError) -> None:
    """A file that cannot be used, or results that nobody takes: who closed a pipe needs no reason."""
    if error.filename is None:
        # What is left would be tried again at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        complain(f"{error.filename or 'The output'} cannot be used: {error.strerror}.")
