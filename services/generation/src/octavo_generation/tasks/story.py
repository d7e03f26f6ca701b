"""The task `story`: a prompt and an audience in, a story out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from octavo_core.errors import Fault, InvalidInput
from octavo_core.spec import Spec
from octavo_generation.tasks.fields import MaxTokens, PromptText, Seed, Stream, TaskRequest


class StoryRequest(TaskRequest):
    prompt: PromptText
    audience: Annotated[
        Literal["children", "young", "adult"] | None, Field(description="Whom the story is for; default: young, or the first one served.")
    ] = None
    max_tokens: MaxTokens | None = None
    seed: Seed | None = None
    stream: Stream | None = None
    language: Annotated[
        str | None, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$", description="en, es, …; told from the prompt when absent.")
    ] = None

    @property
    def wants_stream(self) -> bool:
        return bool(self.stream)

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.prompt,)


def prepare(request: StoryRequest, spec: Spec) -> dict[str, Any]:
    """The job's payload: the request with the audience's sampling parameters written out, so that an edit of the generator
    changes new jobs only. Raises `InvalidInput` for an audience that this generator does not serve."""
    served = spec.audience_parameters
    audience = request.audience or ("young" if "young" in served else next(iter(served)))
    if audience not in served:
        allowed = ", ".join(served)
        raise InvalidInput(
            f"audience: this generator does not write for {audience}", faults=(Fault("audience", f"{audience} is not served", allowed),)
        )
    parameters, checks = served[audience].sampling, served[audience].checks
    if request.max_tokens is not None:
        parameters["max_tokens"] = request.max_tokens
    payload: dict[str, Any] = {
        "prompt": request.prompt,
        "audience": audience,
        "language": request.language,
        "seed": request.seed,
        "sampling": parameters,
    }
    if checks and spec.engine is not None:
        payload["checks"] = checks
    return payload | {"stream": True} if request.stream else payload


def narrow(schema: dict[str, Any], spec: Spec) -> None:
    """Only the audiences that the generator writes for."""
    schema["properties"]["audience"]["anyOf"][0]["enum"] = list(spec.audience_parameters)
