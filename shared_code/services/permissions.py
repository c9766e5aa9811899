"""What the bearer of a token may do: the roles it carries, as far as the assignment confirms them, on which sites.

Source: REST API, "Scopes, roles and sites"; Data model, "Organisation, access, accounts".
"""

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cachetools import TTLCache
from sqlalchemy import Connection

from shared_code.domain.site_scope import SiteScope
from shared_code.security.claims import VerifiedToken
from shared_code.security.rights import Rights, RoleReach
from shared_code.security.roles import COMPANY_WIDE, Role, carried_by, granted_by
from shared_code.settings import Settings
from shared_code.storage import user_rights
from shared_code.storage.database import Database
from shared_code.storage.standing import Standing, standing_of
from shared_code.storage.user_rights import AssignedScope, Place, RightsVersion

_REMEMBERED: Final = 2000
"""Callers whose rights are not read again."""

_EVERYTHING: Final = "*"
"""The entry of `siteAccess` that narrows nothing."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """Who a token speaks for (the principal name, which is public) and their rights.

    `standing` is how the site stood that was asked for along with them; None where that is still to be read.
    """

    user_id: str
    rights: Rights
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class _Assigned:
    """What an assignment and a narrowing come to, and the version of the data that says so."""

    user_id: str
    version: RightsVersion
    reaches: tuple[RoleReach, ...]
    narrowed_to: frozenset[str] | None


class PermissionCache:
    """The rights of callers, kept for `CACHE_TTL_SESSION_S` at most.

    Every use looks at the versions of the assignment and of the site master, so a change of either counts at the very
    next request.

    Source: REST API, "Scopes, roles and sites".
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._may_edit = settings.regional_vp_may_edit
        self._lock = threading.Lock()
        self._known: TTLCache[tuple[str, tuple[str, ...]], _Assigned] = TTLCache(
            _REMEMBERED, settings.cache_ttl_session_s, timer=lambda: database.clock.now().timestamp()
        )

    def of(self, token: VerifiedToken, site_id: str | None = None) -> Permissions:
        """Who the token speaks for, and what they may do; somebody unknown has no role.

        Whether that has changed is asked together with how the site `site_id` stands.
        """
        key = (token.subject, token.site_access)
        with self._lock:
            known = self._known.get(key)
        with self._database.reading() as connection:
            standing = None
            if known is not None and site_id is not None:
                standing = standing_of(connection, known.user_id, site_id)
                version: RightsVersion | None = standing.rights
            else:
                version = None if known is None else user_rights.rights_version(connection, known.user_id)
            if known is None or known.version != version:
                known = self._read(connection, token)
                if known is None:
                    return Permissions(token.subject, Rights((), frozenset()))
                with self._lock:
                    self._known[key] = known
        counting = tuple(reach for reach in known.reaches if reach.role in token.roles)
        rights = Rights(counting, carried_by(token.scopes), known.narrowed_to)
        return Permissions(known.user_id, rights, standing)

    def _read(self, connection: Connection, token: VerifiedToken) -> _Assigned | None:
        """The assignment as it is now; None for a user who does not exist."""
        user = user_rights.find_user(connection, token.subject)
        if user is None:
            return None
        # First the version: a change that comes in between is read already, and read once more.
        version = user_rights.rights_version(connection, user.principal_name)
        company = _Company(user_rights.places(connection), user_rights.regions_of_districts(connection))
        scopes = user_rights.assigned_scopes(connection, user.user_id) if user.is_active else {}
        reaches = tuple(
            company.reach(role, granted_by(role, regional_vp_may_edit=self._may_edit), scopes[role])
            for role in Role
            if role in scopes
        )
        return _Assigned(user.principal_name, version, reaches, company.narrowing(token.site_access))


class _Company:
    """Where the sites belong now, to find out what a scope covers; names are compared without regard to case."""

    def __init__(self, places: Iterable[Place], regions: Mapping[str, str | None]) -> None:
        self._sites: dict[str, str] = {}
        self._by_district: dict[str, set[str]] = {}
        self._by_region: dict[str, set[str]] = {}
        self._active: set[str] = set()
        self._regions = regions
        for place in places:
            self._sites[place.site_id.upper()] = place.site_id
            if place.is_active:
                self._active.add(place.site_id)
            if place.district:
                self._by_district.setdefault(place.district, set()).add(place.site_id)
            if place.region:
                self._by_region.setdefault(place.region, set()).add(place.site_id)

    def reach(self, role: Role, granted: frozenset[str], scopes: Collection[AssignedScope]) -> RoleReach:
        """What a role with these scopes covers: sites that exist, districts and regions with all that lies in them."""
        if role in COMPANY_WIDE or any(scope.type == "all" for scope in scopes):
            return RoleReach(role, granted, SiteScope.all_sites())
        covered: set[str] = set()
        for scope in scopes:
            covered |= self._sites_of(scope.type, scope.value)
        regions = self._named("region", scopes)
        districts = self._named("district", scopes) | self._whole_districts(covered)
        districts |= {district for district, region in self._regions.items() if region in regions}
        return RoleReach(role, granted, SiteScope.of(covered), frozenset(districts), frozenset(regions))

    def narrowing(self, site_access: Collection[str]) -> frozenset[str] | None:
        """The sites that the entries of a token name; None when they narrow nothing."""
        if not site_access or _EVERYTHING in site_access:
            return None
        covered: set[str] = set()
        for entry in site_access:
            type_, colon, name = entry.partition(":")
            covered |= self._sites_of(type_, name) if colon else self._sites_of("site", entry)
        return frozenset(covered)

    def _sites_of(self, type_: str, value: str) -> set[str]:
        if type_ == "site":
            found = self._sites.get(value.strip().upper())
            return set() if found is None else {found}
        by_code = {"district": self._by_district, "region": self._by_region}.get(type_, {})
        return set().union(*[sites for code, sites in by_code.items() if _spelled(code) == _spelled(value)])

    def _named(self, type_: str, scopes: Iterable[AssignedScope]) -> set[str]:
        """The codes that scopes name, in the spelling of the master."""
        codes = self._by_district.keys() | self._regions if type_ == "district" else self._by_region.keys()
        wanted = {_spelled(scope.value) for scope in scopes if scope.type == type_}
        return {code for code in codes if _spelled(code) in wanted}

    def _whole_districts(self, covered: set[str]) -> set[str]:
        """The districts all of whose active sites are covered: the nightly feed assigns districts site by site."""
        active = {code: sites & self._active for code, sites in self._by_district.items()}
        return {code for code, sites in active.items() if sites and sites <= covered}


def _spelled(name: str) -> str:
    return " ".join(name.upper().split())
