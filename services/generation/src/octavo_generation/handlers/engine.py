"""Stories and texts from a model that this process runs, with live tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from octavo_generation.engines.hosting import EngineHost
from octavo_generation.engines.port import Sampling, TextRequest
from octavo_generation.handlers.outcome import outcome
from octavo_generation.moderation import Moderator, Subject
from octavo_generation.providers.port import Usage

if TYPE_CHECKING:
    from octavo_jobs.context import JobContext
    from octavo_jobs.lifecycle import Job


class EngineHandler:
    def __init__(self, host: EngineHost, *, moderator: Moderator | None = None) -> None:
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
        # What is moderated is not shown before it is known whole.
        on_token = context.token if self._moderator is None else _unheard
        generation = await self._host.generate(request, on_token=on_token, is_ended=lambda: context.is_ended)
        if self._moderator is not None:
            subject = Subject(user=job.owner, job=job.id, correlation_id=job.correlation_id)
            await self._moderator.check_result(generation.text, subject)
        result = {"text": generation.text, "finish_reason": generation.finish_reason, "language": generation.language}
        if request.audience is not None:
            result["audience"] = request.audience
        return outcome(
            result,
            provider={"name": profile.name, "model": profile.model},
            usage=Usage(generation.prompt_tokens, generation.completion_tokens),
        )

    async def close(self) -> None:
        await self._host.close()


def _unheard(_text: str) -> None:
    """For texts that are shown only whole."""
