"""Many rows in one statement: every type, exactly, on SQLite; and the statement that SQL Server gets."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    func,
    insert,
    select,
)

from shared_code.sql.bulk import ROWS_PER_STATEMENT, insert_rows
from shared_code.sql.sqlite import NO_SCHEMAS
from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp, binary, long_text, unicode_text
from tests.support.operational import sql_server

everything = Table(
    "everything",
    MetaData(),
    Column("no", Integer, primary_key=True),
    Column("key", String(5)),
    Column("title", unicode_text(10)),
    Column("body", long_text()),
    Column("amount", ExactDecimal(19, 4)),
    Column("ratio", ExactDecimal(9, 6)),
    Column("day", Date),
    Column("at", UtcTimestamp()),
    Column("run", Identifier()),
    Column("is_active", Boolean),
    Column("digest", binary(4)),
    Column("count", BigInteger),
    schema="staging",
)
COLUMNS = [column.name for column in everything.columns if column.name != "no"]
RUN = "0196aaaa-0000-7000-8000-000000000001"
FULL = (
    "A1",
    "Señor 😀",
    '{"a": "b"}',
    Decimal("12.5"),
    Decimal("0.333333"),
    date(2024, 2, 29),
    datetime(2025, 1, 31, 23, 30, 0, 123_999, tzinfo=timezone(timedelta(hours=-5))),
    RUN.upper(),
    True,
    b"\x00\xff'\"",
    2**63 - 1,
)
NOTHING = (None,) * len(FULL)
STORED = (
    *FULL[:6],
    datetime(2025, 2, 1, 4, 30, 0, 123_000, tzinfo=UTC),
    RUN,
    *FULL[8:],
)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://", execution_options={"schema_translate_map": NO_SCHEMAS})
    with engine.connect() as connection:
        everything.create(connection)
        yield connection
    engine.dispose()


@pytest.fixture(autouse=True)
def _empty(connection: Connection) -> None:
    connection.execute(everything.delete())


def _rows(connection: Connection) -> list[tuple[Any, ...]]:
    columns = [everything.c[name] for name in COLUMNS]
    return [tuple(row) for row in connection.execute(select(*columns).order_by(everything.c.no))]


@pytest.mark.parametrize("rows", [[FULL, NOTHING], [NOTHING, FULL], [NOTHING, NOTHING], [FULL, FULL]])
def test_every_type_is_stored_as_it_is_and_null_may_come_first(connection: Connection, rows: list[Any]) -> None:
    assert insert_rows(connection, everything, COLUMNS, rows) == 2

    assert _rows(connection) == [STORED if row is FULL else row for row in rows]


def test_bulk_and_single_inserts_store_the_same(connection: Connection) -> None:
    insert_rows(connection, everything, COLUMNS, [FULL])
    connection.execute(insert(everything), [dict(zip(COLUMNS, FULL, strict=True))])

    raw = connection.exec_driver_sql(f"SELECT {', '.join(map(_quoted, COLUMNS))} FROM everything").all()
    assert tuple(raw[0]) == tuple(raw[1])


def _quoted(name: str) -> str:
    return f'"{name}"'


@given(st.lists(st.decimals(min_value=-(10**14), max_value=10**14, places=4), max_size=20))
def test_decimals_of_any_scale_up_to_the_column_s_are_exact(connection: Connection, values: list[Decimal]) -> None:
    connection.execute(everything.delete())
    shortened = [value.normalize() for value in values]

    insert_rows(connection, everything, ["amount"], [(value,) for value in shortened])

    assert connection.scalar(select(func.sum(everything.c.amount))) == (sum(values, Decimal(0)) if values else None)


def test_no_rows_are_no_statement(connection: Connection) -> None:
    assert insert_rows(connection, everything, COLUMNS, iter(())) == 0
    assert _rows(connection) == []


def test_more_rows_than_one_statement_takes_are_all_stored(connection: Connection) -> None:
    wanted = 2 * ROWS_PER_STATEMENT + 1

    assert insert_rows(connection, everything, ["count"], ((number,) for number in range(wanted))) == wanted
    assert connection.scalar(select(func.count(everything.c.count.distinct()))) == wanted


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("amount", Decimal("1.00001"), "more than 4 decimals"),
        ("amount", Decimal("1." + "0" * 30 + "1"), "more than 4 decimals"),
        ("amount", Decimal("1E+15"), "does not fit in 64 bits"),
        ("amount", Decimal("1E+999999999"), "does not fit in 64 bits"),
        ("amount", Decimal("NaN"), "not a number that can be stored"),
        ("amount", Decimal("Infinity"), "not a number that can be stored"),
        ("ratio", Decimal("1000"), r"does not fit in decimal\(9,6\)"),
        ("key", "ABCDEF", "key holds 5 characters"),
        ("title", "x" * 11, "title holds 10 characters"),
        ("title", "\N{RUNNER}" * 6, "title holds 10 characters, .* has 12"),
        ("run", "not an identifier", "is not an identifier"),
        ("at", datetime(2025, 1, 1), "needs its zone"),  # noqa: DTZ001 - the point of the test
    ],
)
def test_a_value_that_its_column_cannot_hold_is_refused_on_both_databases(
    connection: Connection, column: str, value: Any, complaint: str
) -> None:
    for target in (connection, _Server()):
        with pytest.raises(ValueError, match=complaint):
            insert_rows(target, everything, [column], [(None,), (value,)])  # type: ignore[arg-type] # the stand-in

    assert _rows(connection) == []


def test_an_integer_beyond_64_bits_is_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="does not fit in 64 bits"):
        insert_rows(connection, everything, ["count"], [(2**63,)])


class _Server:
    """Takes what would be sent to SQL Server, and sends it nowhere."""

    def __init__(self) -> None:
        self.dialect = sql_server()
        self.sent: list[tuple[str, Sequence[str]]] = []

    def get_execution_options(self) -> dict[str, Any]:
        return {}

    def exec_driver_sql(self, statement: str, parameters: Sequence[str]) -> None:
        self.sent.append((statement, parameters))


def test_sql_server_gets_one_statement_with_one_parameter_for_ten_thousand_rows() -> None:
    server = _Server()
    rows = ((number,) for number in range(ROWS_PER_STATEMENT + 1))

    assert insert_rows(server, everything, ["count"], rows) == ROWS_PER_STATEMENT + 1  # type: ignore[arg-type]

    assert [len(parameters) for _, parameters in server.sent] == [1, 1]
    assert [len(json.loads(parameters[0])) for _, parameters in server.sent] == [ROWS_PER_STATEMENT, 1]


def test_sql_server_opens_the_rows_with_the_types_of_the_columns() -> None:
    server = _Server()

    insert_rows(server, everything, COLUMNS, [NOTHING, FULL])  # type: ignore[arg-type]

    ((statement, (document,)),) = server.sent
    names = "[key], title, body, amount, ratio, day, at, run, is_active, digest, count"
    values = names.replace("digest", "CONVERT(VARBINARY(4), digest, 2)")
    assert statement == (
        f"INSERT INTO staging.everything ({names}) SELECT {values} FROM OPENJSON(?) WITH ("
        "[key] VARCHAR(5) '$[0]', title NVARCHAR(10) '$[1]', body NVARCHAR(max) '$[2]', "
        "amount NUMERIC(19, 4) '$[3]', ratio NUMERIC(9, 6) '$[4]', day DATE '$[5]', at DATETIME2(3) '$[6]', "
        "run UNIQUEIDENTIFIER '$[7]', is_active BIT '$[8]', digest VARCHAR(8) '$[9]', count BIGINT '$[10]')"
    )
    assert json.loads(document) == [
        [None] * len(COLUMNS),
        [
            "A1",
            "Señor 😀",
            '{"a": "b"}',
            "12.5000",
            "0.333333",
            "2024-02-29",
            "2025-02-01T04:30:00.123",
            RUN,
            1,
            "00ff2722",
            2**63 - 1,
        ],
    ]
