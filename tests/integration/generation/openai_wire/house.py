"""A generator's `/v1` as it is served, and a worker that works for it: real HTTP, real Redis, real SQLite, in one process.

The worker's handler repeats what it is asked: what the person says is the answer, a word a piece. What it was given stands in `asked`,
so that a test can tell what reaches a worker.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from openai import AsyncOpenAI
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from tests.servers.starting import free_port
from tests.unit.jobs.making import eventually

from octavo_core.errors import OctavoError
from octavo_core.http import Edge, create_app
from octavo_core.spec import GeneratorService, parse_resource
from octavo_generation.api.openai import OpenAI, in_openai_words, openai_router
from octavo_generation.api.services import JobServices, open_job_services
from octavo_generation.generator import Generator, serve
from octavo_jobs.context import JobContext
from octavo_jobs.lifecycle import Job, State
from octavo_jobs.runner import Lane
from octavo_jobs.worker import Worker

MODEL = "parrot-1"
MAX_BODY = 300_000
Act = Callable[[Job, JobContext], Awaitable[None]]


class Parrot:
    """Repeats the last message. `fail` are errors to raise first; `before` and `after_words` are acts of a test."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.fail: list[OctavoError] = []
        self.pause: asyncio.Event | None = None
        self.pause_after = 0
        self.begun: list[str] = []
        self.stopped: list[str] = []

    async def __call__(self, job: Job, context: JobContext) -> str:
        payload: dict[str, Any] = orjson.loads(job.request)
        self.asked.append(payload)
        self.begun.append(job.id)
        if self.fail:
            raise self.fail.pop(0)
        if "prompt" in payload and "chat" not in payload:
            return _drawn(payload)
        chat = payload["chat"]
        words = spoken(chat)
        try:
            for number, word in enumerate(words):
                if self.pause is not None and number == self.pause_after:
                    context.flush()
                    await self.pause.wait()
                if payload.get("stream"):
                    context.token(word)
        except asyncio.CancelledError:
            self.stopped.append(job.id)
            raise
        return answer(chat, words)


def spoken(chat: dict[str, Any]) -> list[str]:
    """The words of the answer, spaces with them, as an upstream that honours `stop` and `max_tokens` would give them."""
    text = chat["messages"][-1]["text"]
    for stop in chat.get("stop", ()):
        text = text.partition(stop)[0]
    words = [f"{word} " for word in text.split(" ")]
    words[-1] = words[-1][:-1]
    return words[: chat.get("max_tokens", len(words))]


def answer(chat: dict[str, Any], words: list[str]) -> str:
    whole = len(words) < len(chat["messages"][-1]["text"].split(" ")) and "stop" not in chat
    result = {"text": "".join(words), "finish_reason": "length" if whole else "stop"}
    usage = {"prompt_tokens": len(chat["messages"]), "completion_tokens": len(words)}
    return orjson.dumps({"result": result, "provider": {"name": "up", "model": MODEL}, "usage": usage}).decode()


def _drawn(payload: dict[str, Any]) -> str:
    images: list[dict[str, Any]] = []
    for n in range(payload["count"]):
        images.append({"id": f"img-{n}", "path": f"/api/v1/images/img-{n}/download", "revised_prompt": f"{payload['prompt']}, in oils"})
        if payload["response_format"] == "b64_json":
            images[-1]["b64_json"] = base64.b64encode(f"picture {n}".encode()).decode()
    return orjson.dumps({"result": {"images": images}, "provider": {"name": "up", "model": MODEL}, "usage": {}}).decode()


class App:
    """A generator's application with these routes alone, put together as `octavo_generation.api.app` does: an edge, a short cut for
    the hot route, and below `/v1/` OpenAI's words for every error."""

    def __init__(self, generator: Generator, openai: OpenAI) -> None:
        self._openai = openai
        self._app = create_app(service=generator.name, title="t", description="", version="0", checks={}, max_body_bytes=MAX_BODY)
        self._app.include_router(openai_router(openai))
        self._edge = Edge(self._dispatch, service=generator.name, max_body_bytes=MAX_BODY)
        self._prefix = f"/generators/{generator.name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._edge({**scope, "root_path": self._prefix}, receive, in_openai_words(send))

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST" and scope["path"] == f"{self._prefix}/v1/chat/completions":
            response = await self._openai.chat(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)


@dataclass
class House:
    base_url: str
    services: JobServices
    parrot: Parrot
    generator: Generator
    database_url: str
    redis_url: str
    clients: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    def client(self, **options: Any) -> AsyncOpenAI:
        return AsyncOpenAI(base_url=f"{self.base_url}/v1", **{"api_key": "any", "max_retries": 0, "timeout": 30, **options})

    async def jobs(self) -> list[Job]:
        from octavo_jobs.model import PageRequest

        return list(reversed(await self.services.store.page(PageRequest(limit=100, queue=self.generator.name))))

    async def until_state(self, *states: State, count: int = 1) -> list[Job]:
        """The jobs, as soon as so many of them are in one of these states."""

        async def there() -> list[Job] | None:
            jobs = await self.jobs()
            return jobs if sum(job.state in states for job in jobs) >= count else None

        return await eventually(there, what=f"{count} jobs become {' or '.join(states)}")


def resource(name: str = "parrot", **spec: Any) -> GeneratorService:
    """A generator of texts with one provider, and what a test changes about it."""
    provider = {"name": "up", "type": "openai-compatible", "model": MODEL, "baseUrl": "http://127.0.0.1:9/v1"}
    whole = {"task": "text", **({} if "engine" in spec else {"providers": [provider]}), **spec}
    return parse_resource({"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": {"name": name}, "spec": whole})


@contextlib.asynccontextmanager
async def open_house(
    redis_url: str, folder: Path, *, generator: Generator | None = None, works: bool = True, **hooks: Any
) -> AsyncIterator[House]:
    """`works` False: nobody does the jobs in this process."""
    generator = generator or serve(resource())
    database_url = f"sqlite:///{folder}/jobs.db"
    services = open_job_services(database_url=database_url, redis_url=redis_url)
    await services.start()
    parrot, port = Parrot(), free_port()
    worker = Worker(database_url=database_url, redis_url=redis_url, lanes=[Lane(generator.name, parrot, 16)]) if works else None
    if worker is not None:
        await worker.start()
    app = App(generator, OpenAI(generator, services, **hooks))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, http="httptools", lifespan="off", log_config=None, timeout_graceful_shutdown=2)
    )
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started or None, what="the server listens")
    try:
        yield House(f"http://127.0.0.1:{port}/generators/{generator.name}", services, parrot, generator, database_url, redis_url)
    finally:
        server.should_exit = True
        await serving
        if worker is not None:
            await worker.stop(0.0)
        await services.close()
