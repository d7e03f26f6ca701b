"""What attackers try: each is refused, and none gets a 5xx."""

from __future__ import annotations

import base64
import hashlib
import hmac
import statistics
import time
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.integration.auth.house import PASSWORD, House, assert_problem, tokens_of

from octavo_core.ids import generate_uuid

FORGED_PATHS = ("/api/auth/me", "/api/auth/users", "/api/auth/audit", "/api/auth/sessions")


async def _forged(house: House, user: str, session: str) -> dict[str, str]:
    """By what is wrong with each. All claim to be an admin of that session."""
    key = await house.service.keys.signing_key()
    now = int(time.time())
    claims = {"iss": "octavo", "aud": "octavo", "sub": user, "sid": session, "role": "admin"}
    claims = {**claims, "iat": now, "exp": now + 600, "jti": generate_uuid()}
    public = key.private.public_key()
    header = {"kid": key.id}

    def signed(with_key: Any, algorithm: str = "EdDSA", **more: Any) -> str:
        return jwt.encode({**claims, **more}, with_key, algorithm=algorithm, headers=header)

    def by_hand(head: dict[str, str], signature: bytes = b"") -> str:
        parts = [orjson.dumps(head), orjson.dumps(claims), signature]
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)

    def hs256(secret: bytes) -> str:
        unsigned = by_hand({"alg": "HS256", "typ": "JWT", **header}).rpartition(".")[0]
        signature = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
        return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    return {
        "alg none": by_hand({"alg": "none"}),
        "alg None with the key's id": by_hand({"alg": "NoNe", **header}),
        "HS256 with the public key (raw)": hs256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)),
        "HS256 with the public key (PEM)": hs256(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
        "another key under our id": signed(Ed25519PrivateKey.generate()),
        "another audience": signed(key.private, aud="elsewhere"),
        "another issuer": signed(key.private, iss="elsewhere"),
        "expired": signed(key.private, exp=now - 120, iat=now - 720),
        "an unknown key": jwt.encode(claims, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": "../../etc/passwd"}),
        "cut off": signed(key.private)[:-4],
        "a session that is not": signed(key.private, sid=generate_uuid()),
        "somebody else's session": signed(key.private, sub=generate_uuid()),
        "no session": signed(key.private, sid=None),
        "sid of another kind": signed(key.private, sid={"$ne": None}),
    }


async def test_forged_tokens(house: House) -> None:
    tokens = await house.join()
    for what, token in (await _forged(house, tokens.user["id"], tokens.session)).items():
        for path in FORGED_PATHS:
            answer = await house.client.get(path, headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 401, f"{what} on {path}: {answer.status_code}"
    for header in ("Bearer", "Bearer ", "Basic YTpi", "bearer x.y.z", "Bearer " + "x" * 20_000):
        assert_problem(await house.client.get("/api/auth/me", headers={"authorization": header}), 401)


async def test_the_role_in_a_token_is_not_believed_at_auth(house: House) -> None:
    """Even one that we signed: the account's row decides."""
    tokens = await house.join()
    key = await house.service.keys.signing_key()
    claims = {**jwt.decode(tokens.access, options={"verify_signature": False}), "role": "admin"}
    token = jwt.encode(claims, key.private, algorithm="EdDSA", headers={"kid": key.id})
    assert_problem(await house.client.get("/api/auth/users", headers={"authorization": f"Bearer {token}"}), 403)


async def test_a_replayed_refresh_token_ends_the_family(house: House) -> None:
    first = await house.join()
    second = tokens_of(await house.client.post("/api/auth/refresh", json={"refresh_token": first.refresh}))
    assert_problem(await house.client.post("/api/auth/refresh", json={"refresh_token": first.refresh}), 401)
    assert_problem(await house.client.post("/api/auth/refresh", json={"refresh_token": second.refresh}), 401)
    assert_problem(await house.client.get("/api/auth/me", headers=second.headers), 401)
    assert "used a second time" in await house.message("ana@example.org", 2)


async def test_fields_are_not_smuggled_in(house: House) -> None:
    tokens = await house.join()
    for field in ("role", "status", "id", "password_hash", "email_verified", "created_at", "__proto__"):
        body = {"name": "Eve", "email": "eve@example.org", "password": PASSWORD, field: "admin"}
        assert_problem(await house.client.post("/api/auth/register", json=body), 422)
        assert_problem(await house.client.patch("/api/auth/me", json={"name": "Ana", field: "admin"}, headers=tokens.headers), 422)
    me = await house.client.get("/api/auth/me", headers=tokens.headers)
    assert (me.json()["user"]["role"], me.json()["user"]["status"]) == ("user", "active")


HOSTILE: list[Any] = [
    {"$ne": None},
    {"$gt": ""},
    ["a", "b"],
    1,
    True,
    None,
    "",
    "' OR '1'='1' --",
    'ana@example.org"; DROP TABLE users; --',
    "admin'/*",
    "a\x00b",
    "a\r\nBcc: eve@example.org",
    "x" * 10_000,
    "\u202eana",
    "%00",
    "${jndi:ldap://x}",
    "{{7*7}}",
]


async def test_hostile_values_in_every_field(patient_house: House) -> None:
    for value in HOSTILE:
        await _send_everywhere(patient_house, value)


async def _send_everywhere(house: House, value: Any) -> None:
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/api/auth/login", {"username": value, "password": PASSWORD}),
        ("/api/auth/login", {"username": "ana@example.org", "password": value}),
        ("/api/auth/register", {"name": "Ana", "email": value, "password": PASSWORD}),
        ("/api/auth/register", {"name": "Ana", "phone": value, "password": PASSWORD}) if value is not None else ("/api/auth/login", {}),
        ("/api/auth/verify", {"verification_id": value, "code": "123456"}),
        ("/api/auth/verify", {"verification_id": generate_uuid(), "code": value}),
        ("/api/auth/verify/resend", {"verification_id": value}),
        ("/api/auth/refresh", {"refresh_token": value}),
        ("/api/auth/recover/confirm", {"recovery_id": generate_uuid(), "code": value, "password": PASSWORD}),
        ("/api/auth/oidc/token", {"ticket": value}),
        ("/api/auth/service-token", {"client_id": value, "client_secret": "x"}),
        ("/api/auth/service-token", {"client_id": "auth", "client_secret": value}),
    ]
    for path, body in bodies:
        answer = await house.client.post(path, json=body)
        assert 400 <= answer.status_code < 500, f"{path} {body}: {answer.status_code} {answer.text[:200]}"
        assert answer.headers["content-type"] == "application/problem+json"
        assert "Traceback" not in answer.text
    answer = await house.client.post("/api/auth/recover", json={"username": value})
    assert answer.status_code == 202 or 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b'"x"', b'{"username": "\\ud800", "password": "\\udfff"}', b"\xff\xfe", b"{" * 50_000]
)
async def test_broken_bodies(house: House, raw: bytes) -> None:
    for path in ("/api/auth/login", "/api/auth/register", "/api/auth/refresh", "/api/auth/recover"):
        answer = await house.client.post(path, content=raw, headers={"content-type": "application/json"})
        assert 400 <= answer.status_code < 500, f"{path}: {answer.status_code} {answer.text[:200]}"


