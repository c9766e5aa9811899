"""The audit trail over HTTP: changes, denied calls, reads of pay."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from shared_code.services import security_trail
from shared_code.storage.audit import AuditEntry, add_entries
from shared_code.storage.tables.messages import audit_events
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.monthly_world import MonthlyWorld

TRAIL = f"{BASE}/audit/TP001"
MEMBERS = [
    "at", "userId", "role", "onBehalf", "siteId", "period", "module", "key", "field", "old", "new", "source", "reason",
    "requestId",
]  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[MonthlyWorld]:
    world = MonthlyWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    yield world
    world.close()


@pytest.fixture
def api(world: MonthlyWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


@pytest.fixture
def dm(api: Api) -> Api:
    return api.signed_in("dm1@example.com", "district_manager", sites=["TP001"])


def happened(world: MonthlyWorld, moment: str, *, in_integration: bool = False, **values: Any) -> None:
    """An entry of the trail at a moment in UTC."""
    entry = AuditEntry(**{"user_id": "am1@example.com", "module": "payroll", "item_key": "k", "source": "ui"} | values)
    with world.runtime.database.writing() as connection:
        at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        add_entries(connection, [entry], at, in_integration=in_integration)


def keys(api: Api, path: str = TRAIL, query: str = "") -> list[str]:
    answer = api.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    return [entry["key"] for entry in answer.json()["data"]]


def test_a_change_is_shown_with_who_when_what_and_why(api: Api, dm: Api) -> None:
    api.put(
        f"{BASE}/other-expenses/TP001/2025-03",
        {"uniforms": 350, "reason": "late invoice"},
        headers={"X-Source": "ui", "X-Request-Id": "req_9"},
    )
    [entry] = dm.get(f"{TRAIL}?module=other-expenses").json()["data"]
    assert list(entry) == MEMBERS
    assert entry == {
        "at": "2025-04-15T16:00:00.000Z", "userId": "local", "role": "forecasting_admin", "onBehalf": True,
        "siteId": "TP001", "period": "2025-03", "module": "other-expenses", "key": "2025-03", "field": "uniforms",
        "old": None, "new": entry["new"], "source": "ui", "reason": "late invoice", "requestId": "req_9",
    }  # fmt: skip
    assert float(entry["new"]) == 350


def test_the_managers_own_change_is_not_on_behalf_of_others(api: Api) -> None:
    am = api.signed_in("AM1@example.com", "account_manager", sites=["TP001"])
    am.put(f"{BASE}/other-expenses/TP001/2025-05", {"uniforms": 350})
    [entry] = api.get(f"{TRAIL}?module=other-expenses").json()["data"]
    assert (entry["onBehalf"], entry["role"], entry["source"]) == (False, "account_manager", "api")


def test_entries_are_listed_page_by_page_the_newest_first(dm: Api, world: MonthlyWorld) -> None:
    for number, minute in enumerate((10, 30, 30, 20)):
        happened(world, f"2025-04-15T12:{minute}:00", site_id="TP001", item_key=str(number))
    happened(world, "2025-04-15T12:25:00", site_id="TP001", item_key="mapping", in_integration=True)
    happened(world, "2025-04-15T12:35:00", site_id="TP002", item_key="another site")
    happened(world, "2025-04-15T12:35:00", item_key="no site")
    assert keys(dm) == ["2", "1", "mapping", "3", "0"]
    pages = [dm.get(f"{TRAIL}?limit=2&page={page}").json() for page in (1, 3, 4)]
    assert [[entry["key"] for entry in page["data"]] for page in pages] == [["2", "1"], ["0"], []]
    assert pages[0]["meta"] == {"total": 5, "page": 1, "limit": 2, "hasMore": True}


def test_an_administrator_sees_all_sites_and_what_concerns_none(api: Api, world: MonthlyWorld) -> None:
    happened(world, "2025-04-15T12:00:00", site_id="TP002", item_key="second site")
    happened(world, "2025-04-15T13:00:00", item_key="no site")
    assert keys(api, f"{BASE}/audit") == ["no site", "second site"]
    narrowed = api.signed_in("fa1@example.com", "forecasting_admin", siteAccess=["TP002"])
    assert keys(narrowed, f"{BASE}/audit") == ["second site"]


def test_filters_select_exactly_what_they_name(dm: Api, world: MonthlyWorld) -> None:
    happened(world, "2025-04-15T12:00:00", site_id="TP001", item_key="a", module="statistics", field="occupancy")
    happened(world, "2025-04-15T11:00:00", site_id="TP001", item_key="b", field="hours", user_id="Dm1@Example.com")
    happened(world, "2025-04-15T10:00:00", site_id="TP001", item_key="c", field="Hours")
    assert keys(dm, query="module=statistics") == ["a"]
    assert keys(dm, query="user=dm1@example.COM") == ["b"]
    assert keys(dm, query="field=hours&module=payroll") == ["b"]
    assert keys(dm, query="field=hours&module=statistics") == []
    assert keys(dm, query="module=%25&user=%27+OR+1%3D1") == []


def test_days_are_those_of_the_company_and_the_last_thirty_by_default(dm: Api, world: MonthlyWorld) -> None:
    moments = {
        "yesterday evening": "2025-04-15T03:59:59.999",
        "today": "2025-04-15T04:00:00",
        "first of thirty": "2025-03-17T04:00:00",
        "too old": "2025-03-17T03:59:59.999",
    }
    for name, moment in moments.items():
        happened(world, moment, site_id="TP001", item_key=name)
    assert keys(dm) == ["today", "yesterday evening", "first of thirty"]
    assert keys(dm, query="from=2025-04-15") == ["today"]
    assert keys(dm, query="to=2025-04-14&from=2025-04-14") == ["yesterday evening"]
    assert keys(dm, query="to=2025-03-16") == ["too old"]
    assert keys(dm, query="from=2026-01-01") == []


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("from=2025-04-16&to=2025-04-15", "VALUE_OUT_OF_RANGE", "from"),
        ("from=yesterday", "INVALID_DATA_TYPE", "from"),
        ("to=2025-02-29", "VALUE_OUT_OF_RANGE", "to"),
        ("to=0001-01-01", "VALUE_OUT_OF_RANGE", "to"),
        ("module=", "MISSING_REQUIRED_FIELD", "module"),
        ("user=" + "x" * 257, "VALUE_OUT_OF_RANGE", "user"),
        ("field=a&field=b", "DUPLICATE", "field"),
        ("page=0", "VALUE_OUT_OF_RANGE", "page"),
        ("limit=201", "VALUE_OUT_OF_RANGE", "limit"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(query: str, code: str, field: str, dm: Api) -> None:
    assert told(dm.get(f"{TRAIL}?{query}")) == (400, code, field)


@pytest.mark.parametrize("role", ["account_manager", "regional_vp", "corporate_viewer", "billing_admin"])
def test_only_district_managers_and_administrators_read_the_trail(role: str, api: Api) -> None:
    other = api.signed_in("other@example.com", role, sites=["TP001"])
    assert told(other.get(TRAIL))[:2] == (403, "INSUFFICIENT_PERMISSIONS")
    assert told(other.get(f"{BASE}/audit"))[:2] == (403, "INSUFFICIENT_PERMISSIONS")


def test_a_district_manager_reads_the_trail_of_own_sites_only(dm: Api) -> None:
    assert first_error(dm.get(f"{BASE}/audit/TP002"))["details"] == {"reason": "site_scope"}
    assert first_error(dm.get(f"{BASE}/audit"))["details"] == {"reason": "role"}


def security(api: Api) -> list[tuple[Any, ...]]:
    entries = api.get(f"{BASE}/audit?module=security").json()["data"]
    return [tuple(entry[name] for name in ("userId", "key", "field", "new", "siteId", "period")) for entry in entries]


def test_a_denied_call_is_written_down(api: Api, dm: Api) -> None:
    am = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    am.get(f"{BASE}/audit/tp001", headers={"X-Request-Id": "req_7", "X-Source": "ui"})
    dm.get(f"{BASE}/pl-view/TP002/2025-04")
    dm.put(f"{BASE}/other-expenses/ZZ9/2025", {"uniforms": 1})
    api.with_token(sub="nobody@example.com").get(f"{BASE}/sites")
    assert security(api)[::-1] == [
        ("am1@example.com", f"GET {BASE}/audit/{{siteId}}", "denied", "role", "TP001", None),
        ("dm1@example.com", f"GET {BASE}/pl-view/{{siteId}}/{{period}}", "denied", "site_scope", "TP002", "2025-04"),
        ("dm1@example.com", f"PUT {BASE}/other-expenses/{{siteId}}/{{period}}", "denied", "site_scope", "ZZ9", None),
        ("nobody@example.com", f"GET {BASE}/sites", "denied", "no_role", None, None),
    ]
    [entry] = api.get(f"{BASE}/audit?module=security&user=am1@example.com").json()["data"]
    assert (entry["requestId"], entry["source"], entry["onBehalf"]) == ("req_7", "ui", False)


def test_a_site_code_that_cannot_be_one_is_not_written_down(api: Api) -> None:
    am = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    assert am.get(f"{BASE}/audit/{'X' * 500}").status_code == 403
    assert am.get(f"{BASE}/audit/%00").status_code == 403
    assert [entry[4] for entry in security(api)] == [None, None]


def test_other_refusals_are_not_denials(api: Api, world: MonthlyWorld) -> None:
    for answer in (
        api.anonymous().get(TRAIL),
        api.get(f"{BASE}/nowhere"),
        api.get(f"{TRAIL}?page=0"),
        api.get(f"{BASE}/audit/ZZ9"),
    ):
        assert answer.status_code in {400, 401, 404}
    assert world.rows(audit_events) == []


def test_a_trail_that_cannot_be_written_makes_no_other_answer_of_a_denial(
    dm: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(security_trail, "record_security_event", fail)
    assert told(dm.get(f"{BASE}/audit"))[:2] == (403, "INSUFFICIENT_PERMISSIONS")
    assert "A denied call could not be written down" in caplog.text
