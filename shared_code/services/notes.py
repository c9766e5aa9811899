"""Notes that people leave on a site's month.

Source: REST API, "Notes, submissions, snapshots".
"""

from dataclasses import dataclass
from datetime import date

from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime
from shared_code.sql.transient import retry_use_case
from shared_code.sql.types import new_identifier
from shared_code.storage import notes
from shared_code.storage.notes import Note


@dataclass(frozen=True, slots=True)
class NoteEntry:
    """What is noted; `line` is the code of a P&L line, `module` that of a module, `note_date` a day of the month."""

    text: str
    line: str | None = None
    module: str | None = None
    note_date: date | None = None


def leave_note(runtime: Runtime, site: OpenSite, period: Period, entry: NoteEntry, user_id: str) -> Note:
    """Keep a note on a month."""

    def keep() -> Note:
        with runtime.database.writing() as connection:
            note = Note(
                new_identifier(),
                site.site_id,
                period.text,
                entry.text,
                entry.line,
                entry.module,
                entry.note_date,
                runtime.clock.now(),
                user_id,
            )
            notes.add(connection, note)
        return note

    return retry_use_case(keep)


def list_notes(runtime: Runtime, site: OpenSite, period: Period, *, offset: int, limit: int) -> tuple[list[Note], int]:
    """A page of the notes on a month, the newest first, and how many there are in all."""
    with runtime.database.reading() as connection:
        return notes.page(connection, site.scope, site.site_id, period.text, offset=offset, limit=limit)
