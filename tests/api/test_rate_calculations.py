"""Runs that calculate rates, over HTTP."""

from typing import Any

import pytest

from shared_code.errors import SourceError
from shared_code.messaging.message import JOBS
from shared_code.messaging.received import ReceivedMessage
from shared_code.services import rate_jobs
from shared_code.services.calculate_rates import LEASE
from shared_code.services.held_lease import held
from shared_code.services.messages import handle_with
from shared_code.storage.tables.messages import outbox_messages, poison_messages, processed_messages
from tests.api.serving import BASE, Api, first_error, told
from tests.support.rate_world import RateWorld

CALCULATE = "/api/jobcodes/rates/calculate"
COUNTS = {"processed": 2, "updated": 1, "unchanged": 0, "kept": 0, "skipped": 0, "failed": 1}


@pytest.fixture
def paid(world: RateWorld) -> RateWorld:
    world.pay(
        ("TP001", "VLT1", "2025-06-10", "REG", "30.00", "540.00"),
        ("TP001", "VLT1", "2025-06-11", "OT", "4.84", "90.33"),
    )
    return world


@pytest.mark.usefixtures("paid")
def test_a_few_sites_are_calculated_at_once(api: Api, world: RateWorld) -> None:
    answer = api.post(CALCULATE, {"site_id": "tp001"})
    assert answer.status_code == 200
    assert '"new_rate":18.092135,' in answer.text
    data = answer.json()["data"]
    assert {name: data[name] for name in COUNTS} == COUNTS
    assert data["results"] == [
        {
            "site_id": "TP001", "job_code": "CASH", "old_rate": None, "new_rate": None, "effective_date": None,
            "calculation_method": None, "sample_size": 0, "outcome": "error", "changed": False,
            "error": data["results"][0]["error"],
        },
        {
            "site_id": "TP001", "job_code": "VLT1", "old_rate": None, "new_rate": 18.092135,
            "effective_date": "2025-06-15", "calculation_method": "weighted_average", "sample_size": 2,
            "outcome": "calculated", "changed": True, "error": None,
        },
    ]  # fmt: skip
    assert world.history() == [("18.092135", "weighted_average", "2025-06-15", None)]


@pytest.mark.usefixtures("paid")
def test_a_dry_run_stores_nothing(api: Api, world: RateWorld) -> None:
    data = api.post(CALCULATE, {"site_ids": ["TP001", "TP002"], "dry_run": True, "job_codes": ["VLT1"]}).json()["data"]
    assert [(row["job_code"], row["outcome"]) for row in data["results"]] == [("VLT1", "calculated")]
    assert world.history() == []


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "MISSING_REQUIRED_FIELD", "body"),
        ({"all": False}, 400, "MISSING_REQUIRED_FIELD", "body"),
        ({"all": True, "site_id": "TP001"}, 400, "INVALID_DATA_TYPE", "body"),
        ({"all": 1}, 400, "INVALID_DATA_TYPE", "all"),
        ({"all": "true"}, 400, "INVALID_DATA_TYPE", "all"),
        ({"site_ids": []}, 400, "MISSING_REQUIRED_FIELD", "site_ids"),
        ({"site_ids": "TP001"}, 400, "INVALID_DATA_TYPE", "site_ids"),
        ({"site_ids": ["TP001", "T@"]}, 400, "INVALID_SITE_ID", "site_ids[1]"),
        ({"site_ids": ["TP001", "tp001"]}, 400, "DUPLICATE", "site_ids[1]"),
        ({"site_ids": ["TP001", "ZZ9"]}, 404, "SITE_NOT_FOUND", "site_ids"),
        ({"site_id": "ZZ9"}, 404, "SITE_NOT_FOUND", "site_id"),
        ({"site_id": "TP001", "job_codes": ["NOPE"]}, 404, "NOT_FOUND", "job_codes"),
        ({"site_id": "TP001", "method": "median"}, 400, "INVALID_DATA_TYPE", "method"),
        ({"site_id": "TP001", "trigger": "timer"}, 400, "INVALID_DATA_TYPE", "trigger"),
        (
            {"site_id": "TP001", "date_from": "2025-06-10", "date_to": "2025-06-09"},
            400,
            "VALUE_OUT_OF_RANGE",
            "date_from",
        ),
    ],
)
def test_a_calculation_that_cannot_be_meant_is_refused(
    body: dict[str, Any], status: int, code: str, field: str, api: Api
) -> None:
    assert told(api.post(CALCULATE, body)) == (status, code, field)


