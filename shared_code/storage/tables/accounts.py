"""The chart of accounts and the P&L line of every account.

Source: Data model, "Organisation, access, accounts"; Source side, "P&L lines".
"""

from sqlalchemy import String, Table

from shared_code.sql.types import unicode_text
from shared_code.storage.tables.base import (
    FORECASTING,
    MAIN_ACCOUNT,
    flag,
    metadata,
    one_of,
    optional,
    required,
    run_columns,
    standard_columns,
)

accounts = Table(
    "accounts",
    metadata,
    required("main_account", MAIN_ACCOUNT, primary_key=True),
    required("name", unicode_text(100)),
    optional("summary_category", String(50)),
    required("pnl_line", String(20)),
    flag("is_forecastable", 0),
    *run_columns(),
    *standard_columns(),
    one_of(
        "pnl_line",
        "external_revenue",
        "internal_revenue",
        "payroll",
        "claims",
        "parking_rents",
        "other_expense",
        "pteb",
        "insurance",
        "occupied_rooms",
        "statistic",
        "unmapped",
    ),
    schema=FORECASTING,
)
