"""Why somebody is not let in, or not let further.

Source: REST API, "Errors", "Authentication" and "Scopes, roles and sites".
"""

from typing import Literal

from shared_code.errors import ForecastError, TransientError

Reason = Literal["scope", "role", "site_scope", "organization_scope", "no_role"]

_MESSAGES: dict[Reason, str] = {
    "scope": "Your access token does not carry the scope that this needs.",
    "role": "Your role does not permit this.",
    "site_scope": "You have no access to this site.",
    "organization_scope": "You have no access to this organization.",
    "no_role": "You have no role here.",
}


class InvalidTokenError(ForecastError):
    """A token is missing, malformed, wrongly signed, or has a wrong claim. The message never repeats the token."""

    code = "INVALID_TOKEN"
    status = 401


class ExpiredTokenError(InvalidTokenError):
    """A token that was good has expired."""

    code = "EXPIRED_TOKEN"


class KeysUnavailableError(TransientError):
    """No key is known by which a token could be judged: not the fault of whoever sent it."""

    code = "INTERNAL_ERROR"
    status = 503


class AccessDeniedError(ForecastError):
    """The caller may not do this; `details.reason` says why and nothing about what was asked for."""

    code = "INSUFFICIENT_PERMISSIONS"
    status = 403

    def __init__(self, reason: Reason, required_scope: str | None = None) -> None:
        details = {"reason": reason} | ({} if required_scope is None else {"requiredScope": required_scope})
        super().__init__(_MESSAGES[reason], details=details)
