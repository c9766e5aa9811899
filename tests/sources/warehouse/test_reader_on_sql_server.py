"""Reading through the driver of SQL Server, for which a stand-in notes what it is asked."""

import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from shared_code.errors import ConfigurationError, SourceError, TransientSourceError
from shared_code.settings import Settings
from shared_code.sources.warehouse.catalogue import QUERIES
from shared_code.sources.warehouse.connection import alias_of, open_warehouse
from shared_code.sources.warehouse.reader import WarehouseReader
from shared_code.sources.warehouse.window import Window
from tests.sources.warehouse.sample_rows import read
from tests.sql.stand_in_driver import Driver, odbc_error

SETTINGS = Settings(
    edw_host="edw.example",
    edw_user="reader",
    edw_password="hunter2",
    edw_nodes={"node-2": "second.example"},
    edw_database="EDW_TEST",
)
APRIL = Window.of_days(date(2025, 4, 1), date(2025, 5, 1))
CATALOG = "EDW_TEST.INFORMATION_SCHEMA.COLUMNS"
BUDGET_COLUMNS = [("COST_CENTER", "char"), ("PERIOD", "char"), ("MAIN_ACCOUNT", "char"), ("BALANCE", "money")]


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    made = Driver()
    monkeypatch.setitem(sys.modules, "pyodbc", made)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return made


@pytest.fixture
def reader(driver: Driver) -> WarehouseReader:
    return WarehouseReader(open_warehouse(SETTINGS), SETTINGS)


def sent(driver: Driver, part: str) -> tuple[str, tuple[object, ...]]:
    return next(entry for connection in driver.connections for entry in connection.statements if part in entry[0])


def test_decimals_have_their_scale_and_texts_are_trimmed(driver: Driver, reader: WarehouseReader) -> None:
    names = ["site", "period", "main_account", "balance"]
    driver.answers["[EDW_TEST].dbo.[BUDGET_FINAL]"] = (names, [("tp1 ", "202504", "9410", Decimal("1.5"))])
    (row,) = read(reader, QUERIES["budget"], Window.of_year(2025))
    assert row == ("TP1", "202504", "9410", Decimal("1.5"))
    assert str(row[3]) == "1.50000"


def test_a_binary_fraction_is_refused(driver: Driver, reader: WarehouseReader) -> None:
    names = ["site", "period", "main_account", "balance"]
    driver.answers["[EDW_TEST].dbo.[BUDGET_FINAL]"] = (names, [("TP1", "202504", "9410", 1.5)])
    with pytest.raises(SourceError) as caught:
        read(reader, QUERIES["budget"], Window.of_year(2025))
    assert caught.value.code == "SOURCE_SCHEMA_MISMATCH"


def test_procedure_results_are_read_by_name(driver: Driver, reader: WarehouseReader) -> None:
    names = ["STATUS", "VALUE", "SITE", "MAIN_ACCOUNT", "GL_STRING", "REVENUE_CATEGORY", "CATEGORY"]
    names += ["ACCOUNT_DESCRIPTION", "EXTRA"]
    row = ("active ", Decimal("12.5"), "0046", "9410", "01-0046", "Valet ", "Rev", " ", "x")
    driver.answers["spJoin_GP_STATS_with_GL_ACCOUNTS"] = (names, [row])
    assert read(reader, QUERIES["unit_accounts"], APRIL) == [
        ("0046", "9410", "Valet", "Rev", "01-0046", Decimal("12.5000"), None, "ACTIVE")
    ]
    assert sent(driver, "spJoin") == (
        "EXEC EDW_TEST.dbo.spJoin_GP_STATS_with_GL_ACCOUNTS ?, ?",
        (date(2025, 4, 1), date(2025, 4, 30)),
    )
    assert reader.check_schema(QUERIES["unit_accounts"]) is QUERIES["unit_accounts"]


def test_a_procedure_that_lost_a_column_is_a_changed_schema(driver: Driver, reader: WarehouseReader) -> None:
    driver.answers["spJoin_GP_STATS_with_GL_ACCOUNTS"] = (["SITE"], [("0046",)])
    with pytest.raises(SourceError, match="gl_string") as caught:
        read(reader, QUERIES["unit_accounts"], APRIL)
    assert caught.value.code == "SOURCE_SCHEMA_MISMATCH"


