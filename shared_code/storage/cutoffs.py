"""The last actual day of a site's month, per kind of figure.

Source: Source side, "Revenue codes" (last actual day).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Date, Select, Subquery, Table, case, func, null, select

from shared_code.domain.months import first_day, last_day, period_of
from shared_code.sql.dates import month_of
from shared_code.storage.publication import RunStamp, SitePeriod
from shared_code.storage.tables.facts import actual_cutoffs
from shared_code.storage.upsert import upsert


def note(
    connection: Connection,
    fact: Table,
    day: str,
    days: tuple[date, date],
    kinds: Mapping[str, ColumnElement[bool]],
    run: RunStamp,
    business_date: date,
) -> frozenset[SitePeriod]:
    """Enter the last day with a figure other than 0, and return the sites and months in which it moved.

    `days` are the first day that was read and the day after the last one: every month that they reach into is looked
    at as a whole. `kinds` maps a column of `actual_cutoffs` to the condition under which a row of `fact` has such a
    figure. A day after `business_date` is never an actual one.
    """
    moment = fact.c[day]
    first, last = period_of(days[0]), period_of(days[1] - timedelta(days=1))
    last_days = [
        case((condition & (moment <= business_date), moment), else_=null()).label(column)
        for column, condition in kinds.items()
    ]
    figures = select(fact.c.site_id, month_of(moment).label("period"), *last_days).where(
        moment >= first_day(first), moment <= last_day(last)
    )
    stamp = {"sync_run_id": run.sync_run_id, "loaded_at": run.loaded_at}
    source = _latest(figures.union_all(_known(tuple(kinds), first, last)).subquery("figures"), tuple(kinds))
    upsert(connection, actual_cutoffs, source, ("site_id", "period"), tuple(kinds), on_insert=stamp, on_update=stamp)
    moved = connection.execute(
        select(actual_cutoffs.c.site_id, actual_cutoffs.c.period).where(actual_cutoffs.c.sync_run_id == run.sync_run_id)
    )
    return frozenset((site_id, period) for site_id, period in moved)


def _known(kinds: tuple[str, ...], first: str, last: str) -> Select[Any]:
    """The sites and months that have had figures: their last day goes when the figures do."""
    known = actual_cutoffs.alias("known")
    nothing = [null().label(column) for column in kinds]
    return select(known.c.site_id, known.c.period, *nothing).where(known.c.period >= first, known.c.period <= last)


def _latest(figures: Subquery, kinds: tuple[str, ...]) -> Subquery:
    last_days = [func.max(figures.c[column], type_=Date()).label(column) for column in kinds]
    return (
        select(figures.c.site_id, figures.c.period, *last_days)
        .group_by(figures.c.site_id, figures.c.period)
        .subquery("last_days")
    )
