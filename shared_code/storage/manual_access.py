"""Roles and scopes that administrators assign by hand: what no nightly feed brings, or takes away.

Source: Data model, "Organisation, access, accounts".
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, String, Table, cast, delete, func, select

from shared_code.sql.bulk import insert_rows
from shared_code.sql.lists import in_list
from shared_code.sql.types import new_identifier
from shared_code.storage import stamps
from shared_code.storage.reference_rows import ROWS_PER_FETCH, SEPARATOR, joined_key
from shared_code.storage.tables.access import app_users

MANUAL = "manual"
"""The source of these rows."""

_PRINCIPAL = func.lower(app_users.c.principal_name, type_=app_users.c.principal_name.type)
"""The principal name as it is compared."""

_STAMP = ("created_at", "created_by", "updated_at", "updated_by", "version")


@dataclass(frozen=True, slots=True)
class User:
    """A user: the number, and the principal name as it was first written."""

    user_id: str
    principal_name: str


def assignments(
    connection: Connection, table: Table, columns: Sequence[str], principals: Collection[str] | None
) -> Iterable[Row[Any]]:
    """The manual rows of `user_roles` or `user_scopes`: principal name, `columns`, version.

    `principals` are names in lower case, None means all. Rows that are asked for by name stay as they are until the
    transaction ends.
    """
    values = [table.c[name] for name in columns]
    statement = (
        select(app_users.c.principal_name, *values, table.c.version)
        .join_from(table, app_users, app_users.c.user_id == table.c.user_id)
        .where(table.c.source == MANUAL)
        .order_by(app_users.c.principal_name, *values)
    )
    if principals is not None:
        locked = statement.with_hint(table, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
        statement = locked.where(in_list(_PRINCIPAL, principals))
    return connection.execute(statement, execution_options={"yield_per": ROWS_PER_FETCH})


def enter_users(connection: Connection, principals: Iterable[str], user_id: str, now: datetime) -> dict[str, User]:
    """The users of these names, by name in lower case; a name never seen becomes a user."""
    wanted = {name.lower(): name for name in principals}
    known = connection.execute(
        select(app_users.c.user_id, app_users.c.principal_name).where(in_list(_PRINCIPAL, wanted))
    )
    users = {row.principal_name.lower(): User(row.user_id, row.principal_name) for row in known}
    new = {name: User(new_identifier(), wanted[name]) for name in sorted(wanted.keys() - users.keys())}
    stamp = tuple(stamps.inserted(user_id, now).values())
    rows = [(user.user_id, user.principal_name, True, *stamp) for user in new.values()]
    insert_rows(connection, app_users, ("user_id", "principal_name", "is_active", *_STAMP), rows)
    return users | new


def assign(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    user_id: str,
    now: datetime,
) -> None:
    """New manual rows: the number of the user, then the values of `columns`."""
    stamp = tuple(stamps.inserted(user_id, now).values())
    insert_rows(connection, table, ("user_id", *columns, "source", *_STAMP), [(*row, MANUAL, *stamp) for row in rows])


def withdraw(connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Take manual rows out: each given as the number of its user and its values."""
    number = func.lower(cast(table.c.user_id, String(36)), type_=String(36))
    whole = joined_key([number, *[table.c[name] for name in columns]])
    connection.execute(
        delete(table)
        .where(table.c.source == MANUAL, in_list(table.c.user_id, {row[0] for row in rows}))
        .where(in_list(whole, {SEPARATOR.join(row) for row in rows}))
    )
