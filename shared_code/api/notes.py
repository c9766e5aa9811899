"""Notes on a site's month: left by those who write, read by all who read, never changed.

Source: REST API, "Notes, submissions, snapshots".
"""

from datetime import date, datetime
from typing import Annotated, Final, Literal, Self

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.fields import Day, ReadOnly, Text, wrong
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.api.paging import PageQuery
from shared_code.api.repetition import Repeatable
from shared_code.api.validation import Body, period_of_path
from shared_code.services.notes import NoteEntry, leave_note, list_notes
from shared_code.services.periods import PeriodType
from shared_code.storage.notes import Note

LineCode = Literal[
    "externalRevenue", "internalRevenue", "payroll", "claims", "parkingRents", "otherExpense", "pteb", "insurance",
    "flc", "flcToBudgetCumulative", "occupiedRooms",
]  # fmt: skip
ModuleName = Literal[
    "statistics", "payroll", "parking-rates", "external-revenue", "internal-revenue", "other-revenue", "other-expenses"
]


def _not_blank(text: str) -> str:
    if not text.strip():
        raise wrong("MISSING_REQUIRED_FIELD", "A note says something")
    return text


def _in_month(day: date, info: ValidationInfo) -> date:
    month = period_of_path(info)
    if month is not None and not month.first <= day <= month.last:
        limits = {"minimum": month.first, "maximum": month.last}
        raise wrong("VALUE_OUT_OF_RANGE", "The date of a note lies in its month", **limits)
    return day


class NoteBody(Body):
    """A note on a line of the P&L, on a module, or on the month; `date` is a day of the month."""

    model_config = ConfigDict(alias_generator=to_camel)

    text: Annotated[Text, Field(min_length=1), AfterValidator(_not_blank)]
    line: LineCode | None = None
    module: ModuleName | None = None
    date: Annotated[Day, AfterValidator(_in_month)] | None = None
    note_id: ReadOnly = None
    created_by: ReadOnly = None
    created_at: ReadOnly = None

    @model_validator(mode="after")
    def _about_one_thing(self) -> Self:
        if self.line is not None and self.module is not None:
            raise wrong("INVALID_DATA_TYPE", "A note is about a line or about a module")
        return self


class NoteShape(CamelModel):
    """A note, as plain text."""

    note_id: str
    text: str
    line: str | None
    module: str | None
    date: date | None
    created_by: str
    created_at: datetime


_MONTH: Final = (PeriodType.MONTH,)
READ: Final = Demands(Access("forecasting:read"), query=PageQuery, body=NoBody, forms=_MONTH)
WRITE: Final = Demands(Access("forecasting:write"), query=NoQuery, body=NoteBody, forms=_MONTH, is_written=True)


def notes_router(base: str) -> APIRouter:
    """The resource of notes below `base`."""
    router = APIRouter(prefix=base, tags=["notes, submissions, snapshots"])
    router.add_api_route(
        "/notes/{siteId}/{period}",
        month_notes,
        methods=["GET"],
        response_model=Envelope[list[NoteShape], Meta],
        summary="Notes on a month, the newest first",
    )
    router.add_api_route(
        "/notes/{siteId}/{period}",
        post_note,
        methods=["POST"],
        status_code=201,
        response_model=Envelope[NoteShape, Meta],
        summary="Leave a note",
    )
    return router


def month_notes(call: Annotated[Call[PageQuery, NoBody], Depends(READ)]) -> Response:
    """Clients escape the texts."""
    query = call.query
    found, total = list_notes(call.runtime, call.site, call.period, offset=query.offset, limit=query.limit)
    return success([_shown(note) for note in found], "Notes retrieved successfully", meta=query.meta(total))


def post_note(call: Annotated[Call[NoQuery, NoteBody], Depends(WRITE)], repeat: Repeatable) -> Response:
    """Notes are never changed or deleted."""
    return repeat.once(call, lambda: _left(call))


def _left(call: Call[NoQuery, NoteBody]) -> Response:
    body = call.body
    entry = NoteEntry(body.text, body.line, body.module, body.date)
    note = leave_note(call.runtime, call.site, call.period, entry, call.caller.user_id)
    return success(_shown(note), "Note created successfully", status=201)


def _shown(note: Note) -> NoteShape:
    return NoteShape(
        note_id=note.note_id,
        text=note.text,
        line=note.line,
        module=note.module,
        date=note.note_date,
        created_by=note.created_by,
        created_at=note.created_at,
    )
