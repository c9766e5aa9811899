"""The contract of a site: its terms as they were agreed, before any escalation.

Money is in dollars, percentages are percent points (15 = 15 %), months are `YYYY-MM`.

Source: Calculations, "Records"; Data model, "Contract terms".
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.escalation import Escalator, Increment
from shared_code.domain.months import first_day
from shared_code.domain.statistics import Category
from shared_code.domain.tiers import Tier


class ContractType(StrEnum):
    """What a contract pays for. A term is priced only when its type is in the set of the contract.

    The last four types produce no forecast amount.
    """

    FIXED_FEE = "fixed_fee"
    PER_OCCUPIED_ROOM = "per_occupied_room"
    PER_LABOR_HOUR = "per_labor_hour"
    REVENUE_SHARE = "revenue_share"
    BILLABLE_ACCOUNTS = "billable_accounts"
    MANAGEMENT_AGREEMENT = "management_agreement"
    INVOICE_GROUPING = "invoice_grouping"
    BELL_SERVICE = "bell_service"
    MID_MONTH_ADVANCE = "mid_month_advance"
    DEPOSITED_REVENUE = "deposited_revenue"


class PtebType(StrEnum):
    """How payroll taxes and employee benefits are billed."""

    PERCENTAGE = "percentage"
    ACTUAL = "actual"


class SupportType(StrEnum):
    """How support services are billed."""

    FIXED = "fixed"
    PERCENTAGE = "percentage"


class PayrollType(StrEnum):
    """The payroll that a percentage is taken of: billable payroll alone, or with PTEB."""

    BILLABLE = "billable"
    TOTAL = "total"


class FeeType(StrEnum):
    """How the management fee is agreed."""

    FIXED = "fixed"
    PER_LABOR_HOUR = "per_labor_hour"
    REVENUE_PERCENTAGE = "revenue_percentage"


class InsuranceType(StrEnum):
    """How a management agreement bills insurance."""

    BASED_ON_BILLABLE_ACCOUNTS = "based_on_billable_accounts"
    FIXED = "fixed"


class ClaimsType(StrEnum):
    """Whether claims are billed one by one or up to a yearly cap."""

    PER_CLAIM = "per_claim"
    ANNUAL_CALENDAR = "annual_calendar"
    ANNUAL_ANNIVERSARY = "annual_anniversary"


class NonLedgerType(StrEnum):
    """How a non-ledger item of a management agreement is agreed."""

    FIXED = "fixed"
    PAYROLL_PERCENTAGE = "payroll_percentage"
    REVENUE_PERCENTAGE = "revenue_percentage"


@dataclass(frozen=True, slots=True)
class FeeRow:
    """A fixed fee per month in dollars, from `start` to `end` (None: open)."""

    fee: Decimal
    start: date
    end: date | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class LaborJob:
    """Dollars per hour that the client pays for a job code; without an overtime rate the regular one holds."""

    job_code: str
    rate: Decimal
    overtime_rate: Decimal | None
    start: date
    end: date | None = None


@dataclass(frozen=True, slots=True)
class RevenueShareStructure:
    """A share of external revenue in tiers; without categories it is a share of all revenue."""

    accumulation: Accumulation
    tiers: tuple[Tier, ...]
    revenue_categories: frozenset[Category] = frozenset()


@dataclass(frozen=True, slots=True)
class AdditionalPayroll:
    """A monthly amount in dollars, any sign, that is billed on top of the payroll accounts unless excluded."""

    amount: Decimal
    excluded: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class PtebTerm:
    """How payroll taxes and employee benefits are billed; `percent` in percent points, escalated from `start`."""

    enabled: bool = False
    type: PtebType | None = None
    percent: Decimal | None = None
    start: date | None = None
    escalator: Escalator | None = None


@dataclass(frozen=True, slots=True)
class SupportTerm:
    """How support services are billed: dollars per month, or percent points of a payroll."""

    enabled: bool = False
    type: SupportType | None = None
    amount: Decimal | None = None
    percent: Decimal | None = None
    payroll_type: PayrollType | None = None


@dataclass(frozen=True, slots=True)
class BillableTerms:
    """The accounts that are billed to the client and what is billed on top of them."""

    enabled_accounts: frozenset[str] = frozenset()
    additional_payroll: tuple[AdditionalPayroll, ...] = ()
    pteb: PtebTerm = PtebTerm()
    support: SupportTerm = SupportTerm()


@dataclass(frozen=True, slots=True)
class ManagementJob:
    """Dollars per hour of a management fee per labor hour.

    The escalator of the fee changes both rates; `escalator_value` and `overtime_escalator_value` put a value of the
    job's own in its place.
    """

    job_code: str
    rate: Decimal
    overtime_rate: Decimal | None = None
    escalator_value: Decimal | None = None
    overtime_escalator_value: Decimal | None = None
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class ManagementFeeTerm:
    """The management fee: dollars per month, dollars per hour by job, or percent points of external revenue."""

    type: FeeType
    amount: Decimal | None = None
    percent: Decimal | None = None
    jobs: tuple[ManagementJob, ...] = ()
    start: date | None = None
    escalator: Escalator | None = None


@dataclass(frozen=True, slots=True)
class InsuranceTerm:
    """Insurance of a management agreement: the insurance row with `additional_percent` on top, or dollars per month."""

    enabled: bool = False
    type: InsuranceType | None = None
    additional_percent: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ClaimsTerm:
    """Claims of a management agreement; `cap` in dollars per accumulation period, None means unlimited."""

    enabled: bool = False
    type: ClaimsType | None = None
    cap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class NonLedgerItem:
    """An item billed without a ledger account, up to and including `final_month` (None: open)."""

    type: NonLedgerType
    amount: Decimal | None = None
    percent: Decimal | None = None
    payroll_type: PayrollType | None = None
    final_month: str | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class ProfitShareTerm:
    """A tiered share of the profit; the percentages of the tiers are escalated from `start`."""

    enabled: bool = False
    accumulation: Accumulation = Accumulation.MONTHLY
    tiers: tuple[Tier, ...] = ()
    start: date | None = None
    escalator: Escalator | None = None


@dataclass(frozen=True, slots=True)
class ManagementTerms:
    """What a management agreement adds to the billable accounts; a part that is None was not agreed."""

    fee: ManagementFeeTerm | None = None
    insurance: InsuranceTerm = InsuranceTerm()
    claims: ClaimsTerm = ClaimsTerm()
    non_ledger_items: tuple[NonLedgerItem, ...] = ()
    profit_share: ProfitShareTerm = ProfitShareTerm()


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract with all its terms. Terms may be present without their type; they are then not priced."""

    contract_types: frozenset[ContractType]
    contract_start: date
    increment: Increment | None = None
    fees: tuple[FeeRow, ...] = ()
    occupied_room_rate: Decimal | None = None
    labor_jobs: tuple[LaborJob, ...] = ()
    revenue_shares: tuple[RevenueShareStructure, ...] = ()
    billable: BillableTerms = BillableTerms()
    management: ManagementTerms = ManagementTerms()

    def pays_for(self, contract_type: ContractType) -> bool:
        """Whether terms of `contract_type` are priced."""
        return contract_type in self.contract_types

    @property
    def shares_categories(self) -> bool:
        """Whether a revenue share takes single categories only."""
        return any(share.revenue_categories for share in self.revenue_shares)


def is_active(start: date | None, end: date | None, period: str) -> bool:
    """Whether a fee or job row counts in `period`: in full when it holds on the first day, else not at all.

    Source: Calculations, "Active rows".
    """
    day = first_day(period)
    return (start is None or start <= day) and (end is None or end >= day)
