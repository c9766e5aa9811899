"""Access tokens with which the app's identity logs in to SQL Server.

Source: SQL Server through pyodbc and SQLAlchemy, "Connecting"; Operations, "Principals".
"""

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Protocol

from shared_code.clock import Clock, SystemClock
from shared_code.errors import ConfigurationError, TransientError
from shared_code.settings import Settings

SQL_COPT_SS_ACCESS_TOKEN = 1256
"""Connection attribute of the driver that takes a packed access token."""

SCOPE = "https://database.windows.net/.default"
"""What the token is asked for: any SQL database of the tenant that knows the identity."""

_RENEW_BEFORE_EXPIRY = timedelta(minutes=5)

_PATIENCE: Mapping[str, Any] = {"connection_timeout": 5, "read_timeout": 10, "retry_total": 2}
"""Seconds for the identity service, and how often it is asked again; the library would wait for minutes."""


class IssuedToken(Protocol):
    """A token and when it expires (seconds since 1970)."""

    @property
    def token(self) -> str:
        """The token's text."""
        ...

    @property
    def expires_on(self) -> int:
        """The end of its life."""
        ...


class Credential(Protocol):
    """What issues tokens: a managed identity or a service principal."""

    def get_token(self, *scopes: str) -> IssuedToken:
        """A token for `scopes`; raises when the identity cannot have one."""
        ...


class AccessTokens:
    """Tokens of one identity, each used until shortly before it expires. Safe between threads."""

    def __init__(self, credential: Callable[[], Credential], clock: Clock | None = None) -> None:
        self._make_credential = credential
        self._credential: Credential | None = None
        self._clock = clock or SystemClock()
        self._lock = Lock()
        self._packed = b""
        self._usable_until = datetime.min.replace(tzinfo=UTC)

    def packed(self) -> bytes:
        """A valid token in the form of the connection attribute `SQL_COPT_SS_ACCESS_TOKEN`.

        Raises `TransientError` when the identity service gives none; its reason stays in the cause.
        """
        with self._lock:
            if self._clock.now() >= self._usable_until:
                self._renew()
            return self._packed

    def forget(self) -> None:
        """Ask for a new token next time: the server has refused the present one."""
        with self._lock:
            self._usable_until = datetime.min.replace(tzinfo=UTC)

    def _renew(self) -> None:
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - only where an identity logs in

        try:
            if self._credential is None:
                self._credential = self._make_credential()
            issued = self._credential.get_token(SCOPE)
        except AzureError as error:
            raise TransientError("The identity of the app was given no access token for the database.") from error
        self._packed = packed_token(issued.token)
        self._usable_until = datetime.fromtimestamp(issued.expires_on, UTC) - _RENEW_BEFORE_EXPIRY


def packed_token(token: str) -> bytes:
    """`token` in UTF-16-LE after its length in four bytes, as the driver takes it."""
    encoded = token.encode("utf-16-le")
    return struct.pack("<I", len(encoded)) + encoded


def access_tokens(settings: Settings, clock: Clock | None = None) -> AccessTokens:
    """Tokens of the identity that the settings `AZURE_*` name.

    A client id alone (or none) is a managed identity of the host; tenant, client id and secret together are a
    service principal. Raises `ConfigurationError` for anything in between.

    Source: Operations, "Settings".
    """
    return AccessTokens(credential_of(settings), clock)


def credential_of(settings: Settings) -> Callable[[], Credential]:
    """What makes the credential of the app's identity, as `access_tokens` describes it."""
    tenant, client = settings.azure_tenant_id, settings.azure_client_id
    secret = settings.azure_client_secret.get_secret_value()
    if secret and not (tenant and client):
        raise ConfigurationError("AZURE_CLIENT_SECRET is set: AZURE_TENANT_ID and AZURE_CLIENT_ID are needed as well.")
    if secret:
        return lambda: _service_principal(tenant, client, secret)
    return lambda: _managed_identity(client)


def _managed_identity(client_id: str) -> Credential:
    from azure.identity import ManagedIdentityCredential  # noqa: PLC0415 - heavy, and only on Azure

    credential: Credential = ManagedIdentityCredential(client_id=client_id or None, **_PATIENCE)
    return credential


def _service_principal(tenant_id: str, client_id: str, secret: str) -> Credential:
    from azure.identity import ClientSecretCredential  # noqa: PLC0415 - heavy, and only where one is configured

    credential: Credential = ClientSecretCredential(tenant_id, client_id, secret, **_PATIENCE)
    return credential


__all__ = [
    "SQL_COPT_SS_ACCESS_TOKEN",
    "AccessTokens",
    "Credential",
    "IssuedToken",
    "access_tokens",
    "credential_of",
    "packed_token",
]
