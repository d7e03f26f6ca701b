"""Notifications without a Redis: refused in the fixed shape, never a trace."""

from __future__ import annotations

import httpx
import pytest
from tests.servers.answers import assert_problem

from octavo_core.http import create_app
from octavo_core.identity import ANONYMOUS, Principal
from octavo_jobs.redis_client import open_redis
from octavo_jobs.stream import EventHub
from octavo_notifications import notifications_router


async def authenticate(_authorization: str | None) -> Principal:
    return ANONYMOUS


@pytest.mark.parametrize(("after", "status"), [("0-0", 503), ("x", 422), ("١-١", 422)])
async def test_without_redis(after: str, status: int) -> None:
    client = open_redis("redis://127.0.0.1:9/0")
    app = create_app(service="n", title="n", description="n", version="0", checks={})
    app.include_router(notifications_router(EventHub(client), authenticate))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://n") as caller:
        assert_problem(await caller.get("/api/notifications", params={"after": after}), status)
    await client.aclose()