async def test_codes_cannot_be_guessed(house: House) -> None:
    verification = await house.ask_to_register(email="ana@example.org")
    right = await house.code("ana@example.org")
    for n in range(5):
        wrong = f"{(int(right) + n + 1) % 1_000_000:06d}"
        assert_problem(await house.client.post("/api/auth/verify", json={"verification_id": verification, "code": wrong}), 422)
    assert_problem(await house.client.post("/api/auth/verify", json={"verification_id": verification, "code": right}), 422)


async def test_another_s_registration_of_one_s_address_confirms_nothing(house: House) -> None:
    """Eve registers Ana's address with Eve's password; Ana, who registers too, gets both codes."""
    theirs = await house.ask_to_register(email="ana@example.org", password="eve's own password")
    their_code = await house.code("ana@example.org")
    own = await house.ask_to_register(email="ana@example.org")
    own_code = await house.code("ana@example.org", 2)
    crossed = await house.client.post("/api/auth/verify", json={"verification_id": own, "code": their_code})
    if their_code != own_code:
        assert_problem(crossed, 422)
    assert (await house.client.post("/api/auth/verify", json={"verification_id": own, "code": own_code})).status_code == 200
    assert_problem(await house.client.post("/api/auth/verify", json={"verification_id": theirs, "code": their_code}), 409)
    await house.login()


