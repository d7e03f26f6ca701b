"""The list of providers, in the very shape that the Image Generator Service's README shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.integration.generation.images.conftest import app_of
from tests.servers.answers import assert_problem
from tests.servers.generators import generator, text_generator
from tests.servers.jwks import issuer

from octavo_core.clock import ManualClock
from octavo_core.spec import GeneratorService, parse_resource
from octavo_generation.api.providers import providers_router
from octavo_generation.generator import Generator, serve

FAKES = {"OCTAVO_FAKE_PROVIDERS_URL": "http://127.0.0.1:9"}
KEYS = {"OPENAI_API_KEY": "sk-x", "FLUX_API_KEY": "x"}
DALLE3 = {"name": "dalle3", "type": "openai", "model": "dall-e-3", "credentials": {"env": "OPENAI_API_KEY"}}
FLUX = {"name": "flux_schnell", "type": "flux", "credentials": {"env": "FLUX_API_KEY"}}
BEFORE_THE_RETIREMENT = 1_767_225_600_000
AFTER_IT = 1_796_000_000_000


def served(*providers: dict[str, Any], task: str = "image", jwks_url: str | None = None, **spec: Any) -> Generator:
    resource = parse_resource(generator("images", task=task, providers=list(providers), **spec))
    assert isinstance(resource, GeneratorService)
    # Whatever its task: the list is of the resource alone.
    door = parse_resource(text_generator("images", "http://127.0.0.1:9/v1", auth=spec.get("auth", {"mode": "none"})))
    assert isinstance(door, GeneratorService)
    return replace(serve(door, jwks_url=jwks_url), resource=resource)


async def listed(one: Generator, environment: dict[str, str], now_ms: int = BEFORE_THE_RETIREMENT) -> httpx.Response:
    app = app_of("images", providers_router(one, environment, ManualClock(now_ms)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://octavo") as client:
        return await client.get("/api/v1/providers")


async def test_the_readmes_answer_literally() -> None:
    answer = await listed(served(DALLE3, FLUX), KEYS)
    assert answer.status_code == 200
    assert answer.json() == {
        "providers": [
            {
                "id": "dalle3",
                "name": "DALL-E 3",
                "description": "OpenAI's advanced image generation model",
                "supported_sizes": ["1024x1024", "1792x1024", "1024x1792"],
                "max_images": 1,
                "supports_quality": True,
                "supports_style": True,
                "typical_generation_time": "10-30 seconds",
            },
            {
                "id": "flux_schnell",
                "name": "Flux Schnell",
                "description": "Fast image generation model optimized for speed",
                "supported_sizes": ["512x512", "768x768", "1024x1024", "1536x1024", "1024x1536"],
                "max_images": 4,
                "supports_seed": True,
                "typical_generation_time": "2-8 seconds",
            },
        ],
        "default_provider": "dalle3",
    }


async def test_the_first_is_the_default() -> None:
    assert (await listed(served(FLUX, DALLE3), KEYS)).json()["default_provider"] == "flux_schnell"


async def test_where_samples_are_given_it_says_so() -> None:
    first, second = (await listed(served(DALLE3, FLUX), FAKES | {"FLUX_API_KEY": "x"})).json()["providers"]
    assert first["sample"] is True
    assert "sample" not in second


async def test_a_retired_model_warns_with_its_successor() -> None:
    [view] = (await listed(served(DALLE3), KEYS, AFTER_IT)).json()["providers"]
    assert "dall-e-3 was retired on" in view["warning"]
    assert "successor" in view["warning"]


async def test_the_generators_own_bound_on_pictures_counts() -> None:
    [view] = (await listed(served(FLUX, images={"maxPerRequest": 2}), KEYS)).json()["providers"]
    assert view["max_images"] == 2


async def test_those_that_chat_have_a_model_and_no_sizes() -> None:
    chat = {"name": "mine", "type": "openai-compatible", "model": "unheard-of", "baseUrl": "http://127.0.0.1:9/v1"}
    [view] = (await listed(served(chat, task="text"), {})).json()["providers"]
    assert view["id"] == "mine"
    assert view["model"] == "unheard-of"
    assert not {"supported_sizes", "max_images", "sample", "warning"} & set(view)


async def test_a_generator_that_asks_for_tokens_asks_here_too() -> None:
    with issuer() as tokens:
        answer = await listed(served(DALLE3, auth={"mode": "jwt"}, jwks_url=tokens.url), KEYS)
    assert_problem(answer, 401)


@pytest.mark.parametrize("environment", [KEYS, FAKES, {}])
async def test_no_key_is_in_the_answer(environment: dict[str, str]) -> None:
    answer = await listed(served(DALLE3, FLUX), environment)
    assert answer.status_code == 200
    assert "sk-x" not in answer.text
    assert "API_KEY" not in answer.text
