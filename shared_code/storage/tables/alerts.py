"""Alerts as data: which rule holds for which subject, since when, and when somebody was told.

Source: Data model, "Audit, messages, leases, cache"; Operations, "Monitoring and alerts".
"""

from sqlalchemy import String, Table

from shared_code.sql.types import UtcTimestamp, long_text
from shared_code.storage.tables.base import FORECASTING, json_check, metadata, one_of, optional, required

alert_states = Table(
    "alert_states",
    metadata,
    required("rule", String(40), primary_key=True),
    required("subject", String(200), primary_key=True),
    required("state", String(10)),
    required("since", UtcTimestamp()),
    optional("last_notified_at", UtcTimestamp()),
    required("details", long_text()),
    one_of("state", "raised", "cleared"),
    *json_check("details"),
    schema=FORECASTING,
)
