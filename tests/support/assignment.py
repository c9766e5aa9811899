"""Users of a world, their roles and what these cover."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, func, select, update

from shared_code.services.runtime import Runtime
from shared_code.sql.bulk import insert_rows
from shared_code.sql.types import new_identifier
from shared_code.storage import stamps
from shared_code.storage.tables.access import app_users, user_roles, user_scopes
from shared_code.storage.user_access import permissions_tag
from shared_code.storage.versions import raise_versions

Scope = tuple[str, str]
"""Type (`site`, `district`, `region`, `all`) and value of a scope."""


def assign(runtime: Runtime, user: str, role: str, scopes: Iterable[Scope] = ()) -> None:
    """Give the user the role with exactly these scopes; a name never seen becomes a user."""
    now = runtime.clock.now()
    stamp = stamps.inserted("test", now)
    with runtime.database.writing_lightly() as connection:
        user_id = _user_id(connection, user)
        if user_id is None:
            user_id = new_identifier()
            row = (user_id, user, True, *stamp.values())
            insert_rows(connection, app_users, ("user_id", "principal_name", "is_active", *stamp), [row])
        for table in (user_scopes, user_roles):
            connection.execute(delete(table).where(table.c.user_id == user_id, table.c.role_code == role))
        own = (user_id, role, "manual", *stamp.values())
        insert_rows(connection, user_roles, ("user_id", "role_code", "source", *stamp), [own])
        columns = ("user_id", "role_code", "scope_type", "scope_value", "source", *stamp)
        rows = [(user_id, role, *scope, "manual", *stamp.values()) for scope in scopes]
        insert_rows(connection, user_scopes, columns, rows)
        raise_versions(connection, [permissions_tag(user)], now)


def withdraw_role(runtime: Runtime, user: str, role: str) -> None:
    """Take the role from the user."""
    with runtime.database.writing_lightly() as connection:
        user_id = _user_id(connection, user)
        connection.execute(delete(user_roles).where(user_roles.c.user_id == user_id, user_roles.c.role_code == role))
        raise_versions(connection, [permissions_tag(user)], runtime.clock.now())


def change_user(runtime: Runtime, user: str, **values: object) -> None:
    """Give columns of the user other values."""
    with runtime.database.writing_lightly() as connection:
        connection.execute(update(app_users).where(app_users.c.principal_name == user).values(values))
        raise_versions(connection, [permissions_tag(user)], runtime.clock.now())


def _user_id(connection: Connection, user: str) -> str | None:
    known = select(app_users.c.user_id).where(func.lower(app_users.c.principal_name) == user.lower())
    user_id: str | None = connection.scalar(known)
    return user_id
