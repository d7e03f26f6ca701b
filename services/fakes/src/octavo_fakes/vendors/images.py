"""Image generations in OpenAI's dialect: DALL-E's parameters and those of its successors."""

from __future__ import annotations

import base64
import re
import time
import zlib
from typing import Any

from octavo_fakes import tokens
from octavo_fakes.answer import Answer, Stream, json_answer
from octavo_fakes.call import WireFault
from octavo_fakes.pictures import LARGEST, SMALLEST, Format, Pictures, Spec
from octavo_fakes.stage import Turn
from octavo_fakes.vendors.openai import OpenAI

PICTURES_PATH = "/_pictures"
"""Where pictures are that an answer gives the URL of."""
_DALLE_SIZES = {
    "dall-e-2": ("256x256", "512x512", "1024x1024"),
    "dall-e-3": ("1024x1024", "1792x1024", "1024x1792"),
}
_GPT_SIZES = ("1024x1024", "1536x1024", "1024x1536", "auto")
_GPT_QUALITIES = ("low", "medium", "high", "auto")
_ANY_WORDS = {"style": ("vivid", "natural"), "quality": ("standard", "hd", "low", "medium", "high", "auto")}
_GPT_TOKENS = {"low": 272, "medium": 1056, "high": 4160, "auto": 1056}


class Images:
    def __init__(self, dialect: OpenAI, pictures: Pictures) -> None:
        self._dialect = dialect
        self._pictures = pictures

    async def answer(self, turn: Turn) -> Answer | Stream:
        body = turn.call.json()
        model = turn.call.model or "dall-e-2"
        self._dialect.check_image_model(model)
        prompt = read_prompt(body, 32_000 if "gpt-image" in model else 4_000 if model != "dall-e-2" else 1_000)
        if turn.refusal:
            raise self._dialect.image_refusal(model)
        if self._dialect.is_sample(model):
            return await self._of_any(turn, body, prompt)
        if "gpt-image" in model:
            return await self._of_gpt_image(body, model, prompt)
        return await self._of_dalle(turn, body, model, prompt)

    async def _of_dalle(self, turn: Turn, body: dict[str, Any], model: str, prompt: str) -> Answer:
        count = read_count(body, 10 if model == "dall-e-2" else 1)
        size = choice(body, "size", _DALLE_SIZES.get(model, _DALLE_SIZES["dall-e-3"]), "1024x1024")
        quality = choice(body, "quality", ("standard", "hd"), "standard") if model != "dall-e-2" else None
        style = choice(body, "style", ("vivid", "natural"), "vivid") if model != "dall-e-2" else None
        form = choice(body, "response_format", ("url", "b64_json"), "url")
        # The vendor rewrites what DALL-E 3 is asked for, and says how.
        revised = f"[sample revision] {prompt}" if model != "dall-e-2" else None
        width, height = map(int, size.split("x"))
        data = []
        for index in range(count):
            spec = Spec(prompt, width, height, seed_of(prompt, index), style, quality)
            one: dict[str, Any] = {} if revised is None else {"revised_prompt": revised}
            data.append({**one, **(await self._given(spec, form, turn.call.root_url)), **self._dialect.image_extras()})
        return json_answer({"created": int(time.time()), "data": data})

    async def _of_gpt_image(self, body: dict[str, Any], model: str, prompt: str) -> Answer:
        for name in ("response_format", "style"):
            if body.get(name) is not None:
                raise WireFault(400, f"Unknown parameter: '{name}'.", "unknown_parameter", name)
        count = read_count(body, 10)
        size = _gpt_size(body, model)
        quality = choice(body, "quality", _GPT_QUALITIES, "auto")
        background = choice(body, "background", ("opaque", "transparent", "auto"), "auto")
        form: Format = choice(body, "output_format", ("png", "jpeg", "webp"), "png")  # type: ignore[assignment]
        width, height = map(int, size.split("x"))
        data: list[dict[str, Any]] = []
        for index in range(count):
            drawn = await self._pictures.draw(Spec(prompt, width, height, seed_of(prompt, index), None, quality, form))
            data.append({"b64_json": base64.b64encode(drawn).decode(), **self._dialect.image_extras()})
        asked, made = tokens.count(prompt), _GPT_TOKENS[quality] * count
        return json_answer(
            {
                "created": int(time.time()),
                # A sample has no transparency, whatever was asked for.
                "background": "opaque" if background != "transparent" else "transparent",
                "data": data,
                "output_format": form,
                "quality": "medium" if quality == "auto" else quality,
                "size": size,
                "usage": {
                    "input_tokens": asked,
                    "input_tokens_details": {"image_tokens": 0, "text_tokens": asked},
                    "output_tokens": made,
                    "total_tokens": asked + made,
                },
            }
        )

    async def _of_any(self, turn: Turn, body: dict[str, Any], prompt: str) -> Answer:
        """Of a model for want of a real one: any size within bounds, and a seed."""
        count = read_count(body, 10)
        width, height = _any_size(body.get("size"), step=1, least=SMALLEST)
        form = choice(body, "response_format", ("url", "b64_json"), "url")
        seed = body.get("seed")
        style, quality = (choice(body, name, _ANY_WORDS[name], _ANY_WORDS[name][0]) for name in ("style", "quality"))
        data: list[dict[str, Any]] = []
        for index in range(count):
            seeded = seed + index if isinstance(seed, int) and abs(seed) < 1 << 53 else seed_of(prompt, index)
            spec = Spec(prompt, width, height, seeded, style, quality)
            data.append({**(await self._given(spec, form, turn.call.root_url)), "revised_prompt": f"[sample revision] {prompt}"})
        return json_answer({"created": int(time.time()), "data": data})

    async def _given(self, spec: Spec, form: str, root_url: str) -> dict[str, str]:
        if form == "b64_json":
            return {"b64_json": base64.b64encode(await self._pictures.draw(spec)).decode()}
        return {"url": picture_url(self._pictures, spec, root_url)}


