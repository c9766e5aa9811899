"""What is published, added up by site, to be laid beside the sums of the source.

Source: Source side, "Data-quality rules" (reconciliation).
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection, func, or_, select

from shared_code.storage.quality.fact_checks import Facts
from shared_code.storage.quality.run_checks import GOOD
from shared_code.storage.tables.runs import sync_runs

SiteSums = dict[str, tuple[Decimal, ...]]
"""Sums of measures by site, in the order of the measures."""


def published_sums(
    connection: Connection, facts: Facts, measures: Sequence[str], first: str | date, last: str | date
) -> SiteSums:
    """The sums of `measures` over the months or days from `first` to `last`, by site; an absent figure adds nothing."""
    table = facts.table
    time = table.c[facts.time]
    rows = connection.execute(
        select(table.c.site_id, *[func.sum(table.c[name], type_=table.c[name].type) for name in measures])
        .where(time >= first, time <= last)
        .group_by(table.c.site_id)
    )
    return {row[0]: tuple(Decimal(value or 0) for value in row[1:]) for row in rows}


def last_window_until(connection: Connection, feed: str, bound: str) -> tuple[str, str] | None:
    """First and last day or month of the newest good read of `feed` that began not after `bound`; None without one."""
    table = sync_runs.c
    row = connection.execute(
        select(table.window_from, table.window_to)
        .where(
            table.feed == feed,
            table.state.in_(GOOD),
            table.window_from <= bound,
            or_(table.watermark_before.is_(None), table.slice.not_like("changes-%")),
        )
        .order_by(table.started_at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


__all__ = ["SiteSums", "last_window_until", "published_sums"]
