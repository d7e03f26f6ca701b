"""Pictures of a prompt: drawn by providers or by the sketch engine, and kept."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson

from octavo_core.errors import TooLarge
from octavo_core.spec import Spec
from octavo_generation.engines.sketch.engine import SketchEngine
from octavo_generation.handlers.calling import call_of, opaque_user
from octavo_generation.handlers.outcome import answered_by, outcome
from octavo_generation.images.library import ImageLibrary, Origin
from octavo_generation.moderation import Moderator, Subject
from octavo_generation.policy.policy import ProviderPolicy
from octavo_generation.providers.port import DrawnImage, ImagePrompt, Picture, Usage
from octavo_generation.tasks.image import abilities_of, image_prompt

if TYPE_CHECKING:
    from octavo_jobs.context import JobContext
    from octavo_jobs.lifecycle import Job

MAX_RESULT_BYTES = 12 * 1_048_576
"""Of pictures in a result, as base64: a row's text ends at 16 MiB on MySQL."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of a request, wherever it was drawn."""

    images: Sequence[DrawnImage]
    model: str
    provider: dict[str, Any]
    usage: Usage
    cost_usd: Decimal | None = None


class Keeping:
    """From what was drawn to a job's result; kept where `library` is there."""

    def __init__(self, library: ImageLibrary | None) -> None:
        self._library = library

    async def result(self, job: Job, context: JobContext, payload: Mapping[str, Any], drawn: Drawn) -> str:
        if self._library is None:
            views: list[dict[str, Any]] = [{} for _ in drawn.images]
        else:
            context.progress("keeping the pictures")
            origin = Origin(
                job=job.id,
                accepted_at=job.created_at,
                generator=job.queue,
                owner=job.owner,
                provider=drawn.provider["name"],
                model=drawn.model,
                prompt=payload["prompt"],
                details={key: payload[key] for key in ("size", "quality", "style", "negative_prompt") if key in payload},
            )
            kept = await self._library.keep(origin, drawn.images)
            views = [
                {"id": one.id, "image_id": one.id, "path": f"/api/v1/images/{one.id}/download", "size": f"{one.width}x{one.height}"}
                for one in kept
            ]
        for view, one in zip(views, drawn.images, strict=True):
            view |= {"revised_prompt": one.revised_prompt, "seed": one.seed, "media_type": one.picture.media_type}
        if payload["response_format"] == "b64_json" or self._library is None:
            _add_pictures(views, drawn.images)
        return outcome({"images": views}, provider=drawn.provider, usage=drawn.usage, cost_usd=drawn.cost_usd)


class DrawingHandler:
    """By providers: the one that the person named and no other, or all in their order of preference."""

    def __init__(
        self,
        policy: ProviderPolicy,
        keeping: Keeping,
        spec: Spec,
        *,
        moderator: Moderator | None = None,
        samples: Collection[str] = (),
    ) -> None:
        self._policy = policy
        self._keeping = keeping
        self._abilities = abilities_of(spec)
        self._moderator = moderator
        self._samples = samples

    async def __call__(self, job: Job, context: JobContext) -> str:
        payload: dict[str, Any] = orjson.loads(job.request)
        # Its caller's own id of its user, or ours; either way opaque to the provider.
        payload.setdefault("user", opaque_user(job))
        if self._moderator is not None:
            texts = [payload["prompt"], payload.get("negative_prompt", "")]
            await self._moderator.check_prompt(texts, Subject(user=job.owner, job=job.id, correlation_id=job.correlation_id))

        def fitted(name: str, _prompt: ImagePrompt) -> ImagePrompt:
            return image_prompt(payload, self._abilities[name])

        first = payload.get("provider") or next(iter(self._abilities))
        done = await self._policy.draw(
            image_prompt(payload, self._abilities[first]), call_of(job, context), only=payload.get("provider"), fitted=fitted
        )
        asked = image_prompt(payload, self._abilities[done.provider]).prompt
        # What the model was really asked with is visible, whoever changed it.
        used = None if asked == payload["prompt"] else asked
        images = [DrawnImage(one.picture, one.revised_prompt or used, one.seed) for one in done.answer.images]
        provider = answered_by(done, self._samples)
        return await self._keeping.result(job, context, payload, Drawn(images, done.model, provider, done.usage, cost_usd=done.cost_usd))

    async def close(self) -> None:
        await self._policy.close()


class SketchDrawingHandler:
    """By the engine that ships with Octavo."""

    def __init__(self, keeping: Keeping, spec: Spec) -> None:
        self._keeping = keeping
        self._engine = SketchEngine()
        self._abilities = abilities_of(spec)[self._engine.name]

    async def __call__(self, job: Job, context: JobContext) -> str:
        payload: dict[str, Any] = orjson.loads(job.request)
        # The same job draws the same pictures, however often it is begun.
        payload.setdefault("seed", int(job.id[-8:], 16))
        prompt = image_prompt(payload, self._abilities)
        images = []
        for number in range(prompt.count):
            context.progress("drawing", number / prompt.count)
            assert prompt.seed is not None
            seed = prompt.seed + number
            (data,) = await asyncio.to_thread(self._engine.draw, prompt.prompt, prompt.size, 1, seed, prompt.style, prompt.quality)
            images.append(DrawnImage(Picture(data, "image/png"), None if prompt.prompt == payload["prompt"] else prompt.prompt, seed))
        model = "builtin://sketch"
        drawn = Drawn(images, model, {"name": self._engine.name, "model": model}, Usage(images=len(images)))
        return await self._keeping.result(job, context, payload, drawn)

    async def close(self) -> None:
        """Nothing is open."""


def _add_pictures(views: Sequence[dict[str, Any]], images: Sequence[DrawnImage]) -> None:
    if sum(len(one.picture.data) for one in images) * 4 // 3 > MAX_RESULT_BYTES:
        raise TooLarge(f"the pictures are larger than {MAX_RESULT_BYTES} bytes together in base64; ask for fewer, or for their addresses")
    for view, one in zip(views, images, strict=True):
        view["b64_json"] = base64.b64encode(one.picture.data).decode()
