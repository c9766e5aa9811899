"""E01 and E13 to E17: sites, salaries, jobs, scopes, ledger accounts, unit accounts."""

import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.sources.warehouse.catalogue import QUERIES
from shared_code.sources.warehouse.objects import (
    gl00100,
    gl_accounts,
    gp_stats,
    master_non_financial,
    workday_rls_bisecurity,
    workday_site_managers,
    workday_site_salaries,
    workday_wage_rate,
)
from shared_code.sources.warehouse.user_scopes import UserScope, scope_of
from shared_code.sources.warehouse.window import Window
from tests.sources.warehouse.sample_rows import assert_sums_add_up, flaws, named, read, reader_on

EVERYTHING = Window()
SITE = "SITE SITE_NAME DISTRICT TOTAL_ROOMS_AVAILABLE TOTAL_AVAILABLE_PARKING FIRST_WORKED_DATE"
SALARY = "EMPLOYEE_ID COST_CENTER JOB_PROFILE ALLOCATION_PER_COST_CENTER_AMOUNT DISTRIBUTION_PERCENT DW_LOAD_DATE"
LOADED = date(2025, 4, 10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.db"


def test_a_site_has_its_texts_as_written_and_its_totals_as_numbers(path: Path) -> None:
    row = ("0046", "Grand Hotel  ", "North East", " 250 ", "120.0", date(2020, 1, 2))
    reader = reader_on(path, {master_non_financial: [row]}, SITE)
    (site,) = read(reader, QUERIES["sites"], EVERYTHING)
    assert named(QUERIES["sites"], site) == {
        "site": "0046",
        "site_name": "Grand Hotel",
        "district": "North East",
        "total_rooms": 250,
        "total_parking_spaces": 120,
        "first_worked_date": date(2020, 1, 2),
    }


@pytest.mark.parametrize("text", ["NULL", "n/a", " N/A ", "", "  ", None, "about 200", "-5", "12.5", "NaN"])
def test_a_total_that_is_no_number_is_no_total(path: Path, text: str | None) -> None:
    reader = reader_on(path, {master_non_financial: [("0046", "Grand", "X", text, text, None)]}, SITE)
    (site,) = read(reader, QUERIES["sites"], EVERYTHING)
    assert "total_rooms" not in named(QUERIES["sites"], site)


@pytest.mark.parametrize("name", ["NULL", " n/a", "", None])
def test_a_site_without_a_name_is_incomplete(path: Path, name: str | None) -> None:
    reader = reader_on(path, {master_non_financial: [("0046", name, "NULL", "1", "1", None)]}, SITE)
    assert flaws(reader, QUERIES["sites"], EVERYTHING) == [("site_name", None)]
    (site,) = read(reader, QUERIES["sites"], EVERYTHING)
    assert "district" not in named(QUERIES["sites"], site)
    totals = reader.read_control(QUERIES["sites"], EVERYTHING)
    assert totals is not None
    assert (totals.rows, totals.complete_rows) == (1, 0)


def test_the_lowest_manager_wins_and_sites_meet_in_any_spelling(path: Path) -> None:
    reader = reader_on(path, {master_non_financial: [("0046", "Grand"), ("0012", "Small")]}, "SITE SITE_NAME")
    reader = add_managers(path, [("46        ", "200"), ("0046", "100"), (" 046", ""), ("0099", "5")])
    sites = {row[0]: named(QUERIES["sites"], row) for row in read(reader, QUERIES["sites"], EVERYTHING)}
    assert sites["0046"]["manager_employee_id"] == "100"
    assert "manager_employee_id" not in sites["0012"]


def add_managers(path: Path, managers: list[tuple[str, str]]):  # type: ignore[no-untyped-def]
    return reader_on(path, {workday_site_managers: managers})


def test_allocated_salaries_are_summed_and_employees_counted_once(path: Path) -> None:
    reader = reader_on(
        path,
        {
            workday_site_salaries: [
                ("E1", "0046", "ACCTMGR", 30000.0, 50.0, date(2025, 4, 9)),
                ("E1", "0046", "acctmgr", 1000.5, 10.0, LOADED),
                ("e1", "0046", "ACCTMGR", 1.0, 10.0, LOADED),
                ("E2", "0046", "ACCTMGR", 20000.0, 100.0, LOADED),
                ("E2", "0012", "DOO", 5.0, 100.0, LOADED),
            ]
        },
        SALARY,
    )
    assert read(reader, QUERIES["salaries"], EVERYTHING) == [
        ("0012", "DOO", Decimal("5.0000"), 1, LOADED),
        ("0046", "ACCTMGR", Decimal("51001.5000"), 2, LOADED),
    ]
    assert_sums_add_up(reader, QUERIES["salaries"], EVERYTHING)


def test_an_incomplete_salary_row_does_not_show_the_employee(path: Path) -> None:
    reader = reader_on(path, {workday_site_salaries: [("E1", "0046", None, 5.0, 1.0, LOADED)]}, SALARY)
    (batch,) = reader.incomplete_batches(QUERIES["salaries"], EVERYTHING)
    assert batch == [("0046", None, Decimal("5.0000"), 1, LOADED, "job_profile", None)]


def test_where_salaries_have_no_job_profile_it_comes_from_the_wage_rates(path: Path) -> None:
    reader = reader_on(path, {workday_site_salaries: [("E1", "0046", "X", 30000.0, 50.0, LOADED)]}, SALARY)
    wages = [("e1 ", "0046", "0046", "Manager", "ACCTMGR"), ("E1", "0012", "0012", "Director", "DOO")]
    reader_on(path, {workday_wage_rate: wages})
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE WORKDAY_SITE_SALARIES DROP COLUMN JOB_PROFILE")
    connection.close()
    query = reader.check_schema(QUERIES["salaries"])
    assert query is not QUERIES["salaries"]
    assert read(reader, query, EVERYTHING) == [("0046", "ACCTMGR", Decimal("30000.0000"), 1, LOADED)]


def test_active_employees_are_counted_once_a_site_and_profile(path: Path) -> None:
    reader = reader_on(
        path,
        {
            workday_wage_rate: [
                ("E1", "0046", "0046", "Guest Service Agent", "GSA1"),
                ("E1", "0046", "0046", "Agent", "gsa1"),
                ("E2", "0046", "0046", "Guest Service Agent", "GSA1"),
                ("E2", "0046", "0046", "Valet", "VLT1"),
                ("E3", " ", "0046", "Valet", "VLT1"),
            ]
        },
    )
    assert read(reader, QUERIES["wage_rates"], EVERYTHING) == [
        ("0046", "GSA1", "Agent", 2),
        ("0046", "VLT1", "Valet", 1),
    ]
    assert flaws(reader, QUERIES["wage_rates"], EVERYTHING) == [("site", None)]


def test_user_scopes_keep_the_case_of_the_user_and_not_of_the_keys(path: Path) -> None:
    rows = [
        ("Jo@Example.com ", "E1", "distmgr", "0046", "0012 ", "North"),
        ("x@example.com", "E2", "VALET", "1", "", ""),
    ]
    reader = reader_on(path, {workday_rls_bisecurity: rows})
    assert read(reader, QUERIES["user_scopes"], EVERYTHING) == [
        ("Jo@Example.com", "E1", "DISTMGR", "0046", "0012", "North"),
        ("x@example.com", "E2", "VALET", "1", None, None),
    ]


@pytest.mark.parametrize(
    ("profile", "scope"),
    [
        ("DISTMGR", UserScope("district_manager", "0012")),
        ("SRDISTMGR", UserScope("district_manager", "0012")),
        ("ACCTMGR", UserScope("account_manager", "0046")),
        ("TRANSMGR", UserScope("account_manager", "0046")),
        ("VALET", None),
        (None, None),
    ],
)
def test_the_job_profile_decides_role_and_scope(profile: str | None, scope: UserScope | None) -> None:
    assert scope_of(profile, cost_center="0046", site="0012") == scope


def test_ledger_accounts_come_from_the_view_and_from_the_mirror(path: Path) -> None:
    reader = reader_on(
        path,
        {
            gl_accounts: [
                ("01-0046-7045", " Active ", "Towne"),
                ("07-0046-7045", "inactive", "ENC"),
                ("01-0099-7045", None, "Towne"),
            ],
            gl00100: [("01 ", "0046 ", "7045", "", None, 1), ("01", "", "7099", " ", "9 ", 0)],
        },
    )
    assert read(reader, QUERIES["gl_accounts"], EVERYTHING) == [
        ("ENC", "07-0046-7045", False, "view"),
        ("Towne", "01-0046-7045", True, "mirror"),
        ("Towne", "01-0046-7045", True, "view"),
        ("Towne", "01-0099-7045", False, "view"),
        ("Towne", "01-7099-9", False, "mirror"),
    ]
    wanted = Window.of_accounts(["01-0046-7045", "no-such"])
    assert [row[3] for row in read(reader, QUERIES["gl_accounts"], wanted)] == ["mirror", "view"]


def test_unit_accounts_are_the_rows_of_the_month_with_whatever_they_lack(path: Path) -> None:
    rows = [
        (date(2025, 4, 30), "0046", "9410", "Valet", "Rev", "01-0046-9410", 12.5, "Revenue", "Active"),
        (date(2025, 4, 1), "0046", None, "Valet", "Rev", " ", None, None, None),
        (date(2025, 5, 1), "0046", "9410", "Valet", "Rev", "01", 1.0, "Revenue", "Active"),
    ]
    reader = reader_on(path, {gp_stats: rows})
    window = Window.of_days(date(2025, 4, 1), date(2025, 5, 1))
    assert read(reader, QUERIES["unit_accounts"], window) == [
        ("0046", None, "Valet", "Rev", None, None, None, None),
        ("0046", "9410", "Valet", "Rev", "01-0046-9410", Decimal("12.5000"), "Revenue", "ACTIVE"),
    ]
    assert reader.read_control(QUERIES["unit_accounts"], window) is None
