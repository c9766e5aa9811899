"""Tiered shares: bands in ascending order, each paid once."""

from datetime import date
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shared_code.domain.tiers import Tier, effective_tiers, share_of_tiers
from tests.domain.strategies import MONEY, POSITIVE_MONEY, tiers

STEPPED = [Tier(Decimal(600_000), Decimal(30)), Tier(Decimal(1_000_000), Decimal(22)), Tier(Decimal(0), Decimal(15))]
CENT = Decimal("0.01")


def test_a_month_that_crosses_a_limit_is_paid_in_both_bands() -> None:
    share = share_of_tiers(Decimal(90_000), Decimal(560_000), STEPPED)
    assert [band.amount_in_tier for band in share.tiers] == [Decimal(40_000), Decimal(50_000), Decimal(0)]
    assert share.total == Decimal(23_000)


def test_above_the_last_limited_tier_nothing_is_due() -> None:
    assert share_of_tiers(Decimal(9_000), Decimal(0), [Tier(Decimal(5_000), Decimal(8))]).total == Decimal(400)
    assert share_of_tiers(Decimal(9_000), Decimal(5_000), [Tier(Decimal(5_000), Decimal(8))]).total == 0


def test_a_negative_amount_earns_nothing_and_gives_nothing_back() -> None:
    assert share_of_tiers(Decimal(-5_000), Decimal(560_000), STEPPED).total == 0


def test_a_negative_accumulated_amount_is_worked_off_first() -> None:
    assert share_of_tiers(Decimal(1_000), Decimal(-400), STEPPED).total == Decimal(180)
    assert share_of_tiers(Decimal(400), Decimal(-1_000), STEPPED).total == 0


def test_nothing_follows_an_unlimited_tier() -> None:
    twice = [Tier(Decimal(0), Decimal(10)), Tier(Decimal(0), Decimal(10))]
    assert share_of_tiers(Decimal(100), Decimal(0), twice).total == Decimal(10)


def test_a_tier_holds_in_the_months_whose_first_day_it_covers() -> None:
    old = Tier(Decimal(0), Decimal(40), effective_to=date(2025, 4, 30))
    new = Tier(Decimal(0), Decimal(35), effective_from=date(2025, 5, 1))
    assert effective_tiers([old, new], "2025-04") == [old]
    assert effective_tiers([old, new], "2025-05") == [new]


@given(tiers(), st.randoms(use_true_random=False))
def test_the_order_of_the_tiers_does_not_matter(bands: list[Tier], random: Random) -> None:
    shuffled = list(bands)
    random.shuffle(shuffled)
    assert effective_tiers(shuffled, "2025-05") == bands


@given(MONEY, POSITIVE_MONEY, MONEY, tiers())
def test_more_revenue_never_earns_less(amount: Decimal, more: Decimal, accumulated: Decimal, bands: list[Tier]) -> None:
    assert share_of_tiers(amount, accumulated, bands).total <= share_of_tiers(amount + more, accumulated, bands).total


@given(MONEY, MONEY, tiers())
def test_one_more_cent_earns_at_most_a_cent_at_the_top_percent(
    amount: Decimal, accumulated: Decimal, bands: list[Tier]
) -> None:
    step = share_of_tiers(amount + CENT, accumulated, bands).total - share_of_tiers(amount, accumulated, bands).total
    assert 0 <= step <= CENT * max((band.percent for band in bands), default=Decimal(0)) / 100


@given(MONEY, MONEY, tiers())
def test_a_share_is_never_above_the_top_percent(amount: Decimal, accumulated: Decimal, bands: list[Tier]) -> None:
    top = max((band.percent for band in bands), default=Decimal(0))
    assert 0 <= share_of_tiers(amount, accumulated, bands).total <= max(Decimal(0), amount) * top / 100


@given(st.lists(POSITIVE_MONEY, max_size=12), tiers())
def test_months_without_a_negative_amount_earn_what_their_sum_earns(months: list[Decimal], bands: list[Tier]) -> None:
    by_month = sum(
        share_of_tiers(amount, sum(months[:position], Decimal(0)), bands).total
        for position, amount in enumerate(months)
    )
    assert by_month == share_of_tiers(sum(months, Decimal(0)), Decimal(0), bands).total


@given(MONEY, MONEY, tiers())
def test_the_bands_add_up_to_the_total(amount: Decimal, accumulated: Decimal, bands: list[Tier]) -> None:
    share = share_of_tiers(amount, accumulated, bands)
    assert sum(band.share for band in share.tiers) == share.total
    assert sum(band.amount_in_tier for band in share.tiers) <= max(Decimal(0), amount)
