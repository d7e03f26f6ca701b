"""argon2id (RFC 9106), in threads of its own: a hash takes tens of milliseconds and some twenty megabytes, so that two run at a time and a
bounded number wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from octavo_core.errors import Throttled

Answer = TypeVar("Answer")

THREADS = 2
WAITING_MAX = 64


class Argon2Hashing:
    def __init__(self, *, memory_kib: int, passes: int) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._waiting = 0
        self._dummy: str | None = None

    async def digest(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        if password_hash is None:
            # Made with the same parameters as those of people, so that it takes as long.
            if self._dummy is None:
                self._dummy = await self.digest("nobody has this password")
            await self._run(lambda: self._matches(self._dummy or "", password))
            return False
        return await self._run(lambda: self._matches(password_hash, password))

    def is_outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    async def prepare(self) -> None:
        """Makes the hash that stands in for those of accounts that are not there, before anybody asks for one."""
        await self.verify(None, "")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], Answer]) -> Answer:
        if self._waiting >= WAITING_MAX:
            raise Throttled("too many people log in at this moment; try again", retry_after=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1
