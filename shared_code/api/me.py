"""Who calls, and what the product offers them.

Source: REST API, "Forecast, summary, sites, me".
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import WithJsonSchema
from starlette.responses import Response

from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.fields import Money, PercentPoints
from shared_code.api.gate import Call, Demands, NoBody, NoQuery
from shared_code.clock import business_date
from shared_code.services.me import features, own_sites, settings_in_force

Threshold = Annotated[Decimal, WithJsonSchema({"type": "number"})]
"""A threshold in the unit of its warning."""


class FeaturesShape(CamelModel):
    """Parts of the product that are switched on."""

    workflow: bool


class SettingsShape(CamelModel):
    """Thresholds and switches in force; `warningThresholds` are by warning code."""

    variance_medium_percent: PercentPoints
    variance_high_percent: PercentPoints
    flc_review_amount: Money
    flc_review_percent: PercentPoints
    trend_stable_percent: PercentPoints
    benchmark_min_sites: int
    benchmark_in_line_percent: PercentPoints
    warning_thresholds: dict[str, Threshold]
    strict_precondition: bool
    regional_vp_may_edit: bool
    unit_accounts_may_force: bool
    internal_revenue_adjust_roles: list[str]
    business_time_zone: str


class MeShape(CamelModel):
    """The caller: roles that count, rights that the token carries, and the sites within reach.

    `defaultSiteId` is the only site, null with none or several.
    """

    user_id: str
    display_name: str
    roles: list[str]
    scopes: list[str]
    site_count: int
    default_site_id: str | None
    districts: list[str]
    regions: list[str]
    features: FeaturesShape
    settings: SettingsShape
    business_date: date


READ: Final = Demands(Access(), query=NoQuery, body=NoBody)


def me_router(base: str) -> APIRouter:
    """The resource below `base` that tells callers about themselves."""
    router = APIRouter(prefix=base, tags=["sites"])
    router.add_api_route(
        "/me",
        me,
        methods=["GET"],
        response_model=Envelope[MeShape, Meta],
        summary="The caller",
    )
    return router


def me(call: Annotated[Call[NoQuery, NoBody], Depends(READ)]) -> Response:
    """For every role, also one without sites."""
    runtime, caller = call.runtime, call.caller
    own = own_sites(runtime, call.scope)
    data = MeShape(
        user_id=caller.user_id,
        display_name=caller.display_name,
        roles=list(caller.roles),
        scopes=sorted(caller.permissions),
        site_count=own.site_count,
        default_site_id=own.default_site_id,
        districts=list(own.districts),
        regions=list(own.regions),
        features=FeaturesShape.model_validate(features(runtime.settings)),
        settings=SettingsShape.model_validate(settings_in_force(runtime.settings)),
        business_date=business_date(runtime.clock, runtime.settings.business_time_zone),
    )
    return success(data, "Caller retrieved successfully")
