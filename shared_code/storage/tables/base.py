"""What every table shares: the metadata, naming, and columns that recur.

Schemas are those of SQL Server; an engine on SQLite translates them to none, so an unqualified table name is
unique over all schemas.

Source: Data model, "Conventions" and "Precision".
"""

from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Column, Integer, MetaData, String
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from shared_code.sql.types import ExactDecimal, Identifier, UtcTimestamp, unicode_text

FORECASTING = "forecasting"
INTEGRATION = "integration"
STAGING = "staging"
ARCHIVE = "archive"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

BALANCE = ExactDecimal(19, 5)
MONEY = ExactDecimal(19, 4)
COMPONENT = ExactDecimal(19, 6)
HOURLY_RATE = ExactDecimal(12, 6)
HOURS = ExactDecimal(12, 4)
HOURS_TOTAL = ExactDecimal(19, 4)
COUNT = ExactDecimal(18, 4)
RATIO = ExactDecimal(9, 6)
SITE_ID = String(20)
JOB_CODE = String(50)
MAIN_ACCOUNT = String(10)
PERIOD = String(7)


def required(name: str, type_: TypeEngine[Any], *parts: SchemaItem, **options: Any) -> Column[Any]:
    """A column that always has a value."""
    return Column(name, type_, *parts, nullable=False, **options)


def optional(name: str, type_: TypeEngine[Any], *parts: SchemaItem, **options: Any) -> Column[Any]:
    """A column whose null means "unknown" or "not given", never zero."""
    return Column(name, type_, *parts, nullable=True, **options)


def standard_columns() -> list[Column[Any]]:
    """Who made and changed a row, when, and how often it changed (`[std]` of the data model)."""
    return [
        required("created_at", UtcTimestamp()),
        required("created_by", unicode_text(256)),
        required("updated_at", UtcTimestamp()),
        required("updated_by", unicode_text(256)),
        required("version", Integer(), server_default="1"),
    ]


def run_columns() -> list[Column[Any]]:
    """The run that published a row (`[run]` of the data model): the way back to query, parameters and time."""
    return [required("sync_run_id", Identifier()), required("loaded_at", UtcTimestamp())]


def flag(name: str, default: int | None = None) -> Column[Any]:
    """A bit; 0 or 1 on SQLite."""
    return required(name, Boolean(), server_default=None if default is None else str(default))


def period_checks(*columns: str) -> list[CheckConstraint]:
    """`YYYY-MM` and nothing else, in the pattern language of either database."""
    form = "'[12][0-9][0-9][0-9]-[01][0-9]'"
    return [
        CheckConstraint(f"{column} {operator} {form}", name=f"{column}_form").ddl_if(dialect=dialect)
        for column in columns or ("period",)
        for dialect, operator in (("sqlite", "GLOB"), ("mssql", "LIKE"))
    ]


def one_of(column: str, *values: str) -> CheckConstraint:
    """A closed list of codes."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def json_check(column: str) -> list[CheckConstraint]:
    """Well-formed JSON, or nothing: `json_valid(NULL)` is 0 in some versions of SQLite, `ISJSON(NULL)` is null."""
    return [
        CheckConstraint(f"{column} IS NULL OR json_valid({column})", name=f"{column}_json").ddl_if(dialect="sqlite"),
        CheckConstraint(f"ISJSON([{column}]) = 1", name=f"{column}_json").ddl_if(dialect="mssql"),
    ]
