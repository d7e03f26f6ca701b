"""A refresh token is exchanged once, whoever comes with it and wherever: against a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
import redis
from tests.servers.redis import RedisServer

from octavo_core.errors import Unauthenticated, Unavailable
from octavo_web.adapters.rotating import Rotation, Tokens

pytestmark = pytest.mark.needs("redis")

OLD = "o" * 43
WHO = {"x-forwarded-for": "203.0.113.9", "user-agent": "a browser"}
NEW = Tokens(access="a.very.secret", expires_in=600, refresh="n" * 43, name="Zoë")


class Auth:
    """Says what was asked, and answers after all have come."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[str] = []
        self.called = asyncio.Event()
        self.answers = asyncio.Event()
        self._error = error

    async def __call__(self, refresh: str, who: Mapping[str, str]) -> Tokens:
        assert who == WHO
        self.asked.append(refresh)
        self.called.set()
        await asyncio.wait_for(self.answers.wait(), 30)
        if self._error is not None:
            raise self._error
        return NEW


@asynccontextmanager
async def replicas(url: str, auth: Auth, count: int) -> AsyncIterator[list[Rotation]]:
    opened = [Rotation(url, auth) for _ in range(count)]
    try:
        yield opened
    finally:
        for rotation in opened:
            await rotation.close()


async def test_many_requests_at_many_replicas_are_one_exchange(redis_server: RedisServer) -> None:
    auth = Auth()
    async with replicas(redis_server.url, auth, 3) as every:
        waiting = [asyncio.create_task(rotation.rotate(OLD, WHO)) for rotation in every for _ in range(20)]
        await asyncio.wait_for(auth.called.wait(), 30)
        auth.answers.set()
        assert await asyncio.gather(*waiting) == [NEW] * 60
        # A request that was on its way for long.
        assert await every[0].rotate(OLD, WHO) == NEW
    assert auth.asked == [OLD]


async def test_redis_holds_nothing_that_can_be_read(redis_server: RedisServer) -> None:
    auth = Auth()
    auth.answers.set()
    async with replicas(redis_server.url, auth, 1) as (rotation,):
        await rotation.rotate(OLD, WHO)
    with redis.Redis.from_url(redis_server.url) as client:
        kept = {key: client.get(key) for key in client.keys("*")}
        lives = [client.ttl(key) for key in kept]
    assert len(kept) == 1
    for key, value in kept.items():
        assert not any(secret in key + (value or b"") for secret in (OLD.encode(), NEW.access.encode(), NEW.refresh.encode()))
    assert all(0 < seconds <= 60 for seconds in lives)


async def test_a_refusal_reaches_all_and_is_not_kept(redis_server: RedisServer) -> None:
    auth = Auth(Unauthenticated("the refresh token is not valid"))
    auth.answers.set()
    async with replicas(redis_server.url, auth, 2) as every:
        results = await asyncio.gather(*(rotation.rotate(OLD, WHO) for rotation in every), return_exceptions=True)
        assert all(isinstance(result, Unauthenticated) for result in results)
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.keys("*") == []


async def test_one_who_leaves_takes_nothing_from_the_others(redis_server: RedisServer) -> None:
    auth = Auth()
    async with replicas(redis_server.url, auth, 1) as (rotation,):
        leaving, staying = asyncio.create_task(rotation.rotate(OLD, WHO)), asyncio.create_task(rotation.rotate(OLD, WHO))
        await asyncio.wait_for(auth.called.wait(), 30)
        leaving.cancel()
        auth.answers.set()
        assert await staying == NEW


async def test_without_redis_nothing_is_exchanged() -> None:
    auth = Auth()
    async with replicas("redis://127.0.0.1:1/0", auth, 1) as (rotation,):
        with pytest.raises(Unavailable):
            await rotation.rotate(OLD, WHO)
    assert auth.asked == []
