"""The feeds of planned shifts and of what they cost, which fill one fact together."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Table

from shared_code.sources.warehouse.objects import schedule_cost_entity, shift_entity
from shared_code.storage.tables.facts import schedule_payroll_days
from shared_code.storage.tables.job_codes import job_codes, site_job_codes
from shared_code.storage.tables.runs import sync_rejects
from tests.services.extraction.world import TUESDAY, Row, World

COSTS = schedule_cost_entity
THURSDAY = date(2025, 6, 12)
FEEDS = ("shifts", "schedule_cost")


def _where(site: str, role: str, day: date) -> Row:
    return {
        "LOCATION_EXTERNAL_ID": site,
        "WORK_ROLE": role,
        "YEAR": day.year,
        "DAY_OF_THE_YEAR": day.timetuple().tm_yday,
    }


def _shift(
    *minutes: int | None, site: str = "0001", role: str = "VALET", day: date = THURSDAY, deleted: str | None = "No"
) -> Row:
    regular, overtime, double = (*minutes, 0, 0)[:3] if minutes else (480, 0, 0)
    row = {"REGULAR_MINUTES": regular, "OVERTIME_MINUTES": overtime, "DOUBLE_OVERTIME_MINUTES": double}
    return _where(site, role, day) | row | {"DELETED": deleted}


def _cost(cost: str | None = "100", *, site: str = "0001", role: str = "VALET", day: date = THURSDAY) -> Row:
    return _where(site, role, day) | {"SCHEDULE_COST": cost}


def _planned(world: World) -> list[Any]:
    names = ("site_id", "work_date", "job_code_id", "regular_minutes", "overtime_minutes", "double_overtime_minutes")
    return world.published(schedule_payroll_days, *names, "source_cost")


def _brief(world: World) -> list[Any]:
    return world.published(schedule_payroll_days, "job_code_id", "regular_minutes", "source_cost")


def _days(world: World) -> list[Any]:
    return world.published(schedule_payroll_days, "work_date")


def _deliver_days(world: World, days: Sequence[date]) -> None:
    world.deliver(shift_entity, *[_shift(day=day) for day in days])
    world.deliver(COSTS, *[_cost(day=day) for day in days])


def test_minutes_of_a_day_and_role_are_added_by_kind_and_deleted_shifts_left_out(company: World) -> None:
    company.deliver(
        shift_entity,
        _shift(480, 60, 30),
        _shift(240, None, None, deleted="no"),
        _shift(999, 999, 999, deleted="Yes"),
        _shift(999, 999, 999, deleted="YES"),
    )

    outcome = company.run("shifts")

    assert (outcome.end.state, outcome.end.rows_read, outcome.end.rows_inserted) == ("succeeded", 2, 1)
    assert _planned(company) == [("0001", THURSDAY, "VALET", 720, 60, 30, None)]


def test_costs_without_shifts_stand_beside_no_minutes(company: World) -> None:
    company.deliver(COSTS, _cost("100.25"), _cost(" 20 "), _cost("-0.255"))

    company.run("schedule_cost")

    ((*_, cost),) = _planned(company)
    assert str(cost) == "119.99"
    assert _planned(company)[0][3:6] == (0, 0, 0)


@pytest.mark.parametrize("order", list(permutations(FEEDS)))
def test_both_feeds_come_to_the_same_facts_in_either_order(company: World, order: tuple[str, str]) -> None:
    company.deliver(shift_entity, _shift(480), _shift(60, role="DOOR"), _shift(0, role="EMPTY"))
    company.deliver(COSTS, _cost("100"), _cost("7", role="GSA1"), _cost("0", role="FREE"))

    for feed in order:
        company.run(feed)

    assert _brief(company) == [("DOOR", 60, None), ("FREE", 0, 0), ("GSA1", 0, 7), ("VALET", 480, 100)]


@pytest.mark.parametrize("order", list(permutations(FEEDS)))
def test_what_one_feed_loses_leaves_what_the_other_has_published(company: World, order: tuple[str, str]) -> None:
    roles = ("VALET", "DOOR", "GSA1", "GSA2")
    company.deliver(shift_entity, *[_shift(480, role=role) for role in roles])
    company.deliver(COSTS, *[_cost("100", role=role) for role in roles])
    for feed in order:
        company.run(feed)
    company.withdraw(shift_entity, shift_entity.c.WORK_ROLE.in_(["DOOR", "GSA2"]))
    company.withdraw(COSTS, COSTS.c.WORK_ROLE.in_(["GSA1", "GSA2"]))

    outcomes = [company.run(feed) for feed in order]

    assert _brief(company) == [("DOOR", 0, 100), ("GSA1", 480, None), ("VALET", 480, 100)]
    assert [(outcome.end.rows_updated, outcome.end.rows_deleted) for outcome in outcomes] == [(2, 0), (1, 1)]


@pytest.mark.parametrize("feed", FEEDS)
def test_a_second_run_over_the_same_rows_changes_nothing(company: World, feed: str) -> None:
    _deliver_days(company, [THURSDAY, THURSDAY, TUESDAY])
    for name in FEEDS:
        company.run(name)
    before = company.published(schedule_payroll_days, "work_date", "sync_run_id")

    outcome = company.run(feed)

    assert outcome.end.state == "unchanged"
    assert company.published(schedule_payroll_days, "work_date", "sync_run_id") == before


def test_only_what_differs_is_written_and_nobody_is_told(company: World) -> None:
    _deliver_days(company, [THURSDAY, TUESDAY])
    company.run("shifts")
    costs = company.run("schedule_cost")
    told = company.events()
    company.deliver(shift_entity, _shift(60))

    outcome = company.run("shifts")

    assert (outcome.end.rows_inserted, outcome.end.rows_updated, outcome.end.rows_deleted) == (0, 1, 0)
    assert company.published(schedule_payroll_days, "work_date", "regular_minutes", "sync_run_id") == [
        (TUESDAY, 480, costs.sync_run_id),
        (THURSDAY, 540, outcome.sync_run_id),
    ]
    assert (company.events(), company.inputs_versions()) == (told, {})


def test_spellings_of_a_site_and_a_role_add_up_to_one_fact(world: World) -> None:
    world.know_sites("0001", "TP01")
    spellings = [("0001", "VALET RUNNER"), ("1", "valet runner"), (" 1 ", " Valet  Runner "), ("tp01", "Valet Runner")]
    world.deliver(shift_entity, *[_shift(60, 6, 1, site=site, role=role) for site, role in spellings])
    world.deliver(COSTS, *[_cost("10.10", site=site, role=role) for site, role in spellings])

    for feed in FEEDS:
        world.run(feed)

    assert [(row[0], row[2], row[3:6], str(row[6])) for row in _planned(world)] == [
        ("0001", "VALET RUNNER", (180, 18, 3), "30.30"),
        ("TP01", "VALET RUNNER", (60, 6, 1), "10.10"),
    ]


@pytest.mark.parametrize("feed", FEEDS)
def test_a_role_never_seen_becomes_a_job_code_at_the_site_without_a_day(company: World, feed: str) -> None:
    company.deliver(shift_entity, _shift(role="gsa1"), _shift(role="A/B"), _shift(role="A*B"))
    company.deliver(COSTS, _cost(role="gsa1"), _cost(role="A/B"), _cost(role="A*B"))

    company.run(feed)

    assert company.published(job_codes, "job_code_id", "job_family_id") == [
        ("A_B", None),
        ("A_B_2", None),
        ("GSA1", "ground_support_agent"),
    ]
    assert company.published(site_job_codes, "job_code_id", "last_seen_on") == [
        ("A_B", None),
        ("A_B_2", None),
        ("GSA1", None),
    ]


@pytest.mark.parametrize("feed", FEEDS)
def test_the_window_runs_from_a_week_back_to_three_weeks_ahead(company: World, feed: str) -> None:
    around = [TUESDAY + timedelta(days=days) for days in (-8, -7, 21, 22)]
    _deliver_days(company, around)

    outcome = company.run(feed)

    assert (outcome.slice, outcome.end.rows_read) == ("schedule", 2)
    assert _days(company) == around[1:3]


@pytest.mark.parametrize("feed", FEEDS)
def test_a_window_over_new_year_is_read_on_both_sides(company: World, feed: str) -> None:
    days = [date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 2), date(2023, 12, 31)]
    _deliver_days(company, days)

    company.run(feed, date(2025, 1, 3))

    assert _days(company) == days[:3]


@pytest.mark.parametrize("feed", FEEDS)
def test_a_stretch_reads_its_own_days_and_leaves_the_others(company: World, feed: str) -> None:
    _deliver_days(company, [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), THURSDAY])
    company.run(feed)

    (outcome,) = company.run_all(feed, stretch=(date(2024, 2, 29), date(2024, 2, 29)))

    assert outcome.slice == "2024-02-29..2024-02-29"
    assert _days(company) == [date(2024, 2, 29), THURSDAY]


@pytest.mark.parametrize("feed", FEEDS)
def test_rows_of_unknown_sites_are_counted_and_left_out(company: World, feed: str) -> None:
    company.deliver(shift_entity, _shift(), _shift(site="9999", role="STRANGER"))
    company.deliver(COSTS, _cost(), _cost(site="9999", role="STRANGER"))

    outcome = company.run(feed)

    assert (outcome.end.state, outcome.end.rows_ignored, outcome.end.rows_rejected) == ("succeeded", 1, 0)
    assert company.published(job_codes, "job_code_id") == ["VALET"]


IMPLAUSIBLE = "1000000000"
KEY = "0001 2025-06-12 GSA1"


@pytest.mark.parametrize(
    ("feed", "table", "row", "reject", "key"),
    [
        ("shifts", shift_entity, _shift(site="0-1"), ("INVALID_SITE", "site"), None),
        ("shifts", shift_entity, _shift(site=" "), ("MISSING_FIELD", "site"), None),
        ("shifts", shift_entity, _shift(role=" "), ("MISSING_FIELD", "work_role"), None),
        ("shifts", shift_entity, _shift(deleted="Maybe"), ("MISSING_FIELD", "deleted"), None),
        ("shifts", shift_entity, _shift(deleted=None), ("MISSING_FIELD", "deleted"), None),
        (
            "shifts",
            shift_entity,
            _shift(0, int(IMPLAUSIBLE), role="gsa1"),
            ("VALUE_OUT_OF_RANGE", "overtime_minutes"),
            KEY,
        ),
        ("schedule_cost", COSTS, _cost(site="0-1"), ("INVALID_SITE", "site"), None),
        ("schedule_cost", COSTS, _cost("a lot"), ("MISSING_FIELD", "cost"), None),
        ("schedule_cost", COSTS, _cost(None), ("MISSING_FIELD", "cost"), None),
        ("schedule_cost", COSTS, _cost("-" + IMPLAUSIBLE, role="gsa1"), ("VALUE_OUT_OF_RANGE", "cost"), KEY),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(
    company: World, feed: str, table: Table, row: Row, reject: tuple[str, str], key: str | None
) -> None:
    good = _shift if feed == "shifts" else _cost
    company.deliver(table, *[good() for _ in range(40)], row)

    outcome = company.run(feed)

    assert outcome.end.state == "succeeded"
    assert company.rejects(outcome) == [reject]
    assert company.published(sync_rejects, "business_key") == [key]
    assert company.published(job_codes, "job_code_id") == ["VALET"]
