"""Runs of the feeds with their sources and rejects, and the findings of quality checks.

Source: Data model, "Integration and staging"; Source side, "Run history, lineage, failure".
"""

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Table

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp, binary, long_text, unicode_text
from shared_code.storage.tables.base import (
    INTEGRATION,
    RATIO,
    json_check,
    metadata,
    one_of,
    optional,
    required,
)
from shared_code.storage.tables.messages import running_number

sync_runs = Table(
    "sync_runs",
    metadata,
    required("sync_run_id", Identifier(), primary_key=True),
    required("flow", String(30)),
    required("feed", String(40)),
    required("slice", String(60)),
    required("trigger_kind", String(10)),
    required("state", String(10)),
    optional("window_from", String(10)),
    optional("window_to", String(10)),
    required("started_at", UtcTimestamp()),
    optional("finished_at", UtcTimestamp()),
    *[
        optional(f"rows_{measure}", BigInteger())
        for measure in ("read", "accepted", "inserted", "updated", "deleted", "rejected", "ignored")
    ],
    optional("completeness", RATIO),
    optional("watermark_before", String(40)),
    optional("watermark_after", String(40)),
    required("fencing_token", BigInteger()),
    optional("error_code", String(50)),
    optional("error_text", unicode_text(2000)),
    optional("requested_by", unicode_text(256)),
    one_of("trigger_kind", "timer", "message", "manual"),
    one_of("state", "running", "succeeded", "unchanged", "failed", "aborted", "skipped"),
    schema=INTEGRATION,
)
Index("ix_sync_runs_feed", sync_runs.c.feed, sync_runs.c.slice, sync_runs.c.started_at.desc())

sync_run_sources = Table(
    "sync_run_sources",
    metadata,
    required("sync_run_id", Identifier(), ForeignKey(sync_runs.c.sync_run_id), primary_key=True),
    required("seq", Integer(), primary_key=True, autoincrement=False),
    required("query_id", String(10)),
    required("query_hash", binary(32)),
    required("node_alias", String(30)),
    required("object_name", String(200)),
    required("parameters", long_text()),
    optional("row_count", BigInteger()),
    optional("duration_ms", Integer()),
    optional("content_hash", binary(32)),
    *json_check("parameters"),
    schema=INTEGRATION,
)

sync_rejects = Table(
    "sync_rejects",
    metadata,
    running_number("reject_id"),
    required("sync_run_id", Identifier(), ForeignKey(sync_runs.c.sync_run_id)),
    optional("business_key", String(200)),
    required("reason_code", String(40)),
    optional("field", String(60)),
    required("raw_row", long_text()),
    optional("resolved_at", UtcTimestamp()),
    optional("resolved_by", unicode_text(256)),
    *json_check("raw_row"),
    schema=INTEGRATION,
    sqlite_autoincrement=True,
)
Index("ix_sync_rejects_run", sync_rejects.c.sync_run_id)

quality_checks = Table(
    "quality_checks",
    metadata,
    running_number("check_id"),
    required("validation_run_id", Identifier()),
    required("source", String(40)),
    required("rows_checked", BigInteger()),
    optional("completeness", RATIO),
    required("threshold", RATIO),
    required("out_of_range", BigInteger()),
    optional("newest_at", UtcTimestamp()),
    optional("age_hours", ExactDecimal(9, 2)),
    required("is_fresh", Boolean()),
    required("status", String(6)),
    required("issues", long_text()),
    required("checked_at", UtcTimestamp()),
    one_of("status", "pass", "warn", "fail"),
    *json_check("issues"),
    schema=INTEGRATION,
    sqlite_autoincrement=True,
)
Index("ix_quality_checks_run", quality_checks.c.validation_run_id)
