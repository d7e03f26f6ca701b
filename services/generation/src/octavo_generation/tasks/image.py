"""The task `image`: a prompt in, pictures out.

What a person asks for by name is checked against what the provider can do, before there is a job. What they leave out comes from the
provider's profile. A provider that stands in for another gets the same wish in its own measures (`image_prompt`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from octavo_core.errors import Fault, InvalidInput
from octavo_core.spec import Provider, Spec
from octavo_generation.images.enhancing import enhance
from octavo_generation.providers.port import ImagePrompt
from octavo_generation.providers.profile import ImageAbilities, profile_of
from octavo_generation.tasks.fields import PromptText, Seed, TaskRequest

ENGINE = "sketch"
_UNKNOWN = ImageAbilities(sizes=(), default_size="1024x1024", max_images=10, seed=True, negative_prompt=True, max_prompt_chars=1_000_000)
"""Of a model that no profile knows: its server judges; Octavo passes on what it is asked for."""


class ImageRequest(TaskRequest):
    """Pictures of one prompt. What a provider can do is in the list at `/api/v1/providers`."""

    prompt: Annotated[PromptText, Field(description="What the picture shall show.", examples=["A futuristic city skyline at sunset"])]
    provider: Annotated[
        str | None,
        Field(min_length=1, max_length=63, description="Name of one of the generator's providers; default: the first that can be asked."),
    ] = None
    size: Annotated[
        str | None,
        Field(
            pattern=r"^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$",
            description="Width and height in pixels; default: the provider's own.",
            examples=["1024x1024"],
        ),
    ] = None
    quality: Annotated[
        str | None, Field(min_length=1, max_length=32, description="In the provider's words, such as standard and hd.", examples=["hd"])
    ] = None
    style: Annotated[
        str | None,
        Field(min_length=1, max_length=32, description="In the provider's words, such as vivid and natural.", examples=["vivid"]),
    ] = None
    seed: Seed | None = None
    num_images: Annotated[int, Field(ge=1, le=10, description="How many pictures; a provider and the generator may allow fewer.")] = 1
    response_format: Annotated[
        Literal["url", "b64_json"] | None,
        Field(description="url: addresses of the pictures. b64_json: the pictures themselves. Default: url where pictures are kept."),
    ] = None
    negative_prompt: Annotated[PromptText | None, Field(description="What the picture shall not show, where the provider takes it.")] = None
    user: Annotated[
        str | None,
        Field(min_length=1, max_length=128, description="Your own opaque id of the end user, passed on for the provider's abuse checks."),
    ] = None

    @property
    def texts(self) -> tuple[str, ...]:
        return (self.prompt,) if self.negative_prompt is None else (self.prompt, self.negative_prompt)


def abilities_of(spec: Spec) -> Mapping[str, ImageAbilities]:
    """By the names that a request may give, in the resource's order; an engine counts as the one provider."""
    if spec.engine is not None:
        return {spec.engine.name: _engine_abilities()}
    return {provider.name: _abilities(provider) for provider in spec.providers or ()}


def narrow(schema: dict[str, Any], spec: Spec) -> None:
    """The words that its providers know, all of them together; `x-octavo-providers` says which of them each one knows, the one that is
    asked by default first. What a provider takes that no profile knows stays open."""
    every = abilities_of(spec)
    schema["x-octavo-providers"] = {
        name: {
            "sizes": list(one.sizes),
            "qualities": list(one.qualities),
            "styles": list(one.styles),
            "seed": one.seed,
            "negative_prompt": one.negative_prompt,
            "max_images": min(one.max_images, spec.image_settings.max_per_request),
        }
        for name, one in every.items()
    }
    properties = schema["properties"]
    properties["provider"]["anyOf"][0]["enum"] = list(every)
    if any(one is _UNKNOWN for one in every.values()):
        return
    for field, words in (("size", "sizes"), ("quality", "qualities"), ("style", "styles")):
        known = list(dict.fromkeys(word for one in every.values() for word in getattr(one, words)))
        if known:
            properties[field]["anyOf"][0]["enum"] = known
    properties["num_images"]["maximum"] = max(min(one.max_images, spec.image_settings.max_per_request) for one in every.values())


