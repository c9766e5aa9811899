"""The audit trail: who changed what from what to what, and what was denied.

Source: REST API, "Audit and export".
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.fields import Day
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.paging import PageQuery
from shared_code.domain.site_scope import SiteScope
from shared_code.services.audit_trail import read_trail
from shared_code.storage.audit_reading import RecordedEntry


class AuditQuery(PageQuery):
    """Which entries are wanted; the days are those of the company's time zone, both included."""

    first: Day | None = Field(None, alias="from")
    last: Day | None = Field(None, alias="to")
    module: str | None = Field(None, min_length=1, max_length=20)
    user: str | None = Field(None, min_length=1, max_length=256)
    field: str | None = Field(None, min_length=1, max_length=60)


class AuditShape(CamelModel):
    """A changed cell, or an event; `key` names the day, job code or other thing that was changed."""

    at: datetime
    user_id: str
    role: str | None
    on_behalf: bool
    site_id: str | None
    period: str | None
    module: str
    key: str
    field: str | None
    old: str | None
    new: str | None
    source: str = Field(json_schema_extra={"enum": ["ui", "api", "copy", "import", "system"]})
    reason: str | None
    request_id: str | None


READ_SITE: Final = Demands(
    Access("forecasting:read", roles=("district_manager", "forecasting_admin")), query=AuditQuery, body=NoBody
)
READ_ALL: Final = Demands(Access(roles=("forecasting_admin",)), query=AuditQuery, body=NoBody)


def audit_router(base: str) -> APIRouter:
    """The resources of the audit trail below `base`."""
    router = APIRouter(prefix=base, tags=["audit"])
    router.add_api_route(
        "/audit",
        whole_trail,
        methods=["GET"],
        response_model=Envelope[list[AuditShape], Meta],
        summary="The audit trail of all sites, the newest entries first",
    )
    router.add_api_route(
        "/audit/{siteId}",
        site_trail,
        methods=["GET"],
        response_model=Envelope[list[AuditShape], Meta],
        summary="The audit trail of a site, the newest entries first",
    )
    return router


def whole_trail(call: Annotated[Call[AuditQuery, NoBody], Depends(READ_ALL)]) -> Response:
    """With what concerns no site; a caller whose token is narrowed to some sites sees theirs."""
    return _answer(call, call.scope)


def site_trail(call: Annotated[Call[AuditQuery, NoBody], Depends(READ_SITE)]) -> Response:
    """The last 30 days by default."""
    return _answer(call, call.site.scope)


def _answer(call: Call[AuditQuery, NoBody], scope: SiteScope) -> Response:
    query = call.query
    found, total = read_trail(
        call.runtime,
        scope,
        first=query.first,
        last=query.last,
        module=query.module,
        user=query.user,
        field=query.field,
        offset=query.offset,
        limit=query.limit,
    )
    return success(_shown(found), "Audit trail retrieved successfully", meta=query.meta(total))


def _shown(entries: Sequence[RecordedEntry]) -> list[AuditShape]:
    return [
        AuditShape(
            at=entry.occurred_at,
            user_id=entry.user_id,
            role=entry.role_code,
            on_behalf=entry.on_behalf,
            site_id=entry.site_id,
            period=entry.period,
            module=entry.module,
            key=entry.item_key,
            field=entry.field,
            old=entry.old_value,
            new=entry.new_value,
            source=entry.source,
            reason=entry.reason,
            request_id=entry.request_id,
        )
        for entry in entries
    ]
