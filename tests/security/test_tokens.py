"""Which tokens are believed: those that the issuer signed, whose every claim holds."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from shared_code.clock import FixedClock
from shared_code.security.claims import TokenRules
from shared_code.security.errors import ExpiredTokenError, InvalidTokenError, KeysUnavailableError
from shared_code.security.keys import MissingKeySet
from shared_code.security.tokens import LARGEST_TOKEN, TokenVerifier
from tests.support.issuer import Issuer, rsa_key
from tests.support.token_attacks import ATTACKS, ISSUER, NOW

SECOND = timedelta(seconds=1)
RULES = TokenRules("townepark-auth", "forecasting-api", skew_s=60, longest_s=3600)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def verifier(clock: FixedClock) -> TokenVerifier:
    return TokenVerifier(ISSUER, RULES, clock)


def at(seconds: float) -> float:
    """A moment so many seconds from now, as claims give it."""
    return NOW.timestamp() + seconds


def test_a_good_token_says_who_it_speaks_for(verifier: TokenVerifier) -> None:
    token = verifier.verify(
        ISSUER.token(
            NOW, sub="AM1@example.com", name=" Ann ", roles=["account_manager"], scopes=["payroll:read"],
            siteAccess=["TP001", "district:Alpha"],
        )
    )  # fmt: skip
    assert (token.issuer, token.subject, token.name) == ("townepark-auth", "AM1@example.com", "Ann")
    assert (token.roles, token.scopes) == (("account_manager",), ("payroll:read",))
    assert token.site_access == ("TP001", "district:Alpha")
    assert token.expires_at == NOW + timedelta(hours=1)


def test_scopes_may_be_words_of_one_text(verifier: TokenVerifier) -> None:
    text = ISSUER.token(NOW, scopes=None, scope="payroll:read  revenue:read")
    assert verifier.verify(text).scopes == ("payroll:read", "revenue:read")


def test_the_array_of_scopes_goes_before_the_text(verifier: TokenVerifier) -> None:
    assert verifier.verify(ISSUER.token(NOW, scopes=["payroll:read"], scope="payroll:admin")).scopes == (
        "payroll:read",
    )


def test_a_token_without_roles_scopes_and_sites_carries_none(verifier: TokenVerifier) -> None:
    token = verifier.verify(ISSUER.token(NOW, scopes=None, roles=None))
    assert (token.roles, token.scopes, token.site_access, token.name) == ((), (), (), None)


def test_the_audience_may_be_one_of_several(verifier: TokenVerifier) -> None:
    assert verifier.verify(ISSUER.token(NOW, aud=["other", "forecasting-api"])).subject == "local"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "someone-else"}, {"iss": None}, {"iss": ["townepark-auth"]}, {"iss": "TOWNEPARK-AUTH"},
        {"aud": "other"}, {"aud": None}, {"aud": []}, {"aud": ["other"]}, {"aud": {"forecasting-api": 1}},
        {"aud": "forecasting-api "}, {"aud": "forecasting-api,other"},
        {"sub": None}, {"sub": ""}, {"sub": "  "}, {"sub": 7}, {"sub": ["local"]}, {"sub": "a" * 257},
        {"sub": "a\x00b"}, {"sub": "a\ud800"},
        {"exp": None}, {"exp": "9999999999"}, {"exp": True}, {"exp": 1e308}, {"exp": -1}, {"exp": 10**400},
        {"iat": None}, {"iat": "0"}, {"iat": False}, {"iat": 0}, {"nbf": "now"}, {"nbf": True},
        {"roles": "forecasting_admin"}, {"roles": [1]}, {"scopes": "payroll:read"}, {"scopes": {"payroll:read": 1}},
        {"scopes": None, "scope": ["payroll:read"]}, {"siteAccess": "TP001"}, {"siteAccess": [1]}, {"name": 7},
    ],
)  # fmt: skip
def test_a_token_with_a_wrong_claim_is_invalid(claims: dict[str, Any], verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidTokenError) as refused:
        verifier.verify(ISSUER.token(NOW, **claims))
    assert refused.value.code == "INVALID_TOKEN"


@pytest.mark.parametrize("claims", [[], "text", 7, None, {}])
def test_a_signed_token_without_claims_is_invalid(claims: object, verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidTokenError):
        verifier.verify(ISSUER.signed({"alg": "RS256", "kid": ISSUER.key_id}, claims))


@pytest.mark.parametrize(
    ("claims", "is_good"),
    [
        ({"iat": at(60)}, True), ({"iat": at(61)}, False),
        ({"nbf": at(60)}, True), ({"nbf": at(61)}, False),
        ({"iat": at(-10), "exp": at(3590)}, True), ({"iat": at(-10), "exp": at(3591)}, False),
        ({"iat": at(10), "exp": at(10)}, False), ({"iat": at(10), "exp": at(5)}, False),
    ],
)  # fmt: skip
def test_clocks_may_differ_by_a_minute_and_a_life_lasts_an_hour(
    claims: dict[str, Any], is_good: bool, verifier: TokenVerifier
) -> None:
    text = ISSUER.token(NOW, **claims)
    if is_good:
        assert verifier.verify(text).subject == "local"
    else:
        with pytest.raises(InvalidTokenError) as refused:
            verifier.verify(text)
        assert refused.value.code == "INVALID_TOKEN"


def test_a_token_expires_a_minute_after_its_end_and_also_when_it_is_remembered(
    clock: FixedClock, verifier: TokenVerifier
) -> None:
    text = ISSUER.token(NOW)
    verifier.verify(text)
    clock.moment = NOW + timedelta(seconds=3659)
    assert verifier.verify(text).subject == "local"
    clock.moment += SECOND
    with pytest.raises(ExpiredTokenError) as expired:
        verifier.verify(text)
    assert (expired.value.code, expired.value.status) == ("EXPIRED_TOKEN", 401)
    with pytest.raises(ExpiredTokenError):
        TokenVerifier(ISSUER, RULES, clock).verify(text)


@pytest.mark.parametrize("claims", [{"iss": "someone-else"}, {"aud": "other"}, {"sub": ""}, {"roles": "all"}])
def test_an_expired_token_with_another_fault_is_invalid(claims: dict[str, Any], verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidTokenError) as refused:
        verifier.verify(ISSUER.token(NOW - timedelta(hours=2), **claims))
    assert refused.value.code == "INVALID_TOKEN"


def test_an_expired_token_with_a_bad_signature_is_invalid(verifier: TokenVerifier) -> None:
    text = Issuer(rsa_key(1)).token(NOW - timedelta(hours=2))
    with pytest.raises(InvalidTokenError) as refused:
        verifier.verify(text)
    assert refused.value.code == "INVALID_TOKEN"


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_an_invalid_token(attack: str, verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidTokenError) as refused:
        verifier.verify(ATTACKS[attack]())
    assert refused.value.code == "INVALID_TOKEN"


def test_a_token_of_unusual_size_is_not_looked_at(verifier: TokenVerifier) -> None:
    text = ISSUER.token(NOW, filler="a" * LARGEST_TOKEN)
    with pytest.raises(InvalidTokenError, match="too long"):
        verifier.verify(text)
    assert verifier.verify(ISSUER.token(NOW, filler="a" * (LARGEST_TOKEN // 2))).subject == "local"


def test_no_message_repeats_what_was_sent(verifier: TokenVerifier) -> None:
    for make in ATTACKS.values():
        text = make()
        with pytest.raises(InvalidTokenError) as refused:
            verifier.verify(text)
        assert not text or text not in refused.value.message


class Withdrawing(Issuer):
    """An issuer that withdraws its key, or publishes another one under the same name."""

    published: RSAPublicKey | None

    def __init__(self) -> None:
        super().__init__()
        self.published = self.key.public_key()
        self.asked = 0

    def find(self, key_id: str) -> RSAPublicKey | None:
        self.asked += 1
        return self.published


def test_a_token_that_was_good_is_good_no_longer_when_its_key_is_withdrawn(clock: FixedClock) -> None:
    issuer = Withdrawing()
    verifier = TokenVerifier(issuer, RULES, clock)
    text = issuer.token(NOW)
    assert verifier.verify(text) is verifier.verify(text)
    issuer.published = None
    with pytest.raises(InvalidTokenError):
        verifier.verify(text)
    issuer.published = rsa_key(1).public_key()
    with pytest.raises(InvalidTokenError):
        verifier.verify(text)


def test_without_a_key_set_nobody_is_to_blame(clock: FixedClock) -> None:
    verifier = TokenVerifier(MissingKeySet(), RULES, clock)
    with pytest.raises(KeysUnavailableError) as failed:
        verifier.verify(ISSUER.token(NOW))
    assert (failed.value.code, failed.value.status) == ("INTERNAL_ERROR", 503)
    with pytest.raises(InvalidTokenError):
        verifier.verify("no token at all")
