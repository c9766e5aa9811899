"""`townepark warehouse import`: what a CSV may look like, and what is said when it does not."""

import sqlite3
import tracemalloc
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, insert, select

from cli.warehouse_import import ImportResult, import_csv
from shared_code.errors import ConfigurationError, InvalidInputError, NotFoundError, TransientError
from shared_code.sources.warehouse import objects
from shared_code.sources.warehouse.embedded import create_objects, embedded_engine

PAID_HOURS_HEADER = "WORK_LOCATION,TITLE,DATE,PAY_TYPE,TOTAL_HOURS,TOTAL_DOLLARS\n"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.db"


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


def rows_of(warehouse: Path, table: Table) -> list[dict[str, Any]]:
    with embedded_engine(warehouse).connect() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def import_paid_hours(warehouse: Path, csv_file: Path, lines: str) -> ImportResult:
    csv_file.write_text(PAID_HOURS_HEADER + lines, encoding="utf-8", newline="")
    return import_csv(warehouse, "vwPAYROLL_SUMMARY", csv_file)


def refusal_of(warehouse: Path, csv_file: Path, lines: str) -> InvalidInputError:
    """The refusal of a file whose second line is fine, after a look that nothing of it was imported."""
    with pytest.raises(InvalidInputError) as caught:
        import_paid_hours(warehouse, csv_file, "0046,GSA1,2025-07-01,Regular,8,136.00\n" + lines)
    assert rows_of(warehouse, objects.payroll_summary) == []
    return caught.value


def test_a_file_in_the_shape_of_the_table_becomes_its_rows(warehouse: Path, csv_file: Path) -> None:
    result = import_paid_hours(
        warehouse,
        csv_file,
        "0005,COMMUNITY ASSOCIATE,2016-06-30,Regular,1830,47166.03\n"
        "0005,COMMUNITY ASSOCIATE,2016-06-30,OT,-2.25,-57.28\n",
    )
    assert result == ImportResult("vwPAYROLL_SUMMARY", 2, ())
    assert rows_of(warehouse, objects.payroll_summary) == [
        {
            "WORK_LOCATION": "0005",
            "TITLE": "COMMUNITY ASSOCIATE",
            "DATE": date(2016, 6, 30),
            "PAY_TYPE": "Regular",
            "TOTAL_HOURS": Decimal("1830.0000"),
            "TOTAL_DOLLARS": Decimal("47166.0300"),
        },
        {
            "WORK_LOCATION": "0005",
            "TITLE": "COMMUNITY ASSOCIATE",
            "DATE": date(2016, 6, 30),
            "PAY_TYPE": "OT",
            "TOTAL_HOURS": Decimal("-2.2500"),
            "TOTAL_DOLLARS": Decimal("-57.2800"),
        },
    ]


def test_columns_that_the_file_does_not_have_are_null_and_named(warehouse: Path, csv_file: Path) -> None:
    csv_file.write_text("SITE,SITE_NAME\n0001,BRONX DISTRICT ATTORNEY\n", encoding="utf-8")
    result = import_csv(warehouse, "MASTER_NON_FINANCIAL", csv_file)
    row = rows_of(warehouse, objects.master_non_financial)[0]
    assert {name for name, value in row.items() if value is not None} == {"SITE", "SITE_NAME"}
    assert set(result.columns_missing) == set(row) - {"SITE", "SITE_NAME"}


def test_a_second_import_appends(warehouse: Path, csv_file: Path) -> None:
    for _ in range(2):
        import_paid_hours(warehouse, csv_file, "0046,GSA1,2025-07-01,Regular,8,136.00\n")
    assert len(rows_of(warehouse, objects.payroll_summary)) == 2


