"""What the lines of a P&L are made of, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, served
from tests.support.monthly_world import MonthlyWorld

BUDGET = {
    "4790": "-50000", "6000": "50000", "7113": "220", "9410": "8640", "9411": "6000", "9510": "300", "9412": "3000",
    "9520": "100",
}  # fmt: skip
EIGHT = [
    "valetDaily", "valetOvernight", "valetMonthly", "valetAggregator", "selfDaily", "selfOvernight", "selfMonthly",
    "selfAggregator",
]  # fmt: skip


@pytest.fixture
def company(tmp_path: Path) -> Iterator[MonthlyWorld]:
    """Business date 15 April 2025; TP001 shares 10 % of its external revenue, TP002 has no contract."""
    world = MonthlyWorld(tmp_path)
    world.add_sites("TP001", "TP002", total_rooms=100)
    world.budget(["TP001", "TP002"], BUDGET)
    world.ledger("TP001", {"4790": "-700", "9410": "7000"}, "2025-03")
    world.parked("TP001", "2025-03", "valet_daily", "7000", "280")
    world.share("TP001", "10")
    yield world
    world.close()


@pytest.fixture
def api(company: MonthlyWorld) -> Iterator[Api]:
    with served(create_app(lambda: company.runtime)) as api:
        yield api


def breakdown(api: Api, path: str, code: str) -> list[dict[str, Any]]:
    separator = "&" if "?" in path else "?"
    answer = api.get(f"{BASE}/pl-view/{path}{separator}include=breakdown")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = next(one for one in answer.json()["data"]["lines"] if one["code"] == code)[
        "breakdown"
    ]
    return found


def save_rate(api: Api, rate: float) -> None:
    body = {"rates": [{"category": "valetDaily", "rate": rate}]}
    assert api.put(f"{BASE}/parking-rates/TP001/2025-05", body).status_code == 200


def test_external_revenue_shows_the_eight_categories_with_count_rate_and_source(api: Api) -> None:
    save_rate(api, 25)
    [may] = breakdown(api, "TP001/2025-05", "externalRevenue")
    assert (may["period"], may["month"]) == ("2025-05", 5)
    assert [part["category"] for part in may["components"]] == EIGHT
    assert may["components"][:4] == [
        {"category": "valetDaily", "count": 300.0, "rate": 25.0, "rateSource": "forecast", "amount": 7500.0},
        {"category": "valetOvernight", "count": 100.0, "rate": 30.0, "rateSource": "budget", "amount": 3000.0},
        {"category": "valetMonthly", "count": 0.0, "rate": None, "rateSource": "none", "amount": 0.0},
        {"category": "valetAggregator", "count": 0.0, "rate": None, "rateSource": "none", "amount": 0.0},
    ]
    assert "accounts" not in may


def test_the_categories_are_those_of_the_external_revenue_itself(api: Api) -> None:
    save_rate(api, 25)
    [may] = breakdown(api, "TP001/2025-05", "externalRevenue")
    revenue = api.get(f"{BASE}/revenue/external/TP001/2025-05").json()["data"]
    assert may["components"] == revenue["components"]


def test_the_addends_of_the_calculation_add_up_to_the_figure(api: Api) -> None:
    save_rate(api, 25)
    [may] = breakdown(api, "TP001/2025-05", "externalRevenue")
    assert [(part["component"], part["amount"]) for part in may["calculation"]] == [
        ("valet_daily", 7500.0), ("valet_overnight", 3000.0), ("adjustment", -420.0),
    ]  # fmt: skip


def test_internal_revenue_shows_the_components_of_the_contract(api: Api) -> None:
    [may] = breakdown(api, "TP001/2025-05", "internalRevenue")
    revenue = api.get(f"{BASE}/revenue/internal/TP001/2025-05").json()["data"]
    assert may["components"] == revenue["components"]
    assert list(may["components"]) == ["revenueShare", "otherRevenue"]
    assert may["components"]["revenueShare"]["total"] == 864.0
    assert may["components"]["revenueShare"]["structures"][0]["tiers"][0]["percentage"] == 10.0


def test_a_closed_month_shows_what_was_recorded_and_posted(api: Api) -> None:
    [march] = breakdown(api, "TP001/2025-03", "externalRevenue")
    assert march["components"][0] == {
        "category": "valetDaily", "count": 280.0, "rate": 25.0, "rateSource": "actual", "amount": 7000.0,
    }  # fmt: skip
    [march] = breakdown(api, "TP001/2025-03", "internalRevenue")
    assert march["components"] == {}
    assert [part["component"] for part in march["calculation"]] == ["4790"]


def test_a_month_of_which_nothing_is_recorded_has_no_categories(api: Api) -> None:
    january, _, march = breakdown(api, "TP001/2025-Q1", "externalRevenue")
    assert (january["components"], len(march["components"])) == ([], 8)


def test_the_budget_has_its_own_categories_and_no_contract(api: Api) -> None:
    [march] = breakdown(api, "TP001/2025-03?view=budget", "externalRevenue")
    assert march["components"][1] == {
        "category": "valetOvernight", "count": 100.0, "rate": 30.0, "rateSource": "budget", "amount": 3000.0,
    }  # fmt: skip
    assert breakdown(api, "TP001/2025-03?view=budget", "internalRevenue")[0]["components"] == {}


def test_a_site_without_a_contract_has_no_components(api: Api) -> None:
    assert breakdown(api, "TP002/2025-05", "internalRevenue")[0]["components"] == {}


def test_an_expense_shows_its_accounts_or_the_formula(api: Api) -> None:
    [may] = breakdown(api, "TP001/2025-05", "otherExpense")
    assert may["accounts"] == [{"account": "7113", "name": "Office supplies", "amount": 220.0}]
    [may] = breakdown(api, "TP001/2025-05", "insurance")
    assert may["accounts"] == []
    assert {part["component"] for part in may["calculation"]} == {"vehicle_insurance", "payroll_percent"}
    assert "components" not in may


def test_results_and_statistics_have_no_breakdown(api: Api) -> None:
    for code in ("flc", "flcToBudgetCumulative", "occupiedRooms"):
        assert breakdown(api, "TP001/2025", code) is None


@pytest.mark.parametrize("view", ["trend", "forecast", "budget", "actual", "prior-year"])
def test_every_view_has_a_breakdown_for_each_month(view: str, api: Api) -> None:
    assert [one["month"] for one in breakdown(api, f"TP001/2025?view={view}", "externalRevenue")] == list(range(1, 13))
