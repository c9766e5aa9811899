"""Staging: the rows of the running and the last few extractions, one table a feed.

Rows are staged as they will be published: site and texts normalised, accounts mapped, amounts converted, so that
publication is set statements alone. Whatever was refused on the way is in `sync_rejects` as it was read.

Source: Data model, "Integration and staging".
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, String, Table

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp, binary, unicode_text
from shared_code.storage.tables.base import (
    BALANCE,
    COUNT,
    HOURS_TOTAL,
    JOB_CODE,
    MAIN_ACCOUNT,
    MONEY,
    PERIOD,
    SITE_ID,
    STAGING,
    metadata,
    optional,
    required,
)
from shared_code.storage.tables.facts import CATEGORIES, COMPS


def _staging(feed: str, key: tuple[str, ...], *columns: Column[Any]) -> Table:
    """The staging table of `feed`; `key` is what publication looks rows up by."""
    table = Table(
        f"stg_{feed}",
        metadata,
        required("sync_run_id", Identifier(), primary_key=True),
        required("row_no", BigInteger(), primary_key=True, autoincrement=False),
        *columns,
        required("row_hash", binary(32)),
        schema=STAGING,
    )
    Index(f"ix_stg_{feed}_key", table.c.sync_run_id, *[table.c[name] for name in key])
    return table


def _job_columns() -> list[Column[Any]]:
    """A title or role as the source has it, and the job code it stands for once that is known."""
    return [optional("job_title", String(100)), optional("job_code_id", JOB_CODE)]


def _budget_columns() -> list[Column[Any]]:
    """A budget figure of a site's month, with the sign of the ledger and with that of its P&L line."""
    return [
        optional("site_id", SITE_ID),
        optional("period", PERIOD),
        optional("main_account", MAIN_ACCOUNT),
        optional("balance", BALANCE),
        optional("amount", BALANCE),
    ]


def _schedule_columns() -> list[Column[Any]]:
    """Minutes and cost of planned shifts: two feeds fill one fact, each carries over what the other has published."""
    return [
        optional("site_id", SITE_ID),
        optional("work_date", Date()),
        *_job_columns(),
        optional("regular_minutes", Integer()),
        optional("overtime_minutes", Integer()),
        optional("double_overtime_minutes", Integer()),
        optional("source_cost", ExactDecimal(18, 2)),
    ]


