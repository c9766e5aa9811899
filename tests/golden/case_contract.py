"""Reading the contract and the drivers of a case."""

from datetime import date

from shared_code.domain.account_figures import AccountBasis, AccountFigures
from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import (
    AdditionalPayroll,
    BillableTerms,
    ClaimsTerm,
    ClaimsType,
    Contract,
    ContractType,
    FeeRow,
    FeeType,
    InsuranceTerm,
    InsuranceType,
    LaborJob,
    ManagementFeeTerm,
    ManagementJob,
    ManagementTerms,
    NonLedgerItem,
    NonLedgerType,
    PayrollType,
    ProfitShareTerm,
    PtebTerm,
    PtebType,
    RevenueShareStructure,
    SupportTerm,
    SupportType,
)
from shared_code.domain.escalation import Escalator, EscalatorType, increment_of
from shared_code.domain.labor_hours import JobHours, LaborDay, forecast_hours
from shared_code.domain.other_revenue import OtherRevenueItems
from shared_code.domain.statistics import Category
from shared_code.domain.tiers import Tier
from tests.golden.case_values import (
    Given,
    expand_days,
    read_amount,
    read_as,
    read_date,
    read_decimals,
    read_number,
    read_rows,
)

EPOCH = date(2000, 1, 1)
"""Start of a contract whose case does not say it, because nothing in it depends on it."""


def read_contract(given: Given, contract_types: list[str] | None = None) -> Contract:
    """The contract of a case; its terms stand in `given` itself."""
    types = given.get("contract_types") if contract_types is None else contract_types
    return Contract(
        contract_types=frozenset(map(ContractType, types or [])),
        contract_start=read_date(given, "contract_start") or EPOCH,
        increment=increment_of(read_as(int, given, "increment_month"), read_number(given, "increment_percent")),
        fees=tuple(
            FeeRow(read_amount(row, "fee"), date.fromisoformat(row["start"]), read_date(row, "end"))
            for row in read_rows(given, "fees")
        ),
        occupied_room_rate=read_number(given, "occupied_room_rate"),
        labor_jobs=tuple(_read_labor_job(row) for row in read_rows(given, "jobs")),
        revenue_shares=tuple(_read_structure(row) for row in read_rows(given, "structures")),
        billable=_read_billable_terms(given),
        management=_read_management_terms(given.get("management_agreement") or {}),
    )


def read_tiers(given: Given) -> tuple[Tier, ...]:
    """The tiers of a structure."""
    return tuple(
        Tier(
            read_amount(row, "limit"),
            read_amount(row, "percent"),
            read_date(row, "effective_from"),
            read_date(row, "effective_to"),
        )
        for row in read_rows(given, "tiers")
    )


def read_escalator(given: Given) -> Escalator | None:
    """The escalator of a component."""
    row = given.get("escalator")
    return row and Escalator(int(row["month"]), EscalatorType(row["type"]), read_amount(row, "value"))


def read_claims_term(row: Given) -> ClaimsTerm:
    """The claims of a management agreement."""
    return ClaimsTerm(bool(row.get("enabled")), read_as(ClaimsType, row, "type"), read_number(row, "cap"))


def read_profit_share_term(row: Given) -> ProfitShareTerm:
    """The profit share of a management agreement."""
    return ProfitShareTerm(
        enabled=bool(row.get("enabled")),
        accumulation=read_as(Accumulation, row, "accumulation") or Accumulation.MONTHLY,
        tiers=read_tiers(row),
        start=read_date(row, "start"),
        escalator=read_escalator(row),
    )


def read_hours(given: Given) -> dict[str, JobHours]:
    """Hours of the month by job code, from `hours` and `budget_hours`."""
    days = [
        LaborDay(row["job_code"], row["day"], read_number(row, "regular_hours"), read_number(row, "overtime_hours"))
        for row in expand_days(read_rows(given, "hours"), "job_code")
    ]
    return forecast_hours(days, read_decimals(given.get("budget_hours")))


