"""The rules that a read must pass before anything of it is published: the guards among the rules of data quality.

Source: Source side, "Data-quality rules".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from shared_code.domain import quality_rules as rules
from shared_code.domain.quality_rules import LARGEST_MEASURE
from shared_code.errors import ForecastError, SourceError
from shared_code.services.extraction.feed import Control
from shared_code.settings import Settings

MISSING_FIELD = "MISSING_FIELD"
"""Reason of a row that lacks a required field, or has something there that cannot be read."""


class QualityBreachError(ForecastError):
    """A guard stopped the run; published data stays as it was."""

    status = 409


@dataclass(frozen=True, slots=True)
class ReadCounts:
    """Rows of one read: at the source, with every required field, refused (incomplete ones among them)."""

    rows: int
    complete: int
    rejected: int

    @property
    def completeness(self) -> Decimal:
        """Share of rows with every required field, 0–1; 1 where there is no row."""
        return Decimal(self.complete) / self.rows if self.rows else Decimal(1)


def check_not_empty(feed: str, rows: int, previous: int | None, settings: Settings) -> None:
    """Refuse a read that brings less than half of the last one, or nothing the first time.

    `previous` are the rows of the last good read of the same kind, None when there was none.
    """
    if not previous and rows == 0:
        raise QualityBreachError(f"{feed} has no rows at the source", code=rules.EMPTY_FEED.code)
    if previous is not None and rows < settings.dq_min_feed_ratio * previous:
        raise QualityBreachError(
            f"{feed} brought {rows} rows where the last read brought {previous}; "
            f"less than {settings.dq_min_feed_ratio:%} is taken for a fault of the source",
            code=rules.EMPTY_FEED.code,
        )


def check_complete(feed: str, counts: ReadCounts, settings: Settings) -> None:
    """Refuse a read in which too many rows lack a required field."""
    if counts.completeness < settings.dq_completeness:
        raise QualityBreachError(
            f"{feed}: only {counts.complete} of {counts.rows} rows have every required field; "
            f"at least {settings.dq_completeness:%} must",
            code=rules.COMPLETENESS.code,
        )


def check_rejects(feed: str, counts: ReadCounts, settings: Settings) -> None:
    """Refuse a read of which too many rows were refused, for whatever reason."""
    if counts.rejected > settings.dq_max_reject_ratio * counts.rows:
        raise QualityBreachError(
            f"{feed}: {counts.rejected} of {counts.rows} rows were refused; "
            f"at most {settings.dq_max_reject_ratio:%} may be",
            code=rules.REJECT_RATIO.code,
        )


def check_sums(feed: str, control: Control, read: Mapping[str, Decimal]) -> None:
    """Refuse a read whose sums are not those that the source announced: rows were lost or doubled on the way."""
    for measure, expected in (control.sums or {}).items():
        if read.get(measure, Decimal(0)) != expected:
            raise SourceError(
                f"{feed}: {measure} adds up to {read.get(measure, Decimal(0))}, the source says {expected}",
                code=rules.INCOMPLETE_READ.code,
            )


def is_plausible(value: Decimal | int | None) -> bool:
    """Whether a measure lies within the limits; an absent one does."""
    return value is None or -LARGEST_MEASURE <= value <= LARGEST_MEASURE


NORMAL_DELAY = timedelta(days=1)
"""How long after the end of a day a daily feed delivers it as a rule."""


def age_of(through: date, moment: datetime) -> timedelta:
    """The age of content at `moment`: the time since the end of its day, `through`. Negative during that day."""
    return moment - datetime.combine(through + timedelta(days=1), time(), UTC)


def is_fresh(through: date, moment: datetime, settings: Settings) -> bool:
    """Whether the newest content is as new as it can be expected to be.

    Source: Source side, "Data-quality rules" (freshness).
    """
    return age_of(through, moment) <= NORMAL_DELAY + timedelta(hours=settings.dq_max_age_hours)
