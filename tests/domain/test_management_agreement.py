"""Management agreements: fee, pass-through, insurance, claims, non-ledger items and profit share."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.account_figures import AccountBasis, AccountFigures
from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import (
    BillableTerms,
    ClaimsTerm,
    ClaimsType,
    Contract,
    ContractType,
    FeeType,
    InsuranceTerm,
    InsuranceType,
    ManagementFeeTerm,
    ManagementJob,
    ManagementTerms,
    NonLedgerItem,
    NonLedgerType,
    PayrollType,
    ProfitShareTerm,
    PtebTerm,
    PtebType,
    SupportTerm,
    SupportType,
)
from shared_code.domain.contract_drivers import ContractDrivers
from shared_code.domain.escalation import Escalator, EscalatorType
from shared_code.domain.labor_hours import HoursSource, JobHours
from shared_code.domain.management_agreement import NO_AGREEMENT, management_agreement
from shared_code.domain.management_claims import accumulated_claims, bill_claims_by_month, charge_claims, posted_claims
from shared_code.domain.management_fee import management_fee
from shared_code.domain.other_revenue import OtherRevenueItems
from shared_code.domain.profit_share import accumulated_profit, share_profit, share_profit_by_month
from shared_code.domain.revenue_share import forecast_month_revenue
from shared_code.domain.rounding import ZERO, money
from shared_code.domain.tiers import Tier
from tests.domain.strategies import MONEY, POSITIVE_MONEY

START = date(2023, 1, 1)
STEPPED = (Tier(Decimal(200_000), Decimal(10)), Tier(Decimal(400_000), Decimal(15)), Tier(Decimal(0), Decimal(20)))
COMPLETE = Contract(
    frozenset({ContractType.MANAGEMENT_AGREEMENT}),
    START,
    billable=BillableTerms(
        enabled_accounts=frozenset({"6000", "7045", "7080", "7100", "7175"}),
        pteb=PtebTerm(enabled=True, type=PtebType.PERCENTAGE, percent=Decimal(20)),
        support=SupportTerm(enabled=True, type=SupportType.FIXED, amount=Decimal(2500)),
    ),
    management=ManagementTerms(
        fee=ManagementFeeTerm(FeeType.REVENUE_PERCENTAGE, percent=Decimal(5)),
        insurance=InsuranceTerm(
            enabled=True, type=InsuranceType.BASED_ON_BILLABLE_ACCOUNTS, additional_percent=Decimal(3)
        ),
        claims=ClaimsTerm(enabled=True, type=ClaimsType.ANNUAL_CALENDAR, cap=Decimal(20_000)),
        non_ledger_items=(NonLedgerItem(NonLedgerType.FIXED, amount=Decimal(350), final_month="2025-08"),),
        profit_share=ProfitShareTerm(True, Accumulation.ANNUAL_CALENDAR, STEPPED),
    ),
)
DRIVERS = ContractDrivers(
    external_revenue=forecast_month_revenue(Decimal(210_000)),
    accounts=AccountFigures(
        {
            "6000": Decimal(60_000),
            "7045": Decimal(500),
            "7080": Decimal(900),
            "7100": Decimal(250),
            "7175": Decimal(1_500),
        }
    ),
    insurance_row=Decimal("5527.50"),
    accumulated_profit=Decimal(180_000),
)


def test_all_components_of_a_complete_agreement() -> None:
    agreement = management_agreement(COMPLETE, "2025-08", DRIVERS)
    assert agreement.fee.total == Decimal(10_500)
    assert agreement.pass_through.expense_accounts == Decimal(2_000)
    assert agreement.insurance.total == Decimal("5693.325")
    assert agreement.profit_share.profit == Decimal("116956.675")
    assert money(agreement.profit_share.total) == Decimal("16543.50")
    assert money(agreement.total) == Decimal("109586.83")


def test_terms_without_the_contract_type_give_nothing() -> None:
    without_type = Contract(frozenset({ContractType.FIXED_FEE}), START, management=COMPLETE.management)
    assert management_agreement(without_type, "2025-08", DRIVERS) == NO_AGREEMENT


def test_a_non_ledger_item_counts_up_to_its_final_month() -> None:
    assert management_agreement(COMPLETE, "2025-08", DRIVERS).non_ledger == Decimal(350)
    assert management_agreement(COMPLETE, "2025-09", DRIVERS).non_ledger == 0


def test_the_profit_of_a_closed_month_is_made_of_posted_figures() -> None:
    posted = {"6000": Decimal(50_000), "7045": Decimal(400), "7080": Decimal(1_000), "7100": Decimal(3_000)}
    drivers = ContractDrivers(
        external_revenue=forecast_month_revenue(Decimal(200_000)),
        accounts=AccountFigures(DRIVERS.accounts.budget, {}, posted, AccountBasis.POSTED),
        insurance_row=Decimal(1_000),
        claims=posted_claims(COMPLETE.billable.enabled_accounts, posted),
        other_revenue=OtherRevenueItems(revenue_validation=Decimal(700), client_paid_expense=Decimal(-100)),
    )
    charges = Decimal(10_000) + 50_000 + 10_000 + 2_500 + 400 + Decimal(1_030) + 3_000 + 350
    assert management_agreement(COMPLETE, "2025-02", drivers).profit_share.profit == Decimal(200_600) - charges


def test_percentages_of_payroll_are_taken_with_or_without_pteb() -> None:
    items = tuple(
        NonLedgerItem(NonLedgerType.PAYROLL_PERCENTAGE, percent=Decimal(3), payroll_type=payroll_type)
        for payroll_type in (PayrollType.BILLABLE, PayrollType.TOTAL, None)
    )
    terms = ManagementTerms(non_ledger_items=items)
    contract = Contract(COMPLETE.contract_types, START, billable=COMPLETE.billable, management=terms)
    agreement = management_agreement(contract, "2025-08", DRIVERS)
    assert [item.amount for item in agreement.non_ledger_items] == [Decimal(1_800), Decimal(2_160), Decimal(1_800)]


@given(MONEY, MONEY, MONEY, MONEY)
def test_the_components_sum_to_the_total(net: Decimal, payroll: Decimal, claims: Decimal, profit: Decimal) -> None:
    drivers = ContractDrivers(
        external_revenue=forecast_month_revenue(net),
        accounts=AccountFigures({"6000": payroll}),
        claims=claims,
        accumulated_profit=profit,
    )
    agreement = management_agreement(COMPLETE, "2025-08", drivers)
    parts = (
        agreement.fee.total,
        agreement.pass_through.total,
        agreement.insurance.total,
        agreement.claims.total,
        agreement.non_ledger,
        agreement.profit_share.total,
    )
    assert sum(parts) == agreement.total
    assert agreement.profit_share.profit == net - sum(parts[:-1])


def test_rates_of_a_fee_per_hour_escalate_and_a_job_may_have_its_own_step() -> None:
    term = ManagementFeeTerm(
        FeeType.PER_LABOR_HOUR,
        jobs=(
            ManagementJob("VAL", Decimal(20), Decimal(30), escalator_value=Decimal(5)),
            ManagementJob("SUP", Decimal("10.01"), start=date(2025, 2, 2)),
        ),
        start=date(2023, 6, 1),
        escalator=Escalator(1, EscalatorType.PERCENTAGE, Decimal(3)),
    )
    hours = {
        "VAL": JobHours(Decimal(100), Decimal(10), HoursSource.FORECAST),
        "SUP": JobHours(Decimal(50), Decimal(2), HoursSource.BUDGET),
    }
    february, march = (management_fee(term, START, period, ZERO, hours) for period in ("2025-02", "2025-03"))
    assert [(job.rate.value, job.overtime_rate.value) for job in february.jobs] == [
        (Decimal("22.05"), Decimal("31.83"))
    ]
    assert february.total == Decimal("2523.30")
    assert march.total == Decimal("2523.30") + 52 * Decimal("10.62")


def test_a_fixed_fee_escalates_from_its_start() -> None:
    term = ManagementFeeTerm(
        FeeType.FIXED,
        amount=Decimal(6150),
        start=date(2023, 9, 15),
        escalator=Escalator(4, EscalatorType.PERCENTAGE, Decimal("3.5")),
    )
    assert management_fee(term, START, "2025-04", ZERO, {}).total == Decimal("6588.03")


@pytest.mark.parametrize(
    ("term", "amount", "accumulated", "billed"),
    [
        (ClaimsTerm(True, ClaimsType.PER_CLAIM, Decimal(5)), "7200", "0", "7200"),
        (ClaimsTerm(True, ClaimsType.PER_CLAIM), "-1", "0", "0"),
        (ClaimsTerm(True, ClaimsType.ANNUAL_CALENDAR, Decimal(100)), "60", "50", "50"),
        (ClaimsTerm(True, ClaimsType.ANNUAL_CALENDAR, Decimal(100)), "60", "300", "0"),
        (ClaimsTerm(True, ClaimsType.ANNUAL_CALENDAR), "60", "300", "60"),
        (ClaimsTerm(True, ClaimsType.ANNUAL_ANNIVERSARY, Decimal(100)), "-20", "0", "0"),
        (ClaimsTerm(False, ClaimsType.PER_CLAIM), "60", "0", "0"),
    ],
)
def test_claims_are_billed_up_to_the_cap_and_never_negative(
    term: ClaimsTerm, amount: str, accumulated: str, billed: str
) -> None:
    assert charge_claims(term, Decimal(amount), Decimal(accumulated)).total == Decimal(billed)


@given(st.lists(POSITIVE_MONEY, max_size=12), POSITIVE_MONEY)
def test_claims_of_a_year_are_billed_up_to_the_cap_and_no_further(claims: list[Decimal], cap: Decimal) -> None:
    by_month = {f"2025-{number:02d}": amount for number, amount in enumerate(claims, start=1)}
    charges = bill_claims_by_month(ClaimsTerm(True, ClaimsType.ANNUAL_CALENDAR, cap), START, by_month)
    assert sum(charge.total for charge in charges.values()) == min(cap, sum(claims))


def test_claims_start_again_on_the_anniversary() -> None:
    term = ClaimsTerm(True, ClaimsType.ANNUAL_ANNIVERSARY, Decimal(1000))
    claims = {"2025-04": Decimal(600), "2025-05": Decimal(700)}
    assert accumulated_claims(term, date(2024, 5, 10), "2025-05", claims) == 0
    assert accumulated_claims(term, date(2024, 6, 10), "2025-05", claims) == Decimal(600)


def test_only_enabled_claims_accounts_count_as_claims() -> None:
    posted = {"7099": Decimal(1), "7100": Decimal(2), "7103": Decimal(4), "7045": Decimal(8)}
    assert posted_claims({"7100", "7101", "7103", "7045"}, posted) == Decimal(2)


def test_the_percentages_of_a_profit_share_escalate() -> None:
    term = ProfitShareTerm(
        True,
        Accumulation.MONTHLY,
        (Tier(Decimal(1000), Decimal(10)), Tier(Decimal(0), Decimal(20))),
        date(2024, 1, 1),
        Escalator(2, EscalatorType.FIXED_AMOUNT, Decimal(1)),
    )
    share = share_profit(term, START, "2025-03", Decimal(1500), ZERO)
    assert [band.percent for band in share.tiers] == [Decimal("12.00"), Decimal("22.00")]
    assert share.total == Decimal(230)


def test_profit_accumulates_in_whole_cents() -> None:
    term = ProfitShareTerm(True, Accumulation.ANNUAL_CALENDAR, STEPPED)
    assert accumulated_profit(term, START, "2025-02", {"2025-01": Decimal("116956.675")}) == Decimal("116956.68")


@given(st.lists(POSITIVE_MONEY, max_size=12))
def test_profit_shares_of_a_year_are_the_share_of_the_year(profits: list[Decimal]) -> None:
    term = ProfitShareTerm(True, Accumulation.ANNUAL_CALENDAR, STEPPED)
    by_month = {f"2025-{number:02d}": profit for number, profit in enumerate(profits, start=1)}
    shares = share_profit_by_month(term, START, by_month)
    whole = share_profit(term, START, "2025-12", sum(profits, ZERO), ZERO)
    assert sum(share.total for share in shares.values()) == whole.total