def read_accounts(given: Given) -> AccountFigures:
    """Budget, saved and posted figures of the accounts of a case."""
    rows = read_rows(given, "accounts")
    return AccountFigures(
        budget=read_decimals({row["account"]: row.get("budget") for row in rows}),
        saved=read_decimals({row["account"]: row.get("saved") for row in rows}),
        posted=read_decimals({row["account"]: row.get("actual_to_date") for row in rows}),
        basis=AccountBasis(given.get("basis") or "forecast"),
    )


def read_other_revenue(items: Given | None) -> OtherRevenueItems:
    """The six items of other revenue."""
    return OtherRevenueItems(**read_decimals(items))


def _read_labor_job(row: Given) -> LaborJob:
    return LaborJob(
        row["job_code"],
        read_amount(row, "rate"),
        read_number(row, "overtime_rate"),
        date.fromisoformat(row["start"]),
        read_date(row, "end"),
    )


def _read_structure(row: Given) -> RevenueShareStructure:
    categories = frozenset(map(Category, row.get("revenue_categories") or []))
    return RevenueShareStructure(Accumulation(row["accumulation"]), read_tiers(row), categories)


def _read_billable_terms(given: Given) -> BillableTerms:
    pteb, support = given.get("pteb") or {}, given.get("support") or {}
    return BillableTerms(
        enabled_accounts=frozenset(row["account"] for row in read_rows(given, "accounts") if row["enabled"]),
        additional_payroll=tuple(
            AdditionalPayroll(read_amount(row, "amount"), bool(row.get("excluded")))
            for row in read_rows(given, "additional_payroll")
        ),
        pteb=PtebTerm(
            enabled=bool(pteb.get("enabled")),
            type=read_as(PtebType, pteb, "type"),
            percent=read_number(pteb, "percent"),
            start=read_date(pteb, "start"),
            escalator=read_escalator(pteb),
        ),
        support=SupportTerm(
            enabled=bool(support.get("enabled")),
            type=read_as(SupportType, support, "type"),
            amount=read_number(support, "amount"),
            percent=read_number(support, "percent"),
            payroll_type=read_as(PayrollType, support, "payroll_type"),
        ),
    )


def _read_management_terms(terms: Given) -> ManagementTerms:
    insurance = terms.get("insurance") or {}
    return ManagementTerms(
        fee=_read_management_fee(terms["fee"]) if terms.get("fee") else None,
        insurance=InsuranceTerm(
            enabled=bool(insurance.get("enabled")),
            type=read_as(InsuranceType, insurance, "type"),
            additional_percent=read_number(insurance, "additional_percent"),
            amount=read_number(insurance, "amount"),
        ),
        claims=read_claims_term(terms.get("claims") or {}),
        non_ledger_items=tuple(
            NonLedgerItem(
                type=NonLedgerType(row["type"]),
                amount=read_number(row, "amount"),
                percent=read_number(row, "percent"),
                payroll_type=read_as(PayrollType, row, "payroll_type"),
                final_month=row.get("final_month"),
            )
            for row in read_rows(terms, "non_gl_items")
        ),
        profit_share=read_profit_share_term(terms.get("profit_share") or {}),
    )


def _read_management_fee(fee: Given) -> ManagementFeeTerm:
    return ManagementFeeTerm(
        type=FeeType(fee["type"]),
        amount=read_number(fee, "amount"),
        percent=read_number(fee, "percent"),
        jobs=tuple(
            ManagementJob(
                job_code=row["job_code"],
                rate=read_amount(row, "rate"),
                overtime_rate=read_number(row, "overtime_rate"),
                escalator_value=read_number(row, "escalator_value"),
                overtime_escalator_value=read_number(row, "overtime_escalator_value"),
                start=read_date(row, "start"),
                end=read_date(row, "end"),
            )
            for row in read_rows(fee, "jobs")
        ),
        start=read_date(fee, "start"),
        escalator=read_escalator(fee),
    )
