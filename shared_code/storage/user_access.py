"""Users, and what the company's own row-level security lets them reach.

Source: Data model, "Organisation, access, accounts" and "Audit, messages, leases, cache"; Source side, "Extraction
queries" (E15).
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, Subquery, delete, exists, func, literal, select, update

from shared_code.sql.bulk import insert_rows
from shared_code.sql.types import new_identifier
from shared_code.storage import stamps
from shared_code.storage.publication import RunStamp, SliceChanges
from shared_code.storage.tables.access import app_users, user_roles, user_scopes
from shared_code.storage.tables.messages import audit_events
from shared_code.storage.tables.staging import stg_user_scopes
from shared_code.storage.upsert import upsert
from shared_code.storage.versions import raise_versions

WORKDAY = "workday"
"""Source of what the feed assigns; rows of source `manual` are never touched."""

ScopeRow = tuple[str, str, str]
"""Principal name, role and site."""


def permissions_tag(principal_name: str) -> str:
    """The tag that counts the changes of what a user may do."""
    return f"permissions:{principal_name}"


def users_by_principal(connection: Connection) -> dict[str, str]:
    """The id of every user by principal name in small letters, as principal names are compared."""
    rows = connection.execute(select(app_users.c.principal_name, app_users.c.user_id))
    return {row.principal_name.lower(): row.user_id for row in rows}


def account_managers_of(connection: Connection, site_id: str) -> set[str]:
    """The principal names, in small letters, of the account managers to whom the site is assigned."""
    rows = connection.scalars(
        select(app_users.c.principal_name)
        .join_from(user_scopes, app_users, app_users.c.user_id == user_scopes.c.user_id)
        .where(
            user_scopes.c.role_code == "account_manager",
            user_scopes.c.scope_type == "site",
            user_scopes.c.scope_value == site_id,
        )
    )
    return {principal.lower() for principal in rows}


def enter_staged_users(connection: Connection, run: RunStamp, user_id: str) -> SliceChanges:
    """Make the staged users that are new, tell every staged row its user, and keep employee ids up to date."""
    staged = stg_user_scopes
    is_new = (staged.c.sync_run_id == run.sync_run_id) & staged.c.user_id.is_(None)
    lowest_id = func.min(staged.c.employee_id)
    new = connection.execute(
        select(staged.c.principal_name, lowest_id).where(is_new).group_by(staged.c.principal_name)
    ).all()
    stamp = stamps.inserted(user_id, run.loaded_at)
    insert_rows(
        connection,
        app_users,
        ("user_id", "principal_name", "employee_id", "is_active", *stamp),
        [(new_identifier(), principal, employee_id, True, *stamp.values()) for principal, employee_id in new],
    )
    if new:
        found = select(app_users.c.user_id).where(app_users.c.principal_name == staged.c.principal_name)
        connection.execute(update(staged).where(is_new).values(user_id=found.scalar_subquery()))
    of_user = (staged.c.sync_run_id == run.sync_run_id) & (staged.c.user_id == app_users.c.user_id)
    employee_id = select(lowest_id).where(of_user).scalar_subquery()
    changed = connection.execute(
        update(app_users)
        .where(employee_id.is_not(None), app_users.c.employee_id.is_distinct_from(employee_id))
        .values(employee_id=employee_id, **stamps.updated(app_users, user_id, run.loaded_at))
    )
    return SliceChanges(len(new), changed.rowcount)


def replace_workday_access(connection: Connection, run: RunStamp, user_id: str) -> SliceChanges:
    """Give the users the staged roles and sites, and take those away that the feed had given and lists no longer.

    Every change is audited, and raises the version of its user's permissions.
    """
    added, removed = _added(connection, run), _removed(connection, run)
    _audit(connection, run, user_id, added, removed)
    raise_versions(connection, {permissions_tag(row[0]) for row in (*added, *removed)}, run.loaded_at)
    staged = _assignments(run)
    roles = select(staged.c.user_id, staged.c.role_code, staged.c.source).distinct().subquery("roles")
    inserted = deleted = 0
    for table, source in ((user_roles, roles), (user_scopes, staged)):
        key = tuple(column.name for column in source.c)
        listed = exists(select(1).where(*[source.c[name] == table.c[name] for name in key]))
        deleted += connection.execute(delete(table).where(table.c.source == WORKDAY, ~listed)).rowcount
        stamp = stamps.inserted(user_id, run.loaded_at)
        inserted += upsert(connection, table, source, key, (), on_insert=stamp, on_update={}).inserted
    return SliceChanges(inserted, deleted=deleted)


def _assignments(run: RunStamp) -> Subquery:
    """The staged assignments in the form of `user_scopes`."""
    staged = stg_user_scopes
    return (
        select(
            staged.c.user_id,
            staged.c.role_code,
            literal("site", String(10)).label("scope_type"),
            staged.c.scope_value,
            literal(WORKDAY, String(10)).label("source"),
        )
        .where(staged.c.sync_run_id == run.sync_run_id)
        .distinct()
        .subquery("assignments")
    )


def _audit(
    connection: Connection, run: RunStamp, user_id: str, added: Iterable[ScopeRow], removed: Iterable[ScopeRow]
) -> None:
    """One entry for each site that a user may see or may see no longer: the role that opens it is the value."""
    changes = [(*row, None, row[1]) for row in added] + [(*row, row[1], None) for row in removed]
    insert_rows(
        connection,
        audit_events,
        (
            "occurred_at",
            "user_id",
            "on_behalf",
            "site_id",
            "module",
            "item_key",
            "field",
            "old_value",
            "new_value",
            "source",
            "request_id",
        ),
        [
            (
                run.loaded_at,
                user_id,
                False,
                site,
                "security",
                principal[:200],
                "scope",
                old,
                new,
                "system",
                run.sync_run_id,
            )
            for principal, _, site, old, new in sorted(changes, key=itemgetter(0, 2, 1))
        ],
    )


def _added(connection: Connection, run: RunStamp) -> list[ScopeRow]:
    staged = _assignments(run)
    known = exists(select(1).where(*[user_scopes.c[column.name] == column for column in staged.c]))
    return _named(connection, staged, ~known)


def _removed(connection: Connection, run: RunStamp) -> list[ScopeRow]:
    staged = _assignments(run)
    listed = exists(select(1).where(*[user_scopes.c[column.name] == column for column in staged.c]))
    return _named(connection, user_scopes, (user_scopes.c.source == WORKDAY) & ~listed)


def _named(connection: Connection, assignments: Any, condition: ColumnElement[bool]) -> list[ScopeRow]:
    """The assignments that satisfy `condition`, with the principal names of their users."""
    rows = connection.execute(
        select(app_users.c.principal_name, assignments.c.role_code, assignments.c.scope_value)
        .join_from(assignments, app_users, app_users.c.user_id == assignments.c.user_id)
        .where(condition)
    )
    return [(principal, role, site) for principal, role, site in rows]
