"""The public keys of the issuer, by their ids; never a key that a token brings along.

Source: REST API, "Authentication".
"""

import asyncio
import ipaddress
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from jwt.utils import from_base64url_uint

from shared_code.errors import ConfigurationError
from shared_code.security.errors import KeysUnavailableError

SMALLEST_KEY_BITS: Final = 2048
_LARGEST_SET: Final = 256 * 1024
"""Bytes of a key set that are read."""
_KEPT_S: Final = 600.0
"""Seconds after which the keys are fetched anew, so that a withdrawn one stops being good."""
_ASKED_AGAIN_S: Final = 10.0
"""Seconds that pass between two fetches, whatever tokens arrive."""
_TIMEOUT: Final = httpx.Timeout(5.0, connect=2.0)
_LONGEST_FETCH_S: Final = 10.0
"""Seconds for a whole set: a server that sends byte by byte never runs into the other timeouts."""

_log = logging.getLogger(__name__)


class KeySet(Protocol):
    """Where public keys come from."""

    def find(self, key_id: str) -> RSAPublicKey | None:
        """The key of this id; None when the issuer has none. Raises `KeysUnavailableError` when nobody can tell."""
        ...

    @property
    def state(self) -> "KeySetState":
        """How well the keys are known now; nothing is fetched to tell."""
        ...


KeySetState = Literal["current", "outdated", "unknown"]
"""`outdated`: the keys that are known go on being used, because newer ones cannot be fetched."""


class MissingKeySet:
    """The key set of an installation that names none: no token can be judged."""

    def find(self, key_id: str) -> RSAPublicKey | None:
        """Raises `KeysUnavailableError`."""
        raise KeysUnavailableError("AUTH_JWKS_URL is not set: no token can be verified")

    @property
    def state(self) -> KeySetState:
        """None is known."""
        return "unknown"


class RemoteKeySet:
    """The key set that an issuer publishes at `url`.

    It is fetched at first use, when it is ten minutes old, and when a token names an unknown key, but never more often
    than every ten seconds. While it cannot be fetched the keys that are known go on being used.
    """

    def __init__(self, url: str, tick: Callable[[], float] = time.monotonic) -> None:
        """`tick` gives seconds that only grow. Raises `ConfigurationError` for an address without HTTPS."""
        _require_https(url)
        self._url = url
        self._tick = tick
        self._lock = threading.Lock()
        self._keys: Mapping[str, RSAPublicKey] | None = None
        self._fetched_at = self._tried_at = float("-inf")

    def find(self, key_id: str) -> RSAPublicKey | None:
        """The key of this id; None when the issuer has none.

        Raises `KeysUnavailableError` when the set was never reached, or lacks the key and cannot be reached now.
        """
        keys = self._keys
        if keys is None or key_id not in keys or self._is_old():
            self._refresh(key_id)
        keys = self._keys
        if keys is None or (key_id not in keys and self._tried_at > self._fetched_at):
            raise KeysUnavailableError("The key set of the issuer cannot be read")
        return keys.get(key_id)

    @property
    def state(self) -> KeySetState:
        """How well the keys are known; before the first token nothing speaks against the issuer."""
        if self._tried_at <= self._fetched_at:
            return "current"
        return "unknown" if self._keys is None else "outdated"

    def _is_old(self) -> bool:
        return self._tick() - self._fetched_at >= _KEPT_S

    def _refresh(self, key_id: str) -> None:
        """Fetch the set when that is due. Who knows the key already does not wait for somebody else's fetch."""
        is_known = self._keys is not None and key_id in self._keys
        if not self._lock.acquire(blocking=not is_known):
            return
        try:
            now = self._tick()
            if now - self._tried_at < _ASKED_AGAIN_S:
                return
            self._tried_at = now
            self._keys = MappingProxyType(public_keys(_fetch(self._url)))
            self._fetched_at = now
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            # The error's own text may hold the address.
            kept = "none is known" if self._keys is None else f"{len(self._keys)} known keys go on being used"
            _log.error("The key set of the issuer could not be read (%s); %s", type(error).__name__, kept)
        finally:
            self._lock.release()


def public_keys(document: object) -> dict[str, RSAPublicKey]:
    """The RSA keys for signatures of a JSON Web Key Set, by id; others are passed over.

    Raises `ValueError` when it is no key set, or holds no key that could be used.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no key set")
    found: dict[str, RSAPublicKey] = {}
    for entry in listed:
        if isinstance(entry, dict) and _is_for_signatures(entry) and (key := _rsa_key(entry)) is not None:
            found.setdefault(entry["kid"], key)
    if not found:
        raise ValueError("a key set without a usable key")
    return found


def _is_for_signatures(entry: Mapping[str, Any]) -> bool:
    return (
        entry.get("kty") == "RSA"
        and isinstance(entry.get("kid"), str)
        and bool(entry["kid"])
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", "RS256") == "RS256"
    )


def _rsa_key(entry: Mapping[str, Any]) -> RSAPublicKey | None:
    """The public half, whatever else the entry holds; None for one that is malformed or too short."""
    try:
        numbers = RSAPublicNumbers(from_base64url_uint(entry["e"]), from_base64url_uint(entry["n"]))
        key = numbers.public_key()
    except (KeyError, TypeError, ValueError):
        return None
    return key if key.key_size >= SMALLEST_KEY_BITS else None


def _fetch(url: str) -> object:
    """The JSON document at `url`. Raises what `httpx` raises, and `ValueError` for what is no JSON or too large.

    For a thread without an event loop.
    """
    try:
        content = asyncio.run(_content_at(url))
    except TimeoutError:
        raise ValueError("a key set as slow as this is none") from None
    try:
        document: object = json.loads(content)
    except RecursionError:
        raise ValueError("a key set of this depth is none") from None
    return document


async def _content_at(url: str) -> bytes:
    """What `url` sends, headers and all within one limit: only an event loop can hold every byte to it."""
    content = bytearray()
    async with (
        asyncio.timeout(_LONGEST_FETCH_S),
        httpx.AsyncClient(timeout=_TIMEOUT) as client,
        client.stream("GET", url, headers={"Accept": "application/json"}) as response,
    ):
        response.raise_for_status()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > _LARGEST_SET:
                raise ValueError("a key set of this size is none")
    return bytes(content)


def _require_https(url: str) -> None:
    """Keys that come over a plain connection could be anybody's; on this machine alone nobody is in between."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise ConfigurationError("AUTH_JWKS_URL is not an address: give the https:// address of the key set") from None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))):
        raise ConfigurationError("AUTH_JWKS_URL does not use HTTPS: give the https:// address of the key set")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
