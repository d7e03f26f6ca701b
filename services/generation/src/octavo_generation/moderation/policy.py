"""Prompts and results, judged: the blocked words first, then a provider's moderation endpoint where the resource names one.

A provider that cannot be asked does not let things pass: the job fails with an error that may pass, and is tried again like any other.
Jobs are durable, so that its outage costs time and not rules. Whoever would rather answer unchecked says `when_unavailable="allow"`.

Every refusal is one line of the log, `moderation verdict`, with the rule and a hash of the text: enough to count, and to recognise a
text that somebody complains about, without keeping what nobody may read. What passes is logged at the level DEBUG.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import structlog

from octavo_core.errors import Moderated, ProviderError
from octavo_generation.moderation.words import BlockedWords
from octavo_generation.providers.port import ModerationProvider

log = structlog.get_logger(__name__)

_LONG = 50_000
"""Characters; above it others on the event loop would notice."""
Stage = Literal["prompt", "result"]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose text it is. Ids only."""

    user: str
    job: str | None = None
    correlation_id: str | None = None


class Moderator:
    """Of one generator. Any number of checks at once; it keeps nothing of what it reads."""

    def __init__(
        self,
        words: BlockedWords,
        provider: ModerationProvider | None = None,
        *,
        generator: str,
        when_unavailable: Literal["refuse", "allow"] = "refuse",
    ) -> None:
        self._words = words
        self._provider = provider
        self._generator = generator
        self._when_unavailable = when_unavailable

    def check_words(self, texts: Sequence[str], subject: Subject, *, stage: Stage = "prompt") -> None:
        """The blocked words only, at once: for the API, before there is a job. Raises `Moderated`."""
        for text in texts:
            if (found := self._words.find(text)) is not None:
                raise self._refused(found.rule, text, subject, stage)

    async def check_prompt(self, texts: Sequence[str], subject: Subject) -> None:
        """All that the person wrote. Raises `Moderated`; what the provider raises where that is not to be overlooked."""
        await self._check(texts, subject, "prompt")

    async def check_result(self, text: str, subject: Subject) -> None:
        """What a model wrote, before the person sees it. Raises as `check_prompt`."""
        await self._check((text,), subject, "result")

    async def close(self) -> None:
        if self._provider is not None:
            await self._provider.close()

    async def _check(self, texts: Sequence[str], subject: Subject, stage: Stage) -> None:
        if sum(map(len, texts)) > _LONG:
            await asyncio.to_thread(self.check_words, texts, subject, stage=stage)
        else:
            self.check_words(texts, subject, stage=stage)
        asked = "\n\n".join(text for text in texts if text.strip())
        if self._provider is not None and asked:
            try:
                verdict = await self._provider.moderate(asked)
            except ProviderError as error:
                allowed = self._when_unavailable == "allow"
                log.warning("moderation unavailable", error=error.code, **self._line("none", asked, subject, stage, allowed))
                if not allowed:
                    raise
            else:
                if verdict.flagged:
                    raise self._refused(f"provider:{','.join(verdict.categories) or 'flagged'}", asked, subject, stage)
        log.debug("moderation verdict", **self._line("none", asked, subject, stage, True))

    def _refused(self, rule: str, text: str, subject: Subject, stage: Stage) -> Moderated:
        log.warning("moderation verdict", **self._line(rule, text, subject, stage, False))
        what = "the prompt" if stage == "prompt" else "the answer"
        return Moderated(f"{what} is not allowed here (rule {rule})")

    def _line(self, rule: str, text: str, subject: Subject, stage: Stage, allowed: bool) -> dict[str, object]:
        line = {
            "generator": self._generator,
            "user": subject.user,
            "job": subject.job,
            "correlation_id": subject.correlation_id,
            "stage": stage,
            "verdict": "allowed" if allowed else "refused",
            "rule": rule,
            "text_sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        }
        # What is bound to the context (the correlation id) stays where there is nothing to put in its place.
        return {key: value for key, value in line.items() if value is not None}
