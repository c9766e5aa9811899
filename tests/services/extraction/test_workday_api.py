"""The feed of the Workday API, beside the warehouse and in its place."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from shared_code.sources.warehouse.objects import workday_site_salaries, workday_wage_rate
from shared_code.sources.workday_api import EMPLOYEES_PATH, WorkdayApi
from shared_code.storage.tables.job_codes import job_codes, site_job_codes
from shared_code.storage.tables.mappings import job_family_mappings
from shared_code.storage.tables.runs import sync_rejects, sync_run_sources
from shared_code.storage.tables.staging import stg_workday_api
from tests.services.extraction.conftest import MakeWorld
from tests.services.extraction.world import NOON, World
from tests.sources.scripted_server import Reply, ScriptedServer, scripted_server


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def _world(make_world: MakeWorld, server: ScriptedServer, source: str = "api") -> World:
    """Sites 0046 and 0047, and the API."""
    world = make_world(
        workday_source=source,
        workday_api_host=server.address,
        workday_user="forecasting",
        workday_password="a-password",
    )
    runtime = world.runtime
    api = WorkdayApi(runtime.settings, clock=world.clock, sleep=lambda _: None, jitter=lambda: 0.0)
    runtime.__dict__["workday_api"] = api
    world.know_sites("0046", "0047")
    return world


def _employee(number: int, job: str = "VLT1", *, salaried: object = False, pay: object = None, **sites: object) -> Any:
    allocations = [{"siteId": site.removeprefix("s"), "percent": percent} for site, percent in sites.items()]
    return {
        "employeeId": f"P{number:04d}",
        "status": "active",
        "jobCode": job,
        "isSalaried": salaried,
        "annualBasePay": pay,
        "allocations": allocations or [{"siteId": "0046", "percent": "100"}],
    }


def _page(*rows: object, page: int = 1, total: int | None = None, more: bool = False) -> Reply:
    meta = {"page": page, "limit": 500, "total": len(rows) if total is None else total, "hasMore": more}
    return Reply({"data": list(rows), "meta": meta})


def _published(world: World) -> list[Any]:
    names = ("site_id", "job_code_id", "active_employee_count", "is_salaried", "allocated_annual_salary")
    return world.published(site_job_codes, *names)


def _staff(count: int, job: str = "VLT1") -> list[Any]:
    return [_employee(number, job) for number in range(count)]


def test_employees_are_added_up_by_site_and_job_code(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = _world(make_world, server)
    server.answer(
        EMPLOYEES_PATH,
        _page(_employee(1), _employee(2, "vlt1 "), total=4, more=True),
        _page(
            _employee(3, "MGR", salaried=True, pay="90000.10", s0046="60", s47="40"),
            _employee(4, "MGR", salaried=True, pay=50000, s0047=100),
            page=2,
            total=4,
        ),
    )

    outcome = world.run("workday_api")

    assert (outcome.end.state, outcome.end.rows_read, outcome.end.rows_accepted) == ("succeeded", 4, 3)
    assert _published(world) == [
        ("0046", "MGR", 1, True, Decimal("54000.0600")),
        ("0046", "VLT1", 2, False, None),
        ("0047", "MGR", 2, True, Decimal("86000.0400")),
    ]
    assert world.published(job_codes, "job_code_id", "job_family_id") == [("MGR", None), ("VLT1", "valet")]


def test_no_single_employee_is_stored(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = _world(make_world, server)
    server.answer(EMPLOYEES_PATH, _page(*_staff(39), _employee(39, "MGR", pay="81234"), _employee(40, "", pay="81234")))

    outcome = world.run("workday_api")

    assert world.rejects(outcome) == [("MISSING_FIELD", "jobCode")]
    kept = f"{world.published(sync_rejects, 'raw_row')}{world.published(sync_run_sources, 'parameters')}"
    assert "P00" not in kept
    assert "81234" not in kept
    assert "employee_id" not in stg_workday_api.c


def test_a_second_read_of_the_same_employees_changes_nothing(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = _world(make_world, server)
    page = _page(_employee(1), _employee(2, "MGR", salaried=True, pay="90000"))
    server.answer(EMPLOYEES_PATH, page, page)
    world.run("workday_api")
    versions = world.inputs_versions()

    assert world.run("workday_api").end.state == "unchanged"
    assert world.inputs_versions() == versions


def test_codes_that_are_listed_no_longer_lose_their_employees_and_their_salary(
    make_world: MakeWorld, server: ScriptedServer
) -> None:
    world = _world(make_world, server)
    manager = _employee(2, "MGR", salaried=True, pay="90000")
    server.answer(EMPLOYEES_PATH, _page(_employee(1), manager), _page(_employee(1)))
    world.run("workday_api")

    world.run("workday_api")

    assert _published(world) == [("0046", "MGR", 0, True, None), ("0046", "VLT1", 1, False, None)]
    assert world.inputs_versions() == {"0046:2025": 2, "0046:2026": 2}


def test_beside_the_warehouse_the_api_gives_the_flag_and_the_family_alone(
    make_world: MakeWorld, server: ScriptedServer
) -> None:
    world = _world(make_world, server, "edw")
    world.deliver(workday_wage_rate, {"EMPLOYEE_ID": "1", "LOCATION_SITE": "0046", "JobProfileCode": "MGR"})
    salary = {"EMPLOYEE_ID": "1", "COST_CENTER": "0046", "JOB_PROFILE": "MGR"}
    world.deliver(workday_site_salaries, salary | {"ALLOCATION_PER_COST_CENTER_AMOUNT": Decimal(45000)})
    world.run("wage_rates")
    world.run("salaries")
    stamp = {"created_at": NOON, "created_by": "t", "updated_at": NOON, "updated_by": "t", "version": 1}
    world.write(job_family_mappings, {"source_code": "MGR", "job_family_id": "valet", **stamp})
    server.answer(
        EMPLOYEES_PATH, _page(_employee(1, "MGR", salaried=True, pay="99"), _employee(2, "MGR", salaried=True))
    )

    outcome = world.run("workday_api")

    assert outcome.end.state == "succeeded"
    assert _published(world) == [("0046", "MGR", 1, True, Decimal("45000.0000"))]
    assert world.published(job_codes, "job_code_id", "job_family_id") == [("MGR", "valet")]
    assert world.inputs_versions() == {"0046:2025": 1, "0046:2026": 1}


@pytest.mark.parametrize(
    ("flags", "is_salaried"),
    [([True, True], True), ([True, None], True), ([True, False], False), ([False], False)],
)
def test_a_code_is_salaried_where_all_of_its_employees_are(
    make_world: MakeWorld, server: ScriptedServer, flags: list[object], is_salaried: bool
) -> None:
    world = _world(make_world, server)
    staff = [_employee(number, salaried=flag) for number, flag in enumerate(flags)]
    server.answer(EMPLOYEES_PATH, _page(*staff))

    world.run("workday_api")

    assert world.published(site_job_codes, "is_salaried") == [is_salaried]


def test_a_flag_of_which_the_api_says_nothing_stays(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = _world(make_world, server)
    page = _page(_employee(1, salaried=None))
    server.answer(EMPLOYEES_PATH, page, page)
    world.run("workday_api")
    assert world.published(site_job_codes, "is_salaried") == [False]
    world.execute(update(site_job_codes).values(is_salaried=True))

    world.run("workday_api")

    assert world.published(site_job_codes, "is_salaried") == [True]


def test_employees_of_unknown_sites_and_allocations_of_nothing_are_left_out(
    make_world: MakeWorld, server: ScriptedServer
) -> None:
    world = _world(make_world, server)
    server.answer(EMPLOYEES_PATH, _page(_employee(1, s0046="50", s9999="50", s0047="0")))

    outcome = world.run("workday_api")

    assert (outcome.end.rows_ignored, outcome.end.rows_rejected) == (1, 0)
    assert [row[:3] for row in _published(world)] == [("0046", "VLT1", 1)]


def test_an_employee_who_comes_twice_counts_once(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = _world(make_world, server)
    server.answer(EMPLOYEES_PATH, _page(*_staff(39), _employee(1, "GSA1")))

    outcome = world.run("workday_api")

    assert world.rejects(outcome) == [("DUPLICATE_KEY", "employeeId")]
    assert [row[:3] for row in _published(world)] == [("0046", "VLT1", 39)]
    assert "P0001" not in world.published(sync_rejects, "raw_row")[0]


def test_an_employee_who_is_not_active_is_not_counted(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = _world(make_world, server)
    server.answer(EMPLOYEES_PATH, _page(_employee(1), _employee(2, pay="1000") | {"status": "terminated"}))

    world.run("workday_api")

    assert _published(world) == [("0046", "VLT1", 1, False, None)]


@pytest.mark.parametrize(
    ("employee", "reject"),
    [
        (_employee(99, s0046="60"), ("ALLOCATION_SUM", "allocations")),
        (_employee(99, "x" * 101), ("VALUE_OUT_OF_RANGE", "jobCode")),
        (_employee(99, pay="much"), ("BAD_TYPE", "annualBasePay")),
        (_employee(99, "MGR", pay="7777777777"), ("VALUE_OUT_OF_RANGE", "allocated_annual_salary")),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_and_its_pay_is_hidden(
    make_world: MakeWorld, server: ScriptedServer, employee: object, reject: tuple[str, str]
) -> None:
    world = _world(make_world, server)
    server.answer(EMPLOYEES_PATH, _page(*_staff(39), employee))

    outcome = world.run("workday_api")

    assert outcome.end.state == "succeeded"
    assert world.rejects(outcome) == [reject]
    kept = world.published(sync_rejects, "raw_row")[0]
    assert "7777" not in kept
    assert "much" not in kept


def test_a_read_that_starts_again_counts_nobody_twice(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = _world(make_world, server)
    server.answer(
        EMPLOYEES_PATH,
        _page(*_staff(20), _employee(90, ""), total=22, more=True),
        _page(_employee(91), page=2, total=23),
        _page(*_staff(21)),
    )

    outcome = world.run("workday_api")

    assert (outcome.end.rows_read, outcome.end.rows_rejected) == (21, 0)
    assert world.rejects(outcome) == []
    assert [row[:3] for row in _published(world)] == [("0046", "VLT1", 21)]


def test_a_fault_above_the_limit_leaves_everything_as_it_was(make_world: MakeWorld, server: ScriptedServer) -> None:
    world = _world(make_world, server)
    server.answer(EMPLOYEES_PATH, _page(*_staff(10)), _page(*_staff(9), _employee(10, "")), _page(*_staff(4)))
    world.run("workday_api")
    before = _published(world)

    incomplete, half = world.run("workday_api"), world.run("workday_api")

    assert (incomplete.end.state, incomplete.end.error_code) == ("aborted", "COMPLETENESS_BELOW_THRESHOLD")
    assert (half.end.state, half.end.error_code) == ("aborted", "EMPTY_FEED")
    assert _published(world) == before


def test_without_an_address_the_api_is_not_read_beside_the_warehouse(make_world: MakeWorld) -> None:
    world = make_world()

    assert world.run_all("workday_api") == []
    assert [outcome.feed for outcome in world.run_all("wage_rates")] == ["wage_rates"]


def test_without_an_address_the_chosen_api_fails_and_says_what_is_missing(make_world: MakeWorld) -> None:
    world = make_world(workday_source="api")

    outcome = world.run("workday_api")

    assert outcome.end.state == "failed"
    assert "WORKDAY_" in (outcome.end.error_text or "")
