"""A development user: a token, and the assignment of a role that makes it count. In the embedded default alone.

Source: Architecture, "The command line"; REST API, "Authentication".
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table

from shared_code.domain.site_scope import SiteScope
from shared_code.errors import InvalidInputError
from shared_code.security.development import DevelopmentIssuer
from shared_code.security.roles import COMPANY_WIDE, SCOPES, Role, granted_by
from shared_code.services.runtime import Runtime
from shared_code.storage import audit, manual_access, site_history, sites, versions
from shared_code.storage.audit import AuditEntry
from shared_code.storage.manual_access import User
from shared_code.storage.tables.access import user_roles, user_scopes
from shared_code.storage.user_access import permissions_tag

_ROLE, _SCOPE = ("role_code",), ("role_code", "scope_type", "scope_value")
_WITHOUT_SITES = COMPANY_WIDE | {Role.BILLING_ADMIN}

Names = Sequence[str]


@dataclass(frozen=True, slots=True)
class DevelopmentToken:
    """A token with what it carries; sites, districts and regions (codes) are those that were asked for."""

    token: str
    token_type: str
    expires_at: datetime
    user_id: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    sites: tuple[str, ...]
    districts: tuple[str, ...]
    regions: tuple[str, ...]


def development_token(
    runtime: Runtime,
    user: str,
    roles: Sequence[Role],
    *,
    site_ids: Names = (),
    district_names: Names = (),
    region_names: Names = (),
    lifetime_s: int | None = None,
    operator: str,
) -> DevelopmentToken:
    """Assign `roles` with these sites, districts and regions to `user` by hand, and give the token that uses them.

    Where any are named they take the place of those that were assigned to these roles by hand before. The token
    carries every scope of the roles, and lives as long as a token may (`AUTH_MAX_LIFETIME_S`) unless a shorter
    lifetime is asked for.

    Raises `ConfigurationError` outside the embedded default and `InvalidInputError` for a name that is not acceptable.
    """
    issuer = DevelopmentIssuer.of(runtime.settings)
    lifetime = timedelta(seconds=_lifetime(lifetime_s, runtime.settings.auth_max_lifetime_s))
    _require_principal(user)
    if not roles:
        raise InvalidInputError("A token needs a role.", field="role")
    now = runtime.clock.now().replace(microsecond=0)
    with runtime.database.writing() as connection:
        named = _Named(
            _known_sites(connection, site_ids),
            _codes(connection, "district", district_names),
            _codes(connection, "region", region_names),
        )
        assigned = manual_access.enter_users(connection, [user], operator, now)[user.lower()]
        for role in roles:
            _assign(connection, assigned, role, named, operator, now)
        versions.raise_versions(connection, [permissions_tag(assigned.principal_name)], now)
    may_edit = runtime.settings.regional_vp_may_edit
    granted = frozenset().union(*[granted_by(role, regional_vp_may_edit=may_edit) for role in roles])
    scopes = tuple(scope for scope in SCOPES if scope in granted)
    name = assigned.principal_name
    return DevelopmentToken(
        issuer.token(name, now, roles=roles, scopes=scopes, lifetime=lifetime),
        "Bearer",
        now + lifetime,
        name,
        tuple(role.value for role in roles),
        scopes,
        named.sites,
        named.districts,
        named.regions,
    )


@dataclass(frozen=True, slots=True)
class _Named:
    sites: tuple[str, ...]
    districts: tuple[str, ...]
    regions: tuple[str, ...]

    def scopes(self, role: Role) -> Iterator[tuple[str, ...]]:
        """The rows of the assignment of `role`."""
        for type_, values in (("site", self.sites), ("district", self.districts), ("region", self.regions)):
            yield from ((role.value, type_, value) for value in values)


def _assign(connection: Connection, user: User, role: Role, named: _Named, operator: str, now: datetime) -> None:
    """The role, and its scopes in place of the older ones; a role for the whole company needs none."""
    changes = _bring_to(connection, user_roles, _ROLE, user, {(role.value,)}, set(), operator, now)
    scopes: set[tuple[str, ...]] = set() if role in _WITHOUT_SITES else set(named.scopes(role))
    if scopes:
        known = {row for row in _assigned(connection, user_scopes, _SCOPE, user) if row[0] == role}
        changes |= _bring_to(connection, user_scopes, _SCOPE, user, scopes, known - scopes, operator, now)
    elif role not in _WITHOUT_SITES and not any(
        row[0] == role for row in _assigned(connection, user_scopes, _SCOPE, user)
    ):
        raise InvalidInputError(
            f"{role.value} covers the sites that are assigned: name a site, a district or a region.", field="site"
        )
    if changes:
        audit.add_entries(
            connection,
            [
                AuditEntry(
                    user_id=operator,
                    module="security",
                    item_key=user.principal_name[:200],
                    source="system",
                    field="scope",
                    new_value=", ".join([role.value, *sorted(" ".join(scope[1:]) for scope in scopes)])[:2000],
                )
            ],
            now,
        )


def _bring_to(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    user: User,
    wanted: set[tuple[str, ...]],
    unwanted: set[tuple[str, ...]],
    operator: str,
    now: datetime,
) -> set[tuple[str, ...]]:
    """Add the rows that are missing and take the unwanted ones out; the rows that were added or taken."""
    missing = wanted - _assigned(connection, table, columns, user)
    if unwanted:
        manual_access.withdraw(connection, table, columns, [(user.user_id, *row) for row in unwanted])
    manual_access.assign(connection, table, columns, [(user.user_id, *row) for row in missing], operator, now)
    return missing | unwanted


def _assigned(connection: Connection, table: Table, columns: Sequence[str], user: User) -> set[tuple[str, ...]]:
    rows = manual_access.assignments(connection, table, columns, {user.principal_name.lower()})
    return {tuple(row[1:-1]) for row in rows}


def _lifetime(asked_s: int | None, longest_s: int) -> int:
    if asked_s is None:
        return longest_s
    if not 1 <= asked_s <= longest_s:
        raise InvalidInputError(
            f"A token cannot live for {asked_s} seconds; 1 to {longest_s} are possible (AUTH_MAX_LIFETIME_S).",
            field="lifetime",
        )
    return asked_s


def _require_principal(user: str) -> None:
    if not 1 <= len(user) <= 256 or not user.isprintable() or " " in user:
        raise InvalidInputError(f"{user[:100]!r} is no user: a name without blanks, 256 characters at most.")


def _known_sites(connection: Connection, site_ids: Collection[str]) -> tuple[str, ...]:
    wanted = {site_id.strip().upper() for site_id in site_ids}
    known = sites.site_ids(connection, SiteScope.of(wanted)) if wanted else []
    if missing := sorted(wanted.difference(known)):
        raise InvalidInputError(f"There is no site {', '.join(missing)[:200]}.", field="site")
    return tuple(known)


def _codes(connection: Connection, level: str, names: Names) -> tuple[str, ...]:
    """The codes of districts or regions, each named by code or name in any case."""
    if not names:
        return ()
    by_name: dict[str, str] = {}
    for code, name in site_history.organisation_names(connection, level).items():
        by_name.setdefault(_spelled(name), code)
        by_name[_spelled(code)] = code
    if missing := sorted(name for name in names if _spelled(name) not in by_name):
        raise InvalidInputError(f"There is no {level} {', '.join(missing)[:200]}.", field=level)
    return tuple(sorted({by_name[_spelled(name)] for name in names}))


def _spelled(name: str) -> str:
    return " ".join(name.upper().split())
