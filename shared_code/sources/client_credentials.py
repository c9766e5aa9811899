"""Login by OAuth2 client credentials: a token for a client id and secret, kept while it is good.

Source: Source side, "Budget API".
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from pydantic import SecretStr

from shared_code.clock import Clock
from shared_code.errors import SourceError
from shared_code.sources.exact_json import JsonObject, JsonValue, exact_number
from shared_code.sources.http_client import HttpConnection

RENEW_BEFORE_EXPIRY = timedelta(seconds=60)
_LONGEST_LIFETIME_S = 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,16384}")
_SECONDS = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class _Token:
    value: SecretStr
    good_until: datetime


class ClientCredentials:
    """Gives the bearer token of a client and fetches a new one 60 s before it expires or when it was refused.

    Source: Source side, "Budget API".
    """

    def __init__(self, token_url: str, client_id: str, client_secret: SecretStr, scope: str, clock: Clock) -> None:
        self._token_url = token_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._clock = clock
        self._token: _Token | None = None

    def header(self, connection: HttpConnection) -> str:
        """The `Authorization` header; raises what `HttpConnection.post_form` raises when no token can be had."""
        token = self._token
        if token is None or self._clock.now() >= token.good_until:
            token = self._token = self._fetch(connection)
        return f"Bearer {token.value.get_secret_value()}"

    def renew(self) -> bool:
        """Forget the token, which was refused; a new one is worth a try."""
        self._token = None
        return True

    def _fetch(self, connection: HttpConnection) -> _Token:
        asked_at = self._clock.now()
        form = [
            ("grant_type", "client_credentials"),
            ("client_id", self._client_id),
            ("client_secret", self._client_secret.get_secret_value()),
            ("scope", self._scope),
        ]
        body = connection.post_form(self._token_url, "the token address", form).body
        value = body.get("access_token")
        if not isinstance(value, str) or not _TOKEN.fullmatch(value) or not _is_bearer(body):
            raise SourceError("The token address did not answer with a bearer token", code="SOURCE_SCHEMA_MISMATCH")
        return _Token(SecretStr(value), asked_at + _lifetime(body.get("expires_in")) - RENEW_BEFORE_EXPIRY)


def _is_bearer(body: JsonObject) -> bool:
    """Whether the token is of type bearer, which is also meant when the type is left out."""
    kind = body.get("token_type", "bearer")
    return isinstance(kind, str) and kind.lower() == "bearer" and "access_token" not in body.repeated


def _lifetime(expires_in: JsonValue) -> timedelta:
    """How long the token lives; without a readable number it is taken as good for the present request only."""
    seconds = exact_number(expires_in) if isinstance(expires_in, str) and _SECONDS.fullmatch(expires_in) else expires_in
    if not isinstance(seconds, Decimal) or not seconds.is_finite() or seconds < 0:
        return timedelta(0)
    return timedelta(seconds=int(min(seconds, Decimal(_LONGEST_LIFETIME_S))))
