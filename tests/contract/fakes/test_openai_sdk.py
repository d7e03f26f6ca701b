"""The official client of OpenAI's parses all that is answered in its dialect: texts, streams, pictures, verdicts and errors."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any

import httpx
import openai
import pytest
from PIL import Image
from tests.servers.fake_providers import FakeProviders

HELLO: list[Any] = [{"role": "user", "content": "Say hello to the gardener, please."}]


def client_of(fakes: FakeProviders, provider: str = "openai", key: str = "sk-1234567890", **more: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=fakes.base_url(provider), api_key=key, max_retries=0, timeout=20, **more)


def png(colour: tuple[int, int, int]) -> bytes:
    out = BytesIO()
    Image.new("RGB", (96, 64), colour).save(out, "PNG")
    return out.getvalue()


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "gpt-4o"), ("xai", "grok-4"), ("openai-compatible", "any-model:7b"), ("fake", "whatever")]
)
def test_an_answer_has_every_part_the_client_knows(fakes: FakeProviders, provider: str, model: str) -> None:
    answer = client_of(fakes, provider).chat.completions.create(model=model, messages=HELLO)
    (choice,) = answer.choices
    assert answer.id.startswith("chatcmpl-")
    assert len(answer.id) == 38
    assert answer.object == "chat.completion"
    assert answer.model == model
    assert choice.message.role == "assistant"
    assert choice.finish_reason == "stop"
    assert choice.message.refusal is None
    assert "[sample answer]" in (choice.message.content or "")
    assert "gardener" in (choice.message.content or "")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.prompt_tokens == 8


def test_the_same_prompt_and_seed_give_the_same_text_and_another_seed_another(fakes: FakeProviders) -> None:
    def ask(seed: int) -> str | None:
        answer = client_of(fakes).chat.completions.create(model="gpt-4o", messages=HELLO, seed=seed)
        return answer.choices[0].message.content

    assert ask(1) == ask(1)
    assert len({ask(seed) for seed in range(6)}) > 1


def test_n_choices_differ_and_are_all_counted(fakes: FakeProviders) -> None:
    answer = client_of(fakes).chat.completions.create(model="gpt-4o", messages=HELLO, n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len({choice.message.content for choice in answer.choices}) > 1
    one = client_of(fakes).chat.completions.create(model="gpt-4o", messages=HELLO)
    assert answer.usage
    assert one.usage
    assert answer.usage.completion_tokens > 2 * one.usage.completion_tokens


def test_max_tokens_and_stop_end_the_text(fakes: FakeProviders) -> None:
    client = client_of(fakes)
    cut = client.chat.completions.create(model="gpt-4o", messages=HELLO, max_tokens=5)
    assert cut.choices[0].finish_reason == "length"
    assert cut.usage
    assert cut.usage.completion_tokens == 5
    fakes.script({"text": "one two END three", "times": 1})
    stopped = client.chat.completions.create(model="gpt-4o", messages=HELLO, stop=["END"])
    assert stopped.choices[0].message.content == "one two "
    assert stopped.choices[0].finish_reason == "stop"


def test_a_stream_joins_to_the_whole_answer_and_ends_with_its_usage(fakes: FakeProviders) -> None:
    client = client_of(fakes)
    whole = client.chat.completions.create(model="gpt-4o", messages=HELLO, n=2)
    texts = {0: "", 1: ""}
    reasons, usage = {}, None
    for chunk in client.chat.completions.create(model="gpt-4o", messages=HELLO, n=2, stream=True, stream_options={"include_usage": True}):
        assert chunk.object == "chat.completion.chunk"
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            if choice.finish_reason:
                reasons[choice.index] = choice.finish_reason
        if not chunk.choices:
            usage = chunk.usage
    assert [texts[0], texts[1]] == [choice.message.content for choice in whole.choices]
    assert reasons == {0: "stop", 1: "stop"}
    assert usage == whole.usage


def test_without_being_asked_a_stream_tells_no_usage(fakes: FakeProviders) -> None:
    chunks = list(client_of(fakes).chat.completions.create(model="gpt-4o", messages=HELLO, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_json_mode_gives_an_object_and_a_schema_its_members(fakes: FakeProviders) -> None:
    client = client_of(fakes)
    asked: list[Any] = [{"role": "user", "content": "The gardener as JSON"}]
    answer = client.chat.completions.create(model="gpt-4o", messages=asked, response_format={"type": "json_object"})
    assert json.loads(answer.choices[0].message.content or "")["sample"] is True
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}, "year": {"type": "integer"}},
        "required": ["title", "tags", "year"],
    }
    form: Any = {"type": "json_schema", "json_schema": {"name": "post", "schema": schema}}
    shaped = json.loads(
        client.chat.completions.create(model="gpt-4o", messages=HELLO, response_format=form).choices[0].message.content or ""
    )
    assert isinstance(shaped["title"], str)
    assert isinstance(shaped["tags"][0], str)
    assert isinstance(shaped["year"], int)
    with pytest.raises(openai.BadRequestError, match="json"):
        client.chat.completions.create(model="gpt-4o", messages=HELLO, response_format={"type": "json_object"})


def test_a_picture_in_the_prompt_is_looked_at(fakes: FakeProviders) -> None:
    def describe(colour: tuple[int, int, int]) -> str:
        parts: list[Any] = [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": data_url(png(colour))}},
        ]
        answer = client_of(fakes).chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": parts}])
        assert answer.usage
        assert answer.usage.prompt_tokens == 4 + 85
        return answer.choices[0].message.content or ""

    red, green = describe((220, 20, 20)), describe((20, 160, 40))
    assert red.startswith("[sample description]")
    assert red != green
    assert "red" in red.lower()
    assert "green" in green.lower()


@pytest.mark.parametrize(
    "url", ["https://example.com/a.png", "data:image/png;base64,%%%", data_url(b"no picture at all"), "data:text/plain,x"]
)
def test_what_is_no_picture_in_the_request_is_refused(fakes: FakeProviders, url: str) -> None:
    parts: list[Any] = [{"type": "image_url", "image_url": {"url": url}}]
    with pytest.raises(openai.BadRequestError):
        client_of(fakes).chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": parts}])


def test_stories_and_scripts_have_their_shape(fakes: FakeProviders) -> None:
    def ask(text: str) -> str:
        answer = client_of(fakes).chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": text}])
        return answer.choices[0].message.content or ""

    story = ask("Write a story about a fox and a kite")
    assert story.startswith("[sample story] Fox and Kite")
    assert story.count("\n\n") >= 4
    script = ask("A script for a short film with a lighthouse")
    assert script.startswith("[sample script]")
    assert "SCENE 1." in script
    assert "NARRATOR:" in script


def test_dall_e_3_answers_with_a_url_that_needs_no_key(fakes: FakeProviders) -> None:
    answer = client_of(fakes).images.generate(model="dall-e-3", prompt="a red fox", size="1792x1024", quality="hd", style="natural")
    assert answer.data
    assert answer.created > 1_600_000_000
    (image,) = answer.data
    assert image.url
    assert image.b64_json is None
    assert "a red fox" in (image.revised_prompt or "")
    fetched = httpx.get(image.url, trust_env=False, timeout=60)
    assert fetched.headers["content-type"] == "image/png"
    assert Image.open(BytesIO(fetched.content)).size == (1792, 1024)
    forged = image.url.replace("/_pictures/", "/_pictures/A")
    assert httpx.get(forged, trust_env=False).status_code == 404


def test_pictures_carry_a_band_that_says_sample(fakes: FakeProviders) -> None:
    answer = client_of(fakes).images.generate(model="dall-e-3", prompt="a white wall", response_format="b64_json")
    assert answer.data
    assert answer.data[0].b64_json
    image = Image.open(BytesIO(base64.b64decode(answer.data[0].b64_json))).convert("L")
    band = image.crop((0, image.height - image.height // 14, image.width, image.height))
    counts = band.histogram()
    dark, light = sum(counts[:40]), sum(counts[230:])
    assert dark > 0.8 * band.width * band.height
    assert light > 200
    again = client_of(fakes).images.generate(model="dall-e-3", prompt="a white wall", response_format="b64_json")
    assert again.data == answer.data


@pytest.mark.parametrize(("form", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_gpt_image_answers_with_pictures_and_their_usage(fakes: FakeProviders, form: Any, kind: str) -> None:
    answer = client_of(fakes).images.generate(model="gpt-image-1", prompt="a red fox", n=2, quality="low", output_format=form)
    assert answer.data
    assert len(answer.data) == 2
    assert answer.usage
    assert answer.output_format == form
    assert answer.quality == "low"
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    pictures = [base64.b64decode(image.b64_json or "") for image in answer.data]
    assert pictures[0] != pictures[1]
    assert Image.open(BytesIO(pictures[0])).format == kind


@pytest.mark.parametrize(("provider", "model"), [("openai", "sample"), ("fake", "whatever"), ("openai-compatible", "local-sd")])
def test_a_model_for_want_of_a_real_one_takes_any_size_and_a_seed(fakes: FakeProviders, provider: str, model: str) -> None:
    def draw(seed: int) -> list[str | None]:
        size: Any = "320x200"
        answer = client_of(fakes, provider).images.generate(
            model=model, prompt="a red fox", size=size, n=2, response_format="b64_json", extra_body={"seed": seed}
        )
        return [image.b64_json for image in answer.data or []]

    first = draw(1)
    assert Image.open(BytesIO(base64.b64decode(first[0] or ""))).size == (320, 200)
    assert first == draw(1)
    assert first != draw(9)
    too_large: Any = "9999x10"
    with pytest.raises(openai.BadRequestError):
        client_of(fakes, provider).images.generate(model=model, prompt="x", size=too_large)


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"model": "dall-e-3", "n": 2}, "n"),
        ({"model": "dall-e-3", "size": "512x512"}, "size"),
        ({"model": "dall-e-3", "quality": "low"}, "quality"),
        ({"model": "dall-e-3", "style": "baroque"}, "style"),
        ({"model": "gpt-image-1", "response_format": "url"}, "response_format"),
        ({"model": "gpt-image-1", "style": "vivid"}, "style"),
        ({"model": "gpt-image-1", "size": "1792x1024"}, "size"),
        ({"model": "dall-e-3", "prompt": ""}, "prompt"),
        ({"model": "dall-e-3", "prompt": "x" * 4001}, "prompt"),
    ],
)
def test_wrong_image_parameters_are_named(fakes: FakeProviders, asked: dict[str, Any], param: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client_of(fakes).images.generate(**{"prompt": "a fox", **asked})
    assert refused.value.param == param


def test_moderations_flag_plain_words_and_what_a_rule_says(fakes: FakeProviders) -> None:
    client = client_of(fakes)
    fine, bad = client.moderations.create(input=["a walk in the garden", "I will kill you"]).results
    assert not fine.flagged
    assert bad.flagged
    assert bad.categories.violence
    assert bad.category_scores.violence > 0.9
    fakes.script({"match": {"path": "/moderations"}, "refusal": True})
    assert client.moderations.create(input="a walk in the garden").results[0].flagged


def test_models_are_listed_and_shown(fakes: FakeProviders) -> None:
    client = client_of(fakes)
    assert "gpt-4o" in [model.id for model in client.models.list()]
    assert client.models.retrieve("gpt-4o").owned_by == "openai"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-none")


@pytest.mark.parametrize(
    ("asked", "param", "code"),
    [
        ({"messages": []}, "messages", None),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"temperature": 3}, "temperature", "decimal_above_max_value"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"max_tokens": "many"}, "max_tokens", "invalid_type"),
        ({"stop": ["a"] * 5}, "stop", "invalid_type"),
        ({"stream_options": {"include_usage": True}}, "stream_options", None),
        ({"model": "o3", "max_tokens": 5}, "max_tokens", "unsupported_parameter"),
        ({"model": "gpt-5", "temperature": 0.2}, "temperature", "unsupported_value"),
        ({"model": "o3", "stop": "x"}, "stop", "unsupported_parameter"),
    ],
)
def test_wrong_chat_parameters_are_named(fakes: FakeProviders, asked: dict[str, Any], param: str, code: str | None) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client_of(fakes).chat.completions.create(**{"model": "gpt-4o", "messages": HELLO, **asked})
    assert (refused.value.param, refused.value.code, refused.value.type) == (param, code, "invalid_request_error")


def test_keys_and_unknown_models(fakes: FakeProviders) -> None:
    with pytest.raises(openai.AuthenticationError) as wrong:
        client_of(fakes, key="bad-0123456789").chat.completions.create(model="gpt-4o", messages=HELLO)
    assert wrong.value.code == "invalid_api_key"
    assert "0123456" not in str(wrong.value)
    with pytest.raises(openai.NotFoundError) as unknown:
        client_of(fakes).chat.completions.create(model="llama-9", messages=HELLO)
    assert unknown.value.code == "model_not_found"
    missing = httpx.post(f"{fakes.base_url('openai')}/chat/completions", json={}, trust_env=False)
    assert missing.status_code == 401
    assert missing.json()["error"]["code"] is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, openai.BadRequestError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (409, openai.ConflictError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_scripted_failures_become_the_clients_exceptions(
    fakes: FakeProviders, status: int, kind: type[openai.APIStatusError], stream: bool
) -> None:
    fakes.script({"status": status})
    with pytest.raises(kind) as failed:
        client_of(fakes).chat.completions.create(model="gpt-4o", messages=HELLO, stream=stream)
    assert failed.value.request_id
    assert failed.value.request_id.startswith("req_")


def test_refusals_come_as_the_vendor_gives_them(fakes: FakeProviders) -> None:
    client = client_of(fakes)
    fakes.script({"match": {"path": "/images"}, "refusal": True}, {"times": 1, "refusal": True}, {"refusal": "answer"})
    with pytest.raises(openai.BadRequestError) as chat:
        client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert chat.value.code == "invalid_prompt"
    filtered = client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert filtered.choices[0].finish_reason == "content_filter"
    assert not filtered.choices[0].message.content
    for model, code in (("dall-e-3", "content_policy_violation"), ("gpt-image-1", "moderation_blocked")):
        with pytest.raises(openai.BadRequestError) as image:
            client.images.generate(model=model, prompt="a fox")
        assert image.value.code == code


def test_a_rate_limit_answers_with_the_vendors_headers(fakes: FakeProviders) -> None:
    fakes.script({"rate_limit": {"requests": 2, "per_s": 30}})
    client = client_of(fakes)
    first = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=HELLO)
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert first.headers["x-ratelimit-remaining-requests"] == "1"
    client.chat.completions.create(model="gpt-4o", messages=HELLO)
    with pytest.raises(openai.RateLimitError) as limited:
        client.chat.completions.create(model="gpt-4o", messages=HELLO)
    headers = limited.value.response.headers
    assert limited.value.code == "rate_limit_exceeded"
    assert limited.value.type == "requests"
    assert 1 <= int(headers["retry-after"]) <= 30
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert headers["x-ratelimit-reset-requests"].endswith("s")
    assert int(headers["retry-after-ms"]) <= 30_000


def test_the_clients_own_retries_get_through_a_short_outage(fakes: FakeProviders) -> None:
    fakes.script({"status": 500, "times": 2, "headers": {"retry-after-ms": "1"}})
    client = client_of(fakes).with_options(max_retries=2)
    assert client.chat.completions.create(model="gpt-4o", messages=HELLO).choices
    assert [request["status"] for request in fakes.requests()] == [500, 500, 200]
