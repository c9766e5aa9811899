"""Internal revenue: the components of a contract, adjustments, and the sum over sites."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from shared_code.domain.account_figures import AccountFigures
from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import (
    BillableTerms,
    Contract,
    ContractType,
    FeeRow,
    FeeType,
    LaborJob,
    ManagementFeeTerm,
    ManagementTerms,
    RevenueShareStructure,
)
from shared_code.domain.contract_drivers import ContractDrivers
from shared_code.domain.escalation import Increment
from shared_code.domain.internal_revenue import (
    Adjustment,
    InternalRevenueSource,
    SiteInternalRevenue,
    internal_revenue,
    price_contract,
    roll_up_internal_revenue,
)
from shared_code.domain.labor_hours import HoursSource, JobHours
from shared_code.domain.other_revenue import OtherRevenueItems
from shared_code.domain.revenue_share import forecast_month_revenue
from shared_code.domain.rounding import ZERO, money
from shared_code.domain.tiers import Tier
from tests.domain.strategies import COUNTS, MONEY, PERIODS, POSITIVE_MONEY

START = date(2023, 1, 1)
PRICED = (
    "fixed_fee",
    "per_occupied_room",
    "per_labor_hour",
    "revenue_share",
    "billable_accounts",
    "management_agreement",
)
TYPES = st.frozensets(st.sampled_from(ContractType))
ADJUSTMENTS = st.lists(st.builds(Adjustment, MONEY, st.just("agreed with the client")), max_size=3)


def contract_of(types: frozenset[ContractType]) -> Contract:
    """A contract with every term, of which only those of `types` are priced."""
    return Contract(
        contract_types=types,
        contract_start=START,
        increment=Increment(4, Decimal(5)),
        fees=(FeeRow(Decimal(2000), date(2022, 4, 1)),),
        occupied_room_rate=Decimal(3),
        labor_jobs=(LaborJob("A", Decimal(20), None, date(2020, 1, 1)),),
        revenue_shares=(RevenueShareStructure(Accumulation.MONTHLY, (Tier(Decimal(0), Decimal(10)),)),),
        billable=BillableTerms(enabled_accounts=frozenset({"6000", "7045"})),
        management=ManagementTerms(fee=ManagementFeeTerm(FeeType.FIXED, amount=Decimal(7000))),
    )


def drivers_of(net: Decimal, rooms: Decimal, payroll: Decimal, validation: Decimal) -> ContractDrivers:
    return ContractDrivers(
        external_revenue=forecast_month_revenue(net),
        accumulated_shares=[ZERO],
        occupied_rooms=rooms,
        hours={"A": JobHours(Decimal(8), ZERO, HoursSource.FORECAST)},
        accounts=AccountFigures({"6000": payroll}),
        other_revenue=OtherRevenueItems(revenue_validation=validation),
    )


def test_only_the_terms_of_the_contract_types_are_priced() -> None:
    contract = contract_of(frozenset({ContractType.FIXED_FEE, ContractType.REVENUE_SHARE}))
    drivers = drivers_of(Decimal(41_000), Decimal(3_100), Decimal(500), Decimal(100))
    amounts = price_contract(contract, "2023-03", drivers).amounts
    assert {name for name, amount in amounts.items() if amount} == {"fixed_fee", "revenue_share", "other_revenue"}
    assert internal_revenue(amounts, ZERO).total == Decimal(6_200)


def test_the_types_without_a_forecast_amount_give_only_other_revenue() -> None:
    types = frozenset(set(ContractType) - {ContractType(name) for name in PRICED})
    drivers = drivers_of(Decimal(41_000), Decimal(3_100), Decimal(500), Decimal(100))
    assert internal_revenue(price_contract(contract_of(types), "2023-03", drivers).amounts, ZERO).total == Decimal(100)


def test_a_site_without_a_contract_takes_the_budget_and_its_adjustments() -> None:
    revenue = internal_revenue(None, Decimal("18400.25"), [Adjustment(Decimal(-400), "agreed credit")])
    assert (revenue.source, revenue.calculated) == (InternalRevenueSource.BUDGET, Decimal("18400.25"))
    assert revenue.total == Decimal("18000.25")


def test_the_total_is_the_rounded_sum_of_unrounded_components() -> None:
    amounts = {"fixed_fee": Decimal("100.004"), "per_labor_hour": Decimal("200.004")}
    assert money(internal_revenue(amounts, ZERO).total) == Decimal("300.01")


@given(TYPES, PERIODS, POSITIVE_MONEY, COUNTS, MONEY, POSITIVE_MONEY, ADJUSTMENTS)
@settings(deadline=None)
def test_components_and_adjustments_sum_to_internal_revenue(
    types: frozenset[ContractType],
    period: str,
    net: Decimal,
    rooms: Decimal,
    payroll: Decimal,
    validation: Decimal,
    adjustments: list[Adjustment],
) -> None:
    components = price_contract(contract_of(types), period, drivers_of(net, rooms, payroll, validation))
    revenue = internal_revenue(components.amounts, Decimal(1), adjustments)
    assert revenue.calculated == sum(components.amounts.values())
    assert revenue.total == revenue.calculated + sum(adjustment.amount for adjustment in adjustments)
    unpriced = set(PRICED) - {contract_type.value for contract_type in types}
    assert all(components.amounts[name] == 0 for name in unpriced)


@given(st.lists(st.tuples(MONEY, st.sampled_from(InternalRevenueSource)), max_size=8), st.integers(0, 8))
def test_a_region_is_the_sum_of_its_districts(figures: list[tuple[Decimal, InternalRevenueSource]], cut: int) -> None:
    sites = [SiteInternalRevenue(f"S{number}", amount / 3, source) for number, (amount, source) in enumerate(figures)]
    whole = roll_up_internal_revenue(sites)
    parts = [roll_up_internal_revenue(sites[:cut]), roll_up_internal_revenue(sites[cut:])]
    assert whole.total == sum(part.total for part in parts)
    assert whole.sites_on_budget == parts[0].sites_on_budget + parts[1].sites_on_budget