@pytest.mark.parametrize("body", [{"site_id": "TP001"}, {"all": True}])
def test_two_runs_never_work_at_once(body: dict[str, Any], api: Api, world: RateWorld) -> None:
    with held(world.runtime.database, LEASE, 300):
        answer = api.post(CALCULATE, body)
    assert answer.status_code == 409
    assert (first_error(answer)["code"], first_error(answer)["details"]) == ("CONFLICT", {"reason": "run_in_progress"})
    assert world.rows_of(outbox_messages) == []


def deliver(world: RateWorld) -> None:
    """Hands the messages of the job queue on, as a broker would."""
    for row in world.rows_of(outbox_messages):
        if row.destination == JOBS:
            received = ReceivedMessage(
                row.dedup_id, row.session_id, row.subject, row.payload.encode(), 1, None, None, {}
            )
            handle_with(world.runtime, JOBS, received)


@pytest.mark.usefixtures("paid")
def test_all_sites_are_calculated_in_the_background(api: Api, world: RateWorld) -> None:
    answer = api.post(CALCULATE, {"all": True})
    assert answer.status_code == 202
    job_id = answer.json()["data"]["job_id"]
    assert answer.json()["data"] == {"job_id": job_id, "status": "queued"}
    queued = api.get(f"{CALCULATE}/{job_id}").json()["data"]
    nothing = dict.fromkeys(COUNTS)
    assert queued == {"job_id": job_id, "status": "queued", "started_at": None, "finished_at": None, **nothing}
    deliver(world)
    done = api.get(f"{BASE}/jobcodes/rates/calculate/{job_id.upper()}").json()["data"]
    moment = "2025-06-16T15:00:00.000Z"
    assert done == {"job_id": job_id, "status": "completed", "started_at": moment, "finished_at": moment, **COUNTS}
    assert world.history() == [("18.092135", "weighted_average", "2025-06-15", None)]


@pytest.mark.usefixtures("paid")
def test_more_than_25_sites_are_calculated_in_the_background_and_only_these(api: Api, world: RateWorld) -> None:
    others = [f"S{number:03d}" for number in range(25)]
    world.add_sites(*others)
    world.add_pair("TP002", "VLT1")
    job_id = api.post(CALCULATE, {"site_ids": ["TP001", *others]}).json()["data"]["job_id"]
    deliver(world)
    assert api.get(f"{CALCULATE}/{job_id}").json()["data"]["processed"] == 2
    assert world.history("TP002") == []


@pytest.mark.usefixtures("paid")
def test_a_message_that_comes_twice_calculates_once(api: Api, world: RateWorld) -> None:
    api.post(CALCULATE, {"all": True})
    deliver(world)
    deliver(world)
    assert [row.outcome for row in world.rows_of(processed_messages) if row.consumer == JOBS] == ["done"]


@pytest.mark.usefixtures("paid")
def test_a_calculation_that_meets_another_waits_for_it(api: Api, world: RateWorld) -> None:
    job_id = api.post(CALCULATE, {"all": True}).json()["data"]["job_id"]
    with held(world.runtime.database, LEASE, 300):
        deliver(world)
    assert api.get(f"{CALCULATE}/{job_id}").json()["data"]["status"] == "running"
    assert [row.dedup_id for row in world.rows_of(outbox_messages) if row.dedup_id.endswith(":r1")] == [
        f"{JOBS}:{job_id}:1:r1"
    ]


@pytest.mark.usefixtures("paid")
def test_a_calculation_that_cannot_be_done_has_failed(
    api: Api, world: RateWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise SourceError("No right to read the payroll", code="SOURCE_PERMISSION")

    monkeypatch.setattr(rate_jobs, "calculate_rates", refuse)
    job_id = api.post(CALCULATE, {"all": True}).json()["data"]["job_id"]
    deliver(world)
    assert api.get(f"{CALCULATE}/{job_id}").json()["data"]["status"] == "failed"
    assert world.rows_of(poison_messages) == []


@pytest.mark.parametrize("job_id", ["0196f3a0-0000-7000-8000-000000000000", "1", "..", "%00", "a" * 500])
def test_a_calculation_that_there_is_not_is_not_found(job_id: str, api: Api) -> None:
    status, _, body = api.send("GET", f"{CALCULATE}/{job_id}")
    assert (status, body["errors"][0]["code"]) == (404, "NOT_FOUND")
    assert len(str(body["errors"][0]["details"].get("providedValue", ""))) <= 100


def test_the_calculation_resource_wins_over_a_site_of_that_name_whatever_the_verb(api: Api) -> None:
    answer = api.get(CALCULATE)
    assert told(answer) == (405, "METHOD_NOT_ALLOWED", None)
    assert answer.headers["allow"] == "POST"
