"""Stored trend analysis: replaced as a whole by site and time frame, marked where a later change has overtaken it.

Source: Data model, "Results and snapshots".
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, false, func, select, true, update

from shared_code.domain.months import first_day, period_of
from shared_code.domain.seasonal_factors import SeasonalFactors, SeasonalSource
from shared_code.domain.site_scope import SiteScope
from shared_code.domain.trend_analysis import Accuracy, Direction, Trend
from shared_code.json_text import json_bytes
from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.storage.database import within
from shared_code.storage.tables.base import COMPONENT
from shared_code.storage.tables.trends import trend_results

Cell = Decimal | None

_COLUMNS = tuple(trend_results.c.keys())
_LARGEST = Decimal(10) ** (COMPONENT.precision - COMPONENT.scale)


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """The rounded figures of one point; None where nothing is known."""

    actual: Cell
    forecast: Cell
    budget: Cell
    prior_year: Cell


@dataclass(frozen=True, slots=True)
class NamedGap:
    """A run of points without a record, by the names of the first and the last, and whether it was filled."""

    first: str
    last: str
    interpolated: bool


@dataclass(frozen=True, slots=True)
class MetricTrend:
    """A metric of a site over the points of a window, in their order."""

    metric: str
    points: tuple[SeriesPoint, ...]
    trend: Trend
    accuracy: Accuracy
    seasonal: SeasonalFactors
    gaps: tuple[NamedGap, ...]


@dataclass(frozen=True, slots=True)
class SiteTrend:
    """The analysis of a site in a time frame (its own name, or `quarterly`, `yearly`) as of a day."""

    site_id: str
    timeframe: str
    as_of: date
    metrics: tuple[MetricTrend, ...]
    is_stale: bool = False


def find(connection: Connection, scope: SiteScope, site_id: str, timeframe: str, as_of: date) -> SiteTrend | None:
    """The latest analysis of a site of `scope` in the month of `as_of`, not later than that; None without one."""
    table = trend_results
    first = first_day(period_of(as_of))
    own = (within(scope, table.c.site_id), table.c.site_id == site_id, table.c.timeframe == timeframe)
    newest = select(func.max(table.c.as_of)).where(*own, table.c.as_of.between(first, as_of)).scalar_subquery()
    rows = connection.execute(select(table).where(*own, table.c.as_of == newest)).mappings().all()
    if not rows:
        return None
    stored_as_of: date = rows[0]["as_of"]
    is_stale = any(row["is_stale"] for row in rows)
    return SiteTrend(site_id, timeframe, stored_as_of, tuple(_metric_of(row) for row in rows), is_stale)


def store(connection: Connection, scope: SiteScope, as_of: date, trends: Iterable[SiteTrend], now: datetime) -> int:
    """Put the analyses of sites of `scope` as of one day in place of those of the same month up to that day.

    Every site brings the same time frames. Returns the rows written.
    """
    table = trend_results
    admitted = [trend for trend in trends if scope.covers(trend.site_id) and trend.as_of == as_of]
    connection.execute(
        delete(table).where(
            in_list(table.c.site_id, {trend.site_id for trend in admitted}),
            in_list(table.c.timeframe, {trend.timeframe for trend in admitted}),
            table.c.as_of.between(first_day(period_of(as_of)), as_of),
        )
    )
    rows = [_row_of(trend, metric, now) for trend in admitted for metric in trend.metrics]
    rows.sort(key=lambda row: row[:4])  # in the order of the key a tree only grows at its end
    return insert_rows(connection, table, _COLUMNS, rows)


def mark_stale(connection: Connection, site_ids: Collection[str], since: str | None = None) -> int:
    """Mark the analyses of `site_ids` that figures of `since` (`YYYY-MM` or `YYYY`) or later have overtaken.

    Windows that ended before have not changed; without `since` all are marked. Returns the rows marked.
    """
    table = trend_results
    if not site_ids:
        return 0
    later = true() if since is None else table.c.as_of >= first_day(since if len(since) == 7 else f"{since}-01")
    marked = connection.execute(
        update(table)
        .where(in_list(table.c.site_id, site_ids), later, table.c.is_stale == false())
        .values(is_stale=True)
    )
    return marked.rowcount


def fresh_counts(connection: Connection, scope: SiteScope, timeframes: Collection[str], as_of: date) -> dict[str, int]:
    """How many rows as of a day no change has overtaken, by site."""
    table = trend_results
    rows = connection.execute(
        select(table.c.site_id, func.count().label("fresh"))
        .where(
            within(scope, table.c.site_id),
            in_list(table.c.timeframe, timeframes),
            table.c.as_of == as_of,
            table.c.is_stale == false(),
        )
        .group_by(table.c.site_id)
    )
    return {row.site_id: row.fresh for row in rows}


def stale_of_earlier_months(connection: Connection, scope: SiteScope, month: str) -> list[tuple[str, date]]:
    """Sites and as-of days before `month` (`YYYY-MM`) with analyses that have been overtaken, in order."""
    table = trend_results
    rows = connection.execute(
        select(table.c.site_id, table.c.as_of)
        .where(within(scope, table.c.site_id), table.c.is_stale, table.c.as_of < first_day(month))
        .distinct()
        .order_by(table.c.as_of, table.c.site_id)
    )
    return [(site_id, as_of) for site_id, as_of in rows]


def _row_of(trend: SiteTrend, metric: MetricTrend, now: datetime) -> tuple[Any, ...]:
    found, accuracy = metric.trend, metric.accuracy
    return (
        trend.site_id,
        trend.timeframe,
        trend.as_of,
        metric.metric,
        _series_text(metric.points),
        None if found.direction is None else found.direction.value,
        _storable(found.slope_per_period),
        _storable(found.change_percent),
        _storable(found.yoy_percent),
        _storable(accuracy.mape),
        _storable(accuracy.bias),
        _text({"source": metric.seasonal.source.value, "factors": list(metric.seasonal.factors)}),
        _text([[gap.first, gap.last, gap.interpolated] for gap in metric.gaps]),
        now,
        trend.is_stale,
    )


def _metric_of(row: Mapping[Any, Any]) -> MetricTrend:
    seasonal = json.loads(row["seasonal_factors"], parse_float=Decimal, parse_int=Decimal)
    return MetricTrend(
        row["metric"],
        tuple(SeriesPoint(*cells) for cells in json.loads(row["series"], parse_float=Decimal, parse_int=Decimal)),
        Trend(
            row["change_percent"],
            row["slope"],
            None if row["direction"] is None else Direction(row["direction"]),
            row["yoy_percent"],
        ),
        Accuracy(row["mape"], row["bias"]),
        SeasonalFactors(SeasonalSource(seasonal["source"]), tuple(seasonal["factors"])),
        tuple(NamedGap(*gap) for gap in json.loads(row["gaps"])),
    )


def _series_text(points: Iterable[SeriesPoint]) -> str:
    """Points as a list of lists in JSON; written directly, because a bulk analysis spent a third of its time there."""
    rows = [
        ",".join(
            "null" if cell is None else format(cell, "f")
            for cell in (point.actual, point.forecast, point.budget, point.prior_year)
        )
        for point in points
    ]
    return f"[[{'],['.join(rows)}]]" if rows else "[]"


def _text(value: object) -> str:
    return json_bytes(value).decode()


def _storable(value: Decimal | None) -> Decimal | None:
    """A figure that its column can hold; a change from next to nothing can be of any size and says nothing then."""
    return value if value is not None and abs(value) < _LARGEST else None
