"""How this package connects to Redis: bounded waits, no retries of its own, bytes in and out."""

from __future__ import annotations

import redis.asyncio

SOCKET_TIMEOUT_S = 10.0
"""Above every block time used here (redis-py would otherwise cut a blocking read off after 5 s)."""


def open_redis(url: str, *, max_connections: int = 32) -> redis.asyncio.Redis:
    """A client with a pool of its own; connects at the first command. Protocol 2, whose answers have one shape in all versions."""
    return redis.asyncio.Redis.from_url(
        url,
        protocol=2,
        socket_timeout=SOCKET_TIMEOUT_S,
        socket_connect_timeout=5,
        health_check_interval=30,
        max_connections=max_connections,
    )