async def test_brute_force_on_a_login_is_throttled_and_the_person_gets_in_from_home(house: House) -> None:
    await house.register()
    async with house.from_address("198.51.100.7") as stranger:
        statuses = [
            (await stranger.post("/api/auth/login", json={"username": "ana@example.org", "password": f"guess number {n}"})).status_code
            for n in range(14)
        ]
        assert statuses[:10] == [401] * 10
        assert set(statuses[10:]) == {429}
        right = await stranger.post("/api/auth/login", json={"username": "ana@example.org", "password": PASSWORD})
        assert_problem(right, 429)
        assert int(right.headers["retry-after"]) >= 1
    await house.login()


async def test_one_address_cannot_try_every_account(house: House) -> None:
    async with house.from_address("2001:db8::1") as first, house.from_address("2001:db8::2") as neighbour:
        seen = set()
        for n in range(110):
            who = first if n % 2 else neighbour
            body = {"username": f"nobody{n}@example.org", "password": "any password"}
            seen.add((await who.post("/api/auth/login", json=body)).status_code)
            if 429 in seen:
                break
        assert seen == {401, 429}


async def test_registering_and_recovering_say_the_same_of_every_address(house: House) -> None:
    await house.register()
    answers = []
    for email in ("ana@example.org", "nobody@example.org"):
        answer = await house.client.post("/api/auth/register", json={"name": "Eve", "email": email, "password": "some fine password"})
        answers.append((answer.status_code, {**answer.json(), "verification_id": ""}))
        recovery = await house.client.post("/api/auth/recover", json={"username": email})
        answers.append((recovery.status_code, {**recovery.json(), "recovery_id": ""}))
        verification = {"verification_id": answer.json()["verification_id"]}
        resent = await house.client.post("/api/auth/verify/resend", json=verification)
        answers.append((resent.status_code, {**resent.json(), "correlation_id": ""}))
        verified = await house.client.post("/api/auth/verify", json={**verification, "code": "ABC"})
        answers.append((verified.status_code, {**verified.json(), "correlation_id": ""}))
    assert answers[:4] == answers[4:]
    # Its owner is told, and nobody else.
    await house.code("nobody@example.org")
    subjects = [message["subject"] for message in await house.messages("ana@example.org")]
    assert "You have an account already" in subjects


async def test_a_login_takes_as_long_for_a_name_that_is_not(house: House) -> None:
    """Medians of interleaved tries, generous: a hash that was left out would be ten times quicker."""
    await house.register()
    took: dict[str, list[float]] = {"ana@example.org": [], "nobody@example.org": [], "nobody at all": []}
    for n in range(8):
        async with house.from_address(f"198.51.100.{n + 1}") as client:
            for username, times in took.items():
                began = time.perf_counter()
                answer = await client.post("/api/auth/login", json={"username": username, "password": f"guess number {n}"})
                times.append(time.perf_counter() - began)
                assert_problem(answer, 401)
    known, *unknown = (statistics.median(times) for times in took.values())
    for other in unknown:
        assert 0.4 < other / known < 2.5


async def test_registering_and_recovering_take_as_long_for_an_address_that_is_not(patient_house: House) -> None:
    """Medians of interleaved requests, generous: neither looks whether there is an account."""
    await patient_house.register()
    for path, body in (("register", {"name": "Eve", "password": "some fine password"}), ("recover", {})):
        field = "email" if path == "register" else "username"
        took: dict[str, list[float]] = {"ana@example.org": [], "nobody@example.org": []}
        for _ in range(9):
            for address, times in took.items():
                began = time.perf_counter()
                answer = await patient_house.client.post(f"/api/auth/{path}", json={**body, field: address})
                times.append(time.perf_counter() - began)
                assert answer.status_code == 202
        known, unknown = (statistics.median(times) for times in took.values())
        assert 0.25 < unknown / known < 4


async def test_secrets_reach_neither_log_nor_jobs(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    await house.join()
    await house.client.post("/api/auth/recover", json={"username": "ana@example.org"})
    code = await house.code("ana@example.org", 2)
    jobs = (house.settings.home / "jobs.db").read_bytes()
    for secret in (code, PASSWORD, "ana@example.org"):
        assert secret.encode() not in jobs
    database = b"".join(path.read_bytes() for path in house.settings.home.glob("auth.db*"))
    for secret in (code, PASSWORD):
        assert secret.encode() not in database
    output = capfd.readouterr()
    assert code not in output.out + output.err
    assert PASSWORD not in output.out + output.err
