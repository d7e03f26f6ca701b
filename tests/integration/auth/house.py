"""Auth over real stores, and what a person does with it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from octavo_auth.app import AuthService, create_service
from octavo_auth.settings import AuthSettings

PASSWORD = "a fine long password"
DEADLINE_S = 30.0
_CODE = re.compile(r"(?:code|password): ([A-Z0-9-]+)")


@dataclass
class Tokens:
    access: str
    refresh: str
    session: str
    user: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.access}"}


@dataclass
class House:
    service: AuthService
    client: httpx.AsyncClient
    settings: AuthSettings

    def from_address(self, address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.service.app, client=(address, 40_000))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost")

    async def messages(self, to: str) -> list[dict[str, Any]]:
        """Newest first."""
        answer = await self.client.get("/api/auth/outbox")
        assert answer.status_code == 200, answer.text
        return [item for item in answer.json()["items"] if item["to"] == to.strip().lower()]

    async def message(self, to: str, count: int = 1) -> str:
        """The text of the newest, when there are so many."""
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            found = await self.messages(to)
            if len(found) >= count:
                return str(found[0]["text"])
            await asyncio.sleep(0.02)
        raise AssertionError(f"no message {count} to {to}")

    async def code(self, to: str, count: int = 1) -> str:
        match = _CODE.search(await self.message(to, count))
        assert match is not None
        return match[1]

    async def ask_to_register(self, **fields: Any) -> str:
        answer = await self.client.post("/api/auth/register", json={"name": "Ana", "password": PASSWORD, **fields})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["verification_id"])

    async def register(self, email: str = "ana@example.org", **fields: Any) -> dict[str, Any]:
        verification = await self.ask_to_register(email=email, **fields)
        answer = await self.client.post("/api/auth/verify", json={"verification_id": verification, "code": await self.code(email)})
        assert answer.status_code == 200, answer.text
        user: dict[str, Any] = answer.json()["user"]
        return user

    async def login(self, username: str = "ana@example.org", password: str = PASSWORD) -> Tokens:
        answer = await self.client.post("/api/auth/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        return tokens_of(answer)

    async def join(self, email: str = "ana@example.org", **fields: Any) -> Tokens:
        await self.register(email, **fields)
        return await self.login(email)

    async def join_as_admin(self, email: str = "root@example.org") -> Tokens:
        """For a house whose `admin_email` is that."""
        tokens = await self.join(email, name="Root")
        assert tokens.user["role"] == "admin"
        return tokens


def tokens_of(answer: httpx.Response) -> Tokens:
    body = answer.json()
    return Tokens(body["access_token"], body["refresh_token"], body["session_id"], body["user"])


def assert_problem(answer: httpx.Response, status: int, error: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["success"] is False
    assert {"error", "message", "correlation_id", "type", "title", "status", "detail"} <= set(body)
    if error is not None:
        assert body["error"] == error
    return body


def settings_for(home: Path, redis_url: str, **more: Any) -> AuthSettings:
    given = {"home": home, "redis_url": redis_url, "admin_email": "root@example.org", "password_memory_kib": 8_192, "password_passes": 1}
    return AuthSettings(**{**given, **more})


@contextlib.asynccontextmanager
async def open_house(settings: AuthSettings, **more: Any) -> AsyncIterator[House]:
    service = create_service(settings, **more)
    await service.start()
    transport = httpx.ASGITransport(app=service.app, client=("127.0.0.1", 40_000))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield House(service, client, settings)
    finally:
        await service.close()
