"""Frozen P&L figures: taken by administrators, read by all as far as their sites reach.

Source: REST API, "Notes, submissions, snapshots".
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.fields import Count, Money, ReadOnly, Text, no_longer_than, period_in, wrong
from shared_code.api.gate import Call, Demands, NoBody, NoQuery, require_site
from shared_code.api.paging import PageQuery
from shared_code.api.repetition import Repeatable
from shared_code.api.unique_items import SiteCodes
from shared_code.api.validation import Body
from shared_code.domain.site_scope import SiteScope
from shared_code.logs import current_request
from shared_code.services.periods import Period, PeriodType
from shared_code.services.snapshots import SnapshotOrder, list_snapshots, read_snapshot, take_snapshot
from shared_code.storage.pnl_results import StoredMonth
from shared_code.storage.snapshots import Snapshot

LONGEST_NAME: Final = 100
_FORMS: Final = (PeriodType.MONTH, PeriodType.YEAR)


def _trimmed(value: str) -> str:
    if not (name := value.strip()):
        raise wrong("MISSING_REQUIRED_FIELD", "A snapshot has a name")
    return name


class SnapshotBody(Body):
    """What is to be frozen: a month or a year of the sites named, or of all."""

    model_config = ConfigDict(alias_generator=to_camel)

    name: Annotated[
        Text, Field(min_length=1, max_length=LONGEST_NAME), no_longer_than(LONGEST_NAME), AfterValidator(_trimmed)
    ]
    kind: Literal["manual", "fpa_projection"] = "manual"
    period: Annotated[
        Period,
        period_in(_FORMS),
        WithJsonSchema({"type": "string", "pattern": r"^\d{4}(-(0[1-9]|1[0-2]))?$", "examples": ["2025-05", "2025"]}),
    ]
    site_ids: SiteCodes | None = None
    all: bool = False
    snapshot_id: ReadOnly = None
    site_count: ReadOnly = None
    created_by: ReadOnly = None
    created_at: ReadOnly = None
    lines: ReadOnly = None

    @model_validator(mode="after")
    def _one_choice_of_sites(self) -> Self:
        chosen = (self.site_ids is not None) + self.all
        if chosen != 1:
            code = "INVALID_DATA_TYPE" if chosen else "MISSING_REQUIRED_FIELD"
            raise wrong(code, "Exactly one of siteIds and all is needed")
        return self


class SnapshotShape(CamelModel):
    """A snapshot: when it was taken, by whom, and of what."""

    snapshot_id: str
    name: str
    kind: Literal["manual", "month_close", "fpa_projection"]
    period: str = Field(examples=["2025-05"])
    site_count: int
    created_by: str
    created_at: datetime


class SnapshotLineShape(CamelModel):
    """The figures of a site and month in one scenario, as they were; null where a source could not be read."""

    site_id: str
    period: str = Field(examples=["2025-05"])
    scenario: Literal["budget", "actual", "forecast", "trend"]
    external_revenue: Money | None
    internal_revenue: Money | None
    payroll: Money | None
    claims: Money | None
    parking_rents: Money | None
    other_expense: Money | None
    pteb: Money | None
    insurance: Money | None
    flc: Money | None
    occupied_rooms: Count | None
    actual_through: date | None


class DetailedSnapshotShape(SnapshotShape):
    """A snapshot with the lines of the sites that the caller may read, by site, month and scenario."""

    lines: list[SnapshotLineShape]


_READERS: Final = Access("forecasting:read")
LIST: Final = Demands(_READERS, query=PageQuery, body=NoBody)
READ: Final = Demands(_READERS, query=NoQuery, body=NoBody)
TAKE: Final = Demands(Access(roles=("forecasting_admin",)), query=NoQuery, body=SnapshotBody)


def snapshots_router(base: str) -> APIRouter:
    """The resources of snapshots below `base`."""
    router = APIRouter(prefix=base, tags=["notes, submissions, snapshots"])
    router.add_api_route(
        "/snapshots",
        snapshots,
        methods=["GET"],
        response_model=Envelope[list[SnapshotShape], Meta],
        summary="Snapshots, the newest first",
    )
    router.add_api_route(
        "/snapshots",
        post_snapshot,
        methods=["POST"],
        status_code=201,
        response_model=Envelope[SnapshotShape, Meta],
        summary="Freeze the P&L",
    )
    router.add_api_route(
        "/snapshots/{snapshotId}",
        snapshot,
        methods=["GET"],
        response_model=Envelope[DetailedSnapshotShape, Meta],
        summary="A snapshot with its figures",
    )
    return router


def snapshots(call: Annotated[Call[PageQuery, NoBody], Depends(LIST)]) -> Response:
    """Everybody sees which snapshots there are."""
    query = call.query
    found, total = list_snapshots(call.runtime, offset=query.offset, limit=query.limit)
    shown = [SnapshotShape.model_validate(one) for one in found]
    return success(shown, "Snapshots retrieved successfully", meta=query.meta(total))


def snapshot(call: Annotated[Call[NoQuery, NoBody], Depends(READ)]) -> Response:
    """Lines of sites out of reach are left out."""
    found, months = read_snapshot(call.runtime, call.scope, call.path["snapshotId"])
    shown = DetailedSnapshotShape(**_members(found), lines=_lines(months))
    return success(shown, "Snapshot retrieved successfully")


def post_snapshot(call: Annotated[Call[NoQuery, SnapshotBody], Depends(TAKE)], repeat: Repeatable) -> Response:
    """The P&L is brought up to date first; nothing changes a snapshot afterwards."""
    for site_id in call.body.site_ids or ():
        require_site(call.scope, site_id)
    return repeat.once(call, lambda: _taken(call))


def _taken(call: Call[NoQuery, SnapshotBody]) -> Response:
    body, note = call.body, current_request()
    order = SnapshotOrder(
        body.name,
        body.kind,
        body.period,
        call.scope if body.site_ids is None else SiteScope.of(body.site_ids),
        call.caller.user_id,
        note.request_id if note else "",
    )
    shown = SnapshotShape(**_members(take_snapshot(call.runtime, order)))
    return success(shown, "Snapshot created successfully", status=201)


def _members(found: Snapshot) -> dict[str, Any]:
    return {name: getattr(found, name) for name in SnapshotShape.model_fields}


def _lines(months: Sequence[StoredMonth]) -> list[SnapshotLineShape]:
    return [
        SnapshotLineShape(
            site_id=month.site_id,
            period=month.period,
            scenario=month.scenario,
            actual_through=month.actual_through,
            **{row.value: value for row, value in month.cells.items()},
        )
        for month in months
    ]
