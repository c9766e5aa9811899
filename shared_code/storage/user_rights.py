"""What is assigned to a user, and where the sites lie that an assignment names.

Source: Data model, "Organisation, access, accounts".
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select

from shared_code.storage.tables.access import app_users, user_roles, user_scopes
from shared_code.storage.tables.facts import feed_versions
from shared_code.storage.tables.messages import cache_versions
from shared_code.storage.tables.organisation import districts, sites
from shared_code.storage.user_access import permissions_tag

_OBJECT_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class AppUser:
    """A user that exists; an inactive one has no rights."""

    user_id: str
    principal_name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class AssignedScope:
    """What an assignment names: `type` is `site`, `district`, `region` or `all`, `value` a code."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site belongs now: the codes of its district and its region."""

    site_id: str
    district: str | None
    region: str | None
    is_active: bool


RightsVersion = tuple[int, str | None]
"""How often the assignment was changed, and the run that last published the sites."""


def find_user(connection: Connection, subject: str) -> AppUser | None:
    """The user whose principal name equals `subject` without regard to case, else whose Entra object id does.

    Source: REST API, "Authentication".
    """
    name = app_users.c.principal_name
    by_name = or_(name == subject, func.lower(name, type_=name.type) == subject.lower())
    by_id = app_users.c.entra_object_id == subject.lower()
    statement = select(app_users.c.user_id, name, app_users.c.is_active)
    rows = connection.execute(statement.where(or_(by_name, by_id) if _OBJECT_ID.fullmatch(subject) else by_name)).all()
    users = [AppUser(row.user_id, row.principal_name, row.is_active) for row in rows]
    return next((user for user in users if _is_same(user.principal_name, subject)), _by_object_id(users, subject))


def assigned_scopes(connection: Connection, user_id: str) -> dict[str, frozenset[AssignedScope]]:
    """The roles of a user, each with the scopes that are assigned to it."""
    rows = connection.execute(
        select(user_roles.c.role_code, user_scopes.c.scope_type, user_scopes.c.scope_value)
        .select_from(
            user_roles.outerjoin(
                user_scopes,
                and_(user_scopes.c.user_id == user_roles.c.user_id, user_scopes.c.role_code == user_roles.c.role_code),
            )
        )
        .where(user_roles.c.user_id == user_id)
    )
    scopes: defaultdict[str, set[AssignedScope]] = defaultdict(set)
    for role, type_, value in rows:
        scopes[role].update({AssignedScope(type_, value)} if type_ else ())
    return {role: frozenset(assigned) for role, assigned in scopes.items()}


def places(connection: Connection) -> list[Place]:
    """Where every site of the company belongs now."""
    rows = connection.execute(select(sites.c.site_id, sites.c.district_code, sites.c.region_code, sites.c.is_active))
    return [Place(*row) for row in rows]


def regions_of_districts(connection: Connection) -> dict[str, str | None]:
    """The code of the region of every district, by the code of the district."""
    rows = connection.execute(select(districts.c.district_code, districts.c.region_code))
    return {row.district_code: row.region_code for row in rows}


def rights_version(connection: Connection, principal_name: str) -> RightsVersion:
    """What tells whether the rights of a user may have changed."""
    version, run = connection.execute(_VERSION, {"tag": permissions_tag(principal_name)}).one()
    return version or 0, run


def run_of_sites() -> Select[str]:
    """The statement that finds the run that last published the sites."""
    return select(feed_versions.c.sync_run_id).where(feed_versions.c.feed == "sites", feed_versions.c.slice == "all")


_OF_USER: Final = select(cache_versions.c.version).where(
    cache_versions.c.tag == bindparam("tag", type_=cache_versions.c.tag.type)
)
# Built once: almost every request asks this.
_VERSION: Final = select(_OF_USER.scalar_subquery(), run_of_sites().scalar_subquery())


def _is_same(principal_name: str, subject: str) -> bool:
    """Equal in both cases: signs that only one of the two makes equal, such as the Kelvin sign, do not count."""
    return principal_name.lower() == subject.lower() and principal_name.upper() == subject.upper()


def _by_object_id(users: list[AppUser], subject: str) -> AppUser | None:
    """A user found by no name was found by the object id."""
    return next((user for user in users if _OBJECT_ID.fullmatch(subject)), None)
