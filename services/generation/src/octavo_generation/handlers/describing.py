"""What is to be seen in a picture: asked of a model that sees, or of the small program that looks at pixels."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from octavo_core.pictures.checking import CheckedPicture
from octavo_generation.engines.sketch.engine import SketchEngine
from octavo_generation.handlers.calling import call_of
from octavo_generation.handlers.outcome import answered_by, outcome
from octavo_generation.moderation import Moderator, Subject
from octavo_generation.policy.policy import ProviderPolicy
from octavo_generation.providers.port import ChatPrompt, Message, Picture, Usage
from octavo_generation.tasks.image_description import load_picture
from octavo_generation.uploads.limits import UploadLimits

if TYPE_CHECKING:
    from octavo_jobs.context import JobContext
    from octavo_jobs.lifecycle import Job

_DESCRIBE = "Describe this picture: what is to be seen, where, in which colours, and the mood of it."


class DescriptionHandler:
    """By providers."""

    def __init__(
        self, policy: ProviderPolicy, uploads: UploadLimits, *, moderator: Moderator | None = None, samples: Collection[str] = ()
    ) -> None:
        self._policy = policy
        self._uploads = uploads
        self._moderator = moderator
        self._samples = samples

    async def __call__(self, job: Job, context: JobContext) -> str:
        payload: dict[str, Any] = orjson.loads(job.request)
        picture = await _loaded(payload, self._uploads, context)
        subject = Subject(user=job.owner, job=job.id, correlation_id=job.correlation_id)
        if self._moderator is not None and payload.get("question"):
            await self._moderator.check_prompt([payload["question"]], subject)
        done = await self._policy.chat(_prompt(payload, picture), call_of(job, context))
        if self._moderator is not None:
            await self._moderator.check_result(done.answer.text, subject)
        return outcome(
            _result(done.answer.text, picture, finish_reason=done.answer.finish_reason),
            provider=answered_by(done, self._samples),
            usage=done.usage,
            cost_usd=done.cost_usd,
        )

    async def close(self) -> None:
        await self._policy.close()


class SketchDescriptionHandler:
    """By the engine that ships with Octavo: it tells colours, light, composition and shapes, and the things of its own world."""

    def __init__(self, uploads: UploadLimits) -> None:
        self._uploads = uploads
        self._engine = SketchEngine()

    async def __call__(self, job: Job, context: JobContext) -> str:
        payload: dict[str, Any] = orjson.loads(job.request)
        picture = await _loaded(payload, self._uploads, context)
        context.progress("looking at the picture")
        seen = await asyncio.to_thread(
            self._engine.describe, picture.data, payload.get("question"), (payload.get("language") or "en").partition("-")[0]
        )
        result = _result(str(seen), picture, finish_reason="stop")
        result["colours"] = [colour.name for colour in seen.colours]
        result["objects"] = [thing.kind for thing in seen.objects]
        return outcome(result, provider={"name": self._engine.name, "model": "builtin://sketch"}, usage=Usage())

    async def close(self) -> None:
        """Nothing is open."""


async def _loaded(payload: dict[str, Any], uploads: UploadLimits, context: JobContext) -> CheckedPicture:
    if "image_url" in payload:
        context.progress("fetching the picture")
    return await load_picture(payload, uploads)


def _prompt(payload: Mapping[str, Any], picture: CheckedPicture) -> ChatPrompt:
    question = payload.get("question") or _DESCRIBE
    if payload.get("language"):
        question += f" Answer in the language {payload['language']}."
    message = Message("user", question, (Picture(picture.data, picture.media_type),))
    return ChatPrompt(messages=(message,), max_tokens=payload.get("max_tokens"))


def _result(text: str, picture: CheckedPicture, *, finish_reason: str) -> dict[str, Any]:
    image = {"width": picture.received_width, "height": picture.received_height, "media_type": picture.received_media_type}
    return {"description": text, "text": text, "finish_reason": finish_reason, "image": image}
