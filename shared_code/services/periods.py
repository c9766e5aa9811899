"""Periods as clients write them: day, month, quarter and year, and the horizon within which they are served.

Source: REST API, "Periods and windows".
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared_code.domain.months import (
    FIRST_YEAR,
    LAST_YEAR,
    add_months,
    first_day,
    last_day,
    months_of_year,
    period_of,
)
from shared_code.errors import InvalidInputError, NotFoundError


class PeriodType(StrEnum):
    """The forms of a period."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


FORMATS = {
    PeriodType.MONTH: "YYYY-MM",
    PeriodType.QUARTER: "YYYY-Qn",
    PeriodType.YEAR: "YYYY",
    PeriodType.DAY: "YYYY-MM-DD",
}
"""How each form is written, as errors show it."""

MONTHLY_FORMS = frozenset({PeriodType.MONTH, PeriodType.QUARTER, PeriodType.YEAR})
"""The forms that every module serves."""

_GRAMMAR = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12][0-9]|3[01]))?|-[Qq](?P<quarter>[1-4]))?"
)


@dataclass(frozen=True, slots=True)
class Period:
    """A day, month, quarter or year: its text (`2025-04-15`, `2025-04`, `2025-Q2`, `2025`), first and last day."""

    text: str
    type: PeriodType
    first: date
    last: date

    @property
    def months(self) -> list[str]:
        """The months that the period touches, `YYYY-MM`, in order."""
        count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        return [add_months(period_of(self.first), offset) for offset in range(count)]

    @property
    def year(self) -> int:
        """The year that the period lies in."""
        return self.first.year

    def __str__(self) -> str:
        return self.text


def parse_period(
    text: str,
    forms: Collection[PeriodType] = MONTHLY_FORMS,
    *,
    field: str = "period",
    is_written: bool = False,
) -> Period:
    """The period that `text` names.

    Raises InvalidInputError (INVALID_PERIOD) unless it is one of `forms`, with the accepted forms in the details;
    `is_written` says that they are those of a write.
    """
    period = _parsed(text)
    if period is None or period.type not in forms:
        formats = [FORMATS[form] for form in FORMATS if form in forms]
        raise InvalidInputError(
            f"{text[:100]!r} is not a period that is accepted here; accepted are {', '.join(formats)}, "
            f"with days that exist and years from {FIRST_YEAR} to {LAST_YEAR}",
            code="INVALID_PERIOD",
            field=field,
            details={
                "providedValue": text[:100],
                "writableFormats" if is_written and period is not None else "acceptedFormats": formats,
            },
        )
    return period


def require_available(period: Period, business_date: date, *, field: str = "period") -> None:
    """Raise NotFoundError (PERIOD_NOT_AVAILABLE) for a period that is not wholly within the horizon."""
    earliest, latest = horizon(business_date)
    if period.first < earliest or period.last > latest:
        raise NotFoundError(
            f"Period {period} is not available; figures are kept from {earliest} to {latest}",
            code="PERIOD_NOT_AVAILABLE",
            field=field,
            details={
                "providedValue": period.text,
                "earliest": earliest.isoformat(),
                "latest": latest.isoformat(),
            },
        )


def horizon(business_date: date) -> tuple[date, date]:
    """The first and the last day for which periods are served."""
    return date(business_date.year - 1, 1, 1), date(business_date.year + 1, 12, 31)


def month_period(month: str) -> Period:
    """The period of a month (`YYYY-MM`)."""
    return Period(month, PeriodType.MONTH, first_day(month), last_day(month))


def year_period(year: int) -> Period:
    """The period of a calendar year."""
    months = months_of_year(year)
    return Period(f"{year:04d}", PeriodType.YEAR, first_day(months[0]), last_day(months[-1]))


def _parsed(text: str) -> Period | None:
    """The period, or None for a text that names none."""
    found = _GRAMMAR.fullmatch(text)
    if found is None or not FIRST_YEAR <= int(found["year"]) <= LAST_YEAR:
        return None
    if found["day"]:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return Period(text, PeriodType.DAY, day, day)
    if found["month"]:
        return month_period(text)
    if found["quarter"]:
        quarter = int(found["quarter"])
        first, last = f"{found['year']}-{3 * quarter - 2:02d}", f"{found['year']}-{3 * quarter:02d}"
        return Period(f"{found['year']}-Q{quarter}", PeriodType.QUARTER, first_day(first), last_day(last))
    return year_period(int(found["year"]))