@pytest.mark.parametrize(
    "name",
    ["vwpayroll_summary", "VWPAYROLL_SUMMARY", "TP_LEGION.dbo.vwPAYROLL_SUMMARY", "TP_LEGION..vwPAYROLL_SUMMARY"],
)
def test_the_table_is_named_in_any_case_with_or_without_its_database(
    warehouse: Path, csv_file: Path, name: str
) -> None:
    csv_file.write_text(PAID_HOURS_HEADER, encoding="utf-8")
    assert import_csv(warehouse, name, csv_file) == ImportResult("vwPAYROLL_SUMMARY", 0, ())


def test_header_names_count_in_any_case_and_order(warehouse: Path, csv_file: Path) -> None:
    csv_file.write_text(" costcentercode ,EMPLOYEE_id\n0046,E1\n", encoding="utf-8")
    import_csv(warehouse, "WORKDAY_WAGE_RATE", csv_file)
    row = rows_of(warehouse, objects.workday_wage_rate)[0]
    assert (row["CostCenterCode"], row["EMPLOYEE_ID"]) == ("0046", "E1")


def test_a_byte_order_mark_windows_line_ends_quotes_and_empty_lines_are_read(warehouse: Path, csv_file: Path) -> None:
    csv_file.write_bytes(
        b'\xef\xbb\xbfSITE,SITE_NAME\r\n"0046","Harbor ""Old"" Hotel, 01"\r\n\r\n0170,"two\nlines"\r\n\r\n'
    )
    import_csv(warehouse, "MASTER_NON_FINANCIAL", csv_file)
    names = [row["SITE_NAME"] for row in rows_of(warehouse, objects.master_non_financial)]
    assert names == ['Harbor "Old" Hotel, 01', "two\nlines"]


def test_a_blank_is_null_and_so_is_the_word_null_of_a_number_or_date(warehouse: Path, csv_file: Path) -> None:
    import_paid_hours(warehouse, csv_file, "NULL,  ,NULL,,null, \n")
    assert rows_of(warehouse, objects.payroll_summary) == [
        {
            "WORK_LOCATION": "NULL",
            "TITLE": None,
            "DATE": None,
            "PAY_TYPE": None,
            "TOTAL_HOURS": None,
            "TOTAL_DOLLARS": None,
        }
    ]


def test_text_keeps_its_blanks_and_zeros(warehouse: Path, csv_file: Path) -> None:
    import_paid_hours(warehouse, csv_file, "0046, gsa1 ,2025-07-01,Regular,8,136\n")
    row = rows_of(warehouse, objects.payroll_summary)[0]
    assert (row["WORK_LOCATION"], row["TITLE"]) == ("0046", " gsa1 ")


@pytest.mark.parametrize(
    ("written", "hours"),
    [
        ("8", "8.0000"),
        (" 8.5 ", "8.5000"),
        ("+.25", "0.2500"),
        ("-0.0001", "-0.0001"),
        ("007.", "7.0000"),
        ("1.250000000", "1.2500"),
        ("-99999999999999.9999", "-99999999999999.9999"),
    ],
)
def test_a_number_is_kept_exactly(warehouse: Path, csv_file: Path, written: str, hours: str) -> None:
    import_paid_hours(warehouse, csv_file, f"0046,GSA1,2025-07-01,Regular,{written},1\n")
    assert rows_of(warehouse, objects.payroll_summary)[0]["TOTAL_HOURS"] == Decimal(hours)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("1.00001", "has more than 4 decimals"),
        ("eight", "is not a number such as -1234.5"),
        ("1e3", "is not a number"),
        ('"1,234.50"', "is not a number"),
        ("$8", "is not a number"),
        ("(8)", "is not a number"),
        ("1_000", "is not a number"),
        ("٨", "is not a number"),
        ("NaN", "is not a number"),
        ("-inf", "is not a number"),
        (".", "is not a number"),
        ("--8", "is not a number"),
        ("100000000000000", "has more than 14 digits before the point"),
        ("9" * 100_000, "has more than 14 digits before the point"),
        ("0." + "1" * 100_000, "has more than 4 decimals"),
    ],
)
def test_a_number_that_the_column_cannot_hold_names_line_column_and_value(
    warehouse: Path, csv_file: Path, written: str, reason: str
) -> None:
    error = refusal_of(warehouse, csv_file, f"0046,GSA1,2025-07-01,Regular,{written},1\n")
    assert error.message.startswith("Line 3, column TOTAL_HOURS: ")
    assert reason in error.message
    assert error.message.endswith("Nothing was imported.")
    assert len(error.message) < 300
    assert error.field == "TOTAL_HOURS"
    assert error.details == {"line": 3, "column": "TOTAL_HOURS", "value": written.strip('"')[:80]}


