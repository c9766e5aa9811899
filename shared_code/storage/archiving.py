"""What goes to the archive, and how: copied, compared and deleted in one transaction a batch.

Killed anywhere, a batch is in its table or in the archive, never in both and never in neither; what is left is found
again by its age, so that no further checkpoint is needed.

Source: Data model, "Retention and archive".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, exists, func, insert, literal, select

from shared_code.errors import ForecastError
from shared_code.sql.types import UtcTimestamp
from shared_code.storage.ages import Age, by_day, by_moment, by_parent, by_period, by_year, months_before
from shared_code.storage.tables import facts, forecasts, messages, results, runs, snapshots, workflow
from shared_code.storage.tables.archive import ARCHIVES
from shared_code.storage.tables.base import ARCHIVE, metadata

BATCH_ROWS = 10_000

YEARS_KEPT = 3
"""Years before the current one whose facts, forecasts and results stay: trends look back 36 months."""

PROOF_MONTHS = 24
"""Months that snapshots and the audit trail stay."""

RUN_AGE: Final = timedelta(days=400)

YEARS_ARCHIVED = 7
"""Years after the end of its own that a row stays in the archive."""


class ArchiveError(ForecastError):
    """A copy differs from its original; nothing of the batch was deleted, and nothing copied."""

    code = "ARCHIVE_MISMATCH"


def closed_years(today: date) -> date:
    """The first day of the oldest year that stays."""
    return date(today.year - YEARS_KEPT, 1, 1)


def old_proof(today: date) -> date:
    """The first day whose snapshots and audit entries stay."""
    return months_before(today, PROOF_MONTHS)


def old_runs(today: date) -> date:
    """The first day whose runs stay."""
    return today - RUN_AGE


@dataclass(frozen=True, slots=True)
class ArchiveRule:
    """The rows of `table` that are older, by `age`, than what is `kept` go to the archive."""

    table: Table
    age: Age
    kept: Callable[[date], date] = closed_years

    def due(self, today: date) -> ColumnElement[bool]:
        """The rows that are due; one that others still refer to is not."""
        return and_(self.age(self.table, self.kept(today)), *_unreferenced(self.table))

    def outlived(self, today: date) -> ColumnElement[bool]:
        """The rows of the archive whose time there is over."""
        return self.age(ARCHIVES[self.table], date(today.year - YEARS_ARCHIVED, 1, 1))


def _old_run(table: Table, day: date) -> ColumnElement[bool]:
    """Runs before `day`; of those that are no archive, the ones that published nothing that is still here."""
    old = by_moment("started_at")(table, day)
    return old if table.schema == ARCHIVE else and_(old, *[table.c.sync_run_id.not_in(ids) for ids in _runs_in_use()])


RULES: Final = (
    *[
        ArchiveRule(table, by_period)
        for table in (
            facts.budget_account_months,
            facts.actual_account_months,
            facts.budget_payroll_months,
            facts.budget_payroll_job_months,
            facts.actual_parking_months,
            facts.actual_cutoffs,
        )
    ],
    ArchiveRule(facts.actual_statistic_days, by_day("stat_date")),
    ArchiveRule(facts.actual_payroll_days, by_day("work_date")),
    ArchiveRule(facts.schedule_payroll_days, by_day("work_date")),
    ArchiveRule(forecasts.site_statistic_days, by_day("stat_date")),
    *[
        ArchiveRule(table, by_period)
        for table in (
            forecasts.site_statistics,
            forecasts.payroll_forecast_days,
            forecasts.payroll_forecasts,
            forecasts.parking_rates,
            forecasts.external_revenue_inputs,
            forecasts.internal_revenue_adjustments,
            forecasts.other_revenues,
            forecasts.other_expenses,
            forecasts.forecast_versions,
            workflow.notes,
            workflow.submission_events,
            workflow.submissions,
            results.pnl_components,
            results.pnl_results,
        )
    ],
    ArchiveRule(results.pnl_site_years, by_year),
    ArchiveRule(
        snapshots.pnl_snapshot_rows,
        by_parent(snapshots.pnl_snapshots, "snapshot_id", by_moment("created_at")),
        old_proof,
    ),
    ArchiveRule(snapshots.pnl_snapshots, by_moment("created_at"), old_proof),
    ArchiveRule(messages.audit_events, by_moment("occurred_at"), old_proof),
    ArchiveRule(messages.integration_audit_events, by_moment("occurred_at"), old_proof),
    ArchiveRule(runs.sync_run_sources, by_parent(runs.sync_runs, "sync_run_id", _old_run), old_runs),
    ArchiveRule(runs.sync_runs, _old_run, old_runs),
)
"""In this order: what belongs to a row goes before it, and results after all that they were computed from, so that no
reader finds a year without its stored figures and computes them from the half that is left."""


def move_batch(connection: Connection, rule: ArchiveRule, now: datetime) -> int:
    """Move the next rows that are due at `now` (UTC) to the archive; returns how many there were, 0 when none is due.

    Raises `ArchiveError` where the copies are not what was there; the caller's transaction then has no effect.
    """
    table, archive = rule.table, ARCHIVES[rule.table]
    names = table.columns.keys()
    batch = (
        select(*table.columns, literal(now, UtcTimestamp()))
        .where(rule.due(now.date()))
        .order_by(*table.primary_key)
        .limit(BATCH_ROWS)
    )
    copied = connection.execute(insert(archive).from_select([*names, "archived_at"], batch)).rowcount
    if not copied:
        return 0
    is_copy = and_(*[archive.c[column.name] == column for column in table.primary_key], archive.c.archived_at == now)
    equal = [table.c[name].is_not_distinct_from(archive.c[name]) for name in names]
    same = connection.execute(select(func.count()).select_from(table.join(archive, is_copy)).where(*equal)).scalar_one()
    deleted = connection.execute(delete(table).where(exists(select(1).where(is_copy)))).rowcount
    if not copied == same == deleted:
        raise ArchiveError(
            f"Of {table.name}, {copied} rows were copied, {same} of them are like their originals, {deleted} would be "
            "deleted"
        )
    return copied


def _unreferenced(table: Table) -> Iterator[ColumnElement[bool]]:
    """That no row of another table refers to the row by a foreign key."""
    for other in metadata.sorted_tables:
        for key in other.foreign_key_constraints:
            if key.referred_table is table:
                pairs = [part.column == other.c[part.parent.name] for part in key.elements]
                yield ~exists(select(1).select_from(other).where(*pairs))


def _runs_in_use() -> Iterator[Select[Any]]:
    """The runs that rows of each table name as theirs, without those of the run ledger itself."""
    for table in metadata.sorted_tables:
        run = table.c.get("sync_run_id")
        if run is not None and not run.foreign_keys and table is not runs.sync_runs and table.schema != ARCHIVE:
            yield select(run).where(run.is_not(None)).distinct()
