"""The task `text`: a prompt, and perhaps a system message, in; text out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from octavo_core.spec import Spec
from octavo_generation.tasks.fields import MaxTokens, PromptText, Seed, Stream, TaskRequest


class TextRequest(TaskRequest):
    prompt: PromptText
    system: Annotated[PromptText | None, Field(description="How the model shall behave.")] = None
    max_tokens: MaxTokens | None = None
    temperature: Annotated[float | None, Field(ge=0, le=2, description="Higher is more surprising.")] = None
    seed: Seed | None = None
    stream: Stream | None = None

    @property
    def wants_stream(self) -> bool:
        return bool(self.stream)

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.prompt,) if self.system is None else (self.prompt, self.system)


def prepare(request: TextRequest, _spec: Spec) -> dict[str, Any]:
    return request.model_dump(exclude_none=True)
