"""Work that takes longer than a request: what was asked for, and what it came to.

Source: Data model, "Audit, messages, leases, cache".
"""

from sqlalchemy import String, Table

from shared_code.sql.types import Identifier, UtcTimestamp, long_text, unicode_text
from shared_code.storage.tables.base import FORECASTING, json_check, metadata, one_of, optional, required

background_jobs = Table(
    "background_jobs",
    metadata,
    required("job_id", Identifier(), primary_key=True),
    required("kind", String(20)),
    required("requested_by", unicode_text(256)),
    required("parameters", long_text()),
    required("status", String(10)),
    optional("counts", long_text()),
    optional("result_location", String(400)),
    required("created_at", UtcTimestamp()),
    optional("started_at", UtcTimestamp()),
    optional("finished_at", UtcTimestamp()),
    optional("error_code", String(50)),
    one_of("kind", "rate_calculation", "export"),
    one_of("status", "queued", "running", "completed", "failed"),
    *json_check("parameters"),
    *json_check("counts"),
    schema=FORECASTING,
)
