"""Who comes without a token, with a forged one, or with one that does not give the right."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.attacks.asking import ask
from tests.attacks.house import House, Person
from tests.attacks.served import PUBLIC
from tests.servers.answers import assert_problem

from octavo_auth.adapters.key_files import read_master_key
from octavo_auth.adapters.store import open_auth_store
from octavo_auth.domain.keyring import KeyRing, SigningKey
from octavo_auth.settings import AuthSettings
from octavo_core.clock import SystemClock
from octavo_core.ids import generate_uuid

pytestmark = pytest.mark.needs("redis")


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def by_hand(head: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    return ".".join(map(encoded, (orjson.dumps(head), orjson.dumps(claims), signature)))


@pytest.fixture(scope="module")
def key(house: House) -> SigningKey:
    """The platform's own, as its owner can read it from the disk: what is forged with it differs in the very thing that is wrong."""

    async def read() -> SigningKey:
        settings = AuthSettings(home=house.platform.home)
        store = open_auth_store(settings.users_url())
        try:
            return await KeyRing(store.keys, read_master_key(settings), SystemClock()).signing_key()
        finally:
            await store.close()

    return asyncio.run(read())


@pytest.fixture(scope="module")
def forged(key: SigningKey, eve: Person) -> dict[str, str]:
    """By what is wrong with each. All claim to be an admin."""
    now = int(time.time())
    real = jwt.decode(eve.token, options={"verify_signature": False})
    claims = {**real, "role": "admin", "iat": now, "exp": now + 600, "jti": generate_uuid()}
    head, public, stranger = {"kid": key.id}, key.private.public_key(), Ed25519PrivateKey.generate()

    def signed(by: Any = None, more: dict[str, Any] | None = None, **changed: Any) -> str:
        return jwt.encode({**claims, **changed}, by or key.private, algorithm="EdDSA", headers={**head, **(more or {})})

    def hs256(secret: bytes) -> str:
        unsigned = by_hand({"alg": "HS256", "typ": "JWT", **head}, claims).rpartition(".")[0]
        return f"{unsigned}.{encoded(hmac.new(secret, unsigned.encode(), hashlib.sha256).digest())}"

    own_jwk = orjson.loads(jwt.algorithms.OKPAlgorithm.to_jwk(stranger.public_key()))
    return {
        "alg none": by_hand({"alg": "none"}, claims),
        "alg nOnE under our key's id": by_hand({"alg": "nOnE", **head}, claims),
        "HS256 with the public key": hs256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)),
        "HS256 with the public key as PEM": hs256(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
        "another key under our id": signed(stranger),
        "a key that comes along": signed(stranger, {"jwk": own_jwk}),
        "a key that is to be fetched": signed(stranger, {"jku": "https://evil.example/jwks.json", "x5u": "https://evil.example/x.pem"}),
        "an unknown key": jwt.encode(claims, stranger, algorithm="EdDSA", headers={"kid": "../../../dev/null"}),
        "a key id that is a query": jwt.encode(claims, stranger, algorithm="EdDSA", headers={"kid": "' UNION SELECT 'x"}),
        "for another audience": signed(aud="elsewhere"),
        "of another issuer": signed(iss="https://evil.example"),
        "expired": signed(iat=now - 1_200, exp=now - 600),
        "not valid yet": signed(nbf=now + 600),
        "issued in the future": signed(iat=now + 6_000, exp=now + 6_600),
        "without an end": jwt.encode(
            {name: value for name, value in claims.items() if name != "exp"}, key.private, algorithm="EdDSA", headers=head
        ),
        "of nobody": signed(sub=""),
        "cut off": signed()[:-6],
        "a refresh token": eve.refresh,
        "nothing like a token": "x" * 20_000,
    }


def test_every_route_that_is_not_public_asks_for_a_token(house: House) -> None:
    """Generated from the documents of all services: a new route is tried by itself, and must refuse or be named in `PUBLIC`."""
    since, tried = house.mark(), 0
    nobody = by_hand({"alg": "none"}, {"iss": "octavo", "aud": "octavo", "sub": generate_uuid(), "role": "admin", "exp": 2**33})
    for operation in house.operations:
        if operation.is_public:
            continue
        for token in (None, "rubbish", nobody):
            answer = ask(house.client, operation, token=token)
            assert answer.status_code == 401, f"{operation.name} with {token!r}: {answer.status_code} {answer.text[:300]}"
            assert answer.headers["www-authenticate"] == "Bearer"
            tried += 1
    assert tried >= 250
    for route in ("/api/characters", "/api/auth/me", "/api/notifications/webhooks", "/api/v1/generate"):
        house.told(since, status=401, error="unauthenticated", route=route)


def test_what_is_public_is_really_there(house: House) -> None:
    """So that the list of exceptions does not grow old."""
    served = {(operation.method, operation.path) for operation in house.operations}
    assert served >= PUBLIC


@pytest.mark.parametrize(
    "path", ["/api/auth/me", "/api/characters", "/api/stories", "/api/notifications", "/generators/tales/api/v1/jobs", "/api/auth/users"]
)
def test_forged_tokens(house: House, forged: dict[str, str], path: str) -> None:
    since = house.mark()
    for what, token in forged.items():
        answer = house.client.get(path, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 401, f"{what}: {answer.status_code} {answer.text[:200]}"
        assert_problem(answer, 401)
    told = house.told(since, status=401, error="unauthenticated")
    assert not any(token in str(told) for token in forged.values())


def test_what_only_admins_and_services_may_do(house: House, eve: Person) -> None:
    """Generated: whatever is for admins or services refuses a person, whatever they send."""
    since, found = house.mark(), [operation for operation in house.operations if operation.is_privileged]
    assert len(found) >= 10
    for operation in found:
        answer = ask(house.client, operation, dict.fromkeys(operation.parameters, eve.id), token=eve.token)
        assert answer.status_code == 403, f"{operation.name}: {answer.status_code} {answer.text[:300]}"
    house.told(since, status=403, user=eve.id, route="/api/auth/audit")
    house.told(since, status=403, user=eve.id, route="/api/security/decrypt")


def test_a_service_s_secret_is_not_guessed_and_not_told(house: House) -> None:
    since = house.mark()
    for secret in ("", "x" * 32, "stories"):
        body = {"client_id": "stories", "client_secret": secret or " "}
        assert_problem(house.client.post("/api/auth/service-token", json=body), 401)
    house.told(since, status=401, route="/api/auth/service-token")


def test_a_refresh_token_that_comes_twice_ends_the_session(house: House) -> None:
    since, dora = house.mark(), house.person("dora")
    second = house.ok("POST", "/api/auth/refresh", 200, json={"refresh_token": dora.refresh})
    house.secrets |= {second["refresh_token"], second["access_token"]}
    for token in (dora.refresh, second["refresh_token"]):
        assert_problem(house.client.post("/api/auth/refresh", json={"refresh_token": token}), 401)
    assert_problem(house.client.get("/api/auth/me", headers={"authorization": f"Bearer {second['access_token']}"}), 401)
    house.told(since, status=401, route="/api/auth/refresh")
