"""`townepark alerts` and `townepark runs`: what is wrong now and where rows come from, for people and programs."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.storage import alerts
from tests.support.alert_world import AlertWorld
from tests.support.command_line import townepark


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation whose outbox is stuck and whose queue was."""
    world = AlertWorld(tmp_path)
    world.ran("sites", slowest_ms=120, rows_read=7)
    world.wrote(16)
    world.queued(16)
    world.evaluate()
    with world.runtime.database.writing() as connection:
        moment = world.clock.now() + timedelta(minutes=5)
        alerts.enter(connection, "queue_age", "forecasting.jobs", holds=False, details={}, now=moment)
    world.close()
    return tmp_path


def test_programs_get_what_is_raised_with_its_effect_and_next_step(folder: Path) -> None:
    document = json.loads(townepark(folder, "alerts", "--json").stdout)
    [alert] = document["alerts"]
    assert {name: alert[name] for name in ("rule", "subject", "severity", "state", "since", "lastNotifiedAt")} == {
        "rule": "outbox", "subject": "outbox", "severity": "high", "state": "raised",
        "since": "2025-06-10T12:00:00.000Z", "lastNotifiedAt": "2025-06-10T12:00:00.000Z",
    }  # fmt: skip
    assert alert["details"]["messages"] == 1
    assert alert["effect"].startswith("Saves are kept")
    assert alert["nextStep"].startswith("townepark outbox")


def test_people_see_cleared_alerts_when_they_ask_for_all(folder: Path) -> None:
    shown = townepark(folder, "alerts", "--all").stdout
    assert "Outbox not sent" in shown
    assert "cleared" in shown
    assert shown.index("outbox") < shown.index("forecasting.jobs")


def test_people_see_equal_alerts_as_one(tmp_path: Path) -> None:
    world = AlertWorld(tmp_path)
    with world.runtime.database.writing() as connection:
        for month in range(1, 9):
            subject, now = f"0046 2025-0{month}", world.clock.now()
            alerts.enter(connection, "flc_variance", subject, holds=True, details={}, now=now)
    world.close()

    shown = " ".join(townepark(tmp_path, "alerts").stdout.split())

    assert shown.count("FLC variance") == 1
    assert "and 3 more" in shown
    assert len(json.loads(townepark(tmp_path, "alerts", "--json").stdout)["alerts"]) == 8


def test_a_run_that_failed_is_shown_with_its_reason(tmp_path: Path) -> None:
    world = AlertWorld(tmp_path)
    world.ran("ledger", "failed", error_code="SOURCE_SCHEMA_MISMATCH", error_text="Column PERIOD is missing.")
    world.close()

    assert "Column PERIOD is missing." in " ".join(townepark(tmp_path, "runs", "--feed", "ledger").stdout.split())


def test_a_run_is_shown_with_what_it_read(folder: Path) -> None:
    [listed] = json.loads(townepark(folder, "runs", "--json").stdout)["runs"]
    shown = json.loads(townepark(folder, "runs", "--run", listed["syncRunId"], "--json").stdout)
    assert shown["run"] == listed
    [source] = shown["sources"]
    assert (source["queryId"], source["objectName"], source["parameters"]) == ("E04", "dbo.T", {})
    assert "dbo.T" in townepark(folder, "runs", "--run", listed["syncRunId"]).stdout
