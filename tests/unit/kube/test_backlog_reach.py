"""How a generator's API is asked, and how every answer is read: its own, a problem, somebody else's, none."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from octavo_core.errors import Unavailable
from octavo_core.http import problem_response
from octavo_generation.api.backlog import BacklogResponse
from octavo_operator.reach import ByProxy, ByService, Target, read_backlog, read_readiness
from octavo_operator.resource import Backlog, BacklogUnknown, Key

KEY = Key("prod", "tales")
SAID = BacklogUnknown("the database of jobs does not answer (TimeoutError)", said=True)


def problem(message: str) -> bytes:
    return bytes(problem_response(Unavailable(message)).body)


# ---- reading


def test_it_reads_what_the_api_writes() -> None:
    written = BacklogResponse(
        queued=40, running=16, delayed=2, oldest_seconds=12.5, last_accepted_at="2026-01-01T12:00:00.000Z", active_requests=3
    )
    body = written.model_dump_json(by_alias=True).encode()
    assert read_backlog(200, body) == Backlog(40, 16, 2, 12.5, 3, "2026-01-01T12:00:00.000Z")


def test_it_reads_an_api_that_never_had_a_job() -> None:
    written = BacklogResponse(queued=0, running=0, delayed=0, oldest_seconds=0, last_accepted_at=None, active_requests=0)
    assert read_backlog(200, written.model_dump_json(by_alias=True).encode()) == Backlog(0, 0, 0, 0.0)


def test_a_problem_is_unknown_in_its_own_words() -> None:
    assert read_backlog(503, problem(SAID.message)) == SAID


def test_no_secret_comes_through() -> None:
    answer = read_backlog(500, problem("cannot reach postgresql://octavo:geheim@db/x"))
    assert isinstance(answer, BacklogUnknown)
    assert "geheim" not in answer.message


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"<html>", "no backlog"),
        (200, b"[]", "no backlog"),
        (200, b'{"queued": 1}', "no backlog"),
        (200, b'{"queued": -1, "running": 0, "delayed": 0}', "no backlog"),
        (200, b'{"queued": true, "running": 0, "delayed": 0}', "no backlog"),
        (200, b'{"queued": 1.5, "running": 0, "delayed": 0}', "no backlog"),
        (200, b'{"queued": 1, "running": 0, "delayed": 0, "oldestSeconds": "x"}', "no backlog"),
        (200, b'{"queued": 1, "running": 0, "delayed": 0, "activeRequests": null}', "no backlog"),
        (200, b'{"queued": 1, "running": 0, "delayed": 0, "oldestSeconds": 1e999}', "no backlog"),
        (404, b"not here", "answered 404"),
        (502, b"<html>", "answered 502"),
        (503, b'{"kind": "Status", "message": "no endpoints available for service"}', "no endpoints available"),
    ],
)
def test_what_is_no_word_of_the_api_is_not_taken_for_one(status: int, body: bytes, message: str) -> None:
    answer = read_backlog(status, body)
    assert isinstance(answer, BacklogUnknown)
    assert message in answer.message
    assert not answer.said


def test_readiness_says_what_is_missed_the_database_first() -> None:
    body = (
        b'{"status": "unhealthy", "dependencies": {"process": {"status": "unhealthy", "message": "starting"}, "redis": {"status":'
        b' "unhealthy", "message": "Redis does not answer"}, "database": {"status": "unhealthy", "message": "the database is away"}}}'
    )
    assert read_readiness(503, body) == BacklogUnknown("the database is away", said=True)


@pytest.mark.parametrize(
    ("status", "body"), [(200, b'{"dependencies": {}}'), (503, b"x"), (503, b'{"dependencies": {"a": 1}}'), (503, b"[]")]
)
def test_readiness_that_says_nothing_is_only_unknown(status: int, body: bytes) -> None:
    assert read_readiness(status, body) == BacklogUnknown("no pod of the API is ready")


# ---- asking, inside the cluster


class EverythingIsHere(AbstractResolver):
    """Leads every name and port to one local server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.names: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        self.names.append(f"{host}:{port}")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=self.port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        return


@contextlib.asynccontextmanager
async def serving(handler: Any) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    try:
        yield site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def asking(handler: Any, *, timeout_s: float = 5.0) -> AsyncIterator[tuple[ByService, EverythingIsHere]]:
    async with serving(handler) as port:
        resolver = EverythingIsHere(port)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver, force_close=True)) as session:
            yield ByService(session, timeout_s=timeout_s), resolver


