"""The components of a site's internal revenue as they are shown: amounts, and the terms that led to them.

Amounts are dollars that are not rounded yet; hours, rooms and rates are those that were priced.

Source: REST API, "Revenue" (GET /revenue/internal/{siteId}/{period}).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.billable_accounts import BillableAccounts
from shared_code.domain.contract import Contract, ContractType
from shared_code.domain.effective_statistics import RoomsSource
from shared_code.domain.escalation import Increment
from shared_code.domain.fixed_fee import FixedFee
from shared_code.domain.internal_revenue import Components
from shared_code.domain.labor_hour_fee import LaborHourFee
from shared_code.domain.labor_hours import HoursSource
from shared_code.domain.management_agreement import ManagementAgreement
from shared_code.domain.occupied_room_fee import OccupiedRoomFee
from shared_code.domain.other_revenue import OtherRevenue
from shared_code.domain.revenue_share import RevenueShare

MIXED: Final = "mixed"
"""The source of a sum whose parts have several."""


@dataclass(frozen=True, slots=True)
class EscalatorPart:
    """What the increments of a contract added; `is_applied` when there has been one."""

    description: str
    amount: Decimal
    is_applied: bool


@dataclass(frozen=True, slots=True)
class FixedFeePart:
    """Fixed fees as agreed, and what increments added."""

    total: Decimal
    base_amount: Decimal
    escalators: tuple[EscalatorPart, ...]


@dataclass(frozen=True, slots=True)
class OccupiedRoomPart:
    """The fee per occupied room, which nothing escalates; without one fee over several months it is None."""

    total: Decimal
    fee_per_room: Decimal | None
    occupied_rooms: Decimal
    rooms_source: str
    base_revenue: Decimal
    escalators: tuple[EscalatorPart, ...] = ()


@dataclass(frozen=True, slots=True)
class LaborJobPart:
    """One job of a fee per labor hour: hours, dollars per hour as agreed, and the amount with increments."""

    job_code: str
    regular_hours: Decimal
    overtime_hours: Decimal
    rate: Decimal
    overtime_rate: Decimal
    hours_source: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class LaborHourPart:
    """The fee per labor hour, job by job."""

    total: Decimal
    jobs: tuple[LaborJobPart, ...]
    escalators: tuple[EscalatorPart, ...]


@dataclass(frozen=True, slots=True)
class TierPart:
    """A tier from `lower` to `upper` dollars (None: unlimited), the revenue in it and the share of that."""

    lower: Decimal
    upper: Decimal | None
    percentage: Decimal
    revenue_in_tier: Decimal
    share_amount: Decimal


@dataclass(frozen=True, slots=True)
class StructurePart:
    """One structure of a revenue share; it accumulates `monthly`, by `calendar` year or by `anniversary`."""

    accumulation: str
    tiers: tuple[TierPart, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class RevenueSharePart:
    """The share of the net external revenue of the month."""

    total: Decimal
    external_revenue: Decimal
    structures: tuple[StructurePart, ...]


@dataclass(frozen=True, slots=True)
class PtebPart:
    """PTEB that is billed: `percentage` points of a base, or `actual` as the site has it; None: it is not billed."""

    calculation_type: str | None
    base_amount: Decimal
    applied_percentage: Decimal | None
    total: Decimal


@dataclass(frozen=True, slots=True)
class TotalPart:
    """A part of which only the sum is shown."""

    total: Decimal


@dataclass(frozen=True, slots=True)
class BillableAccountsPart:
    """What is billed by account."""

    total: Decimal
    billable_payroll: Decimal
    additional_payroll: Decimal
    pteb: PtebPart
    support_services: TotalPart
    expense_accounts: TotalPart


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A component of a management agreement."""

    name: str
    value: Decimal


@dataclass(frozen=True, slots=True)
class ManagementPart:
    """A management agreement in the order in which it is calculated."""

    total: Decimal
    components: tuple[NamedValue, ...]


@dataclass(frozen=True, slots=True)
class OtherRevenuePart:
    """The six items that users enter; None is not saved."""

    total: Decimal
    billable_expense: Decimal | None
    revenue_validation: Decimal | None
    miscellaneous: Decimal | None
    gpo_fees: Decimal | None
    signing_bonus: Decimal | None
    client_paid_expense: Decimal | None


@dataclass(frozen=True, slots=True)
class InternalComponents:
    """The components of a month; None for one that the contract does not have."""

    fixed_fee: FixedFeePart | None = None
    per_occupied_room: OccupiedRoomPart | None = None
    per_labor_hour: LaborHourPart | None = None
    revenue_share: RevenueSharePart | None = None
    billable_accounts: BillableAccountsPart | None = None
    management_agreement: ManagementPart | None = None
    other_revenue: OtherRevenuePart | None = None


NO_COMPONENTS: Final = InternalComponents()
"""A month without a contract, or one whose figures are unavailable."""


