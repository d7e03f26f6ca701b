"""What is asked of a request before it becomes a job: how often, how much at once, and whether its words are allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from structlog.contextvars import get_contextvars

from octavo_core.errors import Throttled
from octavo_core.identity import Principal
from octavo_generation.api.services import JobServices
from octavo_generation.generator import Generator
from octavo_generation.moderation import BlockedWords, Moderator, Subject

_LONG = 50_000
"""Characters; a text above it is searched in a thread."""


class Gate:
    """Of one generator. A generator without bounds and without moderation costs a request nothing here."""

    def __init__(self, generator: Generator, services: JobServices) -> None:
        spec = generator.resource.spec
        self._generator = generator
        self._services = services
        limits = spec.limits
        self._counts = limits.requests_per_minute is not None or limits.total_requests_per_minute is not None
        self._most_at_once = limits.max_concurrent
        words = BlockedWords.shipped(spec.moderation.blocked_words) if spec.moderation.enabled else None
        self._moderator = None if words is None else Moderator(words, generator=generator.name)

    async def admit(self, principal: Principal, texts: Sequence[str], count: int = 1) -> None:
        """Raises `Throttled` or `Moderated`. `count` is how many jobs the request makes."""
        await self.check_rates(principal, count)
        await self.check_words(principal, texts)

    async def check_rates(self, principal: Principal, count: int = 1) -> None:
        """A request counts once, however many jobs it makes. Two requests at the same moment may both be let in where one place was
        left: the bound is on a habit, and no job is lost over it."""
        if self._counts:
            await self._services.rates.check(self._generator.resource, principal.user)
        if self._most_at_once is not None:
            waiting = await self._services.store.count_open(self._generator.name, principal.user)
            if waiting + count > self._most_at_once:
                raise Throttled(f"{waiting} of your jobs are not done; this generator takes {self._most_at_once} at once", retry_after=5)

    async def check_words(self, principal: Principal, texts: Sequence[str]) -> None:
        if self._moderator is None:
            return
        correlation = get_contextvars().get("correlation_id")
        subject = Subject(user=principal.user, correlation_id=None if correlation is None else str(correlation))
        if sum(map(len, texts)) > _LONG:
            await asyncio.to_thread(self._moderator.check_words, texts, subject)
        else:
            self._moderator.check_words(texts, subject)
