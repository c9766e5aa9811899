"""What a check is, and how its offending keys are found: one statement, however many sites and rows there are.

Source: Source side, "Data-quality rules".
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, String, case, cast, func, literal, null, select

from shared_code.domain.quality_rules import Rule, Severity
from shared_code.storage.tables.base import SITE_ID

MAX_KEYS = 100
"""Offending keys of one check that are named; all are counted."""

EVERY_FEED = "every feed"
"""The source of a check that looks at the runs of all feeds at once."""

_SOURCE = String(40)
_PERIOD = String(10)
_FIELD = String(60)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the checks of one validation go by.

    `feeds` are those that are looked at. Facts count from `first_period` (`YYYY-MM`) and `first_day` on: from there on
    feeds write. A kind of slice that has not run since `runs_since` is not read any more; a feed is to have succeeded
    since `success_since`, and to have brought `oldest_fresh_day`. Shares are fractions, rates dollars per hour.
    """

    now: datetime
    feeds: tuple[str, ...]
    first_period: str
    first_day: date
    runs_since: datetime
    success_since: datetime
    oldest_fresh_day: date
    completeness: Decimal
    max_reject_ratio: Decimal
    min_feed_ratio: Decimal
    rate_min: Decimal
    rate_max: Decimal


@dataclass(frozen=True, slots=True)
class Check:
    """A rule applied to something.

    `source` is the feed that answers for a breach, or `EVERY_FEED`. `offending` selects the rows that break it, with
    the columns `source`, `site_id`, `period`, `field` and `code`, null where they do not apply.
    """

    name: str
    source: str
    rule: Rule
    offending: Callable[[Terms], Select[Any]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A key that breaks a rule, and how many rows do so under it; `code` is the rule's, or a more exact one."""

    source: str
    severity: Severity
    code: str
    rows: int
    site_id: str | None = None
    period: str | None = None
    field: str | None = None


def findings(check: Check, terms: Terms, connection: Connection) -> list[Finding]:
    """The keys that break the rule of `check` now, `MAX_KEYS` one by one; the others together, under no key."""
    rule = check.rule
    found = check.offending(terms).subquery("offending")
    key = [found.c[name] for name in ("source", "site_id", "period", "field", "code")]
    count = func.count()
    rows = connection.execute(
        select(*key, count.label("rows"), func.sum(count).over(partition_by=found.c.source).label("total"))
        .group_by(*key)
        .order_by(*key)
        .limit(MAX_KEYS)
    ).all()
    named = [
        Finding(row.source, rule.severity, row.code or rule.code, row.rows, row.site_id, row.period, row.field)
        for row in rows
    ]
    rest = {row.source: int(row.total) for row in rows}
    for finding in named:
        rest[finding.source] -= finding.rows
    return named + [Finding(source, rule.severity, rule.code, count) for source, count in rest.items() if count]


def cut(found: Sequence[Finding]) -> list[Finding]:
    """At most `MAX_KEYS` findings of one rule and source; the others together, under no key."""
    named, rest = list(found[:MAX_KEYS]), found[MAX_KEYS:]
    if rest:
        first = rest[0]
        named.append(Finding(first.source, first.severity, first.code, sum(finding.rows for finding in rest)))
    return named


def offending(
    of: FromClause,
    source: str | ColumnElement[Any],
    *,
    site: ColumnElement[Any] | None = None,
    period: ColumnElement[Any] | None = None,
    field: str | ColumnElement[Any] | None = None,
    code: ColumnElement[Any] | None = None,
) -> Select[Any]:
    """The start of a check: rows of `of` under the columns of a finding; the condition is up to the caller."""
    return keys(source, site=site, period=period, field=field, code=code).select_from(of)


def keys(
    source: str | ColumnElement[Any],
    *,
    site: ColumnElement[Any] | None = None,
    period: ColumnElement[Any] | None = None,
    field: str | ColumnElement[Any] | None = None,
    code: ColumnElement[Any] | None = None,
) -> Select[Any]:
    """The columns of a finding."""
    return select(
        _text(source, _SOURCE).label("source"),
        _text(site, SITE_ID).label("site_id"),
        _text(period, _PERIOD).label("period"),
        _text(field, _FIELD).label("field"),
        _text(code, _FIELD).label("code"),
    )


def first_of(flaws: Iterable[tuple[ColumnElement[bool], str]]) -> ColumnElement[Any]:
    """The name of the first flaw that a row has; null for a row without one."""
    return case(*[(condition, literal(name, _FIELD)) for condition, name in flaws], else_=cast(null(), _FIELD))


def _text(value: str | ColumnElement[Any] | None, kind: String) -> ColumnElement[Any]:
    if value is None:
        return cast(null(), kind)
    return literal(value, kind) if isinstance(value, str) else value


__all__ = [
    "EVERY_FEED",
    "MAX_KEYS",
    "Check",
    "Finding",
    "Terms",
    "cut",
    "findings",
    "first_of",
    "keys",
    "offending",
]
