"""A load of actuals overtakes the trends of the sites that it touches, in the transaction that publishes it."""

from datetime import date
from decimal import Decimal
from typing import Any

from shared_code.sources.warehouse.objects import revenue_daily_detail
from shared_code.storage.tables.trends import trend_results
from tests.services.extraction.world import NOON, World

MONDAY = date(2025, 6, 9)


def _keep_trend(world: World, site_id: str, as_of: date) -> None:
    row: dict[str, Any] = {"site_id": site_id, "timeframe": "12m", "as_of": as_of, "metric": "payroll"}
    world.write(trend_results, row | {"series": "[]", "computed_at": NOON, "is_stale": False})


def _earned(site: str) -> dict[str, Any]:
    return {
        "SITE": site,
        "DATE": MONDAY,
        "REVENUE_CODE": "VD1",
        "REVENUE_CATEGORY": "Valet",
        "VEHICLECOUNT": Decimal(10),
        "NETEXTERNALREVENUE": Decimal(100),
    }


def _stale(world: World) -> dict[tuple[str, date], bool]:
    rows = world.published(trend_results, "site_id", "as_of", "is_stale")
    return {(site_id, as_of): is_stale for site_id, as_of, is_stale in rows}


def test_a_load_overtakes_the_trends_of_its_sites_that_end_in_its_months_or_later(company: World) -> None:
    for site in ("0001", "0002"):
        _keep_trend(company, site, date(2025, 6, 9))
    _keep_trend(company, "0001", date(2025, 5, 31))
    company.deliver(revenue_daily_detail, _earned("0001"))

    company.run("daily_revenue")

    assert _stale(company) == {
        ("0001", date(2025, 5, 31)): False,
        ("0001", date(2025, 6, 9)): True,
        ("0002", date(2025, 6, 9)): False,
    }


def test_a_load_that_changes_nothing_overtakes_nothing(company: World) -> None:
    company.deliver(revenue_daily_detail, _earned("0001"))
    company.run("daily_revenue")
    _keep_trend(company, "0001", date(2025, 6, 9))

    company.run("daily_revenue")

    assert set(_stale(company).values()) == {False}
