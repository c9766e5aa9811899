"""Bearer tokens: signed by a key of the issuer, with claims that hold, or not accepted.

Source: REST API, "Authentication".
"""

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cachetools import LRUCache
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from shared_code.clock import Clock
from shared_code.security.claims import TokenRules, VerifiedToken, read_claims, require_unexpired
from shared_code.security.errors import InvalidTokenError
from shared_code.security.keys import KeySet

LARGEST_TOKEN: Final = 16_384
"""Characters of a token that is looked at."""

ALGORITHM: Final = "RS256"
"""The one way of signing that is accepted, whatever a token says of itself."""

_REMEMBERED: Final = 4096
"""Tokens whose signature is not verified again."""

_NOT_UNDERSTOOD: Final = ("crit", "b64")
"""Members of a header that change what a signature means."""


@dataclass(frozen=True, slots=True)
class _Verified:
    key_id: str
    key: RSAPublicKey
    token: VerifiedToken


class TokenVerifier:
    """Verifies tokens by the keys of one issuer, and remembers those that were good until they expire."""

    def __init__(self, keys: KeySet, rules: TokenRules, clock: Clock) -> None:
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self._jws = jwt.PyJWS(algorithms=[ALGORITHM], options={"enforce_minimum_key_length": True})
        self._remembered: LRUCache[bytes, _Verified] = LRUCache(_REMEMBERED)
        self._lock = threading.Lock()

    def verify(self, text: str) -> VerifiedToken:
        """What `text` says, when it may be believed.

        Raises `InvalidTokenError`; `ExpiredTokenError` when nothing but its age is wrong; `KeysUnavailableError` when
        it cannot be judged.

        Source: REST API, "Authentication".
        """
        if len(text) > LARGEST_TOKEN:
            raise InvalidTokenError("The access token is too long.")
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            known = self._remembered.get(digest)
        # A key that the issuer has withdrawn is good no longer, nor is what it signed.
        if known is None or self._keys.find(known.key_id) is not known.key:
            known = self._verified(text)
            with self._lock:
                self._remembered[digest] = known
        require_unexpired(known.token, self._rules, self._clock.now())
        return known.token

    def _verified(self, text: str) -> _Verified:
        key_id = self._key_id(text)
        key = self._keys.find(key_id)
        if key is None:
            raise InvalidTokenError("The access token is signed by an unknown key.")
        try:
            payload = self._jws.decode(text, key, algorithms=[ALGORITHM])
            claims = json.loads(payload)
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise InvalidTokenError("The access token is not signed by the issuer.") from None
        return _Verified(key_id, key, read_claims(claims, self._rules, self._clock.now()))

    def _key_id(self, text: str) -> str:
        """The id of the key in the header, of which nothing else is used."""
        try:
            header: Mapping[str, Any] = self._jws.get_unverified_header(text)
        except (jwt.InvalidTokenError, ValueError):
            raise InvalidTokenError("The access token is malformed.") from None
        key_id = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(key_id, str) or not key_id:
            raise InvalidTokenError(f"The access token is not signed with {ALGORITHM} and a named key.")
        if any(name in header for name in _NOT_UNDERSTOOD):
            raise InvalidTokenError("The header of the access token demands what is not understood.")
        return key_id
