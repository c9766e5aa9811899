"""Productivity, trends and benchmarks over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from shared_code.api.site_benchmarks import Metric as BenchmarkMetric
from shared_code.api.trends import Metric as TrendMetric
from shared_code.domain.months import days_of, months_between
from shared_code.services.benchmarks import METRICS as BENCHMARK_METRICS
from shared_code.services.metric_codes import METRIC_OF_CODE
from shared_code.services.pnl_table import line_code
from shared_code.storage import trend_results
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.analysis_world import AnalysisWorld

SITES = ("TP001", "TP002", "TP003", "TP004")
STATISTICS = f"{BASE}/statistics"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AnalysisWorld]:
    """Business date 16 July 2025; three sites in alpha, one in beta; the ledger is closed through June."""
    world = AnalysisWorld(tmp_path)
    world.know_codes()
    world.add_districts(alpha="east", beta="east")
    for number, site in enumerate(SITES):
        world.add_sites(site)
        world.belongs(site, "beta" if site == "TP004" else "alpha", "east")
        for month in months_between("2025-04", "2025-06"):
            world.traffic(site, days_of(month), valet_daily=40 + 10 * number, total_net_revenue=1500)
            world.work(site, "VLT1", days_of(month), "20", "300")
        world.ledger(site, {"4790": "-30000", "6000": "9000", "9410": "45000"}, "2025-04", "2025-05", "2025-06")
        world.budget(site, {"4790": "-30000", "6000": "9300", "9410": "46500", "9510": "1550"})
    yield world
    world.close()


@pytest.fixture
def api(world: AnalysisWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def data(api: Api, path: str) -> Any:
    answer = api.get(f"{STATISTICS}/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_the_productivity_of_a_month(api: Api) -> None:
    answer = api.get(f"{STATISTICS}/tp001/productivity?period=2025-06&window=2")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"
    found = answer.json()["data"]
    assert list(found) == [
        "period", "basis", "metrics", "baseline", "seasonal", "seasonallyAdjusted", "change", "occupancyImpact",
        "warnings",
    ]  # fmt: skip
    assert (found["period"], found["basis"]) == ("2025-06", "trend")
    assert found["metrics"] == {
        "vehiclesServed": 1200, "productiveHours": 600, "vehiclesPerLaborHour": 2, "revenuePerVehicle": 37.5,
        "laborCostPerVehicle": 7.5, "revenuePerLaborHour": 75, "laborToExternalRevenuePercent": 20,
        "laborToInternalRevenuePercent": 30, "occupiedRooms": None, "driveInRatio": None, "captureRatio": None,
        "overtimePercent": 0, "scheduleFillRate": None,
        "byJobFamily": [{"jobFamily": "Valets", "hours": 600, "vehicles": 1200, "vehiclesPerHour": 2}],
    }  # fmt: skip
    assert found["baseline"]["vehiclesServed"] == 1220
    assert found["seasonal"] == {"index": 1, "source": "none"}
    assert found["change"]["monthOverMonth"]["vehiclesServed"] == -3.23
    assert found["change"]["yearOverYear"]["vehiclesServed"] is None
    warned = {warning["field"]: warning["details"]["reason"] for warning in found["warnings"]}
    assert warned == {
        "metrics.occupiedRooms": "no_data",
        "metrics.driveInRatio": "no_data",
        "metrics.captureRatio": "zero_denominator",
        "metrics.scheduleFillRate": "no_data",
    }
    assert answer.json()["meta"]["businessDate"] == "2025-07-16"
    assert '"vehiclesPerLaborHour":2.000000' in answer.text


def test_the_productivity_without_a_period_is_that_of_the_running_month(api: Api) -> None:
    assert data(api, "TP001/productivity")["period"] == "2025-07"
    assert data(api, "TP001/productivity?basis=budget")["metrics"]["vehiclesServed"] == 1550


def test_the_trend_of_a_site(api: Api) -> None:
    found = data(api, "TP001/trends/3M?metrics=vehiclesServed,flc")
    assert list(found) == [
        "timeframe", "from", "to", "groupBy", "series", "seasonalFactors", "accuracy", "gaps",
    ]  # fmt: skip
    assert (found["timeframe"], found["from"], found["to"], found["groupBy"]) == (
        "3m", "2025-05-01", "2025-07-31", "month",
    )  # fmt: skip
    served_vehicles, flc = found["series"]
    assert (served_vehicles["metric"], served_vehicles["unit"]) == ("vehiclesServed", "count")
    assert served_vehicles["points"] == [
        {"period": "2025-05", "actual": 1240, "forecast": 1550, "budget": 1550, "priorYear": None},
        {"period": "2025-06", "actual": 1200, "forecast": 1550, "budget": 1550, "priorYear": None},
        {"period": "2025-07", "actual": None, "forecast": 1550, "budget": 1550, "priorYear": None},
    ]
    named = ("direction", "slopePerPeriod", "changePercent", "yoyPercent")
    assert [served_vehicles[name] for name in named] == ["degrading", -40, -3.23, None]
    assert (flc["metric"], flc["points"][0]["actual"]) == ("flc", 21000)
    assert [factor["month"] for factor in found["seasonalFactors"]] == list(range(1, 13))
    assert found["accuracy"] == served_vehicles["accuracy"]


@pytest.mark.parametrize(
    ("alias", "timeframe", "grouped"),
    [
        ("daily", "30d", "day"),
        ("Weekly", "13w", "week"),
        ("monthly", "12m", "month"),
        ("quarterly", "24m", "quarter"),
        ("yearly", "36m", "year"),
        ("ANNUAL", "36m", "year"),
    ],
)
def test_an_alias_stands_for_its_time_frame(alias: str, timeframe: str, grouped: str, api: Api) -> None:
    found = data(api, f"TP001/trends/{alias}?metrics=vehiclesServed")
    assert (found["timeframe"], found["groupBy"]) == (timeframe, grouped)


def test_gaps_are_named_by_their_points(api: Api) -> None:
    found = data(api, "TP001/trends/30d?metrics=vehiclesServed")
    assert found["gaps"] == [{"from": "2025-07-01", "to": "2025-07-15", "interpolated": False}]


def test_trends_that_a_change_has_overtaken_are_stale(api: Api, world: AnalysisWorld) -> None:
    first = api.get(f"{STATISTICS}/TP001/trends/12m").json()
    assert first["meta"]["stale"] is False
    with world.runtime.database.writing() as connection:
        trend_results.mark_stale(connection, ["TP001"], "2025-07")
    second = api.get(f"{STATISTICS}/TP001/trends/12m").json()
    assert second["meta"]["stale"] is True
    assert second["data"] == first["data"]


def test_a_site_against_its_groups(api: Api) -> None:
    found = data(api, "TP001/benchmarks?period=2025-06&metrics=vehiclesPerLaborHour")
    assert found == {
        "period": "2025-06",
        "metrics": [
            {
                "metric": "vehiclesPerLaborHour", "unit": "number", "site": 2,
                "district": {"average": 2.5, "median": 2.5, "rank": 3, "of": 3},
                "region": {"average": 2.75, "median": 2.75, "rank": 4, "of": 4},
                "peers": {"average": 2.75, "median": 2.75, "rank": 4, "of": 4},
                "percentile": 0, "deviationPercent": -27.27, "flag": "below",
            }
        ],
    }  # fmt: skip


def test_a_group_that_is_too_small_shows_nothing_but_that(api: Api) -> None:
    [found] = data(api, "TP004/benchmarks?period=2025-06&metrics=vehiclesPerLaborHour")["metrics"]
    assert found["district"] == {"suppressed": True}
    alone = data(api, "TP001/benchmarks?period=2025-06&peerBasis=contract-type")["metrics"]
    for metric in alone:
        assert metric["peers"] == {"suppressed": True}
        assert [metric[name] for name in ("percentile", "deviationPercent", "flag")] == [None] * 3


def test_a_manager_of_one_site_is_compared_with_the_company_and_learns_no_name(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    path = f"{STATISTICS}/TP001/benchmarks?period=2025-06"
    answer = manager.get(path)
    assert answer.json()["data"] == api.get(path).json()["data"]
    for other in SITES[1:]:
        assert other not in answer.text
    assert "site" not in json.dumps(answer.json()["data"]).replace('"site":', "")


@pytest.mark.parametrize("resource", ["productivity", "trends/12m", "trends/none", "benchmarks"])
def test_a_site_out_of_reach_and_one_that_does_not_exist_look_the_same(resource: str, api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    for site in ("TP002", "ZZ999"):
        answer = manager.get(f"{STATISTICS}/{site}/{resource}")
        assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "site_scope"})


def test_statistics_need_their_scope(api: Api) -> None:
    payroll_only = api.signed_in("am2@example.com", "account_manager", sites=["TP001"], scopes=["payroll:read"])
    for resource in ("productivity", "trends/12m", "benchmarks"):
        answer = payroll_only.get(f"{STATISTICS}/TP001/{resource}")
        assert (answer.status_code, first_error(answer)["details"]["reason"]) == (403, "scope")


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("TP@001/productivity", 400, "INVALID_SITE_ID", "siteId"),
        ("ZZ999/benchmarks", 404, "SITE_NOT_FOUND", "siteId"),
        ("TP001/productivity?period=2025-13", 400, "INVALID_PERIOD", "period"),
        ("TP001/productivity?period=2025-06-01", 400, "INVALID_PERIOD", "period"),
        ("TP001/productivity?period=2023-12", 404, "PERIOD_NOT_AVAILABLE", "period"),
        ("TP001/productivity?basis=prior-year", 400, "INVALID_DATA_TYPE", "basis"),
        ("TP001/productivity?window=0", 400, "VALUE_OUT_OF_RANGE", "window"),
        ("TP001/productivity?window=37", 400, "VALUE_OUT_OF_RANGE", "window"),
        ("TP001/productivity?window=many", 400, "INVALID_DATA_TYPE", "window"),
        ("TP001/trends/14d", 400, "INVALID_PERIOD", "timeframe"),
        ("TP001/trends/%00", 400, "INVALID_PERIOD", "timeframe"),
        ("TP001/trends/14d?metrics=none", 400, "INVALID_PERIOD", "timeframe"),
        ("TP001/trends/12m?metrics=none", 400, "INVALID_DATA_TYPE", "metrics"),
        ("TP001/trends/12m?metrics=", 400, "INVALID_DATA_TYPE", "metrics"),
        ("TP001/trends/30d?metrics=flc", 400, "INVALID_DATA_TYPE", "metrics"),
        ("TP001/trends/12m?asOf=2025", 400, "INVALID_PERIOD", "asOf"),
        ("TP001/trends/12m?asOf=2025-06-30", 400, "INVALID_PERIOD", "asOf"),
        ("TP001/trends/12m?asOf=2022-06", 404, "PERIOD_NOT_AVAILABLE", "asOf"),
        ("TP001/benchmarks?metrics=vehiclesServed", 400, "INVALID_DATA_TYPE", "metrics"),
        ("TP001/benchmarks?peerBasis=friends", 400, "INVALID_DATA_TYPE", "peerBasis"),
        ("TP001/benchmarks?period=2099", 404, "PERIOD_NOT_AVAILABLE", "period"),
    ],
)
def test_what_is_wrong_with_the_call_is_named(path: str, status: int, code: str, field: str, api: Api) -> None:
    assert told(api.get(f"{STATISTICS}/{path}")) == (status, code, field)


def test_an_unknown_time_frame_is_answered_with_those_that_are_accepted(api: Api) -> None:
    details = first_error(api.get(f"{STATISTICS}/TP001/trends/14d"))["details"]
    assert details["providedValue"] == "14d"
    assert {"30d", "ytd", "annual"} <= set(details["accepted"])


def test_the_names_of_the_contract_are_those_of_the_metrics() -> None:
    assert set(TrendMetric.__args__) == set(METRIC_OF_CODE)  # type: ignore[attr-defined]
    assert set(BenchmarkMetric.__args__) == {line_code(metric) for metric in BENCHMARK_METRICS}  # type: ignore[attr-defined]
