"""A slice of a feed as the warehouse delivers it.

Source: Source side, "Extraction queries".
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from shared_code.services.extraction.feed import Batch, Control, Slice
from shared_code.services.extraction.quality import MISSING_FIELD
from shared_code.services.extraction.staging_transform import masked_row
from shared_code.services.runtime import Runtime
from shared_code.sources.warehouse.catalogue import QUERIES
from shared_code.sources.warehouse.query import FLAW, RAW
from shared_code.sources.warehouse.reader import WarehouseReader
from shared_code.storage.runs import Reject, RunSource


class WarehouseReading:
    """The query of a feed over the window of a slice; counts and rows are of one state of the warehouse.

    Columns in `masked` are hidden in rejects.
    """

    def __init__(
        self, reader: WarehouseReader, feed: str, slice_: Slice, node_alias: str, masked: Collection[str] = ()
    ) -> None:
        self._reader = reader
        self._query = reader.check_schema(QUERIES[feed])
        self._window = slice_.window
        self._node_alias = node_alias
        self._masked = masked
        self._all_complete = False
        self.columns = tuple(column.name for column in self._query.columns)

    def control(self) -> Control | None:
        """Rows and sums at the source; None for a procedure."""
        totals = self._reader.read_control(self._query, self._window)
        if totals is None:
            return None
        self._all_complete = totals.complete_rows == totals.rows
        sums = {name: total - totals.incomplete_sums[name] for name, total in totals.sums.items()}
        return Control(totals.rows, totals.complete_rows, sums)

    def parts(self) -> Iterator[Batch]:
        """The incomplete rows as rejects, if the control found any, then the complete ones."""
        if not self._all_complete:
            for rejects in self.incomplete():
                yield Batch((), len(rejects), rejects)
        for rows in self.batches():
            yield Batch(rows, len(rows))

    def incomplete(self) -> Iterator[Sequence[Reject]]:
        """The source rows that lack a required field, each as a reject."""
        for rows in self._reader.incomplete_batches(self._query, self._window):
            yield [self._reject(row) for row in rows]

    def batches(self) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The complete rows, ten thousand at a time."""
        batches = self._reader.batches(self._query, self._window)
        if self._query.is_grouped:
            yield from batches
            return
        required = [position for position, column in enumerate(self._query.columns) if column.required]
        for rows in batches:
            yield [row for row in rows if all(row[position] is not None for position in required)]

    def sources(self, content_hash: bytes) -> Sequence[RunSource]:
        """The statements, their parameters, how much they brought and how long they took."""
        return [
            RunSource(
                read.query_id,
                read.text_hash,
                self._node_alias,
                read.object_name,
                read.parameters,
                read.row_count,
                read.duration_ms,
                content_hash,
            )
            for read in self._reader.reads
        ]

    def _reject(self, row: tuple[Any, ...]) -> Reject:
        values = dict(zip((*self.columns, FLAW, RAW), row, strict=True))
        flaw = values.pop(FLAW)
        return Reject(MISSING_FIELD, flaw, masked_row(values, self._masked))


def open_query(
    feed: str, *, masked: Collection[str] = ()
) -> Callable[[Runtime, Slice], AbstractContextManager[WarehouseReading]]:
    """How the feed called `feed` opens its query; columns in `masked` are hidden in rejects."""

    @contextmanager
    def opened(runtime: Runtime, slice_: Slice) -> Iterator[WarehouseReading]:
        with runtime.warehouse_reader().snapshot() as reader:
            yield WarehouseReading(reader, feed, slice_, runtime.node_alias, masked)

    return opened


__all__ = ["MISSING_FIELD", "WarehouseReading", "open_query"]
