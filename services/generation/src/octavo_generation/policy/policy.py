"""The providers of a generator in the order of preference, and what happens when one does not answer.

For each call: whoever's circuit is open, or whose price no longer fits the budget, is passed over; who fails is, too; the reasons go
with the answer. A refusal for content ends the matter at once: what one provider will not draw is not taken to the next. Nobody is
asked twice in one call; the job's own attempts are the retries.

Text that a stream sent before it broke is never gone on with by another provider: `Call.restarted` says that it is void.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from octavo_core.errors import Fault, InvalidInput, Misconfigured
from octavo_generation.policy.calls import Call, Done, PassedOver, announce, most_helpful, tried_of
from octavo_generation.policy.hedging import Race
from octavo_generation.policy.pricing import cost_of_chat, cost_of_drawing, most_of_chat, most_of_drawing
from octavo_generation.policy.purse import Purse
from octavo_generation.policy.upstream import Given, Hearing, Question, Upstream
from octavo_generation.providers import port
from octavo_generation.providers.port import (
    ChatAnswer,
    ChatPrompt,
    ChatProvider,
    ImageAnswer,
    ImagePrompt,
    ImageProvider,
    OnText,
)


class ProviderPolicy:
    """Any number of calls at once, on one event loop. `answer_tokens`: the longest answer where a prompt says none; None: the model's."""

    def __init__(
        self, upstreams: Sequence[Upstream], purse: Purse, *, hedge_after_s: float | None = None, answer_tokens: int | None = None
    ) -> None:
        self._upstreams = upstreams
        self._purse = purse
        self._hedge_after_s = hedge_after_s
        self._answer_tokens = answer_tokens
        self._longest = {upstream.name: upstream.profile.max_output_tokens for upstream in upstreams if upstream.profile is not None}
        self._losers: set[asyncio.Task[Any]] = set()
        # Once: to ask an object whether it fits a protocol looks at each of its members.
        self._able: dict[type, list[Upstream]] = {
            kind: [upstream for upstream in upstreams if isinstance(upstream.provider, kind)] for kind in (ChatProvider, ImageProvider)
        }

    async def chat(self, prompt: ChatPrompt, call: Call, on_text: OnText | None = None, *, only: str | None = None) -> Done[ChatAnswer]:
        """Raises `Moderated`; `InvalidInput` when `only` names none that can; else, when nobody answered, the error of `most_helpful`."""

        async def put(provider: port.Provider, hearing: Hearing) -> ChatAnswer:
            bounded = self._bounded(prompt, provider.name)
            return await cast(ChatProvider, provider).chat(bounded, None if on_text is None else hearing.hear)

        question = Question(
            put=put,
            most=lambda upstream: most_of_chat(self._bounded(prompt, upstream.name), upstream.price, upstream.profile),
            cost=lambda upstream, answer: cost_of_chat(prompt, answer, upstream.price),
        )
        return await self._ask(question, call, self._candidates(ChatProvider, call, only), on_text)

    async def draw(
        self,
        prompt: ImagePrompt,
        call: Call,
        *,
        only: str | None = None,
        fitted: Callable[[str, ImagePrompt], ImagePrompt] | None = None,
    ) -> Done[ImageAnswer]:
        """`fitted` makes of the prompt what the provider of that name can do (its sizes, its qualities). Raises what `chat` does."""

        def fit(name: str) -> ImagePrompt:
            return prompt if fitted is None else fitted(name, prompt)

        async def put(provider: port.Provider, _hearing: Hearing) -> ImageAnswer:
            return await cast(ImageProvider, provider).draw(fit(provider.name), call.progress)

        question = Question(
            put=put,
            most=lambda upstream: most_of_drawing(fit(upstream.name), upstream.price, upstream.profile),
            cost=lambda upstream, answer: cost_of_drawing(fit(upstream.name), answer, upstream.price),
        )
        return await self._ask(question, call, self._candidates(ImageProvider, call, only), None)

    def opened(self, name: str) -> port.Provider | None:
        """The provider of that name, for what the policy does not cover (moderation)."""
        return next((upstream.provider for upstream in self._upstreams if upstream.name == name), None)

    async def close(self) -> None:
        """Waits until what was cancelled is settled, and ends the connections."""
        for task in self._losers:
            task.cancel()
        await asyncio.gather(*self._losers, return_exceptions=True)
        await self._purse.close()
        for upstream in self._upstreams:
            await upstream.provider.close()

    def _bounded(self, prompt: ChatPrompt, name: str) -> ChatPrompt:
        if prompt.max_tokens is not None or self._answer_tokens is None:
            return prompt
        longest = self._longest.get(name)
        # Asked for more than it gives, a model refuses.
        return replace(prompt, max_tokens=self._answer_tokens if longest is None else min(self._answer_tokens, longest))

    def _candidates(self, kind: type[ChatProvider | ImageProvider], call: Call, only: str | None) -> list[Upstream]:
        able = self._able[kind]
        if not able:
            raise Misconfigured("none of the providers can do this task")
        if only is None:
            return able
        named = [upstream for upstream in able if upstream.name == only]
        if not named:
            names = ", ".join(upstream.name for upstream in able)
            fault = Fault("provider", f"{only} is none of the providers that can", allowed=names)
            raise InvalidInput(f"there is no provider {only} that can do this; there are {names}", faults=(fault,))
        return [*named, *(upstream for upstream in able if upstream.name != only)] if call.fallback else named

    async def _ask(self, question: Question[Given], call: Call, candidates: list[Upstream], on_text: OnText | None) -> Done[Given]:
        if self._hedge_after_s is not None and len(candidates) > 1:
            return await Race(question, call, candidates, on_text, self._purse, self._hedge_after_s, self._losers).run()
        passed: list[PassedOver] = []
        for upstream in candidates:
            announce(upstream.name, call, passed)
            hearing = Hearing(on_text)
            try:
                return await upstream.ask(question, call, self._purse, hearing, tried_of(passed))
            except PassedOver as reason:
                passed.append(reason)
                if hearing.begun:
                    call.restarted(upstream.name)
        raise most_helpful(passed)
