"""What a rate run leaves behind: versions and events when it succeeds, the rates as they were when it does not."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from shared_code.errors import InvalidInputError, NotFoundError, SourceError
from shared_code.services.calculate_rates import LEASE
from shared_code.services.held_lease import LeaseLostError
from shared_code.services.rate_labor_reading import stage_labor
from shared_code.storage import leases
from shared_code.storage.tables.job_codes import job_codes, site_job_code_rates, site_job_codes
from shared_code.storage.tables.messages import cache_versions, outbox_messages, resource_leases
from shared_code.storage.tables.results import pnl_site_years
from shared_code.storage.tables.runs import sync_runs
from tests.support.rate_world import RateWorld, decided


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RateWorld]:
    world = RateWorld(tmp_path)
    world.add_sites("TP001", "0057")
    world.pay(
        ("TP001", "VLT1", "2025-06-10", "Regular", "10", "160"),
        ("TP001", "VLT2", "2025-06-10", "Regular", "10", "180"),
        ("0057", "VLT1", "2025-06-10", "Regular", "10", "170"),
    )
    yield world
    world.close()


def _versions(world: RateWorld) -> dict[str, int]:
    return {row.tag: row.version for row in world.rows_of(cache_versions) if row.tag.startswith("inputs:")}


def _store_pnl(world: RateWorld, site_id: str, *years: int) -> None:
    values = {
        "inputs_version": 0,
        "business_month": "2025-06",
        "settings_hash": "-",
        "calculated_at": world.clock.now(),
    }
    with world.runtime.database.writing() as connection:
        connection.execute(insert(pnl_site_years), [{"site_id": site_id, "year": year, **values} for year in years])


def test_a_changed_rate_raises_the_inputs_of_its_year_and_of_every_later_year_that_is_stored(world: RateWorld) -> None:
    _store_pnl(world, "TP001", 2024, 2025, 2026)
    _store_pnl(world, "0057", 2024)
    world.calculate("2025-06-15")
    assert _versions(world) == {"inputs:TP001:2025": 1, "inputs:TP001:2026": 1, "inputs:0057:2025": 1}
    world.pay(("0057", "VLT1", "2025-06-16", "Regular", "10", "200"))
    world.calculate("2025-06-16")
    assert _versions(world) == {"inputs:TP001:2025": 1, "inputs:TP001:2026": 1, "inputs:0057:2025": 2}


def test_every_site_with_a_changed_rate_is_announced_once_and_asked_to_refresh(world: RateWorld) -> None:
    report = world.calculate("2025-06-15", requested_by="tester@example.com")
    sent = [(row.destination, row.subject, row.session_id) for row in world.rows_of(outbox_messages)]
    assert sorted(sent) == [
        ("forecasting-events", "JobRatesUpdated", "0057"),
        ("forecasting-events", "JobRatesUpdated", "TP001"),
        ("forecasting.payroll.calculate", "JobRatesUpdated", "0057"),
        ("forecasting.payroll.calculate", "JobRatesUpdated", "TP001"),
    ]
    bodies = [json.loads(row.payload) for row in world.rows_of(outbox_messages) if row.session_id == "TP001"]
    for body in bodies:
        assert body["jobCodes"] == ["VLT1", "VLT2"]
        assert (body["effectiveDate"], body["userId"]) == ("2025-06-15", "tester@example.com")
        assert body["requestId"] == report.sync_run_id
    assert [body["inputsVersion"] for body in bodies if "inputsVersion" in body] == [1]


def test_a_run_that_changes_nothing_announces_nothing(world: RateWorld) -> None:
    world.calculate("2025-06-15")
    versions, messages = _versions(world), world.rows_of(outbox_messages)
    world.calculate("2025-06-15")
    world.calculate("2025-06-16")
    world.calculate("2025-06-17", dry_run=True)
    assert (_versions(world), world.rows_of(outbox_messages)) == (versions, messages)


def test_a_run_that_fails_while_publishing_leaves_the_rates_whole(
    world: RateWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.calculate("2025-06-14")
    tables = (site_job_code_rates, site_job_codes, job_codes, cache_versions, outbox_messages)
    before = [world.rows_of(table) for table in tables]
    world.pay(
        ("TP001", "VLT1", "2025-06-15", "Regular", "10", "190"),
        ("TP001", "NEW", "2025-06-15", "Regular", "10", "190"),
    )

    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patched:
        patched.setattr("shared_code.storage.outbox.append", fail)
        with pytest.raises(RuntimeError):
            world.calculate("2025-06-15")

    assert [world.rows_of(table) for table in tables] == before
    failed = world.rows_of(sync_runs)[-1]
    assert (failed.state, failed.error_code) == ("failed", "INTERNAL_ERROR")
    assert "secret" not in failed.error_text
    assert decided(world.calculate("2025-06-15"))["NEW"][1] == "19.000000"


def test_a_run_that_was_killed_is_closed_by_the_next_one_which_does_its_work(
    world: RateWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("shared_code.storage.runs.close_run", die)
        with pytest.raises(Killed):
            world.calculate("2025-06-15")
    assert [row.state for row in world.rows_of(sync_runs)] == ["running"]
    assert world.rows_of(site_job_code_rates) == []

    assert world.calculate("2025-06-15").counts.updated == 3
    assert [(row.state, row.error_code) for row in world.rows_of(sync_runs)] == [
        ("failed", "ABANDONED"),
        ("succeeded", None),
    ]


def test_a_run_whose_lease_was_taken_over_writes_nothing(world: RateWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def stage_and_lose_the_lease(*arguments: object) -> None:
        stage_labor(*arguments)  # type: ignore[arg-type]
        late = world.clock.now() + timedelta(seconds=world.settings.lease_ttl_s)
        with world.runtime.database.writing() as connection:
            assert leases.acquire(connection, LEASE, "00000000-0000-0000-0000-000000000001", late, 300)

    monkeypatch.setattr("shared_code.services.calculate_rates.stage_labor", stage_and_lose_the_lease)
    with pytest.raises(LeaseLostError):
        world.calculate("2025-06-15")
    assert world.rows_of(site_job_code_rates) == []
    (lease,) = world.rows_of(resource_leases)
    assert lease.owner_id == "00000000-0000-0000-0000-000000000001"
    assert [row.state for row in world.rows_of(sync_runs)] == ["failed"]


def test_a_warehouse_that_cannot_be_read_fails_the_run_and_leaves_the_rates(world: RateWorld) -> None:
    world.calculate("2025-06-14")
    before = world.rows_of(site_job_code_rates)
    world.warehouse_path.rename(world.warehouse_path.with_suffix(".away"))
    with pytest.raises(SourceError):
        world.calculate("2025-06-15")
    assert world.rows_of(site_job_code_rates) == before
    assert [(row.state, row.error_code) for row in world.rows_of(sync_runs)] == [
        ("succeeded", None),
        ("failed", "SOURCE_UNAVAILABLE"),
    ]


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"method": "fixed"}, "INVALID_DATA_TYPE", "method"),
        ({"date_from": date(2025, 6, 2), "date_to": date(2025, 6, 1)}, "VALUE_OUT_OF_RANGE", "date_from"),
        ({"as_of": "2025-06-03", "date_to": date(2025, 6, 1)}, "VALUE_OUT_OF_RANGE", "as_of"),
        ({"as_of": "0001-01-01"}, "VALUE_OUT_OF_RANGE", "as_of"),
        ({"sites": ()}, "MISSING_REQUIRED_FIELD", "site_ids"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused_before_anything_is_done(
    world: RateWorld, values: dict[str, object], code: str, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        world.calculate(**values)  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.field) == (code, field)
    assert world.rows_of(sync_runs) == []


def test_an_unknown_site_or_job_code_is_named(world: RateWorld) -> None:
    with pytest.raises(NotFoundError) as site:
        world.calculate(sites=("TP001", "57"))
    assert (site.value.code, site.value.details) == ("SITE_NOT_FOUND", {"siteIds": ["57"]})
    with pytest.raises(NotFoundError) as code:
        world.calculate(job_codes=("nope",))
    assert (code.value.code, code.value.details) == ("NOT_FOUND", {"jobCodes": ["NOPE"]})
