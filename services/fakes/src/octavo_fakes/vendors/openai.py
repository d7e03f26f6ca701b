"""OpenAI's keys, errors, headers and models; the formats that speak its dialect build on it."""

from __future__ import annotations

import math
import re
import secrets

from octavo_fakes.answer import Answer, Headers, header, json_answer
from octavo_fakes.call import Call, WireFault, mask
from octavo_fakes.playbook import Allowance

_SAMPLES = r"(?:sample|fake|octavo)[\w.:-]*"
"""Names that anybody may use here for want of a real one."""
_IMAGE_MODELS = re.compile(rf"dall-e-[23]|(?:chat)?gpt-image-[\w.-]+|{_SAMPLES}")
_CHAT_MODELS = re.compile(rf"(?:gpt-|o[134](?:-|$)|chatgpt-|codex-|ft:)(?!image)[\w.:-]*|{_SAMPLES}")
_SAMPLE_MODELS = re.compile(_SAMPLES)
_MODERATION_MODELS = re.compile(r"(?:omni|text)-moderation-[\w.-]+")
_TYPES = {401: "invalid_request_error", 403: "invalid_request_error", 404: "invalid_request_error", 429: "requests"}
_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
MODELS = (
    ("gpt-4o", 1715367049),
    ("gpt-4o-mini", 1721172741),
    ("gpt-4.1", 1744316542),
    ("gpt-4.1-mini", 1744318173),
    ("gpt-5", 1754425777),
    ("gpt-5-mini", 1754425928),
    ("o3", 1744225308),
    ("o4-mini", 1744225351),
    ("dall-e-3", 1698785189),
    ("gpt-image-1", 1745517030),
    ("omni-moderation-latest", 1731689265),
)


class OpenAI:
    """One object for the process; it holds nothing of a call."""

    name = "openai"
    owner = "openai"
    models: tuple[tuple[str, int], ...] = MODELS
    """Name and when it was made, in seconds since the epoch."""
    fingerprint: str | None = "fp_octavosample"
    service_tier: str | None = "default"

    def check_key(self, call: Call) -> None:
        key = call.bearer()
        if not key:
            raise WireFault(401, "No API key was given: it belongs into the header Authorization, behind Bearer.", code="")
        if key.startswith("bad-"):
            raise WireFault(401, f"Incorrect API key provided: {mask(key)}.")

    def check_chat_model(self, model: str) -> None:
        if not _CHAT_MODELS.fullmatch(model):
            raise self.unknown_model(model)

    def check_image_model(self, model: str) -> None:
        if not _IMAGE_MODELS.fullmatch(model):
            raise self.unknown_model(model)

    def check_moderation_model(self, model: str) -> None:
        if not _MODERATION_MODELS.fullmatch(model) and not self.is_sample(model):
            raise self.unknown_model(model)

    def is_sample(self, model: str) -> bool:
        """Whether it is a name for want of a real one: such a model takes every parameter that any model takes."""
        return _SAMPLE_MODELS.fullmatch(model) is not None

    def unknown_model(self, model: str) -> WireFault:
        return WireFault(404, f"The model `{model[:100]}` does not exist or you do not have access to it.", code="model_not_found")

    def chat_refusal(self, model: str) -> WireFault:
        return WireFault(400, "The prompt was refused for its content (scripted).", code="invalid_prompt")

    def image_refusal(self, model: str) -> WireFault:
        if model.startswith("dall-e"):
            return WireFault(400, "The prompt was refused by the safety system (scripted).", code="content_policy_violation")
        return WireFault(
            400, "The prompt was refused by the safety system (scripted).", code="moderation_blocked", kind="image_generation_user_error"
        )

    def error(self, fault: WireFault, call: Call) -> Answer:
        code = fault.code if fault.code is not None else _CODES.get(fault.status)
        kind = fault.kind or _TYPES.get(fault.status) or ("server_error" if fault.status >= 500 else "invalid_request_error")
        error = {"message": fault.message, "type": kind, "param": fault.param, "code": code or None}
        return json_answer({"error": error}, fault.status)

    def headers(self, allowance: Allowance | None) -> Headers:
        return (
            (b"x-request-id", b"req_" + secrets.token_hex(16).encode()),
            *_VERSION,
            *(_PLENTY if allowance is None else _limits(allowance)),
        )

    # What a dialect adds to the answers.

    def choice_extras(self) -> dict[str, object]:
        return {}

    def answer_extras(self) -> dict[str, object]:
        return {}

    def image_extras(self) -> dict[str, object]:
        return {}


def spell(seconds: float) -> str:
    """As OpenAI writes how long it is until a limit is new: 6ms, 8.64s, 1m30s."""
    if seconds < 1:
        return f"{max(0, math.ceil(seconds * 1000))}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{int(minutes)}m{rest:g}s" if minutes else f"{rest:g}s"


def _limits(allowance: Allowance) -> Headers:
    found = (
        header("x-ratelimit-limit-requests", allowance.limit),
        header("x-ratelimit-remaining-requests", allowance.remaining),
        header("x-ratelimit-reset-requests", spell(allowance.reset_s)),
    )
    return (*found, header("retry-after-ms", math.ceil(allowance.reset_s * 1000))) if allowance.exceeded else found


_VERSION: Headers = (
    header("openai-version", "2020-10-01"),
    header("openai-organization", "octavo-samples"),
    header("openai-processing-ms", 1),
)
_PLENTY: Headers = (
    header("x-ratelimit-limit-requests", 10_000),
    header("x-ratelimit-remaining-requests", 9_999),
    header("x-ratelimit-reset-requests", "6ms"),
    header("x-ratelimit-limit-tokens", 2_000_000),
    header("x-ratelimit-remaining-tokens", 1_999_000),
    header("x-ratelimit-reset-tokens", "30ms"),
)
