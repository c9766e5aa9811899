"""FLC of one site: figure, budget, margin, running difference."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.site_scope import SiteScope
from shared_code.errors import InvalidInputError
from shared_code.services.periods import parse_period
from shared_code.services.pnl_flc import SiteFlc, site_flc
from tests.support.pnl_world import PnlWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    world.add_sites("TP001")
    world.budget("TP001", {"4790": "-20000", "6000": "10000"})
    world.ledger("TP001", {"4790": "-24000", "6000": "9000", "7101": "150"}, "2025-01", "2025-02", "2025-03")
    world.ledger("TP001", {"4790": "-20000", "6000": "10000"}, "2025-04", "2025-05", "2025-06")
    yield world
    world.close()


def flc(world: PnlWorld, period: str, view: str = "trend") -> SiteFlc:
    return site_flc(world.runtime, SiteScope.all_sites(), "TP001", parse_period(period), view=view)


def test_flc_of_a_month_has_budget_variance_margin_and_parts(world: PnlWorld) -> None:
    answer = flc(world, "2025-03")
    assert (answer.flc, answer.flc_budget) == (Decimal("14850.00"), Decimal("10000.00"))
    assert answer.flc_variance is not None
    assert (answer.flc_variance.amount, answer.flc_variance.percent) == (Decimal("4850.00"), Decimal("48.50"))
    assert answer.flc_margin == Decimal("61.88")
    assert answer.cumulative_variance_ytd == Decimal("14550.00")
    assert (answer.components.internal_revenue, answer.components.payroll) == (Decimal("24000.00"), Decimal("9000.00"))
    assert (answer.components.claims, answer.components.insurance) == (Decimal("150.00"), Decimal("0.00"))


def test_a_month_has_no_months_and_a_quarter_has_three_with_their_running_difference(world: PnlWorld) -> None:
    assert flc(world, "2025-03").months == ()
    quarter = flc(world, "2025-Q1")
    assert (quarter.flc, quarter.flc_margin) == (Decimal("44550.00"), Decimal("61.88"))
    assert [(month.period, str(month.cumulative_variance_ytd)) for month in quarter.months] == [
        ("2025-01", "4850.00"),
        ("2025-02", "9700.00"),
        ("2025-03", "14550.00"),
    ]


def test_a_variance_above_25_percent_or_5_000_dollars_has_to_be_reviewed(world: PnlWorld) -> None:
    assert flc(world, "2025-03").review_required
    assert flc(world, "2025-Q1").review_required
    assert not flc(world, "2025-04").review_required


def test_flc_of_a_loss_has_no_margin(world: PnlWorld) -> None:
    world.ledger("TP001", {"4790": "20000"}, "2025-04", entity="02")
    answer = flc(world, "2025-04")
    assert (answer.flc, answer.flc_margin) == (Decimal("-10000.00"), None)


def test_flc_of_the_budget_view_is_the_budget_itself(world: PnlWorld) -> None:
    answer = flc(world, "2025-03", view="budget")
    assert (answer.flc, answer.flc_budget) == (Decimal("10000.00"), Decimal("10000.00"))
    assert answer.flc_variance is not None
    assert answer.flc_variance.amount == 0


def test_an_unavailable_line_leaves_no_flc_and_a_warning(world: PnlWorld) -> None:
    world.ledger("TP001", {"6000": "1"}, "2024-06")
    answer = flc(world, "2024-05")
    assert (answer.flc, answer.flc_budget, answer.flc_variance, answer.flc_margin) == (None, None, None, None)
    assert (answer.cumulative_variance_ytd, answer.review_required) == (None, False)
    assert {warning.code for warning in answer.warnings} == {"SOURCE_UNAVAILABLE"}


def test_a_view_that_there_is_not_is_refused(world: PnlWorld) -> None:
    with pytest.raises(InvalidInputError, match="is not accepted for view"):
        flc(world, "2025-03", view="best")
