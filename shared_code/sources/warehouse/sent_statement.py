"""One statement on its way through the driver: raw batches, and what the lineage keeps of it.

Rows are taken from the driver's own cursor: a feed is millions of values, and each layer between costs more than the
fetch itself.

Source: Source side, "Run history, lineage, failure"; SQL Server through pyodbc and SQLAlchemy, "Reading".
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable

from shared_code.errors import SourceError
from shared_code.sources.warehouse.query import OutputColumn

_LONGEST_PARAMETER = 2_000
"""Characters of a parameter that the lineage keeps; of a longer one it keeps the hash."""

RawRows = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class SourceRead:
    """One statement that was read to its end, for the lineage of a run.

    `text_hash` is the SHA-256 of the statement as it was sent, without its parameters; `parameters` fit in JSON and
    hold no secret; `duration_ms` is the time spent waiting for the warehouse.

    Source: Source side, "Run history, lineage, failure".
    """

    query_id: str
    object_name: str
    text_hash: bytes
    parameters: Mapping[str, Any]
    row_count: int
    duration_ms: int


class SentStatement:
    """A statement whose rows are fetched in batches of at most `size`, their columns in the order of `columns`.

    Making one sends the statement and fetches the first batch into `first`; `close` gives the connection free.
    Raises `SourceError` (`SOURCE_SCHEMA_MISMATCH`) when the result lacks a column.
    """

    def __init__(
        self,
        opened: ExitStack,
        connection: Connection,
        statement: Executable,
        columns: Sequence[OutputColumn],
        size: int,
    ) -> None:
        self._opened = opened
        self._size = size
        result = opened.enter_context(closing(connection.execute(statement)))
        self._cursor: Any = result.cursor
        self._order = _order_of(self._cursor.description, columns)
        self.text_hash, self.parameters = _lineage_of(result)
        self.first = self.fetch()

    def fetch(self) -> RawRows:
        """The next batch; empty after the last one."""
        rows: RawRows = self._cursor.fetchmany(self._size)
        return rows if self._order is None else [self._order(row) for row in rows]

    def close(self) -> None:
        """Give up cursor and connection."""
        self._opened.close()


def limit_time(connection: Connection, seconds: int) -> None:
    """Let no statement of `connection` run longer than `seconds`, where the driver knows a limit."""
    if connection.dialect.name == "mssql":
        driver: Any = connection.connection.driver_connection
        driver.timeout = seconds


def _order_of(description: Sequence[Sequence[Any]] | None, columns: Sequence[OutputColumn]) -> Any:
    """What puts the values of a row in the order of `columns`, by name; None where they stand in it already."""
    delivered = [str(column[0]).casefold() for column in description or ()]
    wanted = [column.name.casefold() for column in columns]
    missing = [name for name in wanted if name not in delivered]
    if missing:
        raise SourceError(
            f"The warehouse has changed: the result lacks {', '.join(missing)}.", code="SOURCE_SCHEMA_MISMATCH"
        )
    return None if delivered == wanted else itemgetter(*[delivered.index(name) for name in wanted])


def _lineage_of(result: CursorResult[Any]) -> tuple[bytes, dict[str, Any]]:
    """The hash of the text that was sent, and its parameters."""
    context: Any = result.context
    parameters = context.compiled.params if context.compiled is not None else {}
    return (
        hashlib.sha256(context.statement.encode()).digest(),
        {name: _kept(value) for name, value in sorted(parameters.items())},
    )


def _kept(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and len(value) > _LONGEST_PARAMETER:
        return {"sha256": hashlib.sha256(value.encode()).hexdigest(), "characters": len(value)}
    return list(value) if isinstance(value, list | tuple) else value


__all__ = ["RawRows", "SentStatement", "SourceRead", "limit_time"]
