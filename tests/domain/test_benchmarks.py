"""A site against its group."""

from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.benchmarks import BenchmarkLimits, Flag, Member, benchmark, median
from shared_code.domain.metrics import Quotient
from tests.domain.strategies import COUNTS


def members(*values: str | None) -> list[Member]:
    """Sites TP0, TP1, ... with these values."""
    return [
        Member(f"TP{number}", None if value is None else Quotient(Decimal(value), Decimal(1)))
        for number, value in enumerate(values)
    ]


GROUPS = st.lists(st.none() | COUNTS, min_size=1, max_size=12).map(
    lambda values: members(*(None if value is None else str(value) for value in values))
)


def test_the_average_is_pooled() -> None:
    group = [
        Member("A", Quotient(Decimal(4_000), Decimal(1_000))),
        Member("B", Quotient(Decimal(300), Decimal(100))),
        Member("C", Quotient(Decimal(1_000), Decimal(400))),
    ]
    assert benchmark("vehicles_per_labor_hour", "A", group).average == Decimal("3.533333")


def test_a_site_without_the_metric_neither_counts_nor_is_placed() -> None:
    place = benchmark("revenue_per_vehicle", "TP0", members(None, "1", "2", "3"))
    assert (place.suppressed, place.of, place.median) == (False, 3, Decimal(2))
    assert (place.rank, place.percentile, place.flag) == (None, None, None)


def test_a_small_group_shows_nothing_but_its_size() -> None:
    place = benchmark("revenue_per_vehicle", "TP0", members("5", "6", None))
    assert (place.suppressed, place.of, place.average, place.median) == (True, 2, None, None)


def test_the_limits_can_be_set() -> None:
    place = benchmark("revenue_per_vehicle", "TP0", members("5"), BenchmarkLimits(1, Decimal(0)))
    assert (place.suppressed, place.rank, place.percentile, place.flag) == (False, 1, None, Flag.IN_LINE)


def test_sites_whose_quotients_differ_by_what_thirds_leave_share_their_rank() -> None:
    half = Quotient(Decimal(1) / 3 * 2, Decimal(2) / 3 * 2)
    assert half.value != Decimal("0.5")
    others = [Member("B", Quotient(Decimal(1), Decimal(2))), Member("C", Quotient(Decimal(1), Decimal(1)))]
    ranks = [benchmark("occupancy", site, [Member("A", half), *others]).rank for site in ("A", "B", "C")]
    assert ranks == [2, 2, 1]


def test_an_average_of_0_has_no_deviation() -> None:
    place = benchmark("revenue_per_vehicle", "TP0", members("5", "-5", "0"))
    assert (place.average, place.deviation_percent, place.flag, place.rank) == (Decimal(0), None, None, 1)


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two() -> None:
    assert median([Decimal(9), Decimal(1), Decimal(4), Decimal(3)]) == Decimal("3.5")


@given(GROUPS, st.sampled_from(["revenue_per_vehicle", "labor_cost_per_vehicle"]), st.randoms())
def test_the_order_of_the_members_does_not_matter(group: list[Member], metric: str, random: Random) -> None:
    shuffled = list(group)
    random.shuffle(shuffled)
    assert benchmark(metric, "TP0", shuffled) == benchmark(metric, "TP0", group)


@given(GROUPS)
def test_ranks_by_more_and_by_less_mirror_each_other(group: list[Member]) -> None:
    more, less = benchmark("revenue_per_vehicle", "TP0", group), benchmark("labor_cost_per_vehicle", "TP0", group)
    if more.rank is None or less.rank is None:
        assert more == less
        return
    equal = sum(member.value == group[0].value for member in group)
    assert more.rank + less.rank == more.of - equal + 2
