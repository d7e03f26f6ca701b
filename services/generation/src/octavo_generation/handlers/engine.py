"""Stories and texts from a model that this process runs, with live tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from octavo_generation.engines.hosting import TextHost
from octavo_generation.engines.port import Generation, Sampling, TextRequest
from octavo_generation.handlers.drafts import DRAFTS, Checks, write_checked
from octavo_generation.handlers.outcome import outcome
from octavo_generation.moderation import Moderator, Subject
from octavo_generation.providers.port import Usage

if TYPE_CHECKING:
    from octavo_jobs.context import JobContext
    from octavo_jobs.lifecycle import Job

_APART = 0x9E3779B1
"""Between the seeds of drafts, so that neighbouring seeds of other requests do not give the same ones."""


class EngineHandler:
    def __init__(self, host: TextHost, *, moderator: Moderator | None = None) -> None:
        self._host = host
        self._moderator = moderator

    async def __call__(self, job: Job, context: JobContext) -> str:
        payload: dict[str, Any] = orjson.loads(job.request)
        profile = await self._host.profile(context.progress)
        context.progress("generating", 0.0)
        sampling = payload.get("sampling") or {k: payload[k] for k in ("max_tokens", "temperature") if k in payload}
        request = TextRequest(
            prompt=payload["prompt"],
            sampling=Sampling(**sampling, seed=payload.get("seed")),
            audience=payload.get("audience"),
            language=payload.get("language"),
        )
        checks = Checks.of(payload)
        # What is moderated is not shown before it is known whole.
        on_token = context.token if self._moderator is None and checks.banned is None else _unheard

        async def write(before: int) -> Generation:
            return await self._host.generate(
                _draft_of(request, before), owner=job.owner, on_token=on_token, is_ended=lambda: context.is_ended
            )

        # What a caller reads as it is written cannot be taken back: of such a story there is one draft.
        drafts = 1 if payload.get("stream") and on_token is not _unheard else DRAFTS
        draft = await write_checked(
            checks, write, drafts=drafts, again=lambda: context.progress("this draft was too hard to read; it begins again", restarted=True)
        )
        generation = draft.generation
        if self._moderator is not None:
            subject = Subject(user=job.owner, job=job.id, correlation_id=job.correlation_id)
            await self._moderator.check_result(generation.text, subject)
        result: dict[str, Any] = {"text": generation.text, "finish_reason": generation.finish_reason, "language": generation.language}
        if request.audience is not None:
            result["audience"] = request.audience
            result["reading"] = {"lix": round(draft.lix, 1), "max_lix": checks.max_lix, "drafts": draft.number}
        return outcome(
            result,
            provider={"name": profile.name, "model": profile.model},
            usage=Usage(generation.prompt_tokens, generation.completion_tokens),
        )

    @property
    def room(self) -> int | None:
        return self._host.room

    async def prepare(self) -> None:
        await self._host.profile(lambda _stage: None)

    async def close(self) -> None:
        await self._host.close()


def _draft_of(request: TextRequest, before: int) -> TextRequest:
    """Another seed for each draft, the same ones in every run."""
    if before == 0 or request.sampling.seed is None:
        return request
    return replace(request, sampling=replace(request.sampling, seed=(request.sampling.seed + before * _APART) % 2**32))


def _unheard(_text: str) -> None:
    """For texts that are shown only whole."""