def prepare(request: ImageRequest, spec: Spec) -> dict[str, Any]:
    """The job's payload. `provider` is in it only if the person named one: then no other is asked. `enhanced_prompt` is for providers
    that do not revise prompts themselves. Raises `InvalidInput` with all that the provider does not do, and what it does."""
    every = abilities_of(spec)
    name = _named(request.provider, every)
    abilities = every[name]
    faults = tuple(_faults(request, name, abilities, spec.image_settings.max_per_request))
    if faults:
        raise InvalidInput("; ".join(f"{fault.path}: {fault.message}" for fault in faults), faults=faults)
    asked = every.values() if request.provider is None else (abilities,)
    enhanced = None
    if spec.image_settings.enhance_prompts and not all(able.revises_prompt for able in asked):
        enhanced = enhance(request.prompt, most_chars=min(able.max_prompt_chars for able in asked))
    payload = {
        "prompt": request.prompt,
        "enhanced_prompt": enhanced,
        "negative_prompt": request.negative_prompt,
        "provider": None if request.provider is None else name,
        "size": request.size or abilities.default_size,
        "quality": request.quality,
        "style": request.style,
        "seed": request.seed,
        "count": request.num_images,
        "response_format": request.response_format or ("url" if spec.image_settings.store else "b64_json"),
        "user": request.user,
    }
    return {key: value for key, value in payload.items() if value is not None}


def image_prompt(payload: Mapping[str, Any], abilities: ImageAbilities) -> ImagePrompt:
    """What a provider is asked for: the payload, as near as its abilities come. A size that it lacks becomes the one of the nearest
    shape, then of the nearest area; quality, style, seed and negative prompt are left out where it has none. `count` stays: whoever
    calls asks a provider that makes fewer at once several times."""
    enhanced = None if abilities.revises_prompt else payload.get("enhanced_prompt")
    quality, style = payload.get("quality"), payload.get("style")
    return ImagePrompt(
        prompt=enhanced or payload["prompt"],
        size=nearest_size(payload["size"], abilities),
        count=payload["count"],
        quality=quality if abilities is _UNKNOWN or quality in abilities.qualities else None,
        style=style if abilities is _UNKNOWN or style in abilities.styles else None,
        seed=payload.get("seed") if abilities.seed else None,
        negative_prompt=payload.get("negative_prompt") if abilities.negative_prompt else None,
        user=payload.get("user"),
    )


def nearest_size(size: str, abilities: ImageAbilities) -> str:
    if not abilities.sizes or size in abilities.sizes:
        return size
    wanted_width, wanted_height = _sides(size)

    def distance(other: str) -> tuple[float, float]:
        width, height = _sides(other)
        shape = abs(math.log(width / height) - math.log(wanted_width / wanted_height))
        return round(shape, 3), abs(math.log(width * height) - math.log(wanted_width * wanted_height))

    return min(abilities.sizes, key=distance)


def _named(asked: str | None, every: Mapping[str, ImageAbilities]) -> str:
    if asked is None:
        return next(iter(every))
    # Who names a provider with hyphens is found by `flux_schnell` too, as the Image Generator Service writes it.
    name = asked if asked in every else asked.replace("_", "-")
    if name not in every:
        allowed = ", ".join(every)
        raise InvalidInput(
            "provider: there is no such provider here", faults=(Fault("provider", "there is no such provider here", allowed),)
        )
    return name


def _faults(request: ImageRequest, name: str, abilities: ImageAbilities, most: int) -> list[Fault]:
    known = abilities is not _UNKNOWN
    faults = []
    if request.size is not None and abilities.sizes and request.size not in abilities.sizes:
        faults.append(Fault("size", f"{name} does not make {request.size}", ", ".join(abilities.sizes)))
    most = min(most, abilities.max_images)
    if request.num_images > most:
        faults.append(Fault("num_images", f"{name} makes at most {most} at a time here", f"1 to {most}" if most > 1 else "1"))
    for field, asked, words in (("quality", request.quality, abilities.qualities), ("style", request.style, abilities.styles)):
        if known and asked is not None and asked not in words:
            faults.append(
                Fault(field, f"{name} does not know {field} {asked}" if words else f"{name} has no {field}", ", ".join(words) or None)
            )
    if request.seed is not None and not abilities.seed:
        faults.append(Fault("seed", f"{name} takes no seed"))
    if request.negative_prompt is not None and not abilities.negative_prompt:
        faults.append(Fault("negative_prompt", f"{name} takes no negative prompt"))
    if len(request.prompt) > abilities.max_prompt_chars:
        faults.append(Fault("prompt", f"is too long for {name}", f"at most {abilities.max_prompt_chars} characters"))
    return faults


def _abilities(provider: Provider) -> ImageAbilities:
    model = profile_of(provider.type).model(provider.model)
    return _UNKNOWN if model is None or model.image is None else model.image


def _engine_abilities() -> ImageAbilities:
    model = profile_of(ENGINE).model(None)
    assert model is not None, "the engine's profile has a default model"
    assert model.image is not None, "the engine draws"
    return model.image


def _sides(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    return int(width), int(height)
