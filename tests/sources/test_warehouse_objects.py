"""The warehouse objects on both dialects, and the embedded file that stands in for the warehouse."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Dialect, Engine, Table, func, insert, inspect, select, text
from sqlalchemy.dialects import mssql
from sqlalchemy.exc import OperationalError, StatementError
from sqlalchemy.schema import CreateTable

from shared_code.errors import ConfigurationError, SourceError
from shared_code.sources.warehouse import objects
from shared_code.sources.warehouse.embedded import create_objects, embedded_engine

SQL_SERVER: Dialect = mssql.dialect()  # type: ignore[no-untyped-call]
ON_SQL_SERVER = {"edw": "TP_EDW.dbo", "legion": "TP_LEGION.dbo"}

COLUMNS = {
    "BUDGET_FINAL": "COST_CENTER PERIOD MAIN_ACCOUNT BALANCE",
    "BUDGET_DATATAB_PR": "COST_CENTER YEAR MONTH JOB_CATEGORY JOB_PROFILE BALANCE_DESC BALANCE",
    "ACCOUNT_SUMMARY": "COST_CENTER PERIOD MAIN_ACCOUNT BALANCE ENTITY ACCOUNT_INDEX",
    "CHART_OF_ACCOUNT": "MAIN_ACCOUNT ACCOUNT_NAME IS_SUMMARY_CATEGORY",
    "REVENUE_DAILY_DETAIL": "SITE DATE REVENUE_CATEGORY REVENUE_CODE VEHICLECOUNT NETEXTERNALREVENUE",
    "vwREVENUE_DAILY_DETAIL_INVOICE": "SITE DATE REVENUE_CODE VEHICLECOUNT NETEXTERNALREVENUE",
    "REVENUE_DATAMART_DAILY": "SITE DATE REVENUE_CATEGORY VALUE_TYPE VALUE REVENUE_CODE DW_LOADED_DTTM",
    "vwPAYROLL_SUMMARY": "WORK_LOCATION TITLE DATE PAY_TYPE TOTAL_HOURS TOTAL_DOLLARS",
    "SHIFT_ENTITY": "LOCATION_EXTERNAL_ID WORK_ROLE YEAR DAY_OF_THE_YEAR REGULAR_MINUTES OVERTIME_MINUTES "
    "DOUBLE_OVERTIME_MINUTES EMPLOYEE_EXTERNAL_ID SCHEDULE_WEEK START_DATE END_DATE DELETED",
    "SCHEDULE_COST_ENTITY": "LOCATION_EXTERNAL_ID WORK_ROLE YEAR DAY_OF_THE_YEAR SCHEDULE_COST",
    "MASTER_NON_FINANCIAL": "SITE SITE_NAME DISTRICT SVP_REGION LEGAL_ENTITY PL_CATEGORY COG_SEGMENT BUSINESS_SEGMENT "
    "P_CONTRACT_TYPE GL_STRING FIRST_WORKED_DATE LAST_WORKED_DATE TOTAL_ROOMS_AVAILABLE TOTAL_AVAILABLE_PARKING",
    "WORKDAY_SITE_MANAGERS": "SITE ACCT_MGR_EMPLOYEE_ID",
    "WORKDAY_RLS_BISECURITY": "UPN EMPLOYEE_ID JOB_PROFILE COST_CENTER SITE DISTRICT",
    "WORKDAY_SITE_SALARIES": "EMPLOYEE_ID COST_CENTER JOB_PROFILE TOTAL_BASEPAY_ANNUALIZED_AMOUNT "
    "ALLOCATION_PER_COST_CENTER_AMOUNT DISTRIBUTION_PERCENT DW_LOAD_DATE",
    "WORKDAY_WAGE_RATE": "EMPLOYEE_ID LOCATION_SITE CostCenterCode JOB JobProfileCode",
    "vwGL_ACCOUNTS": "ACCOUNT_NUMBER STATUS DB_SOURCE",
    "GL00100": "ACTNUMBR_1 ACTNUMBR_2 ACTNUMBR_3 ACTNUMBR_4 ACTNUMBR_5 ACTIVE",
    "GP_STATS": "DATE SITE MAIN_ACCOUNT REVENUE_CATEGORY CATEGORY GL_STRING VALUE ACCOUNT_DESCRIPTION STATUS",
}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.db"
    create_objects(embedded_engine(path, read_only=False))
    return path


def add_paid_hours(warehouse: Path, *hours: str) -> None:
    rows = [{"WORK_LOCATION": "0046", "TITLE": "GSA1", "TOTAL_HOURS": Decimal(hour)} for hour in hours]
    with embedded_engine(warehouse, read_only=False).begin() as connection:
        connection.execute(insert(objects.payroll_summary), rows)


def count_paid_hours(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(objects.payroll_summary)).scalar_one()


def test_the_objects_have_exactly_the_columns_that_the_product_reads() -> None:
    assert {t.name: " ".join(c.name for c in t.c) for t in objects.METADATA.sorted_tables} == COLUMNS


@pytest.mark.parametrize(
    ("table", "column", "type_"),
    [
        (objects.budget_final, "BALANCE", "DECIMAL(19, 5)"),
        (objects.budget_final, "PERIOD", "VARCHAR(6)"),
        (objects.account_summary, "PERIOD", "INTEGER"),
        (objects.revenue_daily_detail, "VEHICLECOUNT", "DECIMAL(18, 4)"),
        (objects.revenue_datamart_daily, "VALUE", "DECIMAL(19, 4)"),
        (objects.revenue_datamart_daily, "DW_LOADED_DTTM", "DATETIME2"),
        (objects.payroll_summary, "TITLE", "VARCHAR(100)"),
        (objects.workday_site_salaries, "DISTRIBUTION_PERCENT", "DECIMAL(9, 4)"),
        (objects.workday_rls_bisecurity, "UPN", "NVARCHAR(256)"),
    ],
)
def test_a_column_has_the_type_of_the_warehouse_on_sql_server(table: Table, column: str, type_: str) -> None:
    assert str(table.c[column].type.compile(SQL_SERVER)).replace("NUMERIC", "DECIMAL") == type_


def test_sql_server_sees_the_warehouse_names_of_both_databases() -> None:
    def compiled(table: Table) -> str:
        statement = select(func.count()).select_from(table)
        return str(
            statement.compile(dialect=SQL_SERVER, schema_translate_map=ON_SQL_SERVER, render_schema_translate=True)
        )

    assert "FROM [TP_EDW].dbo.[BUDGET_FINAL]" in compiled(objects.budget_final)
    assert "FROM [TP_LEGION].dbo.[vwPAYROLL_SUMMARY]" in compiled(objects.payroll_summary)


def test_no_text_of_the_embedded_collation_reaches_sql_server() -> None:
    for table in objects.METADATA.sorted_tables:
        assert "NOCASE" not in str(CreateTable(table).compile(dialect=SQL_SERVER))


def test_readers_see_one_file_under_both_database_names(warehouse: Path) -> None:
    add_paid_hours(warehouse, "8")
    with embedded_engine(warehouse).connect() as connection:
        for name in ("TP_EDW", "TP_LEGION"):
            assert connection.execute(text(f'SELECT COUNT(*) FROM {name}."vwPAYROLL_SUMMARY"')).scalar_one() == 1


def test_what_was_written_comes_back_exactly(warehouse: Path) -> None:
    row = {
        "SITE": "0046",
        "DATE": date(2025, 7, 15),
        "REVENUE_CATEGORY": "Occupied Rooms",
        "VALUE_TYPE": "Other",
        "VALUE": Decimal("-123456789012345.6789"),
        "REVENUE_CODE": None,
        "DW_LOADED_DTTM": datetime(2025, 7, 16, 4, 15, 1, 250000),  # noqa: DTZ001 - the warehouse has no zone
    }
    with embedded_engine(warehouse, read_only=False).begin() as connection:
        connection.execute(insert(objects.revenue_datamart_daily), [row])
    with embedded_engine(warehouse).connect() as connection:
        assert dict(connection.execute(select(objects.revenue_datamart_daily)).mappings().one()) == row


def test_sums_of_decimals_are_exact(warehouse: Path) -> None:
    add_paid_hours(warehouse, *["0.1"] * 30)
    with embedded_engine(warehouse).connect() as connection:
        total = connection.execute(select(func.sum(objects.payroll_summary.c.TOTAL_HOURS))).scalar_one()
    assert total == 3


def test_comparison_ignores_case_as_in_the_warehouse(warehouse: Path) -> None:
    add_paid_hours(warehouse, "8")
    with embedded_engine(warehouse).connect() as connection:
        found = connection.execute(
            select(objects.payroll_summary.c.TITLE).where(objects.payroll_summary.c.TITLE == "gsa1")
        )
        assert found.scalars().all() == ["GSA1"]


def test_a_reader_can_cast_text_to_a_decimal_as_try_cast_does(warehouse: Path) -> None:
    with embedded_engine(warehouse).connect() as connection:
        cast = connection.execute(text("SELECT decimal_of('12.5', 18, 2), decimal_of('n/a', 18, 2)")).one()
    assert tuple(cast) == (1250, None)


def test_a_reader_sees_one_state_while_a_writer_adds_rows_and_neither_waits(warehouse: Path) -> None:
    add_paid_hours(warehouse, "8")
    count = select(func.count()).select_from(objects.payroll_summary)
    with embedded_engine(warehouse).connect() as connection:
        assert connection.execute(count).scalar_one() == 1
        add_paid_hours(warehouse, "8", "8")
        assert connection.execute(count).scalar_one() == 1
    assert count_paid_hours(embedded_engine(warehouse)) == 3


def test_a_writer_that_fails_leaves_nothing(warehouse: Path) -> None:
    engine = embedded_engine(warehouse, read_only=False)
    good_and_bad = [{"TOTAL_HOURS": Decimal(8)}, {"TOTAL_HOURS": Decimal("0.00001")}]
    with engine.connect() as connection:
        connection.execute(insert(objects.payroll_summary), good_and_bad[:1])
        with pytest.raises(StatementError, match="more than 4 decimals"):
            connection.execute(insert(objects.payroll_summary), good_and_bad)
    assert count_paid_hours(engine) == 0


def test_a_reading_engine_cannot_write(warehouse: Path) -> None:
    with embedded_engine(warehouse).connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(insert(objects.payroll_summary), [{"TITLE": "GSA1"}])


def test_making_objects_again_keeps_their_rows(warehouse: Path) -> None:
    add_paid_hours(warehouse, "8")
    create_objects(embedded_engine(warehouse, read_only=False))
    assert count_paid_hours(embedded_engine(warehouse)) == 1


def test_every_read_by_date_has_an_index(warehouse: Path) -> None:
    inspector = inspect(embedded_engine(warehouse, read_only=False))
    dated = {t.name for t in objects.METADATA.sorted_tables if "DATE" in t.c or "PERIOD" in t.c or "YEAR" in t.c}
    assert dated == {name for name in dated if inspector.get_indexes(name)}


def test_a_missing_file_is_named_with_the_ways_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"no sample warehouse .*absent\.db.*townepark demo.*EDW_SAMPLE_PATH"
    ) as caught:
        embedded_engine(tmp_path / "absent.db")
    assert caught.value.code == "SOURCE_UNAVAILABLE"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_disappears_later_is_named_too(warehouse: Path) -> None:
    engine = embedded_engine(warehouse)
    warehouse.unlink()
    with pytest.raises(SourceError, match="There is no sample warehouse"):
        engine.connect()


@pytest.mark.parametrize(
    "content", [b"SITE,SITE_NAME\r\n0046,Harbor Hotel 01\r\n" * 200, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_file_that_is_no_database_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "warehouse.db"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="cannot be read as an SQLite database"):
        embedded_engine(path).connect()
    with pytest.raises(ConfigurationError, match="cannot be written as an SQLite database"):
        embedded_engine(path, read_only=False).connect()
    assert path.read_bytes() == content


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"The folder .*absent.* does not exist"):
        embedded_engine(tmp_path / "absent" / "warehouse.db", read_only=False)


@pytest.mark.parametrize("name", ["a b.db", "50%25.db", "what?.db", "no#1.db", "it's.db"])
def test_any_file_name_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    create_objects(embedded_engine(tmp_path / name, read_only=False))
    assert count_paid_hours(embedded_engine(tmp_path / name)) == 0
    assert name in {path.name for path in tmp_path.iterdir()}
