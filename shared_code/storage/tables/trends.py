"""Stored trend analysis: one row per site, time frame, as-of date and metric.

Source: Data model, "Results and snapshots".
"""

from sqlalchemy import Date, Index, String, Table, text

from shared_code.sql.types import UtcTimestamp, long_text
from shared_code.storage.tables.base import (
    COMPONENT,
    FORECASTING,
    SITE_ID,
    flag,
    json_check,
    metadata,
    one_of,
    optional,
    required,
)

trend_results = Table(
    "trend_results",
    metadata,
    required("site_id", SITE_ID, primary_key=True),
    required("timeframe", String(10), primary_key=True),
    required("as_of", Date(), primary_key=True),
    required("metric", String(40), primary_key=True),
    required("series", long_text()),
    optional("direction", String(10)),
    optional("slope", COMPONENT),
    optional("change_percent", COMPONENT),
    optional("yoy_percent", COMPONENT),
    optional("mape", COMPONENT),
    optional("bias", COMPONENT),
    optional("seasonal_factors", long_text()),
    optional("gaps", long_text()),
    required("computed_at", UtcTimestamp()),
    flag("is_stale"),
    one_of("direction", "improving", "stable", "degrading"),
    *json_check("series"),
    *json_check("seasonal_factors"),
    *json_check("gaps"),
    schema=FORECASTING,
)
_IS_STALE = text("is_stale = 1")
Index(
    "ix_trend_stale",
    trend_results.c.site_id,
    trend_results.c.as_of,
    sqlite_where=_IS_STALE,
    mssql_where=_IS_STALE,
)
