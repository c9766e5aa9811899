"""Reading the embedded warehouse: batches, control totals, lineage, and every way in which a read can fail."""

import hashlib
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, create_engine, event, insert
from sqlalchemy.pool import NullPool

from shared_code.clock import FixedClock
from shared_code.errors import SourceError, TransientSourceError
from shared_code.settings import Settings
from shared_code.sources.circuit_breaker import CircuitBreaker
from shared_code.sources.warehouse.catalogue import QUERIES
from shared_code.sources.warehouse.embedded import embedded_engine
from shared_code.sources.warehouse.objects import budget_final, payroll_summary
from shared_code.sources.warehouse.query import ControlTotals
from shared_code.sources.warehouse.reader import WarehouseReader
from shared_code.sources.warehouse.window import Window
from tests.sources.warehouse.sample_rows import read, reader_on

QUERY = QUERIES["budget"]
YEAR = Window.of_year(2025)
SITES = [f"{number:04d}" for number in range(1, 8)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.db"


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between attempts, which take no time."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


def with_budget(path: Path, *sites: str) -> WarehouseReader:
    return reader_on(path, {budget_final: [(site, "202501", "9410", 1.5) for site in sites]})


def alter(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()


def refused(call: Callable[[], Any]) -> SourceError:
    with pytest.raises(SourceError) as caught:
        call()
    return caught.value


def test_rows_come_in_batches_of_at_most_the_size(path: Path) -> None:
    reader = with_budget(path, *SITES)
    assert [len(batch) for batch in reader.batches(QUERY, YEAR, 3)] == [3, 3, 1]
    assert [len(batch) for batch in reader.batches(QUERY, YEAR, 7)] == [7]
    assert list(reader.batches(QUERY, Window.of_year(2030))) == []


def test_many_sites_are_asked_for_in_portions_and_come_in_one_order(path: Path) -> None:
    with_budget(path, *SITES)
    reader = WarehouseReader(embedded_engine(path), Settings(edw_max_sites_per_query=3))
    window = Window.of_year(2025, sites=reversed(SITES))
    assert [row[0] for row in read(reader, QUERY, window)] == SITES
    assert [done.row_count for done in reader.reads] == [3, 3, 1]
    totals = reader.read_control(QUERY, window)
    assert totals is not None
    assert (totals.rows, totals.sums["balance"]) == (7, Decimal("10.5"))


def test_a_listing_is_read_once_however_many_sites_a_window_names(path: Path) -> None:
    with_budget(path)
    reader = WarehouseReader(embedded_engine(path), Settings(edw_max_sites_per_query=1))
    assert read(reader, QUERIES["sites"], Window(sites=("0001", "0002"))) == []
    assert len(reader.reads) == 1


def test_a_read_leaves_its_lineage(path: Path) -> None:
    reader = with_budget(path, *SITES)
    read(reader, QUERY, Window.of_periods("2025-01", "2025-03", sites=["0046"]))
    (done,) = reader.reads
    assert (done.query_id, done.object_name, done.row_count) == ("E03", "BUDGET_FINAL", 0)
    assert len(done.text_hash) == hashlib.sha256().digest_size
    assert done.parameters == {
        "period_from": "202501",
        "period_to": "202503",
        "sites": '["0046", "046", " 046", "46", " 46", "  46"]',
    }
    assert done.duration_ms >= 0


def test_the_text_hash_is_that_of_the_query_and_not_of_its_parameters(path: Path) -> None:
    reader = with_budget(path)
    for window in (YEAR, Window.of_year(2026), Window.of_year(2026, sites=["0046"])):
        read(reader, QUERY, window)
    same_year, other_year, other_text = (done.text_hash for done in reader.reads)
    assert same_year == other_year
    assert same_year != other_text


def test_a_long_parameter_is_kept_as_its_hash(path: Path) -> None:
    reader = with_budget(path)
    read(reader, QUERIES["gl_accounts"], Window.of_accounts(f"01-{number:06d}" for number in range(500)))
    kept = reader.reads[0].parameters["accounts"]
    assert set(kept) == {"sha256", "characters"}


def test_a_snapshot_shows_one_state_while_the_warehouse_is_loaded(path: Path) -> None:
    reader = with_budget(path, "0001")
    with reader.snapshot() as snapshot:
        before = snapshot.read_control(QUERY, YEAR)
        with embedded_engine(path, read_only=False).begin() as loading:
            loading.execute(insert(budget_final), {"COST_CENTER": "0002", "PERIOD": "202501", "MAIN_ACCOUNT": "9410"})
        assert snapshot.read_control(QUERY, YEAR) == before
        assert len(read(snapshot, QUERY, YEAR)) == 1
    after = reader.read_control(QUERY, YEAR)
    assert after is not None
    assert after.rows == 2
    assert len(reader.reads) == 5  # two controls, the rows, a control that counts an incomplete row, and that row


def test_totals_say_what_is_left_unexplained() -> None:
    totals = ControlTotals(3, 2, {"a": Decimal(10), "b": Decimal(5)}, {"a": Decimal(1), "b": Decimal(0)})
    assert totals.unexplained({"a": Decimal(9), "b": Decimal(5)}) == {}
    assert totals.unexplained({"a": Decimal(8), "b": Decimal(5)}) == {"a": Decimal(1)}
    assert totals.unexplained({}) == {"a": Decimal(9), "b": Decimal(5)}


def test_a_missing_column_is_named_before_a_row_is_read(path: Path) -> None:
    reader = with_budget(path, "0001")
    alter(path, "DROP INDEX ix_BUDGET_FINAL")
    alter(path, "ALTER TABLE BUDGET_FINAL RENAME COLUMN PERIOD TO MONTH")
    error = refused(lambda: reader.check_schema(QUERY))
    assert error.code == "SOURCE_SCHEMA_MISMATCH"
    assert "BUDGET_FINAL.PERIOD is missing" in error.message
    assert reader.reads == []


def test_a_column_of_another_type_is_named_with_the_accepted_ones(path: Path) -> None:
    reader = with_budget(path)
    alter(path, "DROP TABLE BUDGET_FINAL")
    alter(path, "CREATE TABLE BUDGET_FINAL (COST_CENTER VARCHAR(4), PERIOD INTEGER, MAIN_ACCOUNT TEXT, BALANCE BLOB)")
    message = refused(lambda: reader.check_schema(QUERY)).message
    assert "BUDGET_FINAL.PERIOD is integer, accepted are char, nchar, nvarchar, text, varchar" in message
    assert "BUDGET_FINAL.BALANCE is blob" in message
    assert "COST_CENTER" not in message


def test_a_missing_object_is_named(path: Path) -> None:
    reader = with_budget(path)
    alter(path, "DROP TABLE BUDGET_FINAL")
    error = refused(lambda: reader.check_schema(QUERY))
    assert (error.code, "BUDGET_FINAL" in error.message) == ("SOURCE_SCHEMA_MISMATCH", True)
    assert refused(lambda: read(reader, QUERY, YEAR)).code == "SOURCE_SCHEMA_MISMATCH"


@pytest.mark.parametrize("feed", sorted(QUERIES))
def test_every_query_finds_its_columns_in_an_unchanged_warehouse(path: Path, feed: str) -> None:
    assert with_budget(path).check_schema(QUERIES[feed]) is QUERIES[feed]


@pytest.mark.parametrize("value", ["1.5", "'abc'", "x'00'"])
def test_a_value_that_is_no_scaled_integer_ends_the_read(path: Path, value: str) -> None:
    reader = with_budget(path, "0001")
    alter(path, "DROP TABLE BUDGET_FINAL")
    alter(path, "CREATE TABLE BUDGET_FINAL (COST_CENTER TEXT, PERIOD TEXT, MAIN_ACCOUNT TEXT, BALANCE)")
    alter(path, f"INSERT INTO BUDGET_FINAL VALUES ('0001', '202501', '9410', {value})")
    error = refused(lambda: read(reader, QUERY, YEAR))
    assert (error.code, "balance" in error.message) == ("SOURCE_SCHEMA_MISMATCH", True)


def test_sums_beyond_64_bits_are_an_error_and_never_rounded(path: Path) -> None:
    reader = with_budget(path)
    for _ in range(2):
        alter(path, "INSERT INTO BUDGET_FINAL VALUES ('0001', '202501', '9410', 9000000000000000000)")
    assert refused(lambda: read(reader, QUERY, YEAR)).code == "SOURCE_UNAVAILABLE"


def test_a_missing_window_is_a_mistake_of_the_caller(path: Path) -> None:
    with pytest.raises(ValueError, match="period_from"):
        read(with_budget(path), QUERY, Window())


def test_moments_of_the_warehouse_are_in_utc(path: Path) -> None:
    reader = with_budget(path)
    alter(
        path,
        "INSERT INTO REVENUE_DATAMART_DAILY VALUES "
        "('0046', '2025-01-05', 'Occupied Rooms', 'Other', 10000, NULL, '2025-01-06 22:00:00.000000')",
    )
    (row,) = read(reader, QUERIES["daily_revenue"], Window.of_days(date(2025, 1, 5), date(2025, 1, 6)))
    assert row[-1] == datetime(2025, 1, 7, 3, tzinfo=UTC)


def engine_failing(path: Path, *errors: Exception) -> Engine:
    """An engine whose first connections fail with `errors`."""
    left, real, kept = list(errors), embedded_engine(path), []

    def connect() -> Any:
        if left:
            raise left.pop(0)
        kept.append(real.raw_connection())
        return kept[-1].driver_connection

    options = real.get_execution_options()
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, execution_options=dict(options))
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def busy() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


def test_opening_is_attempted_again_after_a_fault_that_may_pass(path: Path, waits: list[float]) -> None:
    with_budget(path, "0001")
    reader = WarehouseReader(engine_failing(path, busy(), busy(), busy()), Settings())
    assert len(read(reader, QUERY, YEAR)) == 1
    assert len(waits) == 3


def test_a_fault_that_does_not_pass_ends_as_a_timeout_that_may_be_tried_later(path: Path, waits: list[float]) -> None:
    with_budget(path, "0001")
    reader = WarehouseReader(engine_failing(path, *[busy() for _ in range(9)]), Settings())
    error = refused(lambda: read(reader, QUERY, YEAR))
    assert isinstance(error, TransientSourceError)
    assert error.code == "SOURCE_TIMEOUT"
    assert len(waits) == 3


def test_a_connection_lost_in_mid_read_ends_the_read_and_is_not_tried_again(path: Path, waits: list[float]) -> None:
    with_budget(path, *SITES)
    engine, opened = embedded_engine(path), []
    event.listen(engine, "connect", lambda connection, _: opened.append(connection))
    reader = WarehouseReader(engine, Settings())
    batches = reader.batches(QUERY, YEAR, 2)
    assert len(next(batches)) == 2
    opened[-1].interrupt()
    assert refused(lambda: next(batches)).code == "SOURCE_UNAVAILABLE"
    assert (len(opened), waits, reader.reads) == (1, [], [])


def test_a_read_that_is_given_up_half_way_gives_its_connection_back(path: Path) -> None:
    with_budget(path, *SITES)
    engine, closed = embedded_engine(path), []
    event.listen(engine, "close", lambda *_: closed.append(1))
    with closing(cast("Generator[object]", WarehouseReader(engine, Settings()).batches(QUERY, YEAR, 2))) as batches:
        next(batches)
    assert closed == [1]


def test_no_error_repeats_an_address_or_the_drivers_words(path: Path, waits: list[float]) -> None:
    with_budget(path)
    alter(path, "DROP TABLE BUDGET_FINAL")
    error = refused(lambda: read(WarehouseReader(embedded_engine(path), Settings()), QUERY, YEAR))
    for hidden in (str(path), "no such table", "SELECT", "sqlalche.me"):
        assert hidden not in error.message


def test_a_source_that_keeps_failing_is_left_alone_for_a_minute(path: Path, waits: list[float]) -> None:
    with_budget(path, "0001")
    clock = FixedClock(datetime(2025, 4, 10, tzinfo=UTC))
    breaker = CircuitBreaker(clock)
    reader = WarehouseReader(engine_failing(path, *[busy() for _ in range(5)]), Settings(), breaker=breaker)
    refused(lambda: read(reader, QUERY, YEAR))
    assert "left alone" in refused(lambda: read(reader, QUERY, YEAR)).message
    assert "left alone" in refused(lambda: read(reader, QUERY, YEAR)).message
    clock.moment = datetime(2025, 4, 10, 0, 1, tzinfo=UTC)
    assert len(read(reader, QUERY, YEAR)) == 1


def test_a_missing_warehouse_says_how_to_make_one(path: Path) -> None:
    with_budget(path)
    reader = WarehouseReader(embedded_engine(path), Settings())
    path.unlink()
    error = refused(lambda: read(reader, QUERY, YEAR))
    assert (error.code, "townepark demo" in error.message) == ("SOURCE_UNAVAILABLE", True)


def test_hundreds_of_thousands_of_source_rows_leave_as_groups(path: Path) -> None:
    with_budget(path)
    alter(
        path,
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49999) "
        "INSERT INTO vwPAYROLL_SUMMARY SELECT printf('%04d', i % 40), 'VALET', printf('2025-04-%02d', 1 + i % 7), "
        "'Regular', 10000, 155000 FROM n",
    )
    reader = WarehouseReader(embedded_engine(path), Settings())
    window = Window.of_days(date(2025, 4, 1), date(2025, 4, 8))
    rows = read(reader, QUERIES["paid_hours"], window)
    assert len(rows) == 280
    assert sum(row[3] for row in rows) == Decimal(50000)
    assert sum(row[8] for row in rows) == 50000
    assert payroll_summary.name == reader.reads[0].object_name
