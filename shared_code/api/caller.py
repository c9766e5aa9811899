"""Who calls: what the checks of a request ask of the person or service behind it.

Source: REST API, "Authentication" and "Scopes, roles and sites".
"""

import ipaddress
from dataclasses import dataclass
from typing import Final, Protocol

from starlette.requests import HTTPConnection

from shared_code.api.errors import refusal
from shared_code.domain.site_scope import SiteScope
from shared_code.settings import Settings


@dataclass(frozen=True, slots=True)
class Access:
    """Who may make a call: the permission that a role must grant, and the roles that may; None: any.

    Source: REST API, "Who may call what".
    """

    permission: str | None
    roles: frozenset[str] | None = None


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

    def reach(self, access: Access) -> SiteScope:
        """The sites for which the caller has `access`. Raises `RefusedError` (403) when there is no such right."""
        ...


@dataclass(frozen=True, slots=True)
class LocalOperator:
    """Whoever sits at the machine that holds the embedded database: may do everything, everywhere."""

    user_id: str = "local"
    reads_pay: bool = True

    def reach(self, access: Access) -> SiteScope:
        """Every site."""
        return SiteScope.all_sites()


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
