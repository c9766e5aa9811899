"""How the saved statistics of a site are kept: a head per month with its aggregates, and the days below it.

Source: Data model, "Forecast input".
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, bindparam, delete, select, update

from shared_code.domain.site_scope import SiteScope
from shared_code.domain.statistics import StatisticsDay
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage import stamps
from shared_code.storage.database import within
from shared_code.storage.tables.forecasts import site_statistic_days, site_statistics


@dataclass(frozen=True, slots=True)
class MonthAggregate:
    """The saved days of a month as one: counts are sums, ratios fractions; None where nothing of it is saved."""

    occupancy: Decimal | None
    valet_vehicles: Decimal | None
    self_park_vehicles: Decimal | None
    drive_in_ratio: Decimal | None
    capture_ratio: Decimal | None
    occupied_rooms: Decimal | None


@dataclass(frozen=True, slots=True)
class SavedStatistics:
    """All that is to be saved for a month (`YYYY-MM`); a month without days falls back to the budget."""

    period: str
    days: Sequence[StatisticsDay]
    notes: Mapping[date, str]
    aggregate: MonthAggregate

    @property
    def is_reset(self) -> bool:
        """Whether nothing is saved any more."""
        return not self.days and not self.notes


def save_statistics(
    connection: Connection,
    scope: SiteScope,
    site_id: str,
    months: Sequence[SavedStatistics],
    user_id: str,
    now: datetime,
) -> None:
    """Put `months` in place of what is saved for them; as many statements for a year as for a month.

    A month that falls back to the budget keeps its rows, out of force; a later save begins a new one.
    """
    _retire(connection, scope, site_id, [month.period for month in months if month.is_reset], user_id, now)
    kept = [month for month in months if not month.is_reset]
    if not kept:
        return
    before = _heads(connection, scope, site_id, kept)
    _update_heads(connection, [month for month in kept if month.period in before], before, user_id, now)
    _insert_heads(connection, site_id, [month for month in kept if month.period not in before], user_id, now)
    heads = _heads(connection, scope, site_id, kept)
    in_force = select(site_statistics.c.site_statistics_id).where(
        within(scope.narrowed_to([site_id]), site_statistics.c.site_id),
        site_statistics.c.is_active,
        in_list(site_statistics.c.period, [month.period for month in kept]),
    )
    connection.execute(delete(site_statistic_days).where(site_statistic_days.c.site_statistics_id.in_(in_force)))
    rows = [row for month in kept for row in _day_rows(heads[month.period], month)]
    insert_rows(connection, site_statistic_days, ("site_statistics_id", "stat_date", *_VALUES, "note"), rows)


def _retire(
    connection: Connection, scope: SiteScope, site_id: str, periods: Sequence[str], user_id: str, now: datetime
) -> None:
    if not periods:
        return
    table = site_statistics
    connection.execute(
        update(table)
        .where(
            within(scope.narrowed_to([site_id]), table.c.site_id), table.c.is_active, in_list(table.c.period, periods)
        )
        .values(is_active=False, last_updated=now, **stamps.updated(table, user_id, now))
    )


def _heads(connection: Connection, scope: SiteScope, site_id: str, months: Sequence[SavedStatistics]) -> dict[str, int]:
    """The key of each month that is in force."""
    table = site_statistics
    rows = connection.execute(
        select(table.c.period, table.c.site_statistics_id).where(
            within(scope.narrowed_to([site_id]), table.c.site_id),
            table.c.is_active,
            in_list(table.c.period, [month.period for month in months]),
        )
    )
    return {row.period: row.site_statistics_id for row in rows}


def _update_heads(
    connection: Connection, months: Sequence[SavedStatistics], heads: Mapping[str, int], user_id: str, now: datetime
) -> None:
    if not months:
        return
    table = site_statistics
    names = MonthAggregate.__slots__
    statement = (
        update(table)
        .where(table.c.site_statistics_id == bindparam("head"))
        .values(
            **{name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names},
            last_updated=now,
            **stamps.updated(table, user_id, now),
        )
    )
    values = [
        {"head": heads[month.period], **{f"new_{name}": value for name, value in asdict(month.aggregate).items()}}
        for month in months
    ]
    connection.execute(statement, values)


def _insert_heads(
    connection: Connection, site_id: str, months: Sequence[SavedStatistics], user_id: str, now: datetime
) -> None:
    if not months:
        return
    fixed = {"site_id": site_id, "last_updated": now, "is_active": True, **stamps.inserted(user_id, now)}
    rows = [(*fixed.values(), month.period, *asdict(month.aggregate).values()) for month in months]
    insert_rows(connection, site_statistics, (*fixed, "period", *MonthAggregate.__slots__), rows)


def _day_rows(head: int, month: SavedStatistics) -> list[tuple[object, ...]]:
    """The rows of a month, those with nothing but a note included."""
    days = {day.day: day for day in month.days}
    return [
        (head, day, *[getattr(days[day], name) if day in days else None for name in _VALUES], month.notes.get(day))
        for day in sorted({*days, *month.notes})
    ]


_VALUES = tuple(field for field in StatisticsDay.__dataclass_fields__ if field != "day")
"""Columns of a day that are fields of a `StatisticsDay`."""
