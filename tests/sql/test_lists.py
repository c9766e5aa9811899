"""Lists of any length as one parameter, and months of dates."""

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Connection,
    Date,
    MetaData,
    String,
    Table,
    Unicode,
    create_engine,
    event,
    insert,
    literal,
    select,
)

from shared_code.sql.dates import month_of
from shared_code.sql.lists import in_list
from shared_code.sql.types import Identifier
from tests.support.operational import sql_server, t_sql

places = Table("places", MetaData(), Column("code", String(20)), Column("opened", Date), Column("run", Identifier()))


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        places.create(connection)
        yield connection
    engine.dispose()


def _store(connection: Connection, codes: list[str]) -> None:
    connection.execute(places.delete())
    if codes:
        connection.execute(insert(places), [{"code": code, "opened": date(2025, 2, 28), "run": None} for code in codes])


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@given(st.lists(texts, unique=True), st.lists(texts, unique=True))
def test_a_value_is_found_when_it_is_in_the_list(connection: Connection, codes: list[str], wanted: list[str]) -> None:
    _store(connection, codes)

    found = connection.scalars(select(places.c.code).where(in_list(places.c.code, wanted)))

    assert set(found) == set(codes) & set(wanted)


def test_five_thousand_values_are_one_parameter(connection: Connection) -> None:
    codes = [f"S{number:04d}" for number in range(6_000)]
    _store(connection, codes)
    sent: list[object] = []

    def note(one: object, two: object, statement: str, parameters: object, *rest: object) -> None:
        sent.append(parameters)

    event.listen(connection, "before_cursor_execute", note)
    found = connection.scalars(select(places.c.code).where(in_list(places.c.code, codes[:5_000]))).all()
    event.remove(connection, "before_cursor_execute", note)

    assert sorted(found) == codes[:5_000]
    assert [len(parameters) for parameters in sent if isinstance(parameters, tuple)] == [1]


def test_an_empty_list_holds_nothing(connection: Connection) -> None:
    _store(connection, ["A"])

    assert connection.scalars(select(places.c.code).where(in_list(places.c.code, []))).all() == []
    assert connection.scalars(select(places.c.code).where(~in_list(places.c.code, []))).all() == ["A"]


def test_values_that_look_like_sql_or_json_are_only_values(connection: Connection) -> None:
    hostile = ["'); DROP TABLE places; --", '"]', "%", "\\", "null", "1"]
    _store(connection, ["A", *hostile[2:]])

    assert set(connection.scalars(select(places.c.code).where(in_list(places.c.code, hostile)))) == set(hostile[2:])


def test_sql_server_opens_the_list_and_casts_its_values_to_the_type_of_the_column() -> None:
    query = select(places.c.code).where(in_list(places.c.code, ["B", "A"]), in_list(places.c.run, ["x"]))

    statement = t_sql(query)

    assert (
        "places.code IN (SELECT CAST(anon_1.value AS VARCHAR(20)) AS value \nFROM OPENJSON(:param_1) AS anon_1)"
        in statement
    )
    assert "places.run IN (SELECT CAST(anon_2.value AS UNIQUEIDENTIFIER) AS value" in statement
    assert query.compile(dialect=sql_server()).params["param_1"] == '["A", "B"]'


def test_a_value_that_is_longer_than_the_type_is_not_cut_by_the_cast() -> None:
    key = places.c.opened.cast(String(10)) + literal("/") + places.c.code

    assert "CAST(anon_1.value AS VARCHAR(8000))" in t_sql(select(1).where(in_list(key, ["2025-02-01/A"])))
    assert "CAST(anon_1.value AS VARCHAR(8000))" in t_sql(select(1).where(in_list(places.c.code, ["A" * 21])))
    named = Column("name", Unicode(5))
    assert "CAST(anon_1.value AS NVARCHAR(4000))" in t_sql(select(1).where(in_list(named, ["Zürich"])))


def test_two_lists_of_different_length_are_one_statement_to_the_cache() -> None:
    keys = [
        select(places).where(in_list(places.c.code, values))._generate_cache_key() for values in (["A"], ["A", "B"])
    ]

    assert keys[0] is not None
    assert keys[0] == keys[1]


def test_the_month_of_a_date_is_its_year_and_month(connection: Connection) -> None:
    _store(connection, ["A"])

    assert connection.scalar(select(month_of(places.c.opened))) == "2025-02"
    assert t_sql(select(month_of(places.c.opened).label("period"))).startswith(
        "SELECT CONVERT(char(7), places.opened, 126) AS period"
    )
