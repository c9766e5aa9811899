"""External revenue over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.forecasts import external_revenue_inputs
from shared_code.storage.tables.messages import audit_events
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.revenue_world import BUDGET, SHARE, RevenueWorld

EXTERNAL = f"{BASE}/revenue/external/TP001"
REASON = "agreed with the owner"
CATEGORIES = [
    "valetDaily", "valetOvernight", "valetMonthly", "valetAggregator",
    "selfDaily", "selfOvernight", "selfMonthly", "selfAggregator",
]  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RevenueWorld]:
    world = RevenueWorld(tmp_path)
    world.add_sites("TP001")
    world.budget("TP001", BUDGET)
    world.ledger("TP001", {"9410": "28000", "4790": "-2800"}, "2025-01", "2025-02", "2025-03")
    world.agree("TP001", SHARE)
    yield world
    world.close()


@pytest.fixture
def api(world: RevenueWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def data(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def amount(shown: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(shown[name] for name in ("gross", "adjustments", "adjustmentPercent", "net", "basis"))


def codes(answer: httpx.Response) -> list[str]:
    return [warning["code"] for warning in data(answer)["warnings"]]


def test_before_anything_is_saved_the_budget_balance_counts_as_it_stands(api: Api) -> None:
    answer = api.get(f"{EXTERNAL}/2025-05")
    shown = data(answer)
    assert (answer.headers["etag"], answer.json()["message"]) == ('"0"', "External revenue retrieved successfully")
    assert amount(shown) == (None, None, None, 30000.0, "budget")
    assert (shown["version"], shown["updatedAt"], shown["editable"], shown["override"]) == (0, None, True, None)
    assert (shown["budget"], shown["actual"], shown["trend"], shown["calculatedNet"]) == (30000, None, 30000, 30000)
    assert shown["variance"] == {"amount": 0, "percent": 0, "favorable": True, "severity": "low"}
    assert shown["months"] == []


def test_counts_and_rates_of_all_categories_are_shown_with_their_source(api: Api) -> None:
    shown = data(api.get(f"{EXTERNAL}/2025-05"))["components"]
    assert [component["category"] for component in shown] == CATEGORIES
    assert shown[0] == {
        "category": "valetDaily", "count": 1000, "rate": 20, "rateSource": "budget", "amount": 20000,
    }  # fmt: skip
    assert shown[3] == {
        "category": "valetAggregator", "count": 0, "rate": None, "rateSource": "none", "amount": 0,
    }  # fmt: skip


def test_a_saved_adjustment_makes_the_figure_calculated(api: Api) -> None:
    shown = data(api.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": -0.05}))
    assert amount(shown) == (20000, -1000, -0.05, 19000, "calculated")
    assert (shown["version"], shown["changes"]) == (1, {"created": 1, "updated": 0, "cleared": 0})


def test_a_saved_zero_is_no_adjustment_and_not_the_budgets(api: Api) -> None:
    assert amount(data(api.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": 0}))) == (20000, 0, 0, 20000, "calculated")
    cleared = data(api.put(f"{EXTERNAL}/2025-05", {"version": 1, "adjustmentPercent": None}))
    assert (amount(cleared), cleared["changes"]) == (
        (None, None, None, 30000, "budget"),
        {"created": 0, "updated": 0, "cleared": 1},
    )


def test_a_saved_rate_is_calculated_with_the_adjustment_of_the_budget(api: Api) -> None:
    rates = f"{BASE}/parking-rates/TP001/2025-05"
    assert api.put(rates, {"rates": [{"category": "valetDaily", "rate": 25}]}).status_code == 200
    shown = data(api.get(f"{EXTERNAL}/2025-05"))
    assert amount(shown) == (25000, 12500, 0.5, 37500, "calculated")
    assert (shown["components"][0]["rate"], shown["components"][0]["rateSource"]) == (25, "forecast")


def test_an_override_takes_the_place_of_the_net_and_leaves_the_calculated_figure(api: Api) -> None:
    api.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": 0})
    shown = data(api.put(f"{EXTERNAL}/2025-05", {"version": 1, "override": {"amount": 41000, "reason": REASON}}))
    assert amount(shown) == (20000, 0, 0, 41000, "override")
    assert (shown["calculatedNet"], shown["trend"]) == (20000, 41000)
    moment = "2025-04-15T16:00:00.000Z"
    assert shown["override"] == {"amount": 41000, "reason": REASON, "updatedBy": "local", "updatedAt": moment}
    removed = data(api.put(f"{EXTERNAL}/2025-05", {"version": 2, "override": None}))
    assert (removed["net"], removed["basis"], removed["override"]) == (20000, "calculated", None)


def test_whoever_writes_a_note_has_not_set_the_override(api: Api) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    api.put(f"{EXTERNAL}/2025-05", {"override": {"amount": 41000, "reason": REASON}})
    shown = data(manager.put(f"{EXTERNAL}/2025-05", {"version": 1, "note": "ask again in June"}))
    assert (shown["note"], shown["updatedBy"]) == ("ask again in June", "am1@example.com")
    assert shown["override"]["updatedBy"] == "local"


def test_an_override_of_the_running_month_is_the_net_while_recorded_days_stay_in_the_trend(
    api: Api, world: RevenueWorld
) -> None:
    world.days("TP001", "2025-04-01", "2025-04-10", "500")
    shown = data(api.put(f"{EXTERNAL}/2025-04", {"override": {"amount": 60000, "reason": REASON}}))
    assert (shown["net"], shown["trend"], shown["lastActualDate"]) == (60000, 45000, "2025-04-10")


def test_a_closed_month_shows_what_was_posted_beside_its_forecast(api: Api) -> None:
    shown = data(api.get(f"{EXTERNAL}/2025-03"))
    assert (shown["net"], shown["actual"], shown["trend"]) == (30000, 28000, 28000)
    assert (shown["editable"], shown["lockReason"], shown["lastActualDate"]) == (False, "past", "2025-03-31")
    assert shown["variance"] == {"amount": -2000, "percent": -6.67, "favorable": False, "severity": "medium"}


def test_a_quarter_and_a_year_are_the_sums_of_their_months(api: Api) -> None:
    api.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": 0.1})
    for period, count in (("2025-q2", 3), ("2025", 12)):
        shown = data(api.get(f"{EXTERNAL}/{period}"))
        months = shown["months"]
        assert len(months) == count
        assert {month["month"]: month["lockReason"] for month in months}["2025-05"] is None
        for field in ("net", "trend", "budget", "calculatedNet"):
            assert shown[field] == sum(month[field] for month in months)
        assert (shown["gross"], shown["basis"], shown["editable"]) == (None, "calculated", False)
        assert (shown["lockReason"], shown["version"], shown["override"]) == ("granularity", 1, None)
        assert shown["components"][0]["count"] == 1000 * count
    assert data(api.get(f"{EXTERNAL}/2025"))["actual"] == 3 * 28000


def test_a_quarter_whose_months_are_all_calculated_has_a_gross(api: Api) -> None:
    for month, percent in (("04", 0), ("05", 0.1), ("06", 0.2)):
        api.put(f"{EXTERNAL}/2025-{month}", {"adjustmentPercent": percent})
    assert amount(data(api.get(f"{EXTERNAL}/2025-Q2"))) == (60000, 6000, 0.1, 66000, "calculated")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"override": {"amount": 5}}, ("MISSING_REQUIRED_FIELD", "override.reason")),
        ({"override": {"amount": 5, "reason": None}}, ("MISSING_REQUIRED_FIELD", "override.reason")),
        ({"override": {"amount": 5, "reason": "no"}}, ("VALUE_OUT_OF_RANGE", "override.reason")),
        ({"override": {"reason": REASON}}, ("MISSING_REQUIRED_FIELD", "override.amount")),
        ({"override": {"amount": -1, "reason": REASON}}, ("VALUE_OUT_OF_RANGE", "override.amount")),
        ({"override": {"amount": 1.005, "reason": REASON}}, ("VALUE_OUT_OF_RANGE", "override.amount")),
        ({"override": 5}, ("INVALID_DATA_TYPE", "override")),
        ({"override": {"amount": 5, "reason": REASON, "why": 1}}, ("UNKNOWN_FIELD", "override.why")),
        ({"adjustmentPercent": 1.5}, ("VALUE_OUT_OF_RANGE", "adjustmentPercent")),
        ({"adjustmentPercent": -1.01}, ("VALUE_OUT_OF_RANGE", "adjustmentPercent")),
        ({"adjustmentPercent": 0.1234567}, ("VALUE_OUT_OF_RANGE", "adjustmentPercent")),
        ({"adjustmentPercent": "0.1"}, ("INVALID_DATA_TYPE", "adjustmentPercent")),
        ({"adjustmentPercent": True}, ("INVALID_DATA_TYPE", "adjustmentPercent")),
        ({"note": "n" * 2001}, ("VALUE_OUT_OF_RANGE", "note")),
        ({"net": 5}, ("READ_ONLY_FIELD", "net")),
        ({"gross": None}, ("READ_ONLY_FIELD", "gross")),
        ({"components": []}, ("READ_ONLY_FIELD", "components")),
        ({"months": []}, ("READ_ONLY_FIELD", "months")),
        ({"adjustment": 0.1}, ("UNKNOWN_FIELD", "adjustment")),
    ],
)
def test_what_a_body_may_not_say_is_refused_and_nothing_is_saved(
    body: dict[str, Any], error: tuple[str, str], api: Api, world: RevenueWorld
) -> None:
    assert told(api.put(f"{EXTERNAL}/2025-05", body)) == (400, *error)
    assert world.rows(external_revenue_inputs) == []


def test_a_percentage_in_place_of_a_fraction_is_refused_with_what_was_probably_meant(api: Api) -> None:
    assert first_error(api.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": -5}))["details"]["suggestion"] == -0.05


def test_all_that_is_wrong_is_said_at_once(api: Api) -> None:
    answer = api.put(f"{EXTERNAL}/2025-05", {"net": 1, "adjustmentPercent": 2, "override": {"amount": 1}})
    assert [error["field"] for error in answer.json()["errors"]] == ["net", "adjustmentPercent", "override.reason"]


def test_what_is_not_sent_stays_and_what_is_sent_again_changes_nothing(api: Api, world: RevenueWorld) -> None:
    body = {"adjustmentPercent": 0.1, "override": {"amount": 41000, "reason": REASON}, "note": "as agreed"}
    api.put(f"{EXTERNAL}/2025-05", body)
    left = world.rows(external_revenue_inputs), world.saved()
    again = data(api.put(f"{EXTERNAL}/2025-05", body | {"version": 7}))
    assert (again["version"], again["changes"]) == (1, {"created": 0, "updated": 0, "cleared": 0})
    assert (world.rows(external_revenue_inputs), world.saved()) == left
    shown = data(api.put(f"{EXTERNAL}/2025-05", {"version": 1, "adjustmentPercent": 0.2}))
    assert (shown["override"]["amount"], shown["note"], shown["adjustmentPercent"]) == (41000, "as agreed", 0.2)


def test_what_was_read_may_be_sent_back(api: Api) -> None:
    read = data(api.put(f"{EXTERNAL}/2025-05", {"override": {"amount": 41000, "reason": REASON}}))
    body = {name: read[name] for name in ("version", "updatedAt", "updatedBy", "override")}
    assert data(api.put(f"{EXTERNAL}/2025-05", body))["version"] == 1


def test_a_row_without_any_value_is_not_kept(api: Api, world: RevenueWorld) -> None:
    api.put(f"{EXTERNAL}/2025-05", {"note": "as agreed"})
    api.put(f"{EXTERNAL}/2025-05", {"version": 1, "note": ""})
    assert world.rows(external_revenue_inputs) == []


def test_a_version_that_is_behind_names_the_cells_that_others_changed(api: Api) -> None:
    api.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": 0.1})
    refused = api.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": 0.2, "note": "n"}, headers={"If-Match": '"0"'})
    assert told(refused) == (412, "VERSION_CONFLICT", "version")
    details = first_error(refused)["details"]
    assert (details["currentVersion"], details["conflictingKeys"]) == (1, ["2025-05.adjustmentPercent"])
    assert data(api.get(f"{EXTERNAL}/2025-05"))["adjustmentPercent"] == 0.1


def test_without_a_version_the_write_is_accepted_with_a_warning(api: Api) -> None:
    api.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": 0.1})
    assert "NO_PRECONDITION" in codes(api.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": 0.2}))


def test_a_closed_month_is_locked_for_all_but_an_administrator_with_a_reason(api: Api) -> None:
    refused = api.put(f"{EXTERNAL}/2025-03", {"adjustmentPercent": 0.1})
    assert told(refused) == (409, "PERIOD_LOCKED", "period")
    assert first_error(refused)["details"] == {"lockedMonths": ["2025-03"], "reason": "past"}
    shown = data(api.put(f"{EXTERNAL}/2025-03", {"adjustmentPercent": 0.1, "reason": "found an error"}))
    assert (shown["net"], shown["trend"]) == (22000, 28000)
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    again = manager.put(f"{EXTERNAL}/2025-03", {"version": 1, "adjustmentPercent": 0.2, "reason": "found an error"})
    assert told(again) == (409, "PERIOD_LOCKED", "period")


@pytest.mark.parametrize("period", ["2025-Q2", "2025", "2025-05-01"])
def test_only_months_are_saved(period: str, api: Api) -> None:
    refused = api.put(f"{EXTERNAL}/{period}", {"adjustmentPercent": 0.1})
    assert told(refused) == (400, "INVALID_PERIOD", "period")
    assert first_error(refused)["details"]["writableFormats"] == ["YYYY-MM"]


def test_each_change_is_written_down_and_told_once(api: Api, world: RevenueWorld) -> None:
    body = {"adjustmentPercent": 0.1, "override": {"amount": 41000, "reason": REASON}, "reason": "monthly talk"}
    api.put(f"{EXTERNAL}/2025-05", body)
    trail = world.rows(audit_events, "module", "item_key", "field", "old_value", "new_value", "reason")
    assert trail == [
        ("external-revenue", "2025-05", "adjustmentPercent", None, "0.1", "monthly talk"),
        ("external-revenue", "2025-05", "override.amount", None, "41000.00", "monthly talk"),
        ("external-revenue", "2025-05", "override.reason", None, REASON, "monthly talk"),
    ]
    (event,) = [event for event in world.events() if event["eventType"] == "ForecastUpdated"]
    assert (event["module"], event["userId"]) == ("external-revenue", "local")
    assert (event["siteId"], event["period"]) == ("TP001", "2025-05")


def test_an_administrator_may_replace_and_nobody_else(api: Api) -> None:
    api.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": 0.1, "note": "as agreed"})
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    refused = manager.put(f"{EXTERNAL}/2025-05?mode=replace", {"version": 1, "note": "other"})
    assert (refused.status_code, first_error(refused)["details"]) == (403, {"reason": "role"})
    shown = data(api.put(f"{EXTERNAL}/2025-05?mode=replace", {"version": 1, "note": "other"}))
    assert (shown["note"], shown["adjustmentPercent"], shown["basis"]) == ("other", None, "budget")
    assert shown["changes"] == {"created": 0, "updated": 1, "cleared": 1}


def test_who_may_only_read_is_told_so_and_cannot_write(api: Api) -> None:
    viewer = api.signed_in("cv1@example.com", "corporate_viewer")
    shown = data(viewer.get(f"{EXTERNAL}/2025-05"))
    assert (shown["editable"], shown["lockReason"]) == (False, "role")
    writing = api.signed_in("cv1@example.com", "corporate_viewer", scopes=["revenue:read", "revenue:write"])
    refused = writing.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": 0.1})
    assert (refused.status_code, first_error(refused)["details"]["reason"]) == (403, "role")


def test_a_month_far_above_last_year_and_above_the_last_months_is_warned_of(api: Api, world: RevenueWorld) -> None:
    world.ledger("TP001", {"9410": "20000"}, "2024-05")
    assert codes(api.get(f"{EXTERNAL}/2025-05")) == []
    answer = api.put(f"{EXTERNAL}/2025-05", {"override": {"amount": 41000, "reason": REASON}})
    warnings = {warning["code"]: warning for warning in data(answer)["warnings"]}
    assert list(warnings) == ["REVENUE_ABOVE_PRIOR_YEAR", "REVENUE_ABOVE_HISTORY"]
    assert warnings["REVENUE_ABOVE_PRIOR_YEAR"]["details"] == {
        "periods": ["2025-05"], "thresholdPercent": 150, "reasonRequested": True,
    }  # fmt: skip
    assert warnings["REVENUE_ABOVE_PRIOR_YEAR"]["field"] == "net"


def test_a_month_without_a_budget_says_so(api: Api, world: RevenueWorld) -> None:
    world.add_sites("TP002")
    answer = api.get(f"{BASE}/revenue/external/TP002/2025-05")
    assert (data(answer)["net"], codes(answer)) == (0, ["NO_BUDGET"])


def test_figures_of_a_budget_that_was_never_published_are_unavailable_and_not_zero(api: Api) -> None:
    answer = api.get(f"{EXTERNAL}/2026-05")
    shown = data(answer)
    assert (shown["net"], shown["trend"], shown["variance"], shown["calculatedNet"]) == (None, None, None, None)
    assert {component["amount"] for component in shown["components"]} == {None}
    assert codes(answer) == ["SOURCE_UNAVAILABLE"]


def test_statistics_external_and_internal_revenue_and_pnl_show_the_same_net(api: Api, world: RevenueWorld) -> None:
    world.valet_days("TP001", "2025-05", {1: "33.33", 2: "41.7"})
    rates = f"{BASE}/parking-rates/TP001/2025-05"
    assert api.put(rates, {"rates": [{"category": "valetDaily", "rate": 21.37}]}).status_code == 200
    net = data(api.put(f"{EXTERNAL}/2025-05", {"adjustmentPercent": -0.0333}))["net"]
    pnl = data(api.get(f"{BASE}/pl-view/TP001/2025-05"))["lines"][0]["values"][0]["value"]
    share = data(api.get(f"{BASE}/revenue/internal/TP001/2025-05"))["components"]["revenueShare"]
    statistics = data(api.get(f"{BASE}/statistics/TP001/2025-05"))["statistics"]["externalRevenue"]
    # (33.33 + 41.7 + 1,000 × 29 ÷ 31) vehicles × 21.37 × (1 − 0.0333)
    assert net == pnl == share["externalRevenue"] == statistics["net"] == 20875.58


def test_a_quarter_shows_the_sum_of_its_rounded_months_wherever_it_is_looked_at(api: Api, world: RevenueWorld) -> None:
    world.add_sites("TP002")
    world.budget("TP002", {"9410": "10000.004"})
    external = data(api.get(f"{BASE}/revenue/external/TP002/2025-Q3"))["net"]
    pnl = data(api.get(f"{BASE}/pl-view/TP002/2025-Q3"))["lines"][0]["total"]["value"]
    statistics = data(api.get(f"{BASE}/statistics/TP002/2025-Q3"))
    families = [statistics["statistics"], *[statistics["totals"][name] for name in ("forecast", "budget", "trend")]]
    assert {external, pnl, *[family["externalRevenue"]["net"] for family in families]} == {30000.0}


def test_a_year_takes_as_many_statements_as_a_month(api: Api, world: RevenueWorld) -> None:
    counts = []
    for period in ("2025-06", "2025-Q4", "2025"):
        api.get(f"{EXTERNAL}/{period}")
        with world.statements() as seen:
            assert api.get(f"{EXTERNAL}/{period}").status_code == 200
        counts.append(len(seen.texts))
    assert len(set(counts)) == 1, counts
