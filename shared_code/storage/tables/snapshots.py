"""P&L figures as they were at a moment. Nothing in these tables is ever changed.

Source: Data model, "Results and snapshots".
"""

from sqlalchemy import Date, ForeignKey, Integer, String, Table, UniqueConstraint

from shared_code.sql.types import Identifier, UtcTimestamp, binary, unicode_text
from shared_code.storage.tables.base import (
    COUNT,
    FORECASTING,
    MONEY,
    PERIOD,
    SITE_ID,
    flag,
    metadata,
    one_of,
    optional,
    period_checks,
    required,
)
from shared_code.storage.tables.results import PNL_MEASURES

pnl_snapshots = Table(
    "pnl_snapshots",
    metadata,
    required("snapshot_id", Identifier(), primary_key=True),
    required("name", unicode_text(100)),
    required("kind", String(15)),
    required("period", String(7)),
    flag("is_all_sites"),
    required("site_count", Integer()),
    required("content_hash", binary(32)),
    required("created_at", UtcTimestamp()),
    required("created_by", unicode_text(256)),
    UniqueConstraint("name"),
    one_of("kind", "manual", "month_close", "fpa_projection"),
    schema=FORECASTING,
)

pnl_snapshot_rows = Table(
    "pnl_snapshot_rows",
    metadata,
    required("snapshot_id", Identifier(), ForeignKey(pnl_snapshots.c.snapshot_id), primary_key=True),
    required("site_id", SITE_ID, primary_key=True),
    required("period", PERIOD, primary_key=True),
    required("scenario", String(10), primary_key=True),
    *[optional(measure, COUNT if measure == "occupied_rooms" else MONEY) for measure in PNL_MEASURES],
    optional("actual_through", Date()),
    one_of("scenario", "budget", "actual", "forecast", "trend"),
    *period_checks(),
    schema=FORECASTING,
)
