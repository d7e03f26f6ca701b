"""How often a generator may be asked: a window of a minute in Redis, per user and for all together.

Each count is one script in Redis, so it is exact for any number of API processes. A request that is refused for its user's bound is
not counted, or a caller who keeps knocking would never be let in again. Keys are hashes of whom they count, so an odd name can
neither break out of its key nor be read there, and each is gone at most two minutes after its last request.

When Redis is away requests are let through, and a warning says so once a minute: the bound protects from too much at once, and a
generator that refused everyone would be down for want of a counter. Budgets are kept in the database and hold all the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time

import structlog
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter, RateLimiter, SlidingWindowCounterRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.exceptions import RedisError

from octavo_core.errors import Throttled
from octavo_core.spec import GeneratorService

log = structlog.get_logger(__name__)

ANSWER_S = 1.0
"""How long Redis is waited for: a request must not hang on its counter."""
WARN_EVERY_S = 60.0
EXACT_UP_TO = 1_000
"""A moving window remembers the time of each request. Above so many a minute two counters must do, which weigh the minute before."""
_ALL = "*"


class RequestRates:
    """One for all generators of an API process. Connects at the first check of a generator that has a bound."""

    def __init__(self, redis_url: str, *, max_connections: int = 8) -> None:
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
            key_prefix="octavo:rate",
            connection_pool=self._pool,  # type: ignore[arg-type]
        )
        self._moving, self._sliding = MovingWindowRateLimiter(storage), SlidingWindowCounterRateLimiter(storage)
        # The crowd waits here and not in the pool: its turn is this process's to give, and must not be taken for Redis's silence.
        self._turns = asyncio.Semaphore(max_connections)
        self._failed_at = -math.inf
        self._warned_at = -math.inf

    async def check(self, generator: GeneratorService, user: str) -> None:
        """Counts one request. Raises `Throttled` with `retry_after`: how many seconds from now one is free again."""
        limits = generator.spec.limits
        # The user's own first: who is over it must not use up what is there for all.
        if (own := limits.requests_per_minute) is not None:
            await self._hit(own, generator.name, user, f"{own} requests a minute of one user")
        if (total := limits.total_requests_per_minute) is not None:
            await self._hit(total, generator.name, _ALL, f"{total} requests a minute of all users together")

    async def close(self) -> None:
        await self._pool.disconnect()

    async def _hit(self, amount: int, generator: str, who: str, words: str) -> None:
        item = RateLimitItemPerMinute(amount)
        windows: RateLimiter = self._moving if amount <= EXACT_UP_TO else self._sliding
        key = hashlib.sha256(f"{generator}\n{who}".encode()).hexdigest()[:32]
        arrived = time.monotonic()
        async with self._turns:
            if self._failed_at >= arrived:  # to one that was asked meanwhile Redis did not answer: whoever waited is held up no longer
                return
            try:
                async with asyncio.timeout(ANSWER_S):
                    if await windows.hit(item, key):
                        return
                    retry_after = await _seconds_until_free(windows, item, key)
            except (RedisError, OSError, TimeoutError) as error:
                self._failed_at = time.monotonic()
                self._warn(generator, error)
                return
        raise Throttled(f"{generator} takes {words}; try again in {math.ceil(retry_after)} s", retry_after=retry_after)

    def _warn(self, generator: str, error: BaseException) -> None:
        now = time.monotonic()
        if now - self._warned_at >= WARN_EVERY_S:
            self._warned_at = now
            log.warning("requests are not counted: Redis does not answer", generator=generator, error=type(error).__name__)


async def _seconds_until_free(windows: RateLimiter, item: RateLimitItem, key: str) -> float:
    """Until the oldest counted request leaves the window."""
    reset_at: float = (await windows.get_window_stats(item, key)).reset_time
    return min(max(reset_at - time.time(), 0.001), 60.0)
