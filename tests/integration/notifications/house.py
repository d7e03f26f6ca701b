"""The notification service over a real Redis and a real database, on a port of its own, and ears for what it says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import redis.asyncio
import socketio
import uvicorn
from tests.servers.jwks import Issuer
from tests.servers.starting import free_port
from tests.unit.jobs.making import eventually

from octavo_core.clock import SystemClock
from octavo_core.ids import generate_uuid
from octavo_jobs.channels import WEBHOOKS, stream_key
from octavo_jobs.events import Event, add_to_stream
from octavo_jobs.redis_client import open_redis
from octavo_notifications.app import Service, create_service
from octavo_notifications.settings import NotificationsSettings


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Speaker:
    """Puts events into users' streams, as workers do."""

    def __init__(self, redis_url: str) -> None:
        self._client: redis.asyncio.Redis = open_redis(redis_url)
        self._clock = SystemClock()

    async def say(
        self, user: str, *numbers: int, job: str = "", kind: str = "job.progress", webhook: str | None = None, **data: Any
    ) -> str:
        """The id of the last one; `n` in `data` is its number."""
        pipeline = self._client.pipeline(transaction=False)
        events = [
            Event(
                kind,
                job or generate_uuid(),
                "tales",
                user,
                number + 1,
                self._clock.now_ms(),
                {"n": number, **data},
                kind != "job.progress",
                webhook,
            )
            for number in numbers or (0,)
        ]
        add_to_stream(pipeline, events)
        answers = await pipeline.execute()
        return str(answers[len(events) - 1].decode())

    async def trim(self, user: str, left: int) -> None:
        await self._client.xtrim(stream_key(user), maxlen=left, approximate=False)

    async def waiting(self) -> int:
        """Ends of jobs that name a webhook and that nobody has taken over."""
        return int(await self._client.xlen(WEBHOOKS))

    async def kept(self, user: str) -> int:
        return int(await self._client.xlen(stream_key(user)))

    async def close(self) -> None:
        await self._client.aclose()


class House:
    def __init__(self, redis_url: str, database_url: str, home: Path, issuer: Issuer | None, **settings: Any) -> None:
        self.port = free_port()
        self.issuer = issuer
        self.speaker = Speaker(redis_url)
        self._settings = NotificationsSettings(
            redis_url=redis_url,
            database_url=database_url,
            home=home,
            jwks_url=None if issuer is None else issuer.url,
            **settings,
        )
        self.service: Service
        self._server: _Server
        self._serving: asyncio.Task[None]
        self.http = httpx.AsyncClient(base_url=self.url, timeout=30)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self.service = create_service(self._settings)
        await self.service.start()
        config = uvicorn.Config(
            self.service.app,
            port=self.port,
            http="httptools",
            ws="websockets-sansio",
            lifespan="off",
            log_level="error",
            log_config=None,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve())
        await eventually(lambda: self._server.started or None, what="the server does not listen")

    async def shut(self) -> None:
        """As a process ends: connections first."""
        self._server.should_exit = True
        await self._serving
        await self.service.close()

    async def close(self) -> None:
        await self.http.aclose()
        await self.shut()
        await self.speaker.close()

    def token(self, user: str, role: str | None = None, **claims: Any) -> str:
        assert self.issuer is not None
        return self.issuer.token(user, role, **{"aud": "octavo", **claims})

    def headers(self, user: str, role: str | None = None) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(user, role)}"}


class Ear:
    """The official Python client, and what it heard."""

    def __init__(self, url: str, *, reconnects: bool = False) -> None:
        self._url = url
        self.heard: list[tuple[str, Any]] = []
        self.refused: list[Any] = []
        self.last_event_id: str | None = None
        self.token: str | None = None
        self.more: dict[str, Any] = {}
        self.client = socketio.AsyncClient(
            reconnection=reconnects, reconnection_delay=0.1, reconnection_delay_max=0.5, logger=False, engineio_logger=False
        )
        self.client.on("*", self._hear)
        self.client.on("connect_error", self._hear_refusal)

    async def _hear(self, event: str, data: Any = None) -> None:
        self.heard.append((event, data))
        if isinstance(data, dict) and "id" in data:
            self.last_event_id = data["id"]
        elif event == "ready" and self.last_event_id is None:
            self.last_event_id = data["lastEventId"]

    async def _hear_refusal(self, data: Any = None) -> None:
        self.refused.append(data)

    def _auth(self) -> dict[str, Any]:
        auth: dict[str, Any] = dict(self.more)
        if self.token is not None:
            auth["token"] = self.token
        if self.last_event_id is not None:
            auth["lastEventId"] = self.last_event_id
        return auth

    async def open(self, token: str | None = None, *, transports: list[str] | None = None, **auth: Any) -> Ear:
        self.token, self.more = token, auth
        await self.client.connect(self._url, auth=self._auth, transports=transports or ["websocket"], wait_timeout=20)
        await self.until("ready")
        return self

    async def close(self) -> None:
        await self.client.shutdown()

    def numbers(self) -> list[int]:
        return [data["data"]["n"] for event, data in self.heard if event.startswith("job.")]

    async def until(self, event: str, *, deadline_s: float = 20) -> Any:
        def found() -> list[Any] | None:
            return [data for name, data in self.heard if name == event] or None

        return (await eventually(found, what=f"{event} was not heard, but {self.heard[-5:]}", deadline_s=deadline_s))[-1]

    async def until_count(self, count: int, *, deadline_s: float = 30) -> list[int]:
        await eventually(lambda: len(self.numbers()) >= count or None, what=f"{count} events were not heard", deadline_s=deadline_s)
        return self.numbers()
