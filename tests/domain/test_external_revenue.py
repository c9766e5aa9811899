"""External revenue: count × rate, adjustment, the budget as it stands, and overrides."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from shared_code.domain.effective_statistics import StatisticsMonth, effective_statistics
from shared_code.domain.external_revenue import (
    ExternalRevenue,
    Override,
    RevenueLevers,
    RevenueSource,
    external_revenue,
    net_revenue_by_day,
    net_revenue_of_days,
)
from shared_code.domain.months import first_day, last_day
from shared_code.domain.rounding import money
from shared_code.domain.statistics import Category, StatisticsDay, Volumes
from tests.domain.strategies import MONEY, PERIODS, RATES_BY_CATEGORY, VOLUMES, statistics_days

NOVEMBER = StatisticsMonth("2025-11", 200, Volumes(valet_daily=Decimal(360), self_daily=Decimal(600)))
BUDGET_RATES = {Category.VALET_DAILY: Decimal(22), Category.SELF_DAILY: Decimal("11.50")}
BALANCE = Decimal("48250.75")
TOLERANCE = Decimal("1e-12")


def price(month: StatisticsMonth, levers: RevenueLevers) -> ExternalRevenue:
    return external_revenue(month, effective_statistics(month), levers)


def test_a_month_without_any_saved_driver_is_the_budget_as_it_stands() -> None:
    levers = RevenueLevers(
        budget_rates=BUDGET_RATES, budget_adjustment_percent=Decimal("-0.03"), budget_external_revenue=BALANCE
    )
    revenue = price(NOVEMBER, levers)
    assert (revenue.source, revenue.net, revenue.gross) == (RevenueSource.BUDGET, BALANCE, None)
    assert net_revenue_of_days(NOVEMBER, levers, revenue, date(2025, 11, 1), date(2025, 11, 10)) == BALANCE * 10 / 30


def test_the_components_of_a_month_on_budget_still_show_counts_and_rates() -> None:
    revenue = price(NOVEMBER, RevenueLevers(budget_rates=BUDGET_RATES, budget_external_revenue=BALANCE))
    assert revenue.category_amounts[Category.VALET_DAILY] == Decimal(7920)


def test_each_kind_of_saved_zero_switches_the_month_to_the_calculation() -> None:
    saved_day = StatisticsDay(date(2025, 11, 3), self_comps=Decimal(0))
    with_day = StatisticsMonth(NOVEMBER.period, NOVEMBER.available_rooms, NOVEMBER.budget, [saved_day])
    zero_rate = RevenueLevers({Category.SELF_MONTHLY: Decimal(0)}, BUDGET_RATES)
    zero_adjustment = RevenueLevers({}, BUDGET_RATES, saved_adjustment_percent=Decimal(0))
    for revenue in (
        price(with_day, RevenueLevers({}, BUDGET_RATES)),
        price(NOVEMBER, zero_rate),
        price(NOVEMBER, zero_adjustment),
    ):
        assert (revenue.source, revenue.net) == (RevenueSource.CALCULATED, Decimal(14820))


def test_an_override_alone_leaves_the_calculated_figure_on_budget() -> None:
    levers = RevenueLevers(override=Override(Decimal(9), "closed for works"), budget_external_revenue=BALANCE)
    revenue = price(NOVEMBER, levers)
    assert (revenue.source, revenue.overridden) == (RevenueSource.BUDGET, True)
    assert (revenue.net, revenue.calculated_net) == (Decimal(9), BALANCE)


def test_comps_are_never_priced() -> None:
    month = StatisticsMonth("2025-11", budget=Volumes(valet_comps=Decimal(50), self_comps=Decimal(50)))
    assert price(month, RevenueLevers(dict.fromkeys(Category, Decimal(10)))).net == 0


@st.composite
def priced_months(draw: st.DrawFn) -> tuple[StatisticsMonth, RevenueLevers]:
    period = draw(PERIODS)
    month = StatisticsMonth(period, draw(st.integers(0, 500)), draw(VOLUMES), draw(statistics_days(period)))
    percent = st.none() | st.decimals(min_value=-1, max_value=1, places=4)
    levers = RevenueLevers(
        saved_rates=draw(RATES_BY_CATEGORY),
        budget_rates=draw(RATES_BY_CATEGORY),
        saved_adjustment_percent=draw(percent),
        budget_adjustment_percent=draw(percent),
        override=draw(st.none() | st.builds(Override, MONEY, st.just("agreed"))),
        budget_external_revenue=draw(MONEY),
    )
    return month, levers


@given(priced_months())
@settings(deadline=None, max_examples=60)
def test_the_days_sum_to_the_net_of_the_month(priced: tuple[StatisticsMonth, RevenueLevers]) -> None:
    month, levers = priced
    revenue = price(month, levers)
    assert abs(sum(net_revenue_by_day(month, levers, revenue).values()) - revenue.net) < TOLERANCE


@given(priced_months(), st.integers(1, 31))
@settings(deadline=None, max_examples=60)
def test_the_days_before_and_after_a_day_sum_to_the_net_of_the_month(
    priced: tuple[StatisticsMonth, RevenueLevers], cut: int
) -> None:
    month, levers = priced
    revenue = price(month, levers)
    first, last = first_day(month.period), last_day(month.period)
    middle = min(first + timedelta(days=cut - 1), last)
    before = net_revenue_of_days(month, levers, revenue, first, middle)
    after = net_revenue_of_days(month, levers, revenue, middle + timedelta(days=1), last)
    assert abs(before + after - revenue.net) < TOLERANCE


@given(priced_months())
@settings(deadline=None, max_examples=60)
def test_gross_and_adjustments_sum_to_the_calculated_net(priced: tuple[StatisticsMonth, RevenueLevers]) -> None:
    revenue = price(*priced)
    if revenue.source is RevenueSource.BUDGET:
        assert (revenue.gross, revenue.adjustments, revenue.adjustment_percent) == (None, None, None)
    else:
        assert revenue.gross is not None
        assert revenue.adjustments is not None
        assert revenue.gross == sum(component.amount for component in revenue.components)
        assert money(revenue.gross + revenue.adjustments) == money(revenue.calculated_net)
