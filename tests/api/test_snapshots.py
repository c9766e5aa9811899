"""Frozen P&L figures, over HTTP."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from shared_code.api.app import create_app
from shared_code.messaging.message import FORECASTING_EVENTS
from shared_code.storage.tables.messages import outbox_messages
from shared_code.storage.tables.results import pnl_results, pnl_site_years
from shared_code.storage.tables.snapshots import pnl_snapshot_rows, pnl_snapshots
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.pnl_world import PnlWorld

SNAPSHOTS = f"{BASE}/snapshots"
ORDER = {"name": "Forecast of record 2025-05", "period": "2025-05", "all": True}
SCENARIOS = ("actual", "budget", "forecast", "trend")
BUDGET = {"4790": "-30000", "6000": "12000", "9410": "62000", "9440": "3000"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    world.add_sites("TP001", "TP002", "0170")
    world.budget(["TP001", "TP002"], BUDGET)
    yield world
    world.close()


@pytest.fixture
def api(world: PnlWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def taken(api: Api, **changes: Any) -> dict[str, Any]:
    answer = api.post(SNAPSHOTS, ORDER | changes)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def lines(api: Api, snapshot: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"{SNAPSHOTS}/{snapshot['snapshotId']}").json()["data"]["lines"]
    return found


def test_a_snapshot_freezes_all_scenarios_of_all_sites(api: Api) -> None:
    snapshot = taken(api)

    assert snapshot == {
        "snapshotId": snapshot["snapshotId"], "name": "Forecast of record 2025-05", "kind": "manual",
        "period": "2025-05", "siteCount": 3, "createdBy": "local", "createdAt": "2025-07-16T16:00:00.000Z",
    }  # fmt: skip
    found = api.get(f"{SNAPSHOTS}/{snapshot['snapshotId'].upper()}").json()["data"]
    assert {name: value for name, value in found.items() if name != "lines"} == snapshot
    assert [(line["siteId"], line["period"], line["scenario"]) for line in found["lines"]] == [
        (site, "2025-05", scenario) for site in ("0170", "TP001", "TP002") for scenario in SCENARIOS
    ]
    assert found["lines"][5] == {
        "siteId": "TP001", "period": "2025-05", "scenario": "budget", "externalRevenue": 62000.0,
        "internalRevenue": 30000.0, "payroll": 12000.0, "claims": 0.0, "parkingRents": 0.0, "otherExpense": 0.0,
        "pteb": 0.0, "insurance": 0.0, "flc": 18000.0, "occupiedRooms": 3000.0, "actualThrough": None,
    }  # fmt: skip


def test_the_figures_are_fresh_when_they_are_frozen_and_stay_as_they_are(api: Api, world: PnlWorld) -> None:
    before = taken(api)
    frozen = lines(api, before)
    with world.runtime.database.writing() as connection:
        connection.execute(delete(pnl_results))
        connection.execute(delete(pnl_site_years))
    world.budget("TP001", {"7113": "500"}, ["2025-05"])
    world.inputs_changed("TP001")

    after = taken(api, name="Later")

    assert lines(api, before) == frozen
    expense = [line["otherExpense"] for line in lines(api, after) if line["scenario"] == "budget"]
    assert expense == [0.0, 500.0, 0.0]
    assert len({row[0] for row in world.rows(pnl_snapshots, "content_hash")}) == 2


def test_a_year_of_some_sites_may_be_frozen(api: Api) -> None:
    snapshot = taken(api, all=False, siteIds=["tp002"], period="2025", kind="fpa_projection")
    assert (snapshot["siteCount"], snapshot["kind"], snapshot["period"]) == (1, "fpa_projection", "2025")
    found = lines(api, snapshot)
    assert {line["siteId"] for line in found} == {"TP002"}
    kept = {scenario: [line["period"] for line in found if line["scenario"] == scenario] for scenario in SCENARIOS}
    assert {scenario: len(months) for scenario, months in kept.items()} == {
        "actual": 7, "budget": 12, "forecast": 12, "trend": 12,
    }  # fmt: skip


def test_a_caller_sees_the_lines_of_the_sites_within_reach(api: Api) -> None:
    snapshot = taken(api)
    am = api.signed_in("am1@example.com", "account_manager", sites=["TP002"])
    assert {line["siteId"] for line in lines(am, snapshot)} == {"TP002"}
    assert am.get(SNAPSHOTS).json()["data"] == [snapshot]
    nobody = api.signed_in("am2@example.com", "account_manager", sites=["ZZ9"])
    assert lines(nobody, snapshot) == []
    assert api.signed_in("billing@example.com", "billing_admin").get(SNAPSHOTS).status_code == 403


@pytest.mark.parametrize("role", ["account_manager", "district_manager", "regional_vp", "corporate_viewer"])
def test_only_administrators_take_snapshots(role: str, api: Api, world: PnlWorld) -> None:
    refused = api.signed_in("other@example.com", role, sites=["TP001"]).post(SNAPSHOTS, ORDER)
    assert (refused.status_code, first_error(refused)["details"]["reason"]) == (403, "role")
    assert world.rows(pnl_snapshots) == []


def test_all_sites_are_those_that_the_token_leaves(api: Api, world: PnlWorld) -> None:
    narrowed = api.signed_in("fa1@example.com", "forecasting_admin", siteAccess=["TP001"])
    assert taken(narrowed)["siteCount"] == 1
    assert world.rows(pnl_snapshots, "is_all_sites") == [(False,)]
    refused = narrowed.post(SNAPSHOTS, {"name": "Two", "period": "2025-05", "siteIds": ["TP001", "TP002"]})
    assert (refused.status_code, first_error(refused)["details"]) == (403, {"reason": "site_scope"})


def test_snapshots_are_listed_page_by_page_the_newest_first(api: Api, world: PnlWorld) -> None:
    for number in range(3):
        world.clock.moment += timedelta(minutes=number // 2)
        taken(api, name=f"number {number}")
    pages = [api.get(f"{SNAPSHOTS}?limit=2&page={page}").json() for page in (1, 2, 3)]
    assert [[one["name"] for one in page["data"]] for page in pages] == [["number 2", "number 1"], ["number 0"], []]
    assert [(page["meta"]["total"], page["meta"]["hasMore"]) for page in pages] == [(3, True), (3, False), (3, False)]


@pytest.mark.parametrize(
    ("first", "name"),
    [
        ("Forecast of record 2025-05", "Forecast of record 2025-05"),
        ("Forecast of record 2025-05", "  forecast OF record 2025-05 "),
        ("Clôture d'août", "CLÔTURE D'AOÛT"),
    ],
)
def test_a_name_is_given_once(first: str, name: str, api: Api, world: PnlWorld) -> None:
    taken(api, name=first)
    assert told(api.post(SNAPSHOTS, ORDER | {"name": name, "period": "2025-06"})) == (409, "DUPLICATE", "name")
    assert len(world.rows(pnl_snapshots)) == 1


def test_listeners_are_told_once(api: Api, world: PnlWorld) -> None:
    key = {"Idempotency-Key": "one"}
    first, second = (api.post(SNAPSHOTS, ORDER, headers={**key, "X-Request-Id": "req_1"}) for _ in range(2))
    assert second.json() == first.json()
    messages = world.rows(outbox_messages, "subject", "destination", "payload")
    [(destination, payload)] = [(where, body) for subject, where, body in messages if subject == "SnapshotTaken"]
    event = json.loads(payload)
    assert destination == FORECASTING_EVENTS
    assert event["snapshotId"] == first.json()["data"]["snapshotId"]
    assert (event["eventType"], event["timestamp"], event["requestId"]) == (
        "SnapshotTaken", "2025-07-16T16:00:00.000Z", "req_1",
    )  # fmt: skip


def test_a_site_that_cannot_be_computed_refuses_the_snapshot_and_is_named(api: Api, world: PnlWorld) -> None:
    world.add_sites("BROKEN", time_zone="Mars/Olympus")
    answer = api.post(SNAPSHOTS, ORDER)
    assert told(answer) == (422, "CALCULATION_ERROR", None)
    assert first_error(answer)["details"] == {"sites": ["BROKEN"]}
    assert world.rows(pnl_snapshots) == world.rows(pnl_snapshot_rows) == []
    assert taken(api, all=False, siteIds=["TP001", "0170"])["siteCount"] == 2


def test_a_name_that_is_too_long_is_a_text_that_is_too_long(api: Api) -> None:
    refused = first_error(api.post(SNAPSHOTS, ORDER | {"name": "x" * 101}))
    assert (refused["message"], refused["details"]["maxLength"]) == ("The text is too long", 100)


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "MISSING_REQUIRED_FIELD", "name"),
        ({"name": " ", "period": "2025-05", "all": True}, 400, "MISSING_REQUIRED_FIELD", "name"),
        ({"name": "x" * 101, "period": "2025-05", "all": True}, 400, "VALUE_OUT_OF_RANGE", "name"),
        ({"name": "a\u0000", "period": "2025-05", "all": True}, 400, "INVALID_DATA_TYPE", "name"),
        ({"name": "a", "period": "2025-Q2", "all": True}, 400, "INVALID_PERIOD", "period"),
        ({"name": "a", "period": "2025-05-01", "all": True}, 400, "INVALID_PERIOD", "period"),
        ({"name": "a", "period": 2025, "all": True}, 400, "INVALID_DATA_TYPE", "period"),
        ({"name": "a", "period": {"text": "2025"}, "all": True}, 400, "INVALID_DATA_TYPE", "period"),
        ({"name": "a", "period": "2023-12", "all": True}, 404, "PERIOD_NOT_AVAILABLE", "period"),
        ({"name": "a", "period": "2025-05"}, 400, "MISSING_REQUIRED_FIELD", "body"),
        ({"name": "a", "period": "2025-05", "all": False}, 400, "MISSING_REQUIRED_FIELD", "body"),
        ({"name": "a", "period": "2025-05", "all": True, "siteIds": ["TP001"]}, 400, "INVALID_DATA_TYPE", "body"),
        ({"name": "a", "period": "2025-05", "siteIds": []}, 400, "MISSING_REQUIRED_FIELD", "siteIds"),
        ({"name": "a", "period": "2025-05", "siteIds": ["TP001", "tp001"]}, 400, "DUPLICATE", "siteIds[1]"),
        ({"name": "a", "period": "2025-05", "siteIds": ["T@"]}, 400, "INVALID_SITE_ID", "siteIds[0]"),
        ({"name": "a", "period": "2025-05", "siteIds": ["ZZ9"]}, 404, "SITE_NOT_FOUND", "siteIds"),
        ({"name": "a", "period": "2025-05", "all": True, "kind": "month_close"}, 400, "INVALID_DATA_TYPE", "kind"),
        ({"name": "a", "period": "2025-05", "all": True, "contentHash": ""}, 400, "UNKNOWN_FIELD", "contentHash"),
    ],
)
def test_a_snapshot_that_cannot_be_meant_is_refused(
    body: dict[str, Any], status: int, code: str, field: str, api: Api, world: PnlWorld
) -> None:
    answer = api.post(SNAPSHOTS, body)
    error = first_error(answer)
    assert (answer.status_code, error["code"], error["field"]) == (status, code, field)
    assert world.rows(pnl_snapshots) == []


@pytest.mark.parametrize("snapshot_id", ["x", "0", "%27", "00000000-0000-0000-0000-000000000000", "{}", "a%2Fb"])
def test_a_snapshot_that_there_is_not_is_not_found(snapshot_id: str, api: Api) -> None:
    assert told(api.get(f"{SNAPSHOTS}/{snapshot_id}")) == (404, "NOT_FOUND", "snapshotId")


def test_nothing_changes_a_snapshot(api: Api) -> None:
    snapshot = taken(api)
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        status, headers, _ = api.send(method, f"{SNAPSHOTS}/{snapshot['snapshotId']}", b"{}")
        assert (status, headers["allow"]) == (405, "GET")
