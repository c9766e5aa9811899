"""An issuer of tokens for tests: its own key pair, and any claims and headers that a test wants."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from shared_code.security.keys import KeySetState

ALL_SCOPES = ("forecasting:admin", "statistics:admin", "payroll:admin", "revenue:admin")
READ_SCOPES = ("forecasting:read", "payroll:read", "revenue:read", "statistics:read")
EDIT_SCOPES = (*READ_SCOPES, "forecasting:write", "payroll:write", "revenue:write")

SCOPES_OF = {
    "account_manager": EDIT_SCOPES,
    "district_manager": EDIT_SCOPES,
    "regional_vp": READ_SCOPES,
    "corporate_viewer": READ_SCOPES,
    "forecasting_admin": ALL_SCOPES,
    "billing_admin": (),
    "service": (),
}
"""The scopes that each role grants, as a good issuer puts them into a token."""


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> RSAPrivateKey:
    """A private key; each number has its own. Made once a process, because that takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


class Issuer:
    """Signs tokens, and is the key set that verifies them."""

    def __init__(self, key: RSAPrivateKey | None = None, key_id: str = "test-1") -> None:
        self.key = key or rsa_key()
        self._public = self.key.public_key()
        self.key_id = key_id

    def find(self, key_id: str) -> RSAPublicKey | None:
        """The public key of this id."""
        return self._public if key_id == self.key_id else None

    @property
    def state(self) -> KeySetState:
        """Its keys are always at hand."""
        return "current"

    def jwk(self, **members: Any) -> dict[str, Any]:
        """The public key as an issuer publishes it."""
        published: dict[str, Any] = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {**published, "kid": self.key_id, "use": "sig", "alg": "RS256", **members}

    def token(self, now: datetime, *, headers: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A token of the user `local`, good for an hour from `now`; a claim or header that is None is left out."""
        header = {"alg": "RS256", "kid": self.key_id, "typ": "JWT", **(headers or {})}
        return self.signed(present(header), present(claims_at(now) | claims))

    def signed(self, header: Mapping[str, Any], claims: object) -> str:
        """A token of these parts with a good signature, whatever its header says of it."""
        content = f"{part(header)}.{part(claims)}"
        signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(content.encode(), self.key)
        return f"{content}.{encoded(signature)}"


def claims_at(now: datetime) -> dict[str, Any]:
    """Good claims, of an administrator."""
    issued = int(now.timestamp())
    return {
        "iss": "townepark-auth",
        "aud": "forecasting-api",
        "sub": "local",
        "iat": issued,
        "exp": issued + 3600,
        "roles": ["forecasting_admin"],
        "scopes": list(ALL_SCOPES),
    }


def present(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def part(content: object) -> str:
    """A part of a token."""
    return encoded(json.dumps(content).encode())


def encoded(content: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


__all__ = ["ALL_SCOPES", "EDIT_SCOPES", "READ_SCOPES", "SCOPES_OF", "Issuer", "claims_at", "encoded", "part", "rsa_key"]
