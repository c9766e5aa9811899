"""The objects of the warehouse that the product reads, with exactly the columns it reads.

One definition serves both dialects. `edw` and `legion` are logical schemas: an engine translates them to
`TP_EDW.dbo` and `TP_LEGION.dbo` on SQL Server, and to the names of the embedded file on SQLite. Names are the
warehouse's own. Every column may be null: nothing that arrives from outside is taken for granted.

Source: Source side, "Source objects".
"""

from datetime import datetime

from sqlalchemy import Column, Date, DateTime, Index, Integer, MetaData, String, Table, Unicode
from sqlalchemy.dialects import mssql
from sqlalchemy.types import TypeEngine

from shared_code.sql.types import ExactDecimal

EDW = "edw"
"""Logical schema of the finance, revenue, people and ledger objects (`TP_EDW`)."""

LEGION = "legion"
"""Logical schema of the time sheets and schedules (`TP_LEGION`)."""

METADATA = MetaData()
"""Every warehouse object: `METADATA.tables` by `schema.name`, `METADATA.sorted_tables` for all."""


def _text(length: int) -> TypeEngine[str]:
    """`char(length)` or `varchar(length)`; on SQLite compared without regard to case, as the warehouse does."""
    return String(length).with_variant(String(length, collation="NOCASE"), "sqlite")


def _unicode(length: int) -> TypeEngine[str]:
    """`nvarchar(length)`; on SQLite compared without regard to case."""
    return Unicode(length).with_variant(Unicode(length, collation="NOCASE"), "sqlite")


def _moment() -> TypeEngine[datetime]:
    """`datetime2`: a wall-clock time of the warehouse, which carries no zone."""
    return DateTime().with_variant(mssql.DATETIME2(), "mssql")  # type: ignore[no-untyped-call]


def _balance() -> ExactDecimal:
    """Ledger and budget amounts: dollars, hours or counts at 5 decimals."""
    return ExactDecimal(19, 5)


def _amount() -> ExactDecimal:
    """Dollars, or a value of a daily fact, at 4 decimals."""
    return ExactDecimal(19, 4)


def _quantity() -> ExactDecimal:
    """Hours or vehicles at 4 decimals."""
    return ExactDecimal(18, 4)


budget_final = Table(
    "BUDGET_FINAL",
    METADATA,
    Column("COST_CENTER", _text(4)),
    Column("PERIOD", _text(6)),
    Column("MAIN_ACCOUNT", _text(4)),
    Column("BALANCE", _balance()),
    Index("ix_BUDGET_FINAL", "PERIOD", "COST_CENTER"),
    schema=EDW,
)
"""Approved monthly budget by account, ledger sign; `PERIOD` is text `yyyyMM`.

Source: Source side, "Finance (`TP_EDW.dbo`)".
"""

budget_datatab_pr = Table(
    "BUDGET_DATATAB_PR",
    METADATA,
    Column("COST_CENTER", _text(4)),
    Column("YEAR", Integer),
    Column("MONTH", Integer),
    Column("JOB_CATEGORY", _text(50)),
    Column("JOB_PROFILE", _text(100)),
    Column("BALANCE_DESC", _text(50)),
    Column("BALANCE", _balance()),
    Index("ix_BUDGET_DATATAB_PR", "YEAR", "MONTH", "COST_CENTER"),
    schema=EDW,
)
"""Payroll budget by job profile: `PR Hours` rows in hours, `Payroll` rows in dollars.

Source: Source side, "Finance (`TP_EDW.dbo`)".
"""

account_summary = Table(
    "ACCOUNT_SUMMARY",
    METADATA,
    Column("COST_CENTER", _text(4)),
    Column("PERIOD", Integer),
    Column("MAIN_ACCOUNT", _text(4)),
    Column("BALANCE", _balance()),
    Column("ENTITY", _text(2)),
    Column("ACCOUNT_INDEX", Integer),
    Index("ix_ACCOUNT_SUMMARY", "PERIOD", "COST_CENTER"),
    schema=EDW,
)
"""Posted ledger balances by account and entity, ledger sign; `PERIOD` is a number `yyyyMM`.

Source: Source side, "Finance (`TP_EDW.dbo`)".
"""

chart_of_account = Table(
    "CHART_OF_ACCOUNT",
    METADATA,
    Column("MAIN_ACCOUNT", _text(4)),
    Column("ACCOUNT_NAME", _text(100)),
    Column("IS_SUMMARY_CATEGORY", _text(50)),
    schema=EDW,
)
"""Accounts with the category that decides their P&L line.

Source: Source side, "Finance (`TP_EDW.dbo`)".
"""

