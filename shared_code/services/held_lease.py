"""A lease held for as long as a piece of work takes.

Source: Data model, "Audit, messages, leases, cache".
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from shared_code.errors import ConflictError
from shared_code.sql.types import new_identifier
from shared_code.storage import leases
from shared_code.storage.database import Database
from shared_code.storage.leases import Lease


class LeaseLostError(ConflictError):
    """Another process has taken over; what this one was about to write is not written, and not tried again."""


class HeldLease:
    """A lease in the hands of this process, to be renewed between steps of the work."""

    def __init__(self, database: Database, lease: Lease, ttl_s: int) -> None:
        self._database = database
        self._ttl_s = ttl_s
        self._renewed_at = database.clock.now()
        self.lease = lease

    @property
    def fencing_token(self) -> int:
        """The number of this holding; it only grows."""
        return self.lease.fencing_token

    def renew_when_due(self) -> None:
        """Renew after a third of the time to live; raises `LeaseLostError` when somebody else holds it."""
        since = self._database.clock.now() - self._renewed_at
        if abs(since.total_seconds()) < self._ttl_s / 3:  # of either sign: a clock may be put back
            return
        with self._database.writing_lightly() as connection:
            self.confirm(connection)
        self._renewed_at = self._database.clock.now()

    def confirm(self, connection: Connection) -> None:
        """Renew within a transaction that publishes, as its last statement; raises `LeaseLostError` when it is lost.

        The row stays locked until the commit, so that nobody can take the resource in between.
        """
        now = self._database.moment(connection)
        if not leases.renew(connection, self.lease, now, self._ttl_s):
            raise LeaseLostError(f"The lease {self.lease.resource_id} was taken over by another process")


@contextmanager
def held(database: Database, resource_id: str, ttl_s: int) -> Iterator[HeldLease | None]:
    """Hold `resource_id` while the block runs; None when somebody else does.

    A power cut that undoes these writes ends the holder, too, and undoes whatever it wrote after them.
    """
    with database.writing_lightly() as connection:
        lease = leases.acquire(connection, resource_id, new_identifier(), database.moment(connection), ttl_s)
    if lease is None:
        yield None
        return
    try:
        yield HeldLease(database, lease, ttl_s)
    finally:
        with database.writing_lightly() as connection:
            leases.release(connection, lease)
