"""The claims of a token whose signature is good: each one checked, none assumed.

Source: REST API, "Authentication".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from shared_code.security.errors import ExpiredTokenError, InvalidTokenError
from shared_code.settings import Settings

LONGEST_TEXT: Final = 256
"""Characters of a subject or a name; a principal name is not longer."""

_LATEST: Final = 1e11
"""Seconds since 1970 that no honest token names; beyond it sums of moments lose their meaning."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token has to say: issuer, audience, and how long it may live (seconds), by clocks that differ a little."""

    issuer: str
    audience: str
    skew_s: int
    longest_s: int

    @classmethod
    def of(cls, settings: Settings) -> "TokenRules":
        """The rules of an installation."""
        return cls(
            settings.auth_issuer, settings.auth_audience, settings.auth_clock_skew_s, settings.auth_max_lifetime_s
        )


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """Who a token speaks for, and what it carries, as the issuer wrote it.

    `site_access` holds site codes, `district:<name>`, `region:<name>` and `*`; empty means that nothing is narrowed.
    """

    issuer: str
    subject: str
    name: str | None
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    site_access: tuple[str, ...]
    expires_at: datetime


def read_claims(claims: object, rules: TokenRules, now: datetime) -> VerifiedToken:
    """The claims as the product uses them.

    Raises `InvalidTokenError` for a claim that is missing or wrong, and `ExpiredTokenError` when the end of its life
    is all that is wrong with it.

    Source: REST API, "Authentication".
    """
    if not isinstance(claims, Mapping):
        raise InvalidTokenError("The access token holds no claims.")
    if claims.get("iss") != rules.issuer:
        raise InvalidTokenError("The access token was issued by somebody else.")
    if not _is_for(claims.get("aud"), rules.audience):
        raise InvalidTokenError("The access token is meant for another service.")
    expires = _check_times(claims, rules, now.timestamp())
    token = VerifiedToken(
        issuer=rules.issuer,
        subject=_subject(claims),
        name=_optional_text(claims, "name"),
        scopes=_scopes(claims),
        roles=_texts(claims, "roles"),
        site_access=_texts(claims, "siteAccess"),
        expires_at=datetime.fromtimestamp(expires, UTC),
    )
    require_unexpired(token, rules, now)
    return token


def require_unexpired(token: VerifiedToken, rules: TokenRules, now: datetime) -> None:
    """Raises `ExpiredTokenError` when the token's life is over, clock skew granted."""
    if now.timestamp() >= token.expires_at.timestamp() + rules.skew_s:
        raise ExpiredTokenError("The access token has expired.")


def _is_for(audience: object, ours: str) -> bool:
    return audience == ours or (isinstance(audience, list) and ours in audience)


def _check_times(claims: Mapping[str, Any], rules: TokenRules, now: float) -> float:
    """When the token ends (seconds since 1970); its beginning lies in the past, and its life is not too long."""
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    begins = issued if claims.get("nbf") is None else _moment(claims, "nbf")
    if issued > now + rules.skew_s or begins > now + rules.skew_s:
        raise InvalidTokenError("The access token is not valid yet.")
    if not 0 < expires - issued <= rules.longest_s:
        raise InvalidTokenError("The access token has no acceptable lifetime.")
    return expires


def _moment(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise InvalidTokenError(f"The claim {name} of the access token is no moment.")
    return float(value)


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.strip() or len(subject) > LONGEST_TEXT or not subject.isprintable():
        raise InvalidTokenError("The access token names nobody.")
    return subject


def _optional_text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidTokenError(f"The claim {name} of the access token is no text.")
    return value.strip()[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8") or None


def _scopes(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The array `scopes`, else the words of `scope`."""
    if claims.get("scopes") is not None:
        return _texts(claims, "scopes")
    return tuple((_optional_words(claims, "scope") or "").split())


def _optional_words(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None or isinstance(value, str):
        return value
    raise InvalidTokenError(f"The claim {name} of the access token is no text.")


def _texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The texts of an array; absent means none."""
    value = claims.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidTokenError(f"The claim {name} of the access token is no array of texts.")
    return tuple(value)


__all__ = ["TokenRules", "VerifiedToken", "read_claims", "require_unexpired"]
