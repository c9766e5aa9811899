"""The pool of a process: connections are kept while they are used, and beyond a few only for a while afterwards.

A pool that closes each connection beyond the few at once opens one for every request of a busy minute.

Source: Data model, "Access and performance"; SQL Server through pyodbc and SQLAlchemy, "Connecting".
"""

from time import monotonic

from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.util.queue import Queue

_GIVEN_BACK = "given_back"


class TrimmedPool(QueuePool):
    """A pool whose size is the most that may be open; those that idle are closed, down to `kept`.

    That is looked after whenever a connection is given back. The one used last is used next.
    """

    kept = 0
    idle_s = float("inf")

    def trim(self, kept: int, idle_s: float) -> None:
        """From now on close what has idled for more than `idle_s` seconds while more than `kept` are open."""
        self.kept, self.idle_s = kept, idle_s

    def recreate(self) -> "TrimmedPool":
        """A pool like this one, without its connections."""
        made = super().recreate()
        assert isinstance(made, TrimmedPool)
        made.trim(self.kept, self.idle_s)
        return made

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        record.info[_GIVEN_BACK] = monotonic()
        super()._do_return_conn(record)
        while (idle := self._idle()) is not None:
            try:
                idle.close()
            finally:
                self._dec_overflow()

    def _idle(self) -> ConnectionPoolEntry | None:
        """The connection that has idled longest, taken out of the pool, if that is too long; None otherwise."""
        waiting = self._pool
        assert isinstance(waiting, Queue)
        with waiting.mutex:
            is_one_too_many = waiting.maxsize + self._overflow > self.kept and bool(waiting.queue)
            if not is_one_too_many or monotonic() - waiting.queue[0].info[_GIVEN_BACK] <= self.idle_s:
                return None
            longest: ConnectionPoolEntry = waiting.queue.popleft()
            return longest


__all__ = ["TrimmedPool"]
