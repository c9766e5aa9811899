"""The text that SQL Server would be sent: the rules for every read."""

import re
from datetime import date

import pytest
from sqlalchemy import Dialect, Executable
from sqlalchemy.dialects import mssql
from sqlalchemy.dialects.mssql.pyodbc import MSDialect_pyodbc

from shared_code.sources.warehouse.catalogue import OTHER_EXPENSE, QUERIES, UNKNOWN_REVENUE_CODES
from shared_code.sources.warehouse.query import FeedQuery
from shared_code.sources.warehouse.window import Window

WINDOW = Window(
    date_from=date(2024, 12, 30),
    date_to_exclusive=date(2025, 1, 3),
    period_from="2024-12",
    period_to="2025-01",
    sites=("0046", "TP01"),
    accounts=("01-0046",),
    revenue_codes=(("VD1", "valet_daily"),),
)
ALL = {
    **QUERIES,
    "other_expense_budget": OTHER_EXPENSE["budget"],
    "other_expense_actual": OTHER_EXPENSE["actual"],
    "unknown_codes": UNKNOWN_REVENUE_CODES,
}
DIALECT: Dialect = MSDialect_pyodbc(paramstyle="qmark")  # type: ignore[no-untyped-call]
TRANSLATED = {"edw": "TP_EDW.dbo", "legion": "TP_LEGION.dbo"}


def text_of(statement: Executable) -> str:
    compiled = statement.compile(  # type: ignore[attr-defined]
        dialect=DIALECT, schema_translate_map=TRANSLATED, render_schema_translate=True
    )
    return re.sub(r"\s+", " ", str(compiled))


def statements_of(query: FeedQuery) -> list[str]:
    made = [query.statement(WINDOW)]
    made += [part(WINDOW) for part in (query.control, query.incomplete) if part is not None]
    return [text_of(statement) for statement in made]


@pytest.mark.parametrize("feed", [feed for feed in ALL if feed != "unit_accounts"])
def test_a_query_reads_named_columns_of_three_part_names_without_dirty_reads(feed: str) -> None:
    for text in statements_of(ALL[feed]):
        assert re.search(r"FROM \[TP_(EDW|LEGION)\]\.dbo\.\[\w+\]", text)
        for forbidden in ("NOLOCK", "READPAST", "MERGE", "##", "SELECT *", "GETDATE", "WITH TIES", "__["):
            assert forbidden not in text.upper().replace("__[POSTCOMPILE", "")


@pytest.mark.parametrize(
    "feed", ["budget", "ledger", "budget_payroll", "daily_revenue", "parking_rates_actual", "paid_hours", "shifts"]
)
def test_sites_travel_as_one_json_parameter(feed: str) -> None:
    for text in statements_of(ALL[feed]):
        assert re.search(
            r"IN \(SELECT \w+\.code COLLATE DATABASE_DEFAULT AS \w+ FROM OPENJSON\(\?\) WITH \(code varchar", text
        )
        assert "0046" not in text


@pytest.mark.parametrize("feed", ["daily_revenue", "parking_rates_actual", "paid_hours", "job_code_rates"])
def test_dates_are_bounded_half_open_without_a_function_around_the_column(feed: str) -> None:
    for text in statements_of(ALL[feed]):
        assert re.search(r"WHERE (\w)\.\[DATE\] >= \? AND \1\.\[DATE\] < \? AND", text)


@pytest.mark.parametrize(
    ("feed", "cast"),
    [
        ("budget", "CAST(b.[BALANCE] AS decimal(19,5))"),
        ("ledger", "CAST(a.[BALANCE] AS decimal(19,5))"),
        ("paid_hours", "CAST(p.[TOTAL_HOURS] AS decimal(19,4))"),
        ("job_code_rates", "CAST(p.[TOTAL_DOLLARS] AS decimal(19,5))"),
        ("schedule_cost", "TRY_CAST(s.[SCHEDULE_COST] AS decimal(18,2))"),
        ("salaries", "CAST(s.[ALLOCATION_PER_COST_CENTER_AMOUNT] AS decimal(19,4))"),
    ],
)
def test_amounts_are_cast_to_exact_decimals_before_they_are_added(feed: str, cast: str) -> None:
    assert all(cast in text for text in statements_of(ALL[feed]))


