"""Azure and xAI: the same client, and what is theirs alone."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

import httpx
import openai
import pytest
from PIL import Image
from tests.servers.fake_providers import FakeProviders

HELLO: list[Any] = [{"role": "user", "content": "Say hello to the gardener, please."}]


def azure(fakes: FakeProviders, key: str = "0123456789abcdef") -> openai.AzureOpenAI:
    return openai.AzureOpenAI(
        azure_endpoint=fakes.base_url("azure-openai"), api_version="2024-10-21", api_key=key, max_retries=0, timeout=20
    )


def xai(fakes: FakeProviders, key: str = "xai-1234567890") -> openai.OpenAI:
    return openai.OpenAI(base_url=fakes.base_url("xai"), api_key=key, max_retries=0, timeout=20)


def test_azure_answers_by_deployment_and_tells_what_its_filter_found(fakes: FakeProviders) -> None:
    answer = azure(fakes).chat.completions.create(model="my-deployment", messages=HELLO)
    whole = answer.model_dump()
    assert whole["choices"][0]["content_filter_results"]["hate"] == {"filtered": False, "severity": "safe"}
    assert whole["prompt_filter_results"][0]["prompt_index"] == 0
    (request,) = fakes.requests("azure-openai")
    assert request["path"] == "/openai/deployments/my-deployment/chat/completions"
    assert request["model"] == "my-deployment"
    assert request["key"] == "…cdef"
    assert "0123456789" not in str(request)


def test_an_azure_stream_begins_with_the_filters_word_and_no_choice(fakes: FakeProviders) -> None:
    chunks = list(azure(fakes).chat.completions.create(model="d", messages=HELLO, stream=True))
    assert not chunks[0].choices
    assert "prompt_filter_results" in chunks[0].model_dump()
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text.startswith("[sample answer]")


def test_azure_refuses_with_the_result_of_its_filter(fakes: FakeProviders) -> None:
    fakes.script({"refusal": True})
    with pytest.raises(openai.BadRequestError) as chat:
        azure(fakes).chat.completions.create(model="d", messages=HELLO)
    assert chat.value.code == "content_filter"
    assert chat.value.param == "prompt"
    inner: Any = chat.value.body["innererror"]  # type: ignore[index]
    assert inner["code"] == "ResponsibleAIPolicyViolation"
    assert inner["content_filter_result"]["violence"]["filtered"] is True
    with pytest.raises(openai.BadRequestError) as image:
        azure(fakes).images.generate(model="dalle", prompt="a fox")
    assert image.value.code == "content_policy_violation"
    assert image.value.body["inner_error"]["code"] == "ResponsibleAIPolicyViolation"  # type: ignore[index]


def test_azure_asks_for_a_key_a_version_and_a_deployment_that_is_there(fakes: FakeProviders) -> None:
    with pytest.raises(openai.AuthenticationError):
        azure(fakes, key="bad-1234").chat.completions.create(model="d", messages=HELLO)
    with pytest.raises(openai.NotFoundError) as missing:
        azure(fakes).chat.completions.create(model="missing-one", messages=HELLO)
    assert missing.value.code == "DeploymentNotFound"
    url = f"{fakes.base_url('azure-openai')}/openai/deployments/d/chat/completions"
    dateless = httpx.post(url, headers={"api-key": "0123456789"}, json={"messages": HELLO}, trust_env=False)
    assert dateless.status_code == 404
    assert dateless.json()["error"]["code"] == "404"


def test_azure_draws_too(fakes: FakeProviders) -> None:
    answer = azure(fakes).images.generate(model="dalle", prompt="a fox", size="1024x1024", response_format="b64_json")
    assert answer.data
    assert Image.open(BytesIO(base64.b64decode(answer.data[0].b64_json or ""))).size == (1024, 1024)


def test_xai_words_its_errors_in_its_own_way(fakes: FakeProviders) -> None:
    with pytest.raises(openai.BadRequestError) as wrong:
        xai(fakes, key="bad-1234567890").chat.completions.create(model="grok-4", messages=HELLO)
    assert "Incorrect API key" in wrong.value.response.json()["error"]
    with pytest.raises(openai.NotFoundError) as unknown:
        xai(fakes).chat.completions.create(model="gpt-4o", messages=HELLO)
    assert set(unknown.value.response.json()) == {"code", "error"}
    fakes.script({"refusal": True})
    with pytest.raises(openai.PermissionDeniedError):
        xai(fakes).chat.completions.create(model="grok-4", messages=HELLO)
    missing = httpx.post(f"{fakes.base_url('xai')}/chat/completions", json={}, trust_env=False)
    assert missing.status_code == 401


def test_xai_draws_jpegs_and_takes_no_size(fakes: FakeProviders) -> None:
    answer = xai(fakes).images.generate(model="grok-2-image-1212", prompt="a fox", n=2, response_format="b64_json")
    assert answer.data
    assert len(answer.data) == 2
    assert Image.open(BytesIO(base64.b64decode(answer.data[0].b64_json or ""))).format == "JPEG"
    with pytest.raises(openai.BadRequestError) as refused:
        xai(fakes).images.generate(model="grok-2-image-1212", prompt="a fox", size="1024x1024")
    assert "size" in refused.value.response.json()["error"]
    url = (xai(fakes).images.generate(model="grok-2-image-1212", prompt="a fox").data or [])[0].url
    assert url
    assert httpx.get(url, trust_env=False).headers["content-type"] == "image/jpeg"


def test_xai_has_no_moderations(fakes: FakeProviders) -> None:
    with pytest.raises(openai.NotFoundError):
        xai(fakes).moderations.create(input="x")
