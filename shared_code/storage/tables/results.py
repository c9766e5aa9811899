"""Stored P&L: site-years with the version of their inputs, cells and the components of a cell.

Source: Data model, "Results and snapshots".
"""

from sqlalchemy import BigInteger, Date, ForeignKeyConstraint, Index, Integer, SmallInteger, String, Table, text

from shared_code.sql.types import Identifier, UtcTimestamp, binary, long_text, unicode_text
from shared_code.storage.tables.base import (
    COMPONENT,
    COUNT,
    FORECASTING,
    MONEY,
    PERIOD,
    SITE_ID,
    json_check,
    metadata,
    one_of,
    optional,
    period_checks,
    required,
)

PNL_MEASURES = (
    "external_revenue",
    "internal_revenue",
    "payroll",
    "claims",
    "parking_rents",
    "other_expense",
    "pteb",
    "insurance",
    "flc",
    "occupied_rooms",
)
"""The ten figures of a site, month and scenario; null means that the block is unavailable."""

pnl_site_years = Table(
    "pnl_site_years",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("year", SmallInteger(), primary_key=True, autoincrement=False),
    required("inputs_version", BigInteger()),
    required("business_month", PERIOD),
    required("settings_hash", String(64)),
    required("calculated_at", UtcTimestamp()),
    *period_checks("business_month"),
    schema=FORECASTING,
)

pnl_results = Table(
    "pnl_results",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("period", PERIOD, primary_key=True),
    required("scenario", String(10), primary_key=True),
    *[optional(measure, COUNT if measure == "occupied_rooms" else MONEY) for measure in PNL_MEASURES],
    optional("internal_source", String(10)),
    optional("actual_through", Date()),
    required("data_status", String(12)),
    required("inputs_hash", binary(32)),
    required("calculated_at", UtcTimestamp()),
    one_of("scenario", "budget", "actual", "forecast", "trend"),
    one_of("internal_source", "contract", "budget"),
    one_of("data_status", "ok", "stale", "partial", "unavailable"),
    *period_checks(),
    schema=FORECASTING,
)
Index(
    "ix_pnl_period",
    pnl_results.c.period,
    pnl_results.c.scenario,
    mssql_include=["site_id", "internal_revenue", "flc"],
)

pnl_components = Table(
    "pnl_components",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("period", PERIOD, primary_key=True),
    required("scenario", String(10), primary_key=True),
    required("line", String(20), primary_key=True),
    required("seq", Integer(), primary_key=True, autoincrement=False),
    required("component", String(40)),
    required("label", unicode_text(200)),
    required("amount", COMPONENT),
    optional("rate_source", String(10)),
    optional("detail", long_text()),
    ForeignKeyConstraint(
        ["site_id", "period", "scenario"],
        [pnl_results.c.site_id, pnl_results.c.period, pnl_results.c.scenario],
        ondelete="CASCADE",
    ),
    *json_check("detail"),
    schema=FORECASTING,
)

calculation_requests = Table(
    "calculation_requests",
    metadata,
    required("request_id", Identifier(), primary_key=True),
    required("site_id", SITE_ID),
    required("year", SmallInteger()),
    required("from_period", PERIOD),
    required("reason", String(40)),
    required("requested_version", BigInteger()),
    optional("computed_version", BigInteger()),
    required("state", String(12)),
    required("requested_at", UtcTimestamp()),
    optional("started_at", UtcTimestamp()),
    optional("finished_at", UtcTimestamp()),
    optional("error_code", String(50)),
    optional("error_text", unicode_text(1000)),
    one_of("state", "queued", "running", "done", "failed"),
    *period_checks("from_period"),
    schema=FORECASTING,
)
_IS_OPEN = text("state IN ('queued', 'running')")
Index(
    "ux_calculation_requests_open",
    calculation_requests.c.site_id,
    calculation_requests.c.year,
    unique=True,
    sqlite_where=_IS_OPEN,
    mssql_where=_IS_OPEN,
)