stg_sites = _staging(
    "sites",
    ("site_id",),
    optional("site_id", SITE_ID),
    optional("site_name", unicode_text(200)),
    optional("district_code", String(100)),
    optional("district", unicode_text(100)),
    optional("region_code", String(50)),
    optional("region", unicode_text(50)),
    optional("legal_entity", unicode_text(100)),
    optional("pl_category", unicode_text(50)),
    optional("cog_segment", unicode_text(50)),
    optional("business_segment", unicode_text(50)),
    optional("contract_type_text", unicode_text(200)),
    optional("gl_string", String(50)),
    optional("total_rooms", Integer()),
    optional("total_parking_spaces", Integer()),
    optional("first_worked_date", Date()),
    optional("last_worked_date", Date()),
    optional("manager_employee_id", String(50)),
)
stg_chart_of_accounts = _staging(
    "chart_of_accounts",
    ("main_account",),
    optional("main_account", MAIN_ACCOUNT),
    optional("account_name", unicode_text(100)),
    optional("summary_category", String(50)),
    optional("pnl_line", String(20)),
)
stg_budget = _staging("budget", ("site_id", "period", "main_account"), *_budget_columns())
stg_budget_api = _staging("budget_api", ("site_id", "period", "main_account"), *_budget_columns())
stg_ledger = _staging(
    "ledger",
    ("site_id", "period", "main_account", "entity"),
    optional("site_id", SITE_ID),
    optional("period", PERIOD),
    optional("main_account", MAIN_ACCOUNT),
    optional("entity", String(5)),
    optional("balance", BALANCE),
    optional("amount", BALANCE),
)
stg_budget_payroll = _staging(
    "budget_payroll",
    ("site_id", "period", "job_profile"),
    optional("site_id", SITE_ID),
    optional("period", PERIOD),
    optional("job_profile", String(100)),
    optional("hours", BALANCE),
    optional("dollars", BALANCE),
    optional("treatment", String(10)),
)
stg_budget_payroll_jobs = _staging(
    "budget_payroll_jobs",
    ("site_id", "period", "job_code_id"),
    optional("site_id", SITE_ID),
    optional("period", PERIOD),
    optional("job_code_id", JOB_CODE),
    optional("hours", BALANCE),
    optional("dollars", BALANCE),
)
stg_daily_revenue = _staging(
    "daily_revenue",
    ("site_id", "stat_date"),
    optional("site_id", SITE_ID),
    optional("stat_date", Date()),
    optional("occupied_rooms", COUNT),
    *[optional(category, COUNT) for category in (*CATEGORIES, *COMPS)],
    *[optional(f"{category}_revenue", MONEY) for category in CATEGORIES],
    optional("total_vehicles", COUNT),
    optional("total_net_revenue", MONEY),
    optional("source_loaded_at", UtcTimestamp()),
)
stg_parking_rates_actual = _staging(
    "parking_rates_actual",
    ("site_id", "period", "category"),
    optional("site_id", SITE_ID),
    optional("period", PERIOD),
    optional("category", String(20)),
    optional("revenue", MONEY),
    optional("vehicles", COUNT),
)
stg_paid_hours = _staging(
    "paid_hours",
    ("site_id", "work_date", "job_code_id"),
    optional("site_id", SITE_ID),
    optional("work_date", Date()),
    *_job_columns(),
    optional("hours_all", HOURS_TOTAL),
    optional("hours_ex_premium", HOURS_TOTAL),
    optional("overtime_hours", HOURS_TOTAL),
    optional("dollars_all", MONEY),
    optional("dollars_ex_premium", MONEY),
    optional("row_count", Integer()),
)
stg_job_code_rates = _staging(
    "job_code_rates",
    ("site_id", "job_code_id"),
    optional("site_id", SITE_ID),
    *_job_columns(),
    optional("dollars_all", BALANCE),
    optional("rate_hours", BALANCE),
    optional("last_work_date", Date()),
    optional("row_count", Integer()),
)
stg_shifts = _staging("shifts", ("site_id", "work_date", "job_code_id"), *_schedule_columns())
stg_schedule_cost = _staging("schedule_cost", ("site_id", "work_date", "job_code_id"), *_schedule_columns())
stg_salaries = _staging(
    "salaries",
    ("site_id", "job_code_id"),
    optional("site_id", SITE_ID),
    *_job_columns(),
    optional("allocated_annual_salary", MONEY),
    optional("employee_count", Integer()),
    optional("load_date", Date()),
)
stg_wage_rates = _staging(
    "wage_rates",
    ("site_id", "job_code_id"),
    optional("site_id", SITE_ID),
    *_job_columns(),
    optional("job_text", unicode_text(200)),
    optional("active_employee_count", Integer()),
)
stg_workday_api = _staging(
    "workday_api",
    ("site_id", "job_code_id"),
    optional("site_id", SITE_ID),
    *_job_columns(),
    optional("active_employee_count", Integer()),
    optional("salaried_employee_count", Integer()),
    optional("hourly_employee_count", Integer()),
    optional("allocated_annual_salary", MONEY),
)
stg_user_scopes = _staging(
    "user_scopes",
    ("user_id", "role_code", "scope_value"),
    optional("principal_name", unicode_text(256)),
    optional("user_id", Identifier()),
    optional("employee_id", String(50)),
    optional("role_code", String(30)),
    optional("scope_value", String(100)),
)
stg_gl_accounts = _staging(
    "gl_accounts",
    ("company", "account_number"),
    optional("company", String(10)),
    optional("account_number", String(50)),
    optional("is_active", Boolean()),
    optional("origin", String(10)),
)
stg_unit_accounts = _staging(
    "unit_accounts",
    ("site_id",),
    optional("site_id", SITE_ID),
    optional("main_account", MAIN_ACCOUNT),
    optional("revenue_category", unicode_text(100)),
    optional("category", unicode_text(100)),
    optional("gl_string", String(50)),
    optional("value", MONEY),
    optional("account_description", unicode_text(200)),
    optional("status", String(20)),
)
