"""What a worker says of a model that it cannot load, where the generator's API and whoever looks after it can read it.

One key in Redis for each generator, which goes by itself when no worker renews it: a note, and nobody's truth. Writing and reading fail
silently without Redis, whose absence is told elsewhere.
"""

from __future__ import annotations

import contextlib

import redis.asyncio
from redis.exceptions import RedisError

KEPT_S = 900
"""Longer than the longest pause between two attempts to load."""
_LONGEST = 500


async def note_trouble(client: redis.asyncio.Redis, generator: str, reason: str | None) -> None:
    """`None` once the model is loaded."""
    with contextlib.suppress(RedisError, OSError):
        if reason is None:
            await client.delete(_key(generator))
        else:
            await client.set(_key(generator), reason[:_LONGEST], ex=KEPT_S)


async def read_trouble(client: redis.asyncio.Redis, generator: str) -> str | None:
    with contextlib.suppress(RedisError, OSError):
        found = await client.get(_key(generator))
        if found is not None:
            return bytes(found).decode("utf-8", "replace") if isinstance(found, bytes) else str(found)
    return None


def _key(generator: str) -> str:
    return f"octavo:model-trouble:{generator}"
