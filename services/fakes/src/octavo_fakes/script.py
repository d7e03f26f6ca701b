"""What a person scripts: rules, as they come in at `POST /_script`.

A rule says which calls it is for (`match`, all of its members must hold) and what happens to them. Rules are tried in order; the
first that holds decides alone, so a rule for fewer calls goes before one for more. `times` uses a rule up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from octavo_core.errors import Fault, InvalidInput
from octavo_core.spec.faults import dotted

Served = Literal[
    "openai", "xai", "azure-openai", "openai-compatible", "anthropic", "flux", "stability", "automatic1111", "midjourney", "fake"
]
"""The provider types that are spoken here."""
SERVED: tuple[Served, ...] = get_args(Served)
MAX_RULES = 1000
MAX_SECONDS = 3600.0

Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(_Strict):
    """Members that are left out match everything. `path` and `model` may hold `*`; a `path` without one is a part of the path."""

    provider: Served | None = None
    path: str | None = Field(None, min_length=1, max_length=300)
    model: str | None = Field(None, min_length=1, max_length=200)
    prompt_contains: str | None = Field(None, min_length=1, max_length=1000)


class RateLimit(_Strict):
    """`requests` in `per_s` seconds, counted from the first of them."""

    requests: int = Field(ge=1, le=1_000_000)
    per_s: float = Field(gt=0, le=MAX_SECONDS, allow_inf_nan=False)


class Pace(_Strict):
    """Of streams: `delay_s` before each piece of text after the first; after `stop_after` pieces the connection is cut."""

    delay_s: Seconds = 0.0
    stop_after: int | None = Field(None, ge=0, le=1_000_000)


class Rule(_Strict):
    match: Match = Match()
    times: int | None = Field(None, ge=1, le=1_000_000_000)
    latency_s: Seconds | tuple[Seconds, Seconds] | None = None
    seed: int = 0
    """Of the latencies drawn between two bounds."""
    status: int | None = Field(None, ge=200, le=599)
    body: Any = None
    """Of `status`: JSON, or text sent as it is. Left out: the vendor's own error of that status."""
    headers: Mapping[str, str] = Field(default_factory=dict, max_length=50)
    refusal: Literal["error", "answer"] | bool = False
    """Of the content, as the vendor does it; `error` and `answer` choose where it has both."""
    rate_limit: RateLimit | None = None
    cut_after_bytes: int | None = Field(None, ge=0, le=1 << 30)
    stream: Pace | None = None
    text: str | None = Field(None, max_length=100_000)
    hang: bool = False

    @field_validator("latency_s")
    @classmethod
    def _in_order(cls, value: float | tuple[float, float] | None) -> float | tuple[float, float] | None:
        if isinstance(value, tuple) and value[0] > value[1]:
            raise ValueError("the first of the two seconds is the smaller one")
        return value

    @field_validator("headers")
    @classmethod
    def _sendable(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for name, text in value.items():
            if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
                raise ValueError(f"{name[:40]!r} is no name of a header")
            if not text.isascii() or not text.isprintable():
                raise ValueError(f"the value of {name[:40]} holds characters that no header may hold")
            if name.lower() in ("content-length", "transfer-encoding", "connection"):
                raise ValueError(f"{name} follows from the answer and cannot be set")
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> Rule:
        given = self.model_fields_set - {"match", "times", "seed"}
        if not given:
            raise ValueError("a rule does something: give latency_s, status, refusal, rate_limit, cut_after_bytes, stream, text or hang")
        if self.hang and given - {"hang", "rate_limit"}:
            raise ValueError("a call that hangs is never answered; give nothing else beside hang")
        if self.status is None and self.body is not None:
            raise ValueError("body needs status")
        if self.status is not None and (self.refusal or self.text is not None):
            raise ValueError("status is the whole answer; refusal and text go without it")
        if self.status is not None and self.status < 400 and self.body is None:
            raise ValueError("a status below 400 needs a body")
        if self.refusal and self.text is not None:
            raise ValueError("refusal and text are two different answers; give one of them")
        return self


class Script(_Strict):
    rules: tuple[Rule, ...] = Field(min_length=1, max_length=MAX_RULES)


_DOWN: TypeAdapter[dict[Served, bool]] = TypeAdapter(dict[Served, bool])


def read_script(parsed: object) -> tuple[Rule, ...]:
    """From a list of rules, or an object with `rules`. Raises `InvalidInput` that says where what is wrong."""
    try:
        return Script.model_validate({"rules": parsed} if isinstance(parsed, list) else parsed).rules
    except ValidationError as error:
        raise _invalid(error, "the script is wrong") from None


def read_down(parsed: object) -> dict[Served, bool]:
    try:
        return _DOWN.validate_python(parsed)
    except ValidationError as error:
        raise _invalid(error, "say which provider is down") from None


def _invalid(error: ValidationError, what: str) -> InvalidInput:
    # A union names its branches in the place of a fault; they mean nothing to the person.
    found = [
        Fault(dotted(tuple(part for part in one["loc"] if not (isinstance(part, str) and ("[" in part or part in _BRANCHES)))), one["msg"])
        for one in error.errors(include_url=False, include_input=False)[:20]
    ]
    first = found[0]
    return InvalidInput(f"{what}: {first.path}: {first.message}" if first.path else f"{what}: {first.message}", faults=tuple(found))


_BRANCHES = ("float", "constrained-float", "bool", "tuple")
