"""The official client of Anthropic's parses messages, streams and errors."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

import anthropic
import httpx
import pytest
from PIL import Image
from tests.servers.fake_providers import FakeProviders

HELLO: list[Any] = [{"role": "user", "content": "Say hello to the gardener, please."}]
MODEL = "claude-sonnet-5"


def client_of(fakes: FakeProviders, key: str = "sk-ant-1234567890") -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=fakes.base_url("anthropic"), api_key=key, max_retries=0, timeout=20)


def test_a_message_has_its_parts(fakes: FakeProviders) -> None:
    message = client_of(fakes).messages.create(model=MODEL, max_tokens=500, messages=HELLO, system="Be brief.")
    (block,) = message.content
    assert block.type == "text"
    assert "[sample answer]" in block.text
    assert "gardener" in block.text
    assert message.id.startswith("msg_")
    assert message.stop_reason == "end_turn"
    assert message.role == "assistant"
    assert message.usage.input_tokens == 8 + 3
    assert message.usage.output_tokens > 10
    assert message._request_id
    assert message._request_id.startswith("req_")


def test_a_stream_joins_to_the_same_message(fakes: FakeProviders) -> None:
    client = client_of(fakes)
    whole = client.messages.create(model=MODEL, max_tokens=500, messages=HELLO)
    with client.messages.stream(model=MODEL, max_tokens=500, messages=HELLO) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert whole.content[0].type == "text"
    assert text == whole.content[0].text
    assert final.usage.output_tokens == whole.usage.output_tokens
    assert final.stop_reason == "end_turn"


def test_max_tokens_and_stop_sequences(fakes: FakeProviders) -> None:
    client = client_of(fakes)
    cut = client.messages.create(model=MODEL, max_tokens=5, messages=HELLO)
    assert cut.stop_reason == "max_tokens"
    assert cut.usage.output_tokens == 5
    fakes.script({"text": "one two END three"})
    stopped = client.messages.create(model=MODEL, max_tokens=50, messages=HELLO, stop_sequences=["END"])
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "END")
    assert stopped.content[0].type == "text"
    assert stopped.content[0].text == "one two "


def test_a_picture_is_looked_at(fakes: FakeProviders) -> None:
    out = BytesIO()
    Image.new("RGB", (64, 64), (20, 160, 40)).save(out, "PNG")
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(out.getvalue()).decode()}
    content: Any = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    message = client_of(fakes).messages.create(model=MODEL, max_tokens=300, messages=[{"role": "user", "content": content}])
    assert message.content[0].type == "text"
    assert message.content[0].text.startswith("[sample description]")
    assert "green" in message.content[0].text.lower()


def test_a_refusal_is_a_reason_to_stop_or_an_error(fakes: FakeProviders) -> None:
    fakes.script({"times": 2, "refusal": True}, {"refusal": "error"})
    message = client_of(fakes).messages.create(model=MODEL, max_tokens=50, messages=HELLO)
    assert message.stop_reason == "refusal"
    assert not message.content
    with client_of(fakes).messages.stream(model=MODEL, max_tokens=50, messages=HELLO) as stream:
        assert stream.get_final_message().stop_reason == "refusal"
    with pytest.raises(anthropic.BadRequestError):
        client_of(fakes).messages.create(model=MODEL, max_tokens=50, messages=HELLO)


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        (403, anthropic.PermissionDeniedError, "permission_error"),
        (404, anthropic.NotFoundError, "not_found_error"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (529, anthropic.InternalServerError, "overloaded_error"),
    ],
)
def test_scripted_failures_become_the_clients_exceptions(
    fakes: FakeProviders, status: int, kind: type[anthropic.APIStatusError], word: str
) -> None:
    fakes.script({"status": status})
    with pytest.raises(kind) as failed:
        client_of(fakes).messages.create(model=MODEL, max_tokens=50, messages=HELLO)
    body: Any = failed.value.body
    assert body["type"] == "error"
    assert body["error"]["type"] == word
    assert body["request_id"].startswith("req_")


def test_keys_versions_and_models(fakes: FakeProviders) -> None:
    with pytest.raises(anthropic.AuthenticationError):
        client_of(fakes, key="bad-1").messages.create(model=MODEL, max_tokens=50, messages=HELLO)
    with pytest.raises(anthropic.NotFoundError):
        client_of(fakes).messages.create(model="gpt-4o", max_tokens=50, messages=HELLO)
    url, body = f"{fakes.base_url('anthropic')}/v1/messages", {"model": MODEL, "max_tokens": 5, "messages": HELLO}
    assert httpx.post(url, json=body, trust_env=False).status_code == 401
    undated = httpx.post(url, json=body, headers={"x-api-key": "k"}, trust_env=False)
    assert undated.status_code == 400
    assert "anthropic-version" in undated.json()["error"]["message"]
    for wrong in ({"max_tokens": None}, {"messages": []}, {"temperature": 1.5}, {"seed": 3}):
        headers = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
        assert httpx.post(url, json={**body, **wrong}, headers=headers, trust_env=False).status_code == 400, wrong


def test_a_rate_limit_answers_with_the_vendors_headers(fakes: FakeProviders) -> None:
    fakes.script({"match": {"provider": "anthropic"}, "rate_limit": {"requests": 1, "per_s": 20}})
    client_of(fakes).messages.create(model=MODEL, max_tokens=50, messages=HELLO)
    with pytest.raises(anthropic.RateLimitError) as limited:
        client_of(fakes).messages.create(model=MODEL, max_tokens=50, messages=HELLO)
    headers = limited.value.response.headers
    assert headers["anthropic-ratelimit-requests-limit"] == "1"
    assert headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert headers["anthropic-ratelimit-requests-reset"].endswith("Z")
    assert 1 <= int(headers["retry-after"]) <= 20
