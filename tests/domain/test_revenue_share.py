"""Revenue share: the base of a structure, what it has accumulated, and the sum over structures."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.accumulation import Accumulation
from shared_code.domain.contract import Contract, ContractType, RevenueShareStructure
from shared_code.domain.revenue_share import (
    MonthRevenue,
    accumulated_base,
    closed_month_revenue,
    forecast_month_revenue,
    revenue_share,
)
from shared_code.domain.rounding import ZERO
from shared_code.domain.statistics import Category
from shared_code.domain.tiers import Tier
from tests.domain.strategies import POSITIVE_MONEY

START = date(2023, 1, 1)
VALET = frozenset({Category.VALET_DAILY, Category.VALET_OVERNIGHT})
AMOUNTS = {
    Category.VALET_DAILY: Decimal(9_000),
    Category.VALET_OVERNIGHT: Decimal(21_000),
    Category.SELF_DAILY: Decimal(20_000),
}
FLAT = (Tier(Decimal(0), Decimal(40)),)


def contract_of(*structures: RevenueShareStructure) -> Contract:
    return Contract(frozenset({ContractType.REVENUE_SHARE}), START, revenue_shares=structures)


def test_without_categories_the_base_is_all_net_revenue() -> None:
    assert forecast_month_revenue(Decimal(47_500), AMOUNTS).base([]) == Decimal(47_500)


def test_categories_take_their_part_of_the_net_revenue() -> None:
    assert forecast_month_revenue(Decimal(47_500), AMOUNTS).base(VALET) == Decimal(28_500)


def test_in_a_closed_month_categories_have_their_recorded_net_revenue() -> None:
    closed = closed_month_revenue(
        Decimal(50_000), {Category.VALET_DAILY: Decimal(8_100), Category.SELF_DAILY: Decimal(7)}
    )
    assert closed.base(VALET) == Decimal(8_100)


def test_in_the_current_month_forecast_days_add_the_forecast_part_of_the_categories() -> None:
    blended = MonthRevenue(
        net=Decimal(30_000),
        forecast_net=Decimal(10_000),
        forecast_amounts=AMOUNTS,
        actual_by_category={Category.VALET_DAILY: Decimal(5_000), Category.SELF_DAILY: Decimal(15_000)},
    )
    assert blended.base(VALET) == Decimal(5_000) + Decimal(6_000)


def test_categories_of_a_month_without_any_amount_have_no_base() -> None:
    assert forecast_month_revenue(Decimal(100), {}).base(VALET) == 0


def test_earlier_months_are_accumulated_in_whole_cents_from_what_each_structure_shares() -> None:
    structure = RevenueShareStructure(Accumulation.ANNUAL_CALENDAR, FLAT, VALET)
    revenue = {
        "2024-12": closed_month_revenue(Decimal(1), {Category.VALET_DAILY: Decimal(1)}),
        "2025-01": closed_month_revenue(Decimal(9), {Category.VALET_DAILY: Decimal("2.004")}),
        "2025-03": forecast_month_revenue(Decimal(47_500), AMOUNTS),
        "2025-04": forecast_month_revenue(Decimal(47_500), AMOUNTS),
    }
    assert accumulated_base(structure, START, "2025-04", revenue) == Decimal("28502.00")


def test_structures_add_up() -> None:
    first = RevenueShareStructure(Accumulation.MONTHLY, FLAT, VALET)
    second = RevenueShareStructure(Accumulation.ANNUAL_CALENDAR, (Tier(Decimal(10_000), Decimal(20)),))
    share = revenue_share(
        contract_of(first, second), "2025-06", forecast_month_revenue(Decimal(47_500), AMOUNTS), [ZERO, Decimal(4_000)]
    )
    assert [structure.total for structure in share.structures] == [Decimal(11_400), Decimal(1_200)]
    assert share.total == Decimal(12_600)


def test_each_structure_needs_its_accumulated_amount() -> None:
    structure = RevenueShareStructure(Accumulation.MONTHLY, FLAT)
    with pytest.raises(ValueError, match="shorter"):
        revenue_share(contract_of(structure, structure), "2025-06", forecast_month_revenue(Decimal(1)), [ZERO])


def test_structures_without_the_contract_type_give_nothing() -> None:
    contract = Contract(
        frozenset({ContractType.FIXED_FEE}), START, revenue_shares=(RevenueShareStructure(Accumulation.MONTHLY, FLAT),)
    )
    assert revenue_share(contract, "2025-06", forecast_month_revenue(Decimal(1000)), []).total == 0


@given(st.lists(POSITIVE_MONEY, min_size=12, max_size=12))
def test_the_shares_of_a_year_are_the_share_of_the_year(amounts: list[Decimal]) -> None:
    tiers = (
        Tier(Decimal(500_000), Decimal(12)),
        Tier(Decimal(2_000_000), Decimal("8.5")),
        Tier(Decimal(0), Decimal(6)),
    )
    yearly = RevenueShareStructure(Accumulation.ANNUAL_CALENDAR, tiers)
    contract = contract_of(yearly)
    months = {f"2025-{number:02d}": forecast_month_revenue(net) for number, net in enumerate(amounts, start=1)}
    by_month = sum(
        revenue_share(contract, month, revenue, [accumulated_base(yearly, START, month, months)]).total
        for month, revenue in months.items()
    )
    assert by_month == revenue_share(contract, "2025-01", forecast_month_revenue(sum(amounts, ZERO)), [ZERO]).total
