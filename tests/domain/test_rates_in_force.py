"""The rate in force on a day, and the spans with one rate."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.months import days_of
from shared_code.domain.rates_in_force import (
    RateMethod,
    RateRow,
    RateSpan,
    entered_rate_in_force,
    rate_in_force,
    rate_spans,
)

APRIL = (date(2025, 4, 1), date(2025, 4, 30))
DAYS_AROUND_APRIL = st.dates(date(2025, 3, 20), date(2025, 5, 10))


@st.composite
def rate_rows(draw: st.DrawFn) -> RateRow:
    """A row of a history around April 2025."""
    effective = draw(DAYS_AROUND_APRIL)
    end = draw(st.none() | st.dates(effective, date(2025, 5, 31)))
    rate = draw(st.decimals(min_value=5, max_value=200, places=6))
    return RateRow(rate, draw(st.sampled_from(RateMethod)), effective, end)


def test_an_entered_rate_comes_before_a_newer_calculated_one() -> None:
    rows = [
        RateRow(Decimal(17), RateMethod.CONTRACT, date(2025, 1, 1)),
        RateRow(Decimal(16), RateMethod.WEIGHTED_AVERAGE, date(2025, 3, 1)),
    ]
    dated = rate_in_force(rows, None, date(2025, 4, 1))
    assert dated is not None
    assert (dated.rate, dated.method, dated.rate_date) == (Decimal(17), RateMethod.CONTRACT, date(2025, 1, 1))


def test_of_calculated_rates_the_latest_counts() -> None:
    rows = [
        RateRow(Decimal(16), RateMethod.AVERAGE, date(2025, 3, 1)),
        RateRow(Decimal(15), RateMethod.WEIGHTED_AVERAGE, date(2025, 2, 1)),
    ]
    dated = rate_in_force(rows, Decimal(9), date(2025, 4, 1))
    assert dated is not None
    assert dated.rate == 16


def test_a_default_rate_has_no_date_and_fills_what_no_row_covers() -> None:
    rows = [RateRow(Decimal(16), RateMethod.FIXED, date(2025, 4, 10), date(2025, 4, 20))]
    dated = rate_in_force(rows, Decimal(14), date(2025, 4, 21))
    assert dated is not None
    assert (dated.rate, dated.method, dated.rate_date) == (Decimal(14), RateMethod.DEFAULT, None)


def test_without_row_and_default_there_is_no_rate_and_never_0() -> None:
    assert rate_in_force([], None, date(2025, 4, 1)) is None


def test_a_calculated_rate_is_no_entered_one() -> None:
    assert entered_rate_in_force([RateRow(Decimal(16), RateMethod.DEFAULT, date(2025, 1, 1))], APRIL[0]) is None


def test_a_month_with_one_rate_is_one_span() -> None:
    rows = [RateRow(Decimal(16), RateMethod.MANUAL, date(2025, 4, 1), date(2025, 4, 30))]
    assert rate_spans(rows, None, *APRIL) == (RateSpan(*APRIL, Decimal(16)),)


def test_no_day_has_no_span() -> None:
    assert rate_spans([], Decimal(5), date(2025, 5, 1), date(2025, 4, 30)) == ()


@given(st.lists(rate_rows(), max_size=5), st.none() | st.just(Decimal(12)))
def test_every_day_of_a_span_has_its_rate_and_the_spans_cover_the_month(
    rows: list[RateRow], default_rate: Decimal | None
) -> None:
    spans = rate_spans(rows, default_rate, *APRIL)
    assert sum(span.days for span in spans) == 30
    for day in days_of("2025-04"):
        covering = [span for span in spans if span.covers(day)]
        dated = rate_in_force(rows, default_rate, day)
        assert [span.rate for span in covering] == [None if dated is None else dated.rate]
