"""OpenAI's own Python client calls chat.completions of a generator."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from PIL import Image
from tests.integration.generation.openai_wire.house import MODEL, House, open_house, resource
from tests.servers.redis import RedisServer

from octavo_generation.generator import serve
from octavo_jobs.lifecycle import State

pytestmark = pytest.mark.needs("redis")

PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


def said(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


async def test_a_call_is_a_durable_job_and_its_answer_names_the_real_model(house: House) -> None:
    async with house.client() as client:
        answer = await client.chat.completions.create(model="gpt-4o", messages=said("The fox ran home"))  # type: ignore[arg-type]
    assert answer.object == "chat.completion"
    assert answer.model == MODEL
    [choice] = answer.choices
    assert (choice.index, choice.finish_reason) == (0, "stop")
    assert (choice.message.role, choice.message.content) == ("assistant", "The fox ran home")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (1, 4, 5)
    [job] = await house.jobs()
    assert job.state is State.SUCCEEDED
    assert answer.id == f"chatcmpl-{job.id}"
    assert answer._request_id == job.correlation_id


async def test_every_parameter_reaches_the_worker_and_what_is_absent_is_left_out(house: House) -> None:
    async with house.client() as client:
        await client.chat.completions.create(
            model="any",
            messages=[{"role": "developer", "content": "Be brief"}, *said("one two three")],  # type: ignore[list-item]
            max_completion_tokens=9,
            temperature=0.5,
            top_p=0.9,
            seed=7,
            stop="three",
            presence_penalty=0.1,
            frequency_penalty=-0.2,
            response_format={"type": "json_object"},
            user="ana@example.org",
            store=True,
            metadata={"a": "b"},
        )
        await client.chat.completions.create(model="any", messages=said("bare"))  # type: ignore[arg-type]
    full, bare = (payload["chat"] for payload in house.parrot.asked)
    user = full.pop("user")
    assert full == {
        "messages": [{"role": "system", "text": "Be brief"}, {"role": "user", "text": "one two three"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "stop": ["three"],
        "presence_penalty": 0.1,
        "frequency_penalty": -0.2,
        "json_object": True,
    }
    assert "ana" not in user
    assert len(user) == 32
    assert bare == {"messages": [{"role": "user", "text": "bare"}]}


async def test_stop_and_length_end_an_answer(house: House) -> None:
    async with house.client() as client:
        stopped = await client.chat.completions.create(model="m", messages=said("one two END three"), stop=["END"])  # type: ignore[call-overload]
        cut = await client.chat.completions.create(model="m", messages=said("one two three"), max_tokens=2)  # type: ignore[call-overload]
    assert (stopped.choices[0].message.content, stopped.choices[0].finish_reason) == ("one two ", "stop")
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("one two ", "length")


async def test_n_answers_are_n_jobs_with_seeds_of_their_own(house: House) -> None:
    async with house.client() as client:
        answer = await client.chat.completions.create(model="m", messages=said("one two"), n=3, seed=40)  # type: ignore[call-overload]
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.usage.total_tokens == 9
    assert sorted(payload["chat"]["seed"] for payload in house.parrot.asked) == [40, 41, 42]
    assert len(await house.jobs()) == 3


async def test_pictures_come_as_data_urls_and_private_addresses_are_refused(house: House) -> None:
    url = "data:image/png;base64," + base64.b64encode(PIXEL).decode()
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url, "detail": "low"}}]
    async with house.client() as client:
        await client.chat.completions.create(model="m", messages=[{"role": "user", "content": parts}])  # type: ignore[list-item, misc]
        parts[1]["image_url"] = {"url": "http://169.254.169.254/latest/meta-data"}
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(model="m", messages=[{"role": "user", "content": parts}])  # type: ignore[list-item, misc]
    assert caught.value.param == "messages[0].content"
    [payload] = house.parrot.asked
    [message] = payload["chat"]["messages"]
    assert message["text"] == "What is this?"
    [picture] = message["pictures"]
    assert Image.open(io.BytesIO(base64.b64decode(picture["data"]))).size == (1, 1)
    assert picture["media_type"] == "image/png"


async def test_a_stream_has_the_shape_that_clients_know(house: House) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        body = {"model": "m", "messages": said("one two three"), "stream": True, "stream_options": {"include_usage": True}}
        answer = await client.post(f"{house.base_url}/v1/chat/completions", json=body)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-correlation-id"] == answer.headers["x-request-id"]
    frames = [frame for frame in answer.text.split("\n\n") if frame and not frame.startswith(":")]
    assert frames[-1] == "data: [DONE]"
    chunks = [json.loads(frame.removeprefix("data: ")) for frame in frames[:-1]]
    assert {(chunk["object"], chunk["id"], chunk["model"]) for chunk in chunks} == {
        ("chat.completion.chunk", f"chatcmpl-{house.parrot.begun[0]}", MODEL)
    }
    *texts, finish, usage = chunks
    assert texts[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in texts) == "one two three"
    assert all(chunk["choices"][0]["finish_reason"] is None and chunk["usage"] is None for chunk in texts)
    assert (finish["choices"][0]["delta"], finish["choices"][0]["finish_reason"]) == ({}, "stop")
    assert (usage["choices"], usage["usage"]) == ([], {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4})


async def test_a_stream_comes_while_the_job_runs(house: House) -> None:
    house.parrot.pause, house.parrot.pause_after = asyncio.Event(), 2
    async with house.client() as client:
        stream = await client.chat.completions.create(model="m", messages=said("one two three"), stream=True)  # type: ignore[call-overload]
        pieces: list[str] = []
        async for chunk in stream:
            pieces.append(chunk.choices[0].delta.content or "")
            if "".join(pieces) == "one two ":
                assert (await house.jobs())[0].state is State.RUNNING
                house.parrot.pause.set()
    assert "".join(pieces) == "one two three"
    assert "usage" not in (chunk.model_extra or {})


async def test_streams_of_n_answers_are_told_apart_by_their_index(house: House) -> None:
    async with house.client() as client:
        stream = await client.chat.completions.create(
            model="m",
            messages=said("one two"),  # type: ignore[arg-type]
            n=3,
            stream=True,
            stream_options={"include_usage": True},
        )
        texts, ended, usage = ["", "", ""], [], None
        async for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
                ended += [choice.index] if choice.finish_reason else []
    assert texts == ["one two"] * 3
    assert sorted(ended) == [0, 1, 2]
    assert usage is not None
    assert usage.total_tokens == 9


async def test_an_idempotency_key_makes_a_call_one_job(house: House) -> None:
    key = {"Idempotency-Key": "k-1"}
    async with house.client() as client:
        first = await client.chat.completions.create(model="m", messages=said("one"), extra_headers=key)  # type: ignore[call-overload]
        again = await client.chat.completions.create(model="m", messages=said("one"), extra_headers=key)  # type: ignore[call-overload]
        with pytest.raises(openai.ConflictError):
            await client.chat.completions.create(model="m", messages=said("two"), extra_headers=key)  # type: ignore[call-overload]
    assert again.choices[0].message.content == first.choices[0].message.content == "one"
    assert len(await house.jobs()) == 1


async def test_a_generator_with_an_engine_goes_on_from_the_last_message(redis_server: RedisServer, tmp_path: Path) -> None:
    tales = serve(resource("tales", task="story", engine={"name": "ctranslate2", "model": "builtin://tiny-stories"}))
    async with open_house(redis_server.url, tmp_path, generator=tales) as house, house.client() as client:
        answer = await client.chat.completions.create(
            model="m",
            messages=[*said("A fox"), {"role": "assistant", "content": "Once"}, *said("A kite")],  # type: ignore[list-item]
            temperature=0.1,
            max_tokens=50,
            seed=-1,
        )
        with pytest.raises(openai.BadRequestError, match="does not support response_format"):
            await client.chat.completions.create(model="m", messages=said("A"), response_format={"type": "json_object"})  # type: ignore[call-overload]
        listed = await client.models.list()
    assert answer.choices[0].message.content == "A kite"
    [payload] = house.parrot.asked
    assert (payload["prompt"], payload["audience"], payload["seed"]) == ("A kite", "young", 2**32 - 1)
    assert (payload["sampling"]["temperature"], payload["sampling"]["max_tokens"]) == (0.1, 50)
    assert [message["role"] for message in payload["chat"]["messages"]] == ["user", "assistant", "user"]
    assert [model.id for model in listed.data] == ["tiny-stories"]


def test_the_client_that_blocks_works_too(redis_server: RedisServer, tmp_path: Path) -> None:
    async def call() -> list[str]:
        async with open_house(redis_server.url, tmp_path) as house:

            def blocking() -> list[str]:
                with openai.OpenAI(base_url=f"{house.base_url}/v1", api_key="any", max_retries=0) as client:
                    with client.chat.completions.stream(model="m", messages=said("one two")) as stream:  # type: ignore[arg-type]
                        final = stream.get_final_completion()
                    whole = client.chat.completions.create(model="m", messages=said("three"))  # type: ignore[arg-type]
                    return [final.choices[0].message.content or "", whole.choices[0].message.content or ""]

            return await asyncio.to_thread(blocking)

    assert asyncio.run(call()) == ["one two", "three"]
