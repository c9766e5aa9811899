"""The sites that the caller may see.

Source: REST API, "Forecast, summary, sites, me".
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access, Caller
from shared_code.api.envelope import Envelope, Meta, success
from shared_code.api.errors import RefusedError
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.api.site_shapes import SiteFilters, SiteShape
from shared_code.domain.site_scope import SiteScope
from shared_code.errors import NotFoundError
from shared_code.services.site_list import SiteEntry, find_site, list_sites

FORECASTING_ROLES: Final = (
    "account_manager",
    "district_manager",
    "regional_vp",
    "corporate_viewer",
    "forecasting_admin",
)
"""The roles that have sites."""

_MAY_WRITE: Final = Access("forecasting:write")
_ANY_FORECASTER: Final = Access(roles=FORECASTING_ROLES)

LIST: Final = Demands(_ANY_FORECASTER, query=SiteFilters, body=NoBody)
READ: Final = Demands(_ANY_FORECASTER, query=NoQuery, body=NoBody)


def sites_router(base: str) -> APIRouter:
    """The resources of sites below `base`."""
    router = APIRouter(prefix=base, tags=["sites"])
    router.add_api_route(
        "/sites",
        cached()(list_of_sites),
        methods=["GET"],
        response_model=Envelope[list[SiteShape], Meta],
        summary="The caller's sites",
    )
    router.add_api_route(
        "/sites/{siteId}",
        cached()(one_site),
        methods=["GET"],
        response_model=Envelope[SiteShape, Meta],
        summary="A site",
    )
    return router


def list_of_sites(call: Annotated[Call[SiteFilters, NoBody], Depends(LIST)]) -> Response:
    """In the order of their codes; a filter that nothing satisfies gives an empty list."""
    query = call.query
    found = list_sites(call.runtime, call.scope, query.choice, offset=query.offset, limit=query.limit)
    writable = _writable(call.caller)
    return success(
        [_shown(site, writable) for site in found.sites],
        "Sites retrieved successfully",
        meta=query.meta(found.total),
    )


def one_site(call: Annotated[Call[NoQuery, NoBody], Depends(READ)]) -> Response:
    """With the contract of the current month."""
    site_id = call.site.site_id
    site = find_site(call.runtime, call.scope, site_id)
    if site is None:
        raise NotFoundError(f"There is no site {site_id}.", code="SITE_NOT_FOUND", field="siteId")
    return success(_shown(site, _writable(call.caller)), "Site retrieved successfully")


def _writable(caller: Caller) -> SiteScope:
    """The sites whose forecast the caller may write."""
    try:
        return caller.reach(_MAY_WRITE)
    except RefusedError:
        return SiteScope.of(())


def _shown(site: SiteEntry, writable: SiteScope) -> SiteShape:
    values = {name: getattr(site, name) for name in SiteEntry.__slots__}
    return SiteShape(**values, access="write" if writable.covers(site.site_id) else "read")
