"""What people say about a site's month: notes, and whether the forecast was submitted and approved.

Source: Data model, "Forecast input".
"""

from sqlalchemy import Date, ForeignKey, ForeignKeyConstraint, Index, String, Table

from shared_code.sql.types import Identifier, UtcTimestamp, unicode_text
from shared_code.storage.tables.base import (
    FORECASTING,
    PERIOD,
    SITE_ID,
    metadata,
    one_of,
    optional,
    period_checks,
    required,
    standard_columns,
)
from shared_code.storage.tables.messages import running_number

notes = Table(
    "notes",
    metadata,
    required("note_id", Identifier(), primary_key=True),
    required("site_id", SITE_ID, ForeignKey("forecasting.sites.site_id")),
    required("period", PERIOD),
    required("text", unicode_text(2000)),
    optional("line", String(25)),
    optional("module", String(20)),
    optional("note_date", Date()),
    required("created_at", UtcTimestamp()),
    required("created_by", unicode_text(256)),
    *period_checks(),
    schema=FORECASTING,
)
Index("ix_notes_site", notes.c.site_id, notes.c.period, notes.c.created_at.desc())

submissions = Table(
    "submissions",
    metadata,
    required("site_id", SITE_ID, ForeignKey("forecasting.sites.site_id"), primary_key=True),
    required("period", PERIOD, primary_key=True),
    required("status", String(10)),
    *standard_columns(),
    one_of("status", "draft", "submitted", "returned", "approved"),
    *period_checks(),
    schema=FORECASTING,
)

submission_events = Table(
    "submission_events",
    metadata,
    running_number("submission_event_id"),
    required("site_id", SITE_ID),
    required("period", PERIOD),
    required("action", String(10)),
    optional("comment", unicode_text(2000)),
    required("at", UtcTimestamp()),
    required("user_id", unicode_text(256)),
    ForeignKeyConstraint(["site_id", "period"], [submissions.c.site_id, submissions.c.period]),
    *period_checks(),
    schema=FORECASTING,
    sqlite_autoincrement=True,
)
Index("ix_submission_events_site", submission_events.c.site_id, submission_events.c.period)
