"""What every service answers in the same way."""

from __future__ import annotations

import asyncio
import http.client
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import Body, FastAPI, Request
from tests.contract.core.serving import served

from octavo_core.errors import OctavoError, ProviderTimeout, Throttled, Unavailable
from octavo_core.http import Check, create_app, health

LIMIT = 1_024
BROWSER = "https://app.example"


async def healthy() -> None:
    pass


def service(**checks: Check) -> FastAPI:
    app = create_app(
        service="stories",
        title="Stories",
        description="",
        version="1.2.3",
        checks=checks,
        cors_origins=[BROWSER],
        max_body_bytes=LIMIT,
    )

    @app.post("/api/things/{thing}")
    async def make(thing: str, count: int = Body(embed=True)) -> dict[str, Any]:
        return {"thing": thing, "count": count}

    @app.post("/raw")
    async def raw(request: Request) -> dict[str, int]:
        return {"length": len(await request.body())}

    @app.get("/fails/{how}")
    async def fails(how: str) -> None:
        errors: dict[str, Exception] = {
            "bug": RuntimeError("password=geheim"),
            "throttled": Throttled("too many", retry_after=7),
            "provider": ProviderTimeout("grok took too long", provider="grok"),
            "bare": OctavoError("?"),
        }
        raise errors[how]

    return app


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with to(service(redis=healthy)) as opened:
        yield opened


