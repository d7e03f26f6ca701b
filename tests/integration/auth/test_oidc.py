"""Login by another issuer, against one that runs."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.integration.auth.house import House, Tokens, assert_problem, open_house, settings_for, tokens_of
from tests.servers.oidc import CLIENT_ID, CLIENT_SECRET, OidcIssuer, oidc_issuer
from tests.servers.redis import RedisServer


@pytest.fixture
def issuer() -> Iterator[OidcIssuer]:
    with oidc_issuer() as found:
        yield found


@pytest.fixture(params=[False], ids=["addresses are not trusted"])
async def oidc_house(request: pytest.FixtureRequest, issuer: OidcIssuer, tmp_path: Path, redis_server: RedisServer) -> AsyncIterator[House]:
    provider = {
        "name": "entra", "issuer": issuer.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "trust_email": request.param,
    }  # fmt: skip
    async with open_house(settings_for(tmp_path, redis_server.url, oidc=[provider], public_url="http://localhost")) as house:
        yield house


async def depart(house: House, **params: str) -> str:
    """Where the issuer sends the browser back to."""
    answer = await house.client.get("/api/auth/oidc/entra/start", params=params)
    assert answer.status_code == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["scope"] == ["openid profile email"]
    async with httpx.AsyncClient() as browser:
        back = await browser.get(answer.headers["location"])
    assert back.status_code == 302
    return back.headers["location"]


async def log_in(house: House) -> Tokens:
    answer = await house.client.get(await depart(house))
    assert answer.status_code == 303, answer.text
    ticket = answer.headers["location"].partition("#ticket=")[2]
    return tokens_of(await house.client.post("/api/auth/oidc/token", json={"ticket": ticket}))


async def test_a_person_logs_in_and_is_the_same_the_next_time(oidc_house: House) -> None:
    first = await log_in(oidc_house)
    assert (first.user["name"], first.user["has_password"], first.user["email"]) == ("Ana Issuer", False, None)
    second = await log_in(oidc_house)
    assert second.user["id"] == first.user["id"]
    listed = (await oidc_house.client.get("/api/auth/sessions", headers=second.headers)).json()["items"]
    assert {item["method"] for item in listed} == {"oidc:entra"}
    assert (await oidc_house.client.get("/api/auth/oidc")).json()["items"] == ["entra"]


async def test_a_ticket_holds_once_and_a_code_once(oidc_house: House) -> None:
    back = await depart(oidc_house, return_to="/studio?tab=1")
    cookies = dict(oidc_house.client.cookies)
    answer = await oidc_house.client.get(back)
    path, _, ticket = answer.headers["location"].partition("#ticket=")
    assert path == "/studio?tab=1"
    assert (await oidc_house.client.post("/api/auth/oidc/token", json={"ticket": ticket})).status_code == 200
    assert_problem(await oidc_house.client.post("/api/auth/oidc/token", json={"ticket": ticket}), 401)
    oidc_house.client.cookies.update(cookies)
    assert_problem(await oidc_house.client.get(back), 401)


async def test_a_ticket_that_is_bound_to_a_browser_is_worth_nothing_in_another(oidc_house: House) -> None:
    secret = "s" * 43
    digest = hashlib.sha256(secret.encode()).hexdigest()

    async def ticket(**params: str) -> str:
        answer = await oidc_house.client.get(await depart(oidc_house, **params))
        return answer.headers["location"].partition("#ticket=")[2]

    async def exchange(**body: str) -> httpx.Response:
        return await oidc_house.client.post("/api/auth/oidc/token", json=body)

    for wrong in ({}, {"binding": "x" * 43}, {"binding": digest}):
        bound = await ticket(binding=digest)
        assert_problem(await exchange(ticket=bound, **wrong), 401)
        # It was tried, and is worth nothing any more.
        assert_problem(await exchange(ticket=bound, binding=secret), 401)
    # Who binds takes none that is bound to nobody: anybody can have got it.
    assert_problem(await exchange(ticket=await ticket(), binding=secret), 401)
    assert (await exchange(ticket=await ticket(binding=digest), binding=secret)).status_code == 200
    for odd in ("x", digest.upper(), f"{digest}0", f"{digest}\n"):
        assert_problem(await oidc_house.client.get("/api/auth/oidc/entra/start", params={"binding": odd}), 422)


async def test_a_login_that_another_browser_began_is_refused(oidc_house: House) -> None:
    back = await depart(oidc_house)
    async with oidc_house.from_address("127.0.0.1") as other:
        assert_problem(await other.get(back), 401)
    await depart(oidc_house)
    # The cookie is that of a later start: another state.
    assert_problem(await oidc_house.client.get(back), 401)


@pytest.mark.parametrize(
    "where", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a b", "/a\r\nx: y"]
)
async def test_nobody_is_sent_elsewhere_afterwards(oidc_house: House, where: str) -> None:
    assert_problem(await oidc_house.client.get("/api/auth/oidc/entra/start", params={"return_to": where}), 422)


async def test_a_token_that_is_not_for_this_login_is_refused(oidc_house: House, issuer: OidcIssuer) -> None:
    wrong: list[dict[str, object]] = [
        {"iss": "https://elsewhere.example"},
        {"aud": "somebody else"},
        {"aud": [CLIENT_ID, "other"]},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1},
        {"sub": ""},
    ]
    for claims in wrong:
        issuer.overrides = claims
        assert_problem(await oidc_house.client.get(await depart(oidc_house)), 401)
    issuer.overrides = {}
    issuer.signs_with = rsa.generate_private_key(65_537, 2_048)
    assert_problem(await oidc_house.client.get(await depart(oidc_house)), 401)


async def test_an_address_there_is_not_an_account_here(oidc_house: House, issuer: OidcIssuer) -> None:
    mine = await oidc_house.register()
    issuer.claims = {"sub": "eve", "name": "Ana", "email": "ana@example.org", "email_verified": True}
    theirs = await log_in(oidc_house)
    assert theirs.user["id"] != mine["id"]
    assert theirs.user["email"] is None


@pytest.mark.parametrize("oidc_house", [True], indirect=True, ids=["addresses are trusted"])
async def test_an_issuer_whose_addresses_are_trusted_leads_to_the_account(oidc_house: House, issuer: OidcIssuer) -> None:
    mine = await oidc_house.register()
    issuer.claims = {"sub": "ana", "name": "Ana", "email": "Ana@Example.org", "email_verified": False}
    assert (await log_in(oidc_house)).user["id"] != mine["id"]
    issuer.claims = {"sub": "ana-2", "name": "Ana", "email": "Ana@Example.org", "email_verified": True}
    assert (await log_in(oidc_house)).user["id"] == mine["id"]


async def test_an_issuer_that_is_away_is_named(tmp_path: Path, redis_server: RedisServer) -> None:
    provider = {"name": "gone", "issuer": "http://127.0.0.1:9", "client_id": "x"}
    async with open_house(settings_for(tmp_path, redis_server.url, oidc=[provider])) as house:
        assert "gone" in assert_problem(await house.client.get("/api/auth/oidc/gone/start"), 503)["message"]
        assert_problem(await house.client.get("/api/auth/oidc/other/start"), 404)


async def test_an_account_without_a_password_is_deleted_after_a_fresh_login(oidc_house: House) -> None:
    tokens = await log_in(oidc_house)
    answer = await oidc_house.client.request("DELETE", "/api/auth/me", json={}, headers=tokens.headers)
    assert answer.status_code == 202
