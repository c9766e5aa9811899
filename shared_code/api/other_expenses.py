"""Other expenses of a site.

Source: REST API, "Other expenses — GET, PUT /other-expenses/{siteId}/{period}".
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta
from shared_code.api.fields import Amount, Money, ReadOnly
from shared_code.api.forecast_shapes import ChangesShape, HeaderShape, changes_of, precondition_of
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.month_windows import MonthsQuery, WindowShape, month_window
from shared_code.api.monthly_shapes import (
    MOST_MONTHS,
    WRITABLE,
    MonthlyBody,
    MonthRow,
    SourceWord,
    answer_periods,
    answer_saved,
    header_members,
    may_write,
)
from shared_code.api.replacing import ModeQuery, is_replacing
from shared_code.api.validation import Body
from shared_code.domain.rounding import ZERO
from shared_code.services.forecast.author import Precondition
from shared_code.services.forecast.monthly_warnings import together
from shared_code.services.forecast.other_expenses import (
    ACCOUNT_FIELDS,
    ENTERED_FIELDS,
    OtherExpensesMonth,
    OtherExpensesView,
    read_other_expenses,
)
from shared_code.services.forecast.other_expenses_saving import OtherExpensesRequest
from shared_code.services.forecast.saving import save
from shared_code.services.periods import Period
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.pnl_table import ViewWarning
from shared_code.services.runtime import Runtime
from shared_code.services.source_age import SourceAge, source_age

SUBJECT: Final = "Other expenses"


class AccountsShape(CamelModel):
    """The twelve accounts in dollars."""

    employee_relations: Money
    fuel_vehicles: Money
    loss_and_damage_claims: Money
    office_supplies: Money
    outside_services: Money
    rents_parking: Money
    repairs_and_maintenance: Money
    repairs_and_maintenance_vehicle: Money
    signage: Money
    supplies_and_equipment: Money
    tickets_and_printed_material: Money
    uniforms: Money


class SavedAccountsShape(CamelModel):
    """The amounts that are saved, in dollars; null is not saved. Claims are never forecast."""

    employee_relations: Money | None
    fuel_vehicles: Money | None
    loss_and_damage_claims: Money | None
    office_supplies: Money | None
    outside_services: Money | None
    rents_parking: Money | None
    repairs_and_maintenance: Money | None
    repairs_and_maintenance_vehicle: Money | None
    signage: Money | None
    supplies_and_equipment: Money | None
    tickets_and_printed_material: Money | None
    uniforms: Money | None


class SourcesShape(CamelModel):
    """Where each of the twelve effective amounts comes from."""

    employee_relations: SourceWord
    fuel_vehicles: SourceWord
    loss_and_damage_claims: SourceWord
    office_supplies: SourceWord
    outside_services: SourceWord
    rents_parking: SourceWord
    repairs_and_maintenance: SourceWord
    repairs_and_maintenance_vehicle: SourceWord
    signage: SourceWord
    supplies_and_equipment: SourceWord
    tickets_and_printed_material: SourceWord
    uniforms: SourceWord


class EffectiveAccountsShape(AccountsShape):
    """The accounts as they count, and their sum."""

    total: Money


class OtherExpensesMonthShape(CamelModel):
    """The accounts of a month; `actual` is null where the ledger was not read."""

    month: str = Field(examples=["2025-05"])
    editable: bool
    lock_reason: Literal["past", "site_closed", "role"] | None
    forecast: SavedAccountsShape | None
    budget: AccountsShape
    actual: AccountsShape | None
    effective: EffectiveAccountsShape
    source: SourcesShape


class MonthTotalShape(CamelModel):
    """The effective amounts of a month together."""

    month: str
    total: Money


class ExpenseTotalsShape(CamelModel):
    """The effective amounts by month, and by account."""

    by_month: list[MonthTotalShape]
    by_account: EffectiveAccountsShape


class OtherExpensesShape(HeaderShape):
    """Other expenses of a period by month."""

    months: list[OtherExpensesMonthShape]
    totals: ExpenseTotalsShape


class SavedOtherExpensesShape(OtherExpensesShape):
    """Other expenses after a PUT, and how many amounts it changed."""

    changes: ChangesShape


class AccountsBody(Body):
    """The amounts of a month in dollars; null removes the saved one."""

    model_config = ConfigDict(alias_generator=to_camel)

    employee_relations: Amount | None = None
    fuel_vehicles: Amount | None = None
    loss_and_damage_claims: ReadOnly = None
    office_supplies: Amount | None = None
    outside_services: Amount | None = None
    rents_parking: Amount | None = None
    repairs_and_maintenance: Amount | None = None
    repairs_and_maintenance_vehicle: Amount | None = None
    signage: Amount | None = None
    supplies_and_equipment: Amount | None = None
    tickets_and_printed_material: Amount | None = None
    uniforms: Amount | None = None
    total: ReadOnly = None


class OtherExpensesRow(MonthRow, AccountsBody):
    """The amounts of a month of a year."""


class OtherExpensesBody(MonthlyBody, AccountsBody):
    """The amounts of a month directly, those of a year by month."""

    value_fields: ClassVar = {
        name: to_camel(name) for name in AccountsBody.model_fields if to_camel(name) in ENTERED_FIELDS
    }

    months: Annotated[list[OtherExpensesRow], Field(min_length=1, max_length=MOST_MONTHS)] | None = None

    def request(self, precondition: Precondition | None, period: Period, *, is_replacing: bool) -> OtherExpensesRequest:
        """What is to be saved for `period`."""
        return OtherExpensesRequest(precondition, self.values(period, is_replacing=is_replacing))


WRITE_ACCESS: Final = Access("forecasting:write")
READ: Final = Demands(Access("forecasting:read"), query=MonthsQuery, body=NoBody)
WRITE: Final = Demands(WRITE_ACCESS, query=ModeQuery, body=OtherExpensesBody, forms=WRITABLE, is_written=True)


def other_expenses_router(base: str) -> APIRouter:
    """The resource of other expenses below `base`."""
    router = APIRouter(prefix=base, tags=["other expenses"])
    router.add_api_route(
        "/other-expenses/{siteId}/{period}",
        cached()(other_expenses),
        methods=["GET"],
        response_model=Envelope[OtherExpensesShape | WindowShape[OtherExpensesShape], FiguresMeta],
        summary="Other expenses of a month, quarter, year or several months",
    )
    router.add_api_route(
        "/other-expenses/{siteId}/{period}",
        put_other_expenses,
        methods=["PUT"],
        response_model=Envelope[SavedOtherExpensesShape, FiguresMeta],
        summary="Save other expenses of a month or year",
    )
    return router


def other_expenses(call: Annotated[Call[MonthsQuery, NoBody], Depends(READ)]) -> Response:
    """Saved, budget and actual amounts by month and account, and the one that counts."""
    periods = month_window(call.period, call.query.months, call.site.business_date)
    views = _read(call.runtime, call.site, periods, is_writer=may_write(call, WRITE_ACCESS))
    age = source_age(call.runtime)
    shapes = [OtherExpensesShape.model_validate(_members(view, view.header.warnings, age)) for view in views]
    return answer_periods(call, shapes, WindowShape[OtherExpensesShape], age, SUBJECT)


def put_other_expenses(call: Annotated[Call[ModeQuery, OtherExpensesBody], Depends(WRITE)]) -> Response:
    """Accounts that are not sent stay as they are; `null` falls back to the budget."""
    body = call.body
    request = body.request(precondition_of(call.if_match, body), call.period, is_replacing=is_replacing(call))
    (saved,) = save(call.runtime, call.site, call.period, call.author(body.reason), [request])
    (view,) = _read(call.runtime, call.site, [call.period], is_writer=True)
    age = source_age(call.runtime)
    members = _members(view, together(view.header.warnings, saved.warnings), age)
    shape = SavedOtherExpensesShape.model_validate({**members, **changes_of(saved)})
    return answer_saved(call, shape, age, SUBJECT)


def _read(runtime: Runtime, site: OpenSite, periods: Sequence[Period], *, is_writer: bool) -> list[OtherExpensesView]:
    with runtime.database.reading() as connection:
        return read_other_expenses(runtime, connection, site, periods, may_write=is_writer)


def _members(view: OtherExpensesView, warnings: Sequence[ViewWarning], age: SourceAge) -> dict[str, object]:
    return {
        **header_members(view.header, warnings, age),
        "months": [_month(month) for month in view.months],
        "totals": {
            "by_month": [{"month": month.month, "total": month.total} for month in view.months],
            "by_account": _with_total(view.by_account),
        },
    }


def _month(month: OtherExpensesMonth) -> dict[str, object]:
    return {
        "month": month.month,
        "editable": month.lock is None,
        "lock_reason": month.lock,
        "forecast": None if month.forecast is None else {name: month.forecast.get(name) for name in ACCOUNT_FIELDS},
        "budget": month.budget,
        "actual": month.actual,
        "effective": _with_total(month.effective),
        "source": month.source,
    }


def _with_total(amounts: Mapping[str, Decimal]) -> dict[str, object]:
    return {**amounts, "total": sum(amounts.values(), ZERO)}