def test_an_amount_beyond_64_bits_is_refused(warehouse: Path, csv_file: Path) -> None:
    error = refusal_of(warehouse, csv_file, "0046,GSA1,2025-07-01,Regular,1,999999999999999.9999\n")
    assert "does not fit in 64 bits" in error.message


@pytest.mark.parametrize("written", ["2025-07-01", "2025-07-01 00:00:00.000", "2025-07-01T00:00:00"])
def test_a_day_is_an_iso_date_also_when_exported_as_midnight(warehouse: Path, csv_file: Path, written: str) -> None:
    import_paid_hours(warehouse, csv_file, f"0046,GSA1,{written},Regular,8,1\n")
    assert rows_of(warehouse, objects.payroll_summary)[0]["DATE"] == date(2025, 7, 1)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("7/1/2025", "is not a date YYYY-MM-DD"),
        ("20250701", "is not a date"),
        ("2025-W27-2", "is not a date"),
        ("2025-7-1", "is not a date"),
        ("2025-07-01 12:00:00", "is not a date"),
        ("2025-02-29", "is not a day that exists"),
        ("0000-01-01", "is not a day that exists"),
    ],
)
def test_another_date_is_refused(warehouse: Path, csv_file: Path, written: str, reason: str) -> None:
    error = refusal_of(warehouse, csv_file, f"0046,GSA1,{written},Regular,8,1\n")
    assert error.message.startswith(f"Line 3, column DATE: '{written}' {reason}")


def test_a_time_of_the_warehouse_is_kept_to_the_microsecond(warehouse: Path, csv_file: Path) -> None:
    csv_file.write_text("DW_LOADED_DTTM\n2025-07-02 04:15:01.1234560\n2025-07-02\n", encoding="utf-8")
    import_csv(warehouse, "REVENUE_DATAMART_DAILY", csv_file)
    loaded = [row["DW_LOADED_DTTM"] for row in rows_of(warehouse, objects.revenue_datamart_daily)]
    assert loaded == [datetime(2025, 7, 2, 4, 15, 1, 123456), datetime(2025, 7, 2)]  # noqa: DTZ001 - no zone there


