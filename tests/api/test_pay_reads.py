"""Reads of pay that others see masked are written down."""

import pytest

from shared_code.storage import audit
from shared_code.storage.tables.messages import audit_events
from tests.api.serving import BASE, Api, contents
from tests.support.rate_world import RateWorld

RATES = "/api/jobcodes/TP001/rates"


@pytest.fixture
def salaried(world: RateWorld) -> None:
    world.add_code("MGR")
    world.add_pair("TP001", "MGR", is_salaried=True, allocated_annual_salary=73000)
    world.add_rate("TP001", "MGR", "35.10", "fixed", "2025-01-01")


def written_down(world: RateWorld) -> list[tuple[object, ...]]:
    rows = world.rows_of(audit_events)
    return [(row.user_id, row.module, row.item_key, row.field, row.site_id, row.role_code) for row in rows]


@pytest.mark.usefixtures("salaried")
def test_a_read_of_unmasked_pay_is_written_down_without_the_pay(api: Api, world: RateWorld) -> None:
    answer = api.get(RATES)
    assert 35.1 in [row["hourly_rate"] for row in answer.json()["data"]]
    operation = "GET /api/jobcodes/{site_id}/rates"
    assert written_down(world) == [("local", "security", operation, "pay_read", "TP001", "forecasting_admin")]
    [entry] = api.get(f"{BASE}/audit/TP001?module=security&field=pay_read").json()["data"]
    assert (entry["old"], entry["new"]) == (None, None)


@pytest.mark.usefixtures("salaried")
def test_a_calculation_that_shows_unmasked_pay_is_written_down(api: Api, world: RateWorld) -> None:
    api.post("/api/jobcodes/rates/calculate", {"site_id": "TP001", "dry_run": True})
    assert [row[:4] for row in written_down(world)] == [
        ("local", "security", "POST /api/jobcodes/rates/calculate", "pay_read")
    ]


@pytest.mark.usefixtures("salaried")
def test_a_read_of_masked_pay_is_not_written_down(api: Api, world: RateWorld) -> None:
    am = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    assert "35.1" not in contents(am.get(RATES))
    assert written_down(world) == []


def test_a_read_without_salaried_codes_is_not_written_down(api: Api, world: RateWorld) -> None:
    assert api.get(RATES).status_code == 200
    assert written_down(world) == []


@pytest.mark.usefixtures("salaried")
def test_pay_that_cannot_be_written_down_as_read_is_not_shown(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(audit, "add_entries", fail)
    answer = api.get(RATES)
    assert answer.status_code == 500
    assert "35.1" not in contents(answer)


@pytest.mark.usefixtures("salaried")
@pytest.mark.parametrize("path", ["payroll/TP001/2025-06", "payroll/TP001/job-codes"])
def test_payroll_that_shows_unmasked_pay_is_written_down_each_time(path: str, api: Api, world: RateWorld) -> None:
    for _ in range(2):
        assert api.get(f"{BASE}/{path}").status_code == 200
    assert [row[:4:3] for row in written_down(world)] == [("local", "pay_read")] * 2
    am = api.signed_in("am1@example.com", "account_manager", sites=["TP001"])
    assert am.get(f"{BASE}/{path}").status_code == 200
    assert len(written_down(world)) == 2, "what is masked is not written down"
