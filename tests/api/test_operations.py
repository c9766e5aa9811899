"""What operators see over HTTP: data flows, the parts of the app, and who may see them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text, update

from shared_code.api.app import create_app
from shared_code.messaging.events import job_slice
from shared_code.services.source_age import SourceAge
from shared_code.sql.types import new_identifier
from shared_code.storage import outbox, runs
from shared_code.storage.runs import RunEnd, RunStart
from shared_code.storage.tables.messages import job_slots, outbox_messages, queue_messages
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.pnl_world import PnlWorld

FLOWS = [
    "job-code-rates", "sites", "users-roles", "budget", "actuals-ledger", "actuals-daily", "payroll", "pl-refresh",
    "trend-analysis", "data-validation",
]  # fmt: skip
STATUS = f"{BASE}/dataflow/status"
RUNS = f"{BASE}/dataflow/runs"
QUALITY = f"{BASE}/data-quality"
DETAILS = f"{BASE}/health/details"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    """It is 16:00 UTC on 16 July 2025."""
    world = PnlWorld(tmp_path)
    world.add_sites("TP001")
    yield world
    world.close()


@pytest.fixture
def api(world: PnlWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def ran(world: PnlWorld, flow: str, feed: str, started: str, state: str = "succeeded", **end: Any) -> None:
    """A run that began at a time of 16 July, or at a moment, in UTC and took a minute; `running` has not ended."""
    moment = datetime.fromisoformat(started if "T" in started else f"2025-07-16T{started}").replace(tzinfo=UTC)
    run_id = new_identifier()
    start = RunStart(run_id, flow, feed, "all", "timer", None, None, None, None, 1)
    with world.runtime.database.writing() as connection:
        runs.open_run(connection, start, moment)
        if state != "running":
            runs.close_run(connection, run_id, RunEnd(state, **end), moment + timedelta(minutes=1))


def worked(world: PnlWorld, job: str, slot: str, state: str) -> None:
    """A slot of a job, worked on at once."""
    moment = datetime.fromisoformat(f"2025-07-16T{slot}").replace(tzinfo=UTC)
    with world.runtime.database.writing() as connection:
        finished = None if state in {"running", "proposed"} else moment + timedelta(minutes=2)
        row = {"job": job, "slot": moment, "state": state, "proposed_at": moment, "finished_at": finished}
        connection.execute(insert(job_slots).values(row))


def flow(api: Api, name: str) -> dict[str, Any]:
    flows = api.get(STATUS).json()["data"]["flows"]
    found: dict[str, Any] = next(one for one in flows if one["name"] == name)
    return found


def test_all_flows_are_shown_although_none_has_run(api: Api) -> None:
    flows = api.get(STATUS).json()["data"]["flows"]
    assert [one["name"] for one in flows] == FLOWS
    assert {(one["status"], one["lastRun"] is None) for one in flows} == {("never_run", True)}
    assert flows[3] == {
        "name": "budget", "owner": "warehouse", "schedule": "0 0 5 * * *", "status": "never_run", "lastRun": None,
        "nextRun": "2025-07-17T05:00:00.000Z",
    }  # fmt: skip


def test_a_flow_is_the_sum_of_its_feeds(api: Api, world: PnlWorld) -> None:
    ran(world, "payroll", "paid_hours", "12:30", rows_inserted=5, rows_updated=2, rows_rejected=1)
    ran(world, "payroll", "shifts", "12:31", "unchanged")
    ran(world, "payroll", "shifts", "08:31", "failed", error_code="SOURCE_UNAVAILABLE", error_text="earlier")
    shown = flow(api, "payroll")
    assert shown["status"] == "ok"
    assert shown["lastRun"] == {
        "startedAt": "2025-07-16T12:30:00.000Z", "finishedAt": "2025-07-16T12:32:00.000Z",
        "created": 5, "updated": 2, "failed": 1, "error": None,
    }  # fmt: skip
    assert shown["nextRun"] == "2025-07-16T16:30:00.000Z"


def test_a_feed_that_failed_makes_its_flow_failed_until_it_succeeds(api: Api, world: PnlWorld) -> None:
    why = {"error_code": "EMPTY_FEED", "error_text": "The source returned no rows."}
    ran(world, "budget", "budget_payroll", "05:01", "aborted", **why)
    ran(world, "budget", "budget", "05:02")
    shown = flow(api, "budget")
    assert shown["status"] == "failed"
    assert shown["lastRun"]["error"] == {"code": "EMPTY_FEED", "message": "The source returned no rows."}
    ran(world, "budget", "budget_payroll", "09:00", "skipped", error_code="LEASE_HELD")
    assert flow(api, "budget")["status"] == "failed"
    ran(world, "budget", "budget_payroll", "09:30")
    assert flow(api, "budget")["status"] == "ok"


def test_a_feed_that_is_not_read_any_more_is_forgotten(api: Api, world: PnlWorld) -> None:
    ran(world, "budget", "budget_api", "2025-07-14T05:00:00", "failed", error_code="SOURCE_UNAVAILABLE")
    ran(world, "budget", "budget", "05:02")
    assert flow(api, "budget")["status"] == "ok"


def test_a_flow_that_is_under_way_is_running(api: Api, world: PnlWorld) -> None:
    ran(world, "actuals-daily", "daily_revenue", "15:59", "running")
    shown = flow(api, "actuals-daily")
    assert (shown["status"], shown["lastRun"]["finishedAt"]) == ("running", None)


def test_a_flow_is_late_when_its_slot_and_its_limit_have_passed(api: Api, world: PnlWorld) -> None:
    ran(world, "actuals-daily", "daily_revenue", "10:00")
    world.clock.moment = datetime(2025, 7, 16, 16, 29, 59, tzinfo=UTC)
    assert flow(api, "actuals-daily")["status"] == "ok"
    world.clock.moment = datetime(2025, 7, 16, 16, 30, tzinfo=UTC)
    assert flow(api, "actuals-daily")["status"] == "late"


def test_a_flow_whose_timer_is_switched_off_is_never_late(
    api: Api, world: PnlWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEDULE_SYNC_SITES", "")
    ran(world, "sites", "sites", "2025-06-01T03:00:00")
    shown = flow(api, "sites")
    assert (shown["status"], shown["schedule"], shown["nextRun"]) == ("ok", None, None)


def test_a_job_without_a_ledger_is_known_by_its_slots(api: Api, world: PnlWorld) -> None:
    worked(world, "refresh_pnl_all", "11:00", "done")
    worked(world, "refresh_pnl_all", "12:00", "proposed")
    shown = flow(api, "pl-refresh")
    assert shown["status"] == "ok"
    assert shown["lastRun"]["finishedAt"] == "2025-07-16T11:02:00.000Z"
    worked(world, "refresh_pnl_all", "13:00", "failed")
    shown = flow(api, "pl-refresh")
    assert (shown["status"], shown["lastRun"]["error"]) == ("failed", None)


def test_runs_are_listed_page_by_page_the_newest_first(api: Api, world: PnlWorld) -> None:
    ran(world, "payroll", "paid_hours", "12:30", rows_inserted=5)
    ran(world, "unit-accounts", "unit_accounts", "13:00")
    ran(world, "sites", "sites", "03:00", "failed", error_code="SOURCE_UNAVAILABLE", error_text="No answer.")
    worked(world, "refresh_pnl_all", "11:00", "done")
    worked(world, "sync_payroll", "12:30", "done")
    answer = api.get(RUNS).json()
    assert [(run["flow"], run["feed"], run["status"]) for run in answer["data"]] == [
        ("payroll", "paid_hours", "succeeded"),
        ("pl-refresh", None, "succeeded"),
        ("sites", "sites", "failed"),
    ]
    assert answer["data"][2]["error"] == {"code": "SOURCE_UNAVAILABLE", "message": "No answer."}
    assert answer["data"][0]["created"] == 5
    second = api.get(f"{RUNS}?limit=1&page=2").json()
    assert [run["flow"] for run in second["data"]] == ["pl-refresh"]
    assert second["meta"] == {"total": 3, "page": 2, "limit": 1, "hasMore": True}


def test_runs_are_filtered_by_flow_and_days(api: Api, world: PnlWorld) -> None:
    ran(world, "sites", "sites", "2025-07-16T03:59:59")
    ran(world, "sites", "sites", "2025-07-16T04:00:00", "unchanged")
    ran(world, "budget", "budget", "05:00")

    def found(query: str) -> list[str]:
        return [run["startedAt"][11:16] for run in api.get(f"{RUNS}?{query}").json()["data"]]

    assert found("flow=sites") == ["04:00", "03:59"]
    assert found("from=2025-07-16") == ["05:00", "04:00"]
    assert found("to=2025-07-15") == ["03:59"]
    assert found("flow=trend-analysis") == []
    assert told(api.get(f"{RUNS}?flow=unit-accounts")) == (400, "INVALID_DATA_TYPE", "flow")
    assert told(api.get(f"{RUNS}?from=2025-07-02&to=2025-07-01")) == (400, "VALUE_OUT_OF_RANGE", "from")


@pytest.mark.parametrize("path", [STATUS, RUNS])
def test_services_see_data_flows(path: str, api: Api) -> None:
    assert api.signed_in("svc@example.com", "service").get(path).status_code == 200


@pytest.mark.parametrize("path", [STATUS, RUNS, QUALITY, DETAILS])
@pytest.mark.parametrize("role", ["district_manager", "corporate_viewer", "billing_admin"])
def test_others_do_not_see_operations(role: str, path: str, api: Api) -> None:
    other = api.signed_in("other@example.com", role, sites=["TP001"])
    assert told(other.get(path))[:2] == (403, "INSUFFICIENT_PERMISSIONS")
    assert api.anonymous().get(path).status_code == 401


@pytest.mark.parametrize("path", [QUALITY, DETAILS])
def test_services_see_neither_quality_nor_details(path: str, api: Api) -> None:
    answer = api.signed_in("svc@example.com", "service").get(path)
    assert (answer.status_code, first_error(answer)["details"]["reason"]) == (403, "role")


def components(api: Api) -> dict[str, tuple[str, str | None]]:
    answer = api.get(DETAILS)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found = answer.json()["data"]["components"]
    assert all(one["checkedAt"].startswith("2025-07-") for one in found)
    return {one["name"]: (one["status"], one["code"]) for one in found}


def test_every_part_is_well(api: Api) -> None:
    fine = ("ok", None)
    assert components(api) == {
        "database": fine, "schema": fine, "outbox": fine, "queue": fine, "feeds": fine, "keys": fine, "cache": fine,
        "warehouse": fine,
    }  # fmt: skip


def test_a_message_that_waits_for_more_than_a_quarter_of_an_hour_degrades_its_part(api: Api, world: PnlWorld) -> None:
    now = world.clock.now()
    with world.runtime.database.writing() as connection:
        outbox.append(connection, [job_slice("sync_sites", now, 1)], now)
        values = {"destination": "forecasting.jobs", "session_id": "a", "message_id": "m", "subject": "JobSlice"}
        waiting = {"body": "{}", "properties": "{}", "enqueued_at": now, "visible_at": now, "delivery_count": 0}
        connection.execute(insert(queue_messages).values({**values, **waiting, "is_dead_letter": False}))
    world.clock.moment += timedelta(minutes=15)
    assert (components(api)["outbox"], components(api)["queue"]) == (("ok", None), ("ok", None))
    world.clock.moment += timedelta(milliseconds=1)
    shown = components(api)
    assert (shown["outbox"], shown["queue"]) == (("degraded", "OUTBOX_DELAYED"), ("degraded", "QUEUE_DELAYED"))
    with world.runtime.database.writing() as connection:
        connection.execute(update(outbox_messages).values(sent_at=now))
        connection.execute(update(queue_messages).values(is_dead_letter=True))
    shown = components(api)
    assert (shown["outbox"], shown["queue"]) == (("ok", None), ("ok", None))


def test_a_message_that_is_to_be_sent_later_does_not_wait(api: Api, world: PnlWorld) -> None:
    now = world.clock.now()
    with world.runtime.database.writing() as connection:
        outbox.append(connection, [job_slice("sync_sites", now, 1)], now)
        connection.execute(update(outbox_messages).values(next_attempt_at=now + timedelta(hours=1)))
    world.clock.moment += timedelta(minutes=30)
    assert components(api)["outbox"] == ("ok", None)
    with world.runtime.database.writing() as connection:
        connection.execute(update(outbox_messages).values(attempts=3))
    assert components(api)["outbox"] == ("degraded", "OUTBOX_DELAYED")


def test_stale_sources_degrade_the_feeds(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = SourceAge(None, None, None, stale=True)
    monkeypatch.setattr("shared_code.services.health.source_age", lambda _: stale)
    assert components(api)["feeds"] == ("degraded", "STALE_SOURCE")


def test_a_part_that_fails_hides_no_other_and_tells_nothing_from_inside(api: Api, world: PnlWorld) -> None:
    with world.runtime.database.writing() as connection:
        connection.execute(text("ALTER TABLE queue_messages RENAME TO lost"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    answer = api.get(DETAILS)
    assert components(api) == {
        "database": ("ok", None), "schema": ("failed", "SCHEMA_NOT_CURRENT"), "outbox": ("ok", None),
        "queue": ("failed", "DATABASE_ERROR"), "feeds": ("ok", None), "keys": ("ok", None), "cache": ("ok", None),
        "warehouse": ("ok", None),
    }  # fmt: skip
    assert "queue_messages" not in answer.text
