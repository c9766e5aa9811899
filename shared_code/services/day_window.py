"""Days that a reader of a history names, as moments.

Source: REST API, "Audit and export" and "Operations".
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from shared_code.clock import business_date
from shared_code.errors import InvalidInputError
from shared_code.services.runtime import Runtime

DEFAULT_DAYS: Final = 30
"""Days that are shown when none are named, today included."""


def day_window(runtime: Runtime, first: date | None, last: date | None) -> tuple[datetime, datetime]:
    """The moment at which `first` begins and the one at which `last` is over, in the company's time zone.

    `last` defaults to today (or to a later `first`), `first` to 29 days before `last`. Raises `InvalidInputError`
    (VALUE_OUT_OF_RANGE, field `from`) when they are in the wrong order.
    """
    zone = runtime.settings.business_time_zone
    last = last or max(business_date(runtime.clock, zone), first or date.min)
    first = first or last - timedelta(days=DEFAULT_DAYS - 1)
    if first > last:
        raise InvalidInputError(
            f"{first} is after {last}; the first day does not come after the last",
            code="VALUE_OUT_OF_RANGE",
            field="from",
            details={"providedValue": first.isoformat(), "maximum": last.isoformat()},
        )
    return _start_of(first, zone), _start_of(last + timedelta(days=1), zone)


def _start_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
