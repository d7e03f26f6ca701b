"""Real upstreams over HTTP that a test may break, two providers of the simplest kind that call them, and the policy around them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from aiohttp import web
from tests.servers.starting import free_port

from octavo_core.clock import Clock, SystemClock
from octavo_core.spec.limits import Budget
from octavo_generation.policy.breaker import CircuitBreaker
from octavo_generation.policy.calls import Call
from octavo_generation.policy.policy import ProviderPolicy
from octavo_generation.policy.purse import Purse
from octavo_generation.policy.spending import SpendLedger, SpendLimits
from octavo_generation.policy.upstream import Upstream
from octavo_generation.providers.port import (
    ChatAnswer,
    ChatPrompt,
    DrawnImage,
    ImageAnswer,
    ImagePrompt,
    Message,
    OnStage,
    OnText,
    Picture,
    Provider,
    Usage,
)
from octavo_generation.providers.profile import Price
from octavo_generation.providers.wire import Wire

FOUR_CENTS = Price(as_of=date(2026, 11, 1), source="vendor", per_image={"*": Decimal("0.04")})
FREE_IMAGES = Price(as_of=date(2026, 11, 1), source="vendor", per_image={"*": Decimal(0)})
CENT_A_TOKEN = Price(as_of=date(2026, 11, 1), source="vendor", input_per_million=Decimal(0), output_per_million=Decimal(10_000))

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """`behaviour` answers each request; a test sets another at any time. `asked` counts the requests that came in, `answered` those
    that were answered well."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = free_port()
        self.behaviour: Behaviour = self.answer
        self.asked = 0
        self.answered = 0
        self.at_once = 0
        self.most_at_once = 0
        self.hung_up = asyncio.Event()
        """Set when a caller ended its connection before it was answered."""
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()

    async def die(self) -> None:
        """Connections break in the middle, and nobody listens any more."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        assert runner.server is not None
        for connection in list(runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await runner.cleanup()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if body.get("stream"):
            return await self.stream(request, [f"from {self.name} ", "to ", "you"], "[DONE]")
        usage = {"prompt_tokens": 3, "completion_tokens": 2}
        return web.json_response({"text": f"from {self.name}", "model": f"{self.name}-1", "usage": usage, "images": body.get("n", 1)})

    async def stream(self, request: web.Request, pieces: Sequence[str], end: str | None) -> web.StreamResponse:
        """`end` None: the connection breaks after the pieces."""
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(f"data: {piece}\n\n".encode())
        if end is None:
            assert request.transport is not None
            # Closed and not aborted: what was written still goes out, and then the chunked body lacks its end.
            request.transport.close()
            return response
        await response.write(f"data: {end}\n\n".encode())
        return response

    def fails(self, status: int, body: str = "{}", **headers: str) -> None:
        async def fail(_request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, text=body, headers=headers, content_type="application/json")

        self.behaviour = fail

    def waits_for(self, event: asyncio.Event) -> None:
        async def wait(request: web.Request) -> web.StreamResponse:
            await event.wait()
            return await self.answer(request)

        self.behaviour = wait

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            response = await self.behaviour(request)
        except asyncio.CancelledError:
            self.hung_up.set()
            raise
        finally:
            self.at_once -= 1
        self.answered += response.status == 200
        return response


class _Simple:
    def __init__(self, server: Server, timeout_s: float) -> None:
        self.name = server.name
        self.model = f"{server.name}-1"
        self.wire = Wire(
            provider=server.name,
            base_url=server.url,
            headers={},
            secrets=(),
            timeout_s=timeout_s,
            max_connections=128,
            is_content_refusal=lambda _status, body: b"content_policy" in body,
        )

    async def close(self) -> None:
        await self.wire.close()


class SimpleChat(_Simple):
    """A provider of texts, as the port asks."""

    async def chat(self, prompt: ChatPrompt, on_text: OnText | None = None) -> ChatAnswer:
        body = {"text": prompt.messages[-1].text}
        if on_text is None:
            answer = await self.wire.post_json("/", body)
            usage = answer["usage"]
            return ChatAnswer(answer["text"], "stop", Usage(usage["prompt_tokens"], usage["completion_tokens"]), answer["model"])
        pieces: list[str] = []
        async for _, data in self.wire.stream_events("/", {**body, "stream": True}):
            if data == "[DONE]":
                return ChatAnswer("".join(pieces), "stop", Usage(3, 2), self.model)
            pieces.append(data)
            on_text(data)
        raise self.wire.broken("a stream without an end")


class SimpleImages(_Simple):
    """A provider of images, as the port asks."""

    async def draw(self, prompt: ImagePrompt, on_stage: OnStage | None = None) -> ImageAnswer:
        answer = await self.wire.post_json("/", {"prompt": prompt.prompt, "n": prompt.count, "size": prompt.size})
        if on_stage is not None:
            on_stage("drawn", 1.0)
        images = tuple(DrawnImage(Picture(b"png", "image/png")) for _ in range(answer["images"]))
        return ImageAnswer(images, answer["model"], Usage(images=len(images)))


class House:
    def __init__(self) -> None:
        self._stack = contextlib.AsyncExitStack()

    async def server(self, name: str) -> Server:
        server = Server(name)
        await server.start()
        self._stack.push_async_callback(server.die)
        return server

    def policy(
        self,
        *upstreams: Upstream,
        ledger: SpendLedger | None = None,
        clock: Clock | None = None,
        hedge_after_s: float | None = None,
        **budget: float,
    ) -> ProviderPolicy:
        purse = Purse("house", ledger, SpendLimits.of(Budget.model_validate(budget)), clock or SystemClock())
        policy = ProviderPolicy(upstreams, purse, hedge_after_s=hedge_after_s)
        self._stack.push_async_callback(policy.close)
        return policy

    async def close(self) -> None:
        await self._stack.aclose()


@contextlib.asynccontextmanager
async def a_house() -> AsyncIterator[House]:
    house = House()
    try:
        yield house
    finally:
        await house.close()


def chat_at(server: Server, **more: Any) -> Upstream:
    return _upstream(SimpleChat(server, more.pop("call_timeout_s", 10)), **more)


def images_at(server: Server, **more: Any) -> Upstream:
    return _upstream(SimpleImages(server, more.pop("call_timeout_s", 10)), **more)


def _upstream(
    provider: Provider,
    *,
    price: Price | None = None,
    failures: int = 5,
    open_seconds: float = 30,
    clock: Clock | None = None,
    max_concurrent: int = 100,
    timeout_s: float = 10,
) -> Upstream:
    return Upstream(
        generator="house",
        provider=provider,
        price=price,
        profile=None,
        breaker=CircuitBreaker(failures=failures, open_seconds=open_seconds, clock=clock or SystemClock()),
        max_concurrent=max_concurrent,
        timeout_s=timeout_s,
    )


class Caller:
    """What the job's context would hear."""

    def __init__(self, job: str = "job-1", *, fallback: bool = False) -> None:
        self.stages: list[str] = []
        self.heard: list[str] = []
        self.ended = False
        self.call = Call(
            generator="house",
            job=job,
            attempt=1,
            user="u-1",
            is_ended=lambda: self.ended,
            progress=lambda stage, _fraction: self.stages.append(stage),
            restarted=lambda name: self.heard.append(f"[{name} broke]"),
            fallback=fallback,
        )

    def hear(self, text: str) -> None:
        self.heard.append(text)


HELLO = ChatPrompt((Message("user", "hello"),), max_tokens=10)
FOX = ImagePrompt("a fox", "1024x1024")
