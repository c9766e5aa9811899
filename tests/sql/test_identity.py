"""Tokens with which the app's identity logs in."""

import socket
import struct
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from azure.core.exceptions import ClientAuthenticationError
from pydantic import SecretStr

from shared_code.clock import FixedClock
from shared_code.errors import ConfigurationError, TransientError
from shared_code.settings import Settings
from shared_code.sql import identity
from shared_code.sql.identity import AccessTokens, access_tokens, packed_token

NOON = datetime(2025, 4, 10, 12, tzinfo=UTC)


class Issuer:
    """Gives a new token that lives an hour at each question."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.asked: list[str] = []

    def get_token(self, *scopes: str) -> SimpleNamespace:
        self.asked += scopes
        expires = self.clock.now() + timedelta(hours=1)
        return SimpleNamespace(token=f"token-{len(self.asked)}", expires_on=int(expires.timestamp()))


def test_a_token_is_packed_as_utf_16_after_its_length() -> None:
    assert packed_token("ab") == struct.pack("<I", 4) + b"a\x00b\x00"


def test_a_token_is_used_until_shortly_before_it_expires() -> None:
    clock = FixedClock(NOON)
    issuer = Issuer(clock)
    tokens = AccessTokens(lambda: issuer, clock)
    assert tokens.packed() == packed_token("token-1")
    clock.moment = NOON + timedelta(minutes=54)
    assert tokens.packed() == packed_token("token-1")
    clock.moment = NOON + timedelta(minutes=55)
    assert tokens.packed() == packed_token("token-2")
    assert issuer.asked == ["https://database.windows.net/.default"] * 2


def test_a_token_that_the_server_refused_is_not_used_again() -> None:
    clock = FixedClock(NOON)
    issuer = Issuer(clock)
    tokens = AccessTokens(lambda: issuer, clock)
    tokens.packed()
    tokens.forget()
    assert tokens.packed() == packed_token("token-2")


def test_an_identity_without_a_token_is_a_fault_that_may_pass_and_keeps_its_reason_to_itself() -> None:
    class Refusing:
        def get_token(self, *scopes: str) -> SimpleNamespace:
            raise ClientAuthenticationError("secret reason")

    with pytest.raises(TransientError) as caught:
        AccessTokens(Refusing, FixedClock(NOON)).packed()
    assert "secret reason" not in str(caught.value)


def test_a_client_secret_needs_its_tenant_and_client() -> None:
    with pytest.raises(ConfigurationError, match="AZURE_TENANT_ID and AZURE_CLIENT_ID"):
        access_tokens(Settings(azure_client_secret="hidden", azure_client_id="c"))


def test_the_settings_choose_between_a_managed_identity_and_a_service_principal() -> None:
    managed = access_tokens(Settings(azure_client_id="c"))
    principal = access_tokens(Settings(azure_client_id="c", azure_tenant_id="t", azure_client_secret="s"))
    assert type(managed._make_credential()).__name__ == "ManagedIdentityCredential"
    assert type(principal._make_credential()).__name__ == "ClientSecretCredential"


@pytest.mark.parametrize("secret", ["", "hunter2"], ids=["managed identity", "service principal"])
def test_an_identity_service_that_is_silent_is_given_up_soon(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "_PATIENCE", {"connection_timeout": 0.2, "read_timeout": 0.2, "retry_total": 0})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://{address}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"https://{address}")
        settings = Settings(azure_client_id="me", azure_tenant_id="t", azure_client_secret=SecretStr(secret))
        started = time.monotonic()
        with pytest.raises(TransientError, match="was given no access token"):
            access_tokens(settings).packed()
        assert time.monotonic() - started < 5
