"""A source's answer page by page, proven complete: as many rows as it said, and it said the same on every page.

Source: Source side, "HTTP sources".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from shared_code.errors import SourceError
from shared_code.sources.exact_json import JsonObject, JsonValue
from shared_code.sources.http_client import Answer
from shared_code.sources.row_fields import Reject

Record = TypeVar("Record")

ATTEMPTS = 2
_LARGEST_TOTAL = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Page(Generic[Record]):
    """The rows of one page: accepted as `records`, or `rejects`, or only counted as `ignored`.

    **Page number 1 starts the read.** It comes once, and a second time (`attempt` 2) when the first read turned out
    to be inconsistent: whoever stages pages discards, at every page with number 1, what this read has staged before.
    Only after the last page, with `is_last`, is the read complete and may anything be published.

    `total` is the source's own number of rows; `request_id` is the `X-Request-Id` the page was asked with.
    """

    number: int
    attempt: int
    total: int
    is_last: bool
    request_id: str
    records: tuple[Record, ...]
    rejects: tuple[Reject, ...]
    ignored: int

    @property
    def rows_read(self) -> int:
        """All rows that the page held."""
        return len(self.records) + len(self.rejects) + self.ignored


@dataclass(frozen=True, slots=True)
class _Meta:
    """What a page says of the whole: its own number if given, the number of rows, and whether more pages follow."""

    page: int | None
    total: int
    has_more: bool


class _InconsistentReadError(Exception):
    """The pages of one attempt do not belong together."""


def read_pages(
    source: str, fetch: Callable[[int], Answer], parse: Callable[[JsonValue], Record | Reject | None]
) -> Iterator[Page[Record]]:
    """The pages of one read in order, one in memory at a time; see `Page` for what a restart means to the consumer.

    `fetch` gets the page of a number from 1; `parse` gives a row's record, its reject, or None for a row to ignore.
    Reading ends when `meta.hasMore` is false. When the rows are not `meta.total`, or that changes between pages, the
    read starts again once. Raises `SourceError` `INCOMPLETE_READ` when that happens twice, `SOURCE_SCHEMA_MISMATCH`
    for a page without `data` or `meta`, and whatever `fetch` raises.

    Source: Source side, "HTTP sources" and "Run history, lineage, failure".
    """
    finding = ""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            yield from _read_once(source, attempt, fetch, parse)
        except _InconsistentReadError as problem:
            finding = str(problem)
        else:
            return
    raise SourceError(
        f"{source}: the pages did not fit together in {ATTEMPTS} reads: {finding}", code="INCOMPLETE_READ"
    )


def _read_once(
    source: str,
    attempt: int,
    fetch: Callable[[int], Answer],
    parse: Callable[[JsonValue], Record | Reject | None],
) -> Iterator[Page[Record]]:
    number, rows_so_far = 1, 0
    total: int | None = None
    while True:
        answer = fetch(number)
        rows, meta = _parts(source, answer.body)
        rows_so_far += len(rows)
        total = meta.total if total is None else total
        _check_progress(number, len(rows), rows_so_far, total, meta)
        yield _page(number, attempt, answer.request_id, meta, [parse(row) for row in rows])
        if not meta.has_more:
            return
        number += 1


def _check_progress(number: int, rows: int, rows_so_far: int, total: int, meta: _Meta) -> None:
    """Raise `_InconsistentReadError` as soon as the pages so far cannot become a complete read."""
    if meta.page not in {None, number}:
        raise _InconsistentReadError(f"page {meta.page} came instead of page {number}")
    if meta.total != total:
        raise _InconsistentReadError(f"meta.total changed from {total} to {meta.total} on page {number}")
    if rows_so_far > total or (not meta.has_more and rows_so_far < total):
        raise _InconsistentReadError(f"{rows_so_far} rows up to page {number}, but meta.total is {total}")
    if meta.has_more and rows == 0:
        raise _InconsistentReadError(f"page {number} has no row although more pages follow")


def _page(
    number: int, attempt: int, request_id: str, meta: _Meta, outcomes: list[Record | Reject | None]
) -> Page[Record]:
    rejects = tuple(outcome for outcome in outcomes if isinstance(outcome, Reject))
    records = tuple(outcome for outcome in outcomes if outcome is not None and not isinstance(outcome, Reject))
    return Page(
        number=number,
        attempt=attempt,
        total=meta.total,
        is_last=not meta.has_more,
        request_id=request_id,
        records=records,
        rejects=rejects,
        ignored=len(outcomes) - len(records) - len(rejects),
    )


def _parts(source: str, body: JsonObject) -> tuple[list[JsonValue], _Meta]:
    """`data` and `meta` of a page; raises `SourceError` `SOURCE_SCHEMA_MISMATCH` when they are not as described."""
    rows, meta = body.get("data"), body.get("meta")
    if not isinstance(rows, list) or not isinstance(meta, JsonObject) or body.repeated & {"data", "meta"}:
        raise _mismatch(source, "the list `data` and the object `meta`")
    total, has_more = _count(meta.get("total")), meta.get("hasMore")
    if total is None or not isinstance(has_more, bool) or meta.repeated & {"page", "total", "hasMore"}:
        raise _mismatch(source, "the number `meta.total` and the flag `meta.hasMore`")
    return rows, _Meta(_count(meta.get("page")), total, has_more)


def _count(value: JsonValue) -> int | None:
    """A whole number from 0, or None for anything else."""
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value < _LARGEST_TOTAL:
        return None
    return int(value) if value == int(value) else None


def _mismatch(source: str, expected: str) -> SourceError:
    return SourceError(f"{source}: a page lacks {expected}", code="SOURCE_SCHEMA_MISMATCH")
