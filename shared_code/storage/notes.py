"""Notes on a site's month. They are written and read, never changed.

Source: Data model, "Forecast input".
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, String, cast, func, insert, select

from shared_code.domain.site_scope import SiteScope
from shared_code.storage.database import within
from shared_code.storage.tables.workflow import notes


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody said about a month (`YYYY-MM`): about a line of its P&L, a module, a day, or the whole of it."""

    note_id: str
    site_id: str
    period: str
    text: str
    line: str | None
    module: str | None
    note_date: date | None
    created_at: datetime
    created_by: str


def add(connection: Connection, note: Note) -> None:
    """Keep a note."""
    connection.execute(insert(notes).values({name: getattr(note, name) for name in Note.__slots__}))


def page(
    connection: Connection, scope: SiteScope, site_id: str, period: str, *, offset: int, limit: int
) -> tuple[list[Note], int]:
    """Notes of a month, the newest first, from the `offset`-th on, and how many there are in all."""
    of_month = (within(scope, notes.c.site_id), notes.c.site_id == site_id, notes.c.period == period)
    total = connection.execute(select(func.count()).select_from(notes).where(*of_month)).scalar_one()
    rows = connection.execute(
        select(*[notes.c[name] for name in Note.__slots__])
        .where(*of_month)
        # Identifiers of one process grow with time as texts; SQL Server compares them otherwise.
        .order_by(notes.c.created_at.desc(), cast(notes.c.note_id, String(36)).desc())
        .offset(offset)
        .limit(limit)
    )
    return [Note(*row) for row in rows], total
