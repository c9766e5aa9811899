"""Volume, rate and adjustment effects of external revenue."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.category_revenue import CategoryMonth, CategoryRevenue
from shared_code.domain.pnl_components import FigureSource
from shared_code.domain.revenue_drivers import RevenueDriver, RevenueMonth, revenue_drivers
from shared_code.domain.rounding import money
from shared_code.domain.statistics import Category

VALET, SELF = Category.VALET_DAILY, Category.SELF_DAILY


def categories(**priced: tuple[str, str | None]) -> CategoryMonth:
    """Vehicles and dollars per vehicle by category."""
    return tuple(
        CategoryRevenue(
            Category(name),
            Decimal(count),
            None if rate is None else Decimal(rate),
            FigureSource.FORECAST,
            Decimal(count) * Decimal(rate or 0),
        )
        for name, (count, rate) in priced.items()
    )


def month(net: str, **priced: tuple[str, str | None]) -> RevenueMonth:
    return RevenueMonth(Decimal(net), categories(**priced))


def effects(*months: tuple[RevenueMonth, RevenueMonth]) -> dict[Category | None, tuple[str, str, str]]:
    """The effects that are not all 0, by category."""
    return {
        driver.category: (str(driver.volume_effect), str(driver.rate_effect), str(driver.adjustment_effect))
        for driver in revenue_drivers(months)
        if any((driver.volume_effect, driver.rate_effect, driver.adjustment_effect))
    }


def test_more_vehicles_count_at_the_rate_of_the_comparison_and_a_higher_rate_for_all_vehicles_of_the_base() -> None:
    base, comparison = month("30000", valet_daily=("1200", "25")), month("20000", valet_daily=("1000", "20"))
    assert effects((base, comparison)) == {VALET: ("4000.00", "6000.00", "0.00")}


def test_an_adjustment_belongs_to_the_categories_in_proportion_to_their_dollars() -> None:
    base = month("2700", valet_daily=("100", "20"), self_daily=("100", "10"))
    comparison = month("3000", valet_daily=("100", "20"), self_daily=("100", "10"))
    assert effects((base, comparison)) == {
        VALET: ("0.00", "0.00", "-200.00"),
        SELF: ("0.00", "0.00", "-100.00"),
    }


def test_a_category_without_a_rate_has_the_rate_0() -> None:
    base, comparison = month("500", valet_aggregator=("50", "10")), month("0", valet_aggregator=("0", None))
    assert effects((base, comparison)) == {Category.VALET_AGGREGATOR: ("0.00", "500.00", "0.00")}


def test_all_eight_categories_are_listed_in_their_order_and_the_rest_only_where_there_is_one() -> None:
    known = revenue_drivers([(month("10", valet_daily=("1", "10")), month("0"))])
    assert [driver.category for driver in known] == list(Category)
    unknown = revenue_drivers([(month("10"), month("0"))])
    assert [driver.category for driver in unknown] == [*Category, None]
    assert unknown[-1] == RevenueDriver(None, money(Decimal(0)), money(Decimal(0)), Decimal("10.00"))


def test_a_month_of_which_one_side_is_known_as_a_sum_alone_is_not_split() -> None:
    base, comparison = month("2000", valet_daily=("100", "20")), month("1500")
    assert effects((base, comparison)) == {None: ("0.00", "0.00", "500.00")}


def test_months_are_compared_one_by_one_and_added_up() -> None:
    first = month("2000", valet_daily=("100", "20")), month("1000", valet_daily=("50", "20"))
    second = month("1000", valet_daily=("50", "20")), month("2000", valet_daily=("50", "40"))
    assert effects(first, second) == {VALET: ("1000.00", "-1000.00", "0.00")}


def test_what_rounding_leaves_goes_to_the_largest_category() -> None:
    base = month("10.01", valet_daily=("3", "3.333"), self_daily=("1", "0.004"))
    [valet, *_] = revenue_drivers([(base, month("0"))])
    assert valet.rate_effect == Decimal("10.00")
    assert valet.adjustment_effect == Decimal("0.01")


AMOUNTS = st.decimals(min_value="-99999", max_value="99999", places=2)
COUNTS = st.decimals(min_value="-999", max_value="99999", places=4)
RATES = st.one_of(st.none(), st.decimals(min_value="0", max_value="999.99", places=2))


@st.composite
def revenue_months(draw: st.DrawFn) -> RevenueMonth:
    """Any month, also one whose parts have little to do with its sum."""
    names = draw(st.sets(st.sampled_from(Category)))
    parts = []
    for category in sorted(names):
        count, rate = draw(COUNTS), draw(RATES)
        amount = draw(st.one_of(st.just(count * (rate or 0)), AMOUNTS))
        parts.append(CategoryRevenue(category, count, rate, FigureSource.FORECAST, amount))
    return RevenueMonth(draw(AMOUNTS), tuple(parts))


@given(st.lists(st.tuples(revenue_months(), revenue_months()), min_size=1, max_size=4))
def test_the_effects_add_up_to_the_difference_to_the_cent(months: Sequence[tuple[RevenueMonth, RevenueMonth]]) -> None:
    drivers = revenue_drivers(months)
    total = sum(
        (driver.volume_effect + driver.rate_effect + driver.adjustment_effect for driver in drivers), Decimal(0)
    )
    assert total == sum((base.net - comparison.net for base, comparison in months), Decimal(0))
    parts = [amount for driver in drivers for amount in (driver.volume_effect, driver.rate_effect)]
    assert all(amount == money(amount) for amount in parts)
