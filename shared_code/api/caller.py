"""Who calls: what the checks of a request ask of the person or service behind it.

Source: REST API, "Authentication" and "Scopes, roles and sites".
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.requests import HTTPConnection

from shared_code.api.errors import refusal
from shared_code.domain.site_scope import SiteScope
from shared_code.settings import Settings


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

    def reach(self, access: Access) -> SiteScope:
        """The sites for which the caller has `access`. Raises `RefusedError` (403) when there is no such right."""
        ...

    def role_on(self, access: Access, site_id: str) -> str | None:
        """The role with the most rights that gives the caller `access` to the site; None without one."""
        ...


@dataclass(frozen=True, slots=True)
class LocalOperator:
    """Whoever sits at the machine that holds the embedded database: may do everything, everywhere."""

    user_id: str = "local"
    reads_pay: bool = True
    display_name: str = "local"
    roles: tuple[str, ...] = ("forecasting_admin",)
    permissions: frozenset[str] = frozenset({"forecasting:admin"})

    def reach(self, access: Access) -> SiteScope:
        """Every site."""
        return SiteScope.all_sites()

    def role_on(self, access: Access, site_id: str) -> str | None:
        """The administrator's."""
        return "forecasting_admin"


_OWN_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Names by which a machine calls itself; another one was resolved by somebody else."""


def identify(settings: Settings, connection: HTTPConnection) -> Caller:
    """The caller of a request. Raises `RefusedError` (401) when it is not established.

    Only the operator of an embedded installation is known so far: environment `local`, database on this machine,
    request from this machine and addressed to it, so that no page of another origin can speak in the operator's name.

    Source: REST API, "Authentication".
    """
    if settings.environment_name == "local" and settings.is_embedded and _is_from_here(connection):
        return LocalOperator()
    raise refusal(
        "INVALID_TOKEN",
        "A valid access token is needed.",
        "Authorization",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _is_from_here(connection: HTTPConnection) -> bool:
    host = connection.headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    if name not in _OWN_NAMES or connection.client is None:
        return False
    try:
        return ipaddress.ip_address(connection.client.host).is_loopback
    except ValueError:
        return False
