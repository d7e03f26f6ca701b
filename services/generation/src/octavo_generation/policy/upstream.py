"""One provider as the policy calls it: left alone while its circuit is open, so many calls at once, each paid for.

What is billed when a call does not end well is not known for certain. An error answer and a connection that never came to an answer
are taken as not billed, and the reservation is released; a call that timed out, was cancelled, broke off in the middle of its text or
was answered with nonsense may have been, and is settled in full.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import structlog

from octavo_core.errors import BudgetSpent, EngineError, Moderated, OctavoError, ProviderError, ProviderRefused, ProviderUnavailable
from octavo_core.telemetry.tracing import span
from octavo_generation.policy import metrics
from octavo_generation.policy.breaker import CircuitBreaker, Ticket
from octavo_generation.policy.calls import Call, Done, PassedOver, Tried
from octavo_generation.policy.purse import Purse
from octavo_generation.policy.spending import Spend
from octavo_generation.providers import port
from octavo_generation.providers.port import ChatAnswer, ImageAnswer, OnText
from octavo_generation.providers.profile import ModelProfile, Price

log = structlog.get_logger(__name__)

Given = TypeVar("Given", ChatAnswer, ImageAnswer)


class Hearing:
    """Of one call's stream. `begun` once any text came."""

    def __init__(self, on_text: OnText | None) -> None:
        self._on_text = on_text
        self.begun = False

    def hear(self, text: str) -> None:
        self.begun = True
        if self._on_text is not None:
            self._on_text(text)


@dataclass(frozen=True, slots=True)
class Question(Generic[Given]):
    """What is asked, the same for all providers: `put` puts it to one of them, `most` and `cost` say what it takes there."""

    put: Callable[[port.Provider, Hearing], Awaitable[Given]]
    most: Callable[[Upstream], Spend]
    cost: Callable[[Upstream, Given], Spend]


class Upstream:
    """`price` None: nobody knows it. Who waits for one of the `max_concurrent` calls to end waits at most `timeout_s`."""

    def __init__(
        self,
        *,
        generator: str,
        provider: port.Provider,
        price: Price | None,
        profile: ModelProfile | None,
        breaker: CircuitBreaker,
        max_concurrent: int,
        timeout_s: float,
    ) -> None:
        self.provider = provider
        self.price = price
        self.profile = profile
        self.breaker = breaker
        self._generator = generator
        self._max_concurrent = max_concurrent
        self._slots = asyncio.Semaphore(max_concurrent)
        self._timeout_s = timeout_s
        self._open_gauge = metrics.BREAKER_OPEN.labels(generator, provider.name)
        self._seconds = metrics.SECONDS.labels(generator, provider.name)

    @property
    def name(self) -> str:
        return self.provider.name

    async def ask(self, question: Question[Given], call: Call, purse: Purse, hearing: Hearing, tried: tuple[Tried, ...]) -> Done[Given]:
        """Raises `PassedOver` when the next provider may answer, `Moderated` when none may, and `CancelledError` when nobody wants
        the answer any more."""
        if not self.breaker.lets_through:
            raise self._left_alone()
        async with self._slot():
            ticket = self.breaker.enter()
            if ticket is None:
                # It opened while this call waited.
                raise self._left_alone()
            try:
                if call.is_ended():
                    raise asyncio.CancelledError
                return await self._call(question, call, purse, hearing, tried, ticket)
            finally:
                self.breaker.abandoned(ticket)
                self._open_gauge.set(self.breaker.state != "closed")

    async def _call(
        self, question: Question[Given], call: Call, purse: Purse, hearing: Hearing, tried: tuple[Tried, ...], ticket: Ticket
    ) -> Done[Given]:
        try:
            held = await purse.hold(call, self.name, question.most(self), timeout_s=self._timeout_s)
        except BudgetSpent as error:
            raise self._passed_over(error) from None
        began, outcome = time.monotonic(), "cancelled"
        try:
            with span("call provider", kind="client", **{"octavo.provider": self.name, "octavo.generator": self._generator}) as told:
                answer = await question.put(self.provider, hearing)
                told.set("octavo.model", answer.model)
            outcome = "ok"
        except Moderated as error:
            outcome = error.code
            self.breaker.answered(ticket)
            await held.release()
            raise
        except OctavoError as error:
            outcome = error.code
            if isinstance(error, ProviderError | EngineError) and not isinstance(error, ProviderRefused):
                self.breaker.failed(ticket)
            else:
                self.breaker.answered(ticket)
            is_free = isinstance(error, ProviderUnavailable | ProviderRefused) and not hearing.begun
            await (held.release() if is_free else held.settle(None))
            raise self._failed(error) from None
        except Exception as error:
            # The port promises errors of our tree. A mapping that stumbles over an answer must not take the job with it.
            log.exception("a provider's mapping failed", provider=self.name)
            outcome = ProviderError.code
            self.breaker.failed(ticket)
            await held.settle(None)
            raise self._failed(ProviderError(f"{self.name} failed ({type(error).__name__})", provider=self.name)) from None
        except asyncio.CancelledError:
            await held.settle(None)
            raise
        finally:
            self._seconds.observe(time.monotonic() - began)
            metrics.CALLS.labels(self._generator, self.name, outcome).inc()
        self.breaker.answered(ticket)
        cost = question.cost(self, answer)
        await held.settle(cost)
        self._count(answer, cost)
        return Done(answer, self.name, answer.model, tried, None if self.price is None else cost.usd, answer.usage)

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        try:
            # Where one is free nothing is waited for.
            async with asyncio.timeout(self._timeout_s) if self._slots.locked() else contextlib.nullcontext():
                await self._slots.acquire()
        except TimeoutError:
            busy = f"{self.name} is busy with {self._max_concurrent} calls of this worker, and none ended within {self._timeout_s:g} s"
            raise self._passed_over(ProviderUnavailable(busy, provider=self.name), "no_room") from None
        try:
            yield
        finally:
            self._slots.release()

    def _left_alone(self) -> PassedOver:
        alone = f"{self.name} is left alone after {self.breaker.failures_in_a_row} failures in a row, until it is tried again"
        left_s = self.breaker.seconds_left
        return self._passed_over(ProviderUnavailable(alone, provider=self.name, retry_after=left_s or None), "circuit_open")

    def _passed_over(self, error: OctavoError, word: Literal["circuit_open", "no_room"] | None = None) -> PassedOver:
        """Before any call was made."""
        passed = PassedOver(self.name, error, word)
        metrics.CALLS.labels(self._generator, self.name, passed.tried.error).inc()
        return passed

    def _failed(self, error: OctavoError) -> PassedOver:
        log.warning("provider failed", provider=self.name, error=error.code, message=error.message)
        return PassedOver(self.name, error)

    def _count(self, answer: ChatAnswer | ImageAnswer, cost: Spend) -> None:
        metrics.COST.labels(self._generator, self.name).inc(float(cost.usd))
        usage = answer.usage
        for direction, tokens in (("prompt", usage.prompt_tokens), ("completion", usage.completion_tokens)):
            if tokens is not None:
                metrics.TOKENS.labels(self._generator, self.name, direction).inc(tokens)
        if isinstance(answer, ImageAnswer):
            metrics.IMAGES.labels(self._generator, self.name).inc(len(answer.images))