async def test_the_service_is_asked_by_its_name() -> None:
    async def backlog(request: web.Request) -> web.Response:
        assert request.path == "/api/v1/backlog"
        return web.json_response({"queued": 1, "running": 2, "delayed": 3, "oldestSeconds": 4})

    async with asking(backlog) as (ask, resolver):
        assert await ask(Target(KEY)) == Backlog(1, 2, 3, 4.0)
        assert resolver.names == ["tales-api.prod.svc:80"]


async def test_where_pods_are_known_each_is_asked_now_and_then() -> None:
    async def backlog(_: web.Request) -> web.Response:
        return web.json_response({"queued": 0, "running": 0, "delayed": 0, "oldestSeconds": 0})

    async with asking(backlog) as (ask, resolver):
        target = Target(KEY, pods=(("tales-api-1", "one.test"), ("tales-api-2", "two.test")))
        for _ in range(60):
            assert await ask(target) == Backlog(0, 0, 0, 0.0)
        assert {"one.test:8000", "two.test:8000"} == set(resolver.names)


async def test_a_problem_of_the_service_is_told_in_its_words() -> None:
    async def away(_: web.Request) -> web.Response:
        return web.Response(status=503, body=problem(SAID.message), content_type="application/problem+json")

    async with asking(away) as (ask, _):
        assert await ask(Target(KEY)) == SAID


async def test_a_service_that_hangs_is_given_up_in_time() -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    async with asking(hang, timeout_s=0.1) as (ask, _):
        assert await ask(Target(KEY)) == BacklogUnknown("the API did not answer within 0.1 s")


async def test_an_answer_without_end_is_cut_off() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await answer.write(b" " * 65_536)
        return answer

    async with asking(endless) as (ask, _):
        answer = await ask(Target(KEY))
        assert isinstance(answer, BacklogUnknown)
        assert "no backlog" in answer.message


async def test_a_redirect_is_not_followed() -> None:
    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://metadata.internal/")

    async with asking(elsewhere) as (ask, resolver):
        assert await ask(Target(KEY)) == BacklogUnknown("the API answered 302")
        assert len(resolver.names) == 1


async def test_nobody_at_home_is_unknown() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        connector = aiohttp.TCPConnector(resolver=EverythingIsHere(closed.getsockname()[1]))
        async with aiohttp.ClientSession(connector=connector) as session:
            answer = await ByService(session)(Target(KEY))
    assert answer == BacklogUnknown("the API is not reached (ClientConnectorError)")


async def test_pods_that_are_not_ready_are_asked_what_they_miss() -> None:
    async def ready(request: web.Request) -> web.Response:
        assert request.path == "/health/ready"
        return web.json_response({"dependencies": {"database": {"status": "unhealthy", "message": "it is away"}}}, status=503)

    async with asking(ready) as (ask, resolver):
        answer = await ask(Target(KEY, ready=False, pods=(("tales-api-1", "pod.test"),)))
    assert resolver.names == ["pod.test:8000"]
    assert answer == BacklogUnknown("it is away", said=True)


async def test_without_pods_there_is_nobody_to_ask() -> None:
    async with aiohttp.ClientSession() as session:
        assert await ByService(session)(Target(KEY, ready=False)) == BacklogUnknown("no pod of the API is ready")


# ---- asking, from outside


class ApiServer:
    """Answers for any path; remembers which."""

    def __init__(self, answer: tuple[int, bytes] | Exception) -> None:
        self.answer = answer
        self.paths: list[str] = []

    async def get_answer(self, path: str, timeout_s: float) -> tuple[int, bytes]:
        self.paths.append(path)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_from_outside_the_service_is_asked_through_the_api_server() -> None:
    server = ApiServer((200, b'{"queued": 1, "running": 0, "delayed": 0, "oldestSeconds": 0}'))
    assert await ByProxy(server)(Target(KEY)) == Backlog(1, 0, 0, 0.0)
    assert server.paths == ["/api/v1/namespaces/prod/services/tales-api:http/proxy/api/v1/backlog"]


async def test_from_outside_pods_are_asked_through_the_api_server() -> None:
    body = b'{"dependencies": {"redis": {"status": "unhealthy", "message": "Redis does not answer"}}}'
    server = ApiServer((503, body))
    target = Target(KEY, ready=False, pods=(("tales-api-1", "10.0.0.1"),))
    assert await ByProxy(server)(target) == BacklogUnknown("Redis does not answer", said=True)
    assert server.paths == ["/api/v1/namespaces/prod/pods/tales-api-1:8000/proxy/health/ready"]


@pytest.mark.parametrize("error", [Unavailable("the API server is not reached"), TimeoutError()])
async def test_without_an_api_server_it_is_unknown(error: Exception) -> None:
    answer = await ByProxy(ApiServer(error))(Target(KEY))
    assert isinstance(answer, BacklogUnknown)
    assert not answer.said