def test_moments_and_days_of_the_driver_are_taken_as_they_are(driver: Driver, reader: WarehouseReader) -> None:
    query = QUERIES["daily_revenue"]
    values = {"site": "0046", "stat_date": datetime(2025, 4, 1), "last_loaded_at": datetime(2025, 4, 2, 1)}  # noqa: DTZ001
    names = [column.name for column in query.columns]
    driver.answers["REVENUE_DAILY_DETAIL"] = (names, [tuple(values.get(name) for name in names)])
    (row,) = read(reader, query, APRIL)
    assert row[1] == date(2025, 4, 1)
    assert row[-1] == datetime(2025, 4, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize(("sites", "seconds"), [(["0046"], 60), (["0046", "0047"], 300), (None, 300)])
def test_one_site_has_a_minute_and_a_feed_five(
    driver: Driver, reader: WarehouseReader, sites: list[str] | None, seconds: int
) -> None:
    driver.answers["BUDGET_FINAL"] = (["site", "period", "main_account", "balance"], [])
    read(reader, QUERIES["budget"], Window.of_year(2025, sites=sites))
    assert driver.connections[0].timeout == seconds


def test_the_catalog_of_the_named_database_is_asked(driver: Driver, reader: WarehouseReader) -> None:
    driver.answers[CATALOG] = (["COLUMN_NAME", "DATA_TYPE"], BUDGET_COLUMNS)
    assert reader.check_schema(QUERIES["budget"]) is QUERIES["budget"]
    assert sent(driver, CATALOG)[1] == ("dbo", "BUDGET_FINAL")


def test_a_type_that_cannot_be_cast_is_refused(driver: Driver, reader: WarehouseReader) -> None:
    driver.answers[CATALOG] = (
        ["COLUMN_NAME", "DATA_TYPE"],
        [*BUDGET_COLUMNS[:1], ("PERIOD", "int"), *BUDGET_COLUMNS[2:]],
    )
    with pytest.raises(SourceError, match=r"BUDGET_FINAL\.PERIOD is int") as caught:
        reader.check_schema(QUERIES["budget"])
    assert caught.value.code == "SOURCE_SCHEMA_MISMATCH"


PERMISSION = odbc_error("42000", "[SQL Server]The SELECT permission was denied on the object (229) (SQLExecDirectW)")
NO_OBJECT = odbc_error("42S02", "[SQL Server]Invalid object name on secret-host. (208) (SQLExecDirectW)")
LOCKED = odbc_error("HYT00", "[SQL Server]Lock request time out period exceeded. (1222) (SQLExecDirectW)")
GONE = odbc_error("08S01", "TCP Provider: secret-host (10054) (SQLExecDirectW)")


@pytest.mark.parametrize(("error", "code"), [(PERMISSION, "SOURCE_PERMISSION"), (NO_OBJECT, "SOURCE_SCHEMA_MISMATCH")])
def test_an_object_that_the_catalog_does_not_show_is_asked_for_itself(
    driver: Driver, reader: WarehouseReader, error: Exception, code: str
) -> None:
    driver.answers[CATALOG] = (["COLUMN_NAME", "DATA_TYPE"], [])
    driver.answers["BUDGET_FINAL"] = ([], [error])  # type: ignore[list-item]
    with pytest.raises(SourceError) as caught:
        reader.check_schema(QUERIES["budget"])
    assert caught.value.code == code
    assert "BUDGET_FINAL" in caught.value.message


@pytest.mark.parametrize(
    ("error", "code", "passes"),
    [
        (PERMISSION, "SOURCE_PERMISSION", False),
        (NO_OBJECT, "SOURCE_SCHEMA_MISMATCH", False),
        (LOCKED, "SOURCE_TIMEOUT", True),
        (GONE, "SOURCE_UNAVAILABLE", True),
    ],
)
def test_a_failed_read_has_the_code_of_its_cause_and_none_of_its_words(
    driver: Driver, reader: WarehouseReader, error: Exception, code: str, passes: bool
) -> None:
    driver.answers["BUDGET_FINAL"] = ([], [error])  # type: ignore[list-item]
    with pytest.raises(SourceError) as caught:
        read(reader, QUERIES["budget"], Window.of_year(2025))
    assert caught.value.code == code
    assert isinstance(caught.value, TransientSourceError) is passes
    assert "secret-host" not in caught.value.message
    attempts = [entry for opened in driver.connections for entry in opened.statements if "BUDGET_FINAL" in entry[0]]
    assert len(attempts) == (4 if passes else 1)


def test_a_missing_right_to_run_the_procedure_is_named(driver: Driver, reader: WarehouseReader) -> None:
    driver.answers["spJoin"] = ([], [PERMISSION])  # type: ignore[list-item]
    with pytest.raises(SourceError, match="the right EXECUTE on spJoin_GP_STATS_with_GL_ACCOUNTS"):
        read(reader, QUERIES["unit_accounts"], APRIL)


def test_a_refused_login_is_not_tried_again(driver: Driver, reader: WarehouseReader) -> None:
    driver.failures += [odbc_error("28000", "Login failed for 'hunter2' (18456) (SQLDriverConnect)")] * 2
    with pytest.raises(SourceError, match="refused the login") as caught:
        read(reader, QUERIES["budget"], Window.of_year(2025))
    assert caught.value.code == "SOURCE_UNAVAILABLE"
    assert len(driver.failures) == 1


def test_a_node_is_opened_by_its_alias_and_never_called_by_its_address(driver: Driver) -> None:
    with open_warehouse(SETTINGS, "node-2").connect():
        assert "Server=second.example" in driver.connections[0].text
    assert alias_of(SETTINGS, "node-2") == "node-2"
    assert alias_of(SETTINGS) == "default"
    assert alias_of(Settings()) == "embedded"
    with pytest.raises(ConfigurationError, match=r"node-9 has no address in EDW_NODES; known are: node-2\."):
        open_warehouse(SETTINGS, "node-9")
