"""Vehicles of the running month: recorded to the last day with any, forecast after it.

Source: Calculations, "Current month".
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from shared_code.domain.effective_statistics import StatisticsMonth, effective_statistics
from shared_code.domain.rounding import ZERO
from shared_code.domain.statistics import VOLUMES_OF, Volumes


def blend_vehicles(recorded: Mapping[date, Volumes], forecast: StatisticsMonth) -> Volumes:
    """The vehicles of the month of `forecast`; `recorded` holds days of it, none after the business date.

    All counts are one series with one last day. A count that is recorded on few days, as monthly parkers are on the
    first, is 0 on the days between: it is not forecast again for days of which other vehicles are known.

    The occupied rooms of the result are those of the same days, which the rooms of the month need not be.
    """
    days = (day for day, volumes in recorded.items() if volumes.total_vehicles or volumes.comps)
    last = max(days, default=None)
    if last is None:
        return effective_statistics(forecast)
    known = [volumes for day, volumes in recorded.items() if day <= last]
    return add_volumes([*known, effective_statistics(forecast, last + timedelta(days=1))])


def add_volumes(parts: Iterable[Volumes]) -> Volumes:
    """Rooms and vehicles of several days together."""
    return Volumes(*[sum(column, ZERO) for column in zip(*map(VOLUMES_OF, parts), strict=True)])
