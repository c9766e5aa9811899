"""Reading the warehouse: checked columns, control totals, and rows in batches with flat memory.

Source: Source side, "Rules for every T-SQL read", "Extraction queries" and "Run history, lineage, failure".
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from time import perf_counter
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Executable, Integer, String
from sqlalchemy.exc import SQLAlchemyError

from shared_code.errors import TransientError, TransientSourceError
from shared_code.settings import Settings
from shared_code.sources.circuit_breaker import CircuitBreaker
from shared_code.sources.warehouse.expressions import SQLITE_DECIMAL_OF, decimal_of
from shared_code.sources.warehouse.faults import source_error
from shared_code.sources.warehouse.objects import EDW
from shared_code.sources.warehouse.query import (
    COMPLETE_ROWS,
    FLAW,
    RAW,
    ROWS,
    ControlTotals,
    FeedQuery,
    OutputColumn,
)
from shared_code.sources.warehouse.received import RowConverter
from shared_code.sources.warehouse.schema_check import usable_query
from shared_code.sources.warehouse.sent_statement import RawRows, SentStatement, SourceRead, limit_time
from shared_code.sources.warehouse.window import Window
from shared_code.sql.transient import retry

T = TypeVar("T")
Row = tuple[Any, ...]

BATCH_ROWS = 10_000
"""Rows of a batch: enough to be quick, few enough to keep memory flat."""


class _LeftAloneError(Exception):
    """The breaker is open: not a fault of this call, and not one to be tried again at once."""


class WarehouseReader:
    """Reads one warehouse node for one run; `reads` lists the statements that were read to their end.

    Every error is a `SourceError` with a code of the run history; one that may pass is a `TransientSourceError`,
    raised after three further attempts. Only the opening of a read, up to its first batch, is attempted again: a
    connection lost later ends the read, so that nobody takes half of it for the whole.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        breaker: CircuitBreaker | None = None,
        connection: Connection | None = None,
    ) -> None:
        """`breaker` is that of the node, shared by its readers; `connection` is used instead of new ones."""
        self._engine = engine
        self._settings = settings
        self._breaker = breaker
        self._shared = connection
        self._zone = ZoneInfo(settings.source_time_zone)
        self._faults = (SQLAlchemyError, engine.dialect.loaded_dbapi.Error, TransientError)
        self.reads: list[SourceRead] = []

    @contextmanager
    def snapshot(self) -> Iterator["WarehouseReader"]:
        """A reader whose reads, one after the other, share one connection and one transaction.

        Control totals and rows are then of the same state wherever the warehouse allows snapshots. What it reads is
        listed here, too.
        """
        with ExitStack() as opened:
            connection = self._attempt(lambda: opened.enter_context(self._connect()), ("the node",))
            reader = WarehouseReader(self._engine, self._settings, breaker=self._breaker, connection=connection)
            reader.reads = self.reads
            yield reader

    def check_schema(self, query: FeedQuery) -> FeedQuery:
        """The query to read: `query`, or its fallback where the warehouse lacks a column that it may lack.

        Raises `SourceError`: `SOURCE_SCHEMA_MISMATCH` names each column that is missing or of a type that cannot be
        cast, `SOURCE_PERMISSION` the object and right that are missing. No row is read.
        """

        def check() -> FeedQuery:
            with self._connection() as connection:
                return usable_query(connection, query)

        return self._attempt(check, query.objects)

    def read_control(self, query: FeedQuery, window: Window) -> ControlTotals | None:
        """Counts and sums over the bounds of `window`; None for a procedure, which has no control query."""
        if query.control is None:
            return None
        columns = _control_columns(query)
        totals = ControlTotals.nothing(column.name for column in query.measures)
        for part in self._parts(query, window):
            for batch in self._read(query, query.control(part), columns, part, BATCH_ROWS):
                for row in batch:
                    totals += _control_totals(query, row)
        if totals.complete_rows < totals.rows:
            totals += self._incomplete_totals(query, window)
        return totals

    def _incomplete_totals(self, query: FeedQuery, window: Window) -> ControlTotals:
        """The sums of the incomplete rows, which the control query counts among all rows."""
        measures = [(column.name, index) for index, column in enumerate(query.columns) if column.measure]
        sums = {name: Decimal(0) for name, _ in measures}
        for batch in self.incomplete_batches(query, window):
            for name, index in measures:
                sums[name] += sum((row[index] for row in batch if row[index] is not None), Decimal(0))
        return ControlTotals(0, 0, dict.fromkeys(sums, Decimal(0)), sums)

    def batches(self, query: FeedQuery, window: Window, size: int = BATCH_ROWS) -> Iterator[list[Row]]:
        """The rows of `query` in batches of at most `size`, each a tuple in the order of `query.columns`.

        Of a grouped query these are the groups of complete rows; a listing returns incomplete rows, too. Sites are
        asked for in portions of at most `EDW_MAX_SITES_PER_QUERY`, in their order.
        """
        for part in self._parts(query, window):
            yield from self._read(query, self._statement(query, part), query.columns, part, size)

    def incomplete_batches(self, query: FeedQuery, window: Window, size: int = BATCH_ROWS) -> Iterator[list[Row]]:
        """The source rows that lack a required field: `query.columns`, then the field's name and its raw text."""
        if query.incomplete is None:
            return
        columns = (*query.columns, OutputColumn(FLAW, String()), OutputColumn(RAW, String()))
        for part in self._parts(query, window):
            yield from self._read(query, query.incomplete(part), columns, part, size)

    def _parts(self, query: FeedQuery, window: Window) -> Iterable[Window]:
        bounded = window.under(self._settings)
        return bounded.by_sites(self._settings.edw_max_sites_per_query) if query.takes_sites else (bounded,)

    def _statement(self, query: FeedQuery, window: Window) -> Executable:
        if query.procedure is None or self._engine.dialect.name != "mssql":
            return query.statement(window)
        schemas: Mapping[str, str] = self._engine.get_execution_options().get("schema_translate_map", {})
        return query.procedure(window, schemas.get(EDW, EDW))

    def _read(
        self, query: FeedQuery, statement: Executable, columns: Sequence[OutputColumn], window: Window, size: int
    ) -> Iterator[list[Row]]:
        """Batches of one statement; its lineage is noted when it has been read to the end."""
        convert = RowConverter(columns, self._engine.dialect.name, self._zone)
        seconds = self._settings.edw_timeout_s if window.is_one_site else self._settings.edw_feed_timeout_s
        right = "EXECUTE" if query.procedure is not None else "SELECT"
        count, started = 0, perf_counter()
        sent = self._attempt(lambda: self._send(statement, columns, seconds, size), query.objects, right)
        try:
            waited, rows = perf_counter() - started, sent.first
            while rows:
                count += len(rows)
                yield convert(rows)
                started = perf_counter()
                rows = self._next(sent, query) if len(rows) == size else ()
                waited += perf_counter() - started
        finally:
            sent.close()
        objects = ", ".join(query.objects)
        self.reads.append(
            SourceRead(query.query_id, objects, sent.text_hash, sent.parameters, count, int(waited * 1000))
        )

    def _send(self, statement: Executable, columns: Sequence[OutputColumn], seconds: int, size: int) -> SentStatement:
        """Send the statement and wait for its first batch; what was opened for it is closed when that fails."""
        opened = ExitStack()
        try:
            connection = opened.enter_context(self._connection())
            limit_time(connection, seconds)
            return SentStatement(opened, connection, statement, columns, size)
        except BaseException:
            opened.close()
            raise

    def _next(self, sent: SentStatement, query: FeedQuery) -> RawRows:
        try:
            return sent.fetch()
        except self._faults as error:
            self._report(failed=True)
            raise source_error(error, query.objects) from error

    def _attempt(self, call: Callable[[], T], objects: Sequence[str], right: str = "SELECT") -> T:
        """The result of `call`, attempted again while the fault may pass and the breaker lets calls through."""

        def guarded() -> T:
            if self._breaker is not None and not self._breaker.may_call():
                raise _LeftAloneError
            try:
                result = call()
            except self._faults:
                self._report(failed=True)
                raise
            self._report(failed=False)
            return result

        try:
            return retry(guarded, total_s=self._settings.edw_feed_timeout_s, may_retry=lambda _: not self._is_lost())
        except _LeftAloneError:
            raise TransientSourceError("The warehouse is left alone for a minute after repeated failures.") from None
        except self._faults as error:
            raise source_error(error, objects, right) from error

    def _is_lost(self) -> bool:
        """Whether the shared connection is gone: no attempt on it can succeed."""
        return self._shared is not None and self._shared.invalidated

    def _report(self, *, failed: bool) -> None:
        if self._breaker is not None:
            (self._breaker.failed if failed else self._breaker.succeeded)()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        if self._shared is not None:
            yield self._shared
            return
        with self._connect() as connection:
            yield connection

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                driver: Any = connection.connection.driver_connection
                driver.create_function(SQLITE_DECIMAL_OF, 3, decimal_of, deterministic=True)
            yield connection


def _control_columns(query: FeedQuery) -> list[OutputColumn]:
    """The columns of the row of a control query."""
    measures = [OutputColumn(column.name, column.type) for column in query.measures]
    return [OutputColumn(ROWS, Integer()), OutputColumn(COMPLETE_ROWS, Integer()), *measures]


def _control_totals(query: FeedQuery, row: Row) -> ControlTotals:
    """What the row of a control query says of all rows."""
    rows, complete_rows, *values = row
    sums = {column.name: Decimal(value or 0) for column, value in zip(query.measures, values, strict=True)}
    return ControlTotals(rows, complete_rows or 0, sums, dict.fromkeys(sums, Decimal(0)))


__all__ = ["BATCH_ROWS", "Row", "SourceRead", "WarehouseReader"]