revenue_daily_detail = Table(
    "REVENUE_DAILY_DETAIL",
    METADATA,
    Column("SITE", _text(4)),
    Column("DATE", Date),
    Column("REVENUE_CATEGORY", _text(100)),
    Column("REVENUE_CODE", _text(5)),
    Column("VEHICLECOUNT", _quantity()),
    Column("NETEXTERNALREVENUE", _amount()),
    Index("ix_REVENUE_DAILY_DETAIL", "DATE", "SITE"),
    schema=EDW,
)
"""Daily vehicles and net external revenue (dollars, positive) by revenue code.

Source: Source side, "Revenue and vehicles (`TP_EDW.dbo`)".
"""

revenue_daily_detail_invoice = Table(
    "vwREVENUE_DAILY_DETAIL_INVOICE",
    METADATA,
    Column("SITE", _text(4)),
    Column("DATE", Date),
    Column("REVENUE_CODE", _text(5)),
    Column("VEHICLECOUNT", _quantity()),
    Column("NETEXTERNALREVENUE", _amount()),
    Index("ix_vwREVENUE_DAILY_DETAIL_INVOICE", "DATE", "SITE"),
    schema=EDW,
)
"""Accepted daily revenue, for parking rates only: never mixed with `revenue_daily_detail` in one figure.

Source: Source side, "Revenue and vehicles (`TP_EDW.dbo`)".
"""

revenue_datamart_daily = Table(
    "REVENUE_DATAMART_DAILY",
    METADATA,
    Column("SITE", _text(4)),
    Column("DATE", Date),
    Column("REVENUE_CATEGORY", _text(100)),
    Column("VALUE_TYPE", _text(20)),
    Column("VALUE", _amount()),
    Column("REVENUE_CODE", _text(5)),
    Column("DW_LOADED_DTTM", _moment()),
    Index("ix_REVENUE_DATAMART_DAILY", "DATE", "SITE"),
    schema=EDW,
)
"""Daily facts in long form: `VALUE_TYPE` `Revenue`, `Vehicles` or `Other` (occupied rooms).

Source: Source side, "Revenue and vehicles (`TP_EDW.dbo`)".
"""

payroll_summary = Table(
    "vwPAYROLL_SUMMARY",
    METADATA,
    Column("WORK_LOCATION", _text(10)),
    Column("TITLE", _text(100)),
    Column("DATE", Date),
    Column("PAY_TYPE", _text(50)),
    Column("TOTAL_HOURS", _quantity()),
    Column("TOTAL_DOLLARS", _amount()),
    Index("ix_vwPAYROLL_SUMMARY", "DATE", "WORK_LOCATION"),
    schema=LEGION,
)
"""Paid hours and dollars by location, title, day and pay type; not unique, corrections are negative.

Source: Source side, "Labour (`TP_LEGION.dbo`)".
"""

shift_entity = Table(
    "SHIFT_ENTITY",
    METADATA,
    Column("LOCATION_EXTERNAL_ID", _text(10)),
    Column("WORK_ROLE", _text(100)),
    Column("YEAR", Integer),
    Column("DAY_OF_THE_YEAR", Integer),
    Column("REGULAR_MINUTES", Integer),
    Column("OVERTIME_MINUTES", Integer),
    Column("DOUBLE_OVERTIME_MINUTES", Integer),
    Column("EMPLOYEE_EXTERNAL_ID", _text(50)),
    Column("SCHEDULE_WEEK", Integer),
    Column("START_DATE", _moment()),
    Column("END_DATE", _moment()),
    Column("DELETED", _text(3)),
    Index("ix_SHIFT_ENTITY", "YEAR", "DAY_OF_THE_YEAR", "LOCATION_EXTERNAL_ID"),
    schema=LEGION,
)
"""Planned shifts in minutes; the day is `YEAR` + `DAY_OF_THE_YEAR`, `DELETED` is `Yes` or `No`.

Source: Source side, "Labour (`TP_LEGION.dbo`)".
"""

schedule_cost_entity = Table(
    "SCHEDULE_COST_ENTITY",
    METADATA,
    Column("LOCATION_EXTERNAL_ID", _text(10)),
    Column("WORK_ROLE", _text(100)),
    Column("YEAR", Integer),
    Column("DAY_OF_THE_YEAR", Integer),
    Column("SCHEDULE_COST", _text(50)),
    Index("ix_SCHEDULE_COST_ENTITY", "YEAR", "DAY_OF_THE_YEAR", "LOCATION_EXTERNAL_ID"),
    schema=LEGION,
)
"""Schedule cost in dollars as text, as the scheduling system sees it.

Source: Source side, "Labour (`TP_LEGION.dbo`)".
"""

master_non_financial = Table(
    "MASTER_NON_FINANCIAL",
    METADATA,
    Column("SITE", _text(4)),
    Column("SITE_NAME", _text(200)),
    Column("DISTRICT", _text(100)),
    Column("SVP_REGION", _text(50)),
    Column("LEGAL_ENTITY", _text(100)),
    Column("PL_CATEGORY", _text(50)),
    Column("COG_SEGMENT", _text(50)),
    Column("BUSINESS_SEGMENT", _text(50)),
    Column("P_CONTRACT_TYPE", _text(200)),
    Column("GL_STRING", _text(50)),
    Column("FIRST_WORKED_DATE", Date),
    Column("LAST_WORKED_DATE", Date),
    Column("TOTAL_ROOMS_AVAILABLE", _text(20)),
    Column("TOTAL_AVAILABLE_PARKING", _text(20)),
    schema=EDW,
)
"""Site master. The two totals are text; `NULL`, `N/A` and blanks mean "no value".

Source: Source side, "Organisation and people (`TP_EDW.dbo`)".
"""

