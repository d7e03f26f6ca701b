"""A refresh token is exchanged once, however many requests of a browser come with it at the same time.

Auth ends a session whose refresh token comes a second time, and a browser that opens three pages, or whose answer was lost, sends the
same one again. So the first request exchanges it, and for a minute all others get what it got:

- in this process they wait for one task;
- in the others they find a lock in Redis, and then the tokens, encrypted with a key that is made from the old token: who reads Redis
  cannot read them, and who has the old token could have had them anyway.

A crash between auth's answer and Redis costs the session (the person logs in again), never another's. Without Redis nothing is
exchanged: `Unavailable`, and the browser keeps what it has.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass

import orjson
import redis.asyncio
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.exceptions import RedisError

from octavo_core.errors import Unavailable

KEPT_S = 60
_LOCK_S = 30
_WAIT_S = 20.0
_PAUSE_S = 0.05
_REDIS_S = 3.0
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Tokens:
    """`expires_in` seconds is how long `access` holds from when it was given."""

    access: str
    expires_in: int
    refresh: str
    name: str


Exchange = Callable[[str, Mapping[str, str]], Awaitable[Tokens]]


class Rotation:
    def __init__(self, redis_url: str, exchange: Exchange) -> None:
        """`exchange` asks auth; its errors reach everyone who waits."""
        self._redis = redis.asyncio.Redis.from_url(
            redis_url, protocol=2, socket_timeout=_REDIS_S, socket_connect_timeout=_REDIS_S, max_connections=64
        )
        self._exchange = exchange
        self._under_way: dict[str, asyncio.Task[Tokens]] = {}

    async def rotate(self, refresh: str, who: Mapping[str, str]) -> Tokens:
        """`who`: headers that name the person's address and browser. Raises `Unauthenticated` when the session has ended, `Unavailable`
        when auth or Redis do not answer."""
        name = _digest(b"octavo web rotation name", refresh).hex()
        task = self._under_way.get(name)
        if task is None:
            task = asyncio.create_task(self._once(name, refresh, who), name="refresh a session")
            self._under_way[name] = task
            task.add_done_callback(lambda _: self._under_way.pop(name, None))
        # One who leaves must not take the exchange from the others.
        return await asyncio.shield(task)

    async def close(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way.values(), timeout=_WAIT_S)
        await self._redis.aclose()

    async def _once(self, name: str, refresh: str, who: Mapping[str, str]) -> Tokens:
        kept, lock = f"octavo:web:rotated:{name}", f"octavo:web:rotating:{name}"
        seal = AESGCM(_digest(b"octavo web rotation key", refresh))
        deadline = time.monotonic() + _WAIT_S
        try:
            while True:
                if (sealed := await self._redis.get(kept)) is not None:
                    return _opened(seal, sealed)
                if await self._redis.set(lock, b"1", nx=True, ex=_LOCK_S):
                    break
                if time.monotonic() > deadline:
                    raise Unavailable("another request refreshes this session and does not end")
                await asyncio.sleep(_PAUSE_S)
            # Between the look and the lock another may have been done.
            if (sealed := await self._redis.get(kept)) is not None:
                return _opened(seal, sealed)
        except (RedisError, OSError) as error:
            raise Unavailable(f"the session cannot be refreshed just now ({type(error).__name__})") from None
        try:
            tokens = await self._exchange(refresh, who)
        except BaseException:
            await self._forget(lock)
            raise
        await self._keep(kept, _sealed(seal, tokens))
        await self._forget(lock)
        return tokens

    async def _keep(self, key: str, sealed: bytes) -> None:
        try:
            await self._redis.set(key, sealed, ex=KEPT_S)
        except (RedisError, OSError):
            # The tokens are good all the same: who asked gets them.
            return

    async def _forget(self, key: str) -> None:
        try:
            await self._redis.delete(key)
        except (RedisError, OSError):
            # It goes by itself.
            return


def _sealed(seal: AESGCM, tokens: Tokens) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + seal.encrypt(nonce, orjson.dumps(asdict(tokens)), None)


def _opened(seal: AESGCM, sealed: bytes | str) -> Tokens:
    assert isinstance(sealed, bytes), "the client decodes nothing"
    try:
        return Tokens(**orjson.loads(seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)))
    except (InvalidTag, ValueError, TypeError):
        raise Unavailable("the session cannot be refreshed just now (what Redis keeps cannot be read)") from None


def _digest(purpose: bytes, refresh: str) -> bytes:
    """A refresh token is 32 random bytes, so one hash with a purpose is as good as a key derivation."""
    return hashlib.sha256(purpose + b"\0" + refresh.encode("utf-8", "surrogatepass")).digest()
