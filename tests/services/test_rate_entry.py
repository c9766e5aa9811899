"""A rate that a person enters."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.domain.site_scope import SiteScope
from shared_code.errors import ConflictError, ForecastError, InvalidInputError, NotFoundError
from shared_code.services.forecast.author import Author
from shared_code.services.held_lease import held
from shared_code.services.rate_entry import EnteredRate, RateEntry, enter_rate
from shared_code.storage.tables.job_codes import site_job_code_rates, site_job_codes
from shared_code.storage.tables.messages import audit_events, cache_versions, outbox_messages
from tests.support.rate_world import RateWorld, decided

ENTRY = RateEntry("TP001", "VLT1", Decimal("18.50"), date(2025, 7, 1), "fixed", "new scale")
AUTHOR = Author("dm@example.com", "district_manager", request_id="req-1")
OWN = SiteScope.of(["TP001"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RateWorld]:
    world = RateWorld(tmp_path)
    world.add_sites("TP001", "TP002")
    world.add_code("VLT1")
    world.add_pair("TP001", "VLT1")
    yield world
    world.close()


def _enter(world: RateWorld, entry: RateEntry = ENTRY, scope: SiteScope = OWN) -> EnteredRate:
    return enter_rate(world.runtime, scope, entry, AUTHOR)


def test_an_entered_rate_is_in_force_from_its_date_on_and_names_the_one_before(world: RateWorld) -> None:
    world.add_rate("TP001", "VLT1", "16.10", "weighted_average", "2025-05-01")
    entered = _enter(world)
    assert entered.changed
    assert (entered.row.hourly_rate, entered.row.effective_date) == (Decimal("18.50"), date(2025, 7, 1))
    assert (entered.row.calculation_method.value, entered.row.source, entered.row.updated_by) == (
        "fixed",
        "user",
        "dm@example.com",
    )
    assert entered.previous is not None
    assert (entered.previous.hourly_rate, entered.previous.source) == (Decimal("16.10"), "warehouse")
    assert world.history() == [
        ("16.100000", "weighted_average", "2025-05-01", None),
        ("18.500000", "fixed", "2025-07-01", None),
    ]


def test_a_new_entered_rate_ends_the_entered_one_before_it(world: RateWorld) -> None:
    _enter(world, replace(ENTRY, effective_date=date(2025, 6, 20)))
    _enter(world, replace(ENTRY, hourly_rate=Decimal("19.00"), calculation_method="manual"))
    assert world.history() == [
        ("18.500000", "fixed", "2025-06-20", "2025-06-30"),
        ("19.000000", "manual", "2025-07-01", None),
    ]


def test_the_same_date_replaces_and_the_same_rate_changes_nothing(world: RateWorld) -> None:
    _enter(world)
    assert _enter(world, replace(ENTRY, hourly_rate=Decimal(19))).changed
    tables = (site_job_code_rates, audit_events, outbox_messages, cache_versions)
    before = [world.rows_of(table) for table in tables]
    again = _enter(world, replace(ENTRY, hourly_rate=Decimal(19), reason="said again"))
    assert not again.changed
    assert again.row.hourly_rate == Decimal(19)
    assert [world.rows_of(table) for table in tables] == before
    assert world.history() == [("19.000000", "fixed", "2025-07-01", None)]


def test_a_run_leaves_an_entered_rate_in_force_alone(world: RateWorld) -> None:
    world.pay(("TP001", "VLT1", "2025-07-05", "Regular", "10", "160"))
    _enter(world)
    world.clock.moment = datetime(2025, 7, 10, 15, tzinfo=UTC)
    report = world.calculate()
    assert [(item.outcome.value, str(item.new_rate), str(item.old_rate)) for item in report.results] == [
        ("protected", "18.500000", "18.500000")
    ]
    assert report.counts.skipped == 1
    assert len(world.history()) == 1


def test_the_change_is_audited_announced_and_raises_the_inputs(world: RateWorld) -> None:
    world.add_rate("TP001", "VLT1", "16.10", "weighted_average", "2025-05-01")
    _enter(world)
    audited = [
        (row.field, row.old_value, row.new_value, row.reason, row.user_id, row.role_code, row.on_behalf)
        for row in world.rows_of(audit_events)
    ]
    who = ("new scale", "dm@example.com", "district_manager", True)
    assert audited == [
        ("hourly_rate", "16.100000", "18.500000", *who),
        ("calculation_method", "weighted_average", "fixed", *who),
    ]
    (row, _) = world.rows_of(audit_events)
    assert (row.site_id, row.period, row.module, row.item_key) == (
        "TP001",
        "2025-07",
        "job-code-rates",
        "2025-07-01.VLT1",
    )
    assert {row.tag: row.version for row in world.rows_of(cache_versions) if row.tag.startswith("inputs:")} == {
        "inputs:TP001:2025": 1
    }
    for message in world.rows_of(outbox_messages):
        body = json.loads(message.payload)
        assert (body["eventType"], body["jobCodes"], body["requestId"]) == ("JobRatesUpdated", ["VLT1"], "req-1")
        assert (body["effectiveDate"], body["userId"]) == ("2025-07-01", "dm@example.com")


def test_the_pay_of_a_salaried_code_does_not_appear_in_the_audit_trail(world: RateWorld) -> None:
    world.add_code("MGR")
    world.add_pair("TP001", "MGR", is_salaried=True, allocated_annual_salary=Decimal(65000))
    _enter(world, replace(ENTRY, job_code_id="MGR"))
    assert [(row.field, row.new_value) for row in world.rows_of(audit_events)] == [
        ("hourly_rate", "***"),
        ("calculation_method", "fixed"),
    ]


def test_a_job_code_that_the_site_did_not_use_yet_may_have_a_rate(world: RateWorld) -> None:
    world.add_code("VLT2")
    assert _enter(world, replace(ENTRY, job_code_id="vlt2")).row.job_code_id == "VLT2"
    assert [(row.site_id, row.job_code_id) for row in world.rows_of(site_job_codes)] == [
        ("TP001", "VLT1"),
        ("TP001", "VLT2"),
    ]


@pytest.mark.parametrize(
    ("entry", "code", "field"),
    [
        (replace(ENTRY, hourly_rate=Decimal(0)), "VALUE_OUT_OF_RANGE", "hourly_rate"),
        (replace(ENTRY, hourly_rate=Decimal(-5)), "VALUE_OUT_OF_RANGE", "hourly_rate"),
        (replace(ENTRY, hourly_rate=Decimal(1000)), "VALUE_OUT_OF_RANGE", "hourly_rate"),
        (replace(ENTRY, hourly_rate=Decimal("18.505")), "VALUE_OUT_OF_RANGE", "hourly_rate"),
        (replace(ENTRY, hourly_rate=Decimal("1E-999999")), "VALUE_OUT_OF_RANGE", "hourly_rate"),
        (replace(ENTRY, hourly_rate=Decimal("NaN")), "VALUE_OUT_OF_RANGE", "hourly_rate"),
        (replace(ENTRY, hourly_rate=Decimal("Infinity")), "VALUE_OUT_OF_RANGE", "hourly_rate"),
        (replace(ENTRY, calculation_method="contract"), "INVALID_DATA_TYPE", "calculation_method"),
        (replace(ENTRY, calculation_method="weighted_average"), "INVALID_DATA_TYPE", "calculation_method"),
        (replace(ENTRY, reason="  "), "MISSING_REQUIRED_FIELD", "reason"),
        (replace(ENTRY, reason="four"), "VALUE_OUT_OF_RANGE", "reason"),
        (replace(ENTRY, reason="x" * 2001), "VALUE_OUT_OF_RANGE", "reason"),
        (replace(ENTRY, effective_date=date(9999, 12, 31)), "VALUE_OUT_OF_RANGE", "effective_date"),
    ],
)
def test_a_value_that_no_rate_may_have_is_refused(world: RateWorld, entry: RateEntry, code: str, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        _enter(world, entry)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert world.history() == []


def test_the_highest_and_the_lowest_rate_are_accepted(world: RateWorld) -> None:
    assert _enter(world, replace(ENTRY, hourly_rate=Decimal("999.99"))).changed
    assert _enter(world, replace(ENTRY, hourly_rate=Decimal("0.01"))).changed


def test_an_unknown_job_code_or_a_site_out_of_reach_is_not_found(world: RateWorld) -> None:
    with pytest.raises(NotFoundError) as code:
        _enter(world, replace(ENTRY, job_code_id="NOPE"))
    assert (code.value.code, code.value.status) == ("NOT_FOUND", 404)
    with pytest.raises(NotFoundError) as site:
        _enter(world, replace(ENTRY, site_id="TP002"))
    assert site.value.code == "SITE_NOT_FOUND"


def test_a_closed_month_is_locked_and_the_running_one_is_open(world: RateWorld) -> None:
    with pytest.raises(ConflictError) as locked:
        _enter(world, replace(ENTRY, effective_date=date(2025, 5, 31)))
    assert (locked.value.code, locked.value.status, locked.value.field) == ("PERIOD_LOCKED", 409, "effective_date")
    assert locked.value.details == {"lockedMonths": ["2025-05"], "reason": "past"}
    assert _enter(world, replace(ENTRY, effective_date=date(2025, 6, 1))).changed


def test_the_business_date_of_the_site_decides_which_month_is_closed(world: RateWorld) -> None:
    world.add_sites("HONO", time_zone="Pacific/Honolulu")
    world.clock.moment = datetime(2025, 7, 1, 5, tzinfo=UTC)
    in_june = replace(ENTRY, effective_date=date(2025, 6, 30))
    with pytest.raises(ConflictError):
        _enter(world, in_june)
    assert _enter(world, replace(in_june, site_id="HONO"), SiteScope.of(["HONO"])).changed


def test_two_people_do_not_enter_a_rate_of_one_code_at_once(world: RateWorld) -> None:
    with held(world.runtime.database, "rate:TP001:VLT1", 300), pytest.raises(ConflictError) as refused:
        _enter(world)
    assert refused.value.details == {"reason": "write_in_progress"}
    assert _enter(world).changed


def test_a_failure_while_entering_leaves_everything_as_it_was(
    world: RateWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    _enter(world)
    tables = (site_job_code_rates, audit_events, outbox_messages, cache_versions)
    before = [world.rows_of(table) for table in tables]

    def fail(*_: object) -> None:
        raise ForecastError("no")

    with monkeypatch.context() as patched:
        patched.setattr("shared_code.storage.outbox.append", fail)
        with pytest.raises(ForecastError):
            _enter(world, replace(ENTRY, hourly_rate=Decimal(20)))
    assert [world.rows_of(table) for table in tables] == before


def test_after_the_last_day_of_an_entered_rate_a_run_calculates_again(world: RateWorld) -> None:
    world.add_rate("TP001", "VLT1", "19", "contract", "2025-05-01", "2025-06-10")
    world.pay(("TP001", "VLT1", "2025-06-09", "Regular", "10", "160"))
    assert decided(world.calculate("2025-06-10"))["VLT1"][0].value == "protected"
    assert decided(world.calculate("2025-06-11"))["VLT1"][0].value == "calculated"
