"""A database with one site, and the messages that its handlers are given."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, select

from shared_code.clock import FixedClock
from shared_code.messaging.received import ReceivedMessage
from shared_code.services.runtime import Runtime
from shared_code.sql.bulk import insert_rows
from shared_code.storage import stamps
from shared_code.storage.tables.messages import processed_messages
from shared_code.storage.tables.organisation import sites
from tests.support.operational import NO_RUN, NOON, empty_database, settings_of

OWN_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "StatisticsUpdated": {"statistics": {"occupancy": 0.85, "driveInRatio": None}, "userId": "u"},
    "PayrollCalculated": {"jobFamilies": ["Valet"], "totalCost": 1234.5},
    "JobRatesUpdated": {"jobCodes": ["VLT1"], "effectiveDate": "2025-06-01", "userId": "u"},
    "RatesUpdated": {"categories": ["overnight"], "userId": "u"},
    "ForecastUpdated": {"module": "other_expense", "userId": "u"},
    "PLViewRefreshed": {"flc": -12.25, "variance": None},
    "UnitAccountBatchRequested": {"batchId": "ua_2025-06_1"},
}
"""What each type of message names beside site and period."""


@contextmanager
def message_world(folder: Path, **settings: Any) -> Iterator[Runtime]:
    """A runtime at noon over a database with site 0001 and nothing else."""
    path = folder / "forecasting.db"
    path.write_bytes(empty_database())
    app = Runtime(settings_of(path, edw_sample_path=folder / "warehouse.db", **settings), FixedClock(NOON))
    now = stamps.inserted("test", NOON)
    with app.database.writing_lightly() as connection:
        columns = ("site_id", "name", "is_active", "sync_run_id", "loaded_at", *now)
        insert_rows(connection, sites, columns, [("0001", "Site 1", True, NO_RUN, NOON, *now.values())])
    yield app
    app.close()


def body_of(event_type: str = "RefreshRequested", **fields: Any) -> dict[str, Any]:
    """A body with everything that its contract names but site and period, unless `fields` do."""
    header = {"eventId": "e-1", "eventType": event_type, "schemaVersion": 1, "requestId": "req-1"}
    return {**header, "timestamp": "2025-06-10T11:59:00.000Z", **OWN_FIELDS.get(event_type, {}), **fields}


def message_of(body: Any, message_id: str = "m-1", **changes: Any) -> ReceivedMessage:
    """The first delivery of a message with `body` (bytes as they are, anything else as JSON)."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return replace(ReceivedMessage(message_id, "0001", "E", raw, 1, NOON, "req-1", {}), **changes)


def rows_of(app: Runtime, table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """These columns of a table, in order."""
    chosen = [table.c[name] for name in columns]
    with app.database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*chosen).order_by(*chosen))]


def count_of(app: Runtime, table: Table) -> int:
    """How many rows a table has."""
    with app.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def outcomes(app: Runtime) -> list[tuple[Any, ...]]:
    """Consumer, message and outcome of what has been handled."""
    return rows_of(app, processed_messages, "consumer", "message_id", "outcome")
