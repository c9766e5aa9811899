"""Other expenses over HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.accounts import accounts
from shared_code.storage.tables.forecasts import other_expenses
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.monthly_world import MonthlyWorld

EXPENSES = f"{BASE}/other-expenses/TP001"
FIELDS = [
    "employeeRelations", "fuelVehicles", "lossAndDamageClaims", "officeSupplies", "outsideServices", "rentsParking",
    "repairsAndMaintenance", "repairsAndMaintenanceVehicle", "signage", "suppliesAndEquipment",
    "ticketsAndPrintedMaterial", "uniforms",
]  # fmt: skip
BUDGET = {"4790": "-30000", "7045": "300", "7100": "500", "7113": "220", "7170": "2000", "9410": "62000"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MonthlyWorld]:
    world = MonthlyWorld(tmp_path)
    world.add_sites("TP001")
    world.budget("TP001", BUDGET)
    world.ledger("TP001", {"7045": "310.40", "7100": "75"}, "2025-03")
    yield world
    world.close()


@pytest.fixture
def api(world: MonthlyWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def month(answer: Any, place: int = 0) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]["months"][place]
    return found


def warned(answer: Any) -> list[tuple[str, str | None]]:
    return [(warning["code"], warning["field"]) for warning in answer.json()["data"]["warnings"]]


def test_what_is_not_saved_counts_with_its_budget_account_by_account(api: Api) -> None:
    answer = api.get(f"{EXPENSES}/2025-05")
    shown = month(answer)
    assert list(shown["budget"]) == FIELDS
    assert (shown["forecast"], shown["actual"], shown["editable"], shown["lockReason"]) == (None, None, True, None)
    assert {name: amount for name, amount in shown["effective"].items() if amount} == {
        "employeeRelations": 300.0, "officeSupplies": 220.0, "rentsParking": 2000.0, "total": 2520.0,
    }  # fmt: skip
    assert (shown["source"]["employeeRelations"], shown["source"]["uniforms"]) == ("budget", "none")
    totals = answer.json()["data"]["totals"]
    assert totals["byMonth"] == [{"month": "2025-05", "total": 2520.0}]
    assert totals["byAccount"]["rentsParking"] == 2000.0


def test_claims_are_shown_but_never_forecast(api: Api) -> None:
    shown = month(api.get(f"{EXPENSES}/2025-05"))
    claims = [shown[block]["lossAndDamageClaims"] for block in ("budget", "effective", "source")]
    assert claims == [500.0, 0.0, "none"]
    answer = api.put(f"{EXPENSES}/2025-05", {"lossAndDamageClaims": 100})
    assert told(answer) == (400, "READ_ONLY_FIELD", "lossAndDamageClaims")
    assert month(api.get(f"{EXPENSES}/2025-03"))["actual"]["lossAndDamageClaims"] == 75.0


def test_a_saved_amount_counts_zero_included_and_null_falls_back(api: Api) -> None:
    saved = month(api.put(f"{EXPENSES}/2025-05", {"employeeRelations": 0, "uniforms": 350}))
    assert (saved["forecast"]["employeeRelations"], saved["forecast"]["officeSupplies"]) == (0.0, None)
    assert (saved["effective"]["employeeRelations"], saved["source"]["employeeRelations"]) == (0.0, "forecast")
    assert saved["effective"]["total"] == 2570.0
    cleared = api.put(f"{EXPENSES}/2025-05", {"version": 1, "employeeRelations": None})
    assert month(cleared)["effective"]["employeeRelations"] == 300.0
    assert cleared.json()["data"]["changes"] == {"created": 0, "updated": 0, "cleared": 1}


def test_in_the_current_month_the_larger_of_posted_and_forecast_counts(api: Api, world: MonthlyWorld) -> None:
    world.ledger("TP001", {"7045": "420.10", "7113": "100", "7170": "2500", "7185": "33", "7100": "80"}, "2025-04")
    api.put(f"{EXPENSES}/2025-04", {"employeeRelations": 400, "rentsParking": 2600})
    shown = month(api.get(f"{EXPENSES}/2025-04"))
    found = {name: (shown["effective"][name], shown["source"][name]) for name in FIELDS if shown["effective"][name]}
    assert found == {
        "employeeRelations": (420.1, "actual"), "lossAndDamageClaims": (80.0, "actual"),
        "officeSupplies": (220.0, "budget"), "rentsParking": (2600.0, "forecast"),
        "suppliesAndEquipment": (33.0, "actual"),
    }  # fmt: skip
    assert shown["actual"]["uniforms"] == 0.0


def test_the_effective_amounts_are_those_of_the_pnl(api: Api, world: MonthlyWorld) -> None:
    world.ledger("TP001", {"7045": "420.10", "7170": "2500"}, "2025-04")
    api.put(f"{EXPENSES}/2025", {"months": [{"month": "2025-05", "uniforms": 99.99, "rentsParking": 1800}]})
    lines = {line["code"]: line["values"] for line in api.get(f"{BASE}/pl-view/TP001/2025-Q2").json()["data"]["lines"]}
    for place, shown in enumerate(api.get(f"{EXPENSES}/2025-Q2").json()["data"]["months"]):
        effective = shown["effective"]
        assert lines["parkingRents"][place]["value"] == effective["rentsParking"]
        rest = effective["total"] - effective["rentsParking"] - effective["lossAndDamageClaims"]
        assert lines["otherExpense"][place]["value"] == pytest.approx(rest)


def test_a_closed_month_shows_its_actual_and_is_locked(api: Api) -> None:
    shown = month(api.get(f"{EXPENSES}/2025-03"))
    assert (shown["actual"]["employeeRelations"], shown["actual"]["uniforms"]) == (310.4, 0.0)
    assert (shown["editable"], shown["lockReason"]) == (False, "past")
    rows = [{"month": "2025-05", "uniforms": 1}, {"month": "2025-02", "uniforms": 1}]
    answer = api.put(f"{EXPENSES}/2025", {"months": rows})
    assert told(answer) == (409, "PERIOD_LOCKED", "months[1].month")
    assert first_error(answer)["details"] == {"lockedMonths": ["2025-02"], "reason": "past"}


def test_an_expense_far_above_its_budget_asks_for_a_reason(api: Api) -> None:
    at_the_limit = api.put(f"{EXPENSES}/2025-05", {"employeeRelations": 360})
    assert warned(at_the_limit) == []
    above = api.put(f"{EXPENSES}/2025-05", {"version": 1, "employeeRelations": 360.01, "uniforms": 50})
    assert warned(above) == [("EXPENSE_ABOVE_BUDGET", "2025-05.employeeRelations")]
    assert above.json()["data"]["warnings"][0]["details"] == {
        "month": "2025-05", "account": "employeeRelations", "amount": 360.01, "budget": 300.0, "percent": 20.0,
        "reasonRequested": True,
    }  # fmt: skip
    assert warned(api.get(f"{EXPENSES}/2025-05")) == [("EXPENSE_ABOVE_BUDGET", "2025-05.employeeRelations")]


def test_a_month_with_expenses_but_no_revenue_is_warned_of(api: Api, world: MonthlyWorld) -> None:
    world.add_sites("TP002")
    world.budget("TP002", {"7045": "300"}, ["2025-05"])
    world.budget("TP002", {"7045": "0", "9410": "0"}, ["2025-06"])
    answer = api.get(f"{BASE}/other-expenses/TP002/2025-Q2")
    assert warned(answer) == [("ZERO_REVENUE_WITH_EXPENSE", None), ("NO_BUDGET", None)]
    first, second = answer.json()["data"]["warnings"]
    assert (first["details"], second["details"]) == ({"month": "2025-05"}, {"periods": ["2025-04"]})


def test_an_account_that_the_chart_does_not_list_can_be_forecast(api: Api, world: MonthlyWorld) -> None:
    answer = api.put(f"{EXPENSES}/2025-05", {"signage": 12.34})
    assert month(answer)["effective"]["signage"] == 12.34
    assert ("7180", "unmapped") in world.rows(accounts, "main_account", "pnl_line")
    assert world.rows(other_expenses, "period", "main_account", "version") == [("2025-05", "7180", 1)]


def test_a_changed_row_keeps_who_made_it_and_counts_the_change(api: Api, world: MonthlyWorld) -> None:
    api.put(f"{EXPENSES}/2025-05", {"uniforms": 1, "officeSupplies": 5})
    made = world.clock.now()
    world.clock.moment += timedelta(minutes=1)
    api.put(f"{EXPENSES}/2025-05", {"version": 1, "uniforms": 2})
    assert world.rows(other_expenses, "main_account", "created_at", "updated_at", "version") == [
        ("7113", made, made, 1),
        ("7220", made, world.clock.now(), 2),
    ]


def test_a_year_is_saved_by_month_with_one_event_each(api: Api, world: MonthlyWorld) -> None:
    rows = [{"month": "2025-06", "uniforms": 10}, {"month": "2025-07", "uniforms": 20, "officeSupplies": 5}]
    data = api.put(f"{EXPENSES}/2025", {"months": rows}).json()["data"]
    assert (data["version"], data["changes"]) == (2, {"created": 3, "updated": 0, "cleared": 0})
    assert [(event["eventType"], event["period"], event["module"]) for event in world.events()] == [
        ("ForecastUpdated", "2025-06", "other-expenses"),
        ("ForecastUpdated", "2025-07", "other-expenses"),
    ]
    before = world.saved()
    assert api.put(f"{EXPENSES}/2025", {"version": 0, "months": rows}).json()["data"]["version"] == 2
    assert world.saved() == before


@pytest.mark.parametrize(
    ("sent", "field", "code"),
    [
        ({"uniforms": -1}, "uniforms", "VALUE_OUT_OF_RANGE"),
        ({"uniforms": 1.005}, "uniforms", "VALUE_OUT_OF_RANGE"),
        ({"uniforms": "350"}, "uniforms", "INVALID_DATA_TYPE"),
        ({"payroll": 1}, "payroll", "UNKNOWN_FIELD"),
        ({"effective": {}}, "effective", "READ_ONLY_FIELD"),
        ({"months": None}, "months", "UNKNOWN_FIELD"),
    ],
)
def test_a_malformed_body_is_refused_by_its_field(sent: dict[str, Any], field: str, code: str, api: Api) -> None:
    assert told(api.put(f"{EXPENSES}/2025-05", sent)) == (400, code, field)
