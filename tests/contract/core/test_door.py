"""Who may ask how often, whose word is believed about who asks, and what every answer tells a browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp
from structlog.testing import capture_logs
from tests.contract.core.test_http import check_problem

from octavo_core.errors import Misconfigured
from octavo_core.http import configure_door, create_app, refusals
from octavo_core.http.callers import Caller
from octavo_core.http.rates import TokenBuckets
from octavo_core.identity import StaticKeys, TokenVerifier
from octavo_core.settings import CommonSettings, read_settings

PROXY = "10.0.0.9"
Guard = Callable[..., None]


@pytest.fixture
def guard() -> Iterator[Guard]:
    """Sets what holds at the door of this process; afterwards it is open again."""

    def set_(per_minute: int = 60, burst: int = 3, trusted_proxies: Sequence[str] = ()) -> None:
        configure_door(CommonSettings(edge_requests_per_minute=per_minute, edge_burst=burst, trusted_proxies=list(trusted_proxies)))

    yield set_
    set_(per_minute=0)


KEY = Ed25519PrivateKey.generate()


def token(user: str, role: str = "user", key: Ed25519PrivateKey = KEY) -> dict[str, str]:
    claims = {"iss": "octavo", "aud": "octavo", "sub": user, "role": role, "exp": int(time.time()) + 600}
    return {"authorization": f"Bearer {jwt.encode(claims, key, algorithm='EdDSA', headers={'kid': 'k'})}"}


def service(**options: Any) -> FastAPI:
    app = create_app(service="door", title="Door", description="", version="1", checks={}, **options)
    public = {**jwt.algorithms.OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k", "alg": "EdDSA"}
    app.state.verifier = TokenVerifier(StaticKeys({"keys": [public]}), issuer="octavo", audience="octavo")

    @app.get("/open")
    async def open_to_all() -> dict[str, str]:
        return {"said": "hello"}

    @app.get("/mine")
    async def mine(caller: Caller) -> dict[str, str]:
        return {"user": caller.user}

    return app


def asking(app: ASGIApp, address: str = "198.51.100.1") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 4_000)), base_url="http://test")


async def statuses(client: httpx.AsyncClient, count: int, path: str = "/open", **headers: str) -> list[int]:
    return [(await client.get(path, headers=headers)).status_code for _ in range(count)]


def test_a_bucket_gives_its_burst_and_then_one_at_a_time() -> None:
    buckets = TokenBuckets(per_minute=60, burst=5)
    assert [buckets.take("ana", 1_000_000.0) for _ in range(5)] == [0.0] * 5
    assert buckets.take("ana", 1_000_000.0) == pytest.approx(1, abs=0.2)
    assert buckets.take("bo", 1_000_000.0) == 0.0
    assert buckets.take("ana", 1_000_001.1) == 0.0
    assert buckets.take("ana", 1_000_001.1) > 0
    # Who is refused and comes again and again does not wait the longer.
    assert buckets.take("ana", 1_000_002.1) == 0.0
    assert [buckets.take("ana", 1_000_100.0) for _ in range(6)].count(0.0) == 5


def test_a_bucket_that_is_large_gives_all_of_it() -> None:
    buckets = TokenBuckets(per_minute=120_000, burst=10_000)
    assert sum(buckets.take("ana", 5_000_000.0) == 0.0 for _ in range(10_100)) == 10_000


def test_only_so_many_callers_are_remembered() -> None:
    buckets = TokenBuckets(per_minute=1, burst=1, kept=100)
    for n in range(10_000):
        assert buckets.take(f"caller {n}", 50.0) == 0.0
    assert len(buckets._full_at) == 100
    assert buckets.take("caller 9999", 50.0) > 0, "the last ones are those that are remembered"
    assert buckets.take("caller 0", 50.0) == 0.0


async def test_an_address_that_asks_too_often_is_told_when_to_come_back(guard: Guard) -> None:
    guard(per_minute=6, burst=3)
    app = service(cors_origins=["https://app.example"])
    async with asking(app) as client, asking(app, "198.51.100.2") as other:
        assert await statuses(client, 3) == [200] * 3
        refused = await client.get("/open", headers={"origin": "https://app.example"})
        check_problem(refused, 429, "too_many_requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 10
        assert refused.headers["access-control-allow-origin"] == "https://app.example", "a page may read why"
        assert await statuses(other, 1) == [200]
        for path in ("/health/ready", "/health/live", "/api/v1/health", "/metrics"):
            assert await statuses(client, 20, path) == [200] * 20
        assert (await client.get("/nowhere")).status_code == 429


async def test_neighbours_of_an_ipv6_address_are_one_and_a_mapped_ipv4_address_is_itself(guard: Guard) -> None:
    guard(per_minute=1, burst=2)
    app = service()
    seen = []
    v4 = "198.51.100.1"
    for address in ("2001:db8::1", "2001:db8::2", "2001:db8::ffff", "2001:db8:0:1::1", f"::ffff:{v4}", v4, v4):
        async with asking(app, address) as client:
            seen += await statuses(client, 1)
    assert seen == [200, 200, 429, 200, 200, 200, 429]


async def test_whoever_is_on_the_machine_itself_is_not_counted(guard: Guard) -> None:
    guard(per_minute=1, burst=1)
    app = service()
    for address in ("127.0.0.1", "::1", "127.8.8.8", "::ffff:127.0.0.1"):
        async with asking(app, address) as client:
            assert await statuses(client, 5) == [200] * 5


async def test_nobody_is_counted_until_somebody_says_so(guard: Guard) -> None:
    guard(per_minute=0, burst=1)
    async with asking(service()) as client:
        assert await statuses(client, 50) == [200] * 50


async def test_nobody_is_believed_who_was_not_named(guard: Guard) -> None:
    guard(per_minute=1, burst=2)
    async with asking(service(), PROXY) as client:
        seen = [(await client.get("/open", headers={"x-forwarded-for": f"203.0.113.{n}"})).status_code for n in range(4)]
        assert seen == [200, 200, 429, 429]
        answer = await client.get("/health/live", headers={"x-forwarded-proto": "https"})
        assert "strict-transport-security" not in answer.headers


async def test_a_named_proxy_says_whom_it_asks_for_and_that_it_was_by_https(guard: Guard) -> None:
    guard(per_minute=1, burst=2, trusted_proxies=["10.0.0.0/8"])
    async with asking(service(), PROXY) as client:
        seen = [(await client.get("/open", headers={"x-forwarded-for": f"203.0.113.{n}"})).status_code for n in range(4)]
        assert seen == [200] * 4
        # What stands before the proxy's own word is the caller's, and changes nothing.
        seen = [(await client.get("/open", headers={"x-forwarded-for": f"8.8.8.{n}, 203.0.113.77"})).status_code for n in range(4)]
        assert seen == [200, 200, 429, 429]
        answer = await client.get("/health/live", headers={"x-forwarded-proto": "https"})
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_user_is_counted_wherever_they_ask_from(guard: Guard) -> None:
    guard(per_minute=1, burst=3)
    app, seen = service(), []
    for n in range(5):
        async with asking(app, f"198.51.100.{n}") as client:
            seen.append((await client.get("/mine", headers=token("ana"))).status_code)
            assert (await client.get("/mine", headers=token("stories", "service"))).status_code == 200, "a service is not a user"
    assert seen == [200, 200, 200, 429, 429]
    async with asking(app, "198.51.100.99") as client:
        check_problem(await client.get("/mine", headers=token("ana")), 429, "too_many_requests")
        assert (await client.get("/mine", headers=token("bo"))).status_code == 200


async def test_a_forged_token_uses_up_nobody_s_requests(guard: Guard) -> None:
    guard(per_minute=1, burst=3)
    app, forged = service(), token("ana", key=Ed25519PrivateKey.generate())
    for n in range(10):
        async with asking(app, f"198.51.100.{n}") as client:
            assert (await client.get("/mine", headers=forged)).status_code == 401
    async with asking(app, "198.51.100.50") as client:
        assert (await client.get("/mine", headers=token("ana"))).status_code == 200


@pytest.mark.parametrize("proxies", ['["*"]', '["proxy.example"]', '[""]', '["10.0.0.0/99"]'])
def test_a_proxy_that_could_be_anybody_is_refused_at_the_start(proxies: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_TRUSTED_PROXIES", proxies)
    with pytest.raises(Misconfigured, match="OCTAVO_TRUSTED_PROXIES"):
        read_settings(CommonSettings)


async def test_a_refusal_is_told_with_its_reason_and_a_link_that_is_a_secret_is_not() -> None:
    app = service()

    @app.get("/shared/{token}")
    async def shared(token: str, caller: Caller) -> None: ...

    with capture_logs() as lines:
        async with asking(app) as client:
            await client.get("/shared/hush-hush?signature=hushed")
            await client.get("/nowhere?key=hushed")
    without, nowhere = [line for line in lines if line["event"] == "a request was refused"]
    assert (without["status"], without["error"], without["reason"]) == (401, "unauthenticated", "a bearer token is required")
    assert (without["method"], without["route"], without["address"], without["user"]) == ("GET", "/shared/{token}", "198.51.100.1", None)
    assert (nowhere["status"], nowhere["path"]) == (404, "/nowhere")
    assert "hush" not in str(lines)


async def test_a_flood_of_refusals_is_told_in_few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    told = refusals._Lines()
    told._buckets = TokenBuckets(per_minute=1, burst=10)
    monkeypatch.setattr(refusals, "_lines", told)
    with capture_logs() as lines:
        async with asking(service()) as client:
            assert await statuses(client, 50, "/mine") == [401] * 50
    assert [line["event"] for line in lines] == ["a request was refused"] * 10, "and by nobody else"
    assert told.left_out() == 40


async def test_every_answer_says_what_a_browser_may_do(guard: Guard) -> None:
    app = service(cors_origins=["https://app.example"])
    async with asking(app) as client:
        preflight = {"origin": "https://app.example", "access-control-request-method": "GET"}
        answers = [await client.get(path) for path in ("/open", "/mine", "/nowhere", "/health/live", "/openapi.json", "/docs", "/metrics")]
        answers.append(await client.options("/open", headers=preflight))
        answers.append(await client.options("/open", headers={**preflight, "origin": "https://evil.example"}))
        for answer in answers:
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"


async def test_what_a_route_says_itself_counts() -> None:
    app = service()

    @app.get("/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>", headers={"content-security-policy": "default-src 'self'", "cache-control": "max-age=60"})

    async with asking(app) as client:
        answer = await client.get("/page")
    assert answer.headers.get_list("content-security-policy") == ["default-src 'self'"]
    assert answer.headers.get_list("cache-control") == ["max-age=60"]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_documentation_runs_the_files_it_names_and_the_script_it_holds(path: str) -> None:
    async with asking(service(prefix="")) as client:
        answer = await client.get(path)
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    for file in re.findall(r'<script[^>]*src="([^"]+)"', answer.text):
        assert file in policy["script-src"].split()
    assert "unsafe-inline" not in policy["script-src"]
    assert policy["script-src"].count("'sha256-") == answer.text.count("<script>")
    assert policy["connect-src"] == "'self'"
