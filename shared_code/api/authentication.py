"""The first two stages of the gate: a token that holds, and a caller who has requests left.

Source: REST API, "Authentication" and "Rate limit".
"""

from collections.abc import MutableMapping
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from shared_code.api.errors import refusal
from shared_code.logs import current_request
from shared_code.security.claims import VerifiedToken
from shared_code.security.errors import InvalidTokenError
from shared_code.security.rate_limit import Counted, address_key, principal_key
from shared_code.services.runtime import Runtime

HEADER: Final = "Authorization"
_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}


def authenticate(runtime: Runtime, connection: HTTPConnection) -> VerifiedToken:
    """The token of a request, which is counted: by who makes it, or by where a wrong one comes from.

    What the response has to say of the count goes into `response_headers` of the connection.

    Raises `RefusedError`: 401 without a token that holds, 429 when too many requests were counted; and
    `KeysUnavailableError` (503), uncounted, when the keys that would tell cannot be had.

    Source: REST API, "Order of checks".
    """
    try:
        token = runtime.token_verifier.verify(bearer_token(connection.headers))
    except InvalidTokenError as error:
        client = connection.client
        _require_left(runtime.request_limit.count(address_key(client.host if client else None)), connection)
        raise refusal(error.code, error.message, HEADER, headers=_CHALLENGE) from None
    if (note := current_request()) is not None:
        note.user_id = token.subject
    _require_left(runtime.request_limit.count(principal_key(token.issuer, token.subject)), connection)
    return token


def bearer_token(headers: Headers) -> str:
    """The token in the one `Authorization` header. Raises `InvalidTokenError` when there is none, or more than one.

    The platform joins repeated headers by commas, and no token has one.
    """
    given = headers.getlist(HEADER)
    if not given:
        raise InvalidTokenError("An access token is needed.")
    scheme, _, token = given[0].strip().partition(" ")
    token = token.strip()
    if len(given) > 1 or "," in given[0]:
        raise InvalidTokenError("The request carries more than one Authorization header.")
    if scheme.lower() != "bearer" or not token:
        raise InvalidTokenError("The access token has to be sent as Authorization: Bearer <token>.")
    return token


def _require_left(counted: Counted, connection: HTTPConnection) -> None:
    """Tell the client how many are left; raises `RefusedError` (429) when none is."""
    headers: MutableMapping[str, str] = connection.scope.setdefault("response_headers", {})
    headers.update(counted.headers)
    if counted.is_refused:
        raise refusal(
            "RATE_LIMIT_EXCEEDED",
            f"Too many requests: {counted.limit} are permitted in a window. Please wait until it ends.",
            details={"limit": counted.limit, "retryAfterSeconds": counted.retry_after_s},
            headers={"Retry-After": str(counted.retry_after_s)},
        )
