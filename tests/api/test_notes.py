"""Notes on a site's month, over HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.pnl_world import PnlWorld

NOTES = f"{BASE}/notes/TP001/2025-07"


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


def test_a_note_is_kept_with_who_left_it_and_when(api: Api) -> None:
    am = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])

    answer = am.post(
        f"{BASE}/notes/tp001/2025-07", {"text": "Roof closed", "line": "externalRevenue", "date": "2025-07-20"}
    )

    note = answer.json()["data"]
    assert answer.status_code == 201
    assert note == {
        "noteId": note["noteId"], "text": "Roof closed", "line": "externalRevenue", "module": None,
        "date": "2025-07-20", "createdBy": "am1@example.com", "createdAt": "2025-07-16T16:00:00.000Z",
    }  # fmt: skip
    assert am.get(NOTES).json()["data"] == [note]


def test_notes_are_listed_page_by_page_the_newest_first(api: Api, world: PnlWorld) -> None:
    for number in range(3):
        world.clock.moment += timedelta(minutes=number // 2)
        api.post(NOTES, {"text": f"note {number}"})
    api.post(f"{BASE}/notes/TP002/2025-07", {"text": "of another site"})
    api.post(f"{BASE}/notes/TP001/2025-08", {"text": "of another month"})

    pages = [api.get(f"{NOTES}?limit=2&page={page}").json() for page in (1, 2, 3, 999999999)]

    assert [[note["text"] for note in page["data"]] for page in pages] == [["note 2", "note 1"], ["note 0"], [], []]
    assert [page["meta"] for page in pages[:2]] == [
        {"total": 3, "page": 1, "limit": 2, "hasMore": True},
        {"total": 3, "page": 2, "limit": 2, "hasMore": False},
    ]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "'; DROP TABLE notes; --", "Prüfung 🅿️ 駐車", "a" * 2000])
def test_a_text_comes_back_as_it_was_sent(text: str, api: Api) -> None:
    assert api.post(NOTES, {"text": text}).json()["data"]["text"] == text
    assert api.get(NOTES).json()["data"][0]["text"] == text


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "MISSING_REQUIRED_FIELD", "text"),
        ({"text": None}, "MISSING_REQUIRED_FIELD", "text"),
        ({"text": ""}, "MISSING_REQUIRED_FIELD", "text"),
        ({"text": " \n"}, "MISSING_REQUIRED_FIELD", "text"),
        ({"text": 7}, "INVALID_DATA_TYPE", "text"),
        ({"text": "a\u0000b"}, "INVALID_DATA_TYPE", "text"),
        ({"text": "a" * 2001}, "VALUE_OUT_OF_RANGE", "text"),
        ({"text": "x", "line": "profit"}, "INVALID_DATA_TYPE", "line"),
        ({"text": "x", "module": "other_revenue"}, "INVALID_DATA_TYPE", "module"),
        ({"text": "x", "line": "flc", "module": "payroll"}, "INVALID_DATA_TYPE", "body"),
        ({"text": "x", "date": "2025-08-01"}, "VALUE_OUT_OF_RANGE", "date"),
        ({"text": "x", "date": "2025-02-30"}, "VALUE_OUT_OF_RANGE", "date"),
        ({"text": "x", "date": "20.7.2025"}, "INVALID_DATA_TYPE", "date"),
        ({"text": "x", "createdBy": "somebody"}, "READ_ONLY_FIELD", "createdBy"),
        ({"text": "x", "author": "somebody"}, "UNKNOWN_FIELD", "author"),
    ],
)
def test_a_note_that_cannot_be_meant_is_refused(body: dict[str, Any], code: str, field: str, api: Api) -> None:
    assert told(api.post(NOTES, body)) == (400, code, field)
    assert api.get(NOTES).json()["meta"]["total"] == 0


@pytest.mark.parametrize("period", ["2025", "2025-Q3", "2025-07-16", "2025-13"])
def test_notes_belong_to_a_month(period: str, api: Api) -> None:
    assert told(api.get(f"{BASE}/notes/TP001/{period}")) == (400, "INVALID_PERIOD", "period")
    assert told(api.post(f"{BASE}/notes/TP001/{period}", {"text": "x"})) == (400, "INVALID_PERIOD", "period")


def test_a_month_outside_the_horizon_is_not_available(api: Api) -> None:
    assert told(api.post(f"{BASE}/notes/TP001/2023-12", {"text": "x"})) == (404, "PERIOD_NOT_AVAILABLE", "period")


def test_notes_are_never_changed_or_deleted(api: Api) -> None:
    note_id = api.post(NOTES, {"text": "x"}).json()["data"]["noteId"]
    assert api.send("DELETE", f"{NOTES}/{note_id}")[0] == 404
    status, headers, _ = api.send("PUT", NOTES, b"{}")
    assert (status, headers["allow"]) == (405, "GET, POST")


def test_who_may_only_read_leaves_no_note(api: Api) -> None:
    vp = api.signed_in("vp1@example.com", "corporate_viewer")
    assert vp.get(NOTES).status_code == 200
    refused = vp.post(NOTES, {"text": "x"})
    assert (refused.status_code, first_error(refused)["details"]["reason"]) == (403, "scope")


def test_notes_of_sites_out_of_reach_are_neither_read_nor_left(api: Api) -> None:
    am = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    for answer in (am.get(f"{BASE}/notes/TP002/2025-07"), am.post(f"{BASE}/notes/ZZ9/2025-07", {"text": "x"})):
        assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "site_scope"})
