"""A load shows in the very next read, and so does that a source was read again and had nothing new.

Source: REST API, "Caching and freshness".
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Table

from shared_code.messaging.contracts import StatisticsUpdated
from shared_code.messaging.message import TREND
from shared_code.services.consumers.delivery import Delivery
from shared_code.services.consumers.stale_trends import overtake_trends
from shared_code.services.held_lease import held
from shared_code.services.trend_analysis import analyse_trends
from shared_code.sources.warehouse import objects
from tests.api.kept_answers import VIEWER, Twins, twins
from tests.api.serving import BASE
from tests.services.extraction.world import World
from tests.support.operational import empty_database

SITE: Final = "0001"
URLS: Final = (
    *(f"{BASE}/pl-view/{SITE}/{period}" for period in ("2025-06", "2025-Q2", "2025")),
    f"{BASE}/statistics/{SITE}/2025-06",
    f"{BASE}/revenue/external/{SITE}/2025-06",
    f"{BASE}/payroll/{SITE}/2025-06",
    f"{BASE}/payroll/{SITE}/job-codes",
    f"{BASE}/summary/{SITE}/2025-06",
    f"{BASE}/sites",
    f"{BASE}/sites/{SITE}",
    f"{BASE}/payroll/job-families",
    f"{BASE}/pl-view/rollup/company/all?period=2025-06",
)
TRENDS: Final = f"{BASE}/statistics/{SITE}/trends/12m"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    migrated = tmp_path / "empty.db"
    migrated.write_bytes(empty_database())
    world = World(tmp_path, migrated)
    world.know_sites(SITE)
    yield world
    world.close()


@pytest.fixture
def both(world: World) -> Iterator[Twins]:
    with twins(world.runtime) as both:
        yield both


ONE: Final = Decimal(1)
LOADS: Final[dict[str, tuple[Table, dict[str, Any]]]] = {
    "daily_revenue": (
        objects.revenue_daily_detail,
        {"SITE": SITE, "DATE": date(2025, 6, 9), "REVENUE_CODE": "VD1", "VEHICLECOUNT": ONE, "NETEXTERNALREVENUE": ONE},
    ),
    "paid_hours": (
        objects.payroll_summary,
        {"WORK_LOCATION": SITE, "DATE": date(2025, 6, 9), "PAY_TYPE": "Regular", "TITLE": "JOB 1", "TOTAL_HOURS": ONE,
         "TOTAL_DOLLARS": ONE},
    ),
    "salaries": (
        objects.workday_site_salaries,
        {"EMPLOYEE_ID": "E1", "COST_CENTER": SITE, "JOB_PROFILE": "JOB 1", "ALLOCATION_PER_COST_CENTER_AMOUNT": ONE,
         "DW_LOAD_DATE": date(2025, 6, 9)},
    ),
    "wage_rates": (
        objects.workday_wage_rate,
        {"EMPLOYEE_ID": "E1", "LOCATION_SITE": SITE, "JOB": "x", "JobProfileCode": "JOB 1"},
    ),
    "sites": (objects.master_non_financial, {"SITE": "0002", "SITE_NAME": "Site 0002"}),
}  # fmt: skip
"""Feeds, each with a row that is new."""


@pytest.mark.parametrize("feed", LOADS)
def test_a_load_shows_in_the_very_next_read(world: World, both: Twins, feed: str) -> None:
    table, row = LOADS[feed]
    both.read(URLS)
    world.deliver(table, row)
    assert {outcome.end.state for outcome in world.run_all(feed)} <= {"succeeded", "unchanged"}
    both.sign_in(VIEWER, "corporate_viewer")
    assert both.differing(URLS) == []


def test_a_source_that_was_read_again_is_younger_though_nothing_was_new(world: World, both: Twins) -> None:
    table, row = LOADS["daily_revenue"]
    world.deliver(table, row)
    world.run_all("daily_revenue")
    reader = both.users[VIEWER][0]
    before = reader.get(URLS[0]).json()["meta"]["dataAsOf"]["actual"]
    assert {outcome.end.state for outcome in world.run_all("daily_revenue")} == {"unchanged"}
    assert reader.get(URLS[0]).json()["meta"]["dataAsOf"]["actual"] > before


def test_trends_that_were_overtaken_and_analysed_anew_are_shown_so(world: World, both: Twins) -> None:
    reader = both.users[VIEWER][0]
    assert [reader.get(TRENDS).json()["meta"]["stale"] for _ in range(2)] == [False, False]
    changed: dict[str, Any] = {"site_id": SITE, "period": "2025-06"}
    body = StatisticsUpdated.model_construct(**changed)
    overtake_trends(world.runtime, Delivery(TREND.source, "m1", body))
    assert reader.get(TRENDS).json()["meta"]["stale"]
    with held(world.runtime.database, "job:trend_analysis", 60) as lease:
        assert lease is not None
        analyse_trends(world.runtime, lease)
    assert not reader.get(TRENDS).json()["meta"]["stale"]
