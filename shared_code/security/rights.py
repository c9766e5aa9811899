"""What a caller may do where: judged role by role, so that the rights of one never apply to the sites of another.

Source: REST API, "Scopes, roles and sites".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from shared_code.domain.site_scope import SiteScope
from shared_code.security.errors import AccessDeniedError
from shared_code.security.roles import SCOPES, STRENGTH, VIEW_SCOPE, Role, effective


@dataclass(frozen=True, slots=True, init=False)
class Access:
    """Who may make a call: one of `permissions` must be granted, by one of `roles`.

    No permission named: none is needed. Roles None: any role will do.

    Source: REST API, "Who may call what".
    """

    permissions: tuple[str, ...]
    roles: frozenset[str] | None

    def __init__(self, *permissions: str, roles: Iterable[str] | None = None) -> None:
        object.__setattr__(self, "permissions", permissions)
        object.__setattr__(self, "roles", None if roles is None else frozenset(roles))

    @property
    def names_somebody(self) -> bool:
        """Whether the call is for certain roles or permissions, and not for everybody with a role."""
        return bool(self.permissions) or self.roles is not None


@dataclass(frozen=True, slots=True)
class RoleReach:
    """A role that the assignment confirms: what it grants, and the sites, districts and regions (codes) it covers.

    Districts are those that are the role's own and those in its regions.
    """

    role: Role
    granted: frozenset[str]
    sites: SiteScope
    districts: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()

    def sites_for(self, access: Access) -> SiteScope:
        """The sites that the role covers in a call; billing has none of its own, but works for the whole company."""
        if self.role is Role.BILLING_ADMIN and access.names_somebody:
            return SiteScope.all_sites()
        return self.sites


@dataclass(frozen=True)
class Rights:
    """The counting roles of a caller, the scopes that the token carries, and the sites it is narrowed to (None: none).

    `carried` has inclusions already.
    """

    reaches: tuple[RoleReach, ...]
    carried: frozenset[str]
    narrowed_to: frozenset[str] | None = None

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Everything that some role grants and the token carries."""
        return frozenset().union(*[effective(reach.granted, self.carried) for reach in self.reaches])

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        """The roles that count, in the order of the contract."""
        held = {reach.role for reach in self.reaches}
        return tuple(role for role in Role if role in held)

    @cached_property
    def districts(self) -> tuple[str, ...]:
        """The codes of the districts that are theirs by assignment, or lie in their regions."""
        return tuple(sorted(frozenset().union(*[reach.districts for reach in self.reaches])))

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """The codes of the regions that are theirs."""
        return tuple(sorted(frozenset().union(*[reach.regions for reach in self.reaches])))

    def reach(self, access: Access) -> SiteScope:
        """The sites for which there is `access`.

        Raises `AccessDeniedError` with `reason` `no_role`, `scope` or `role` when there is no such right anywhere.
        """
        scopes = [self._narrowed(reach.sites_for(access)) for reach in self._granting(access)]
        if any(scope.site_ids is None for scope in scopes):
            return SiteScope.all_sites()
        return SiteScope.of(site_id for scope in scopes for site_id in scope.site_ids or ())

    def role_on(self, access: Access, site_id: str) -> Role | None:
        """The role with the most rights that gives `access` to the site; None without one."""
        giving = {
            reach.role
            for reach in self.reaches
            if self._gives(reach, access) and self._narrowed(reach.sites_for(access)).covers(site_id)
        }
        return next((role for role in STRENGTH if role in giving), None)

    def oversees(self, access: Access, level: str, code: str | None) -> bool:
        """Whether a role that gives `access` covers the `district` or `region`; all of them when it covers all sites.

        Code None stands for an organisation that does not exist, which only those see who see all.

        Raises `AccessDeniedError` as `reach` does.
        """
        return any(
            reach.sites.site_ids is None or code in (reach.districts if level == "district" else reach.regions)
            for reach in self._granting(access)
        )

    def on(self, site_id: str | None) -> tuple[object, ...]:
        """Everything that an answer about a site, or about any (None), may owe to the rights of whoever asks.

        Equal for two callers who are to be answered the same; built of texts and tuples alone.
        """
        reaches = [
            (
                reach.role.value,
                tuple(sorted(effective(reach.granted, self.carried))),
                (_listed(reach.sites.site_ids), tuple(sorted(reach.districts)), tuple(sorted(reach.regions)))
                if site_id is None
                else self._narrowed(reach.sites).covers(site_id),
            )
            for reach in self.reaches
        ]
        return (*reaches, _listed(self.narrowed_to) if site_id is None else None)

    def _granting(self, access: Access) -> list[RoleReach]:
        if not self.reaches:
            raise AccessDeniedError("no_role")
        found = [reach for reach in self.reaches if self._gives(reach, access)]
        if not found:
            raise self._denial(access)
        return found

    def _gives(self, reach: RoleReach, access: Access) -> bool:
        if access.roles is not None and reach.role not in access.roles:
            return False
        needed = access.permissions
        return not needed or not effective(reach.granted, self.carried).isdisjoint(needed)

    def _denial(self, access: Access) -> AccessDeniedError:
        """The token is judged before the roles: what it lacks is named first."""
        needed = access.permissions
        if needed and all(permission in SCOPES for permission in needed) and self.carried.isdisjoint(needed):
            return AccessDeniedError("scope", needed[0])
        may_view = any(not reach.granted.isdisjoint(needed) for reach in self.reaches)
        if may_view and VIEW_SCOPE not in self.carried and any(one.startswith("pl-view:") for one in needed):
            return AccessDeniedError("scope", VIEW_SCOPE)
        return AccessDeniedError("role")

    def _narrowed(self, scope: SiteScope) -> SiteScope:
        return scope if self.narrowed_to is None else scope.narrowed_to(self.narrowed_to)


def _listed(sites: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if sites is None else tuple(sorted(sites))


__all__ = ["Access", "Rights", "RoleReach"]
