"""Other revenue over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.forecasts import other_revenues
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.monthly_world import MonthlyWorld

OTHER = f"{BASE}/revenue/other/TP001"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MonthlyWorld]:
    world = MonthlyWorld(tmp_path)
    world.add_sites("TP001")
    world.budget("TP001", {"4790": "-50000"})
    world.share("TP001", "10")
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


def test_items_that_reduce_revenue_are_stored_negative(api: Api, world: MonthlyWorld) -> None:
    answer = api.put(f"{OTHER}/2025-05", {"gpoFees": 250, "miscellaneous": -40, "signingBonus": 0})
    saved = month(answer)["forecast"]
    assert saved == {
        "billableExpense": None, "revenueValidation": None, "miscellaneous": -40.0, "gpoFees": -250.0,
        "signingBonus": 0.0, "clientPaidExpense": None, "total": -290.0,
    }  # fmt: skip
    (warning,) = answer.json()["data"]["warnings"]
    assert (warning["code"], warning["field"]) == ("SIGN_NORMALISED", "gpoFees")
    assert warning["details"] == {"month": "2025-05", "providedValue": 250.0, "storedValue": -250.0}
    assert {(item, str(amount)) for item, amount in world.rows(other_revenues, "item", "amount")} == {
        ("gpo_fees", "-250.0000"), ("miscellaneous", "-40.0000"), ("signing_bonus", "0.0000"),
    }  # fmt: skip
    cleared = api.put(f"{OTHER}/2025-05", {"version": 1, "gpoFees": None})
    assert month(cleared)["forecast"]["total"] == -40.0
    assert cleared.json()["data"]["changes"] == {"created": 0, "updated": 0, "cleared": 1}


def test_items_that_add_revenue_are_never_negative(api: Api, world: MonthlyWorld) -> None:
    for name in ("billableExpense", "revenueValidation"):
        assert told(api.put(f"{OTHER}/2025-05", {name: -10})) == (400, "VALUE_OUT_OF_RANGE", name)
    assert world.rows(other_revenues) == []


def test_a_closed_month_is_locked(api: Api) -> None:
    answer = api.put(f"{OTHER}/2025-03", {"miscellaneous": 1})
    assert told(answer) == (409, "PERIOD_LOCKED", "period")
    assert first_error(answer)["details"] == {"lockedMonths": ["2025-03"], "reason": "past"}


def test_nothing_saved_counts_as_0_and_has_no_forecast(api: Api) -> None:
    answer = api.get(f"{OTHER}/2025-05")
    data = answer.json()["data"]
    assert (data["version"], data["updatedAt"], answer.headers["etag"]) == (0, None, '"0"')
    shown = month(answer)
    assert (shown["forecast"], shown["actual"], shown["priorYear"], shown["editable"]) == (None, None, None, True)
    assert set(shown["effective"].values()) == {0.0}
    assert data["totals"]["total"] == 0.0


def test_credits_is_another_name_of_miscellaneous(api: Api) -> None:
    assert month(api.put(f"{OTHER}/2025-05", {"credits": -12.5}))["forecast"]["miscellaneous"] == -12.5
    twice = api.put(f"{OTHER}/2025-05", {"credits": 1, "miscellaneous": None})
    assert told(twice) == (400, "DUPLICATE", "credits")
    nested = api.put(f"{OTHER}/2025", {"months": [{"month": "2025-05", "miscellaneous": 1, "credits": 1}]})
    assert told(nested) == (400, "DUPLICATE", "months[0].credits")


def test_a_year_is_saved_by_month(api: Api, world: MonthlyWorld) -> None:
    rows = [{"month": "2025-06", "billableExpense": 500}, {"month": "2025-07", "clientPaidExpense": -75.25}]
    answer = api.put(f"{OTHER}/2025", {"months": rows})
    data = answer.json()["data"]
    assert (data["periodType"], data["version"], data["changes"]["created"]) == ("year", 2, 2)
    assert (data["totals"]["billableExpense"], data["totals"]["total"]) == (500.0, 424.75)
    assert [shown["effective"]["total"] for shown in data["months"]][5:7] == [500.0, -75.25]
    assert [(event["eventType"], event["period"], event["module"]) for event in world.events()] == [
        ("ForecastUpdated", "2025-06", "other-revenue"),
        ("ForecastUpdated", "2025-07", "other-revenue"),
    ]


def test_last_years_saved_items_are_shown_beside(api: Api) -> None:
    api.put(f"{OTHER}/2025-06", {"billableExpense": 500})
    assert month(api.get(f"{OTHER}/2026-06"))["priorYear"]["billableExpense"] == 500.0


def test_a_quarter_and_a_window_show_their_months(api: Api) -> None:
    quarter = api.get(f"{OTHER}/2025-Q3").json()["data"]
    assert [shown["month"] for shown in quarter["months"]] == ["2025-07", "2025-08", "2025-09"]
    window = api.get(f"{OTHER}/2025-04?months=2").json()["data"]
    assert [shown["months"][0]["month"] for shown in window["periods"]] == ["2025-04", "2025-05"]
    assert told(api.get(f"{OTHER}/2025-Q3?months=2")) == (400, "VALUE_OUT_OF_RANGE", "months")


def test_what_is_saved_is_internal_revenue_of_the_next_read(api: Api) -> None:
    def internal() -> float:
        lines = api.get(f"{BASE}/pl-view/TP001/2025-05").json()["data"]["lines"]
        value: float = next(line for line in lines if line["code"] == "internalRevenue")["values"][0]["value"]
        return value

    before = internal()
    api.put(f"{OTHER}/2025-05", {"billableExpense": 500, "gpoFees": 100})
    assert internal() == before + 400.0


def test_a_repeated_put_leaves_nothing_even_with_an_old_version(api: Api, world: MonthlyWorld) -> None:
    api.put(f"{OTHER}/2025-05", {"gpoFees": 250, "billableExpense": 0})
    before = world.saved()
    again = api.put(f"{OTHER}/2025-05", {"version": 0, "gpoFees": 250, "billableExpense": 0})
    assert (again.status_code, again.json()["data"]["version"]) == (200, 1)
    assert world.saved() == before


def test_a_write_without_a_version_is_warned_of_or_refused(api: Api, world: MonthlyWorld) -> None:
    api.put(f"{OTHER}/2025-05", {"miscellaneous": 1})
    careless = api.put(f"{OTHER}/2025-05", {"miscellaneous": 2})
    assert [warning["code"] for warning in careless.json()["data"]["warnings"]] == ["NO_PRECONDITION"]
    strict = world.with_settings(strict_precondition=True)
    with served(create_app(lambda: strict)) as strict_api:
        assert told(strict_api.put(f"{OTHER}/2025-05", {"miscellaneous": 3})) == (
            428,
            "PRECONDITION_REQUIRED",
            "version",
        )


def test_replacing_a_month_clears_the_items_that_are_not_sent(api: Api) -> None:
    api.put(f"{OTHER}/2025-05", {"miscellaneous": 1, "billableExpense": 2})
    answer = api.put(f"{OTHER}/2025-05?mode=replace", {"version": 1, "miscellaneous": 1})
    assert answer.json()["data"]["changes"] == {"created": 0, "updated": 0, "cleared": 1}


@pytest.mark.parametrize(
    ("period", "sent", "field", "code"),
    [
        ("2025", {"billableExpense": 1, "months": [{"month": "2025-05"}]}, "billableExpense", "UNKNOWN_FIELD"),
        ("2025", {}, "months", "MISSING_REQUIRED_FIELD"),
        ("2025", {"months": []}, "months", "MISSING_REQUIRED_FIELD"),
        ("2025-05", {"months": [{"month": "2025-05", "miscellaneous": 1}]}, "months", "UNKNOWN_FIELD"),
        ("2025", {"months": [{"month": "2025-05"}, {"month": "2025-05"}]}, "months[1].month", "DUPLICATE"),
        ("2025", {"months": [{"month": "2026-05"}]}, "months[0].month", "VALUE_OUT_OF_RANGE"),
        ("2025", {"months": [{"miscellaneous": 1}]}, "months[0].month", "MISSING_REQUIRED_FIELD"),
        ("2025", {"months": [{"month": "2025-05", "total": 1}]}, "months[0].total", "READ_ONLY_FIELD"),
        ("2025-05", {"totals": {}}, "totals", "READ_ONLY_FIELD"),
        ("2025-05", {"siteId": "TP001"}, "siteId", "READ_ONLY_FIELD"),
        ("2025-05", {"bonus": 1}, "bonus", "UNKNOWN_FIELD"),
        ("2025-05", {"miscellaneous": True}, "miscellaneous", "INVALID_DATA_TYPE"),
        ("2025-05", {"miscellaneous": 1000000000}, "miscellaneous", "VALUE_OUT_OF_RANGE"),
        ("2025-05", {"gpoFees": 0.001}, "gpoFees", "VALUE_OUT_OF_RANGE"),
    ],
)
def test_a_malformed_body_is_refused_by_its_field(
    period: str, sent: dict[str, Any], field: str, code: str, api: Api
) -> None:
    assert told(api.put(f"{OTHER}/{period}", sent)) == (400, code, field)
