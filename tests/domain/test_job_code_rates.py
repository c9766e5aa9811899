"""Job-code rates: the two methods, the outcome of a run and its findings."""

import time
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.job_code_rates import (
    LaborSums,
    RateCandidate,
    RateLimits,
    RateOutcome,
    RateOutOfRange,
    RateResult,
    average_rate,
    counts_in_rate_hours,
    decide_rates,
    default_as_of,
    group_labor,
    rate_window,
    weighted_average_rate,
    weighted_average_rates,
)
from shared_code.domain.rates_in_force import DatedRate, RateMethod

AS_OF = date(2025, 6, 15)
EARLIER = DatedRate(Decimal("16.492454"), RateMethod.AVERAGE, date(2025, 5, 20))
ENTERED = DatedRate(Decimal("19"), RateMethod.MANUAL, date(2025, 6, 1))


def decide(candidate: RateCandidate, rate: str | None, method: RateMethod = RateMethod.WEIGHTED_AVERAGE) -> RateResult:
    """The result for one candidate whose method gave `rate`."""
    calculated = {(candidate.site, candidate.job_code): None if rate is None else Decimal(rate)}
    return decide_rates([candidate], calculated, AS_OF, method).results[0]


def test_a_rate_has_six_decimals_rounded_half_up() -> None:
    assert str(weighted_average_rate(Decimal("7293.79"), Decimal("763.44"))) == "9.553848"
    assert str(weighted_average_rate(Decimal("0.0000005"), Decimal(1))) == "0.000001"


@pytest.mark.parametrize("hours", ["0", "-0.5"])
def test_hours_of_0_or_less_give_no_rate(hours: str) -> None:
    assert weighted_average_rate(Decimal(100), Decimal(hours)) is None


def test_the_mean_of_daily_rates_leaves_out_days_without_hours() -> None:
    days = [(Decimal(150), Decimal(10)), (Decimal(40), Decimal(2)), (Decimal(99), Decimal(0))]
    assert average_rate(days) == Decimal("17.5")
    assert average_rate([(Decimal(99), Decimal(-1))]) is None
    assert average_rate([]) is None


def test_the_window_ends_with_the_as_of_date_which_is_the_day_before_the_business_date() -> None:
    assert default_as_of(date(2025, 3, 1)) == date(2025, 2, 28)
    assert rate_window(AS_OF) == (date(2025, 6, 2), AS_OF)
    assert rate_window(AS_OF, 1) == (AS_OF, AS_OF)


@pytest.mark.parametrize(("pay_type", "counts"), [(" Meal Premium ", False), ("differential", False), (None, True)])
def test_premium_hours_do_not_count_in_any_spelling(pay_type: str | None, counts: bool) -> None:
    assert counts_in_rate_hours(pay_type) is counts


def test_spellings_of_site_and_title_are_added_and_rows_without_them_ignored() -> None:
    rows = [
        LaborSums("57", " cash  lead", Decimal(150), Decimal(10), 3),
        LaborSums("0057 ", "CASH LEAD", Decimal(99), Decimal(6), 2),
        LaborSums("0057", " ", Decimal(500), Decimal(1), 1),
        LaborSums(" ", "CASH LEAD", Decimal(500), Decimal(1), 1),
    ]
    labor = group_labor(rows)
    assert labor.sums == {("0057", "CASH LEAD"): LaborSums("0057", "CASH LEAD", Decimal(249), Decimal(16), 5)}
    assert labor.rejected == ()
    assert weighted_average_rates(labor) == {("0057", "CASH LEAD"): Decimal("15.5625")}


def test_a_row_of_an_unacceptable_site_is_handed_back() -> None:
    row = LaborSums("5-7", "CASH", Decimal(1), Decimal(1), 1)
    assert group_labor([row]).rejected == (row,)


def test_titles_can_be_brought_to_job_codes() -> None:
    rows = [
        LaborSums("1", "Valet I", Decimal(10), Decimal(1), 1),
        LaborSums("1", "Valet 1", Decimal(20), Decimal(1), 1),
    ]
    labor = group_labor(rows, {"VALET I": "VLT1", "VALET 1": "VLT1"}.__getitem__)
    assert labor.sums["0001", "VLT1"].dollars == 30


