"""How a generator's job is done: by its engine or by its providers. Each handler is one attempt; the result is JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import structlog

from octavo_core.errors import ProviderError, ProviderRefused
from octavo_core.spec import GeneratorService
from octavo_generation.engines.hosting import EngineHost
from octavo_generation.engines.port import Sampling, TextRequest
from octavo_generation.engines.registry import engine_opener
from octavo_generation.providers.port import TextAnswer, TextPrompt, TextProvider
from octavo_generation.providers.registry import check_provider, open_provider

if TYPE_CHECKING:
    # `octavo plan` asks this module too, and should not pay for a database's and Redis' libraries.
    from octavo_jobs.context import JobContext
    from octavo_jobs.lifecycle import Job

log = structlog.get_logger(__name__)

_STORY_SYSTEM = {
    "children": "Write a short, gentle story for children of about six: short sentences, simple words, a happy ending.",
    "young": "Write a story for readers of about fourteen: adventure, dialogue, a clear turn and an ending.",
    "adult": "Write a story for adults: longer sentences, reflection, an ending that stays in the mind.",
}


class GeneratorHandler(Protocol):
    async def __call__(self, job: Job, context: JobContext) -> str: ...

    async def close(self) -> None: ...


class EngineHandler:
    """Stories and texts from a local model, with live tokens."""

    def __init__(self, host: EngineHost) -> None:
        self._host = host

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
        generation = await self._host.generate(request, on_token=context.token, is_ended=lambda: context.is_ended)
        result = {"text": generation.text, "finish_reason": generation.finish_reason, "language": generation.language}
        if request.audience is not None:
            result["audience"] = request.audience
        return _result(
            result,
            provider={"name": profile.name, "model": profile.model},
            usage=_usage(generation.prompt_tokens, generation.completion_tokens),
        )

    async def close(self) -> None:
        await self._host.close()


class ProviderHandler:
    """Texts and stories from upstreams, in order of preference: when one fails, the next is asked, and the result says so."""

    def __init__(self, providers: Sequence[TextProvider]) -> None:
        self._providers = providers

    async def __call__(self, job: Job, context: JobContext) -> str:
        prompt = _prompt(orjson.loads(job.request))
        tried: list[dict[str, str]] = []
        last: ProviderError | None = None
        for provider in self._providers:
            if tried:
                context.progress(f"asking {provider.name}, after {tried[-1]['name']} failed")
            try:
                answer: TextAnswer = await provider.generate(prompt)
            except ProviderError as error:
                log.warning("provider failed", provider=provider.name, error=error.code, message=error.message)
                tried.append({"name": provider.name, "error": error.code, "message": error.message})
                # A failure that may pass is worth another attempt of the job, whatever the last provider said.
                last = error if last is None or isinstance(last, ProviderRefused) else last
                continue
            return _result(
                {"text": answer.text, "finish_reason": answer.finish_reason},
                provider={"name": provider.name, "model": answer.model, "tried": tried},
                usage=_usage(answer.prompt_tokens, answer.completion_tokens),
            )
        assert last is not None
        raise last

    async def close(self) -> None:
        for provider in self._providers:
            await provider.close()


def check_handler(resource: GeneratorService, environment: Mapping[str, str]) -> None:
    """Raises what `open_handler` would, and imports no engine and no client for it."""
    spec = resource.spec
    if spec.engine is not None:
        engine_opener(spec.engine)
    for provider in spec.providers or ():
        check_provider(provider, environment)


def open_handler(resource: GeneratorService, environment: Mapping[str, str]) -> GeneratorHandler:
    """Loads and connects nothing yet. Raises `Misconfigured` for what this version or this machine cannot do."""
    spec = resource.spec
    if spec.engine is not None:
        return EngineHandler(EngineHost(engine_opener(spec.engine)))
    return ProviderHandler(
        [open_provider(p, environment=environment, max_connections=spec.workers.concurrency) for p in spec.providers or ()]
    )


def _prompt(payload: dict[str, Any]) -> TextPrompt:
    sampling = payload.get("sampling", payload)
    system = payload.get("system") or _STORY_SYSTEM.get(payload.get("audience", ""))
    if payload.get("language") and system:
        system += f" Write in the language {payload['language']}."
    return TextPrompt(
        prompt=payload["prompt"],
        system=system,
        max_tokens=sampling.get("max_tokens"),
        temperature=sampling.get("temperature"),
        top_p=sampling.get("top_p"),
        seed=payload.get("seed"),
    )


def _usage(prompt_tokens: int | None, completion_tokens: int | None) -> dict[str, int | None]:
    return {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}


def _result(result: dict[str, Any], *, provider: dict[str, Any], usage: dict[str, int | None]) -> str:
    return orjson.dumps({"result": result, "provider": provider, "usage": usage}).decode()
