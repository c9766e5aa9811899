"""Connection strings."""

import pytest

from shared_code.errors import ConfigurationError
from shared_code.sql.connection_string import ConnectionString, parse_connection, parse_node


def text(connection: ConnectionString) -> str:
    return connection.text("D")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Server=tcp:h,1433;Database=db", "DRIVER={D};Server={tcp:h,1433};Database=db"),
        ("server = h ; database = db ;", "DRIVER={D};server=h;database=db"),
        ("Server=h;PWD={a;b}}c};UID=u", "DRIVER={D};Server=h;PWD={a;b}}c};UID=u"),
        ("mssql+pyodbc://h:1433/db", "DRIVER={D};Server={h,1433};Database=db"),
        (
            "mssql+pyodbc://u:p%3Bw@h/db?TrustServerCertificate=yes",
            "DRIVER={D};Server=h;Database=db;UID=u;PWD={p;w};TrustServerCertificate=yes",
        ),
        ("mssql+pyodbc:///?odbc_connect=Server%3Dh%3BDatabase%3Ddb", "DRIVER={D};Server=h;Database=db"),
    ],
)
def test_every_accepted_form_is_the_same_connection(value: str, expected: str) -> None:
    assert text(parse_connection("DB_PRIMARY_CONNECTION", value)) == expected


@pytest.mark.parametrize(
    "value", ["", "postgresql://h/db", "Database=db", "mssql+pyodbc://", "Server=h;oops", "mssql://h"]
)
def test_anything_else_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(ConfigurationError, match="DB_PRIMARY_CONNECTION does not describe a database") as caught:
        parse_connection("DB_PRIMARY_CONNECTION", value + ";PWD=hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("edw.example", "DRIVER={D};Server=edw.example"),
        ("edw.example:1433", "DRIVER={D};Server={edw.example,1433}"),
        ("edw.example,1433;Encrypt=no", "DRIVER={D};Server={edw.example,1433};Encrypt=no"),
        (r"host\instance", r"DRIVER={D};Server=host\instance"),
    ],
)
def test_a_node_is_an_address_with_optional_keywords(address: str, expected: str) -> None:
    assert text(parse_node("EDW_HOST", address)) == expected


@pytest.mark.parametrize("address", [" ", "Server=h", "h;oops"])
def test_an_unusable_address_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="EDW_HOST"):
        parse_node("EDW_HOST", address)


def test_a_value_cannot_smuggle_in_another_keyword() -> None:
    connection = ConnectionString((("UID", "u;Server=evil"), ("PWD", "x}y")))
    assert text(connection) == "DRIVER={D};UID={u;Server=evil};PWD={x}}y}"


def test_the_text_form_shows_no_value() -> None:
    assert repr(parse_connection("X", "Server=h;UID=u;PWD=hunter2")) == "ConnectionString(Server, UID, PWD)"


@pytest.mark.parametrize(
    ("value", "names_a_login"),
    [
        ("Server=h;UID=u;PWD=p", True),
        ("Server=h;Authentication=ActiveDirectoryMsi", True),
        ("Server=h;Database=d", False),
    ],
)
def test_a_connection_knows_whether_it_names_a_login(value: str, names_a_login: bool) -> None:
    assert parse_connection("X", value).names_a_login is names_a_login


def test_defaults_do_not_replace_what_is_there() -> None:
    connection = parse_connection("X", "Server=h;encrypt=no").with_defaults({"Encrypt": "yes", "APP": "a"})
    assert text(connection) == "DRIVER={D};Server=h;encrypt=no;APP=a"
