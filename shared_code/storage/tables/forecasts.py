"""What users enter month by month: statistics, hours, rates, levers, other revenue and expenses.

A missing row or a null means "not saved" and falls back to the budget; a saved 0 is a value.

Source: Data model, "Forecast input".
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    text,
)

from shared_code.sql.types import UtcTimestamp, unicode_text
from shared_code.storage.tables.base import (
    COMPONENT,
    COUNT,
    FORECASTING,
    HOURS,
    JOB_CODE,
    MAIN_ACCOUNT,
    MONEY,
    PERIOD,
    RATIO,
    SITE_ID,
    flag,
    metadata,
    one_of,
    optional,
    period_checks,
    required,
    standard_columns,
)
from shared_code.storage.tables.limits import between, not_negative

MODULES = (
    "statistics",
    "payroll",
    "parking_rates",
    "external_revenue",
    "internal_revenue",
    "other_revenue",
    "other_expenses",
)
"""The parts of a month that are saved, and versioned, by themselves."""

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
"""The eight priced categories of vehicles."""

DAY_COUNTS = (
    "occupied_rooms",
    "valet_daily",
    "valet_overnight",
    "valet_monthly",
    "valet_aggregator",
    "valet_comps",
    "self_daily",
    "self_overnight",
    "self_monthly",
    "self_aggregator",
    "self_comps",
)
DAY_RATIOS = ("occupancy", "drive_in_ratio", "capture_ratio")


def _site() -> Column[Any]:
    """The site, as part of the key."""
    return required("site_id", SITE_ID, ForeignKey("forecasting.sites.site_id"), primary_key=True)


def _period() -> Column[Any]:
    """The month, as part of the key."""
    return required("period", PERIOD, primary_key=True)


forecast_versions = Table(
    "forecast_versions",
    metadata,
    _site(),
    _period(),
    required("module", String(20), primary_key=True),
    required("version", Integer()),
    required("updated_at", UtcTimestamp()),
    required("updated_by", unicode_text(256)),
    one_of("module", *MODULES),
    *period_checks(),
    schema=FORECASTING,
)

site_statistics = Table(
    "site_statistics",
    metadata,
    required(
        "site_statistics_id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True
    ),
    required("site_id", SITE_ID, ForeignKey("forecasting.sites.site_id")),
    required("period", PERIOD),
    optional("occupancy", RATIO),
    optional("valet_vehicles", COUNT),
    optional("self_park_vehicles", COUNT),
    optional("drive_in_ratio", RATIO),
    optional("capture_ratio", RATIO),
    optional("occupied_rooms", COUNT),
    required("last_updated", UtcTimestamp()),
    flag("is_active", 1),
    *standard_columns(),
    *between("occupancy", RATIO, 0, 1),
    *not_negative("valet_vehicles", "self_park_vehicles"),
    *between("drive_in_ratio", RATIO, 0, 1),
    *between("capture_ratio", RATIO, 0, 1),
    *not_negative("occupied_rooms"),
    *period_checks(),
    schema=FORECASTING,
    sqlite_autoincrement=True,
)
Index("idx_statistics_site_period", site_statistics.c.site_id, site_statistics.c.period, site_statistics.c.is_active)
Index(
    "idx_statistics_complex",
    site_statistics.c.site_id,
    site_statistics.c.period,
    site_statistics.c.last_updated,
    mssql_include=["occupancy", "valet_vehicles", "self_park_vehicles"],
)
_IS_ACTIVE = text("is_active = 1")
Index(
    "ux_statistics_active",
    site_statistics.c.site_id,
    site_statistics.c.period,
    unique=True,
    sqlite_where=_IS_ACTIVE,
    mssql_where=_IS_ACTIVE,
)

site_statistic_days = Table(
    "site_statistic_days",
    metadata,
    required(
        "site_statistics_id",
        BigInteger().with_variant(Integer(), "sqlite"),
        ForeignKey(site_statistics.c.site_statistics_id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    required("stat_date", Date(), primary_key=True),
    *[optional(name, COUNT) for name in DAY_COUNTS],
    *[optional(name, RATIO) for name in DAY_RATIOS],
    optional("note", unicode_text(2000)),
    *not_negative(*DAY_COUNTS),
    *[check for name in DAY_RATIOS for check in between(name, RATIO, 0, 1)],
    schema=FORECASTING,
)

parking_rates = Table(
    "parking_rates",
    metadata,
    _site(),
    _period(),
    required("category", String(20), primary_key=True),
    required("rate", COMPONENT),
    *standard_columns(),
    one_of("category", *CATEGORIES),
    *not_negative("rate"),
    *period_checks(),
    schema=FORECASTING,
)

external_revenue_inputs = Table(
    "external_revenue_inputs",
    metadata,
    _site(),
    _period(),
    optional("adjustment_percent", RATIO),
    optional("override_amount", MONEY),
    optional("override_reason", unicode_text(2000)),
    optional("note", unicode_text(2000)),
    *standard_columns(),
    *between("adjustment_percent", RATIO, -1, 1),
    # A null reason would make the comparison null, which a check accepts.
    CheckConstraint(
        "override_amount IS NULL OR (override_reason IS NOT NULL AND override_reason <> '')", name="override_reason"
    ),
    *period_checks(),
    schema=FORECASTING,
)

internal_revenue_adjustments = Table(
    "internal_revenue_adjustments",
    metadata,
    _site(),
    _period(),
    required("category", String(30), primary_key=True),
    required("amount", MONEY),
    required("reason", unicode_text(2000)),
    *standard_columns(),
    CheckConstraint("reason <> ''", name="reason"),
    *period_checks(),
    schema=FORECASTING,
)

payroll_forecasts = Table(
    "payroll_forecasts",
    metadata,
    _site(),
    _period(),
    required("level", String(10)),
    *standard_columns(),
    one_of("level", "job_code", "job_group"),
    *period_checks(),
    schema=FORECASTING,
)

payroll_forecast_days = Table(
    "payroll_forecast_days",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("period", PERIOD),
    required("work_date", Date(), primary_key=True),
    required("job_code_id", JOB_CODE, ForeignKey("forecasting.job_codes.job_code_id"), primary_key=True),
    optional("regular_hours", HOURS),
    optional("overtime_hours", HOURS),
    optional("note", unicode_text(2000)),
    ForeignKeyConstraint(
        ["site_id", "period"], [payroll_forecasts.c.site_id, payroll_forecasts.c.period], ondelete="CASCADE"
    ),
    *not_negative("regular_hours", "overtime_hours"),
    *period_checks(),
    schema=FORECASTING,
)

other_revenues = Table(
    "other_revenues",
    metadata,
    _site(),
    _period(),
    required("item", String(25), primary_key=True),
    required("amount", MONEY),
    *standard_columns(),
    CheckConstraint(
        "(item IN ('billable_expense', 'revenue_validation') AND amount >= 0)"
        " OR (item IN ('gpo_fees', 'signing_bonus', 'client_paid_expense') AND amount <= 0)"
        " OR item = 'miscellaneous'",
        name="amount",
    ),
    *period_checks(),
    schema=FORECASTING,
)

other_expenses = Table(
    "other_expenses",
    metadata,
    _site(),
    _period(),
    required("main_account", MAIN_ACCOUNT, ForeignKey("forecasting.accounts.main_account"), primary_key=True),
    required("amount", MONEY),
    *standard_columns(),
    *period_checks(),
    schema=FORECASTING,
)
