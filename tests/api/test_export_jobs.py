"""Exports that are too long for one answer: queued, written by a worker, fetched by who asked for them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared_code.api.app import create_app
from shared_code.messaging.message import JOBS
from shared_code.messaging.received import ReceivedMessage
from shared_code.services.exports import jobs
from shared_code.services.messages import handle_with
from shared_code.services.reap import reap
from shared_code.storage.tables.background_jobs import background_jobs
from shared_code.storage.tables.export_files import export_file_parts
from shared_code.storage.tables.messages import audit_events, outbox_messages, poison_messages
from tests.api.serving import BASE, Api, first_error, served, told
from tests.support.export_world import fresh_world, pdf_text, read_csv, read_xlsx
from tests.support.payroll_world import PayrollWorld

EXPORT = f"{BASE}/export"
LONG = f"{EXPORT}/payroll/TP001/2025-05?level=code&format="
UNKNOWN = "0196f3a0-0000-7000-8000-000000000000"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PayrollWorld]:
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 20)
    world = fresh_world(tmp_path)
    yield world
    world.close()


@pytest.fixture
def api(world: PayrollWorld) -> Iterator[Api]:
    with served(create_app(lambda: world.runtime)) as api:
        yield api


def queued(api: Api, path: str = f"{LONG}csv") -> str:
    """Ask for an export that is too long; its id."""
    answer = api.get(path)
    assert answer.status_code == 202, answer.text
    data = answer.json()["data"]
    assert data.keys() == {"exportId", "status"}
    assert data["status"] == "pending"
    export_id: str = data["exportId"]
    return export_id


def work(world: PayrollWorld) -> None:
    """Work off what has been queued."""
    for destination, job_id, payload in world.rows(outbox_messages, "destination", "session_id", "payload"):
        if destination != JOBS:
            continue
        message = ReceivedMessage(f"{JOBS}:{job_id}", job_id, "JobSlice", payload.encode(), 1, None, None, {})
        handle_with(world.runtime, JOBS, message)


def state(api: Api, export_id: str) -> dict[str, Any]:
    answer = api.get(f"{EXPORT}/jobs/{export_id}")
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    assert data.pop("exportId") == export_id
    return data


def fetched(api: Api, export_id: str) -> Any:
    return api.get(f"{EXPORT}/jobs/{export_id}/file")


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "pdf"])
def test_a_long_export_is_written_in_the_background(file_format: str, api: Api, world: PayrollWorld) -> None:
    export_id = queued(api, f"{LONG}{file_format}")
    assert state(api, export_id) == {"status": "pending", "url": None}
    work(world)
    ready = state(api, export_id)
    assert ready == {"status": "ready", "url": f"{EXPORT}/jobs/{export_id}/file"}
    answer = api.get(ready["url"])
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="payroll-TP001-2025-05.{file_format}"'
    assert int(answer.headers["content-length"]) == len(answer.content)
    if file_format == "pdf":
        assert "Grand Café" in pdf_text(answer.content)
    else:
        file = {"csv": read_csv, "xlsx": read_xlsx}[file_format](answer.content)
        assert (file.facts["User"], len(file.table("Payroll"))) == ("local", 100)


def test_the_file_is_the_one_that_a_short_export_would_have_been(
    api: Api, world: PayrollWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [f"{EXPORT}/{path}format=csv" for path in ("statistics/TP001/2025-05?", "rollup/company/all?limit=1&")]
    ids = [queued(api, path) for path in paths]
    work(world)
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 10_000)
    for path, export_id in zip(paths, ids, strict=True):
        assert fetched(api, export_id).content == api.get(path).content


def test_only_more_rows_than_are_answered_at_once_have_to_wait(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"{EXPORT}/parking-rates/TP001/2025?format=csv"
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 12 * 8 + 8)
    answer = api.get(path)
    assert (answer.status_code, len(read_csv(answer.content).table("Parking rates"))) == (200, 104)
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 103)
    assert api.get(path).status_code == 202


def test_a_file_of_many_parts_arrives_whole(api: Api, world: PayrollWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PART_BYTES", 1000)
    export_id = queued(api)
    work(world)
    assert len(world.rows(export_file_parts, "part_no")) > 5
    assert len(read_csv(fetched(api, export_id).content).table("Payroll")) == 100


@pytest.mark.parametrize("status", ["queued", "running", "failed"])
def test_a_file_that_is_not_ready_is_a_conflict(status: str, api: Api, world: PayrollWorld) -> None:
    export_id = queued(api)
    with world.runtime.database.writing() as connection:
        connection.execute(background_jobs.update().values(status=status))
    answer = fetched(api, export_id)
    assert told(answer) == (409, "CONFLICT", None)
    assert first_error(answer)["details"]["reason"] == "export_not_ready"
    assert state(api, export_id) == {"status": "failed" if status == "failed" else "pending", "url": None}


def test_nobody_else_finds_an_export(api: Api, world: PayrollWorld) -> None:
    export_id = queued(api)
    work(world)
    other = api.signed_in("admin2@example.com", "forecasting_admin")
    for path in (f"{EXPORT}/jobs/{export_id}", f"{EXPORT}/jobs/{export_id}/file"):
        assert told(other.get(path)) == (404, "NOT_FOUND", "exportId")
        unknown = other.get(path.replace(export_id, UNKNOWN))
        assert first_error(unknown)["message"] == first_error(other.get(path))["message"]


@pytest.mark.parametrize("export_id", ["1", UNKNOWN, UNKNOWN.upper(), "%27%20OR%201%3D1", "x" * 300])
def test_there_is_no_export_of_another_id(export_id: str, api: Api) -> None:
    assert told(api.get(f"{EXPORT}/jobs/{export_id}")) == (404, "NOT_FOUND", "exportId")
    assert told(fetched(api, export_id)) == (404, "NOT_FOUND", "exportId")


def test_a_calculation_of_rates_is_no_export(api: Api) -> None:
    job_id = api.post("/api/jobcodes/rates/calculate", {"all": True}).json()["data"]["job_id"]
    assert told(api.get(f"{EXPORT}/jobs/{job_id}")) == (404, "NOT_FOUND", "exportId")


def test_who_has_lost_the_site_does_not_get_its_file(api: Api, world: PayrollWorld) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    export_id = queued(manager)
    work(world)
    assert fetched(manager, export_id).status_code == 200
    narrowed = api.signed_in("am1@example.com", "account_manager", sites=["TP001"], siteAccess=["TP002"])
    answer = fetched(narrowed, export_id)
    assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "site_scope"})
    other_scope = api.with_token(sub="am1@example.com", roles=["account_manager"], scopes=["statistics:read"])
    answer = fetched(other_scope, export_id)
    assert first_error(answer)["details"] == {"reason": "scope", "requiredScope": "payroll:read"}
    assert state(other_scope, export_id)["status"] == "ready"


def test_who_has_lost_some_sites_does_not_get_their_sum(api: Api, world: PayrollWorld) -> None:
    path = f"{EXPORT}/rollup/portfolio/me?format=csv"
    admin = api.signed_in("admin3@example.com", "forecasting_admin")
    manager = api.signed_in("am4@example.com", "account_manager", sites=["TP001", "TP002"])
    mine = [(admin, queued(admin, path)), (manager, queued(manager, path))]
    work(world)
    for caller, export_id in mine:
        assert caller.bearer is not None
        assert fetched(caller, export_id).status_code == 200
        narrowed = caller.with_token(**{**caller.bearer.claims, "siteAccess": ["TP001"]})
        answer = fetched(narrowed, export_id)
        assert (answer.status_code, first_error(answer)["details"]) == (403, {"reason": "site_scope"})


def test_who_may_not_read_pay_any_more_does_not_get_it(api: Api, world: PayrollWorld) -> None:
    admin = api.signed_in("admin5@example.com", "forecasting_admin")
    export_id = queued(admin)
    work(world)
    assert fetched(admin, export_id).status_code == 200
    scopes = ["payroll:read", "forecasting:read"]
    narrowed = admin.with_token(sub="admin5@example.com", roles=["forecasting_admin"], scopes=scopes)
    answer = fetched(narrowed, export_id)
    assert (answer.status_code, first_error(answer)["details"]["reason"]) == (403, "scope")


def test_pay_is_masked_for_who_asked_whoever_works(api: Api, world: PayrollWorld) -> None:
    manager = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    export_id = queued(manager)
    work(world)
    rows = read_csv(fetched(manager, export_id).content).table("Payroll")
    assert {(row["Masked"], row["Effective cost"]) for row in rows if row["Job code"] == "GSC9"} == {("yes", "")}


def test_the_export_and_each_download_are_written_down(api: Api, world: PayrollWorld) -> None:
    export_id = queued(api)
    work(world)
    fetched(api, export_id)
    rows = world.rows(audit_events, "audit_id", "field", "new_value", "site_id", "period", "item_key")
    asked, file = f"GET {EXPORT}/{{module}}/{{siteId}}/{{period}}", f"GET {EXPORT}/jobs/{{exportId}}/file"
    assert [row[1:] for row in rows] == [
        ("export", "payroll csv", "TP001", "2025-05", asked),
        ("export", "payroll csv", "TP001", "2025-05", file),
        ("pay_read", None, "TP001", "2025-05", file),
    ]


def test_a_client_has_to_take_the_type_of_the_file(api: Api, world: PayrollWorld) -> None:
    export_id = queued(api)
    work(world)
    path = f"{EXPORT}/jobs/{export_id}/file"
    for accept in ("application/json", "application/pdf"):
        assert told(api.get(path, headers={"Accept": accept})) == (406, "NOT_ACCEPTABLE", "Accept")
    assert api.get(path, headers={"Accept": "text/*"}).status_code == 200


def test_an_export_that_cannot_be_made_has_failed(api: Api, world: PayrollWorld) -> None:
    path = f"{EXPORT}/rollup/district/alpha?siteId=TP001&format=csv"
    export_id = queued(api, path)
    with world.runtime.database.writing() as connection:
        connection.execute(background_jobs.update().values(parameters=_without_sites(connection)))
    work(world)
    assert state(api, export_id) == {"status": "failed", "url": None}
    assert world.rows(background_jobs, "status", "error_code") == [("failed", "NOT_FOUND")]
    assert world.rows(poison_messages, "reason_code") == []


def _without_sites(connection: Any) -> str:
    text: str = connection.execute(background_jobs.select()).one().parameters
    return text.replace('["TP001"]', '["TP009"]')


def test_an_export_is_forgotten_after_a_week(api: Api, world: PayrollWorld) -> None:
    export_id = queued(api)
    work(world)
    world.clock.moment += jobs.KEPT - timedelta(minutes=1)
    reap(world.runtime)
    assert fetched(api, export_id).status_code == 200
    world.clock.moment += timedelta(minutes=2)
    reap(world.runtime)
    assert told(api.get(f"{EXPORT}/jobs/{export_id}")) == (404, "NOT_FOUND", "exportId")
    assert world.rows(export_file_parts, "job_id") == []
