"""The feed of allocated salaries."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from shared_code.sources.warehouse.objects import METADATA, workday_site_salaries, workday_wage_rate
from shared_code.storage.tables.job_codes import site_job_codes
from shared_code.storage.tables.runs import sync_rejects
from shared_code.storage.tables.staging import stg_salaries
from tests.services.extraction.world import World

SALARIES = workday_site_salaries


def _salary(employee: str, site_id: str | None, dollars: Any, profile: str | None = "MGR") -> dict[str, Any]:
    return {
        "EMPLOYEE_ID": employee,
        "COST_CENTER": site_id,
        "JOB_PROFILE": profile,
        "TOTAL_BASEPAY_ANNUALIZED_AMOUNT": Decimal(90_000),
        "ALLOCATION_PER_COST_CENTER_AMOUNT": None if dollars is None else Decimal(dollars),
        "DISTRIBUTION_PERCENT": Decimal(50),
        "DW_LOAD_DATE": date(2025, 6, 9),
    }


def _published(world: World) -> list[Any]:
    return world.published(site_job_codes, "site_id", "job_code_id", "allocated_annual_salary")


def _flag_as_salaried(world: World, site_id: str) -> None:
    world.execute(update(site_job_codes).where(site_job_codes.c.site_id == site_id).values(is_salaried=True))


def test_allocations_are_added_by_site_and_job_code_without_the_percentage(world: World) -> None:
    world.know_sites("0046", "0047")
    world.deliver(
        SALARIES, _salary("E1", "0046", "45000.25"), _salary("E2", "46", "30000"), _salary("E1", "0047", "45000")
    )

    outcome = world.run("salaries")

    assert outcome.end.state == "succeeded"
    assert _published(world) == [("0046", "MGR", Decimal("75000.2500")), ("0047", "MGR", Decimal("45000.0000"))]
    assert world.published(site_job_codes, "is_salaried", "is_active", "active_employee_count") == [
        (False, True, 0),
        (False, True, 0),
    ]


def test_the_job_profile_comes_from_the_wage_rates_where_the_salaries_have_none(world: World) -> None:
    world.know_sites("0046")
    world.deliver(SALARIES, _salary("E1", "0046", "45000", None))
    world.deliver(workday_wage_rate, {"EMPLOYEE_ID": "E1", "LOCATION_SITE": "0046", "JobProfileCode": "GM1"})
    world.drop_column(METADATA.tables["edw.WORKDAY_SITE_SALARIES"].c.JOB_PROFILE)

    world.run("salaries")

    assert _published(world) == [("0046", "GM1", Decimal("45000.0000"))]


def test_a_second_run_over_the_same_salaries_changes_nothing(world: World) -> None:
    world.know_sites("0046")
    world.deliver(SALARIES, _salary("E1", "0046", "45000"))
    world.run("salaries")

    assert world.run("salaries").end.state == "unchanged"


def test_a_salary_that_is_listed_no_longer_is_forgotten_and_its_code_stays(world: World) -> None:
    world.know_sites("0046", "0047")
    world.deliver(SALARIES, _salary("E1", "0046", "45000"), _salary("E2", "0047", "30000"))
    world.run("salaries")
    world.withdraw(SALARIES, SALARIES.c.COST_CENTER == "0047")

    outcome = world.run("salaries")

    assert outcome.end.rows_updated == 1
    assert _published(world) == [("0046", "MGR", Decimal("45000.0000")), ("0047", "MGR", None)]


def test_the_salaried_flag_is_left_alone_and_without_it_no_pnl_is_concerned(world: World) -> None:
    world.know_sites("0046")
    world.deliver(SALARIES, _salary("E1", "0046", "45000"))

    world.run("salaries")

    assert world.published(site_job_codes, "is_salaried") == [False]
    assert [subject for _, subject, _ in world.events()] == ["JobCodeDiscovered"]
    assert world.inputs_versions() == {}


def test_another_salary_of_a_salaried_code_concerns_the_pnl_of_this_year_and_the_next(world: World) -> None:
    world.know_sites("0046", "0047")
    world.deliver(SALARIES, _salary("E1", "0046", "45000"), _salary("E2", "0047", "30000"))
    world.run("salaries")
    _flag_as_salaried(world, "0046")
    world.withdraw(SALARIES)
    world.deliver(SALARIES, _salary("E1", "0046", "48000"), _salary("E2", "0047", "31000"))

    world.run("salaries")

    assert world.published(site_job_codes, "site_id", "is_salaried") == [("0046", True), ("0047", False)]
    assert world.inputs_versions() == {"0046:2025": 1, "0046:2026": 1}
    assert [event for event in world.events() if event[1] == "ActualsLoaded"] == [
        ("forecasting-events", "ActualsLoaded", "0046"),
        ("forecasting-events", "ActualsLoaded", "0046"),
        ("forecasting.pl.refresh", "ActualsLoaded", "0046"),
        ("forecasting.pl.refresh", "ActualsLoaded", "0046"),
    ]


def test_a_salaried_code_that_loses_its_salary_concerns_the_pnl(world: World) -> None:
    world.know_sites("0046", "0047")
    world.deliver(SALARIES, _salary("E1", "0046", "45000"), _salary("E2", "0047", "30000"))
    world.run("salaries")
    _flag_as_salaried(world, "0047")
    world.withdraw(SALARIES, SALARIES.c.COST_CENTER == "0047")

    world.run("salaries")

    assert world.inputs_versions() == {"0047:2025": 1, "0047:2026": 1}


def test_salaries_of_unknown_sites_are_left_out(world: World) -> None:
    world.know_sites("0046")
    world.deliver(SALARIES, _salary("E1", "0046", "45000"), _salary("E2", "9999", "30000"))

    outcome = world.run("salaries")

    assert outcome.end.rows_ignored == 1
    assert _published(world) == [("0046", "MGR", Decimal("45000.0000"))]


@pytest.mark.parametrize(
    ("row", "reject"),
    [
        (_salary("E0", None, "77777"), ("MISSING_FIELD", "site")),
        (_salary("E0", "0046", "77777", " "), ("MISSING_FIELD", "job_profile")),
        (_salary("E0", "0046", None, "VP"), ("MISSING_FIELD", "allocated_annual_salary")),
        (_salary("E0", "4-6", "77777"), ("INVALID_SITE", "site")),
        (_salary("E0", "0046", "-77777", "VP"), ("VALUE_OUT_OF_RANGE", "allocated_annual_salary")),
        (_salary("E0", "0046", "7777777777", "VP"), ("VALUE_OUT_OF_RANGE", "allocated_annual_salary")),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_and_its_salary_is_hidden(
    world: World, row: dict[str, Any], reject: tuple[str, str]
) -> None:
    world.know_sites("0046")
    world.deliver(SALARIES, row, *[_salary(f"E{number}", "0046", "100", f"P{number}") for number in range(1, 40)])

    outcome = world.run("salaries")

    assert outcome.end.state == "succeeded"
    assert world.rejects(outcome) == [reject]
    (kept,) = world.published(sync_rejects, "raw_row")
    assert "7777" not in kept
    assert "E0" not in kept


def test_a_fault_above_the_limit_leaves_the_salaries_as_they_were(world: World) -> None:
    world.know_sites("0046")
    world.deliver(SALARIES, *[_salary(f"E{number}", "0046", "100", f"P{number}") for number in range(10)])
    world.run("salaries")
    world.deliver(SALARIES, _salary("E99", "0046", "-1", "P99"))

    outcome = world.run("salaries")

    assert (outcome.end.state, outcome.end.error_code) == ("aborted", "REJECT_RATIO_EXCEEDED")
    assert len(_published(world)) == 10
    assert len(world.published(stg_salaries, "row_no")) == 20
