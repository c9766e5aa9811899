"""Checks of the run ledger: what the last read of each kind brought, lacked and lost, and how old it is.

The guards of a read (completeness, reject ratio, empty feed, sums) stop its publication; here they say so afterwards,
also of a feed that had been published before a limit was set tighter.

Source: Source side, "Data-quality rules" and "Run history, lineage, failure".
"""

import json
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    cast,
    column,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)

from shared_code.domain import quality_rules as rules
from shared_code.sql.dates import month_of
from shared_code.sql.lists import in_list, opened_list
from shared_code.sql.types import long_text
from shared_code.storage.quality.check import EVERY_FEED, Check, Terms, keys, offending
from shared_code.storage.tables.base import RATIO
from shared_code.storage.tables.facts import feed_versions
from shared_code.storage.tables.runs import sync_rejects, sync_runs

GOOD = ("succeeded", "unchanged")
_ENDED = (*GOOD, "failed", "aborted")
_AWAY = ("SOURCE_UNAVAILABLE", "SOURCE_TIMEOUT")
"""Errors that pass by themselves."""
_CHANGES_ONLY = "changes-%"
"""Slices that ask for what has changed, which may be nothing."""

_WHOLE = literal(Decimal(1), RATIO)
"""A number of rows times this compares with a share of rows on either database."""


def _newest(terms: Terms) -> Subquery:
    """Of every feed and kind of slice that is read the newest run that has ended on its own."""
    latest = (
        select(sync_runs.c.feed, sync_runs.c.slice, func.max(sync_runs.c.started_at).label("started_at"))
        .where(
            sync_runs.c.state.in_(_ENDED),
            sync_runs.c.started_at >= terms.runs_since,
            in_list(sync_runs.c.feed, terms.feeds),
        )
        .group_by(sync_runs.c.feed, sync_runs.c.slice)
        .subquery("latest")
    )
    same = and_(*[latest.c[name] == sync_runs.c[name] for name in ("feed", "slice", "started_at")])
    return select(sync_runs).join_from(sync_runs, latest, same).where(sync_runs.c.state.in_(_ENDED)).subquery("newest")


def _good_before(newest: Subquery) -> tuple[ColumnElement[Any], ColumnElement[bool]]:
    """Rows that the good run before the newest one has read, and whether there was one at all."""
    earlier = sync_runs.alias("earlier")
    is_before = and_(
        earlier.c.feed == newest.c.feed,
        earlier.c.slice == newest.c.slice,
        earlier.c.state.in_(GOOD),
        earlier.c.started_at < newest.c.started_at,
    )
    rows = select(earlier.c.rows_read).where(is_before).order_by(earlier.c.started_at.desc()).limit(1)
    return rows.scalar_subquery(), exists(select(1).where(is_before))


def _incomplete(terms: Terms) -> Select[Any]:
    newest = _newest(terms)
    is_refused = newest.c.error_code == rules.COMPLETENESS.code
    return offending(newest, newest.c.feed, field="completeness").where(
        or_(is_refused, and_(newest.c.rows_read > 0, newest.c.completeness < terms.completeness))
    )


def _too_many_rejects(terms: Terms) -> Select[Any]:
    newest = _newest(terms)
    largest = newest.c.rows_read * literal(terms.max_reject_ratio, RATIO)
    return offending(newest, newest.c.feed, field="rows_rejected").where(
        or_(newest.c.error_code == rules.REJECT_RATIO.code, newest.c.rows_rejected * _WHOLE > largest)
    )


def _drifted(terms: Terms) -> Select[Any]:
    """A run that failed says nothing about the rows that the source has."""
    newest = _newest(terms)
    rows_before, has_before = _good_before(newest)
    is_refused = newest.c.error_code == rules.EMPTY_FEED.code
    has_shrunk = newest.c.rows_read * _WHOLE < rows_before * literal(terms.min_feed_ratio, RATIO)
    return offending(newest, newest.c.feed, field="rows_read").where(
        newest.c.slice.not_like(_CHANGES_ONLY),
        or_(
            and_(newest.c.state.in_(GOOD), has_shrunk),
            and_(is_refused, or_(has_before, newest.c.rows_read > 0)),
        ),
    )


