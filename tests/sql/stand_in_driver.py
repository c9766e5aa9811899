"""A stand-in for the module pyodbc: it notes what it is asked and answers from a script.

SQL Server itself is not at hand in the tests; what the product hands to its driver is what they check.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import ModuleType
from typing import Any

Answer = tuple[Sequence[str], Sequence[Sequence[Any]]]

_FIRST_QUESTIONS: dict[str, Answer] = {
    "ProductVersion": (["version"], [("16.0.4100.1",)]),
    "schema_name()": (["schema"], [("forecasting",)]),
    "test max support": (["text"], [("test max support",)]),
    "sys.system_views": (["name"], [("dm_exec_sessions",)]),
    "transaction_isolation_level": (["level"], [("READ COMMITTED",)]),
    "SELECT 1": (["one"], [(1,)]),
    "snapshot_isolation_state": (["allowed"], [(2,)]),
}


class StandInError(Exception):
    """Any error of the driver: SQLSTATE, then the text."""


StandInError.__module__ = "pyodbc"


class Driver(ModuleType):
    """What stands in for the module. `connections` are those opened; `answers` maps a part of a statement to rows."""

    def __init__(self, drivers: Sequence[str] = ("ODBC Driver 18 for SQL Server",)) -> None:
        super().__init__("pyodbc")
        self.version, self.paramstyle, self.apilevel, self.threadsafety = "5.5.0", "qmark", "2.0", 1
        self.pooling = True
        self.DATETIME, self.NUMBER, self.STRING, self.BINARY = datetime, float, str, bytearray
        self.SQL_VARCHAR, self.SQL_WVARCHAR, self.SQL_DECIMAL = "varchar", "nvarchar", "decimal"
        for name in ("Error", "DatabaseError", "OperationalError", "ProgrammingError", "InterfaceError", "DataError"):
            setattr(self, name, StandInError)
        for name in ("IntegrityError", "InternalError", "NotSupportedError", "Warning"):
            setattr(self, name, type(name, (StandInError,), {"__module__": "pyodbc"}))
        self.installed = tuple(drivers)
        self.answers = dict(_FIRST_QUESTIONS)
        self.failures: list[StandInError] = []
        self.connections: list[StandInConnection] = []
        self.Cursor = StandInCursor

    def drivers(self) -> list[str]:
        """The installed drivers."""
        return list(self.installed)

    def connect(self, text: str, **arguments: Any) -> "StandInConnection":
        """A connection, or the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        self.connections.append(StandInConnection(self, text, arguments))
        return self.connections[-1]

    def Binary(self, value: bytes) -> bytes:  # noqa: N802 - the driver's name
        """The value."""
        return value


class StandInConnection:
    """One connection: `statements` with their parameters in order. `broken` is what every further one ends with."""

    def __init__(self, driver: Driver, text: str, arguments: dict[str, Any]) -> None:
        self.driver, self.text, self.arguments = driver, text, arguments
        self.statements: list[tuple[str, tuple[Any, ...]]] = []
        self.timeout = 0
        self.autocommit = False
        self.broken: StandInError | None = None

    def cursor(self) -> "StandInCursor":
        return StandInCursor(self)

    def add_output_converter(self, kind: int, convert: Callable[..., Any]) -> None:
        pass

    def commit(self) -> None:
        self.statements.append(("COMMIT", ()))

    def rollback(self) -> None:
        self.statements.append(("ROLLBACK", ()))

    def close(self) -> None:
        pass


class StandInCursor:
    """Answers a statement with the rows of the first part of the script that occurs in it."""

    def __init__(self, connection: StandInConnection) -> None:
        self.connection = connection
        self.description: list[tuple[Any, ...]] | None = None
        self.rowcount = -1
        self.input_sizes: Any = None
        self._rows: list[Sequence[Any]] = []

    def setinputsizes(self, sizes: Any) -> None:
        self.input_sizes = sizes

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> "StandInCursor":
        if self.connection.broken is not None:
            raise self.connection.broken
        self.connection.statements.append((statement, tuple(parameters)))
        for part, (names, rows) in self.connection.driver.answers.items():
            if part in statement:
                if rows and isinstance(rows[0], StandInError):
                    raise rows[0]
                self.description = [(name, None, None, None, None, None, None) for name in names]
                self._rows = list(rows)
                return self
        self.description = None
        return self

    def fetchone(self) -> Sequence[Any] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int) -> list[Sequence[Any]]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def fetchall(self) -> list[Sequence[Any]]:
        return self.fetchmany(len(self._rows))

    def nextset(self) -> bool:
        return False

    def close(self) -> None:
        pass


def odbc_error(state: str, text: str) -> StandInError:
    """An error as the driver raises it."""
    return StandInError(state, f"[{state}] [Microsoft][ODBC Driver 18 for SQL Server]{text}")
