"""The embedded warehouse: one SQLite file that stands in for both warehouse databases.

Readers see the file twice, as `TP_EDW` and as `TP_LEGION`, so that a query names its databases as on SQL Server.
A writer opens the file itself: two names of one file would lock each other out inside one transaction.

Source: Source side, "Rules for every T-SQL read"; Operations, "Environments".
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from shared_code.errors import ConfigurationError, SourceError
from shared_code.sources.warehouse.expressions import SQLITE_DECIMAL_OF, decimal_of
from shared_code.sources.warehouse.objects import EDW, LEGION, METADATA

EDW_NAME = "TP_EDW"
"""Name of the attached file for the objects of the schema `edw`."""

LEGION_NAME = "TP_LEGION"
"""Name of the attached file for the objects of the schema `legion`."""

_BUSY_TIMEOUT_SECONDS = 5.0


def embedded_engine(path: Path, *, read_only: bool = True) -> Engine:
    """An engine on the embedded warehouse in the file `path`; statements on the objects of `objects.py` run on it.

    Reading: every transaction sees one state of the file and never holds up a writer. Writing (`read_only=False`):
    one writer at a time, others wait for at most 5 s; a missing file is made. Connections are not kept, so the
    engine needs no disposal.

    Raises `SourceError` (`SOURCE_UNAVAILABLE`), here or at a later connection, when a file to be read is missing or
    is no database, and `ConfigurationError` when the folder of a file to be written is missing.

    Source: Source side, "Rules for every T-SQL read".
    """
    if read_only:
        _require_file(path)
        names = {EDW: EDW_NAME, LEGION: LEGION_NAME}
    else:
        _require_folder(path)
        names = {EDW: "main", LEGION: "main"}
    engine = create_engine(
        "sqlite://",
        hide_parameters=True,  # an error is logged, and its values may be pay
        creator=lambda: _open_for_reading(path) if read_only else _open_for_writing(path),
        poolclass=NullPool,
        execution_options={"schema_translate_map": names},
    )
    event.listen(engine, "begin", _begin_reading if read_only else _begin_writing)
    return engine


def create_objects(engine: Engine) -> None:
    """Makes the warehouse objects that are missing in the file of a writing `engine`; those present stay.

    Source: Source side, "Source objects".
    """
    METADATA.create_all(engine)


def _open_for_reading(path: Path) -> sqlite3.Connection:
    _require_file(path)
    address = f"{path.resolve().as_uri()}?mode=ro"
    connection = _connect(":memory:")
    try:
        for name in (EDW_NAME, LEGION_NAME):
            connection.execute(f"ATTACH DATABASE ? AS {name}", (address,))
        with closing(connection.execute(f"SELECT COUNT(*) FROM {EDW_NAME}.sqlite_schema")) as cursor:  # noqa: S608 - a constant
            cursor.fetchone()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise SourceError(
            f"The sample warehouse {path} cannot be read as an SQLite database. Move the file away and make a new one "
            "with `townepark demo`, or name another file in EDW_SAMPLE_PATH."
        ) from error
    return connection


def _open_for_writing(path: Path) -> sqlite3.Connection:
    connection = _connect(path.resolve().as_uri())
    try:
        connection.execute("PRAGMA journal_mode = WAL").close()
        connection.execute("PRAGMA synchronous = NORMAL").close()
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ConfigurationError(f"The file {path} cannot be written as an SQLite database: {error}.") from error
    return connection


def _connect(address: str) -> sqlite3.Connection:
    # The driver must not open transactions by itself: the engine's `begin` event decides which kind it is.
    connection = sqlite3.connect(
        address, uri=True, timeout=_BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.create_function(SQLITE_DECIMAL_OF, 3, decimal_of, deterministic=True)
    return connection


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise SourceError(
            f"There is no sample warehouse {path}. Make one with `townepark demo`, load a file with `townepark "
            "warehouse import`, name another file in EDW_SAMPLE_PATH, or name a warehouse server in EDW_HOST."
        )


def _require_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise ConfigurationError(f"The folder {path.parent} for the sample warehouse does not exist.")
