"""Saving everything of a forecast at once.

Source: REST API, "Forecast, summary, sites, me" (PUT /forecast/{siteId}/{period}).
"""

from collections.abc import Mapping
from typing import Annotated, Final, Self

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, model_validator
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from shared_code.api import other_expenses, parking_rates, payroll, revenue_other, statistics
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, Meta, success
from shared_code.api.errors import RefusedError
from shared_code.api.fields import Reason, wrong
from shared_code.api.forecast_shapes import ChangesShape, precondition_of, shown
from shared_code.api.gate import Call, Demands, NoQuery, require_site
from shared_code.api.monthly_shapes import WRITABLE
from shared_code.api.other_expenses import OtherExpensesBody
from shared_code.api.parking_rates import ParkingRatesBody
from shared_code.api.payroll_body import PayrollBody
from shared_code.api.pnl_shapes import WarningShape
from shared_code.api.revenue_other import OtherRevenueBody
from shared_code.api.statistics_bodies import StatisticsBody
from shared_code.api.validation import Body
from shared_code.services.forecast.author import ANY_VERSION, Precondition
from shared_code.services.forecast.save_all import save_all
from shared_code.services.forecast.saving import WriteRequest
from shared_code.services.periods import Period

Part = StatisticsBody | ParkingRatesBody | PayrollBody | OtherRevenueBody | OtherExpensesBody
"""The body of a module's own PUT."""

SECTION_ACCESS: Final[Mapping[str, Access]] = {
    "statistics": statistics.WRITE_ACCESS,
    "parking_rates": parking_rates.WRITE_ACCESS,
    "payroll": payroll.WRITE_ACCESS,
    "other_revenue": revenue_other.WRITE_ACCESS,
    "other_expenses": other_expenses.WRITE_ACCESS,
}
"""The sections, and who may write each of them."""


class ForecastBody(Body):
    """Any of the sections, each as its own PUT takes it, and a common reason.

    The version of a section is that of the period of the path.
    """

    model_config = ConfigDict(alias_generator=to_camel)

    statistics: StatisticsBody | None = None
    parking_rates: ParkingRatesBody | None = None
    payroll: PayrollBody | None = None
    other_revenue: OtherRevenueBody | None = None
    other_expenses: OtherExpensesBody | None = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _has_a_section(self) -> Self:
        if not self.sections:
            names = ", ".join(to_camel(name) for name in SECTION_ACCESS)
            raise wrong("MISSING_REQUIRED_FIELD", f"One of these sections is required: {names}")
        return self

    @property
    def sections(self) -> dict[str, Part]:
        """The sections that are sent."""
        found = ((name, getattr(self, name)) for name in SECTION_ACCESS)
        return {name: section for name, section in found if section is not None}


class SavedPartShape(CamelModel):
    """A section after the save: the version of the period of the path, and how many cells changed."""

    version: int
    changes: ChangesShape
    warnings: list[WarningShape]


class SavedForecastShape(CamelModel):
    """The sections that were sent, by their names."""

    sections: dict[str, SavedPartShape]


WRITE: Final = Demands(Access("forecasting:write"), query=NoQuery, body=ForecastBody, forms=WRITABLE, is_written=True)


def forecast_router(base: str) -> APIRouter:
    """The resource of whole forecasts below `base`."""
    router = APIRouter(prefix=base, tags=["forecast"])
    router.add_api_route(
        "/forecast/{siteId}/{period}",
        put_forecast,
        methods=["PUT"],
        response_model=Envelope[SavedForecastShape, Meta],
        summary="Save several modules of a month or year together: all of them, or none",
    )
    return router


def put_forecast(call: Annotated[Call[NoQuery, ForecastBody], Depends(WRITE)]) -> Response:
    """Each section is checked as its own PUT does; `If-Match` counts only as `*`, because versions are by section."""
    sections = call.body.sections
    for name in sections:
        require_site(call.caller.reach(SECTION_ACCESS[name]), call.site.site_id)
    any_version = call.if_match if call.if_match == ANY_VERSION else None
    requests = {
        to_camel(name): _request(to_camel(name), part, precondition_of(any_version, part), call.period)
        for name, part in sections.items()
    }
    reason = call.body.reason or next((part.reason for part in sections.values() if part.reason), None)
    saved = save_all(call.runtime, call.site, call.period, call.author(reason), requests)
    shape = SavedForecastShape(
        sections={
            name: SavedPartShape(
                version=part.version,
                changes=ChangesShape.model_validate(part.changes),
                warnings=shown(part.warnings),
            )
            for name, part in saved.items()
        }
    )
    return success(shape, "Forecast updated successfully")


def _request(name: str, part: Part, precondition: Precondition | None, period: Period) -> WriteRequest:
    """What the section `name` wants to be saved; what it refuses names the field within the whole body."""
    try:
        if isinstance(part, StatisticsBody):
            return part.request(precondition, is_replacing=False)
        return part.request(precondition, period, is_replacing=False)
    except RefusedError as error:
        entries = [entry.model_copy(update={"field": f"{name}.{entry.field}"}) for entry in error.entries]
        raise RefusedError(error.status, entries) from None
