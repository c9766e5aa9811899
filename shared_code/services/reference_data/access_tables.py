"""Roles and scopes that administrators assign, by principal name.

Source: Data model, "Reference data that no feed brings"; REST API, "Scopes, roles and sites".
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Table

from shared_code.security.roles import Role
from shared_code.services.reference_data.codes import unknown
from shared_code.services.reference_data.fields import Fields
from shared_code.services.reference_data.merging import Change, Key, Stored
from shared_code.services.reference_data.reference_table import Check, ImportContext, ReadRow, ReferenceTable
from shared_code.services.reference_data.report import Action, Finding
from shared_code.storage import manual_access, versions
from shared_code.storage.tables.access import user_roles, user_scopes
from shared_code.storage.tables.organisation import districts, regions, sites
from shared_code.storage.user_access import permissions_tag


class ScopeType(StrEnum):
    """What a scope names."""

    SITE = "site"
    DISTRICT = "district"
    REGION = "region"
    ALL = "all"


ALL_SITES = "*"
"""The value of a scope that covers every site."""

_PRINCIPAL = re.compile(r"[^\s\x00-\x1f\x7f]{1,256}")
_MASTERS = {
    ScopeType.SITE: sites.c.site_id,
    ScopeType.DISTRICT: districts.c.district_code,
    ScopeType.REGION: regions.c.region_code,
}


def access_tables() -> list[ReferenceTable]:
    """The tables of this module."""
    return [
        _access_table(user_roles, "role of a user", ("role_code",), _read_role),
        _access_table(
            user_scopes, "scope of a user", ("role_code", "scope_type", "scope_value"), _read_scope, _check_scopes
        ),
    ]


def _read_role(fields: Fields) -> tuple[str, ...]:
    return (fields.choice("role_code", Role).value,)


def _read_scope(fields: Fields) -> tuple[str, ...]:
    role, type_ = fields.choice("role_code", Role), fields.choice("scope_type", ScopeType)
    if type_ is ScopeType.ALL:
        value = fields.text("scope_value", 100, default=ALL_SITES)
        if value != ALL_SITES:
            fields.note("scope_value", value, "does not go with scope_type all", f"{ALL_SITES} or nothing")
    else:
        value = fields.text("scope_value", 100)
    return (role.value, type_.value, value.upper() if type_ is ScopeType.SITE else value)


def _access_table(
    table: Table,
    what: str,
    columns: Sequence[str],
    read_values: Callable[[Fields], tuple[str, ...]],
    check: Check = lambda connection, changes, stored: (),
) -> ReferenceTable:
    """A table whose rows are nothing but their key; the principal is compared without case."""

    def read(fields: Fields) -> ReadRow:
        principal = fields.text("principal_name", 256)
        if principal and not _PRINCIPAL.fullmatch(principal):
            fields.note("principal_name", principal, "is no principal name", "a name without blanks")
        return ReadRow((principal.lower(), *read_values(fields)), principal, {})

    def load(connection: Connection, keys: Collection[Key]) -> Mapping[Key, Stored]:
        rows = manual_access.assignments(connection, table, columns, {key[0] for key in keys})
        return {(row[0].lower(), *row[1:-1]): Stored(row[0], {}, row.version) for row in rows}

    def write(context: ImportContext, changes: Sequence[Change]) -> None:
        who = context.operator, context.now
        names = {change.key[0]: change.stored.content if change.stored else change.entry.content for change in changes}
        users = manual_access.enter_users(context.connection, names.values(), *who)
        rows = {
            action: [(users[c.key[0]].user_id, *c.key[1:]) for c in changes if c.action is action] for action in Action
        }
        if rows[Action.DELETE]:
            manual_access.withdraw(context.connection, table, columns, rows[Action.DELETE])
        manual_access.assign(context.connection, table, columns, rows[Action.ADD], *who)
        tags = [permissions_tag(user.principal_name) for user in users.values()]
        versions.raise_versions(context.connection, tags, context.now)

    def export(connection: Connection) -> Iterator[Mapping[str, Any]]:
        for row in manual_access.assignments(connection, table, columns, None):
            yield {name: str(value) for name, value in zip(names_of_file, row, strict=True)}

    names_of_file = ("principal_name", *columns, "version")
    return ReferenceTable(
        name=table.name,
        what=what,
        columns=names_of_file[:-1],
        key_length=len(columns) + 1,
        read_key=lambda fields: read(fields).key,
        read=read,
        load=load,
        write=write,
        export=export,
        check=check,
    )


def _check_scopes(
    connection: Connection,
    changes: Sequence[Change],
    stored: Mapping[Key, Stored],  # noqa: ARG001 - the signature of a check
) -> Iterator[Finding]:
    """What a scope names must exist."""
    for type_, column in _MASTERS.items():
        named = [(change, "scope_value", change.key[3]) for change in changes if change.key[2] == type_]
        if named:
            yield from unknown(connection, column, type_.value, named)
