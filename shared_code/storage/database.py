"""The operational database as the services see it: read sessions, write transactions, the scope of sites.

Source: Architecture, "Rules"; Data model, "Access and performance".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, Engine, literal, text, true

from shared_code.clock import Clock
from shared_code.domain.site_scope import SiteScope
from shared_code.sql.lists import in_list
from shared_code.sql.sqlite import LIGHT, WRITES


class Database:
    """Connections to the operational database. Nobody commits but the service that opened the transaction."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection whose statements see one state of the database and change nothing."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back as a whole when it raises."""
        with self.engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing_lightly(self) -> Iterator[Connection]:
        """A transaction that a power cut may undo: what it says is found out again, and nobody was told of it.

        It saves the flush of the disk that SQLite needs otherwise; SQL Server groups those itself.
        """
        light = {WRITES: True, LIGHT: True}
        with self.engine.connect().execution_options(**light) as connection, connection.begin():
            yield connection

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
