"""Published facts of the sources: budget, ledger, paid and planned hours, vehicles and rooms.

A fact may precede its master by one run, so there are no foreign keys; the publisher checks membership.

Source: Data model, "Published source facts".
"""

from sqlalchemy import BigInteger, Date, Index, Integer, String, Table

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp, binary
from shared_code.storage.tables.base import (
    BALANCE,
    COUNT,
    FORECASTING,
    HOURS_TOTAL,
    JOB_CODE,
    MAIN_ACCOUNT,
    MONEY,
    PERIOD,
    SITE_ID,
    flag,
    metadata,
    one_of,
    optional,
    period_checks,
    required,
    run_columns,
)

CATEGORIES = (
    "valet_daily",
    "valet_overnight",
    "valet_monthly",
    "valet_aggregator",
    "self_daily",
    "self_overnight",
    "self_monthly",
    "self_aggregator",
)
"""The eight priced vehicle categories."""

COMPS = ("valet_comps", "self_comps")
"""Free parking by side."""

budget_account_months = Table(
    "budget_account_months",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("period", PERIOD, primary_key=True),
    required("main_account", MAIN_ACCOUNT, primary_key=True),
    required("balance", BALANCE),
    required("amount", BALANCE),
    *run_columns(),
    *period_checks(),
    schema=FORECASTING,
)
Index(
    "ix_budget_period",
    budget_account_months.c.period,
    budget_account_months.c.main_account,
    mssql_include=["site_id", "amount"],
)

actual_account_months = Table(
    "actual_account_months",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("period", PERIOD, primary_key=True),
    required("main_account", MAIN_ACCOUNT, primary_key=True),
    required("entity", String(5), primary_key=True),
    required("balance", BALANCE),
    required("amount", BALANCE),
    *run_columns(),
    *period_checks(),
    schema=FORECASTING,
)
Index(
    "ix_actual_period",
    actual_account_months.c.period,
    actual_account_months.c.main_account,
    mssql_include=["site_id", "amount"],
)

budget_payroll_months = Table(
    "budget_payroll_months",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("period", PERIOD, primary_key=True),
    required("job_profile", String(100), primary_key=True),
    required("hours", BALANCE),
    required("dollars", BALANCE),
    required("treatment", String(10)),
    *run_columns(),
    one_of("treatment", "mapped", "excluded", "unmapped"),
    *period_checks(),
    schema=FORECASTING,
)

budget_payroll_job_months = Table(
    "budget_payroll_job_months",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("period", PERIOD, primary_key=True),
    required("job_code_id", JOB_CODE, primary_key=True),
    required("hours", BALANCE),
    required("dollars", BALANCE),
    *run_columns(),
    *period_checks(),
    schema=FORECASTING,
)

actual_statistic_days = Table(
    "actual_statistic_days",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("stat_date", Date(), primary_key=True),
    optional("occupied_rooms", COUNT),
    *[optional(category, COUNT) for category in (*CATEGORIES, *COMPS)],
    *[optional(f"{category}_revenue", MONEY) for category in CATEGORIES],
    optional("total_vehicles", COUNT),
    optional("total_net_revenue", MONEY),
    optional("source_loaded_at", UtcTimestamp()),
    *run_columns(),
    schema=FORECASTING,
)
Index("ix_actual_statistic_date", actual_statistic_days.c.stat_date)

actual_payroll_days = Table(
    "actual_payroll_days",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("work_date", Date(), primary_key=True),
    required("job_code_id", JOB_CODE, primary_key=True),
    required("hours_all", HOURS_TOTAL),
    required("hours_ex_premium", HOURS_TOTAL),
    required("overtime_hours", HOURS_TOTAL),
    required("dollars_all", MONEY),
    required("dollars_ex_premium", MONEY),
    required("row_count", Integer()),
    *run_columns(),
    schema=FORECASTING,
)
Index("ix_actual_payroll_job", actual_payroll_days.c.job_code_id, actual_payroll_days.c.work_date)
Index("ix_actual_payroll_date", actual_payroll_days.c.work_date)

schedule_payroll_days = Table(
    "schedule_payroll_days",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("work_date", Date(), primary_key=True),
    required("job_code_id", JOB_CODE, primary_key=True),
    required("regular_minutes", Integer()),
    required("overtime_minutes", Integer()),
    required("double_overtime_minutes", Integer()),
    optional("source_cost", ExactDecimal(18, 2)),
    *run_columns(),
    schema=FORECASTING,
)
Index("ix_schedule_payroll_date", schedule_payroll_days.c.work_date)

actual_parking_months = Table(
    "actual_parking_months",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("period", PERIOD, primary_key=True),
    required("category", String(20), primary_key=True),
    required("revenue", MONEY),
    required("vehicles", COUNT),
    *run_columns(),
    *period_checks(),
    schema=FORECASTING,
)
Index("ix_actual_parking_period", actual_parking_months.c.period)

actual_cutoffs = Table(
    "actual_cutoffs",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("period", PERIOD, primary_key=True),
    optional("external_through", Date()),
    optional("rooms_through", Date()),
    optional("payroll_through", Date()),
    *run_columns(),
    *period_checks(),
    schema=FORECASTING,
)

gl_accounts = Table(
    "gl_accounts",
    metadata,
    required("company", String(10), primary_key=True),
    required("account_number", String(50), primary_key=True),
    flag("is_active"),
    required("origin", String(10)),
    *run_columns(),
    schema=FORECASTING,
)

feed_versions = Table(
    "feed_versions",
    metadata,
    required("feed", String(40), primary_key=True),
    required("slice", String(60), primary_key=True),
    required("sync_run_id", Identifier()),
    required("as_of", UtcTimestamp()),
    optional("content_through", Date()),
    required("row_count", BigInteger()),
    required("content_hash", binary(32)),
    optional("watermark", String(40)),
    required("status", String(12)),
    required("published_at", UtcTimestamp()),
    one_of("status", "ok", "stale", "partial", "unavailable"),
    schema=FORECASTING,
)
