"""The archive: rows of closed years, and of what is kept for proof, as they were, each with when it came here.

A table of the archive has the columns of its original and no foreign keys; its key is the original's and the moment of
archiving, because a month that was loaded again is archived again. SQLite has no schemas, hence names of their own.

Source: Data model, "Retention and archive".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Table
from sqlalchemy.types import TypeEngine

from shared_code.sql.types import UtcTimestamp
from shared_code.storage.tables import facts, forecasts, messages, results, runs, snapshots, workflow
from shared_code.storage.tables.base import ARCHIVE, metadata, required

_ORIGINALS: Final = (
    facts.budget_account_months,
    facts.actual_account_months,
    facts.budget_payroll_months,
    facts.budget_payroll_job_months,
    facts.actual_statistic_days,
    facts.actual_payroll_days,
    facts.schedule_payroll_days,
    facts.actual_parking_months,
    facts.actual_cutoffs,
    forecasts.forecast_versions,
    forecasts.site_statistics,
    forecasts.site_statistic_days,
    forecasts.parking_rates,
    forecasts.external_revenue_inputs,
    forecasts.internal_revenue_adjustments,
    forecasts.payroll_forecasts,
    forecasts.payroll_forecast_days,
    forecasts.other_revenues,
    forecasts.other_expenses,
    workflow.notes,
    workflow.submissions,
    workflow.submission_events,
    results.pnl_site_years,
    results.pnl_results,
    results.pnl_components,
    snapshots.pnl_snapshots,
    snapshots.pnl_snapshot_rows,
    messages.audit_events,
    messages.integration_audit_events,
    runs.sync_runs,
    runs.sync_run_sources,
)


def _archive_of(original: Table) -> Table:
    columns = [
        Column(
            column.name, _kind(column), primary_key=column.primary_key, nullable=column.nullable, autoincrement=False
        )
        for column in original.columns
    ]
    archived_at = required("archived_at", UtcTimestamp(), primary_key=True)
    return Table(f"archived_{original.name}", metadata, *columns, archived_at, schema=ARCHIVE)


def _kind(column: Column[Any]) -> TypeEngine[Any]:
    """The type of a column; a number that the original gives out itself is a plain number here."""
    return BigInteger() if isinstance(column.type, BigInteger) else column.type


ARCHIVES: Final[Mapping[Table, Table]] = MappingProxyType({table: _archive_of(table) for table in _ORIGINALS})
"""The archive of each table that has one."""

archived_audit_events = ARCHIVES[messages.audit_events]
archived_integration_audit_events = ARCHIVES[messages.integration_audit_events]
for _trail in (archived_audit_events, archived_integration_audit_events):
    Index(f"ix_{_trail.name}_site", _trail.c.site_id, _trail.c.occurred_at.desc())
