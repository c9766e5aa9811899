"""Submitting, approving and returning a month, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from shared_code.storage.tables.messages import audit_events
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.monthly_world import MonthlyWorld

MONTH = f"{BASE}/submissions/TP001/2025-05"
EXPENSES = f"{BASE}/other-expenses/TP001/2025-05"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MonthlyWorld]:
    world = MonthlyWorld(tmp_path, feature_workflow=True)
    world.add_sites("TP001", "TP002")
    yield world
    world.close()


@pytest.fixture
def api(world: MonthlyWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


@pytest.fixture
def am(api: Api) -> Api:
    return api.signed_in("am1@example.com", "account_manager", sites=["TP001"])


@pytest.fixture
def dm(api: Api) -> Api:
    return api.signed_in("dm1@example.com", "district_manager", sites=["TP001"])


def status(api: Api) -> str:
    found: str = api.get(MONTH).json()["data"]["status"]
    return found


def do(api: Api, *actions: str) -> None:
    for action in actions:
        answer = api.post(MONTH, {"action": action, "comment": f"to {action}"})
        assert answer.status_code == 200, answer.text


def test_a_month_goes_from_draft_over_submitted_and_returned_to_approved(am: Api, dm: Api) -> None:
    assert am.get(MONTH).json()["data"] == {"status": "draft", "history": []}
    do(am, "submit")
    returned = dm.post(MONTH, {"action": "return", "comment": "Check the roof"})
    do(am, "submit")
    do(dm, "approve")

    assert returned.json()["data"]["status"] == "returned"
    data = am.get(MONTH).json()["data"]
    assert data["status"] == "approved"
    assert [(event["action"], event["comment"], event["userId"]) for event in data["history"]] == [
        ("submit", "to submit", "am1@example.com"),
        ("return", "Check the roof", "dm1@example.com"),
        ("submit", "to submit", "am1@example.com"),
        ("approve", "to approve", "dm1@example.com"),
    ]
    assert data["history"][0]["at"] == "2025-04-15T16:00:00.000Z"


@pytest.mark.parametrize(
    ("before", "action", "accepted"),
    [
        ([], "approve", ["submit"]),
        ([], "return", ["submit"]),
        (["submit"], "submit", ["approve", "return"]),
        (["submit", "return"], "approve", ["submit"]),
        (["submit", "return"], "return", ["submit"]),
        (["submit", "approve"], "submit", []),
        (["submit", "approve"], "approve", []),
        (["submit", "approve"], "return", []),
    ],
)
def test_other_moves_are_refused(before: list[str], action: str, accepted: list[str], dm: Api) -> None:
    do(dm, *before)
    known = status(dm)
    answer = dm.post(MONTH, {"action": action, "comment": "why not"})
    assert told(answer) == (409, "CONFLICT", "action")
    assert first_error(answer)["details"] == {"reason": "invalid_transition", "status": known, "accepted": accepted}
    assert status(dm) == known


def test_a_later_accepted_write_sets_the_month_back_to_draft(am: Api, dm: Api, world: MonthlyWorld) -> None:
    do(dm, "submit", "approve")
    assert am.put(EXPENSES, {"months": [{"month": "2025-05", "officeSupplies": -1}]}).status_code == 400
    assert status(am) == "approved"

    assert am.put(EXPENSES, {"uniforms": 350}).status_code == 200

    data = am.get(MONTH).json()["data"]
    assert (data["status"], [event["action"] for event in data["history"]]) == ("draft", ["submit", "approve"])
    trail = world.rows(audit_events, "module", "field", "old_value", "new_value", "user_id", "on_behalf")
    assert ("submissions", "status", "approved", "draft", "am1@example.com", False) in trail
    assert ("submissions", "status", "submitted", "approved", "dm1@example.com", True) in trail
    do(am, "submit")


def test_a_write_that_changes_nothing_and_one_of_another_month_leave_the_status(am: Api, dm: Api) -> None:
    assert am.put(EXPENSES, {"uniforms": 350}).status_code == 200
    do(dm, "submit")
    assert am.put(EXPENSES, {"uniforms": 350}).status_code == 200
    assert am.put(f"{BASE}/other-expenses/TP001/2025-06", {"uniforms": 350}).status_code == 200
    assert status(am) == "submitted"


def test_answers_about_the_month_show_its_status(am: Api) -> None:
    do(am, "submit")
    assert am.get(EXPENSES).json()["data"]["status"] == "submitted"
    assert am.get(f"{BASE}/other-expenses/TP001/2025-Q2").json()["data"]["status"] == "draft", "April is a draft"
    assert am.get(f"{BASE}/pl-view/TP001/2025-05").json()["data"]["status"] == "submitted"


def test_the_status_never_locks(am: Api, dm: Api) -> None:
    do(dm, "submit", "approve")
    assert am.get(EXPENSES).json()["data"]["editable"] is True


def test_an_account_manager_neither_approves_nor_returns(am: Api) -> None:
    do(am, "submit")
    for body in ({"action": "approve"}, {"action": "return", "comment": "why not"}):
        answer = am.post(MONTH, body)
        assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "role"})
    assert told(am.post(MONTH, {"action": "return"}))[:2] == (400, "MISSING_REQUIRED_FIELD"), "the body comes first"


def test_the_rights_of_one_role_never_apply_to_the_sites_of_another(api: Api) -> None:
    both = api.signed_in("both@example.com", "account_manager", sites=["TP001"])
    both = api.signed_in("both@example.com", "district_manager", sites=["TP002"]).with_token(
        sub="both@example.com",
        roles=["account_manager", "district_manager"],
        scopes=["forecasting:read", "forecasting:write"],
    )
    assert both.post(MONTH, {"action": "submit"}).status_code == 200
    refused = both.post(MONTH, {"action": "approve"})
    assert (refused.status_code, first_error(refused)["details"]["reason"]) == (403, "site_scope")


def test_who_may_only_read_sees_the_status(api: Api) -> None:
    viewer = api.signed_in("cv1@example.com", "corporate_viewer")
    assert status(viewer) == "draft"
    assert viewer.post(MONTH, {"action": "submit"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "MISSING_REQUIRED_FIELD", "action"),
        ({"action": None}, "MISSING_REQUIRED_FIELD", "action"),
        ({"action": "reopen"}, "INVALID_DATA_TYPE", "action"),
        ({"action": "Submit"}, "INVALID_DATA_TYPE", "action"),
        ({"action": 1}, "INVALID_DATA_TYPE", "action"),
        ({"action": "return"}, "MISSING_REQUIRED_FIELD", "comment"),
        ({"action": "return", "comment": None}, "MISSING_REQUIRED_FIELD", "comment"),
        ({"action": "return", "comment": "  "}, "MISSING_REQUIRED_FIELD", "comment"),
        ({"action": "submit", "comment": "x" * 2001}, "VALUE_OUT_OF_RANGE", "comment"),
        ({"action": "submit", "comment": ["x"]}, "INVALID_DATA_TYPE", "comment"),
        ({"action": "submit", "status": "approved"}, "READ_ONLY_FIELD", "status"),
        ({"action": "submit", "state": "approved"}, "UNKNOWN_FIELD", "state"),
    ],
)
def test_an_action_that_cannot_be_meant_is_refused(body: dict[str, Any], code: str, field: str, dm: Api) -> None:
    assert told(dm.post(MONTH, body)) == (400, code, field)
    assert status(dm) == "draft"


def test_only_months_are_submitted(dm: Api) -> None:
    for period in ("2025", "2025-Q2", "2025-05-01"):
        assert told(dm.post(f"{BASE}/submissions/TP001/{period}", {"action": "submit"}))[:2] == (400, "INVALID_PERIOD")


def test_a_submission_that_is_sent_again_with_its_key_is_carried_out_once(am: Api) -> None:
    for _ in range(2):
        answer = am.post(MONTH, {"action": "submit"}, headers={"Idempotency-Key": "one"})
        assert (answer.status_code, len(answer.json()["data"]["history"])) == (200, 1)
    assert answer.headers["Idempotency-Replayed"] == "true"


def test_without_the_workflow_there_is_no_such_resource(tmp_path: Path) -> None:
    (tmp_path / "off").mkdir()
    world = MonthlyWorld(tmp_path / "off")
    world.add_sites("TP001")
    with served(create_app(lambda: world.runtime)) as api:
        for answer in (
            api.get(MONTH),
            api.post(MONTH, {"action": "submit"}),
            api.post(MONTH, {"action": 1}),
            api.get(f"{BASE}/submissions/T@/nonsense"),
        ):
            assert told(answer) == (404, "NOT_FOUND", None)
        assert told(api.anonymous().get(MONTH))[0] == 401
    world.close()
