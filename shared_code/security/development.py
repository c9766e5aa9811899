"""The issuer of development tokens: a key pair of this machine, in the embedded default and nowhere else.

The private key lies in a file beside the database that its owner alone may read. It is no row of the database, so that
no copy of the data takes it along.

Source: REST API, "Authentication"; Architecture, "The command line".
"""

import hashlib
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from sqlalchemy import make_url

from shared_code.errors import ConfigurationError
from shared_code.security.claims import TokenRules
from shared_code.security.keys import KeySetState
from shared_code.security.tokens import ALGORITHM
from shared_code.settings import Settings

_KEY_BITS: Final = 2048


def is_embedded_default(settings: Settings) -> bool:
    """Whether this is one machine for itself: environment `local`, a SQLite file, and no issuer named."""
    return (
        settings.environment_name == "local"
        and settings.is_embedded
        and _database_file(settings) is not None
        and not settings.auth_jwks_url
    )


class DevelopmentIssuer:
    """Signs tokens, and is the key set that verifies them."""

    def __init__(self, key: RSAPrivateKey, rules: TokenRules) -> None:
        self._key = key
        self._rules = rules
        self._public = key.public_key()
        encoded = self._public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.key_id = f"development-{hashlib.sha256(encoded).hexdigest()[:16]}"

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The issuer of this machine; its key is made at the first use.

        Raises `ConfigurationError` outside the embedded default, and when the key cannot be read.
        """
        if not is_embedded_default(settings):
            raise ConfigurationError(
                "Development tokens exist in the embedded default alone: ENVIRONMENT_NAME local, a SQLite file in "
                "DB_PRIMARY_CONNECTION, AUTH_JWKS_URL not set. Elsewhere the issuer of the company gives tokens."
            )
        return cls(_stored_key(key_file(settings)), TokenRules.of(settings))

    def find(self, key_id: str) -> RSAPublicKey | None:
        """The public key, when this is its id."""
        return self._public if key_id == self.key_id else None

    @property
    def state(self) -> KeySetState:
        """The key is this process's own."""
        return "current"

    def token(
        self,
        subject: str,
        now: datetime,
        *,
        roles: Iterable[str],
        scopes: Iterable[str],
        lifetime: timedelta,
    ) -> str:
        """A token for `subject` that is good from `now` on."""
        issued = int(now.timestamp())
        claims = {
            "iss": self._rules.issuer,
            "aud": self._rules.audience,
            "sub": subject,
            "iat": issued,
            "exp": issued + int(lifetime.total_seconds()),
            "roles": sorted(roles),
            "scopes": sorted(scopes),
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self.key_id})


def key_file(settings: Settings) -> Path:
    """Where the private key lies: `forecasting.db` has it in `forecasting.signing-key.pem`."""
    database = _database_file(settings)
    assert database is not None, "the embedded default has a file"
    return database.with_name(f"{database.stem}.signing-key.pem")


def _database_file(settings: Settings) -> Path | None:
    """The file of the embedded database; None for one in memory."""
    name = make_url(settings.db_primary_connection).database or ""
    return None if not name or name.startswith((":memory:", "file:")) else Path(name)


def _stored_key(path: Path) -> RSAPrivateKey:
    """The key in `path`; made when there is none. Of two processes that make it at once both get the same one."""
    if not path.exists():
        _write_once(path, _new_key())
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The signing key {path} cannot be read; delete it to have a new one") from error
    if not isinstance(key, RSAPrivateKey):
        raise ConfigurationError(f"The signing key {path} is no RSA key; delete it to have a new one")
    return key


def _new_key() -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_once(path: Path, content: bytes) -> None:
    """Write the file whole under its name, unless somebody else was first."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
