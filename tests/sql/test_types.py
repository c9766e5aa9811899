"""Column types: exact decimals, moments, identifiers, the same on both databases."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Integer, MetaData, Table, create_engine, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import OperationalError, StatementError

from shared_code.sql.types import (
    ExactDecimal,
    Identifier,
    UtcTimestamp,
    binary,
    long_text,
    new_identifier,
    scaled_integer,
    unicode_text,
)
from tests.support.operational import sql_server

MONEY = ExactDecimal(19, 4)
SQLITE = sqlite.dialect()

amounts = st.decimals(min_value=-(10**14), max_value=10**14, places=4, allow_nan=False, allow_infinity=False)

ledger = Table("ledger", MetaData(), Column("no", Integer, primary_key=True), Column("amount", MONEY))


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        ledger.create(connection)
        yield connection
    engine.dispose()


def _stored(connection: Connection, values: list[Decimal]) -> None:
    connection.execute(ledger.delete())
    connection.execute(insert(ledger), [{"amount": value} for value in values])


@given(st.lists(amounts, min_size=1, max_size=30))
def test_decimals_come_back_as_they_went_in_and_add_up_exactly(connection: Connection, values: list[Decimal]) -> None:
    _stored(connection, values)

    assert list(connection.scalars(select(ledger.c.amount).order_by(ledger.c.no))) == values
    assert connection.scalar(select(func.sum(ledger.c.amount))) == sum(values, Decimal(0))
    assert connection.scalar(select(func.max(ledger.c.amount))) == max(values)


@given(amounts, amounts)
def test_decimals_compare_in_the_database_as_they_compare_outside(
    connection: Connection, stored: Decimal, asked: Decimal
) -> None:
    _stored(connection, [stored])

    assert (connection.scalar(select(func.count()).where(ledger.c.amount > asked)) == 1) == (stored > asked)
    assert (connection.scalar(select(func.count()).where(ledger.c.amount == asked)) == 1) == (stored == asked)


def test_a_tenth_and_two_tenths_are_three_tenths(connection: Connection) -> None:
    _stored(connection, [Decimal("0.1"), Decimal("0.2")])

    assert connection.scalar(select(func.sum(ledger.c.amount))) == Decimal("0.3")


def test_a_decimal_comes_back_with_the_scale_of_its_column(connection: Connection) -> None:
    _stored(connection, [Decimal(5)])

    assert str(connection.scalar(select(ledger.c.amount))) == "5.0000"


@pytest.mark.parametrize(
    ("value", "scale", "scaled"),
    [
        ("1.2345", 4, 12345),
        ("-0.0001", 4, -1),
        ("1E+3", 4, 10_000_000),
        ("9223372036854775807", 0, 2**63 - 1),
        ("-9223372036854775808", 0, -(2**63)),
        ("1." + "0" * 90, 4, 10_000),
        ("0E+999999999", 4, 0),
    ],
)
def test_a_decimal_is_stored_as_an_integer_of_its_scale(value: str, scale: int, scaled: int) -> None:
    assert scaled_integer(Decimal(value), scale) == scaled


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("0.00001", "more than 4 decimals"),
        ("1." + "0" * 90 + "1", "more than 4 decimals"),
        ("1." + "0" * 24 + "1", "more than 4 decimals"),
        ("1E-999999999", "more than 4 decimals"),
        ("922337203685477.5808", "does not fit in 64 bits"),
        ("-922337203685477.5809", "does not fit in 64 bits"),
        ("1E+999999999", "does not fit in 64 bits"),
        ("NaN", "not a number that can be stored"),
        ("sNaN", "not a number that can be stored"),
        ("-Infinity", "not a number that can be stored"),
    ],
)
def test_a_value_that_would_be_rounded_is_refused(value: str, complaint: str) -> None:
    for dialect in (SQLITE, sql_server()):
        with pytest.raises(ValueError, match=complaint):
            MONEY.process_bind_param(Decimal(value), dialect)


def test_a_value_with_more_digits_than_its_column_is_refused_on_both_databases() -> None:
    for dialect in (SQLITE, sql_server()):
        ExactDecimal(9, 6).process_bind_param(Decimal("-999.999999"), dialect)
        with pytest.raises(ValueError, match=r"1000 does not fit in decimal\(9,6\)"):
            ExactDecimal(9, 6).process_bind_param(Decimal(1000), dialect)


def test_a_refused_value_changes_nothing(connection: Connection) -> None:
    _stored(connection, [Decimal(1)])
    with pytest.raises(StatementError, match="more than 4 decimals"):
        connection.execute(insert(ledger), [{"amount": Decimal(2)}, {"amount": Decimal("2.00001")}])

    assert connection.scalar(select(func.sum(ledger.c.amount))) == 1


def test_a_sum_beyond_64_bits_is_an_error_and_not_a_rounding(connection: Connection) -> None:
    _stored(connection, [Decimal("922337203685477.5807"), Decimal("0.0001")])

    with pytest.raises(OperationalError, match="integer overflow"):
        connection.scalar(select(func.sum(ledger.c.amount)))


def test_the_server_gets_decimals_of_the_column_s_scale() -> None:
    bound = MONEY.process_bind_param(Decimal("1.5"), sql_server())

    assert (str(bound), bound) == ("1.5000", Decimal("1.5"))


@pytest.mark.parametrize(("value", "rounded"), [("0.00005", "0.0001"), ("-0.00005", "-0.0001"), ("0.00004", "0.0000")])
def test_quantizing_rounds_ties_away_from_zero(value: str, rounded: str) -> None:
    assert MONEY.quantize(Decimal(value)) == Decimal(rounded)


moments = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5, minutes=45))]),
)


@given(moments)
def test_a_moment_comes_back_in_utc_to_the_millisecond(moment: datetime) -> None:
    kind = UtcTimestamp()
    for dialect in (SQLITE, sql_server()):
        back = kind.process_result_value(kind.process_bind_param(moment, dialect), dialect)
        assert back is not None
        assert back.tzinfo is UTC
        assert timedelta(0) <= moment - back < timedelta(milliseconds=1)


@given(moments, moments)
def test_stored_moments_stand_in_order_of_time(one: datetime, other: datetime) -> None:
    texts = [UtcTimestamp().process_bind_param(moment, SQLITE) for moment in (one, other)]
    cut = [moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000) for moment in (one, other)]

    assert (texts[0] < texts[1]) == (cut[0] < cut[1])


def test_a_moment_on_sqlite_is_text_with_milliseconds_and_z() -> None:
    text = UtcTimestamp().process_bind_param(datetime(2025, 3, 9, 2, 30, 0, 999, tzinfo=UTC), SQLITE)

    assert text == "2025-03-09T02:30:00.000Z"


def test_a_moment_without_its_zone_is_refused() -> None:
    for dialect in (SQLITE, sql_server()):
        with pytest.raises(ValueError, match="needs its zone"):
            UtcTimestamp().process_bind_param(datetime(2025, 1, 1), dialect)  # noqa: DTZ001 - the point of the test


def test_identifiers_of_a_process_grow() -> None:
    made = [new_identifier() for _ in range(10_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {uuid.UUID(identifier).version for identifier in made} == {7}


def test_identifiers_that_threads_make_are_all_different() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: new_identifier(), range(4_000)))

    assert len(set(made)) == len(made)


@pytest.mark.parametrize("text", ["{0196AAAA-0000-7000-8000-000000000001}", "0196AAAA00007000-8000000000000001"])
def test_an_identifier_has_one_form(text: str) -> None:
    for dialect in (SQLITE, sql_server()):
        assert Identifier().process_bind_param(text, dialect) == "0196aaaa-0000-7000-8000-000000000001"


@pytest.mark.parametrize("text", ["", "1", "0196aaaa-0000-7000-8000-00000000000g", "' OR 1=1 --"])
def test_anything_else_is_no_identifier(text: str) -> None:
    with pytest.raises(ValueError, match="is not an identifier"):
        Identifier().process_bind_param(text, SQLITE)


def test_null_stays_null() -> None:
    kinds: list[Any] = [MONEY, UtcTimestamp(), Identifier()]
    for kind in kinds:
        for dialect in (SQLITE, sql_server()):
            assert kind.process_bind_param(None, dialect) is None
            assert kind.process_result_value(None, dialect) is None


@pytest.mark.parametrize(
    ("kind", "on_sqlite", "on_sql_server"),
    [
        (MONEY, "BIGINT", "NUMERIC(19, 4)"),
        (UtcTimestamp(), "VARCHAR(24)", "DATETIME2(3)"),
        (Identifier(), "VARCHAR(36)", "UNIQUEIDENTIFIER"),
        (binary(32), "BLOB", "VARBINARY(32)"),
        (unicode_text(200), "VARCHAR(200)", "NVARCHAR(200)"),
        (long_text(), "TEXT", "NVARCHAR(max)"),
    ],
)
def test_the_types_of_the_columns(kind: Any, on_sqlite: str, on_sql_server: str) -> None:
    assert (kind.compile(SQLITE), kind.compile(sql_server())) == (on_sqlite, on_sql_server)
