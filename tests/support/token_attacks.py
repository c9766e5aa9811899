"""Tokens that nobody may believe, for the moment `NOW` and the issuer `ISSUER`."""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.issuer import Issuer, claims_at, encoded, part, rsa_key

NOW = datetime(2025, 4, 15, 12, tzinfo=UTC)
ISSUER = Issuer()


def by_hmac(algorithm: str, secret: bytes) -> str:
    """A token signed with a secret that the attacker knows: the public key."""
    content = f"{part({'alg': algorithm, 'kid': ISSUER.key_id, 'typ': 'JWT'})}.{part(claims_at(NOW))}"
    digest = hmac.new(secret, content.encode(), f"sha{algorithm[2:]}").digest()
    return f"{content}.{encoded(digest)}"


def public_pem() -> bytes:
    return ISSUER.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def public_der() -> bytes:
    return ISSUER.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def without_signature(algorithm: str) -> str:
    return f"{part({'alg': algorithm, 'kid': ISSUER.key_id})}.{part(claims_at(NOW))}."


def with_other_claims() -> str:
    header, _, signature = ISSUER.token(NOW, roles=["account_manager"]).split(".")
    return f"{header}.{part(claims_at(NOW))}.{signature}"


def with_another_header(**members: Any) -> str:
    """A good signature of the attacker's own key, and a header that offers it."""
    attacker = Issuer(rsa_key(1))
    return attacker.token(NOW, headers={"kid": ISSUER.key_id, **members})


def by_another_algorithm(algorithm: str) -> str:
    return jwt.encode(claims_at(NOW), ISSUER.key, algorithm, headers={"kid": ISSUER.key_id})


ATTACKS: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "dots": lambda: "..",
    "one part": lambda: "abc",
    "two parts": lambda: "abc.def",
    "four parts": lambda: f"{ISSUER.token(NOW)}.x",
    "five parts": lambda: "a.b.c.d.e",
    "no base64": lambda: "!!!.???.***",
    "no JSON": lambda: f"{encoded(b'no')}.{encoded(b'no')}.{encoded(b'no')}",
    "a header that is a list": lambda: f"{part([])}.{part(claims_at(NOW))}.{encoded(b'x')}",
    "a header that is deep": lambda: f"{encoded(b'[' * 6000)}.{part(claims_at(NOW))}.{encoded(b'x')}",
    "signs that are no letters": lambda: "Ж.Ж.Ж",
    "half a pair": lambda: "\ud800.a.b",
    "algorithm none": lambda: without_signature("none"),
    "algorithm None": lambda: without_signature("None"),
    "algorithm missing": lambda: f"{part({'kid': ISSUER.key_id})}.{part(claims_at(NOW))}.",
    "algorithm is a list": lambda: f"{part({'alg': ['RS256'], 'kid': ISSUER.key_id})}.{part({})}.{encoded(b'x')}",
    "RS256 without a signature": lambda: without_signature("RS256"),
    "HS256 with the public key": lambda: by_hmac("HS256", public_pem()),
    "HS512 with the public key": lambda: by_hmac("HS512", public_der()),
    "RS512 with the right key": lambda: by_another_algorithm("RS512"),
    "PS256 with the right key": lambda: by_another_algorithm("PS256"),
    "other claims under the signature": with_other_claims,
    "a signature cut short": lambda: ISSUER.token(NOW)[:-8],
    "a foreign key": lambda: Issuer(rsa_key(1)).token(NOW),
    "a foreign key under its own name": lambda: Issuer(rsa_key(1), "mine").token(NOW),
    "jwk": lambda: with_another_header(jwk=Issuer(rsa_key(1)).jwk()),
    "jku": lambda: with_another_header(jku="https://attacker.example/keys.json"),
    "x5u": lambda: with_another_header(x5u="https://attacker.example/chain.pem"),
    "x5c": lambda: with_another_header(x5c=[encoded(b"certificate")]),
    "no key id": lambda: ISSUER.token(NOW, headers={"kid": None}),
    "an empty key id": lambda: ISSUER.token(NOW, headers={"kid": ""}),
    "a key id that is a path": lambda: ISSUER.token(NOW, headers={"kid": "../../dev/null"}),
    "a key id that is a statement": lambda: ISSUER.token(NOW, headers={"kid": "x' OR '1'='1"}),
    "a key id that is a number": lambda: ISSUER.token(NOW, headers={"kid": 1}),
    "a key id that is a list": lambda: ISSUER.token(NOW, headers={"kid": ["test-1"]}),
    "a critical extension": lambda: ISSUER.token(NOW, headers={"crit": ["b64"], "b64": True}),
    "an unencoded payload": lambda: ISSUER.token(NOW, headers={"b64": False, "crit": ["b64"]}),
}