def _never_delivered(terms: Terms) -> Select[Any]:
    newest = _newest(terms)
    _, has_before = _good_before(newest)
    return offending(newest, newest.c.feed, field="rows_read").where(
        newest.c.error_code == rules.EMPTY_FEED.code, newest.c.rows_read == 0, not_(has_before)
    )


def _does_not_add_up(terms: Terms) -> Select[Any]:
    newest = _newest(terms)
    return offending(newest, newest.c.feed).where(newest.c.error_code == rules.INCOMPLETE_READ.code)


def _failed(terms: Terms) -> Select[Any]:
    newest = _newest(terms)
    told_elsewhere = (*_AWAY, *[guard.code for guard in rules.GUARDS])
    return offending(newest, newest.c.feed, code=newest.c.error_code).where(
        newest.c.state.in_(("failed", "aborted")),
        or_(newest.c.error_code.is_(None), newest.c.error_code.not_in(told_elsewhere)),
    )


def _away(terms: Terms) -> Select[Any]:
    newest = _newest(terms)
    return offending(newest, newest.c.feed, code=newest.c.error_code).where(newest.c.error_code.in_(_AWAY))


def _refused_rows(terms: Terms) -> Select[Any]:
    newest = _newest(terms)
    joined = sync_rejects.join(newest, newest.c.sync_run_id == sync_rejects.c.sync_run_id)
    return offending(joined, newest.c.feed, field=sync_rejects.c.field, code=sync_rejects.c.reason_code)


def _without_success(terms: Terms) -> Select[Any]:
    listed = bindparam(None, json.dumps(sorted(terms.feeds)), type_=long_text(), unique=True)
    opened = opened_list(listed).table_valued(column("value", String()))
    feed = cast(opened.c.value, String(40))
    succeeded = exists(
        select(1).where(
            sync_runs.c.feed == feed, sync_runs.c.state.in_(GOOD), sync_runs.c.started_at >= terms.success_since
        )
    )
    return keys(feed, field="started_at").select_from(opened).where(~succeeded)


def _stale(terms: Terms) -> Select[Any]:
    through = (
        select(feed_versions.c.feed, func.max(feed_versions.c.content_through).label("newest_day"))
        .where(in_list(feed_versions.c.feed, terms.feeds))
        .group_by(feed_versions.c.feed)
        .subquery("through")
    )
    newest_day = through.c.newest_day
    return offending(through, through.c.feed, period=month_of(newest_day), field="content_through").where(
        newest_day < terms.oldest_fresh_day
    )


RUN_CHECKS = (
    Check("runs.completeness", EVERY_FEED, rules.COMPLETENESS, _incomplete),
    Check("runs.reject_ratio", EVERY_FEED, rules.REJECT_RATIO, _too_many_rejects),
    Check("runs.drift", EVERY_FEED, rules.EMPTY_FEED, _drifted),
    Check("runs.incomplete_read", EVERY_FEED, rules.INCOMPLETE_READ, _does_not_add_up),
    Check("runs.never_delivered", EVERY_FEED, rules.NEVER_DELIVERED, _never_delivered),
    Check("runs.failed", EVERY_FEED, rules.RUN_FAILED, _failed),
    Check("runs.source_away", EVERY_FEED, rules.SOURCE_AWAY, _away),
    Check("runs.refused_rows", EVERY_FEED, rules.REFUSED_ROWS, _refused_rows),
    Check("runs.recent_success", EVERY_FEED, rules.NO_RECENT_SUCCESS, _without_success),
    Check("runs.content_age", EVERY_FEED, rules.STALE_CONTENT, _stale),
)

__all__ = ["GOOD", "RUN_CHECKS"]
