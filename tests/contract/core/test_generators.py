"""The client of generators, against what a generator may answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from tests.servers.starting import free_port

from octavo_core.errors import InvalidInput, Moderated, OctavoError, ProviderRefused, ProviderTimeout, ProviderUnavailable, Throttled
from octavo_core.generators import GeneratorClient
from octavo_core.identity import NoTokens


class Scripted:
    """Answers in turn, the last one for ever; writes down what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any, dict[str, str]]] = []
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.url = ""

    def says(self, *answers: tuple[int, Any]) -> None:
        self.answers = [(status, body, {}) for status, body in answers]

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path, {name.lower(): value for name, value in request.headers.items()}))
        status, body, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(body, bytes):
            return web.Response(body=body, status=status, headers=headers)
        return web.json_response(body, status=status, headers=headers)


@pytest.fixture
async def generator() -> AsyncIterator[Scripted]:
    scripted, app, port = Scripted(), web.Application(), free_port()
    app.router.add_route("*", "/{path:.*}", scripted.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    scripted.url = f"http://127.0.0.1:{port}/"
    yield scripted
    await runner.cleanup()


@pytest.fixture
async def client(generator: Scripted) -> AsyncIterator[GeneratorClient]:
    made = GeneratorClient(generator.url, NoTokens())
    yield made
    await made.close()


async def ask(client: GeneratorClient, name: str = "tale", within_s: float = 20) -> dict[str, Any]:
    return await client.generate(name, {"prompt": "x"}, user="ana", key="k-1", correlation_id="c-1", within_s=within_s)


def view(status: str, **more: Any) -> dict[str, Any]:
    return {"success": status != "failed", "generation_id": "g-1", "status": status, **more}


async def test_one_wish_is_followed_to_its_end(client: GeneratorClient, generator: Scripted) -> None:
    generator.says((202, view("queued")), (200, view("running")), (200, view("succeeded", result={"text": "t"})))
    assert await ask(client) == {"text": "t"}
    [(method, path, headers), *polls] = generator.asked
    assert (method, path) == ("POST", "/generators/tale/api/v1/generate")
    assert (headers["idempotency-key"], headers["prefer"], headers["x-correlation-id"]) == ("k-1", "respond-async", "c-1")
    assert "authorization" not in headers
    assert [(method, path) for method, path, _ in polls] == [("GET", "/generators/tale/api/v1/generate/g-1")] * 2


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, {"message": "no"}, ProviderRefused), (401, {"message": "no"}, ProviderRefused), (422, {"message": "no"}, InvalidInput),
        (429, {"message": "no"}, Throttled), (451, {"message": "no"}, Moderated), (503, {"message": "no"}, ProviderUnavailable),
        (500, b"<html>", ProviderUnavailable), (200, [], ProviderUnavailable),
        (200, view("failed", error={"error": "provider_error", "message": "no"}), ProviderRefused),
        (200, view("failed", error={"error": "moderated", "message": "no"}), Moderated), (200, view("cancelled"), ProviderRefused),
        (200, view("succeeded", result=None), ProviderRefused),
    ],
)  # fmt: skip
async def test_each_bad_end_has_its_error(client: GeneratorClient, generator: Scripted, status: int, body: Any, kind: type) -> None:
    generator.says((status, body))
    with pytest.raises(OctavoError) as told:
        await ask(client)
    assert type(told.value) is kind
    assert told.value.retryable is (kind in (Throttled, ProviderUnavailable))


async def test_what_does_not_end_in_time_may_be_asked_for_again(client: GeneratorClient, generator: Scripted) -> None:
    generator.says((202, view("queued")))
    with pytest.raises(ProviderTimeout) as told:
        await ask(client, within_s=0.3)
    assert told.value.retryable


async def test_a_generator_with_an_address_of_its_own_is_asked_there(generator: Scripted) -> None:
    generator.says((200, view("succeeded", result={"text": "t"})))
    apart = GeneratorClient(f"http://127.0.0.1:{free_port()}", NoTokens(), {"tale": generator.url})
    assert await ask(apart) == {"text": "t"}
    assert [path for _, path, _ in generator.asked] == ["/generators/tale/api/v1/generate"]
    with pytest.raises(ProviderUnavailable):
        await ask(apart, "another")
    await apart.close()


async def test_nobody_there(client: GeneratorClient) -> None:
    away = GeneratorClient(f"http://127.0.0.1:{free_port()}", NoTokens())
    with pytest.raises(ProviderUnavailable):
        await ask(away)
    await away.close()


@pytest.mark.parametrize("name", ["../admin", "a/b", "", "A", "x" * 64, "a?b"])
async def test_a_name_is_never_a_path(client: GeneratorClient, generator: Scripted, name: str) -> None:
    generator.says((200, view("succeeded", result={})))
    with pytest.raises(InvalidInput):
        await ask(client, name)
    assert generator.asked == []
