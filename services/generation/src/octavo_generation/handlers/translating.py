"""Texts of any length into another language, by a model that this process runs.

The text is taken apart (`engines/translating/layout.py`), its sentences go to the model each for itself, so that those of all jobs make its
batches, and the whole is put together again. A job has only so many of them at the model at once that others come in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from octavo_core.errors import Fault, InvalidInput
from octavo_generation.engines.hosting import TextHost
from octavo_generation.engines.port import Generation, TextRequest
from octavo_generation.engines.translating.by_words import WORDS, read_words
from octavo_generation.engines.translating.detection import Detector
from octavo_generation.engines.translating.engine import direction
from octavo_generation.engines.translating.languages import languages
from octavo_generation.engines.translating.layout import Layout, read_layout
from octavo_generation.handlers.outcome import outcome
from octavo_generation.moderation import Moderator, Subject
from octavo_generation.providers.port import Usage
from octavo_generation.providers.waiting import side_by_side

if TYPE_CHECKING:
    from octavo_jobs.context import JobContext
    from octavo_jobs.lifecycle import Job

_AT_ONCE = 32
"""Sentences of one job at the model at the same time."""
_TOLD = 20
"""Times that a job says how far it is."""
_KEPT_TOLD = 50
"""Words at most."""


class TranslationHandler:
    def __init__(self, host: TextHost, folder: Path | None, *, moderator: Moderator | None = None) -> None:
        """`folder` holds the model, and perhaps the list of its words; None where it is fetched."""
        self._host = host
        self._folder = folder
        self._moderator = moderator
        self._detector: Detector | None = None

    async def __call__(self, job: Job, context: JobContext) -> str:
        payload: dict[str, Any] = orjson.loads(job.request)
        profile = await self._host.profile(context.progress)
        context.progress("translating", 0.0)
        target = str(payload["target_language"])
        layout = await asyncio.to_thread(read_layout, payload["text"], payload["glossary"])
        source = payload["source_language"]
        if source is None and layout.segments:
            source = await self._detect(payload["text"], profile.languages)
        for field, code in (("source_language", source), ("target_language", target)):
            if code is not None and code not in profile.languages:
                name = languages()[code].name
                raise InvalidInput(
                    f"{field}: {profile.model} does not know {name}",
                    faults=(Fault(field, f"the model does not know {name}", ", ".join(profile.languages[:8])),),
                )
        done = {} if source == target else await self._translate(layout, direction(source, target), job.owner, context)
        text = await asyncio.to_thread(layout.write, [done[one].text if one in done else one for one in layout.segments])
        if self._moderator is not None:
            await self._moderator.check_result(text, Subject(user=job.owner, job=job.id, correlation_id=job.correlation_id))
        result: dict[str, Any] = {
            "text": text,
            "source_language": source,
            "target_language": target,
            "detected": source is not None and payload["source_language"] is None,
        }
        if kept := list(dict.fromkeys(word for generation in done.values() for word in generation.kept)):
            result["kept_words"] = kept[:_KEPT_TOLD]
        if whole := sum(not one.completion_tokens for one in done.values()):
            result["left_whole"] = whole
        return outcome(
            result,
            provider={"name": profile.name, "model": profile.model},
            usage=Usage(sum(one.prompt_tokens for one in done.values()), sum(one.completion_tokens for one in done.values())),
        )

    @property
    def room(self) -> int | None:
        return None

    async def prepare(self) -> None:
        await self._host.profile(lambda _stage: None)

    async def close(self) -> None:
        await self._host.close()

    async def _translate(self, layout: Layout, language: str, owner: str, context: JobContext) -> Mapping[str, Generation]:
        """Every sentence once, however often it stands there."""
        places = asyncio.Semaphore(_AT_ONCE)
        sentences = list(dict.fromkeys(layout.segments))
        done: dict[str, Generation] = {}

        async def one(sentence: str) -> None:
            async with places:
                request = TextRequest(prompt=sentence, language=language)
                done[sentence] = await self._host.generate(request, owner=owner, on_token=_unheard, is_ended=lambda: context.is_ended)
            if len(done) % step == 0 or len(done) == len(sentences):
                context.progress("translating", len(done) / len(sentences))

        step = max(1, len(sentences) // _TOLD)
        await side_by_side(one(sentence) for sentence in sentences)
        return done

    async def _detect(self, text: str, among: tuple[str, ...]) -> str:
        """Raises `InvalidInput` where it cannot be told."""
        if self._detector is None:
            has_words = self._folder is not None and (self._folder / WORDS).is_file()
            words = await asyncio.to_thread(read_words, self._folder) if self._folder is not None and has_words else None
            self._detector = Detector(among, words)
        found = await asyncio.to_thread(self._detector.detect, text)
        if found is None:
            raise InvalidInput(
                "source_language: the text's language cannot be told; say it",
                faults=(Fault("source_language", "cannot be told from the text", "the language's code"),),
            )
        return found


def _unheard(_text: str) -> None:
    """A sentence is of no use to a listener without those around it."""
