"""The token under which a job is handed over."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm

from octavo_core.errors import Unauthenticated
from octavo_core.identity import Forwarded, Principal, StaticKeys, TokenVerifier, forwarding_token, is_forwarded, verify_forwarded
from octavo_core.identity.forwarding import FORWARDING_ISSUER, VALID_S
from octavo_core.ids import generate_uuid

KEY = "k" * 64


@dataclass(frozen=True)
class FromNow:
    """Seconds from the moment a test runs, which may be half an hour after it was read."""

    seconds: int


def now() -> int:
    return int(time.time())


def claims(**changes: Any) -> dict[str, Any]:
    body = {
        "iss": FORWARDING_ISSUER,
        "jti": generate_uuid(),
        "sub": "ana",
        "roles": ["user"],
        "iat": FromNow(0),
        "exp": FromNow(60),
        **changes,
    }
    moment = now()
    return {name: moment + value.seconds if isinstance(value, FromNow) else value for name, value in body.items() if value is not None}


def bearer(body: dict[str, Any], key: Any = KEY, algorithm: str = "HS256") -> str:
    return f"Bearer {jwt.encode(body, key, algorithm=algorithm)}"


@pytest.mark.parametrize(
    "forwarded",
    [
        Forwarded(generate_uuid(), Principal("ana")),
        Forwarded(generate_uuid(), Principal("root", "admin"), item=9),
        Forwarded(generate_uuid(), Principal("svc", "service"), cancelled=True, accepted_at=1_767_225_600_123),
        Forwarded(generate_uuid(), Principal("ñandú 🦊"), failure="it did not start"),
    ],
)
def test_what_is_sent_is_what_is_read(forwarded: Forwarded) -> None:
    header = f"Bearer {forwarding_token(KEY, forwarded, now_s=now())}"
    assert is_forwarded(header)
    assert verify_forwarded(header, KEY) == forwarded


def test_a_reason_of_any_length_fits_into_a_header() -> None:
    forwarded = Forwarded(generate_uuid(), Principal("ana"), failure="x" * 100_000)
    header = f"Bearer {forwarding_token(KEY, forwarded, now_s=now())}"
    assert len(header) < 4_096
    assert len(verify_forwarded(header, KEY).failure or "") == 500


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": FromNow(-120), "iat": FromNow(-180)},
        {"exp": FromNow(VALID_S + 1)},
        {"exp": FromNow(86_400)},
        {"exp": None},
        {"iat": None},
        {"iat": FromNow(3_600), "exp": FromNow(3_660)},
        {"jti": None},
        {"jti": "not-an-id"},
        {"jti": "../../etc"},
        {"jti": 7},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 129},
        {"roles": "admin"},
        {"item": -1},
        {"item": True},
        {"item": "0"},
    ],
)
def test_claims_that_do_not_count(changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated) as raised:
        verify_forwarded(bearer(claims(**changes)), KEY)
    assert KEY not in raised.value.message


def test_another_key_does_not_count() -> None:
    with pytest.raises(Unauthenticated):
        verify_forwarded(bearer(claims(), "x" * 64), KEY)


@pytest.mark.parametrize("header", [None, "", "Bearer ", "Basic abc", "Bearer abc", "Bearer a.b.c", "Bearer " + "x" * 9_000])
def test_what_is_no_token(header: str | None) -> None:
    assert not is_forwarded(header)
    with pytest.raises(Unauthenticated):
        verify_forwarded(header, KEY)


def test_only_the_activators_issuer_is_taken_for_its_token() -> None:
    assert not is_forwarded(bearer(claims(iss="octavo")))
    with pytest.raises(Unauthenticated):
        verify_forwarded(bearer(claims(iss="octavo")), KEY)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
def test_no_algorithm_but_the_one_counts(algorithm: str) -> None:
    token = bearer(claims(), None if algorithm == "none" else KEY, algorithm)
    assert is_forwarded(token)
    with pytest.raises(Unauthenticated):
        verify_forwarded(token, KEY)


def test_a_public_key_is_no_shared_secret() -> None:
    """Neither path takes the other's kind of signature, so a token cannot choose how it is checked."""
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    with pytest.raises(Unauthenticated):
        verify_forwarded(bearer(claims(), private, "RS256"), KEY)
    public = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    with pytest.raises(Unauthenticated):
        verify_forwarded(bearer(claims(), private, "RS256"), public)


async def test_a_platforms_verifier_never_takes_the_activators_token() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": "one", "use": "sig", "alg": "ES256"}
    for issuer in ("octavo", FORWARDING_ISSUER):
        verifier = TokenVerifier(StaticKeys({"keys": [jwk]}), issuer=issuer, audience=None)
        token = jwt.encode(claims(), KEY, algorithm="HS256", headers={"kid": "one"})
        with pytest.raises(Unauthenticated):
            await verifier.verify(f"Bearer {token}")


@pytest.mark.parametrize(
    ("roles", "role"), [([], "user"), (["user", "admin"], "admin"), (["service"], "service"), (["superuser", 7], "user")]
)
def test_roles_that_are_none_of_ours_give_no_rights(roles: list[object], role: str) -> None:
    assert verify_forwarded(bearer(claims(roles=roles)), KEY).principal.role == role
