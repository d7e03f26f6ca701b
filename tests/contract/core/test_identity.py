"""Who may come in: tokens against fixed keys, and against an issuer over HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from tests.contract.core.serving import Issuer, issuing

from octavo_core.errors import Unauthenticated, Unavailable
from octavo_core.identity import ANONYMOUS, DiscoveredKeys, JwksKeys, Principal, StaticKeys, TokenVerifier, keys
from octavo_core.identity.revocation import MEMBER, subject_digest

ISSUER, AUDIENCE = "https://auth.example", "octavo"


@dataclass(frozen=True)
class Key:
    id: str
    algorithm: str
    private: Any
    jwk: dict[str, Any]

    def token(self, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        now = int(time.time())
        merged = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "iat": now, "exp": now + 300} | claims
        kept = {name: value for name, value in merged.items() if value is not None}
        return jwt.encode(kept, self.private, self.algorithm, headers={"kid": self.id} | (header or {}))


def _key(key_id: str, algorithm: str, private: Any, kind: Any) -> Key:
    jwk: dict[str, Any] = kind.to_jwk(private.public_key(), as_dict=True)
    return Key(key_id, algorithm, private, {**jwk, "kid": key_id, "use": "sig"})


ED = _key("ed", "EdDSA", ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm)
ED_NEXT = _key("ed-next", "EdDSA", ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm)
ES = _key("es", "ES256", ec.generate_private_key(ec.SECP256R1()), ECAlgorithm)
RS = _key("rs", "RS256", rsa.generate_private_key(65537, 2048), RSAAlgorithm)
FORGED = Key("ed", "EdDSA", ed25519.Ed25519PrivateKey.generate(), {})
JWKS = {"keys": [ED.jwk, ES.jwk, RS.jwk]}


@pytest.fixture
def verifier() -> TokenVerifier:
    return TokenVerifier(StaticKeys(JWKS), issuer=ISSUER, audience=AUDIENCE)


async def refused(verifier: TokenVerifier, authorization: str | None) -> str:
    with pytest.raises(Unauthenticated) as caught:
        await verifier.verify(authorization)
    return caught.value.message


@pytest.mark.parametrize("key", [ED, ES, RS], ids=lambda key: key.algorithm)
async def test_a_token_of_each_algorithm_names_its_caller(verifier: TokenVerifier, key: Key) -> None:
    assert await verifier.verify(f"Bearer {key.token()}") == Principal("ana", "user")
    assert await verifier.verify(f"bearer {key.token(sub='ben')}") == Principal("ben", "user")


@pytest.mark.parametrize(
    ("claim", "role", "sees_all"),
    [
        ("admin", "admin", True),
        ("service", "service", True),
        ("user", "user", False),
        ("root", "user", False),
        (["admin"], "user", False),
        (None, "user", False),
    ],
)
async def test_only_known_roles_give_rights(verifier: TokenVerifier, claim: object, role: str, sees_all: bool) -> None:
    principal = await verifier.verify(f"Bearer {ED.token(role=claim)}")
    assert (principal.role, principal.sees_all) == (role, sees_all)


def test_anonymous_callers_see_only_their_own() -> None:
    assert not ANONYMOUS.sees_all


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"nbf": 4_102_444_800},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 129},
        {"sub": 7},
    ],
    ids=str,
)
async def test_claims_that_do_not_fit_are_refused(verifier: TokenVerifier, claims: dict[str, Any]) -> None:
    # PyJWT's encoder refuses what a careless issuer would sign, so the payload is signed as it stands.
    now = int(time.time())
    merged = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "exp": now + 300} | claims
    payload = json.dumps({name: value for name, value in merged.items() if value is not None}).encode()
    token = jwt.api_jws.PyJWS().encode(payload, ED.private, "EdDSA", headers={"kid": "ed"})
    await refused(verifier, f"Bearer {token}")


async def test_an_expired_token_is_told_so_and_a_slow_clock_is_forgiven(verifier: TokenVerifier) -> None:
    now = int(time.time())
    assert await refused(verifier, f"Bearer {ED.token(exp=now - 60)}") == "the token has expired"
    assert await verifier.verify(f"Bearer {ED.token(exp=now - 10)}")


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*parts, ""])


GOOD_CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "exp": int(time.time()) + 86_400, "role": "admin"}


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
async def test_a_token_without_a_signature_is_refused(verifier: TokenVerifier, algorithm: str) -> None:
    await refused(verifier, "Bearer " + unsigned({"alg": algorithm, "kid": "ed", "typ": "JWT"}, GOOD_CLAIMS))


@pytest.mark.parametrize("key", [ED, ES, RS], ids=lambda key: key.algorithm)
@pytest.mark.parametrize("shape", ["pem", "jwk"])
async def test_the_public_key_is_no_secret_to_sign_with(verifier: TokenVerifier, key: Key, shape: str) -> None:
    import hashlib
    import hmac

    public = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    secret = public if shape == "pem" else json.dumps(key.jwk).encode()
    for algorithm in ("HS256", key.algorithm):
        head = unsigned({"alg": algorithm, "kid": key.id, "typ": "JWT"}, GOOD_CLAIMS).rstrip(".")
        signature = base64.urlsafe_b64encode(hmac.new(secret, head.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
        await refused(verifier, f"Bearer {head}.{signature}")


async def test_a_symmetric_key_in_the_issuers_set_opens_nothing() -> None:
    secret = base64.urlsafe_b64encode(b"s" * 32).rstrip(b"=").decode()
    verifier = TokenVerifier(
        StaticKeys({"keys": [ED.jwk, {"kty": "oct", "k": secret, "kid": "mac", "alg": "HS256"}]}), issuer=ISSUER, audience=AUDIENCE
    )
    token = jwt.encode(GOOD_CLAIMS, b"s" * 32, "HS256", headers={"kid": "mac"})
    await refused(verifier, f"Bearer {token}")


async def test_a_key_serves_only_its_own_algorithm(verifier: TokenVerifier) -> None:
    token = jwt.encode(GOOD_CLAIMS, RS.private, "RS384", headers={"kid": "rs"})
    await refused(verifier, f"Bearer {token}")
    await refused(verifier, f"Bearer {RS.token(header={'kid': 'es'})}")


async def test_a_forged_or_altered_token_is_refused(verifier: TokenVerifier) -> None:
    await refused(verifier, f"Bearer {FORGED.token()}")
    head, payload, signature = ED.token().split(".")
    other = ED.token(role="admin").split(".")[1]
    await refused(verifier, f"Bearer {head}.{other}.{signature}")
    await refused(verifier, f"Bearer {head}.{payload}.")


@pytest.mark.parametrize(
    "authorization",
    [
        None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer garbage", "Bearer a.b.c", "Bearer ....", "Bearer \x00.\x00.\x00",
        "Bearer ñ.ñ.ñ",
        "Bearer " + "x" * 20_000,
        "Bearer " + base64.urlsafe_b64encode(b"[" * 12_000).decode() + ".e30.AA",
        "Bearer " + unsigned({"alg": ["EdDSA"], "kid": "ed"}, {}),
        "Bearer " + unsigned({"alg": "EdDSA", "kid": 7}, {}),
        "Bearer " + unsigned({"alg": "EdDSA", "kid": None}, {}),
        "Bearer " + unsigned({"alg": "EdDSA", "kid": "ed", "crit": ["b64"], "b64": False}, {}),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
async def test_garbage_is_refused_in_a_few_words(verifier: TokenVerifier, authorization: str | None) -> None:
    assert len(await refused(verifier, authorization)) < 80


async def test_the_audience_may_be_left_open() -> None:
    verifier = TokenVerifier(StaticKeys(JWKS), issuer=ISSUER, audience=None)
    assert await verifier.verify(f"Bearer {ED.token(aud='anyone')}")
    assert await verifier.verify(f"Bearer {ED.token(aud=None)}")


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    one = Issuer()
    one.body = {"keys": [ED.jwk]}
    async with issuing(one):
        yield one


@pytest.fixture
def remote(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(JwksKeys(issuer.url), issuer=ISSUER, audience=AUDIENCE)


async def test_keys_are_fetched_once_and_kept(issuer: Issuer, remote: TokenVerifier) -> None:
    for _ in range(5):
        await remote.verify(f"Bearer {ED.token()}")
    assert issuer.asked == 1


async def test_callers_who_come_together_wait_for_one_fetch(issuer: Issuer, remote: TokenVerifier) -> None:
    issuer.delay_s = 0.1
    principals = await asyncio.gather(*(remote.verify(f"Bearer {ED.token(sub=f'u{number}')}") for number in range(20)))
    assert [principal.user for principal in principals] == [f"u{number}" for number in range(20)]
    assert issuer.asked == 1


async def test_a_new_key_is_picked_up_and_a_forged_one_asks_seldom(
    issuer: Issuer, remote: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    await remote.verify(f"Bearer {ED.token()}")
    # Forged ids in any number ask the issuer no more than the interval allows.
    for number in range(20):
        await refused(remote, f"Bearer {ED.token(header={'kid': f'forged{number}'})}")
    assert issuer.asked == 1
    issuer.body = {"keys": [ED.jwk, ED_NEXT.jwk]}
    monkeypatch.setattr(keys, "ASK_AGAIN_S", 0.0)
    monkeypatch.setattr(keys, "NONE_YET_AGAIN_S", 0.0)
    assert await remote.verify(f"Bearer {ED_NEXT.token()}")
    assert issuer.asked == 2


async def test_a_key_that_the_issuer_withdrew_opens_nothing_once_the_set_is_stale(
    issuer: Issuer, remote: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    await remote.verify(f"Bearer {ED.token()}")
    issuer.body = {"keys": [ED_NEXT.jwk]}
    await remote.verify(f"Bearer {ED.token()}")
    monkeypatch.setattr(keys, "ASK_AGAIN_S", 0.0)
    monkeypatch.setattr(keys, "NONE_YET_AGAIN_S", 0.0)
    monkeypatch.setattr(keys, "FRESH_S", 0.0)
    await refused(remote, f"Bearer {ED.token()}")


async def test_an_account_that_the_issuer_revokes_is_refused_and_let_in_again(
    issuer: Issuer, remote: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "ASK_AGAIN_S", 0.0)
    monkeypatch.setattr(keys, "NONE_YET_AGAIN_S", 0.0)
    monkeypatch.setattr(keys, "REVOKED_FRESH_S", 0.0)
    issuer.body = {"keys": [ED.jwk], MEMBER: []}
    assert await remote.verify(f"Bearer {ED.token(sub='ana')}")
    issuer.body = {"keys": [ED.jwk], MEMBER: [subject_digest("ana"), 7]}
    await refused(remote, f"Bearer {ED.token(sub='ana')}")
    assert (await remote.verify(f"Bearer {ED.token(sub='eva')}")).user == "eva"
    # An issuer that cannot be asked has said what it said.
    issuer.status = 503
    await refused(remote, f"Bearer {ED.token(sub='ana')}")
    issuer.status, issuer.body = 200, {"keys": [ED.jwk], MEMBER: []}
    assert await remote.verify(f"Bearer {ED.token(sub='ana')}")


async def test_an_issuer_without_revocations_is_not_asked_for_them(
    issuer: Issuer, remote: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "ASK_AGAIN_S", 0.0)
    monkeypatch.setattr(keys, "NONE_YET_AGAIN_S", 0.0)
    monkeypatch.setattr(keys, "REVOKED_FRESH_S", 0.0)
    for _ in range(3):
        assert await remote.verify(f"Bearer {ED.token()}")
    assert issuer.asked == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, {"keys": []}), (200, "no json"), (200, {"keys": []}), (200, []), (200, None), (200, {}), (200, {"keys": [1]})],
)
async def test_an_issuer_in_trouble_leaves_the_known_keys_standing(
    issuer: Issuer, remote: TokenVerifier, monkeypatch: pytest.MonkeyPatch, status: int, body: Any
) -> None:
    await remote.verify(f"Bearer {ED.token()}")
    issuer.status, issuer.body = status, body
    monkeypatch.setattr(keys, "ASK_AGAIN_S", 0.0)
    monkeypatch.setattr(keys, "NONE_YET_AGAIN_S", 0.0)
    monkeypatch.setattr(keys, "FRESH_S", 0.0)
    assert await remote.verify(f"Bearer {ED.token()}")
    await refused(remote, f"Bearer {ED_NEXT.token()}")
    assert issuer.asked == 3


@pytest.mark.parametrize("body", ["no json", [], {"keys": [1]}], ids=str)
async def test_without_any_key_nobody_can_be_checked(issuer: Issuer, remote: TokenVerifier, body: Any) -> None:
    issuer.body = body
    with pytest.raises(Unavailable):
        await remote.verify(f"Bearer {ED.token()}")


async def test_an_issuer_that_is_down_or_hangs_is_unavailable_and_comes_back(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    down = TokenVerifier(JwksKeys("http://127.0.0.1:1/jwks.json"), issuer=ISSUER, audience=AUDIENCE)
    with pytest.raises(Unavailable) as caught:
        await down.verify(f"Bearer {ED.token()}")
    assert "127.0.0.1" not in caught.value.message
    issuer.delay_s = 0.5
    slow = TokenVerifier(JwksKeys(issuer.url, timeout_s=0.05), issuer=ISSUER, audience=AUDIENCE)
    with pytest.raises(Unavailable):
        await slow.verify(f"Bearer {ED.token()}")
    issuer.delay_s = 0
    monkeypatch.setattr(keys, "ASK_AGAIN_S", 0.0)
    monkeypatch.setattr(keys, "NONE_YET_AGAIN_S", 0.0)
    assert await slow.verify(f"Bearer {ED.token()}")


async def test_an_issuer_is_asked_where_its_keys_are(issuer: Issuer) -> None:
    issuer.body = JWKS
    verifier = TokenVerifier(DiscoveredKeys(issuer.issuer), issuer=issuer.issuer, audience=AUDIENCE)
    token = RS.token(iss=issuer.issuer, roles=["Reader", "Admin"])
    assert await verifier.verify(f"Bearer {token}") == Principal("ana", "admin")
    await refused(verifier, f"Bearer {RS.token()}")


@pytest.mark.parametrize(
    "description",
    [
        {"issuer": "https://another.example", "jwks_uri": "{url}"},
        {"issuer": "{issuer}"},
        {"issuer": "{issuer}", "jwks_uri": 7},
        {},
        [],
        "no document",
    ],
    ids=str,
)
async def test_a_discovery_document_that_does_not_fit_opens_nothing(issuer: Issuer, description: Any) -> None:
    issuer.body = JWKS
    if isinstance(description, dict):
        put = {"{url}": issuer.url, "{issuer}": issuer.issuer}
        description = {name: put.get(value, value) for name, value in description.items()}
    issuer.description = description
    verifier = TokenVerifier(DiscoveredKeys(issuer.issuer), issuer=issuer.issuer, audience=AUDIENCE)
    with pytest.raises(Unavailable):
        await verifier.verify(f"Bearer {RS.token(iss=issuer.issuer)}")