def components_of(contract: Contract, priced: Components, net_external_revenue: Decimal) -> InternalComponents:
    """The components that `contract` has; `net_external_revenue` (dollars) is that of the month that was priced."""
    has, increment = contract.pays_for, contract.increment
    share = priced.revenue_share
    return InternalComponents(
        _fixed_fee(priced.fixed_fee, increment) if has(ContractType.FIXED_FEE) else None,
        _occupied_rooms(priced.per_occupied_room) if has(ContractType.PER_OCCUPIED_ROOM) else None,
        _labor_hours(priced.per_labor_hour, increment) if has(ContractType.PER_LABOR_HOUR) else None,
        _revenue_share(share, net_external_revenue) if has(ContractType.REVENUE_SHARE) else None,
        _billable_accounts(contract, priced.billable_accounts) if priced.billable_accounts.counted else None,
        _management(priced.management_agreement) if has(ContractType.MANAGEMENT_AGREEMENT) else None,
        _other_revenue(priced.other_revenue),
    )


def _fixed_fee(fee: FixedFee, increment: Increment | None) -> FixedFeePart:
    escalators = tuple(
        _escalator(row.name or f"Fee from {row.start}", row.amount - row.fee, row.steps, increment)
        for row in fee.rows
        if row.active and increment is not None
    )
    return FixedFeePart(fee.total, fee.base, escalators)


def _occupied_rooms(fee: OccupiedRoomFee) -> OccupiedRoomPart:
    return OccupiedRoomPart(fee.total, fee.rate, fee.rooms, ROOMS_SOURCES[fee.rooms_source], fee.total)


def _labor_hours(fee: LaborHourFee, increment: Increment | None) -> LaborHourPart:
    jobs = tuple(
        LaborJobPart(
            job.job_code,
            job.regular_hours,
            job.overtime_hours,
            job.rate,
            job.overtime_rate,
            HOURS_SOURCES[job.hours_source],
            job.amount,
        )
        for job in fee.jobs
    )
    escalators = tuple(
        _escalator(job.job_code, job.amount - job.base, job.steps, increment)
        for job in fee.jobs
        if increment is not None
    )
    return LaborHourPart(fee.total, jobs, escalators)


def _escalator(name: str, amount: Decimal, steps: int, increment: Increment) -> EscalatorPart:
    each = f"{increment.percent.normalize():f} % each {MONTH_NAMES[increment.month - 1]}"
    return EscalatorPart(f"{name}: {each}", amount, steps > 0)


def _revenue_share(share: RevenueShare, net_external_revenue: Decimal) -> RevenueSharePart:
    structures = tuple(
        StructurePart(
            ACCUMULATIONS[structure.accumulation],
            tuple(
                TierPart(tier.lower, tier.upper, tier.percent, tier.amount_in_tier, tier.share)
                for tier in structure.tiers
            ),
            structure.total,
        )
        for structure in share.structures
    )
    return RevenueSharePart(share.total, net_external_revenue, structures)


def _billable_accounts(contract: Contract, billed: BillableAccounts) -> BillableAccountsPart:
    term, charge = contract.billable.pteb, billed.pteb
    return BillableAccountsPart(
        billed.total,
        billed.billable_payroll,
        billed.additional_payroll,
        PtebPart(
            "percentage" if charge.percentage is not None else "actual" if term.enabled else None,
            charge.base,
            None if charge.percentage is None else charge.percentage.value,
            charge.total,
        ),
        TotalPart(billed.support.total),
        TotalPart(billed.expense_accounts),
    )


def _management(agreement: ManagementAgreement) -> ManagementPart:
    passed = agreement.pass_through
    values = {
        "managementFee": agreement.fee.total,
        "billablePayroll": passed.billable_payroll,
        "additionalPayroll": passed.additional_payroll,
        "pteb": passed.pteb.total,
        "supportServices": passed.support.total,
        "expenseAccounts": passed.expense_accounts,
        "insurance": agreement.insurance.total,
        "claims": agreement.claims.total,
        "nonGl": agreement.non_ledger,
        "profitShare": agreement.profit_share.total,
    }
    return ManagementPart(agreement.total, tuple(NamedValue(name, value) for name, value in values.items()))


def _other_revenue(revenue: OtherRevenue) -> OtherRevenuePart:
    items = revenue.items
    return OtherRevenuePart(
        revenue.total,
        items.billable_expense,
        items.revenue_validation,
        items.miscellaneous,
        items.gpo_fees,
        items.signing_bonus,
        items.client_paid_expense,
    )


MONTH_NAMES: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

ACCUMULATIONS: Final = {
    Accumulation.MONTHLY: "monthly",
    Accumulation.ANNUAL_CALENDAR: "calendar",
    Accumulation.ANNUAL_ANNIVERSARY: "anniversary",
}
"""Accumulation periods under the names of the REST API."""

ROOMS_SOURCES: Final = {source: source.value for source in RoomsSource} | {RoomsSource.BLENDED: "trend"}
HOURS_SOURCES: Final = {source: source.value for source in HoursSource} | {HoursSource.BLENDED: "trend"}
"""Sources under the names of the REST API: recorded days together with others are `trend`."""
