"""Requests for pictures: what each provider can do, and what becomes of the wish at one that can do less."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from pydantic import ValidationError
from tests.servers.generators import generator

from octavo_core.errors import InvalidInput
from octavo_core.spec import Spec, parse_resource
from octavo_generation.providers.profile import ImageAbilities
from octavo_generation.tasks.image import ImageRequest, abilities_of, image_prompt, nearest_size, prepare

KEY = {"credentials": {"env": "KEY"}}
DALLE = {"name": "dalle3", "type": "openai", "model": "dall-e-3", **KEY}
FLUX = {"name": "flux-schnell", "type": "flux", **KEY}
SKETCH = {"name": "sketch", "type": "sketch"}
OWN = {"name": "own", "type": "openai-compatible", "model": "a-model-of-ones-own", "baseUrl": "http://h/v1"}


def spec(*providers: dict[str, Any], **more: Any) -> Spec:
    return parse_resource(generator("images", task="image", providers=list(providers or (DALLE, FLUX, SKETCH)), **more)).spec


def payload(fields: dict[str, Any], of: Spec | None = None) -> dict[str, Any]:
    return prepare(ImageRequest(**{"prompt": "A futuristic city skyline at sunset", **fields}), of or spec())


def faults(fields: dict[str, Any], of: Spec | None = None) -> dict[str, str | None]:
    with pytest.raises(InvalidInput) as caught:
        payload(fields, of)
    return {fault.path: fault.allowed for fault in caught.value.faults}


def test_what_is_left_out_comes_from_the_first_providers_profile() -> None:
    made = payload({})
    assert made["size"] == "1024x1024"
    assert (made["count"], made["response_format"]) == (1, "url")
    assert "provider" not in made, "then others may stand in"


def test_a_named_provider_is_kept_under_its_own_name() -> None:
    assert payload({"provider": "dalle3", "quality": "hd", "style": "vivid"})["provider"] == "dalle3"
    made = payload({"provider": "flux_schnell", "num_images": 4, "seed": 42, "size": "1024x1536"})
    assert made["provider"] == "flux-schnell", "the Image Generator Service writes it with an underscore"
    assert (made["count"], made["seed"], made["size"]) == (4, 42, "1024x1536")


def test_an_unknown_provider_is_told_the_names_that_there_are() -> None:
    assert faults({"provider": "midjourney"}) == {"provider": "dalle3, flux-schnell, sketch"}


def test_all_that_a_provider_does_not_do_is_told_at_once() -> None:
    told = faults(
        {"provider": "dalle3", "size": "512x512", "num_images": 2, "seed": 1, "quality": "best", "style": "noir", "negative_prompt": "x"}
    )
    assert told == {
        "size": "1024x1024, 1792x1024, 1024x1792",
        "num_images": "1",
        "seed": None,
        "quality": "standard, hd",
        "style": "vivid, natural",
        "negative_prompt": None,
    }
    assert faults({"provider": "flux-schnell", "size": "1792x1024", "num_images": 5, "quality": "hd", "style": "vivid"}) == {
        "size": "512x512, 768x768, 1024x1024, 1536x1024, 1024x1536",
        "num_images": "1 to 4",
        "quality": None,
        "style": None,
    }


def test_without_a_name_the_first_provider_decides() -> None:
    assert set(faults({"num_images": 2})) == {"num_images"}
    assert payload({"num_images": 2}, spec(FLUX, DALLE))["count"] == 2


def test_the_resources_own_bound_holds_beside_the_providers() -> None:
    assert faults({"num_images": 3}, spec(FLUX, images={"maxPerRequest": 2})) == {"num_images": "1 to 2"}


def test_a_prompt_that_is_too_long_for_the_provider() -> None:
    assert faults({"prompt": "x" * 4_001}) == {"prompt": "at most 4000 characters"}


def test_a_model_that_no_profile_knows_gets_what_is_asked_for() -> None:
    wish = {"size": "640x480", "num_images": 3, "quality": "q", "style": "s", "seed": 5, "negative_prompt": "n", "user": "u"}
    of = spec(OWN)
    made = payload(wish, of)
    asked = image_prompt(made, abilities_of(of)["own"])
    assert (asked.size, asked.count, asked.quality, asked.style, asked.seed) == ("640x480", 3, "q", "s", 5)
    assert (asked.negative_prompt, asked.user) == ("n", "u")


def test_the_engine_counts_as_the_one_provider() -> None:
    of = parse_resource(generator("x", task="image", engine={"name": "sketch", "model": "builtin://sketch"})).spec
    assert list(abilities_of(of)) == ["sketch"]
    assert payload({"style": "vivid", "seed": 3, "size": "512x512"}, of)["size"] == "512x512"
    assert set(faults({"quality": "hd", "provider": "sketch"}, of)) == {"quality"}


def test_without_storage_pictures_come_in_the_result() -> None:
    assert payload({}, spec(images={"store": False}))["response_format"] == "b64_json"
    assert payload({"response_format": "url"}, spec(images={"store": False}))["response_format"] == "url"


def test_prompts_are_enhanced_only_for_those_who_do_not_do_it_themselves() -> None:
    of = spec()
    made, able = payload({}, of), abilities_of(of)
    assert made["enhanced_prompt"].startswith("A futuristic city skyline at sunset, ")
    assert image_prompt(made, able["dalle3"]).prompt == "A futuristic city skyline at sunset"
    assert image_prompt(made, able["flux-schnell"]).prompt == made["enhanced_prompt"]
    assert "enhanced_prompt" not in payload({"provider": "dalle3"}, of)
    assert "enhanced_prompt" not in payload({}, spec(images={"enhancePrompts": False}))


def test_one_that_stands_in_gets_the_wish_in_its_own_measures() -> None:
    of = spec()
    made, able = payload({"size": "1792x1024", "quality": "hd", "style": "vivid"}, of), abilities_of(of)
    first, second = image_prompt(made, able["dalle3"]), image_prompt(made, able["flux-schnell"])
    assert (first.size, first.quality, first.style) == ("1792x1024", "hd", "vivid")
    assert (second.size, second.quality, second.style) == ("1536x1024", None, None)
    assert image_prompt(made, able["sketch"]).style == "vivid"


@pytest.mark.parametrize(
    ("size", "nearest"),
    [("1024x1024", "1024x1024"), ("1000x1000", "1024x1024"), ("600x600", "512x512"), ("1792x1024", "1536x1024"), ("90x1600", "1024x1536")],
)
def test_the_nearest_size_is_the_nearest_shape_first(size: str, nearest: str) -> None:
    able = ImageAbilities(sizes=("512x512", "1024x1024", "1536x1024", "1024x1536"), default_size="1024x1024")
    assert nearest_size(size, able) == nearest


@pytest.mark.parametrize(
    "field",
    [
        {"prompt": " "},
        {"prompt": "a\x00b"},
        {"size": "big"},
        {"size": "0x10"},
        {"size": "1024X1024"},
        {"size": "1024x1024\n"},
        {"size": "9999999x10"},
        {"num_images": 0},
        {"num_images": 11},
        {"num_images": "1"},
        {"seed": -1},
        {"response_format": "png"},
        {"provider": ""},
        {"more": 1},
    ],
)
def test_bounds_hold_before_any_provider_is_looked_at(field: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ImageRequest(**{"prompt": "x", **field})


def test_the_schema_says_what_each_field_is() -> None:
    schema = ImageRequest.model_json_schema()
    OAS31Validator.check_schema(schema)
    for name, field in schema["properties"].items():
        assert field.get("description") or any(option.get("description") for option in field.get("anyOf", ())), name
    assert schema["additionalProperties"] is False
