"""What the latest validation of the data found, over HTTP."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from shared_code.services.quality.validation import FLOW, validate
from shared_code.storage import quality_checks, runs
from shared_code.storage.quality_checks import FEED, QualityCheck
from shared_code.storage.runs import RunEnd, RunStart
from tests.api.serving import BASE, Api, served, told
from tests.support.pnl_world import PnlWorld

QUALITY = f"{BASE}/data-quality"
FIRST, SECOND, THIRD = (f"0197aaaa-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    """It is 16:00 UTC on 16 July 2025."""
    world = PnlWorld(tmp_path, edw_sample_path=tmp_path / "none.db")
    world.add_sites("TP001")
    yield world
    world.close()


@pytest.fixture
def api(world: PnlWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def check(world: PnlWorld, source: str, status: str, **values: Any) -> dict[str, Any]:
    return {
        "source": source, "rows_checked": 100, "completeness": Decimal("0.96"), "threshold": Decimal("0.95"),
        "out_of_range": 0, "newest_at": None, "age_hours": None, "is_fresh": True, "status": status, "issues": (),
        "checked_at": world.clock.now(),
    } | values  # fmt: skip


def validated(world: PnlWorld, run_id: str, checks: Sequence[dict[str, Any]], *, state: str = "succeeded") -> None:
    """A validation that began a minute after the one before it and took two; `running` has not ended."""
    world.clock.moment += timedelta(minutes=1)
    start, now = RunStart(run_id, FLOW, FEED, "full", "timer", None, None, None, None, 1), world.clock.now()
    with world.runtime.database.writing() as connection:
        runs.open_run(connection, start, now)
        found = [QualityCheck(validation_run_id=run_id, **one) for one in checks]
        quality_checks.replace_checks(connection, run_id, [one.source for one in found], found)
        if state != "running":
            runs.close_run(connection, run_id, RunEnd(state), now + timedelta(minutes=2))


def test_the_latest_validation_is_shown_with_its_worst_verdict(api: Api, world: PnlWorld) -> None:
    issue = {"siteId": "TP001", "period": "2025-07", "field": "occupancy", "rule": "occupancy 0-1", "count": 2}
    nameless = {"siteId": None, "period": None, "field": None, "rule": "age", "count": 1}
    stale = {"age_hours": Decimal("30.5"), "newest_at": world.clock.now(), "is_fresh": False, "out_of_range": 2}
    validated(world, FIRST, [check(world, "budget", "fail")])
    revenue = check(world, "daily_revenue", "warn", issues=(issue, nameless), **stale)
    validated(world, SECOND, [revenue, check(world, "ledger", "pass")])
    data = api.get(QUALITY).json()["data"]
    assert {name: data[name] for name in ("runId", "startedAt", "finishedAt", "overall")} == {
        "runId": SECOND, "startedAt": "2025-07-16T16:02:00.000Z", "finishedAt": "2025-07-16T16:04:00.000Z",
        "overall": "warn",
    }  # fmt: skip
    assert [source["source"] for source in data["sources"]] == ["daily_revenue", "ledger"]
    assert data["sources"][0] == {
        "source": "daily_revenue", "rows": 100, "completeness": 0.96, "threshold": 0.95, "outOfRange": 2,
        "newestAt": "2025-07-16T16:00:00.000Z", "ageHours": 30.5, "fresh": False, "status": "warn",
        "issues": [issue, nameless],
    }  # fmt: skip
    validated(world, THIRD, [check(world, "ledger", "pass"), check(world, "budget", "fail")])
    assert api.get(QUALITY).json()["data"]["overall"] == "fail"


@pytest.mark.parametrize("state", ["running", "failed"])
def test_a_validation_that_was_not_carried_through_is_not_shown(state: str, api: Api, world: PnlWorld) -> None:
    validated(world, FIRST, [check(world, "ledger", "pass")])
    validated(world, SECOND, [check(world, "ledger", "fail")], state=state)
    data = api.get(QUALITY).json()["data"]
    assert (data["runId"], data["overall"]) == (FIRST, "pass")


def test_before_the_first_validation_there_is_nothing_to_show(api: Api) -> None:
    assert told(api.get(QUALITY)) == (404, "NOT_FOUND", None)


def test_what_a_validation_finds_is_what_is_shown(api: Api, world: PnlWorld) -> None:
    world.ledger("TP999", {"4790": "-100"}, "2025-06")
    run = validate(world.runtime)
    data = api.get(QUALITY).json()["data"]
    assert (data["runId"], data["overall"]) == (run.run_id, "warn")
    assert [source["source"] for source in data["sources"]] == [one.source for one in run.checks]
    [ledger] = [source for source in data["sources"] if source["source"] == "ledger"]
    assert {"siteId": "TP999", "period": "2025-06", "field": "site_id", "rule": "UNKNOWN_SITE", "count": 1} in ledger[
        "issues"
    ]


def test_the_flow_of_validations_shows_their_runs(api: Api, world: PnlWorld) -> None:
    validate(world.runtime)
    flows = api.get(f"{BASE}/dataflow/status").json()["data"]["flows"]
    [flow] = [one for one in flows if one["name"] == FLOW]
    assert (flow["status"], flow["schedule"], flow["lastRun"]["error"]) == ("ok", "0 0 */6 * * *", None)
    assert flow["nextRun"] == "2025-07-16T18:00:00.000Z"
    [run] = api.get(f"{BASE}/dataflow/runs?flow={FLOW}").json()["data"]
    assert (run["feed"], run["status"]) == (FEED, "succeeded")
