"""Stability AI's v2beta: multipart in, and a picture or a JSON object with it out, as the header `accept` says."""

from __future__ import annotations

import base64
import secrets

from octavo_fakes.answer import Answer, Headers, Stream, header, json_answer
from octavo_fakes.call import Call, WireFault
from octavo_fakes.pictures import MEDIA_TYPES, Format, Pictures, Spec
from octavo_fakes.playbook import Allowance
from octavo_fakes.stage import Asked, Turn

_NAMES = {
    400: "bad_request",
    401: "unauthorized",
    402: "payment_required",
    403: "content_moderation",
    404: "not_found",
    413: "payload_too_large",
    422: "invalid_language",
    429: "rate_limit_exceeded",
}
_SIZES = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "9:16": (768, 1344),
    "21:9": (1536, 640),
    "9:21": (640, 1536),
    "2:3": (832, 1216),
    "3:2": (1216, 832),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
}
_SD3_MODELS = ("sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium", "sd3.5-flash", "sd3-large", "sd3-large-turbo", "sd3-medium")
_FORMATS: dict[str, tuple[Format, ...]] = {"core": ("png", "jpeg", "webp"), "ultra": ("png", "jpeg", "webp"), "sd3": ("png", "jpeg")}
_MAX_SEED = 4_294_967_294


class Stability:
    name = "stability"

    def check_key(self, call: Call) -> None:
        key = call.bearer()
        if not key or key.startswith("bad-"):
            raise WireFault(401, "authorization: missing or wrong")

    def error(self, fault: WireFault, call: Call) -> Answer:
        name = fault.code or _NAMES.get(fault.status) or ("internal_error" if fault.status >= 500 else "bad_request")
        return json_answer({"id": secrets.token_hex(16), "name": name, "errors": [fault.message]}, fault.status)

    def headers(self, allowance: Allowance | None) -> Headers:
        return ((b"x-request-id", secrets.token_hex(16).encode()),)


class StableImage:
    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    async def answer(self, turn: Turn) -> Answer | Stream:
        call = turn.call
        kind = call.parameters["kind"]
        if kind not in _FORMATS:
            raise WireFault(404, "no such endpoint")
        accept = call.header(b"accept") or "image/*"
        as_json = accept.startswith("application/json")
        if not as_json and accept not in ("image/*", "*/*"):
            raise WireFault(400, "accept: must be one of image/*, application/json")
        spec = _spec(call, kind)
        if turn.refusal is True or turn.refusal == "error":
            raise WireFault(403, "The request was refused for its content (scripted).")
        filtered = turn.refusal == "answer"
        if filtered:
            spec = Spec(spec.prompt, spec.width, spec.height, spec.seed, format=spec.format, black=True)
        drawn = await self._pictures.draw(spec)
        reason, media_type = "CONTENT_FILTERED" if filtered else "SUCCESS", MEDIA_TYPES[spec.format]
        told = header("finish-reason", reason), header("seed", spec.seed)
        if as_json:
            found = json_answer({"image": base64.b64encode(drawn).decode(), "finish_reason": reason, "seed": spec.seed})
            return Answer(200, found.body, (header("content-type", f"application/json; type={media_type}"), *told))
        return Answer(200, drawn, (header("content-type", media_type), *told))


def model_of(call: Asked) -> str:
    """Of sd3 the field, of the others the name in the path."""
    kind = str(call.parameters["kind"])
    return call.fields.get("model", "sd3.5-large") if kind == "sd3" else kind


def prompt_of(call: Asked) -> str:
    return call.fields.get("prompt", "")


def _spec(call: Asked, kind: str) -> Spec:
    fields = call.fields
    prompt = fields.get("prompt", "")
    if not 1 <= len(prompt) <= 10_000:
        raise WireFault(400, "prompt: must be between 1 and 10000 characters")
    if len(fields.get("negative_prompt", "")) > 10_000:
        raise WireFault(400, "negative_prompt: must be at most 10000 characters")
    aspect = fields.get("aspect_ratio", "1:1")
    if aspect not in _SIZES:
        raise WireFault(400, f"aspect_ratio: must be one of {', '.join(_SIZES)}")
    if kind == "sd3" and fields.get("model", _SD3_MODELS[0]) not in _SD3_MODELS:
        raise WireFault(400, f"model: must be one of {', '.join(_SD3_MODELS)}")
    form = next((known for known in _FORMATS[kind] if known == fields.get("output_format", "png")), None)
    if form is None:
        raise WireFault(400, f"output_format: must be one of {', '.join(_FORMATS[kind])}")
    seed = fields.get("seed", "0")
    if not seed.isdecimal() or int(seed) > _MAX_SEED:
        raise WireFault(400, f"seed: must be between 0 and {_MAX_SEED}")
    width, height = _SIZES[aspect]
    # 0 asks for any seed; the answer says which it was.
    return Spec(prompt, width, height, int(seed) or 1 + secrets.randbelow(_MAX_SEED), fields.get("style_preset"), format=form)
