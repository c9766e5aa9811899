"""The archive: tables with the columns of their originals, the moment of archiving, and no foreign keys.

Revision 0016, after 0015.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp, binary, long_text

revision = "0016"
down_revision = "0015"

MOMENT, ID, DAY, FLAG = UtcTimestamp(), Identifier(), sa.Date(), sa.Boolean()
SMALL, INTEGER, BIG = sa.SmallInteger(), sa.Integer(), sa.BigInteger()
HASH, LONG = binary(32), long_text()

TABLES = """
    budget_account_months actual_account_months budget_payroll_months budget_payroll_job_months
    actual_statistic_days actual_payroll_days schedule_payroll_days actual_parking_months actual_cutoffs
    forecast_versions site_statistics site_statistic_days parking_rates external_revenue_inputs
    internal_revenue_adjustments payroll_forecasts payroll_forecast_days other_revenues other_expenses notes
    submissions submission_events pnl_site_years pnl_results pnl_components pnl_snapshots pnl_snapshot_rows
    audit_events integration_audit_events sync_runs sync_run_sources
"""
TRAILS = ("audit_events", "integration_audit_events")


def upgrade() -> None:
    _make_facts()
    _make_statistics()
    _make_forecasts()
    _make_workflow()
    _make_results()
    _make_snapshots()
    _make_trails()
    _make_runs()
    for name in TRAILS:
        op.create_index(
            f"ix_archived_{name}_site",
            f"archived_{name}",
            ["site_id", sa.text("occurred_at DESC")],
            schema="archive",
        )


def downgrade() -> None:
    for name in TABLES.split():
        op.drop_table(f"archived_{name}", schema="archive")


def _make(original: str, key: str, *columns: sa.Column[Any]) -> None:
    """The archive of a table with the key `key` (names with blanks between)."""
    op.create_table(
        f"archived_{original}",
        *columns,
        sa.Column("archived_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint(*key.split(), "archived_at", name=op.f(f"pk_archived_{original}")),
        schema="archive",
    )


def _required(kind: Any, names: str) -> list[sa.Column[Any]]:
    """Columns of one kind; `names` with blanks between."""
    return [sa.Column(name, kind, nullable=False, autoincrement=False) for name in names.split()]


def _optional(kind: Any, names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=True) for name in names.split()]


def _site_month() -> list[sa.Column[Any]]:
    return [*_required(sa.String(20), "site_id"), *_required(sa.String(7), "period")]


def _run() -> list[sa.Column[Any]]:
    return [*_required(ID, "sync_run_id"), *_required(MOMENT, "loaded_at")]


def _standard() -> list[sa.Column[Any]]:
    made, changed = (
        [*_required(MOMENT, f"{done}_at"), *_required(sa.Unicode(256), f"{done}_by")] for done in ("created", "updated")
    )
    return [*made, *changed, *_required(INTEGER, "version")]


def _make_facts() -> None:
    _make(
        "budget_account_months",
        "site_id period main_account",
        *_site_month(),
        *_required(sa.String(10), "main_account"),
        *_required(ExactDecimal(19, 5), "balance amount"),
        *_run(),
    )
    _make(
        "actual_account_months",
        "site_id period main_account entity",
        *_site_month(),
        *_required(sa.String(10), "main_account"),
        *_required(sa.String(5), "entity"),
        *_required(ExactDecimal(19, 5), "balance amount"),
        *_run(),
    )
    _make(
        "budget_payroll_months",
        "site_id period job_profile",
        *_site_month(),
        *_required(sa.String(100), "job_profile"),
        *_required(ExactDecimal(19, 5), "hours dollars"),
        *_required(sa.String(10), "treatment"),
        *_run(),
    )
    _make(
        "budget_payroll_job_months",
        "site_id period job_code_id",
        *_site_month(),
        *_required(sa.String(50), "job_code_id"),
        *_required(ExactDecimal(19, 5), "hours dollars"),
        *_run(),
    )
    _make(
        "actual_statistic_days",
        "site_id stat_date",
        *_required(sa.String(20), "site_id"),
        *_required(DAY, "stat_date"),
        *_optional(
            ExactDecimal(18, 4),
            "occupied_rooms valet_daily valet_overnight valet_monthly valet_aggregator self_daily self_overnight self_monthly self_aggregator valet_comps self_comps",
        ),
        *_optional(
            ExactDecimal(19, 4),
            "valet_daily_revenue valet_overnight_revenue valet_monthly_revenue valet_aggregator_revenue self_daily_revenue self_overnight_revenue self_monthly_revenue self_aggregator_revenue",
        ),
        *_optional(ExactDecimal(18, 4), "total_vehicles"),
        *_optional(ExactDecimal(19, 4), "total_net_revenue"),
        *_optional(MOMENT, "source_loaded_at"),
        *_run(),
    )
    _make(
        "actual_payroll_days",
        "site_id work_date job_code_id",
        *_required(sa.String(20), "site_id"),
        *_required(DAY, "work_date"),
        *_required(sa.String(50), "job_code_id"),
        *_required(ExactDecimal(19, 4), "hours_all hours_ex_premium overtime_hours dollars_all dollars_ex_premium"),
        *_required(INTEGER, "row_count"),
        *_run(),
    )
    _make(
        "schedule_payroll_days",
        "site_id work_date job_code_id",
        *_required(sa.String(20), "site_id"),
        *_required(DAY, "work_date"),
        *_required(sa.String(50), "job_code_id"),
        *_required(INTEGER, "regular_minutes overtime_minutes double_overtime_minutes"),
        *_optional(ExactDecimal(18, 2), "source_cost"),
        *_run(),
    )
    _make(
        "actual_parking_months",
        "site_id period category",
        *_site_month(),
        *_required(sa.String(20), "category"),
        *_required(ExactDecimal(19, 4), "revenue"),
        *_required(ExactDecimal(18, 4), "vehicles"),
        *_run(),
    )
    _make(
        "actual_cutoffs",
        "site_id period",
        *_site_month(),
        *_optional(DAY, "external_through rooms_through payroll_through"),
        *_run(),
    )


def _make_statistics() -> None:
    _make(
        "forecast_versions",
        "site_id period module",
        *_site_month(),
        *_required(sa.String(20), "module"),
        *_required(INTEGER, "version"),
        *_required(MOMENT, "updated_at"),
        *_required(sa.Unicode(256), "updated_by"),
    )
    _make(
        "site_statistics",
        "site_statistics_id",
        *_required(BIG, "site_statistics_id"),
        *_required(sa.String(20), "site_id"),
        *_required(sa.String(7), "period"),
        *_optional(ExactDecimal(9, 6), "occupancy"),
        *_optional(ExactDecimal(18, 4), "valet_vehicles self_park_vehicles"),
        *_optional(ExactDecimal(9, 6), "drive_in_ratio capture_ratio"),
        *_optional(ExactDecimal(18, 4), "occupied_rooms"),
        *_required(MOMENT, "last_updated"),
        *_required(FLAG, "is_active"),
        *_standard(),
    )
    _make(
        "site_statistic_days",
        "site_statistics_id stat_date",
        *_required(BIG, "site_statistics_id"),
        *_required(DAY, "stat_date"),
        *_optional(
            ExactDecimal(18, 4),
            "occupied_rooms valet_daily valet_overnight valet_monthly valet_aggregator valet_comps self_daily self_overnight self_monthly self_aggregator self_comps",
        ),
        *_optional(ExactDecimal(9, 6), "occupancy drive_in_ratio capture_ratio"),
        *_optional(sa.Unicode(2000), "note"),
    )


def _make_forecasts() -> None:
    _make(
        "parking_rates",
        "site_id period category",
        *_site_month(),
        *_required(sa.String(20), "category"),
        *_required(ExactDecimal(19, 6), "rate"),
        *_standard(),
    )
    _make(
        "external_revenue_inputs",
        "site_id period",
        *_site_month(),
        *_optional(ExactDecimal(9, 6), "adjustment_percent"),
        *_optional(ExactDecimal(19, 4), "override_amount"),
        *_optional(sa.Unicode(2000), "override_reason note"),
        *_standard(),
    )
    _make(
        "internal_revenue_adjustments",
        "site_id period category",
        *_site_month(),
        *_required(sa.String(30), "category"),
        *_required(ExactDecimal(19, 4), "amount"),
        *_required(sa.Unicode(2000), "reason"),
        *_standard(),
    )
    _make("payroll_forecasts", "site_id period", *_site_month(), *_required(sa.String(10), "level"), *_standard())
    _make(
        "payroll_forecast_days",
        "site_id work_date job_code_id",
        *_site_month(),
        *_required(DAY, "work_date"),
        *_required(sa.String(50), "job_code_id"),
        *_optional(ExactDecimal(12, 4), "regular_hours overtime_hours"),
        *_optional(sa.Unicode(2000), "note"),
    )
    _make(
        "other_revenues",
        "site_id period item",
        *_site_month(),
        *_required(sa.String(25), "item"),
        *_required(ExactDecimal(19, 4), "amount"),
        *_standard(),
    )
    _make(
        "other_expenses",
        "site_id period main_account",
        *_site_month(),
        *_required(sa.String(10), "main_account"),
        *_required(ExactDecimal(19, 4), "amount"),
        *_standard(),
    )


def _make_workflow() -> None:
    _make(
        "notes",
        "note_id",
        *_required(ID, "note_id"),
        *_required(sa.String(20), "site_id"),
        *_required(sa.String(7), "period"),
        *_required(sa.Unicode(2000), "text"),
        *_optional(sa.String(25), "line"),
        *_optional(sa.String(20), "module"),
        *_optional(DAY, "note_date"),
        *_required(MOMENT, "created_at"),
        *_required(sa.Unicode(256), "created_by"),
    )
    _make("submissions", "site_id period", *_site_month(), *_required(sa.String(10), "status"), *_standard())
    _make(
        "submission_events",
        "submission_event_id",
        *_required(BIG, "submission_event_id"),
        *_required(sa.String(20), "site_id"),
        *_required(sa.String(7), "period"),
        *_required(sa.String(10), "action"),
        *_optional(sa.Unicode(2000), "comment"),
        *_required(MOMENT, "at"),
        *_required(sa.Unicode(256), "user_id"),
    )


def _make_results() -> None:
    _make(
        "pnl_site_years",
        "site_id year",
        *_required(sa.String(20), "site_id"),
        *_required(SMALL, "year"),
        *_required(BIG, "inputs_version"),
        *_required(sa.String(7), "business_month"),
        *_required(sa.String(64), "settings_hash"),
        *_required(MOMENT, "calculated_at"),
    )
    _make(
        "pnl_results",
        "site_id period scenario",
        *_site_month(),
        *_required(sa.String(10), "scenario"),
        *_optional(
            ExactDecimal(19, 4),
            "external_revenue internal_revenue payroll claims parking_rents other_expense pteb insurance flc",
        ),
        *_optional(ExactDecimal(18, 4), "occupied_rooms"),
        *_optional(sa.String(10), "internal_source"),
        *_optional(DAY, "actual_through"),
        *_required(sa.String(12), "data_status"),
        *_required(HASH, "inputs_hash"),
        *_required(MOMENT, "calculated_at"),
    )
    _make(
        "pnl_components",
        "site_id period scenario line seq",
        *_site_month(),
        *_required(sa.String(10), "scenario"),
        *_required(sa.String(20), "line"),
        *_required(INTEGER, "seq"),
        *_required(sa.String(40), "component"),
        *_required(sa.Unicode(200), "label"),
        *_required(ExactDecimal(19, 6), "amount"),
        *_optional(sa.String(10), "rate_source"),
        *_optional(LONG, "detail"),
    )


def _make_snapshots() -> None:
    _make(
        "pnl_snapshots",
        "snapshot_id",
        *_required(ID, "snapshot_id"),
        *_required(sa.Unicode(100), "name"),
        *_required(sa.String(15), "kind"),
        *_required(sa.String(7), "period"),
        *_required(FLAG, "is_all_sites"),
        *_required(INTEGER, "site_count"),
        *_required(HASH, "content_hash"),
        *_required(MOMENT, "created_at"),
        *_required(sa.Unicode(256), "created_by"),
    )
    _make(
        "pnl_snapshot_rows",
        "snapshot_id site_id period scenario",
        *_required(ID, "snapshot_id"),
        *_required(sa.String(20), "site_id"),
        *_required(sa.String(7), "period"),
        *_required(sa.String(10), "scenario"),
        *_optional(
            ExactDecimal(19, 4),
            "external_revenue internal_revenue payroll claims parking_rents other_expense pteb insurance flc",
        ),
        *_optional(ExactDecimal(18, 4), "occupied_rooms"),
        *_optional(DAY, "actual_through"),
    )


def _make_trails() -> None:
    for name in TRAILS:
        _make(
            name,
            "audit_id",
            *_required(BIG, "audit_id"),
            *_required(MOMENT, "occurred_at"),
            *_required(sa.Unicode(256), "user_id"),
            *_optional(sa.String(30), "role_code"),
            *_required(FLAG, "on_behalf"),
            *_optional(sa.String(20), "site_id"),
            *_optional(sa.String(7), "period"),
            *_required(sa.String(20), "module"),
            *_required(sa.String(200), "item_key"),
            *_optional(sa.String(60), "field"),
            *_optional(sa.Unicode(2000), "old_value new_value"),
            *_optional(INTEGER, "version"),
            *_required(sa.String(10), "source"),
            *_optional(sa.Unicode(2000), "reason"),
            *_optional(sa.String(64), "request_id"),
        )


def _make_runs() -> None:
    _make(
        "sync_runs",
        "sync_run_id",
        *_required(ID, "sync_run_id"),
        *_required(sa.String(30), "flow"),
        *_required(sa.String(40), "feed"),
        *_required(sa.String(60), "slice"),
        *_required(sa.String(10), "trigger_kind state"),
        *_optional(sa.String(10), "window_from window_to"),
        *_required(MOMENT, "started_at"),
        *_optional(MOMENT, "finished_at"),
        *_optional(BIG, "rows_read rows_accepted rows_inserted rows_updated rows_deleted rows_rejected rows_ignored"),
        *_optional(ExactDecimal(9, 6), "completeness"),
        *_optional(sa.String(40), "watermark_before watermark_after"),
        *_required(BIG, "fencing_token"),
        *_optional(sa.String(50), "error_code"),
        *_optional(sa.Unicode(2000), "error_text"),
        *_optional(sa.Unicode(256), "requested_by"),
    )
    _make(
        "sync_run_sources",
        "sync_run_id seq",
        *_required(ID, "sync_run_id"),
        *_required(INTEGER, "seq"),
        *_required(sa.String(10), "query_id"),
        *_required(HASH, "query_hash"),
        *_required(sa.String(30), "node_alias"),
        *_required(sa.String(200), "object_name"),
        *_required(LONG, "parameters"),
        *_optional(BIG, "row_count"),
        *_optional(INTEGER, "duration_ms"),
        *_optional(HASH, "content_hash"),
    )
