"""E16: the ledger's accounts, from its view and, as a second opinion, from its mirror.

Source: Source side, "Extraction queries" and "Ledger master (`TP_EDW.dbo`, connection `ledger`)".
"""

from functools import reduce
from operator import add
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, String, bindparam, case, func, select, union_all
from sqlalchemy import literal_column as sql

from shared_code.sources.warehouse.expressions import compared, key_text, text_list, trimmed_text
from shared_code.sources.warehouse.objects import gl00100, gl_accounts
from shared_code.sources.warehouse.query import OutputColumn, Statement, listing_query
from shared_code.sources.warehouse.window import Window

SEGMENTS = 5


def _rows(window: Window) -> Any:
    return union_all(_view_rows(window), _mirror_rows(window))


def _view_rows(window: Window) -> Statement:
    view = gl_accounts.alias("v")
    return select(
        func.rtrim(view.c.DB_SOURCE, type_=String(20)).label("company_source"),
        key_text(view.c.ACCOUNT_NUMBER).label("account_number"),
        _flag(trimmed_text(view.c.STATUS) == sql("'ACTIVE'")).label("is_active"),
        sql("'view'", String(6)).label("origin"),
    ).where(*_wanted(view.c.ACCOUNT_NUMBER, window))


def _mirror_rows(window: Window) -> Statement:
    mirror = gl00100.alias("g")
    active = mirror.c.ACTIVE
    account = _account_string([mirror.c[f"ACTNUMBR_{number}"] for number in range(1, SEGMENTS + 1)])
    return select(
        bindparam("mirror_source", window.mirror_source, String(20)).label("company_source"),
        account.label("account_number"),
        _flag(active == sql("1")).label("is_active"),
        sql("'mirror'", String(6)).label("origin"),
    ).where(*_wanted(account, window))


def _account_string(segments: list[ColumnElement[str]]) -> ColumnElement[str]:
    """The trimmed segments that are not empty, joined with `-`."""
    dash, nothing = sql("'-'", String()), sql("''", String())
    parts = [
        func.coalesce(dash + func.nullif(trimmed_text(segment), nothing), nothing, type_=String())
        for segment in segments
    ]
    return func.substring(reduce(add, parts), sql("2"), sql("60"), type_=String(60))


def _flag(is_true: ColumnElement[bool]) -> ColumnElement[int]:
    return case((is_true, sql("1", Integer())), else_=sql("0", Integer()))


def _wanted(account: ColumnElement[str], window: Window) -> list[ColumnElement[bool]]:
    if window.accounts is None:
        return []
    return [compared(account).in_(text_list("accounts", [name.strip().upper() for name in window.accounts], 60))]


QUERY = listing_query(
    "E16",
    ("vwGL_ACCOUNTS", "GL00100"),
    (
        OutputColumn("company_source", String(20), required=True),
        OutputColumn("account_number", String(60), required=True, is_key=True),
        OutputColumn("is_active", Boolean()),
        OutputColumn("origin", String(6)),
    ),
    _rows,
    grain=("company_source", "account_number", "origin"),
    then_by=("is_active",),
)
"""Account strings by company (value of `DB_SOURCE`), whether they are active, and where they were found
(`view` or `mirror`).

Window: optional accounts; the company of the mirror.
"""
