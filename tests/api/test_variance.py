"""The variance of a P&L over HTTP: lines, what drives external revenue, and figures that were frozen."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.facts import actual_statistic_days
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.monthly_world import MonthlyWorld

VIEW = f"{BASE}/pl-view"
BUDGET = {
    "4790": "-50000", "6000": "50000", "9410": "6000", "9411": "6000", "9510": "300", "9412": "3000", "9520": "100",
}  # fmt: skip
"""Valet daily 300 vehicles at 20.00, valet overnight 100 at 30.00; 6,000.00 of the 9,000.00 are left as net."""


class ParkingWorld(MonthlyWorld):
    """A company whose daily valet vehicles are recorded."""

    def park_days(self, site_id: str, first: str, last: str, *, vehicles: str, revenue: str) -> None:
        """As many vehicles and dollars on each day from `first` to `last`."""
        rows = [
            {
                "site_id": site_id,
                "stat_date": date.fromordinal(day),
                "valet_daily": Decimal(vehicles),
                "valet_daily_revenue": Decimal(revenue),
                "total_net_revenue": Decimal(revenue),
            }
            for day in range(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1)
        ]
        self._insert(actual_statistic_days, rows)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[ParkingWorld]:
    """Business date 15 April 2025; March of TP001 is posted and closed."""
    world = ParkingWorld(tmp_path)
    world.add_sites("TP001", "TP002", total_rooms=100)
    world.budget(["TP001", "TP002"], BUDGET)
    world.ledger("TP001", {"4790": "-54000", "6000": "54000", "7101": "300", "9410": "7000"}, "2025-03")
    world.parked("TP001", "2025-03", "valet_daily", "7000", "280")
    yield world
    world.close()


@pytest.fixture
def api(company: ParkingWorld) -> Iterator[Api]:
    with served(create_app(lambda: company.runtime)) as api:
        yield api


def variance(api: Api, path: str) -> dict[str, Any]:
    answer = api.get(f"{VIEW}/{path}")
    assert answer.status_code == 200
    data: dict[str, Any] = answer.json()["data"]
    return data


def lines(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {line["code"]: line for line in found["lines"]}


def drivers(found: dict[str, Any]) -> dict[str, tuple[float, float, float]]:
    """The effects that are not all 0: volume, rate, adjustment."""
    rows = {row["category"]: row for row in found["drivers"]}
    effects = {name: (row["volumeEffect"], row["rateEffect"], row["adjustmentEffect"]) for name, row in rows.items()}
    return {name: values for name, values in effects.items() if any(values)}


def add_up(found: dict[str, Any]) -> None:
    """The effects of all drivers are the amount of external revenue."""
    total = sum(Decimal(str(value)) for values in drivers(found).values() for value in values)
    assert total == Decimal(str(lines(found)["externalRevenue"]["variance"]["amount"]))


def save_rates(api: Api, month: str, **rates: float) -> None:
    body = {"rates": [{"category": category, "rate": rate} for category, rate in rates.items()]}
    assert api.put(f"{BASE}/parking-rates/TP001/{month}", body).status_code == 200


def freeze(api: Api, **order: Any) -> httpx.Response:
    answer = api.post(f"{BASE}/snapshots", {"name": "record", "period": "2025", "all": True} | order)
    assert answer.status_code == 201
    return answer


def test_a_closed_month_against_its_budget(api: Api) -> None:
    answer = api.get(f"{VIEW}/tp001/variance/budget?period=2025-03")
    body = answer.json()
    found = body["data"]
    assert (found["siteId"], found["period"], found["base"], found["comparisonType"]) == (
        "TP001", "2025-03", "trend", "budget",
    )  # fmt: skip
    assert lines(found)["internalRevenue"] == {
        "code": "internalRevenue", "name": "Internal Revenue", "base": 54000.0, "comparison": 50000.0,
        "variance": {"amount": 4000.0, "percent": 8.0, "favorable": True, "severity": "high"},
    }  # fmt: skip
    assert lines(found)["payroll"]["variance"] == {
        "amount": 4000.0, "percent": 8.0, "favorable": False, "severity": "high",
    }  # fmt: skip
    assert lines(found)["claims"]["variance"] == {
        "amount": 300.0, "percent": None, "favorable": False, "severity": None,
    }  # fmt: skip
    assert found["summary"]["flc"]["amount"] == -300.0
    assert found["summary"]["reviewRequired"] is False
    assert "flcToBudgetCumulative" not in lines(found)
    assert body["meta"]["businessDate"] == "2025-04-15"
    assert answer.headers["cache-control"] == "private, no-cache"


def test_the_drivers_are_volume_rate_and_adjustment_of_each_category(api: Api) -> None:
    save_rates(api, "2025-05", valetDaily=25)
    found = variance(api, "TP001/variance/budget?period=2025-05")
    assert [row["category"] for row in found["drivers"]] == [
        "valetDaily", "valetOvernight", "valetMonthly", "valetAggregator", "selfDaily", "selfOvernight", "selfMonthly",
        "selfAggregator",
    ]  # fmt: skip
    assert lines(found)["externalRevenue"]["variance"]["amount"] == 1000.0
    assert drivers(found) == {"valetDaily": (0.0, 1500.0, -500.0)}
    add_up(found)


def test_what_was_recorded_has_its_vehicles_at_their_mean_rate(api: Api) -> None:
    found = variance(api, "TP001/variance/budget?period=2025-03")
    assert drivers(found) == {"valetDaily": (-400.0, 1400.0, 2000.0), "valetOvernight": (-3000.0, 0.0, 1000.0)}
    add_up(found)


def test_the_running_month_is_recorded_days_and_forecast_days(api: Api, company: ParkingWorld) -> None:
    company.park_days("TP001", "2025-04-01", "2025-04-10", vehicles="25", revenue="625")
    found = variance(api, "TP001/variance/budget?period=2025-04")
    assert lines(found)["externalRevenue"]["base"] == 10250.0
    add_up(found)
    valet = drivers(found)["valetDaily"]
    assert valet[:2] == (3000.0, 1250.0)


def test_an_override_is_part_of_the_adjustments(api: Api) -> None:
    body = {"override": {"amount": 12000, "reason": "event weekend"}}
    assert api.put(f"{BASE}/revenue/external/TP001/2025-05", body).status_code == 200
    found = variance(api, "TP001/variance/budget?period=2025-05")
    assert drivers(found) == {"valetDaily": (0.0, 0.0, 4000.0), "valetOvernight": (0.0, 0.0, 2000.0)}
    add_up(found)


def test_a_quarter_adds_its_months_up(api: Api) -> None:
    save_rates(api, "2025-05", valetDaily=25)
    save_rates(api, "2025-06", valetOvernight=33)
    found = variance(api, "TP001/variance/budget?period=2025-Q2&base=forecast")
    assert drivers(found) == {"valetDaily": (0.0, 1500.0, -500.0), "valetOvernight": (0.0, 300.0, -100.0)}
    add_up(found)


def test_a_comparison_that_is_unavailable_has_no_drivers(api: Api) -> None:
    found = variance(api, "TP001/variance/prior-year?period=2025-05")
    assert found["drivers"] == []
    assert lines(found)["externalRevenue"]["variance"] is None
    assert "SOURCE_UNAVAILABLE" in [warning["code"] for warning in found["warnings"]]


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("prior_year", "prior-year"), ("last-year", "prior-year"), ("ly", "prior-year"), ("prior-month", "prior-month"),
        ("previous-quarter", "prior-quarter"), ("prior-quarter", "prior-quarter"), ("forecast", "forecast"),
        ("actual", "actual"),
    ],
)  # fmt: skip
def test_every_comparison_is_answered_under_its_own_name(alias: str, name: str, api: Api) -> None:
    assert variance(api, f"TP001/variance/{alias}")["comparisonType"] == name


def test_the_current_month_is_the_default(api: Api) -> None:
    assert variance(api, "TP001/variance/budget")["period"] == "2025-04"


def test_a_threshold_leaves_smaller_lines_out_and_lines_may_be_sorted_by_amount(api: Api) -> None:
    found = variance(api, "TP001/variance/budget?period=2025-03&threshold=8.01&sort=amount")
    assert [line["code"] for line in found["lines"]] == ["externalRevenue"]
    found = variance(api, "TP001/variance/budget?period=2025-03&threshold=8&sort=amount")
    assert [line["code"] for line in found["lines"]] == ["internalRevenue", "payroll", "externalRevenue"]


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("TP001/variance/yesterday", 400, "INVALID_DATA_TYPE", "comparisonType"),
        ("TP001/variance/trend", 400, "INVALID_DATA_TYPE", "comparisonType"),
        ("TP001/variance/Budget", 400, "INVALID_DATA_TYPE", "comparisonType"),
        ("TP001/variance/budget?base=budget", 400, "INVALID_DATA_TYPE", "comparisonType"),
        ("TP001/variance/budget?base=prior-year", 400, "INVALID_DATA_TYPE", "base"),
        ("TP001/variance/budget?sort=size", 400, "INVALID_DATA_TYPE", "sort"),
        ("TP001/variance/budget?threshold=high", 400, "INVALID_DATA_TYPE", "threshold"),
        ("TP001/variance/budget?threshold=NaN", 400, "INVALID_DATA_TYPE", "threshold"),
        ("TP001/variance/budget?threshold=-1", 400, "VALUE_OUT_OF_RANGE", "threshold"),
        ("TP001/variance/budget?period=2025-04-01", 400, "INVALID_PERIOD", "period"),
        ("TP001/variance/budget?period=2019", 404, "PERIOD_NOT_AVAILABLE", "period"),
        ("TP001/variance/snapshot", 404, "PERIOD_NOT_AVAILABLE", "comparisonType"),
        ("TP001/variance/fpa-projection", 404, "PERIOD_NOT_AVAILABLE", "comparisonType"),
        ("ZZ999/variance/budget", 404, "SITE_NOT_FOUND", "siteId"),
        ("rollup/variance/budget", 400, "INVALID_DATA_TYPE", "organizationLevel"),
    ],
)
def test_what_cannot_be_meant_is_refused(path: str, status: int, code: str, field: str, api: Api) -> None:
    assert told(api.get(f"{VIEW}/{path}")) == (status, code, field)


def test_a_comparison_that_there_is_not_is_refused_with_those_that_there_are(api: Api) -> None:
    details = first_error(api.get(f"{VIEW}/TP001/variance/plan"))["details"]
    assert details["accepted"] == [
        "budget", "forecast", "actual", "prior-year", "prior-month", "prior-quarter", "snapshot", "fpa-projection",
    ]  # fmt: skip
    same = first_error(api.get(f"{VIEW}/TP001/variance/actual?base=actual"))["details"]
    assert same["reason"] == "same_as_base"


def test_a_snapshot_keeps_what_the_trend_was(api: Api) -> None:
    freeze(api)
    save_rates(api, "2025-05", valetDaily=25)
    found = variance(api, "TP001/variance/snapshot?period=2025-05")
    assert lines(found)["externalRevenue"]["comparison"] == 6000.0
    assert lines(found)["externalRevenue"]["variance"]["amount"] == 1000.0
    assert drivers(found) == {"unallocated": (0.0, 0.0, 1000.0)}
    quarter = variance(api, "TP001/variance/snapshot?period=2025-Q3")
    assert lines(quarter)["externalRevenue"]["variance"]["amount"] == 0.0


def test_the_latest_snapshot_that_covers_the_period_counts_unless_one_is_named(api: Api, company: ParkingWorld) -> None:
    first = freeze(api).json()["data"]["snapshotId"]
    save_rates(api, "2025-05", valetDaily=25)
    company.clock.moment = company.clock.moment.replace(minute=30)
    freeze(api, name="later", period="2025-05")
    assert lines(variance(api, "TP001/variance/snapshot?period=2025-05"))["externalRevenue"]["comparison"] == 7000.0
    named = f"TP001/variance/snapshot?period=2025-05&snapshotId={first.upper()}"
    assert lines(variance(api, named))["externalRevenue"]["comparison"] == 6000.0
    quarter = variance(api, "TP001/variance/snapshot?period=2025-Q2")
    assert lines(quarter)["externalRevenue"]["comparison"] == 18000.0


def test_a_projection_is_another_kind_of_snapshot(api: Api) -> None:
    freeze(api, kind="fpa_projection")
    assert told(api.get(f"{VIEW}/TP001/variance/snapshot?period=2025-05"))[0] == 404
    found = variance(api, "TP001/variance/fpa-projection?period=2025-05")
    assert (found["comparisonType"], lines(found)["payroll"]["comparison"]) == ("fpa-projection", 50000.0)


@pytest.mark.parametrize("snapshot", ["nothing", "01900000-0000-7000-8000-000000000000", "%27"])
def test_a_snapshot_that_there_is_not_is_not_available(snapshot: str, api: Api) -> None:
    freeze(api)
    answer = api.get(f"{VIEW}/TP001/variance/snapshot?snapshotId={snapshot}")
    assert told(answer) == (404, "PERIOD_NOT_AVAILABLE", "snapshotId")


def test_a_snapshot_of_other_sites_is_none(api: Api) -> None:
    freeze(api, all=False, siteIds=["TP002"])
    assert told(api.get(f"{VIEW}/TP001/variance/snapshot"))[:2] == (404, "PERIOD_NOT_AVAILABLE")


def test_the_p_and_l_and_roll_ups_are_compared_with_snapshots_too(api: Api) -> None:
    assert told(api.get(f"{VIEW}/TP001/2025-05?compare=snapshot")) == (404, "PERIOD_NOT_AVAILABLE", "compare")
    freeze(api)
    save_rates(api, "2025-05", valetDaily=25)
    for path in ("TP001/2025-05", "rollup/company/all"):
        separator = "&period=2025-05" if "rollup" in path else ""
        found = api.get(f"{VIEW}/{path}?compare=snapshot{separator}").json()["data"]
        external = next(line for line in found["lines"] if line["code"] == "externalRevenue")
        assert external["total"]["variance"]["amount"] == 1000.0
        assert found["compare"] == "snapshot"


def test_sites_that_a_snapshot_does_not_hold_are_named_in_a_roll_up(api: Api) -> None:
    freeze(api, all=False, siteIds=["TP001"])
    found = api.get(f"{VIEW}/rollup/company/all?compare=snapshot&period=2025-05").json()["data"]
    [missing] = [one for one in found["warnings"] if one["code"] == "SOURCE_UNAVAILABLE"]
    assert (missing["details"]["side"], missing["details"]["sites"]) == ("comparison", ["TP002"])
    assert "snapshot" in missing["message"]


def test_sites_of_others_are_out_of_reach(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    assert manager.get(f"{VIEW}/TP001/variance/budget").status_code == 200
    answer = manager.get(f"{VIEW}/TP002/variance/budget")
    assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "site_scope"})


def test_a_year_takes_as_many_statements_as_a_month(api: Api, company: ParkingWorld) -> None:
    variance(api, "TP001/variance/budget?period=2025-05&base=forecast")
    with company.statements() as month:
        variance(api, "TP001/variance/budget?period=2025-06&base=forecast")
    with company.statements() as year:
        variance(api, "TP001/variance/budget?period=2025&base=forecast")
    assert len(year.texts) == len(month.texts)
