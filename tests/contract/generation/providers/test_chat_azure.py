"""Azure OpenAI: a deployment's path, its version and its key header around OpenAI's bodies."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import pytest
from tests.contract.generation.providers.openings import KEY, open_against
from tests.contract.generation.providers.test_chat_images import PNG
from tests.servers.vendor_wire import Reply, VendorWire, sse, vendor_wire

from octavo_generation.providers.port import ChatPrompt, ImagePrompt, Message, Usage

HELLO = ChatPrompt((Message("user", "Why?"),), max_tokens=9)
ANSWER = {"model": "gpt-4o-2024-11-20", "choices": [{"finish_reason": "stop", "message": {"content": "So."}}]}


@pytest.fixture
async def vendor() -> AsyncIterator[VendorWire]:
    async with vendor_wire() as started:
        yield started


@pytest.mark.parametrize("ending", ["", "/", "/openai", "/openai/"])
async def test_a_deployment_is_called_by_its_own_path(vendor: VendorWire, ending: str) -> None:
    vendor.on("POST", "/openai/deployments/gpt-4o/chat/completions", Reply(body=ANSWER))
    provider = open_against(vendor.url + ending, "azure-openai")
    assert (await provider.chat(HELLO)).text == "So."
    await provider.close()
    seen = vendor.seen[0]
    assert seen.query == {"api-version": "2024-10-21"}
    assert seen.headers["api-key"] == KEY
    assert "authorization" not in seen.headers


async def test_a_deployments_name_may_be_anything(vendor: VendorWire) -> None:
    # The server sees the path decoded: a slash that was not quoted would have been another path.
    vendor.on("POST", "/openai/deployments/our model?/chat/completions", Reply(body=ANSWER))
    provider = open_against(vendor.url, "azure-openai", "our model?", api_version="2025-04-01-preview")
    await provider.chat(HELLO)
    await provider.close()
    assert vendor.seen[0].query == {"api-version": "2025-04-01-preview"}
    assert vendor.seen[0].body["max_tokens"] == 9


@pytest.mark.parametrize(("version", "asked"), [("2024-02-01", False), ("2024-06-01", False), (None, True), ("2025-01-01-preview", True)])
async def test_usage_of_a_stream_is_asked_for_where_the_version_has_it(vendor: VendorWire, version: str | None, asked: bool) -> None:
    # The first event is about the prompt and has no choices.
    events = sse(
        {"choices": [], "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}]},
        {"model": "gpt-4o", "choices": [{"delta": {"role": "assistant", "content": "So."}}]},
        {"choices": [{"delta": {}, "finish_reason": "content_filter"}]},
        {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        "[DONE]",
    )
    vendor.on("POST", "/openai/deployments/gpt-4o/chat/completions", Reply(events=events))
    provider = open_against(vendor.url, "azure-openai", api_version=version)
    pieces: list[str] = []
    answer = await provider.chat(HELLO, pieces.append)
    await provider.close()
    assert (pieces, answer.text, answer.finish_reason, answer.usage) == (["So."], "So.", "content_filter", Usage(1, 2))
    assert ("stream_options" in vendor.seen[0].body) is asked


async def test_a_reasoning_model_is_known_by_its_deployments_name(vendor: VendorWire) -> None:
    vendor.on("POST", "/openai/deployments/gpt-5-mini/chat/completions", Reply(body=ANSWER))
    provider = open_against(vendor.url, "azure-openai", "gpt-5-mini")
    await provider.chat(ChatPrompt(HELLO.messages, max_tokens=9, temperature=0.2))
    await provider.close()
    assert set(vendor.seen[0].body) == {"model", "messages", "max_completion_tokens"}


@pytest.mark.parametrize("deployment", ["dall-e-3", "dalle3"])
async def test_pictures_of_dalle(vendor: VendorWire, deployment: str) -> None:
    path = f"/openai/deployments/{deployment}/images/generations"
    vendor.on("POST", path, Reply(body={"data": [{"b64_json": base64.b64encode(PNG).decode(), "revised_prompt": "r"}]}))
    provider = open_against(vendor.url, "azure-openai", deployment, api_version="2024-02-01")
    answer = await provider.draw(ImagePrompt("A fox", "1024x1792", count=2, quality="hd", style="vivid"))
    await provider.close()
    assert [image.revised_prompt for image in answer.images] == ["r", "r"]
    assert [seen.query for seen in vendor.seen] == [{"api-version": "2024-02-01"}] * 2
    assert vendor.seen[0].body == {
        "model": deployment,
        "prompt": "A fox",
        "n": 1,
        "size": "1024x1792",
        "quality": "hd",
        "style": "vivid",
        "response_format": "b64_json",
    }
