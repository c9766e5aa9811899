"""What may be edited: months and days whose figures are settled are locked.

Source: REST API, "What may be edited".
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared_code.domain.months import period_of
from shared_code.errors import ConflictError
from shared_code.services.forecast.author import Author


class LockReason(StrEnum):
    """Why a row cannot be edited."""

    PAST = "past"
    ACTUAL_POSTED = "actual_posted"
    SITE_CLOSED = "site_closed"
    ROLE = "role"
    GRANULARITY = "granularity"


@dataclass(frozen=True, slots=True)
class LockedKey:
    """A key of a request that is locked: a day or a month (`YYYY-MM`), and the field of the request that names it."""

    key: date | str
    field: str
    reason: LockReason


@dataclass(frozen=True, slots=True)
class EditWindow:
    """What decides the locks of a site: today's date there, and the day on which it closed or will close."""

    business_date: date
    close_date: date | None = None

    def month_lock(self, month: str) -> LockReason | None:
        """Why a month (`YYYY-MM`) of rates, revenue or expenses is locked; None where it may be edited."""
        if month < period_of(self.business_date):
            return LockReason.PAST
        if self.close_date is not None and month > period_of(self.close_date):
            return LockReason.SITE_CLOSED
        return None

    def statistics_lock(self, day: date, actual_days: Collection[date]) -> LockReason | None:
        """Why a day of the statistics is locked; `actual_days` are those whose actual figures have loaded."""
        if (reason := self.month_lock(period_of(day))) is not None:
            return reason
        return LockReason.ACTUAL_POSTED if day < self.business_date and day in actual_days else None

    def payroll_lock(self, day: date, actual_days: Collection[date]) -> LockReason | None:
        """Why a day of the payroll is locked; `actual_days` are those whose actual hours have posted."""
        if (reason := self.month_lock(period_of(day))) is not None:
            return reason
        if day in actual_days:
            return LockReason.ACTUAL_POSTED
        return LockReason.PAST if day < self.business_date else None


def require_unlocked(locked: Sequence[LockedKey], author: Author) -> None:
    """Refuse a write that touches a locked key, unless an administrator says why.

    Raises ConflictError (PERIOD_LOCKED) that names the first such field and all the days or months.
    """
    if not locked or author.may_unlock:
        return
    first = locked[0]
    is_daily = isinstance(first.key, date)
    names = _names(key.key for key in locked)
    raise ConflictError(
        f"{_the_first(names)} cannot be edited: {_TOLD[first.reason]}.",
        code="PERIOD_LOCKED",
        field=first.field,
        details={"lockedDates" if is_daily else "lockedMonths": names, "reason": first.reason.value},
    )


def existing_forecast(dates: Sequence[str]) -> ConflictError:
    """The refusal of a spread over `dates` (`YYYY-MM-DD`) that have a saved forecast."""
    return ConflictError(
        f"There is a saved forecast for {_the_first(dates)}: send overwrite to replace it.",
        field="overwrite",
        details={"reason": "existing_forecast", "dates": list(dates)},
    )


def _the_first(names: Sequence[str]) -> str:
    """The first five of `names`, for a sentence."""
    return f"{', '.join(names[:5])}{' …' if len(names) > 5 else ''}"


def _names(keys: Iterable[date | str]) -> list[str]:
    return sorted({key.isoformat() if isinstance(key, date) else key for key in keys})


_TOLD = {
    LockReason.PAST: "the time has passed",
    LockReason.ACTUAL_POSTED: "actual figures have been posted",
    LockReason.SITE_CLOSED: "the site has closed by then",
    LockReason.ROLE: "your role may only read",
    LockReason.GRANULARITY: "it is a sum of others",
}
