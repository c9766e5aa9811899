"""POSTs that are sent again with their key, over HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.workflow import notes
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.pnl_world import PnlWorld

NOTES = f"{BASE}/notes/TP001/2025-07"
KEY = {"Idempotency-Key": "a-Key_1"}
NOTE = {"text": "Roof closed", "module": "statistics"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PnlWorld]:
    world = PnlWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    yield world
    world.close()


@pytest.fixture
def api(world: PnlWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def test_a_request_that_is_sent_again_is_answered_again_and_carried_out_once(api: Api, world: PnlWorld) -> None:
    first = api.post(NOTES, NOTE, headers=KEY)
    world.clock.moment += timedelta(minutes=1)

    second = api.post(f"{BASE}/notes/tp001/2025-07", dict(reversed(NOTE.items())), headers=KEY)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert second.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert len(world.rows(notes)) == 1


def test_without_a_key_the_same_request_is_another_one(api: Api, world: PnlWorld) -> None:
    for _ in range(2):
        assert api.post(NOTES, NOTE).status_code == 201
    assert len(world.rows(notes)) == 2


def test_a_key_that_was_used_for_something_else_is_refused(api: Api, world: PnlWorld) -> None:
    api.post(NOTES, NOTE, headers=KEY)
    for answer in (
        api.post(NOTES, NOTE | {"text": "Roof open"}, headers=KEY),
        api.post(f"{BASE}/notes/TP002/2025-07", NOTE, headers=KEY),
        api.post(f"{BASE}/notes/TP001/2025-08", NOTE, headers=KEY),
    ):
        assert told(answer) == (409, "CONFLICT", "Idempotency-Key")
        assert first_error(answer)["details"] == {"reason": "idempotency_key_reused"}
    assert len(world.rows(notes)) == 1


def test_keys_of_others_are_others(api: Api, world: PnlWorld) -> None:
    am = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    api.post(NOTES, NOTE, headers=KEY)
    assert am.post(NOTES, NOTE, headers=KEY).json()["data"]["createdBy"] == "am1@example.com"
    assert len(world.rows(notes)) == 2


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 65, "a;b", "a,b"])
def test_a_malformed_key_is_refused(key: str, api: Api, world: PnlWorld) -> None:
    answer = api.post(NOTES, NOTE, headers={"Idempotency-Key": key.encode()})
    assert told(answer) == (400, "INVALID_DATA_TYPE", "Idempotency-Key")
    assert world.rows(notes) == []


def test_two_keys_are_refused(api: Api) -> None:
    answer = api.client.post(NOTES, json=NOTE, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
    assert told(answer) == (400, "INVALID_DATA_TYPE", "Idempotency-Key")


def test_a_key_is_looked_at_after_the_body(api: Api) -> None:
    assert told(api.post(NOTES, {"text": ""}, headers={"Idempotency-Key": "?"}))[1] == "MISSING_REQUIRED_FIELD"


def test_a_request_that_was_refused_may_be_sent_again_with_its_key(api: Api) -> None:
    assert told(api.post(NOTES, {"text": ""}, headers=KEY))[0] == 400
    assert api.post(NOTES, NOTE, headers=KEY).status_code == 201


def test_rights_are_judged_anew_before_an_answer_is_given_again(api: Api) -> None:
    am = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    assert am.post(NOTES, NOTE, headers=KEY).status_code == 201
    moved = api.signed_in("am1@example.com", "account_manager", sites=["TP002"])
    assert moved.post(NOTES, NOTE, headers=KEY).status_code == 403


def test_a_rate_calculation_is_carried_out_once(api: Api) -> None:
    body = {"all": True, "dry_run": True}
    first = api.post("/api/jobcodes/rates/calculate", body, headers=KEY)
    second = api.post(f"{BASE}/jobcodes/rates/calculate", body, headers=KEY)
    assert (first.status_code, second.status_code) == (202, 202)
    assert second.json()["data"] == first.json()["data"]
    assert second.headers["Idempotency-Replayed"] == "true"


def test_the_document_describes_the_key_where_it_is_accepted(api: Api) -> None:
    paths = api.get(f"{BASE}/openapi.json").json()["paths"]
    accepting = {
        (method, path)
        for path, item in paths.items()
        for method, operation in item.items()
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
    }
    assert accepting >= {
        ("post", f"{BASE}/notes/{{siteId}}/{{period}}"),
        ("post", f"{BASE}/submissions/{{siteId}}/{{period}}"),
        ("post", f"{BASE}/snapshots"),
        ("post", "/api/jobcodes/rates/calculate"),
    }
    assert {method for method, _ in accepting} == {"post"}
