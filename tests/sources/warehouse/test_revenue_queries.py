"""E07 and E08: daily statistics and revenue, actual parking rates."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shared_code.sources.warehouse.catalogue import QUERIES, UNKNOWN_REVENUE_CODES
from shared_code.sources.warehouse.objects import (
    revenue_daily_detail,
    revenue_daily_detail_invoice,
    revenue_datamart_daily,
)
from shared_code.sources.warehouse.window import Window
from tests.sources.warehouse.sample_rows import Rows, assert_sums_add_up, flaws, named, read, reader_on

QUERY = QUERIES["daily_revenue"]
CODES = {
    "VD1": "valet_daily",
    "SO2": "self_overnight",
    "VALET DAILY": "valet_daily",
    "Self Overnight": "self_overnight",
}
DAY = date(2025, 4, 10)
WINDOW = Window.of_days(date(2025, 4, 1), date(2025, 5, 1), revenue_codes=CODES)
LOADED = datetime(2025, 4, 11, 6, 30)  # noqa: DTZ001 - the warehouse's own wall clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.db"


def days_of(path: Path, daily: Rows, datamart: Rows = (), window: Window = WINDOW) -> list[dict[str, Any]]:
    reader = reader_on(path, {revenue_daily_detail: daily, revenue_datamart_daily: datamart})
    assert_sums_add_up(reader, QUERY, window)
    return [named(QUERY, row) for row in read(reader, QUERY, window)]


def test_a_category_without_rows_is_null_and_one_with_zeros_is_zero(path: Path) -> None:
    assert days_of(path, [("0046", DAY, "x", "VD1", 0.0, 0.0)]) == [
        {
            "site": "0046",
            "stat_date": DAY,
            "valet_daily": Decimal(0),
            "valet_daily_revenue": Decimal(0),
            "total_vehicles": Decimal(0),
            "total_net_revenue": Decimal(0),
        }
    ]


def test_the_code_decides_the_category_and_the_text_only_where_the_code_is_unknown(path: Path) -> None:
    daily = [
        ("0046", DAY, "Self Overnight", "vd1 ", 10.0, 100.0),
        ("0046", DAY, " valet daily ", "ZZ9", 2.0, 20.0),
        ("0046", DAY, "Valet Daily", None, 1.0, -5.0),
        ("0046", DAY, "whatever", "SO2", 4.0, 44.0),
    ]
    (day,) = days_of(path, daily)
    assert (day["valet_daily"], day["valet_daily_revenue"]) == (Decimal(13), Decimal(115))
    assert (day["self_overnight"], day["self_overnight_revenue"]) == (Decimal(4), Decimal(44))


def test_an_unknown_code_counts_in_the_totals_and_is_reported(path: Path) -> None:
    daily = [
        ("0046", DAY, "Valet Daily", "VD1", 10.0, 100.0),
        ("0046", DAY, "Gift Shop", "OR1", 1.0, 7.5),
        ("0012", DAY, "gift shop", "or1", 1.0, 2.5),
        ("0012", DAY, None, None, None, 1.0),
    ]
    other, day = days_of(path, daily)
    assert (day["total_vehicles"], day["total_net_revenue"]) == (Decimal(11), Decimal("107.5"))
    assert (other["total_vehicles"], other["total_net_revenue"]) == (Decimal(1), Decimal("3.5"))
    reader = reader_on(path, {})
    assert read(reader, UNKNOWN_REVENUE_CODES, WINDOW) == [(None, None, 1), ("OR1", "GIFT SHOP", 2)]


def test_vehicles_of_the_datamart_fill_only_what_the_daily_detail_lacks_on_that_day(path: Path) -> None:
    daily = [("0046", DAY, "", "VD1", 10.0, 100.0), ("0046", date(2025, 4, 11), "", "SO2", 3.0, 30.0)]
    datamart = [
        ("0046", DAY, "Valet Daily", "Vehicles", 99.0, None, LOADED),
        ("0046", DAY, "Self Overnight", "Vehicles", 5.0, None, LOADED),
        ("0046", date(2025, 4, 11), "Valet Daily", "vehicles", 7.0, None, LOADED),
        ("0046", DAY, "Self Overnight", "Revenue", 1000.0, None, LOADED),
    ]
    first, second = days_of(path, daily, datamart)
    assert (first["valet_daily"], first["self_overnight"], first["total_vehicles"]) == tuple(map(Decimal, (10, 5, 15)))
    assert "self_overnight_revenue" not in first
    assert (second["valet_daily"], second["self_overnight"]) == (Decimal(7), Decimal(3))


def test_a_daily_category_with_revenue_alone_still_keeps_the_datamart_out(path: Path) -> None:
    daily = [("0046", DAY, "", "VD1", None, 100.0)]
    (day,) = days_of(path, daily, [("0046", DAY, "Valet Daily", "Vehicles", 99.0, None, LOADED)])
    assert "valet_daily" not in day
    assert day["total_vehicles"] == Decimal(0)


def test_a_text_without_a_category_is_not_counted_twice(path: Path) -> None:
    daily = [("0046", DAY, "Bus Parking", None, 4.0, 40.0)]
    (day,) = days_of(path, daily, [("0046", DAY, "bus parking", "Vehicles", 4.0, None, LOADED)])
    assert day["total_vehicles"] == Decimal(4)


def test_days_of_either_part_alone_are_there(path: Path) -> None:
    daily = [("0046", date(2025, 4, 1), "", "VD1", 1.0, 1.0)]
    datamart = [("0046", date(2025, 4, 2), "Occupied Rooms ", "other", 120.0, None, LOADED)]
    first, second = days_of(path, daily, datamart)
    assert first["stat_date"] == date(2025, 4, 1)
    assert second == {
        "site": "0046",
        "stat_date": date(2025, 4, 2),
        "occupied_rooms": Decimal(120),
        "total_vehicles": Decimal(0),
        "total_net_revenue": Decimal(0),
        "last_loaded_at": datetime(2025, 4, 11, 10, 30, tzinfo=UTC),
    }


def test_rows_of_several_codes_and_spellings_of_a_site_are_one_day(path: Path) -> None:
    daily = [("46", DAY, "", "VD1", 1.0, 10.0), ("0046", DAY, "", "VD1", 2.0, 20.0)]
    datamart = [
        (" 46", DAY, "Valet Daily", "Vehicles", 50.0, None, LOADED),
        ("046 ", DAY, "Occupied Rooms", "Other", 80.0, None, LOADED),
    ]
    (day,) = days_of(path, daily, datamart)
    assert (day["site"], day["valet_daily"], day["occupied_rooms"]) == ("0046", Decimal(3), Decimal(80))


def test_joining_does_not_multiply_amounts(path: Path) -> None:
    daily = [("0046", DAY, "", "VD1", 1.0, 10.0)] * 3
    datamart = [("0046", DAY, "Occupied Rooms", "Other", 40.0, None, LOADED)] * 2
    (day,) = days_of(path, daily, datamart)
    assert (day["valet_daily_revenue"], day["occupied_rooms"]) == (Decimal(30), Decimal(80))


def test_comps_come_from_a_mapped_text_and_are_no_part_of_the_vehicles(path: Path) -> None:
    window = Window.of_days(
        date(2025, 4, 1), date(2025, 5, 1), revenue_codes={**CODES, "Valet Complimentary": "valet_comps"}
    )
    daily = [("0046", DAY, "valet complimentary", None, 6.0, 0.0), ("0046", DAY, "", "VD1", 10.0, 100.0)]
    (day,) = days_of(path, daily, (), window)
    assert (day["valet_comps"], day["total_vehicles"]) == (Decimal(6), Decimal(10))


def test_a_mapping_that_names_a_text_twice_does_not_count_twice(path: Path) -> None:
    window = Window.of_days(
        date(2025, 4, 1), date(2025, 5, 1), revenue_codes={"Valet Daily": "valet_daily", "VALET DAILY ": "valet_daily"}
    )
    (day,) = days_of(path, [("0046", DAY, "valet daily", None, 6.0, 60.0)], (), window)
    assert day["valet_daily"] == Decimal(6)


def test_incomplete_rows_of_both_parts_are_counted(path: Path) -> None:
    reader = reader_on(
        path,
        {
            revenue_daily_detail: [(" ", DAY, "", "VD1", 1.0, 10.0), ("0046", DAY, "", "VD1", None, None)],
            revenue_datamart_daily: [
                (None, DAY, "Occupied Rooms", "Other", 5.0, None, LOADED),
                ("0046", DAY, "Occupied Rooms", "Other", None, None, LOADED),
                ("0046", DAY, "Temperature", "Other", None, None, LOADED),
            ],
        },
    )
    totals = assert_sums_add_up(reader, QUERY, WINDOW)
    assert (totals.rows, totals.complete_rows) == (4, 0)
    assert totals.incomplete_sums == {"occupied_rooms": Decimal(5), "total_net_revenue": Decimal(10)}
    assert sorted(field for field, _ in flaws(reader, QUERY, WINDOW)) == ["site", "site", "vehicles", "vehicles"]
    assert read(reader, QUERY, WINDOW) == []


def test_parking_revenue_and_vehicles_are_summed_by_month_and_category(path: Path) -> None:
    reader = reader_on(
        path,
        {
            revenue_daily_detail_invoice: [
                ("0046", date(2025, 4, 1), "VD1", 500.0, 28000.08),
                ("0046", date(2025, 4, 30), "vd3", 73.0, 54.0),
                ("0046", date(2025, 5, 1), "VD1", 1.0, 1.0),
                ("0046", date(2025, 4, 2), "SM2", 0.0, 10.0),
                ("0046", date(2025, 4, 2), "VA1", 9.0, 9.0),
                ("0046", date(2025, 4, 2), "OR1", 9.0, 9.0),
                ("0046", date(2025, 4, 2), "VD4", 9.0, 9.0),
            ]
        },
    )
    query, window = QUERIES["parking_rates_actual"], Window.of_days(date(2025, 4, 1), date(2025, 6, 1))
    assert read(reader, query, window) == [
        ("0046", "2025-04", "self_monthly", Decimal("10.0000"), Decimal("0.0000")),
        ("0046", "2025-04", "valet_daily", Decimal("28054.0800"), Decimal("573.0000")),
        ("0046", "2025-05", "valet_daily", Decimal("1.0000"), Decimal("1.0000")),
    ]
    assert_sums_add_up(reader, query, window)
