"""Benchmarks from the database, against sums that are made here by hand."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from shared_code.domain.months import days_of
from shared_code.domain.site_scope import SiteScope
from shared_code.services.benchmarks import METRICS, MetricBenchmark, PeerBasis, site_benchmarks
from shared_code.services.periods import parse_period
from shared_code.services.pnl_site_cells import open_site
from shared_code.services.runtime import Runtime
from tests.support.analysis_world import AnalysisWorld

SITES = ("TP001", "TP002", "TP003", "TP004", "TP005", "TP006")
VALETS = {"TP001": 40, "TP002": 30, "TP003": 55, "TP004": 40, "TP005": 12, "TP006": 70}
"""Valet vehicles of each site on each day."""
HOURS = {"TP001": 20, "TP002": 10, "TP003": 25, "TP004": 16, "TP005": 0, "TP006": 30}
"""Hours of the valets on each day; one site has none recorded."""
MONTHS = ("2025-05", "2025-06")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AnalysisWorld]:
    """Business date 16 July 2025. Alpha has four sites, beta two; both are in the east."""
    world = AnalysisWorld(tmp_path)
    world.know_codes()
    world.add_districts(alpha="east", beta="east")
    traits: Mapping[str, tuple[str, str]] = {
        "TP001": ("Management", "Hotel"),
        "TP002": ("management ", "Hotel"),
        "TP003": ("Lease", "Hospital"),
        "TP004": ("MANAGEMENT", "Hotel"),
        "TP005": ("Lease", "Hotel"),
        "TP006": ("Lease", "Hospital"),
    }
    for site, (contract, segment) in traits.items():
        world.add_sites(site, contract_type_text=contract, business_segment=segment)
        world.belongs(site, "alpha" if site < "TP005" else "beta", "east")
        for month in MONTHS:
            world.traffic(site, days_of(month), valet_daily=VALETS[site], valet_comps=1, total_net_revenue=900)
            if HOURS[site]:
                world.work(site, "VLT1", days_of(month), str(HOURS[site]), "300")
        world.ledger(site, {"6000": str(100 * VALETS[site] + 777), "9410": "27000"}, *MONTHS)
    yield world
    world.close()


def compare(runtime: Runtime, site_id: str = "TP001", period: str = "2025-06", **options: Any) -> list[MetricBenchmark]:
    """The caller sees the one site and no other."""
    site = open_site(runtime, SiteScope.of([site_id]), site_id)
    return list(site_benchmarks(runtime, site, parse_period(period), **options))


def one(found: Sequence[MetricBenchmark], metric: str) -> MetricBenchmark:
    return next(entry for entry in found if entry.metric == metric)


def six(value: Fraction) -> Decimal:
    return Decimal(int(value * 10**6 + Fraction(1, 2))).scaleb(-6)


def test_groups_are_pooled_over_the_sites_that_have_the_metric(world: AnalysisWorld) -> None:
    found = one(compare(world.runtime), "vehicles_per_labor_hour")
    values = {site: Fraction(VALETS[site] + 1, HOURS[site]) for site in SITES if HOURS[site]}
    pooled = Fraction(sum(VALETS[site] + 1 for site in values), sum(HOURS[site] for site in values))
    better = sum(value > values["TP001"] for value in values.values())
    worse = sum(value < values["TP001"] for value in values.values())
    assert found.site == six(values["TP001"])
    assert found.peers.of == 5
    assert found.peers.average == six(pooled)
    assert found.peers.median == six(median(values.values()))
    assert found.peers.rank == 1 + better
    assert found.peers.percentile == Decimal(100 * worse) / 4
    deviation = 100 * (values["TP001"] - pooled) / pooled
    assert found.peers.deviation_percent == Decimal(round(deviation * 100)) / 100
    assert found.peers.flag == "below"


def test_the_district_has_its_own_average_median_and_rank(world: AnalysisWorld) -> None:
    found = one(compare(world.runtime), "vehicles_per_labor_hour")
    alpha = SITES[:4]
    assert found.district.of == 4
    assert found.district.average == six(Fraction(sum(VALETS[s] + 1 for s in alpha), sum(HOURS[s] for s in alpha)))
    assert found.district.median == six(median(Fraction(VALETS[s] + 1, HOURS[s]) for s in alpha))
    assert (found.district.rank, found.region.of) == (4, 5)


def test_less_is_better_where_cost_is_measured(world: AnalysisWorld) -> None:
    found = one(compare(world.runtime, "TP006"), "labor_cost_per_vehicle")
    costs = {site: Fraction(100 * VALETS[site] + 777, 30 * (VALETS[site] + 1)) for site in SITES}
    assert found.peers.rank == 1 + sum(cost < costs["TP006"] for cost in costs.values())
    assert found.peers.percentile == Decimal("100.00")


def test_several_months_are_pooled_before_sites_are(world: AnalysisWorld) -> None:
    world.traffic("TP001", days_of("2025-04"), valet_daily=9)
    world.work("TP001", "VLT1", days_of("2025-04"), "10", "100")
    found = one(compare(world.runtime, period="2025-Q2"), "vehicles_per_labor_hour")
    assert found.site == six(Fraction(9 * 30 + 41 * 61, 10 * 30 + 20 * 61))


def test_a_group_of_two_is_suppressed_and_nothing_of_it_is_told(world: AnalysisWorld) -> None:
    found = one(compare(world.runtime, "TP006"), "revenue_per_vehicle")
    assert found.district.suppressed
    assert (found.district.average, found.district.median, found.district.rank) == (None, None, None)
    assert not found.region.suppressed


def test_a_group_counts_only_the_sites_that_have_the_metric(world: AnalysisWorld) -> None:
    lenient = world.with_settings(benchmark_min_sites=2)
    assert not one(compare(lenient, "TP006"), "revenue_per_vehicle").district.suppressed
    assert one(compare(lenient, "TP006"), "vehicles_per_labor_hour").district.suppressed, "one of the two has no hours"


def test_a_site_without_a_value_gets_the_figures_of_the_groups_only(world: AnalysisWorld) -> None:
    found = one(compare(world.runtime, "TP005"), "vehicles_per_labor_hour")
    assert found.site is None
    assert found.peers.average is not None
    assert (found.peers.rank, found.peers.percentile, found.peers.flag) == (None, None, None)


def test_the_limit_of_being_in_line_is_a_setting(world: AnalysisWorld) -> None:
    lenient = world.with_settings(benchmark_in_line_percent=Decimal(15))
    assert one(compare(lenient), "vehicles_per_labor_hour").peers.flag == "in-line"


@pytest.mark.parametrize(
    ("basis", "count"), [(PeerBasis.CONTRACT_TYPE, 3), (PeerBasis.SEGMENT, 4), (PeerBasis.ALL, 6), (PeerBasis.SIZE, 4)]
)
def test_peers_are_chosen_by_what_is_asked(basis: PeerBasis, count: int, world: AnalysisWorld) -> None:
    with world.runtime.database.writing() as connection:
        for site, rooms in {"TP001": 200, "TP002": 100, "TP003": 400, "TP004": 401, "TP005": 99, "TP006": 250}.items():
            connection.exec_driver_sql("UPDATE sites SET total_rooms = ? WHERE site_id = ?", (rooms, site))
    assert one(compare(world.runtime, peer_basis=basis), "revenue_per_vehicle").peers.of == count


def test_sites_without_rooms_are_of_like_size_by_their_parking_spaces(world: AnalysisWorld) -> None:
    with world.runtime.database.writing() as connection:
        for site, spaces in {"TP001": 500, "TP002": 900, "TP003": 260, "TP004": 1001}.items():
            connection.exec_driver_sql("UPDATE sites SET total_parking_spaces = ? WHERE site_id = ?", (spaces, site))
        connection.exec_driver_sql("UPDATE sites SET total_rooms = 500 WHERE site_id = 'TP006'")
    found = one(compare(world.runtime, peer_basis=PeerBasis.SIZE), "revenue_per_vehicle")
    assert (found.peers.of, found.peers.suppressed) == (3, False)
    assert one(compare(world.runtime, "TP005", peer_basis=PeerBasis.SIZE), "revenue_per_vehicle").peers.suppressed


def test_the_district_is_that_of_the_month(world: AnalysisWorld) -> None:
    world.add_sites("TP007")
    world.belongs("TP007", "beta", "east", last="2025-05")
    world.belongs("TP007", "alpha", "east", first="2025-06")
    for month in MONTHS:
        world.traffic("TP007", days_of(month), valet_daily=10)
        world.ledger("TP007", {"6000": "9000", "9410": "27000"}, month)
    sizes = [one(compare(world.runtime, period=month), "revenue_per_vehicle").district.of for month in MONTHS]
    assert sizes == [4, 5]


def test_only_the_metrics_asked_for_are_compared(world: AnalysisWorld) -> None:
    found = compare(world.runtime, metrics=["capture_ratio", "revenue_per_vehicle"])
    assert [entry.metric for entry in found] == ["revenue_per_vehicle", "capture_ratio"]
    assert len(compare(world.runtime)) == len(METRICS)


def test_the_statements_do_not_grow_with_the_sites(world: AnalysisWorld) -> None:
    compare(world.runtime, period="2025")
    with world.statements() as few:
        compare(world.runtime, period="2025")
    world.add_sites(*[f"S{number:04d}" for number in range(40)])
    compare(world.runtime, period="2025")
    with world.statements() as many:
        compare(world.runtime, period="2025")
    assert many.others == few.others <= 60
