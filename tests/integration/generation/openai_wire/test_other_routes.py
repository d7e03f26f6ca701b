"""The older completions, pictures, and the list of models, by OpenAI's Python client."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import openai
import pytest
from tests.integration.generation.openai_wire.house import MODEL, House, open_house, resource
from tests.servers.redis import RedisServer

from octavo_generation.generator import Generator, serve
from octavo_generation.tasks import image
from octavo_generation.tasks.registry import Task

pytestmark = pytest.mark.needs("redis")


async def test_completions_answer_each_prompt_n_times(house: House) -> None:
    async with house.client() as client:
        answer = await client.completions.create(model="m", prompt=["one two", "three"], n=2, max_tokens=1, stop=["x"])
    assert answer.object == "text_completion"
    assert answer.model == MODEL
    assert [(choice.index, choice.text, choice.finish_reason) for choice in answer.choices] == [
        (0, "one ", "stop"),
        (1, "one ", "stop"),
        (2, "three", "stop"),
        (3, "three", "stop"),
    ]
    assert house.parrot.asked[0]["chat"] == {"messages": [{"role": "user", "text": "one two"}], "max_tokens": 1, "stop": ["x"]}


async def test_completions_stream(house: House) -> None:
    async with house.client() as client:
        stream = await client.completions.create(model="m", prompt="one two three", stream=True, stream_options={"include_usage": True})
        chunks = [chunk async for chunk in stream]
    *texts, finish, usage = chunks
    assert {chunk.object for chunk in chunks} == {"text_completion"}
    assert "".join(chunk.choices[0].text for chunk in texts) == "one two three"
    assert (finish.choices[0].text, finish.choices[0].finish_reason) == ("", "stop")
    assert usage.choices == []
    assert usage.usage is not None
    assert usage.usage.completion_tokens == 3


async def test_what_completions_do_not_take(house: House) -> None:
    async with house.client() as client:
        for asked in (
            {"echo": True},
            {"suffix": "x"},
            {"best_of": 3},
            {"logprobs": 1},
            {"prompt": [1, 2, 3]},
            {"prompt": ["x"] * 4, "n": 3},
        ):
            with pytest.raises(openai.BadRequestError):
                await client.completions.create(**{"model": "m", "prompt": "x", **asked})
    assert await house.jobs() == []


async def test_models_are_those_of_the_resource(redis_server: RedisServer, tmp_path: Path) -> None:
    up = {"type": "openai-compatible", "baseUrl": "http://127.0.0.1:9/v1"}
    several = serve(resource(providers=[{"name": "a", "model": "org/big", **up}, {"name": "b", "model": "small", **up}]))
    async with open_house(redis_server.url, tmp_path, generator=several, works=False) as house, house.client() as client:
        assert [(model.id, model.owned_by) for model in (await client.models.list()).data] == [
            ("org/big", "openai-compatible"),
            ("small", "openai-compatible"),
        ]
        assert (await client.models.retrieve("org/big")).object == "model"
        with pytest.raises(openai.NotFoundError) as caught:
            await client.models.retrieve("gpt-4o")
    assert caught.value.code == "model_not_found"


def painter() -> Generator:
    """The task that draws, with a provider that makes one picture at a time and one that makes four."""
    drawing = resource(
        "painter", task="image", providers=[{"name": "flux", "type": "flux"}, {"name": "dalle", "type": "openai", "model": "dall-e-3"}]
    )
    text = serve(resource("painter"))
    return replace(text, resource=drawing, task=Task("image", image.ImageRequest, image.prepare, "Draw a picture"))


async def test_pictures_are_drawn_by_one_job_and_have_whole_addresses(redis_server: RedisServer, tmp_path: Path) -> None:
    async with open_house(redis_server.url, tmp_path, generator=painter()) as house, house.client() as client:
        answer = await client.images.generate(prompt="A lighthouse", n=2, size="1024x1024", user="ana")
        assert answer.data is not None
        assert [picture.url for picture in answer.data] == [f"{house.base_url}/api/v1/images/img-{n}/download" for n in range(2)]
        assert answer.data[0].revised_prompt == "A lighthouse, in oils"
        [payload] = house.parrot.asked
        assert (payload["prompt"], payload["count"], payload["size"], payload["response_format"]) == ("A lighthouse", 2, "1024x1024", "url")
        assert payload["user"] not in ("", "ana")
        assert "provider" not in payload


async def test_a_model_that_is_one_of_the_generators_is_the_one_that_draws(redis_server: RedisServer, tmp_path: Path) -> None:
    async with open_house(redis_server.url, tmp_path, generator=painter()) as house, house.client() as client:
        answer = await client.images.generate(
            model="dall-e-3", prompt="A boat", size="1792x1024", quality="hd", style="natural", response_format="b64_json"
        )
        assert answer.data is not None
        assert base64.b64decode(answer.data[0].b64_json or "") == b"picture 0"
        assert answer.data[0].url is None
        [payload] = house.parrot.asked
        assert {name: payload[name] for name in ("provider", "size", "quality", "style", "response_format")} == {
            "provider": "dalle",
            "size": "1792x1024",
            "quality": "hd",
            "style": "natural",
            "response_format": "b64_json",
        }


async def test_what_no_provider_draws_names_the_parameter(redis_server: RedisServer, tmp_path: Path) -> None:
    async with open_house(redis_server.url, tmp_path, generator=painter()) as house, house.client() as client:
        for asked, param in (({"size": "9x9"}, "size"), ({"model": "dall-e-3", "n": 2}, "n"), ({"prompt": " "}, "prompt")):
            with pytest.raises(openai.BadRequestError) as caught:
                await client.images.generate(**{"prompt": "x", **asked})
            assert caught.value.param == param
        with pytest.raises(openai.NotFoundError, match="its task is image"):
            await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
        assert await house.jobs() == []