def test_a_salaried_code_is_left_out_before_anything_else() -> None:
    result = decide(RateCandidate("TP001", "MGR", is_salaried=True, entered=ENTERED, default_rate=Decimal(20)), "20")
    assert (result.outcome, result.rate) == (RateOutcome.EXCLUDED_SALARIED, None)


def test_an_entered_rate_stays() -> None:
    result = decide(RateCandidate("TP001", "VAL", entered=ENTERED), "16")
    assert (result.outcome, result.rate, result.rate_date) == (
        RateOutcome.PROTECTED,
        Decimal(19),
        date(2025, 6, 1),
    )


@pytest.mark.parametrize("rate", ["5", "200"])
def test_both_limits_are_still_plausible(rate: str) -> None:
    assert decide(RateCandidate("TP001", "VAL"), rate).outcome is RateOutcome.CALCULATED


def test_a_calculated_rate_carries_the_as_of_date() -> None:
    result = decide(RateCandidate("TP001", "VAL", last_good=EARLIER), "16")
    assert (result.outcome, result.rate_date) == (RateOutcome.CALCULATED, AS_OF)


def test_without_a_rate_the_earlier_one_is_kept_as_it_is() -> None:
    result = decide(RateCandidate("TP001", "VAL", last_good=EARLIER, default_rate=Decimal(15)), None)
    assert (result.outcome, result.rate) == (RateOutcome.KEPT, EARLIER.rate)
    assert (result.method, result.rate_date) == (RateMethod.AVERAGE, date(2025, 5, 20))


def test_method_average_does_not_keep_an_earlier_rate() -> None:
    candidate = RateCandidate("TP001", "VAL", last_good=EARLIER, default_rate=Decimal(15))
    assert decide(candidate, None, RateMethod.AVERAGE).outcome is RateOutcome.DEFAULT


def test_an_item_without_any_rate_is_an_error_and_the_others_go_on() -> None:
    run = decide_rates([RateCandidate("TP001", "A"), RateCandidate("TP001", "B")], {("TP001", "B"): Decimal(9)}, AS_OF)
    assert [(result.outcome, result.rate) for result in run.results] == [
        (RateOutcome.ERROR, None),
        (RateOutcome.CALCULATED, Decimal(9)),
    ]


def test_an_implausible_rate_is_a_finding_and_counts_as_none() -> None:
    run = decide_rates(
        [RateCandidate("TP001", "VAL", last_good=EARLIER)],
        {("TP001", "VAL"): Decimal("200.000001")},
        AS_OF,
        limits=RateLimits(Decimal(5), Decimal(200)),
    )
    assert run.results[0].outcome is RateOutcome.KEPT
    assert run.findings == (RateOutOfRange("TP001", "VAL", Decimal("200.000001")),)


def test_a_rate_that_would_not_be_used_is_no_finding() -> None:
    run = decide_rates([RateCandidate("TP001", "VAL", entered=ENTERED)], {("TP001", "VAL"): Decimal(900)}, AS_OF)
    assert run.findings == ()


@given(
    st.lists(st.tuples(st.integers(-5_000, 50_000), st.integers(-100, 1_000)), min_size=1, max_size=8),
    st.permutations(range(8)),
)
def test_the_order_of_time_records_does_not_change_a_rate(records: list[tuple[int, int]], order: list[int]) -> None:
    rows = [LaborSums("1", "VAL", Decimal(dollars), Decimal(hours), 1) for dollars, hours in records]
    shuffled = [rows[index] for index in order if index < len(rows)]
    assert weighted_average_rates(group_labor(shuffled)) == weighted_average_rates(group_labor(rows))


def test_the_outcome_of_80_000_pairs_is_decided_within_a_second() -> None:
    candidates = [
        RateCandidate(f"{number // 8:04d}", f"JOB{number % 8}", last_good=EARLIER, default_rate=Decimal(15))
        for number in range(80_000)
    ]
    rates: dict[tuple[str, str], Decimal | None] = {
        (candidate.site, candidate.job_code): Decimal(number % 250) for number, candidate in enumerate(candidates)
    }
    started = time.process_time()
    run = decide_rates(candidates, rates, AS_OF)
    assert time.process_time() - started < 1
    assert len(run.results) == 80_000
