"""How this package connects to Redis: bounded waits, no retries of its own, bytes in and out."""

from __future__ import annotations

import redis.asyncio

SOCKET_TIMEOUT_S = 10.0
"""Above every block time used here (redis-py would otherwise cut a blocking read off after 5 s)."""


def open_redis(url: str, *, max_connections: int = 32) -> redis.asyncio.Redis:
    """A client with a pool of its own; connects at the first command. Protocol 2, whose answers have one shape in all versions.

    A connection that Redis closed is noticed when it is taken from the pool; one that a network lost, by the kernel's keep-alive.
    redis-py's own health check would send a PING ahead of the first command after a rest: a round trip that a job waits for.
    """
    return redis.asyncio.Redis.from_url(
        url,
        protocol=2,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=5,
        max_connections=max_connections,
    )
