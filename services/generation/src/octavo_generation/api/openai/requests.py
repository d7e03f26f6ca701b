"""Request bodies of OpenAI's API: what we take, what we pass over, and what we refuse by name.

Refused is what would change the answer and cannot be had here (tools, logprobs, schemas); passed over is what changes nothing that the
caller sees (storing, billing and caching hints). A null, and an empty list or object, is an absent parameter, as OpenAI has it.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from octavo_generation.api import bodies
from octavo_generation.api.admission import MAX_BATCH
from octavo_generation.api.openai.errors import Refused

Request = TypeVar("Request", bound="OpenAIRequest")

_PASSED_OVER = frozenset(
    {"store", "metadata", "service_tier", "prompt_cache_key", "prompt_cache_retention", "prediction", "parallel_tool_calls"}
)
_REFUSED = {
    "tools": "calls of tools",
    "tool_choice": "calls of tools",
    "functions": "calls of functions",
    "function_call": "calls of functions",
    "logprobs": "logprobs",
    "top_logprobs": "logprobs",
    "logit_bias": "logit_bias",
    "audio": "audio",
    "web_search_options": "searches of the web",
    "reasoning_effort": "reasoning_effort",
    "verbosity": "verbosity",
    "suffix": "suffix",
    "echo": "echo",
    "best_of": "best_of",
    "partial_images": "streams of pictures",
    "background": "background",
    "output_compression": "output_compression",
}


class OpenAIRequest(BaseModel):
    """`model` may be any text: a generator has its own, and its answers name the one that answered."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    harmless: ClassVar[dict[str, tuple[Any, ...]]] = {"tool_choice": ("none", "auto"), "best_of": (1,), "background": ("auto",)}

    model: Annotated[str | None, Field(max_length=200, description="Any text; answers name the real model.")] = None
    n: Annotated[int, Field(ge=1, le=MAX_BATCH, description="How many answers; each is a job of its own.")] = 1
    user: Annotated[str | None, Field(max_length=500, description="Hashed before it is kept or sent on.")] = None

    @model_validator(mode="before")
    @classmethod
    def _only_what_counts(cls, body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        counted = {name: value for name, value in body.items() if value not in (None, [], {}) and name not in _PASSED_OVER}
        for name in counted.keys() & _REFUSED.keys():
            value = counted.pop(name)
            if value is not False and value not in cls.harmless.get(name, ()):
                raise Refused(
                    f"this generator does not support {_REFUSED[name]}; leave {name} out", param=name, code="unsupported_parameter"
                )
        if "safety_identifier" in counted:
            identifier = counted.pop("safety_identifier")
            counted.setdefault("user", identifier)
        return counted


class TextPart(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    type: Literal["text"]
    text: str


class ImageUrl(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    url: str


class ImagePart(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class ChatMessage(BaseModel):
    """As a client sends it, or sends back what it once received: members that are null are passed over."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    role: Literal["system", "developer", "user", "assistant"]
    content: list[Part] = Field(description="Text, or a list of parts of the types text and image_url.")

    @model_validator(mode="before")
    @classmethod
    def _no_tools(cls, message: Any) -> Any:
        if not isinstance(message, dict):
            return message
        if message.get("role") in ("tool", "function") or message.get("tool_calls") or message.get("function_call"):
            raise Refused("this generator does not support calls of tools", param="messages", code="unsupported_parameter")
        return message if message.get("content") is not None or message.get("role") != "assistant" else {**message, "content": ""}

    @field_validator("content", mode="before", json_schema_input_type=str | list[Part])
    @classmethod
    def _text_is_a_part(cls, content: Any) -> Any:
        return [{"type": "text", "text": content}] if isinstance(content, str) else content

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.content if isinstance(part, TextPart))

    @property
    def picture_urls(self) -> list[str]:
        return [part.image_url.url for part in self.content if isinstance(part, ImagePart)]


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    include_usage: bool = False
    include_obfuscation: bool = False


class TextAsked(OpenAIRequest):
    """What chat.completions and completions have in common."""

    max_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None
    seed: Annotated[int | None, Field(ge=-(2**63), lt=2**63)] = None
    stop: Annotated[list[Annotated[str, Field(min_length=1, max_length=500)]], Field(max_length=4)] = Field(default_factory=list)
    presence_penalty: Annotated[float | None, Field(ge=-2, le=2)] = None
    frequency_penalty: Annotated[float | None, Field(ge=-2, le=2)] = None
    stream: bool = False
    stream_options: StreamOptions | None = None

    @field_validator("stop", mode="before", json_schema_input_type=str | list[str])
    @classmethod
    def _one_stop_is_a_list(cls, stop: Any) -> Any:
        return [stop] if isinstance(stop, str) else stop

    @model_validator(mode="after")
    def _options_of_a_stream(self) -> TextAsked:
        if self.stream_options is not None and not self.stream:
            raise Refused("stream_options is allowed with stream only", param="stream_options", code="invalid_value")
        return self

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage


class ResponseFormat(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    type: Literal["text", "json_object"]


class ChatRequest(TextAsked):
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=1_000)]
    max_completion_tokens: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    response_format: ResponseFormat | None = None
    modalities: list[Literal["text"]] | None = None

    @property
    def most_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def json_object(self) -> bool:
        return self.response_format is not None and self.response_format.type == "json_object"


class CompletionRequest(TextAsked):
    """The older form: each prompt is answered `n` times."""

    prompt: Annotated[list[str], Field(min_length=1, max_length=MAX_BATCH)]

    @field_validator("prompt", mode="before", json_schema_input_type=str | list[str])
    @classmethod
    def _one_prompt_is_a_list(cls, prompt: Any) -> Any:
        return [prompt] if isinstance(prompt, str) else prompt


class ImagesRequest(OpenAIRequest):
    harmless: ClassVar[dict[str, tuple[Any, ...]]] = {**OpenAIRequest.harmless, "partial_images": (0,), "output_compression": (100,)}

    prompt: str
    size: str | None = None
    quality: str | None = None
    style: str | None = None
    response_format: Literal["url", "b64_json"] | None = None
    output_format: Literal["png"] | None = None
    moderation: Literal["auto", "low"] | None = None
    stream: Literal[False] = False


def parse(kind: type[Request], raw: bytes) -> Request:
    """Raises `InvalidInput` (`Refused` for what we know and do not support)."""
    return bodies.parse(kind, raw)
