"""Requests that create something, with the answer to the first of each, so that a repetition creates nothing.

Source: Data model, "Audit, messages, leases, cache".
"""

from sqlalchemy import SmallInteger, String, Table

from shared_code.sql.types import UtcTimestamp, binary, long_text, unicode_text
from shared_code.storage.tables.base import FORECASTING, metadata, optional, required

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    required("principal", unicode_text(256), primary_key=True),
    required("route", String(120), primary_key=True),
    required("idempotency_key", String(64), primary_key=True),
    required("request_hash", binary(32)),
    optional("status_code", SmallInteger()),
    optional("response_body", long_text()),
    required("created_at", UtcTimestamp()),
    required("expires_at", UtcTimestamp()),
    schema=FORECASTING,
)
