"""Whether a warehouse file is nothing but a generated sample, which a new sample may replace.

Source: Architecture, "The command line".
"""

import sqlite3
from contextlib import closing
from pathlib import Path

SAMPLE_MARK = 0x54504653
"""SQLite keeps a number of the application in a file's header: this one says "made by the generator alone"."""


def mark_as_sample(path: Path) -> None:
    """Say that the file holds a generated sample and nothing else."""
    _mark(path, SAMPLE_MARK)


def mark_as_filled(path: Path) -> None:
    """Say that somebody has put rows into the file: no new sample replaces it."""
    _mark(path, 0)


def is_sample(path: Path) -> bool:
    """Whether the file holds a generated sample and nothing else."""
    try:
        with closing(sqlite3.connect(path)) as database:
            return bool(database.execute("PRAGMA application_id").fetchone()[0] == SAMPLE_MARK)
    except sqlite3.DatabaseError:
        return False


def _mark(path: Path, mark: int) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA application_id = {mark}")
