"""A process that listens for the bell and writes what it hears into a Redis list.

`python -m tests.integration.jobs.listening URL QUEUE LIST` says LIST in the list `ready`, and ends when there is a word in `stop`.
"""

from __future__ import annotations

import asyncio
import sys

from octavo_jobs.redis_client import open_redis
from octavo_jobs.transport import BellListener


async def listen(url: str, queue: str, heard: str) -> None:
    client = open_redis(url)

    async def take(_queue: str, ids: list[str]) -> None:
        await client.rpush(heard, *ids)
        await asyncio.sleep(0.005)  # on purpose: work that leaves the other process its share

    listener = BellListener(url, [queue], take)
    listener.start()
    await client.rpush("ready", heard)
    await client.blpop(["stop"], timeout=0)
    await listener.stop()
    await client.aclose()


if __name__ == "__main__":
    asyncio.run(listen(*sys.argv[1:]))