def picture_url(pictures: Pictures, spec: Spec, root_url: str) -> str:
    return f"{root_url}{PICTURES_PATH}/{pictures.token_of(spec)}.{spec.format}"


def seed_of(prompt: str, index: int) -> int:
    """For vendors that take no seed: the same prompt gives the same pictures."""
    return (zlib.crc32(prompt.encode("utf-8", "replace")) + index) & 0x7FFFFFFF


def read_prompt(body: dict[str, Any], most: int) -> str:
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise WireFault(400, "The request has no prompt.", param="prompt")
    if len(prompt) > most:
        raise WireFault(400, f"The prompt is longer than {most} characters.", "string_above_max_length", "prompt")
    return prompt


def read_count(body: dict[str, Any], most: int) -> int:
    count = body.get("n")
    if count is None:
        return 1
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= most:
        raise WireFault(400, f"'n' must be between 1 and {most} for this model.", "invalid_value", "n")
    return count


def choice(body: dict[str, Any], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = body.get(name)
    if value is None:
        return default
    if value not in allowed:
        raise WireFault(400, f"Invalid value: '{name}' is one of {', '.join(allowed)}.", "invalid_value", name)
    return str(value)


def _gpt_size(body: dict[str, Any], model: str) -> str:
    size = body.get("size")
    if model.startswith("gpt-image-1") or size in (None, *_GPT_SIZES):
        size = choice(body, "size", _GPT_SIZES, "auto")
        return "1024x1024" if size == "auto" else size
    # The later ones take any size within bounds.
    width, height = _any_size(size, step=16, least=256)
    return f"{width}x{height}"


def _any_size(size: object, *, step: int, least: int) -> tuple[int, int]:
    if size in (None, "auto"):
        return 1024, 1024
    found = re.fullmatch(r"(\d{2,4})x(\d{2,4})", size) if isinstance(size, str) else None
    sides = [int(side) for side in found.groups()] if found else []
    if not sides or any(side % step or not least <= side <= LARGEST for side in sides):
        allowed = f"from {least} to {LARGEST} here" if step == 1 else f"a multiple of {step} from {least} to {LARGEST} here"
        raise WireFault(400, f"Invalid value: 'size' is WIDTHxHEIGHT, each {allowed}.", "invalid_value", "size")
    return sides[0], sides[1]
