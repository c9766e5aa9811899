"""The operational database as the services see it: read sessions, write transactions, the scope of sites.

Source: Architecture, "Rules"; Data model, "Access and performance".
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, literal, text, true

from shared_code.clock import Clock
from shared_code.domain.site_scope import SiteScope
from shared_code.sql.lists import in_list
from shared_code.sql.sqlite import BUSY_TIMEOUT_S, LIGHT, WRITES
from shared_code.sql.transient import retry

LEAVES_MESSAGES: Final = "leaves_messages"
"""Execution option of a connection whose transaction puts something into the outbox that may be sent at once."""


class Database:
    """Connections to the operational database. Nobody commits but the service that opened the transaction.

    `on_messages` is called after each commit that left messages to be sent; it returns at once and raises nothing.
    """

    def __init__(self, engine: Engine, clock: Clock, on_messages: Callable[[], None] = lambda: None) -> None:
        self.engine = engine
        self.clock = clock
        self._on_messages = on_messages
        self._turns = Lock() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection whose statements see one state of the database and change nothing.

        One that cannot be opened is tried again, as nothing was asked yet; who has waited for it has waited enough.
        """
        with retry(self.engine.connect, may_retry=lambda fault: not fault.is_timeout) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back as a whole when it raises."""
        with self._transaction(**{WRITES: True}) as connection:
            yield connection

    @contextmanager
    def writing_lightly(self) -> Iterator[Connection]:
        """A transaction that a power cut may undo: what it says is found out again, and nobody was told of it.

        It saves the flush of the disk that SQLite needs otherwise; SQL Server groups those itself.
        """
        with self._transaction(**{WRITES: True, LIGHT: True}) as connection:
            yield connection

    @contextmanager
    def _transaction(self, **options: bool) -> Iterator[Connection]:
        with self.engine.connect().execution_options(**options) as connection:
            with self._turn(), connection.begin():
                yield connection
            leaves_messages = connection.get_execution_options().get(LEAVES_MESSAGES, False)
        if leaves_messages:
            self._on_messages()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Where there is one writer at a time, those of this process queue for it.

        SQLite itself lets them look again and again, ever more rarely: of 16 at once some would wait for seconds. A
        writer that has waited as long as SQLite would goes on and hears it from there.
        """
        is_taken = self._turns is not None and self._turns.acquire(timeout=BUSY_TIMEOUT_S)
        try:
            yield
        finally:
            if is_taken and self._turns is not None:
                self._turns.release()

    def moment(self, connection: Connection) -> datetime:
        """Now, for leases: the server's clock where there is a server, so that hosts agree."""
        if connection.dialect.name == "mssql":
            value: datetime = connection.execute(text("SELECT SYSUTCDATETIME()")).scalar_one()
            return value.replace(tzinfo=UTC)
        return self.clock.now()


def within(scope: SiteScope, site_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that keeps a statement inside `scope`."""
    if scope.site_ids is None:
        return true()
    if len(scope.site_ids) == 1:
        return site_id == literal(next(iter(scope.site_ids)), site_id.type)
    return in_list(site_id, scope.site_ids)
