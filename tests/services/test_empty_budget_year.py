"""A year whose budget was read and found empty has a budget of 0; a year that was never read has none."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.site_scope import SiteScope
from shared_code.services.periods import parse_period
from shared_code.services.pnl_flc import SiteFlc, site_flc
from shared_code.sql.types import new_identifier
from shared_code.storage import feed_versions
from shared_code.storage.publication import RunStamp
from tests.support.pnl_world import PnlWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    world.add_sites("TP001")
    world.budget("TP001", {"4790": "-20000", "6000": "10000"})
    yield world
    world.close()


def next_year(world: PnlWorld) -> SiteFlc:
    return site_flc(world.runtime, SiteScope.all_sites(), "TP001", parse_period("2026-03"), view="trend")


def read_budget(world: PnlWorld, feed: str, slice_: str) -> None:
    """Publish a read that found no row."""
    now = world.clock.now()
    with world.runtime.database.writing_lightly() as connection:
        feed_versions.record(
            connection,
            feed=feed,
            slice_=slice_,
            run=RunStamp(new_identifier(), now),
            row_count=0,
            content_through=None,
            content_hash=b"",
            watermark=None,
            status="ok",
        )


def test_a_year_whose_budget_was_never_read_has_no_figures(world: PnlWorld) -> None:
    read_budget(world, "ledger", "year-2026")
    read_budget(world, "budget", "year-2025")
    answer = next_year(world)
    assert (answer.flc, answer.flc_budget) == (None, None)
    assert "SOURCE_UNAVAILABLE" in {warning.code for warning in answer.warnings}


@pytest.mark.parametrize("feed", ["budget", "budget_api"])
def test_a_year_whose_budget_was_found_empty_counts_as_0_and_says_so(world: PnlWorld, feed: str) -> None:
    assert next_year(world).flc is None
    read_budget(world, feed, "year-2026")
    answer = next_year(world)
    assert (answer.flc, answer.flc_budget) == (Decimal("0.00"), Decimal("0.00"))
    assert {warning.code for warning in answer.warnings} == {"NO_BUDGET"}