def to(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def check_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["success"] is False
    assert (body["status"], body["error"], body["type"]) == (status, code, f"urn:octavo:error:{code}")
    assert body["message"] == body["detail"]
    assert body["title"]
    assert body["correlation_id"] == answer.headers["x-correlation-id"]
    return body


@pytest.mark.parametrize("path", ["/health/", "/health/ready", "/health/live", "/api/v1/health", "/api/v1/health/detailed"])
async def test_a_healthy_service_says_so_everywhere(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.json()["status"] in ("healthy", "alive")


async def test_an_unhealthy_dependency_makes_the_service_unready_and_is_named() -> None:
    async def away() -> None:
        raise Unavailable("Redis does not answer")

    async def broken() -> None:
        raise ConnectionError("cannot reach mysql://octavo:geheim@db/jobs")

    async with to(service(redis=away, database=broken, mail=healthy)) as client:
        for path in ("/health/", "/health/ready", "/api/v1/health/detailed"):
            answer = await client.get(path)
            assert answer.status_code == 503
            assert "geheim" not in answer.text
            body = answer.json()
            assert body.pop("uptime_seconds") >= 0
            assert body == {
                "status": "unhealthy",
                "service": "stories",
                "version": "1.2.3",
                "dependencies": {
                    "redis": {"status": "unhealthy", "message": "Redis does not answer"},
                    "database": {"status": "unhealthy", "message": "database does not answer (ConnectionError)"},
                    "mail": {"status": "healthy"},
                },
            }
        # The process itself is fine: nobody should restart it.
        assert (await client.get("/health/live")).status_code == 200
        assert (await client.get("/api/v1/health")).status_code == 200


async def test_a_check_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "TIMEOUT_S", 0.05)

    async def hangs() -> None:
        await asyncio.Event().wait()

    async with to(service(redis=hangs, database=hangs)) as client, asyncio.timeout(5):
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["dependencies"]["redis"]["message"] == "redis does not answer (TimeoutError)"


async def test_metrics_count_by_the_routes_template(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.post(f"/api/things/id{number}", json={"count": 1})
    await client.get("/no/such/path")
    await client.request("BREW", "/raw")
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'octavo_http_requests_total{method="POST",route="/api/things/{thing}",service="stories",status="200"}' in answer.text
    assert 'route="(none)",service="stories",status="404"' in answer.text
    assert "octavo_http_request_seconds_bucket" in answer.text
    assert "id1" not in answer.text
    assert "/no/such/path" not in answer.text
    assert "BREW" not in answer.text, "an invented method makes no label"


async def test_a_correlation_id_is_echoed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/live", headers={"x-correlation-id": "req-1"})
    assert answer.headers["x-correlation-id"] == "req-1"


@pytest.mark.parametrize("offered", [b"", b"a b", b"x" * 129, b'"><script>', "ñ".encode()])
async def test_a_hostile_or_absent_correlation_id_is_replaced(client: httpx.AsyncClient, offered: bytes) -> None:
    made = (await client.get("/health/live", headers=[(b"x-correlation-id", offered)])).headers["x-correlation-id"]
    assert uuid.UUID(made).version == 7


async def test_requests_do_not_share_correlation_ids(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.get("/nowhere", headers={"x-correlation-id": f"r{number}"}) for number in range(20)))
    assert [answer.json()["correlation_id"] for answer in answers] == [f"r{number}" for number in range(20)]


async def test_refusals_of_the_framework_are_problems(client: httpx.AsyncClient) -> None:
    check_problem(await client.get("/nowhere"), 404, "not_found")
    answer = await client.get("/raw")
    check_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


async def test_a_body_that_does_not_fit_says_where(client: httpx.AsyncClient) -> None:
    body = check_problem(await client.post("/api/things/x", json={"count": "many"}), 422, "validation_failed")
    assert [fault["path"] for fault in body["errors"]] == ["body.count"]
    assert "many" not in str(body)


async def test_errors_of_ours_keep_their_words(client: httpx.AsyncClient) -> None:
    throttled = await client.get("/fails/throttled")
    check_problem(throttled, 429, "too_many_requests")
    assert throttled.headers["retry-after"] == "7"
    assert check_problem(await client.get("/fails/provider"), 504, "provider_timeout")["message"] == "grok took too long"
    check_problem(await client.get("/fails/bare"), 500, "internal_error")


async def test_a_bug_is_a_plain_500(client: httpx.AsyncClient) -> None:
    answer = await client.get("/fails/bug", headers={"origin": BROWSER})
    check_problem(answer, 500, "internal_error")
    for word in ("geheim", "Traceback", "RuntimeError", ".py"):
        assert word not in answer.text
    assert answer.headers["access-control-allow-origin"] == BROWSER, "a browser may read it too"


async def pieces(size: int, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


@pytest.mark.parametrize("path", ["/raw", "/api/things/x"], ids=["read by the route", "read by the framework"])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "streamed"])
async def test_a_body_over_the_bound_is_refused(client: httpx.AsyncClient, path: str, declared: bool) -> None:
    content = b"x" * (LIMIT + 1) if declared else pieces(LIMIT // 2, 3)
    answer = await client.post(path, content=content, headers={"content-type": "application/json", "origin": BROWSER})
    body = check_problem(answer, 413, "too_large")
    assert str(LIMIT) in body["message"]
    assert answer.headers["access-control-allow-origin"] == BROWSER


async def test_a_body_of_just_the_bound_passes(client: httpx.AsyncClient) -> None:
    assert (await client.post("/raw", content=b"x" * LIMIT)).json() == {"length": LIMIT}
    assert (await client.post("/raw", content=pieces(LIMIT // 2, 2))).json() == {"length": LIMIT}


async def test_only_configured_origins_may_call(client: httpx.AsyncClient) -> None:
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,idempotency-key"}
    allowed = await client.options("/raw", headers={"origin": BROWSER, **preflight})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == BROWSER
    refused = await client.options("/raw", headers={"origin": "https://evil.example", **preflight})
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers
    answer = await client.post("/raw", content=b"", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


async def test_without_origins_nobody_else_may_call() -> None:
    app = create_app(service="s", title="S", description="", version="1", checks={})
    async with to(app) as client:
        answer = await client.get("/health/live", headers={"origin": BROWSER})
    assert "access-control-allow-origin" not in answer.headers


async def test_documentation_is_there(client: httpx.AsyncClient) -> None:
    assert (await client.get("/docs")).status_code == 200
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert "/health/ready" in paths
    assert "/metrics" not in paths


async def test_a_client_that_sends_far_too_much_gets_to_read_why() -> None:
    """Over a real socket: a server that closed at once would reset the connection under the client's hands."""
    async with served(service()) as port:

        def declared() -> tuple[int, bytes]:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/raw", data=b"x" * 3_000_000, timeout=10)
            except urllib.error.HTTPError as error:
                return error.code, error.read()
            raise AssertionError("it was accepted")

        def streamed() -> tuple[int, bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request(
                "POST", "/raw", body=iter([b"x" * 100_000] * 30), encode_chunked=True, headers={"transfer-encoding": "chunked"}
            )
            answer = connection.getresponse()
            return answer.status, answer.read()

        for send in (declared, streamed):
            status, body = await asyncio.to_thread(send)
            assert status == 413
            assert b"too_large" in body


async def test_a_caller_who_declares_much_and_sends_nothing_is_answered_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("octavo_core.http.edge._DISCARD_S", 0.1)
    async with served(service()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /raw HTTP/1.1\r\nhost: t\r\ncontent-length: 3000000\r\n\r\n")
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
        writer.close()


async def test_a_service_that_goes_on_without_a_dependency_says_so_and_stays_ready() -> None:
    async def away() -> None:
        raise Unavailable("Redis does not answer")

    app = create_app(
        service="stories",
        title="t",
        description="d",
        version="1",
        checks={"database": healthy},
        degraded_by={"redis": away, "jobs": healthy},
    )
    async with to(app) as client:
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert {name: one["status"] for name, one in answer.json()["dependencies"].items()} == {
        "database": "healthy",
        "redis": "unhealthy",
        "jobs": "healthy",
    }


async def test_whoever_is_told_that_something_is_away_is_told_when_to_come_back() -> None:
    app = service()

    @app.get("/away")
    async def away() -> None:
        raise Unavailable("the database does not answer")

    @app.get("/away-for-long")
    async def away_for_long() -> None:
        raise Unavailable("the database does not answer", retry_after=60)

    async with to(app) as client:
        assert [(await client.get(path)).headers["retry-after"] for path in ("/away", "/away-for-long")] == ["5", "60"]
