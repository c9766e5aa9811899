"""E09 to E12: paid hours, rate base, shifts, schedule cost."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared_code.sources.warehouse.catalogue import QUERIES
from shared_code.sources.warehouse.objects import payroll_summary, schedule_cost_entity, shift_entity
from shared_code.sources.warehouse.window import Window
from tests.sources.warehouse.sample_rows import assert_sums_add_up, flaws, named, read, reader_on

APRIL = Window.of_days(date(2025, 4, 1), date(2025, 5, 1))
SHIFT = (
    "LOCATION_EXTERNAL_ID WORK_ROLE YEAR DAY_OF_THE_YEAR "
    "REGULAR_MINUTES OVERTIME_MINUTES DOUBLE_OVERTIME_MINUTES DELETED"
)
DAY = date(2025, 4, 10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.db"


def test_paid_hours_are_grouped_by_site_day_and_title_whatever_their_case_and_padding(path: Path) -> None:
    reader = reader_on(
        path,
        {
            payroll_summary: [
                ("0046", "Valet", DAY, "Regular", 8.0, 100.0),
                ("0046  ", "VALET ", DAY, "OT", 2.5, 45.5),
                ("0046", "valet", DAY, "Regular", -1.0, -12.0),
                ("0046", "Valet", date(2025, 4, 9), "Regular", 1.0, 10.0),
                ("0012", "Cashier", DAY, "Regular", 4.0, 40.0),
            ]
        },
    )
    assert read(reader, QUERIES["paid_hours"], APRIL) == [
        ("0012", DAY, "CASHIER", *map(Decimal, (4, 40, 4, 40, 0)), 1),
        ("0046", date(2025, 4, 9), "VALET", *map(Decimal, (1, 10, 1, 10, 0)), 1),
        ("0046", DAY, "VALET", *map(Decimal, ("9.5", "133.5", "9.5", "133.5", "2.5")), 3),
    ]
    assert_sums_add_up(reader, QUERIES["paid_hours"], APRIL)


def test_premium_pay_counts_in_dollars_and_not_in_regular_hours(path: Path) -> None:
    reader = reader_on(
        path,
        {
            payroll_summary: [
                ("0046", "VALET", DAY, "Regular", 8.0, 100.0),
                ("0046", "VALET", DAY, "differential ", 8.0, 9.0),
                ("0046", "VALET", DAY, "Meal Premium", 1.0, 5.0),
                ("0046", "VALET", DAY, "ot", 2.0, 30.0),
                ("0046", "VALET", DAY, None, 0.5, 4.0),
            ]
        },
    )
    query = QUERIES["paid_hours"]
    (row,) = read(reader, query, APRIL)
    assert named(query, row) == {
        "site": "0046",
        "work_date": DAY,
        "job_title": "VALET",
        "hours_all": Decimal("19.5"),
        "dollars_all": Decimal(148),
        "hours_ex_premium": Decimal("10.5"),
        "dollars_ex_premium": Decimal(134),
        "overtime_hours": Decimal(2),
        "row_count": 5,
    }
    assert str(row[3]) == "19.5000"


def test_the_day_after_the_window_is_outside_it_and_the_first_day_inside(path: Path) -> None:
    days = [date(2025, 3, 31), date(2025, 4, 1), date(2025, 4, 30), date(2025, 5, 1)]
    reader = reader_on(path, {payroll_summary: [("0046", "VALET", day, "Regular", 1.0, 1.0) for day in days]})
    assert [row[1] for row in read(reader, QUERIES["paid_hours"], APRIL)] == [date(2025, 4, 1), date(2025, 4, 30)]


def test_rows_without_location_title_or_any_measure_are_incomplete(path: Path) -> None:
    reader = reader_on(
        path,
        {
            payroll_summary: [
                ("0046", "VALET", DAY, "Regular", 8.0, 100.0),
                ("0046", "VALET", DAY, "Bonus", None, 50.0),
                ("0046", "VALET", DAY, "Regular", None, None),
                ("", "VALET", DAY, "Regular", 1.0, 11.0),
                ("0046", "   ", DAY, "Regular", 2.0, 22.0),
                (None, None, DAY, "DIFFERENTIAL", 3.0, 33.0),
            ]
        },
    )
    totals = assert_sums_add_up(reader, QUERIES["paid_hours"], APRIL)
    assert (totals.rows, totals.complete_rows) == (6, 2)
    assert totals.incomplete_sums["dollars_all"] == Decimal(66)
    assert totals.incomplete_sums["hours_ex_premium"] == Decimal(3)
    found = sorted(flaws(reader, QUERIES["paid_hours"], APRIL))
    assert [field for field, _ in found] == ["hours_all", "job_title", "site", "site"]
    (row,) = read(reader, QUERIES["paid_hours"], APRIL)
    assert (row[3], row[4]) == (Decimal(8), Decimal(150))


def test_the_rate_base_takes_all_dollars_and_the_hours_that_are_no_premium(path: Path) -> None:
    reader = reader_on(
        path,
        {
            payroll_summary: [
                ("0046", "VALET", date(2025, 4, 2), "Regular", 30.0, 500.0),
                ("0046", "VALET", date(2025, 4, 15), "OT", 4.84, 120.33),
                ("0046", "VALET", date(2025, 4, 3), "DIFFERENTIAL", 30.0, 10.0),
                ("0046", "VALET", date(2025, 4, 16), "Regular", 99.0, 999.0),
                ("0046", "VALET", date(2025, 4, 1), "Regular", 99.0, 999.0),
            ]
        },
    )
    as_of = date(2025, 4, 15)
    window = Window.of_days(date(2025, 4, 2), date(2025, 4, 16))
    assert read(reader, QUERIES["job_code_rates"], window) == [
        ("0046", "VALET", Decimal("630.33000"), Decimal("34.84000"), as_of, 3)
    ]
    assert_sums_add_up(reader, QUERIES["job_code_rates"], window)


def test_a_premium_row_alone_has_dollars_and_no_rate_hours(path: Path) -> None:
    reader = reader_on(path, {payroll_summary: [("0046", "VALET", DAY, "DIFFERENTIAL", 8.0, 9.0)]})
    assert read(reader, QUERIES["job_code_rates"], APRIL)[0][2:4] == (Decimal(9), Decimal(0))


def test_shift_minutes_stay_whole_and_deleted_shifts_are_left_out(path: Path) -> None:
    reader = reader_on(
        path,
        {
            shift_entity: [
                ("0046", "Valet", 2025, 100, 480, 60, 0, "No"),
                ("0046", "VALET", 2025, 100, 240, None, 15, "no "),
                ("0046", "Valet", 2025, 100, 999, 0, 0, "Yes"),
                ("0046", "Valet", 2025, 90, 480, 0, 0, "No"),
            ]
        },
        SHIFT,
    )
    assert read(reader, QUERIES["shifts"], APRIL) == [("0046", DAY, "VALET", 720, 60, 15, 2)]
    assert_sums_add_up(reader, QUERIES["shifts"], APRIL)


def test_a_shift_that_is_neither_deleted_nor_not_is_incomplete(path: Path) -> None:
    reader = reader_on(
        path,
        {
            shift_entity: [
                ("0046", "Valet", 2025, 100, 480, 0, 0, "No"),
                ("0046", "Valet", 2025, 100, 480, 0, 0, "?"),
                ("0046", "Valet", 2025, 100, 480, 0, 0, None),
                ("0046", "Valet", 2025, 100, None, None, None, "No"),
            ]
        },
        SHIFT,
    )
    assert sorted(flaws(reader, QUERIES["shifts"], APRIL), key=str) == [
        ("deleted", "?"),
        ("deleted", None),
        ("regular_minutes", "No"),
    ]
    totals = assert_sums_add_up(reader, QUERIES["shifts"], APRIL)
    assert (totals.rows, totals.complete_rows) == (4, 1)


def test_a_window_over_new_year_is_read_in_one_order(path: Path) -> None:
    reader = reader_on(
        path,
        {
            shift_entity: [
                (site, role, year, day, 60, 0, 0, "No")
                for site in ("0046", "0012")
                for year, day, role in (
                    (2024, 366, "Valet"),
                    (2025, 1, "VALET"),
                    (2024, 361, "Valet"),
                    (2025, 3, "Valet"),
                )
            ]
        },
        SHIFT,
    )
    window = Window.of_days(date(2024, 12, 30), date(2025, 1, 3))
    assert [row[:3] for row in read(reader, QUERIES["shifts"], window)] == [
        ("0012", date(2024, 12, 31), "VALET"),
        ("0012", date(2025, 1, 1), "VALET"),
        ("0046", date(2024, 12, 31), "VALET"),
        ("0046", date(2025, 1, 1), "VALET"),
    ]


def test_a_role_in_two_spellings_over_new_year_is_one_group(path: Path) -> None:
    rows = [("0046", role, 2025, 1, 60, 0, 0, "No") for role in ("valet", "VALET", "Valet ")]
    reader = reader_on(path, {shift_entity: rows}, SHIFT)
    window = Window.of_days(date(2024, 12, 30), date(2025, 1, 3))
    assert read(reader, QUERIES["shifts"], window) == [("0046", date(2025, 1, 1), "VALET", 180, 0, 0, 3)]


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("120.50", "120.50"),
        (" 7 ", "7.00"),
        ("-3.335", "-3.34"),
        ("12.345", "12.35"),
        (".5", "0.50"),
        ("+5.", "5.00"),
        ("9999999999999999.99", "9999999999999999.99"),
    ],
)
def test_a_cost_in_text_becomes_an_exact_amount(path: Path, text: str, cost: str) -> None:
    columns = "LOCATION_EXTERNAL_ID WORK_ROLE YEAR DAY_OF_THE_YEAR SCHEDULE_COST"
    reader = reader_on(path, {schedule_cost_entity: [("0046", "Valet", 2025, 100, text)]}, columns)
    (row,) = read(reader, QUERIES["schedule_cost"], APRIL)
    assert str(row[3]) == cost


@pytest.mark.parametrize("text", ["", "n/a", "1,200.00", "$5", "1e3", "12.3.4", "--1", "NaN", "99999999999999999.00"])
def test_a_cost_that_does_not_convert_is_incomplete_and_kept_as_it_was_written(path: Path, text: str) -> None:
    columns = "LOCATION_EXTERNAL_ID WORK_ROLE YEAR DAY_OF_THE_YEAR SCHEDULE_COST"
    rows = [("0046", "Valet", 2025, 100, text), ("0046", "Valet", 2025, 100, "10.00")]
    reader = reader_on(path, {schedule_cost_entity: rows}, columns)
    assert read(reader, QUERIES["schedule_cost"], APRIL) == [("0046", DAY, "VALET", Decimal("10.00"))]
    assert flaws(reader, QUERIES["schedule_cost"], APRIL) == [("cost", text or None)]
    assert_sums_add_up(reader, QUERIES["schedule_cost"], APRIL)
