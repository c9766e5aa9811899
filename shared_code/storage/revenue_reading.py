"""What is kept of a site's revenue besides its figures: who entered it, and which version of a contract prices it.

Every function reads one site in one statement, for any number of months (`YYYY-MM`).

Source: Data model, "Forecast input" and "Contract terms".
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Table, func, select

from shared_code.domain.site_scope import SiteScope
from shared_code.sql.lists import in_list
from shared_code.storage.database import within
from shared_code.storage.tables.contracts import contracts
from shared_code.storage.tables.forecasts import external_revenue_inputs, internal_revenue_adjustments
from shared_code.storage.tables.messages import audit_events


@dataclass(frozen=True, slots=True)
class ExternalInputs:
    """What is saved of a month's external revenue: adjustment (a signed fraction), override in dollars, note.

    An override has a reason; None means that nothing is saved.
    """

    adjustment_percent: Decimal | None = None
    override_amount: Decimal | None = None
    override_reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class StoredAdjustment:
    """Dollars, any sign, that somebody added to the internal revenue of a month, and why."""

    category: str
    amount: Decimal
    reason: str
    updated_by: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class LastWrite:
    """Who changed something last, and when."""

    updated_by: str
    updated_at: datetime


def external_inputs(
    connection: Connection, scope: SiteScope, site_id: str, months: Collection[str]
) -> dict[str, ExternalInputs]:
    """What is saved by month; a month in which nothing is has no entry."""
    table = external_revenue_inputs
    columns = [table.c[name] for name in ExternalInputs.__slots__]
    rows = connection.execute(select(table.c.period, *columns).where(_chosen(table, scope, site_id, months)))
    return {period: ExternalInputs(*values) for period, *values in rows}


def adjustments(
    connection: Connection, scope: SiteScope, site_id: str, months: Collection[str]
) -> dict[str, list[StoredAdjustment]]:
    """The adjustments of internal revenue by month, in the order of their categories."""
    table = internal_revenue_adjustments
    columns = [table.c[name] for name in StoredAdjustment.__slots__]
    statement = (
        select(table.c.period, *columns).where(_chosen(table, scope, site_id, months)).order_by(table.c.category)
    )
    found: defaultdict[str, list[StoredAdjustment]] = defaultdict(list)
    for period, *values in connection.execute(statement):
        found[period].append(StoredAdjustment(*values))
    return dict(found)


def last_writes_of(
    connection: Connection,
    scope: SiteScope,
    site_id: str,
    module: str,
    fields: Collection[str],
    months: Collection[str],
) -> dict[str, LastWrite]:
    """Who last changed one of `fields` of a module in each month, as the audit trail tells.

    The row that holds them may have been changed since in other fields.
    """
    trail = audit_events
    latest = (
        select(func.max(trail.c.audit_id))
        .where(_chosen(trail, scope, site_id, months), trail.c.module == module, in_list(trail.c.field, fields))
        .group_by(trail.c.period)
    )
    rows = connection.execute(
        select(trail.c.period, trail.c.user_id, trail.c.occurred_at).where(trail.c.audit_id.in_(latest))
    )
    return {period: LastWrite(user_id, at) for period, user_id, at in rows}


def contract_versions(connection: Connection, scope: SiteScope, site_id: str) -> dict[date, int]:
    """The versions of the contracts of a site, by the day on which each starts."""
    table = contracts
    rows = connection.execute(
        select(table.c.contract_start, table.c.version).where(
            within(scope.narrowed_to([site_id]), table.c.site_id), table.c.is_active
        )
    )
    return {row.contract_start: row.version for row in rows}


def _chosen(table: Table, scope: SiteScope, site_id: str, months: Collection[str]) -> ColumnElement[bool]:
    return within(scope.narrowed_to([site_id]), table.c.site_id) & in_list(table.c.period, months)
