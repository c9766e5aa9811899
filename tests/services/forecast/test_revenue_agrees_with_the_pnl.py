"""External and internal revenue against the P&L, for whole scenarios and for the contracts of the sample."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from cli.sample.accounts import CHART
from cli.sample.contracts import contracts_yaml
from cli.sample.sites import site_of
from shared_code.domain.months import MonthKind, month_kind
from shared_code.domain.pnl_rows import Cell, PnlRow
from shared_code.domain.rounding import money
from shared_code.domain.site_scope import SiteScope
from shared_code.services.forecast.external_revenue import external_view
from shared_code.services.forecast.internal_revenue import InternalFigures, internal_view
from shared_code.services.periods import parse_period
from shared_code.services.pnl_site_cells import open_site
from shared_code.services.pnl_view import site_pnl
from shared_code.services.reference_data.import_table import import_table
from shared_code.services.runtime import Runtime
from tests.golden.case_files import OWN_FOLDER, SHARED_FOLDERS, scenario_files
from tests.golden.scenario import load_scenario
from tests.support.pnl_world import MONTHS, PnlWorld
from tests.support.revenue_world import BUDGET, RevenueWorld
from tests.support.scenario_world import ScenarioWorld

EVERYTHING = SiteScope.all_sites()
FILES = [file for folder in (OWN_FOLDER, *SHARED_FOLDERS) for file in scenario_files(folder)]


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def scenario(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[PnlWorld, list[str], int]]:
    scenario = load_scenario(request.param)
    world = ScenarioWorld(tmp_path, scenario)
    yield world, list(scenario.sites), scenario.year
    world.close()


@pytest.fixture
def sample(tmp_path: Path) -> Iterator[tuple[PnlWorld, list[str], int]]:
    """Twelve sites with the contracts of the sample, all on the same budget."""
    world = RevenueWorld(tmp_path)
    site_ids = [site_of(number, 1).code for number in range(12)]
    world.add_sites(*site_ids)
    world.know_accounts(*[number for number, _, _ in CHART])
    world.budget(site_ids, BUDGET)
    world.ledger(site_ids, {"9410": "28000", "4790": "-41000", "6000": "19000"}, *MONTHS[:3])
    for site_id in site_ids:
        world.days(site_id, "2025-04-01", "2025-04-12", "900.10", "90")
    file = tmp_path / "contracts.yaml"
    file.write_text(contracts_yaml(date(2025, 4, 15), sites=12, seed=1))
    report = import_table(world.runtime, "contracts", file, dry_run=False, operator="test")
    assert report.findings == ()
    yield world, site_ids, 2025
    world.close()


def _lines(runtime: Runtime, site_id: str, year: int, view: str, row: PnlRow) -> list[Cell]:
    pnl = site_pnl(runtime, EVERYTHING, site_id, parse_period(str(year)), view=view)
    return [value.value for value in pnl.line(row).values]


def _check(runtime: Runtime, site_id: str, year: int) -> set[str]:
    """Compare every month of a site; the names of the components that it has."""
    site, period = open_site(runtime, EVERYTHING, site_id), parse_period(str(year))
    external = [month.figures for month in external_view(runtime, site, period, may_write=True).months]
    row = PnlRow.EXTERNAL_REVENUE
    assert [of.net for of in external] == _lines(runtime, site_id, year, "forecast", row)
    assert [of.trend for of in external] == _lines(runtime, site_id, year, "trend", row)
    assert [of.budget for of in external] == _lines(runtime, site_id, year, "budget", row)
    assert [of.actual for of in external] == _lines(runtime, site_id, year, "actual", row)

    view = internal_view(runtime, site, period, may_write=True)
    assert [month.figures.total for month in view.months] == _lines(
        runtime, site_id, year, "trend", PnlRow.INTERNAL_REVENUE
    )
    for month in view.months:
        if month_kind(month.month, site.business_date) is not MonthKind.ACTUAL:
            _check_sums(month.figures)
    components = view.figures.components
    return {name for name in components.__slots__ if getattr(components, name) is not None}


def _check_sums(figures: InternalFigures) -> None:
    """Parts are unrounded, so what is made of them lies within half a cent of what is shown."""
    parts = [getattr(figures.components, name) for name in figures.components.__slots__]
    totals = [part.total for part in parts if part is not None]
    assert figures.calculated is not None
    assert figures.total is not None
    if totals:
        assert money(sum(totals, Decimal(0))) == figures.calculated
        added = sum((part.amount for part in figures.adjustments), Decimal(0))
        assert money(sum(totals, added)) == figures.total
    fee, agreement = figures.components.fixed_fee, figures.components.management_agreement
    if fee is not None:
        assert fee.base_amount + sum(part.amount for part in fee.escalators) == fee.total
    if agreement is not None:
        assert sum(part.value for part in agreement.components) == agreement.total
    share, labor = figures.components.revenue_share, figures.components.per_labor_hour
    if share is not None:
        for structure in share.structures:
            assert sum(tier.share_amount for tier in structure.tiers) == structure.total
        assert sum(structure.total for structure in share.structures) == share.total
    if labor is not None:
        assert sum(job.amount for job in labor.jobs) == labor.total


def test_every_month_of_a_scenario_is_that_of_the_pnl(scenario: tuple[PnlWorld, list[str], int]) -> None:
    world, site_ids, year = scenario
    for site_id in site_ids:
        _check(world.runtime, site_id, year)


def test_every_contract_of_the_sample_adds_up_to_the_pnl(sample: tuple[PnlWorld, list[str], int]) -> None:
    world, site_ids, year = sample
    found = set().union(*[_check(world.runtime, site_id, year) for site_id in site_ids])
    assert found == {
        "fixed_fee", "per_occupied_room", "per_labor_hour", "revenue_share", "billable_accounts",
        "management_agreement", "other_revenue",
    }  # fmt: skip
