"""Counts tries in Redis, a moving window for each rule and each one it is held against.

Keys are hashes of whom they count, so an odd name can neither break out of its key nor be read there. What is refused is not counted.
When Redis is away this process counts by itself until it is back: guessing is held down to so much for each process, and nobody is
kept from logging in, nor waiting for it: after a try that failed it is left alone for `REST_S`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import time
from collections.abc import AsyncIterator

import structlog
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.exceptions import RedisError

from octavo_auth.domain.throttling import Rule, network
from octavo_core.errors import Throttled

log = structlog.get_logger(__name__)

ANSWER_S = 1.0
REST_S = 2.0
WARN_EVERY_S = 60.0


class RedisThrottle:
    """See `domain.throttling.Throttle`. `scale` multiplies all amounts. Connects at the first check."""

    def __init__(self, redis_url: str, *, scale: float = 1.0, max_connections: int = 8) -> None:
        self._scale = scale
        self._pool = BlockingConnectionPool.from_url(
            redis_url,
            max_connections=max_connections,
            timeout=ANSWER_S,
            protocol=2,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
        )
        # The address is the pool's; what stands here only names the kind of server.
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix="octavo:auth",
            connection_pool=self._pool,  # type: ignore[arg-type]
        )
        self._shared = MovingWindowRateLimiter(storage)
        self._own = MovingWindowRateLimiter(MemoryStorage())
        # The crowd waits here and not in the pool: its turn is this process's to give, and must not be taken for Redis's silence.
        self._turns = asyncio.Semaphore(max_connections)
        self._warned_at = -math.inf
        self._away_until = -math.inf

    async def check(self, rule: Rule, who: str) -> None:
        item, key = self._item(rule), _key(rule, who)
        try:
            async with self._speaking():
                if await self._shared.hit(item, key):
                    return
                reset_at = (await self._shared.get_window_stats(item, key)).reset_time
        except (RedisError, OSError, TimeoutError) as error:
            self._warn(error)
            if await self._own.hit(item, key):
                return
            reset_at = (await self._own.get_window_stats(item, key)).reset_time
        wait_s = min(max(reset_at - time.time(), 1.0), float(rule.seconds))
        raise Throttled("too many tries; try again later", retry_after=wait_s)

    async def forgive(self, rule: Rule, who: str) -> None:
        item, key = self._item(rule), _key(rule, who)
        await self._own.clear(item, key)
        try:
            async with self._speaking():
                await self._shared.clear(item, key)
        except (RedisError, OSError, TimeoutError) as error:
            self._warn(error)

    async def close(self) -> None:
        await self._pool.disconnect()

    @contextlib.asynccontextmanager
    async def _speaking(self) -> AsyncIterator[None]:
        """Looked at again when the turn has come: a crowd that has waited for it does not each find out by itself that nobody answers."""
        if time.monotonic() < self._away_until:
            raise TimeoutError
        async with self._turns:
            if time.monotonic() < self._away_until:
                raise TimeoutError
            try:
                async with asyncio.timeout(ANSWER_S):
                    yield
            except (RedisError, OSError, TimeoutError):
                self._away_until = time.monotonic() + REST_S
                raise

    def _item(self, rule: Rule) -> RateLimitItem:
        return RateLimitItemPerSecond(max(1, round(rule.amount * self._scale)), rule.seconds)

    def _warn(self, error: BaseException) -> None:
        now = time.monotonic()
        if now - self._warned_at >= WARN_EVERY_S:
            self._warned_at = now
            log.warning("Redis does not answer; tries are counted in this process alone", error=type(error).__name__)


def _key(rule: Rule, who: str) -> str:
    # An address counts with its neighbours; anything else is nobody's address and stays what it is.
    whom = network(who) if rule.name.endswith("-address") else who
    return hashlib.sha256(f"{rule.name}\n{whom}".encode()).hexdigest()[:32]
