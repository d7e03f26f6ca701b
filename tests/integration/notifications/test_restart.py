"""The process ends and comes back while events come: nobody loses one, and nobody gets one twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.integration.notifications.house import Ear, Speaker
from tests.servers.jwks import Issuer
from tests.servers.notifications_process import notifications_process
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.needs("redis")

USERS = ("ana", "bo", "cleo")
PER_USER = 3


async def test_a_restart_under_load_loses_none(redis_server: RedisServer, tmp_path: Path, issuer: Issuer) -> None:
    service = notifications_process(tmp_path, redis_server.url, OCTAVO_JWKS_URL=issuer.url)
    await asyncio.to_thread(service.start)
    speaker, said, quiet = Speaker(redis_server.url), 0, asyncio.Event()

    async def talk() -> None:
        nonlocal said
        while not quiet.is_set():
            for user in USERS:
                await speaker.say(user, said)
            said += 1
            await asyncio.sleep(0.01)

    ears = [(user, Ear(service.url, reconnects=True)) for user in USERS for _ in range(PER_USER)]
    try:
        for user, ear in ears:
            await ear.open(issuer.token(user, aud="octavo"))
        talking = asyncio.create_task(talk())
        for end in (service.process.terminate, service.process.kill):
            await _hear_more(ears)
            end()
            await asyncio.to_thread(service.process.wait, 30)
            await asyncio.to_thread(service.start)
        await _hear_more(ears)
        quiet.set()
        await talking
        for _, ear in ears:
            assert await ear.until_count(said, deadline_s=60) == list(range(said))
        assert said > 100
    finally:
        quiet.set()
        for _, ear in ears:
            await ear.close()
        await speaker.close()
        service.process.close()


async def _hear_more(ears: list[tuple[str, Ear]]) -> None:
    for _, ear in ears:
        await ear.until_count(len(ear.numbers()) + 20, deadline_s=60)
