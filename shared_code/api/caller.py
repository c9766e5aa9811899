"""Who calls: what the checks of a request ask of the person or service behind it.

Source: REST API, "Authentication" and "Scopes, roles and sites".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from shared_code.api.errors import refusal
from shared_code.domain.site_scope import SiteScope
from shared_code.security.claims import VerifiedToken
from shared_code.security.errors import AccessDeniedError
from shared_code.security.rights import Access, Rights
from shared_code.services.runtime import Runtime
from shared_code.storage.standing import Standing

_READS_PAY: Final = "payroll:admin"


class Caller(Protocol):
    """Somebody whose identity is established."""

    @property
    def user_id(self) -> str:
        """The name under which changes are written down."""
        ...

    @property
    def reads_pay(self) -> bool:
        """Whether the pay of salaried job codes is shown."""
        ...

    @property
    def display_name(self) -> str:
        """The name that is shown to the caller."""
        ...

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that count, in the order of the contract."""
        ...

    @property
    def permissions(self) -> frozenset[str]:
        """Everything that some role grants and the token carries, such as `forecasting:read` and `pl-view:district`."""
        ...

    @property
    def standing(self) -> Standing | None:
        """How the site of the path stood when the rights were read; None where that is still to be read."""
        ...

    @property
    def districts(self) -> tuple[str, ...]:
        """The codes of the caller's districts, those of their regions among them; who sees all sites needs none."""
        ...

    @property
    def regions(self) -> tuple[str, ...]:
        """The codes of the caller's regions; who sees all sites needs none."""
        ...

    def reach(self, access: Access) -> SiteScope:
        """The sites for which the caller has `access`. Raises `RefusedError` (403) when there is no such right."""
        ...

    def role_on(self, access: Access, site_id: str) -> str | None:
        """The role with the most rights that gives the caller `access` to the site; None without one."""
        ...

    def rights_on(self, site_id: str | None) -> tuple[object, ...]:
        """What an answer about a site (None: about any) may owe to the caller's rights; equal for equal rights."""
        ...

    def oversees(self, access: Access, level: str, code: str | None) -> bool:
        """Whether a role with `access` covers the `district` or `region`; None: one that does not exist."""
        ...


@dataclass(frozen=True)
class TokenCaller:
    """The bearer of a token, by the principal name and with the rights that count now."""

    user_id: str
    display_name: str
    rights: Rights
    standing: Standing | None = None

    @cached_property
    def reads_pay(self) -> bool:
        """Whether the pay of salaried job codes is shown."""
        return _READS_PAY in self.rights.permissions

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that count."""
        return tuple(role.value for role in self.rights.roles)

    @property
    def permissions(self) -> frozenset[str]:
        """What the roles grant and the token carries."""
        return self.rights.permissions

    @property
    def districts(self) -> tuple[str, ...]:
        """The codes of the caller's districts."""
        return self.rights.districts

    @property
    def regions(self) -> tuple[str, ...]:
        """The codes of the caller's regions."""
        return self.rights.regions

    def reach(self, access: Access) -> SiteScope:
        """The sites for which the caller has `access`."""
        with _refusing():
            return self.rights.reach(access)

    def role_on(self, access: Access, site_id: str) -> str | None:
        """The role with the most rights on the site."""
        role = self.rights.role_on(access, site_id)
        return None if role is None else role.value

    def rights_on(self, site_id: str | None) -> tuple[object, ...]:
        """What of the rights bears on the site."""
        return (self.reads_pay, *self.rights.on(site_id))

    def oversees(self, access: Access, level: str, code: str | None) -> bool:
        """Whether the caller's roles cover the organisation."""
        with _refusing():
            return self.rights.oversees(access, level, code)


def identify(runtime: Runtime, token: VerifiedToken, site_id: str | None = None) -> Caller:
    """The caller behind a token that holds, with the rights of this moment; somebody unknown has none.

    `site_id` is the site of the path, whose standing is read along with the rights.

    Source: REST API, "Scopes, roles and sites".
    """
    found = runtime.permissions.of(token, site_id)
    return TokenCaller(found.user_id, token.name or found.user_id, found.rights, found.standing)


@contextmanager
def _refusing() -> Iterator[None]:
    """A right that is denied refuses the request."""
    try:
        yield
    except AccessDeniedError as denied:
        raise refusal(denied.code, denied.message, details=denied.details) from None


__all__ = ["Access", "Caller", "TokenCaller", "identify"]