workday_site_managers = Table(
    "WORKDAY_SITE_MANAGERS",
    METADATA,
    Column("SITE", _text(10)),
    Column("ACCT_MGR_EMPLOYEE_ID", _text(50)),
    schema=EDW,
)
"""Account managers of a site, one or more rows; `SITE` is blank-padded.

Source: Source side, "Organisation and people (`TP_EDW.dbo`)".
"""

workday_rls_bisecurity = Table(
    "WORKDAY_RLS_BISECURITY",
    METADATA,
    Column("UPN", _unicode(256)),
    Column("EMPLOYEE_ID", _text(50)),
    Column("JOB_PROFILE", _text(50)),
    Column("COST_CENTER", _text(10)),
    Column("SITE", _text(10)),
    Column("DISTRICT", _text(100)),
    schema=EDW,
)
"""Which user answers for which cost center, site and district.

Source: Source side, "Organisation and people (`TP_EDW.dbo`)".
"""

workday_site_salaries = Table(
    "WORKDAY_SITE_SALARIES",
    METADATA,
    Column("EMPLOYEE_ID", _text(50)),
    Column("COST_CENTER", _text(10)),
    Column("JOB_PROFILE", _text(100)),
    Column("TOTAL_BASEPAY_ANNUALIZED_AMOUNT", _amount()),
    Column("ALLOCATION_PER_COST_CENTER_AMOUNT", _amount()),
    Column("DISTRIBUTION_PERCENT", ExactDecimal(9, 4)),
    Column("DW_LOAD_DATE", Date),
    schema=EDW,
)
"""Annual salary in dollars, and its allocation to cost centers (`DISTRIBUTION_PERCENT` 0-100).

Source: Source side, "Organisation and people (`TP_EDW.dbo`)".
"""

workday_wage_rate = Table(
    "WORKDAY_WAGE_RATE",
    METADATA,
    Column("EMPLOYEE_ID", _text(50)),
    Column("LOCATION_SITE", _text(10)),
    Column("CostCenterCode", _text(10)),
    Column("JOB", _text(200)),
    Column("JobProfileCode", _text(100)),
    schema=EDW,
)
"""Active employees with their site and job profile; the pay rate itself is not read.

Source: Source side, "Organisation and people (`TP_EDW.dbo`)".
"""

gl_accounts = Table(
    "vwGL_ACCOUNTS",
    METADATA,
    Column("ACCOUNT_NUMBER", _text(50)),
    Column("STATUS", _text(20)),
    Column("DB_SOURCE", _text(20)),
    Index("ix_vwGL_ACCOUNTS", "ACCOUNT_NUMBER"),
    schema=EDW,
)
"""Ledger accounts of every company; the key is `DB_SOURCE` x `ACCOUNT_NUMBER`.

Source: Source side, "Ledger master (`TP_EDW.dbo`, connection `ledger`)".
"""

gl00100 = Table(
    "GL00100",
    METADATA,
    Column("ACTNUMBR_1", _text(9)),
    Column("ACTNUMBR_2", _text(9)),
    Column("ACTNUMBR_3", _text(9)),
    Column("ACTNUMBR_4", _text(9)),
    Column("ACTNUMBR_5", _text(9)),
    Column("ACTIVE", Integer),
    schema=EDW,
)
"""Ledger mirror of one company: blank-padded segments, `ACTIVE` 1 or 0.

Source: Source side, "Ledger master (`TP_EDW.dbo`, connection `ledger`)".
"""

gp_stats = Table(
    "GP_STATS",
    METADATA,
    Column("DATE", Date),
    Column("SITE", _text(4)),
    Column("MAIN_ACCOUNT", _text(4)),
    Column("REVENUE_CATEGORY", _text(100)),
    Column("CATEGORY", _text(100)),
    Column("GL_STRING", _text(50)),
    Column("VALUE", _amount()),
    Column("ACCOUNT_DESCRIPTION", _text(100)),
    Column("STATUS", _text(20)),
    Index("ix_GP_STATS", "DATE", "SITE"),
    schema=EDW,
)
"""Embedded stand-in for the result of `spJoin_GP_STATS_with_GL_ACCOUNTS`, which exists on SQL Server only.

Its columns are the procedure's output, plus `DATE`, a day of the month that the row belongs to: the rows from the
procedure's `@StartDate` to its `@EndDate`, both included, are its result.

Source: Source side, "Procedures" and "Extraction queries".
"""
