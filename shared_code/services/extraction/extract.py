"""Extraction of some or all feeds, one after the other: the failure of one does not stop the others.

Source: Source side, "Incremental strategy" and "Run history, lineage, failure".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared_code import telemetry
from shared_code.domain.months import EARLIEST, LATEST
from shared_code.errors import InvalidInputError
from shared_code.services.extraction.catalogue import FEEDS, NAMED_ONLY, resolve
from shared_code.services.extraction.feed import Feed, Slice, SliceRequest
from shared_code.services.extraction.run import Order, RunOutcome, run_slice
from shared_code.services.runtime import Runtime


@dataclass(frozen=True, slots=True)
class ExtractReport:
    """The runs of an extraction, in order."""

    outcomes: tuple[RunOutcome, ...]

    @property
    def is_good(self) -> bool:
        """Whether every feed succeeded, was unchanged or skipped, or had no row the first time."""
        return all(outcome.is_good for outcome in self.outcomes)


def extract(
    runtime: Runtime,
    request: SliceRequest,
    *,
    feeds: Sequence[str] | None = None,
    part: int | None = None,
    order: Order | None = None,
) -> ExtractReport:
    """Run `feeds` (None: all), as far as the settings call for them; of each only its slice number `part` (from 0).

    Raises `InvalidInputError` for an unknown name, a day outside 2000–2099, and half a stretch or one that ends before
    it begins.
    """
    _check(request)
    chosen = [resolve(name) for name in feeds] if feeds else default_feeds()
    outcomes = [
        _traced_run(runtime, feed, slice_, request.as_of, order or Order())
        for feed in chosen
        if feed.is_used(runtime.settings)
        for number, slice_ in enumerate(feed.slices(runtime, request))
        if part in {None, number}
    ]
    return ExtractReport(tuple(outcomes))


def _traced_run(runtime: Runtime, feed: Feed, slice_: Slice, as_of: date, order: Order) -> RunOutcome:
    with telemetry.span(f"feed {feed.name}", attributes={"feed": feed.name, "slice": slice_.name}) as span:
        outcome = run_slice(runtime, feed, slice_, as_of, order)
        told, rows = {"feed": feed.name, "state": outcome.end.state}, outcome.end.rows_read or 0
        span.set_attributes({**told, "runId": outcome.sync_run_id, "rowsRead": rows})
        telemetry.record(telemetry.FEED_ROWS, rows, told)
        telemetry.record(telemetry.FEED_DURATION, outcome.duration_s, told)
    return outcome


def default_feeds() -> list[Feed]:
    """Every feed but those that must be named."""
    return [feed for name, feed in FEEDS.items() if name not in NAMED_ONLY]


def _check(request: SliceRequest) -> None:
    for field, day in (("as_of", request.as_of), ("from", request.date_from), ("to", request.date_to)):
        if day is not None and not EARLIEST <= day <= LATEST:
            raise InvalidInputError(
                f"{day} lies outside {EARLIEST} to {LATEST}", code="VALUE_OUT_OF_RANGE", field=field
            )
    if (request.date_from is None) != (request.date_to is None):
        raise InvalidInputError("A stretch of days needs both its first and its last day", field="from")
    if request.date_from and request.date_to and request.date_from > request.date_to:
        raise InvalidInputError(
            f"The first day {request.date_from} lies after the last day {request.date_to}",
            code="VALUE_OUT_OF_RANGE",
            field="from",
        )
