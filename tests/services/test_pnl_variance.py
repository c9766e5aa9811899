"""Variance of one site's P&L."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.site_scope import SiteScope
from shared_code.errors import InvalidInputError, NotFoundError
from shared_code.services.periods import parse_period
from shared_code.services.pnl_variance import SiteVariance, site_variance
from tests.support.pnl_world import PnlWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    world.add_sites("TP001")
    world.budget("TP001", {"4790": "-20000", "6000": "10000", "7045": "100", "7170": "500", "9410": "1000"})
    posted = {"4790": "-21000", "6000": "10800", "7045": "130", "7170": "500", "9410": "900", "7101": "70"}
    world.ledger("TP001", posted, "2025-06")
    yield world
    world.close()


def variance(
    world: PnlWorld,
    comparison: str = "budget",
    period: str | None = "2025-06",
    base: str = "trend",
    threshold: str | None = None,
    sort: str = "line",
) -> SiteVariance:
    return site_variance(
        world.runtime,
        SiteScope.all_sites(),
        "TP001",
        comparison,
        None if period is None else parse_period(period),
        base=base,
        threshold=None if threshold is None else Decimal(threshold),
        sort=sort,
    )


def amounts(answer: SiteVariance) -> dict[str, str]:
    return {line.code: str(line.variance and line.variance.amount) for line in answer.lines}


def test_every_line_but_the_cumulative_one_is_compared(world: PnlWorld) -> None:
    assert amounts(variance(world)) == {
        "externalRevenue": "-100.00",
        "internalRevenue": "1000.00",
        "payroll": "800.00",
        "claims": "70.00",
        "parkingRents": "0.00",
        "otherExpense": "30.00",
        "pteb": "0.00",
        "insurance": "0.00",
        "flc": "100.00",
        "occupiedRooms": "0.00",
    }


def test_the_summary_counts_what_is_favorable_and_what_is_not(world: PnlWorld) -> None:
    summary = variance(world).summary
    assert (summary.favorable, summary.unfavorable) == (6, 4)
    assert summary.flc is not None
    assert (summary.flc.amount, summary.review_required) == (Decimal("100.00"), False)


def test_a_threshold_leaves_out_smaller_lines_and_those_without_a_percent(world: PnlWorld) -> None:
    assert list(amounts(variance(world, threshold="8"))) == ["externalRevenue", "payroll", "otherExpense"]
    assert list(amounts(variance(world, threshold="8.01"))) == ["externalRevenue", "otherExpense"]


def test_lines_may_be_sorted_by_the_size_of_their_difference(world: PnlWorld) -> None:
    shown = list(amounts(variance(world, sort="amount")))
    assert shown[:5] == ["internalRevenue", "payroll", "externalRevenue", "flc", "claims"]


def test_without_a_period_the_month_of_the_business_date_is_compared(world: PnlWorld) -> None:
    assert variance(world, period=None).period == "2025-07"


def test_the_base_may_be_another_scenario(world: PnlWorld) -> None:
    answer = variance(world, "forecast", base="actual")
    assert (answer.base, answer.comparison_type, amounts(answer)["payroll"]) == ("actual", "forecast", "800.00")


@pytest.mark.parametrize(("alias", "name"), [("prior_year", "prior-year"), ("last-year", "prior-year")])
def test_an_alias_is_answered_under_its_own_name(world: PnlWorld, alias: str, name: str) -> None:
    assert variance(world, alias).comparison_type == name


def test_a_comparison_that_could_not_be_read_has_no_variance(world: PnlWorld) -> None:
    answer = variance(world, "prior-year")
    assert set(amounts(answer).values()) == {"None"}
    assert (answer.summary.favorable, answer.summary.unfavorable, answer.summary.flc) == (0, 0, None)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"comparison": "trend"}, "comparisonType"),
        ({"comparison": "yesterday"}, "comparisonType"),
        ({"base": "prior-year"}, "base"),
        ({"sort": "size"}, "sort"),
    ],
)
def test_a_name_that_there_is_not_is_refused_with_those_that_there_are(
    world: PnlWorld, arguments: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        variance(world, **arguments)
    assert (refused.value.code, refused.value.field) == ("INVALID_DATA_TYPE", field)
    assert refused.value.details["accepted"]


def test_nothing_is_compared_with_itself(world: PnlWorld) -> None:
    with pytest.raises(InvalidInputError) as refused:
        variance(world, "budget", base="budget")
    assert (refused.value.field, refused.value.details["reason"]) == ("comparisonType", "same_as_base")


def test_a_snapshot_of_which_none_is_stored_is_not_available(world: PnlWorld) -> None:
    with pytest.raises(NotFoundError) as refused:
        variance(world, "snapshot")
    assert refused.value.code == "PERIOD_NOT_AVAILABLE"