def test_the_budget_compares_its_text_months_with_varchar_and_the_ledger_its_numbers_with_int() -> None:
    budget = QUERIES["budget"].statement(WINDOW).compile(dialect=DIALECT)  # type: ignore[attr-defined]
    ledger = QUERIES["ledger"].statement(WINDOW).compile(dialect=DIALECT)  # type: ignore[attr-defined]
    assert (budget.params["period_from"], budget.params["period_to"]) == ("202412", "202501")
    assert (ledger.params["period_from"], ledger.params["period_to"]) == (202412, 202501)
    varchar = budget.binds["period_from"].type.dialect_impl(DIALECT)
    assert varchar.get_dbapi_type(_OdbcTypes) == _OdbcTypes.SQL_VARCHAR


class _OdbcTypes:
    SQL_VARCHAR = "varchar"
    SQL_WVARCHAR = "nvarchar"


def test_days_are_bound_as_dates_and_not_as_datetimes() -> None:
    compiled = QUERIES["paid_hours"].statement(WINDOW).compile(dialect=DIALECT)  # type: ignore[attr-defined]
    assert compiled.construct_params()["date_from"] == date(2024, 12, 30)
    assert "date_from" not in compiled._bind_processors


def test_pay_types_are_bound_as_varchar_and_site_lists_as_nvarchar() -> None:
    compiled = QUERIES["paid_hours"].statement(WINDOW).compile(dialect=DIALECT)  # type: ignore[attr-defined]
    pay_type = compiled.binds["premium_pay_types"].type.dialect_impl(DIALECT)
    assert pay_type.get_dbapi_type(_OdbcTypes) == _OdbcTypes.SQL_VARCHAR
    sites = compiled.binds["sites"].type.dialect_impl(DIALECT)
    assert sites.get_dbapi_type(_OdbcTypes) == (_OdbcTypes.SQL_WVARCHAR, 0, 0)


@pytest.mark.parametrize("feed", [feed for feed in ALL if feed != "unit_accounts"])
def test_no_parameter_stands_where_grouping_repeats_it(feed: str) -> None:
    for text in statements_of(ALL[feed]):
        for grouped in re.findall(r"GROUP BY (.*?)(?: ORDER BY|\)|$)", text):
            assert "?" not in grouped


@pytest.mark.parametrize("feed", sorted(ALL))
def test_rows_come_in_the_order_of_their_grain(feed: str) -> None:
    text = text_of(ALL[feed].statement(WINDOW))
    ordered = [name.strip().split(".")[-1] for name in text.rpartition(" ORDER BY ")[2].split(",")]
    assert ordered[: len(ALL[feed].grain)] == list(ALL[feed].grain)
    assert ordered != [""]


def test_every_text_column_is_trimmed_on_the_right() -> None:
    for feed, query in ALL.items():
        text = text_of(query.statement(WINDOW))
        selected = re.findall(r"(\S+) AS (site|job_title|main_account|entity|job_profile|work_role)\b", text)
        assert all("RTRIM(" in source or source.endswith(("END", f".{name}")) for source, name in selected), feed


def test_the_unit_accounts_are_the_result_of_the_procedure_with_two_parameters() -> None:
    query = QUERIES["unit_accounts"]
    assert query.procedure is not None
    statement = query.procedure(Window.of_days(date(2025, 4, 1), date(2025, 5, 1)), "TP_EDW.dbo")
    compiled = statement.compile(dialect=DIALECT)  # type: ignore[attr-defined]
    assert str(compiled) == "EXEC TP_EDW.dbo.spJoin_GP_STATS_with_GL_ACCOUNTS ?, ?"
    assert list(compiled.params.values()) == [date(2025, 4, 1), date(2025, 4, 30)]


def test_a_null_that_is_added_up_has_a_type() -> None:
    text = text_of(QUERIES["daily_revenue"].statement(WINDOW))
    assert "CAST(NULL AS NUMERIC(18, 4)) AS occupied_rooms" in text
    assert "CAST(NULL AS NUMERIC(19, 4)) AS total_net_revenue" in text


def test_the_base_dialect_writes_the_same_text() -> None:
    plain: Dialect = mssql.dialect()  # type: ignore[no-untyped-call]
    compiled = QUERIES["budget"].statement(WINDOW).compile(dialect=plain)  # type: ignore[attr-defined]
    assert "RTRIM(b.[COST_CENTER]) AS site" in str(compiled)