@pytest.mark.parametrize("written", ["2025-07-02T04:15:01Z", "2025-07-02 25:00:00", "2025-07-02 04:15:01.1234567"])
def test_a_time_with_a_zone_or_one_that_does_not_exist_is_refused(
    warehouse: Path, csv_file: Path, written: str
) -> None:
    csv_file.write_text(f"DW_LOADED_DTTM\n{written}\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"Line 2, column DW_LOADED_DTTM: .* is not a time"):
        import_csv(warehouse, "REVENUE_DATAMART_DAILY", csv_file)


def test_whole_numbers_are_whole(warehouse: Path, csv_file: Path) -> None:
    csv_file.write_text("PERIOD,ACCOUNT_INDEX\n202507,-12.0\n", encoding="utf-8")
    import_csv(warehouse, "ACCOUNT_SUMMARY", csv_file)
    row = rows_of(warehouse, objects.account_summary)[0]
    assert (row["PERIOD"], row["ACCOUNT_INDEX"]) == (202507, -12)


@pytest.mark.parametrize(
    ("written", "reason"),
    [("2025-07", "is not a whole number"), ("1.5", "is not a whole number"), ("2147483648", "does not fit in 32 bits")],
)
def test_a_broken_whole_number_is_refused(warehouse: Path, csv_file: Path, written: str, reason: str) -> None:
    csv_file.write_text(f"PERIOD\n{written}\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=reason):
        import_csv(warehouse, "ACCOUNT_SUMMARY", csv_file)


def test_a_text_longer_than_its_column_is_refused(warehouse: Path, csv_file: Path) -> None:
    error = refusal_of(warehouse, csv_file, f"0046,{'A' * 101},2025-07-01,Regular,8,1\n")
    assert "has more than the 100 characters that the column holds" in error.message


def test_a_site_code_may_be_longer_than_the_four_characters_of_the_ledger(warehouse: Path, csv_file: Path) -> None:
    csv_file.write_text("SITE,SITE_NAME\nTP001,Harbor Hotel 01\n", encoding="utf-8")
    import_csv(warehouse, "MASTER_NON_FINANCIAL", csv_file)
    assert rows_of(warehouse, objects.master_non_financial)[0]["SITE"] == "TP001"


def test_an_unknown_table_is_refused_with_the_accepted_ones(warehouse: Path, csv_file: Path) -> None:
    csv_file.write_text("A\n1\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"'PAYROLL' is no table.*BUDGET_FINAL.*vwPAYROLL_SUMMARY"):
        import_csv(warehouse, "PAYROLL", csv_file)
    assert not warehouse.exists()


@pytest.mark.parametrize("header", ["SITE,NAME", "SITE;SITE_NAME", "SITE\tSITE_NAME", "SITE,SITE_NAME,", '"SITE"x'])
def test_an_unknown_column_is_refused_with_the_accepted_ones(warehouse: Path, csv_file: Path, header: str) -> None:
    csv_file.write_text(f"{header}\n0046,Harbor Hotel 01\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"is no column of MASTER_NON_FINANCIAL\. Accepted: SITE, |not CSV"):
        import_csv(warehouse, "MASTER_NON_FINANCIAL", csv_file)
    assert not warehouse.exists()


def test_a_column_named_twice_is_refused(warehouse: Path, csv_file: Path) -> None:
    csv_file.write_text("SITE,site\n0046,0047\n", encoding="utf-8")
    with pytest.raises(InvalidInputError, match="names the column SITE twice"):
        import_csv(warehouse, "MASTER_NON_FINANCIAL", csv_file)


@pytest.mark.parametrize("line", ["0046,GSA1,2025-07-01,Regular,8", "0046,GSA1,2025-07-01,Regular,8,1,2"])
def test_a_line_of_another_length_is_refused(warehouse: Path, csv_file: Path, line: str) -> None:
    error = refusal_of(warehouse, csv_file, f"{line}\n")
    assert f"Line 3 has {line.count(',') + 1} fields, the header names 6" in error.message


def test_a_line_is_counted_as_an_editor_counts_it(warehouse: Path, csv_file: Path) -> None:
    error = refusal_of(warehouse, csv_file, '\n0046,"two\nlines",2025-07-01,Regular,8,1\n0046,GSA1,never,Regular,8,1\n')
    assert error.details["line"] == 6


@pytest.mark.parametrize("lines", ['0046,"GSA1,2025-07-01,Regular,8,1\n', '0046,"GSA"1,2025-07-01,Regular,8,1\n'])
def test_broken_quotes_are_refused_with_their_line(warehouse: Path, csv_file: Path, lines: str) -> None:
    assert refusal_of(warehouse, csv_file, lines).message.startswith("Line 3 is not CSV: ")


def test_a_field_without_end_is_refused(warehouse: Path, csv_file: Path) -> None:
    assert "Line 3 is not CSV" in refusal_of(warehouse, csv_file, "A" * 200_000).message


def test_a_file_of_another_encoding_is_refused(warehouse: Path, csv_file: Path) -> None:
    for content in ("SITE,SITE_NAME\n0046,Café\n".encode("latin-1"), "SITE,SITE_NAME\n0046,Inn\n".encode("utf-16")):
        csv_file.write_bytes(content)
        with pytest.raises(InvalidInputError, match=r"rows\.csv is not UTF-8 text"):
            import_csv(warehouse, "MASTER_NON_FINANCIAL", csv_file)


def test_zero_bytes_are_refused(warehouse: Path, csv_file: Path) -> None:
    refusal_of(warehouse, csv_file, "0046,GS\0A,2025-07-01,Regular,8,1\n")


def test_an_empty_file_is_refused(warehouse: Path, csv_file: Path) -> None:
    csv_file.write_bytes(b"")
    with pytest.raises(InvalidInputError, match="is empty: its first line must name the columns"):
        import_csv(warehouse, "MASTER_NON_FINANCIAL", csv_file)


def test_a_missing_file_or_a_folder_is_refused(warehouse: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"There is no file .*absent\.csv"):
        import_csv(warehouse, "MASTER_NON_FINANCIAL", tmp_path / "absent.csv")
    with pytest.raises(InvalidInputError, match="is not a file"):
        import_csv(warehouse, "MASTER_NON_FINANCIAL", tmp_path)


def test_a_value_late_in_a_large_file_undoes_all_batches_before_it(warehouse: Path, csv_file: Path) -> None:
    good = "0046,GSA1,2025-07-01,Regular,8,136\n" * 25_000
    error = refusal_of(warehouse, csv_file, good + "0046,GSA1,2025-07-01,Regular,x,136\n")
    assert error.details["line"] == 25_003


def test_another_writer_of_the_warehouse_is_named_as_the_reason(
    warehouse: Path, csv_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_code.sources.warehouse.embedded._BUSY_TIMEOUT_SECONDS", 0.1)
    engine = embedded_engine(warehouse, read_only=False)
    create_objects(engine)
    with engine.begin() as connection:
        connection.execute(insert(objects.master_non_financial), [{"SITE": "0046"}])
        with pytest.raises(TransientError, match="another writer holds it"):
            import_paid_hours(warehouse, csv_file, "0046,GSA1,2025-07-01,Regular,8,136\n")


def test_a_warehouse_of_another_shape_is_no_writer_in_the_way(warehouse: Path, csv_file: Path) -> None:
    with closing(sqlite3.connect(warehouse)) as connection:
        connection.execute("CREATE TABLE vwPAYROLL_SUMMARY (WORK_LOCATION TEXT)")
    with pytest.raises(ConfigurationError, match="could not be written"):
        import_paid_hours(warehouse, csv_file, "0046,GSA1,2025-07-01,Regular,8,136\n")


def test_progress_ends_with_the_whole_file(warehouse: Path, csv_file: Path) -> None:
    csv_file.write_text(PAID_HOURS_HEADER + "0046,GSA1,2025-07-01,Regular,8,136\n" * 30_000, encoding="utf-8")
    size = csv_file.stat().st_size
    steps: list[tuple[str, int, int]] = []
    import_csv(warehouse, "vwPAYROLL_SUMMARY", csv_file, progress=lambda *step: steps.append(step))
    assert steps[-1] == ("vwPAYROLL_SUMMARY", size, size)
    assert [done for _, done, _ in steps] == sorted(done for _, done, _ in steps)
    assert 0 < steps[0][1] < size


def test_memory_does_not_grow_with_the_file(warehouse: Path, csv_file: Path) -> None:
    def peak_of(lines: int) -> int:
        csv_file.write_text(PAID_HOURS_HEADER + "0046,GSA1,2025-07-01,Regular,8,136\n" * lines, encoding="utf-8")
        tracemalloc.start()
        try:
            import_csv(warehouse, "vwPAYROLL_SUMMARY", csv_file)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak_of(60_000) < 1.2 * peak_of(20_000)
