"""Internal revenue in JSON: its components with their terms, adjustments, and the steps that led to it.

Source: REST API, "Revenue" (GET and PUT /revenue/internal/{siteId}/{period}).
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic.alias_generators import to_camel

from shared_code.api.envelope import CamelModel
from shared_code.api.fields import Count, HourlyRate, Hours, Money, PercentPoints, ReadOnly, Reason, SignedAmount, wrong
from shared_code.api.forecast_shapes import ChangesShape, HeaderShape
from shared_code.api.monthly_shapes import repeated
from shared_code.api.pnl_shapes import VarianceShape
from shared_code.api.revenue_shapes import MonthLock, RevenueBody
from shared_code.api.validation import Body, located
from shared_code.domain.contract import ContractType
from shared_code.domain.pnl_components import figure_text
from shared_code.domain.rounding import money
from shared_code.services.forecast.internal_revenue_saving import CATEGORIES

SourceWord = Literal["forecast", "budget", "mixed", "actual", "trend", "none"]


def _step_input(value: object) -> object:
    """Figures of a step with up to 6 decimals; texts as they are."""
    return Decimal(figure_text(value)) if isinstance(value, Decimal) else value


StepInput = Annotated[Any, AfterValidator(_step_input), WithJsonSchema({"type": ["number", "string", "null"]})]
"""An input of a step: an amount, a percentage, a count, a day."""


class EscalatorShape(CamelModel):
    """What a yearly increment of the contract added."""

    description: str
    amount: Money
    is_applied: bool


class SumShape(CamelModel):
    """A sum in dollars."""

    total: Money


class FixedFeeShape(SumShape):
    """Fixed fees as agreed, and what increments added."""

    base_amount: Money
    escalators: list[EscalatorShape]


class OccupiedRoomShape(SumShape):
    """The fee per occupied room; several months with different fees have none."""

    fee_per_room: HourlyRate | None
    occupied_rooms: Count
    rooms_source: SourceWord
    base_revenue: Money
    escalators: list[EscalatorShape]


class LaborJobShape(CamelModel):
    """A job: rates as agreed, and the amount with increments."""

    job_code: str
    regular_hours: Hours
    overtime_hours: Hours
    rate: HourlyRate
    overtime_rate: HourlyRate
    hours_source: SourceWord
    amount: Money


class LaborHourShape(SumShape):
    """The fee per labor hour."""

    jobs: list[LaborJobShape]
    escalators: list[EscalatorShape]


class TierShape(CamelModel):
    """A tier of accumulated revenue from one amount to another (null: unlimited)."""

    lower: Annotated[Money, Field(serialization_alias="from")]
    upper: Annotated[Money | None, Field(serialization_alias="to")]
    percentage: PercentPoints
    revenue_in_tier: Money
    share_amount: Money


class StructureShape(SumShape):
    """A structure of a revenue share, with its tiers."""

    accumulation: Literal["monthly", "calendar", "anniversary"]
    tiers: list[TierShape]


class RevenueShareShape(SumShape):
    """The share of external revenue."""

    external_revenue: Money
    structures: list[StructureShape]


class PtebShape(SumShape):
    """PTEB that is billed; the type is null where it is not, or differs between months."""

    calculation_type: Literal["percentage", "actual"] | None
    base_amount: Money
    applied_percentage: PercentPoints | None


class BillableAccountsShape(SumShape):
    """What is billed by account."""

    billable_payroll: Money
    additional_payroll: Money
    pteb: PtebShape
    support_services: SumShape
    expense_accounts: SumShape


class NamedValueShape(CamelModel):
    """A component of a management agreement."""

    name: str = Field(examples=["managementFee"])
    value: Money


class ManagementShape(SumShape):
    """A management agreement in the order in which it is calculated."""

    components: list[NamedValueShape]


class OtherRevenueItemsShape(SumShape):
    """The items that users enter; null is not saved."""

    billable_expense: Money | None
    revenue_validation: Money | None
    miscellaneous: Money | None
    gpo_fees: Money | None
    signing_bonus: Money | None
    client_paid_expense: Money | None


def _absent(component: object) -> bool:
    return component is None


class ComponentsShape(CamelModel):
    """The components of a contract; those that it does not have are absent."""

    fixed_fee: FixedFeeShape | None = Field(None, exclude_if=_absent)
    per_occupied_room: OccupiedRoomShape | None = Field(None, exclude_if=_absent)
    per_labor_hour: LaborHourShape | None = Field(None, exclude_if=_absent)
    revenue_share: RevenueShareShape | None = Field(None, exclude_if=_absent)
    billable_accounts: BillableAccountsShape | None = Field(None, exclude_if=_absent)
    management_agreement: ManagementShape | None = Field(None, exclude_if=_absent)
    other_revenue: OtherRevenueItemsShape | None = Field(None, exclude_if=_absent)


class AdjustmentShape(CamelModel):
    """What somebody added to the calculated figure, and why."""

    category: str = Field(examples=["general"])
    amount: Money
    reason: str
    updated_by: str
    updated_at: datetime


class ContractShape(CamelModel):
    """The contract that is priced, with its types as lists of sites name them."""

    types: list[ContractType]
    effective_from: date
    version: int


class TraceStepShape(CamelModel):
    """A step of the calculation."""

    step: str
    formula: str
    inputs: dict[str, StepInput]
    result: Money | None


class InternalFiguresShape(CamelModel):
    """Internal revenue: calculated, adjusted, and how it came about.

    `actual` is posted to date, `variance` holds the trend against the budget.
    """

    total: Money | None
    calculated: Money | None
    source: Literal["contract", "budget", "actual", "trend"]
    components: ComponentsShape
    adjustments: list[AdjustmentShape]
    contract: ContractShape | None
    budget: Money | None
    actual: Money | None
    trend: Money | None
    variance: VarianceShape | None
    trace: list[TraceStepShape]


class InternalMonthShape(InternalFiguresShape):
    """A month of a quarter or year."""

    month: str = Field(examples=["2025-05"])
    editable: bool
    lock_reason: MonthLock | None


class InternalRevenueShape(InternalFiguresShape, HeaderShape):
    """Internal revenue of a period; `months` of a quarter or year only."""

    months: list[InternalMonthShape]


class SavedInternalRevenueShape(InternalRevenueShape):
    """Internal revenue after a PUT, and how many cells it changed."""

    changes: ChangesShape


def _category(name: str) -> str:
    if name not in CATEGORIES:
        raise wrong("INVALID_DATA_TYPE", "A component or general is accepted", accepted=list(CATEGORIES))
    return name


Category = Annotated[str, AfterValidator(_category), WithJsonSchema({"type": "string", "enum": list(CATEGORIES)})]
"""A component of internal revenue, or `general`."""


class AdjustmentBody(Body):
    """An adjustment in dollars, any sign, with its reason; without an amount it is removed."""

    model_config = ConfigDict(alias_generator=to_camel)

    category: Category
    amount: SignedAmount | None
    reason: Reason | None = None
    updated_by: str | None = None
    updated_at: str | None = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.amount is not None and self.reason is None:
            raise located((("reason",), wrong("MISSING_REQUIRED_FIELD", "An adjustment needs a reason"), None))
        return self


class AdjustmentsBody(RevenueBody):
    """The adjustments of a month, each category at most once; components are never changed by them."""

    adjustments: Annotated[list[AdjustmentBody], Field(max_length=len(CATEGORIES))]
    total: ReadOnly = None
    calculated: ReadOnly = None
    source: ReadOnly = None
    contract: ReadOnly = None
    trace: ReadOnly = None

    @model_validator(mode="after")
    def _names_each_category_once(self) -> Self:
        faults = list(repeated([entry.category for entry in self.adjustments], "adjustments", "category"))
        if faults:
            raise located(*faults)
        return self

    def entries(self) -> dict[str, tuple[Decimal, str] | None]:
        """Amount and reason by category; None for one that is removed."""
        return {
            entry.category: None if entry.amount is None else (money(entry.amount), entry.reason or "")
            for entry in self.adjustments
        }
