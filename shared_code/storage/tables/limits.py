"""Limits of decimal columns, in the form that either database stores them.

On SQLite a decimal is an integer of value × 10^scale, and a limit in a check has to be one too.

Source: Data model, "SQLite mapping".
"""

from sqlalchemy import CheckConstraint

from shared_code.sql.types import ExactDecimal


def between(column: str, type_: ExactDecimal, lowest: int, highest: int) -> list[CheckConstraint]:
    """The value of `column`, of type `type_`, lies from `lowest` to `highest`; null is allowed."""
    unit = 10**type_.scale
    return [
        CheckConstraint(f"{column} BETWEEN {lowest * factor} AND {highest * factor}", name=f"{column}_limits").ddl_if(
            dialect=dialect
        )
        for dialect, factor in (("sqlite", unit), ("mssql", 1))
    ]


def not_negative(*columns: str) -> list[CheckConstraint]:
    """The value of each column is 0 or more; null is allowed."""
    return [CheckConstraint(f"{column} >= 0", name=column) for column in columns]
