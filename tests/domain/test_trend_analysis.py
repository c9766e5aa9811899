"""Direction, accuracy, gaps and seasonal factors."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.seasonal_factors import SeasonalSource, seasonal_factors
from shared_code.domain.trend_analysis import (
    NO_TREND,
    Accuracy,
    Direction,
    Gap,
    fill_gaps,
    find_trend,
    measure_accuracy,
)
from tests.domain.strategies import MONEY

POINTS = st.lists(st.none() | MONEY, max_size=20)
EVEN_YEAR = [Decimal(10)] * 12


def decimals(*values: str | None) -> list[Decimal | None]:
    """A series."""
    return [None if value is None else Decimal(value) for value in values]


def test_a_rise_of_a_cost_is_a_degradation_and_of_a_yield_an_improvement() -> None:
    points = decimals("100", "110")
    assert find_trend("payroll", points).direction is Direction.DEGRADING
    assert find_trend("internal_revenue", points).direction is Direction.IMPROVING


def test_the_limit_of_what_is_stable_can_be_set() -> None:
    assert find_trend("payroll", decimals("100", "104"), stable_percent=Decimal(4)).direction is Direction.STABLE


def test_a_change_of_exactly_two_percent_of_a_quotient_that_never_ends_is_stable() -> None:
    third = Decimal(1) / 3
    assert find_trend("occupancy", [third, Decimal("0.34")]).direction is Direction.STABLE
    assert find_trend("occupancy", [third, Decimal("0.340001")]).direction is Direction.IMPROVING


def test_a_series_that_starts_at_0_has_a_slope_and_no_direction() -> None:
    trend = find_trend("revenue_per_vehicle", decimals("0", "3"))
    assert (trend.change_percent, trend.direction, trend.slope_per_period) == (None, None, Decimal(3))


def test_fewer_than_two_points_say_nothing() -> None:
    assert find_trend("payroll", decimals(None, "5"), Decimal(4)) == NO_TREND


@given(st.integers(-1_000, 1_000), st.integers(-50, 50), st.lists(st.booleans(), min_size=2, max_size=15))
def test_points_on_a_line_have_its_slope_whatever_is_missing(start: int, step: int, present: list[bool]) -> None:
    points = [Decimal(start + step * x) if there else None for x, there in enumerate(present)]
    trend = find_trend("payroll", points)
    assert trend.slope_per_period == (step if sum(present) > 1 else None)


def test_points_without_an_actual_do_not_enter_the_error_but_zeros_enter_the_bias() -> None:
    pairs = [(Decimal(110), Decimal(100)), (Decimal(10), Decimal(0)), (None, Decimal(5)), (Decimal(5), None)]
    assert measure_accuracy(pairs) == Accuracy(mape=Decimal("10.00"), bias=Decimal("20.00"))


def test_without_an_actual_there_is_no_accuracy() -> None:
    assert measure_accuracy([(Decimal(5), Decimal(0))]) == Accuracy(None, None)


def test_a_short_gap_is_filled_on_a_straight_line_and_flagged() -> None:
    filled = fill_gaps(decimals("10", None, None, "16"))
    assert filled.values == tuple(decimals("10", "12", "14", "16"))
    assert filled.interpolated == (False, True, True, False)
    assert filled.gaps == (Gap(1, 2, interpolated=True),)


def test_seven_missing_values_are_not_filled_and_six_are() -> None:
    assert fill_gaps([Decimal(1), *[None] * 7, Decimal(1)]).gaps == (Gap(1, 7, interpolated=False),)
    assert fill_gaps([Decimal(1), *[None] * 6, Decimal(1)]).values == (Decimal(1),) * 8


@given(POINTS)
def test_gaps_are_told_completely_and_known_values_stay(points: list[Decimal | None]) -> None:
    filled = fill_gaps(points)
    inside = {position for gap in filled.gaps for position in range(gap.first, gap.last + 1)}
    assert inside == {position for position, value in enumerate(points) if value is None}
    for position, value in enumerate(points):
        assert value is None or filled.values[position] == value
        assert filled.interpolated[position] == (value is None and filled.values[position] is not None)


@given(POINTS)
def test_a_filled_value_lies_between_its_neighbours(points: list[Decimal | None]) -> None:
    filled = fill_gaps(points)
    for gap in filled.gaps:
        if gap.interpolated:
            ends = sorted(value for value in (points[gap.first - 1], points[gap.last + 1]) if value is not None)
            middle = [value for value in filled.values[gap.first : gap.last + 1] if value is not None]
            assert all(ends[0] <= value <= ends[1] for value in middle)


def test_factors_come_from_the_site_then_the_region_then_nowhere() -> None:
    years = [EVEN_YEAR] * 3
    assert seasonal_factors(years, []).source is SeasonalSource.SITE
    assert seasonal_factors(years[:2], years).source is SeasonalSource.REGION
    nothing = seasonal_factors([], years[:2])
    assert (nothing.source, set(nothing.factors)) == (SeasonalSource.NONE, {Decimal(1)})


def test_a_year_that_is_incomplete_or_adds_up_to_0_does_not_count() -> None:
    incomplete = [*EVEN_YEAR[:11], None]
    cancelled = [Decimal(5), Decimal(-5)] * 6
    assert seasonal_factors([EVEN_YEAR, EVEN_YEAR, incomplete, cancelled], []).source is SeasonalSource.NONE


@given(st.lists(st.lists(st.integers(0, 500).map(Decimal), min_size=12, max_size=12), min_size=3, max_size=5))
def test_factors_stay_within_their_limits(years: list[list[Decimal]]) -> None:
    factors = seasonal_factors(years, []).factors
    assert len(factors) == 12
    assert all(Decimal("0.8") <= factor <= Decimal("1.2") for factor in factors)
