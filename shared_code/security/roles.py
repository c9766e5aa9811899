"""Roles and what they grant, scopes and what they include.

A permission is either a scope, which a token has to carry and a role has to grant, or comes from a role alone.

Source: REST API, "Scopes, roles and sites".
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """The roles there are, in the order of the contract.

    Source: REST API, "Scopes, roles and sites".
    """

    ACCOUNT_MANAGER = "account_manager"
    DISTRICT_MANAGER = "district_manager"
    REGIONAL_VP = "regional_vp"
    CORPORATE_VIEWER = "corporate_viewer"
    FORECASTING_ADMIN = "forecasting_admin"
    BILLING_ADMIN = "billing_admin"
    SERVICE = "service"


STRENGTH: Final = (
    Role.FORECASTING_ADMIN,
    Role.DISTRICT_MANAGER,
    Role.ACCOUNT_MANAGER,
    Role.REGIONAL_VP,
    Role.CORPORATE_VIEWER,
    Role.BILLING_ADMIN,
    Role.SERVICE,
)
"""The roles, the one with the most rights on a site first."""

COMPANY_WIDE: Final = frozenset({Role.CORPORATE_VIEWER, Role.FORECASTING_ADMIN, Role.SERVICE})
"""Roles that cover every site without an assignment of sites."""

SCOPES: Final = (
    "forecasting:read", "forecasting:write", "forecasting:admin",
    "statistics:read", "statistics:admin",
    "payroll:read", "payroll:write", "payroll:admin",
    "revenue:read", "revenue:write", "revenue:admin",
)  # fmt: skip
"""What a token may carry; anything else in it grants nothing."""

_READS: Final = frozenset({"forecasting:read", "statistics:read", "payroll:read", "revenue:read"})
_WRITES: Final = frozenset({"forecasting:write", "payroll:write", "revenue:write"})
_OPERATIONS: Final = frozenset({"job-groups:admin", "unit-accounts:admin", "rates:calculate", "dataflow:read"})

_GRANTS: Final[Mapping[Role, frozenset[str]]] = MappingProxyType(
    {
        Role.ACCOUNT_MANAGER: _READS | _WRITES,
        Role.DISTRICT_MANAGER: _READS | _WRITES | {"pl-view:district"},
        Role.REGIONAL_VP: _READS | {"pl-view:regional"},
        Role.CORPORATE_VIEWER: _READS | {"pl-view:company"},
        Role.FORECASTING_ADMIN: _OPERATIONS
        | {"forecasting:admin", "statistics:admin", "payroll:admin", "revenue:admin", "pl-view:admin"},
        Role.BILLING_ADMIN: frozenset({"job-groups:admin", "unit-accounts:admin"}),
        Role.SERVICE: frozenset({"rates:calculate", "dataflow:read"}),
    }
)
"""What each role grants, before inclusions. The administrator's operations follow from "Who may call what"."""

_INCLUDED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "forecasting:admin": SCOPES,
        "statistics:admin": ("statistics:read",),
        "payroll:admin": ("payroll:read", "payroll:write"),
        "revenue:admin": ("revenue:read", "revenue:write"),
        "pl-view:regional": ("pl-view:district",),
        "pl-view:company": ("pl-view:district", "pl-view:regional"),
        "pl-view:admin": ("pl-view:district", "pl-view:regional", "pl-view:company"),
    }
)

_VIEW: Final = "pl-view:"
VIEW_SCOPE: Final = "forecasting:read"
"""The scope that every `pl-view` permission needs beside the role."""


def with_included(permissions: Iterable[str]) -> frozenset[str]:
    """`permissions` and all that they include."""
    given = frozenset(permissions)
    return given.union(*[_INCLUDED.get(permission, ()) for permission in given])


def granted_by(role: Role, *, regional_vp_may_edit: bool = False) -> frozenset[str]:
    """Every permission that `role` grants, inclusions among them; a regional vice president may edit by a setting."""
    further = _WRITES if regional_vp_may_edit and role is Role.REGIONAL_VP else frozenset()
    return with_included(_GRANTS[role] | further)


def carried_by(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes that a token with `scopes` carries, inclusions among them."""
    return with_included(scope for scope in scopes if scope in SCOPES)


@lru_cache(1024)
def effective(granted: frozenset[str], carried: frozenset[str]) -> frozenset[str]:
    """What of a role's `granted` permissions counts with a token that carries the scopes `carried`.

    Scopes need both; the others come from the role alone, but those to see the P&L of organisations also need the
    scope to read forecasts.
    """
    may_view = VIEW_SCOPE in carried and VIEW_SCOPE in granted
    return frozenset(
        permission
        for permission in granted
        if (permission in carried if permission in SCOPES else may_view or not permission.startswith(_VIEW))
    )
