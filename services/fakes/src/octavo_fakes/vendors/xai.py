"""xAI: OpenAI's dialect, with errors of its own (`code` and `error` are both sentences), its own models, and pictures as JPEG."""

from __future__ import annotations

import base64
import re
import secrets
from typing import Any

from octavo_fakes.answer import Answer, Headers, Stream, header, json_answer
from octavo_fakes.call import Call, WireFault, mask
from octavo_fakes.pictures import Pictures, Spec
from octavo_fakes.playbook import Allowance
from octavo_fakes.stage import Turn
from octavo_fakes.vendors.images import choice, picture_url, read_count, read_prompt, seed_of
from octavo_fakes.vendors.openai import OpenAI

_IMAGE_MODELS = re.compile(r"grok-(?:\d[\w.]*-image|imagine-image)[\w.-]*|(?:sample|fake|octavo)[\w.:-]*")
_CHAT_MODELS = re.compile(r"grok-[\w.-]+|(?:sample|fake|octavo)[\w.:-]*")
_INVALID = "Client specified an invalid argument"
_CODES = {
    400: _INVALID,
    401: "Unauthenticated",
    403: "The caller does not have permission to execute the specified operation",
    404: "Some requested entity was not found",
    422: "Failed to deserialize the JSON body into the target type",
    429: "Some resource has been exhausted",
    500: "The service encountered an internal error",
    503: "The service is currently unavailable",
}
_ASPECTS = {
    "1:1": (1024, 1024),
    "16:9": (1280, 720),
    "9:16": (720, 1280),
    "4:3": (1024, 768),
    "3:4": (768, 1024),
    "3:2": (1152, 768),
    "2:3": (768, 1152),
    "auto": (1024, 768),
}


class Xai(OpenAI):
    name = "xai"
    owner = "xai"
    models = (
        ("grok-4", 1752019200),
        ("grok-4-fast", 1758153600),
        ("grok-3", 1743724800),
        ("grok-3-mini", 1743724800),
        ("grok-2-vision-1212", 1733961600),
        ("grok-2-image-1212", 1736726400),
    )
    service_tier = None

    def check_key(self, call: Call) -> None:
        key = call.bearer()
        if not key:
            raise WireFault(401, "No API key was given: it belongs into the header Authorization, behind Bearer.")
        if key.startswith("bad-"):
            # Not 401: a key that is there and wrong is an invalid argument to this vendor.
            raise WireFault(400, f"Incorrect API key provided: {mask(key)}.")

    def check_chat_model(self, model: str) -> None:
        if not _CHAT_MODELS.fullmatch(model):
            raise self.unknown_model(model)
        if "-image" in model and not model.startswith(("sample", "fake", "octavo")):
            raise WireFault(400, f"The model {model} is an image model and not available on this endpoint.")

    def check_image_model(self, model: str) -> None:
        if not _IMAGE_MODELS.fullmatch(model):
            raise self.unknown_model(model)

    def unknown_model(self, model: str) -> WireFault:
        return WireFault(404, f"The model {model[:100]} does not exist or your team does not have access to it.")

    def chat_refusal(self, model: str) -> WireFault:
        return WireFault(403, "Content violates usage guidelines (scripted).")

    def image_refusal(self, model: str) -> WireFault:
        return WireFault(400, "Generated image rejected by content moderation (scripted).")

    def error(self, fault: WireFault, call: Call) -> Answer:
        code = _CODES.get(fault.status, _CODES[503] if fault.status > 500 else _INVALID)
        return json_answer({"code": code, "error": fault.message}, fault.status)

    def headers(self, allowance: Allowance | None) -> Headers:
        limit, remaining = (480, 479) if allowance is None else (allowance.limit, allowance.remaining)
        return (
            (b"x-request-id", secrets.token_hex(16).encode()),
            header("x-ratelimit-limit-requests", limit),
            header("x-ratelimit-remaining-requests", remaining),
        )


class XaiImages:
    """Takes no size, quality or style; the later models take an aspect ratio."""

    def __init__(self, dialect: Xai, pictures: Pictures) -> None:
        self._dialect = dialect
        self._pictures = pictures

    async def answer(self, turn: Turn) -> Answer | Stream:
        body, model = turn.call.json(), turn.call.model
        if not model:
            raise WireFault(422, "missing field `model`")
        self._dialect.check_image_model(model)
        prompt = read_prompt(body, 8_000)
        for name in ("size", "quality", "style"):
            if body.get(name) is not None:
                raise WireFault(400, f"Argument not supported: {name}")
        if turn.refusal:
            raise self._dialect.image_refusal(model)
        width, height = _ASPECTS[choice(body, "aspect_ratio", tuple(_ASPECTS), "auto")]
        form = choice(body, "response_format", ("url", "b64_json"), "url")
        data: list[dict[str, Any]] = []
        for index in range(read_count(body, 10)):
            spec = Spec(prompt, width, height, seed_of(prompt, index), format="jpeg")
            if form == "url":
                given = {"url": picture_url(self._pictures, spec, turn.call.root_url)}
            else:
                given = {"b64_json": base64.b64encode(await self._pictures.draw(spec)).decode()}
            data.append({**given, "revised_prompt": f"[sample revision] {prompt}"})
        return json_answer({"data": data})
