"""What is scripted happens: over HTTP, to real connections."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import httpx
import openai
import pytest
from tests.servers.fake_providers import FakeProviders, fake_providers
from tests.servers.starting import wait_until

BODY: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello gardener"}]}
HEADERS = {"authorization": "Bearer sk-test-123456"}


def ask(fakes: FakeProviders, provider: str = "openai", timeout: float = 20, **more: Any) -> httpx.Response:
    body = {**BODY, **more}
    return httpx.post(f"{fakes.base_url(provider)}/chat/completions", json=body, headers=HEADERS, timeout=timeout, trust_env=False)


def test_the_first_rule_that_holds_decides_and_is_used_up(fakes: FakeProviders) -> None:
    fakes.script(
        {"match": {"model": "gpt-4o-*"}, "status": 418, "body": {"a": 1}},
        {"match": {"prompt_contains": "GARDENER"}, "status": 503, "times": 1},
        {"match": {"provider": "xai"}, "status": 500},
        {"text": "literally this"},
    )
    assert ask(fakes).status_code == 503
    assert ask(fakes).json()["choices"][0]["message"]["content"] == "literally this"
    mini = ask(fakes, model="gpt-4o-mini")
    assert (mini.status_code, mini.json()) == (418, {"a": 1})
    assert ask(fakes, "xai", model="grok-4").status_code == 500
    assert [rule["used"] for rule in fakes.rules()] == [1, 1, 1, 1]


def test_latency_is_waited_fixed_or_drawn(fakes: FakeProviders) -> None:
    fakes.script({"latency_s": 0.3, "times": 1}, {"latency_s": [0.05, 0.1], "seed": 1})
    began = time.monotonic()
    assert ask(fakes).status_code == 200
    middle = time.monotonic()
    assert ask(fakes).status_code == 200
    assert middle - began >= 0.3
    assert time.monotonic() - middle >= 0.05
    assert fakes.requests()[0]["seconds"] >= 0.3


@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_is_cut_in_the_middle(fakes: FakeProviders, stream: bool) -> None:
    fakes.script({"cut_after_bytes": 40, "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        ask(fakes, stream=stream)
    assert fakes.requests()[0]["ended"] == "cut"
    assert ask(fakes).status_code == 200


def test_a_stream_is_slowed_and_stopped(fakes: FakeProviders) -> None:
    fakes.script({"stream": {"delay_s": 0.05, "stop_after": 4}})
    client = openai.OpenAI(base_url=fakes.base_url("openai"), api_key="k", max_retries=0)
    pieces: list[str] = []
    times: list[float] = []

    def listen() -> None:
        for chunk in client.chat.completions.create(stream=True, **BODY):
            if chunk.choices and chunk.choices[0].delta.content:
                pieces.append(chunk.choices[0].delta.content)
                times.append(time.monotonic())

    with pytest.raises((httpx.RemoteProtocolError, openai.APIConnectionError)):
        listen()
    assert len(pieces) == 4
    assert times[-1] - times[0] >= 0.1
    assert fakes.requests()[0]["ended"] == "cut"


def test_a_hanging_call_ends_with_its_caller(fakes: FakeProviders) -> None:
    fakes.script({"hang": True, "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        ask(fakes, timeout=0.3)
    wait_until(lambda: fakes.counts()["openai"]["in_flight"] == 0, what="the call is still open")
    (request,) = fakes.requests()
    assert request["ended"] == "gone"
    assert request["status"] is None


def test_a_caller_who_leaves_in_a_long_latency_is_noticed(fakes: FakeProviders) -> None:
    fakes.script({"latency_s": 60})
    with pytest.raises(httpx.ReadTimeout):
        ask(fakes, timeout=0.3)
    wait_until(lambda: fakes.requests()[0]["ended"] == "gone", what="the call is still open", deadline_s=5)


def test_a_rate_limit_is_over_when_its_window_is(fakes: FakeProviders) -> None:
    fakes.script({"rate_limit": {"requests": 1, "per_s": 0.5}})
    assert [ask(fakes).status_code for _ in range(3)] == [200, 429, 429]
    wait_until(lambda: ask(fakes).status_code == 200, what="the limit holds on")


def test_who_is_down_answers_503_at_once_and_others_go_on(fakes: FakeProviders) -> None:
    fakes.script({"match": {"provider": "openai"}, "latency_s": 5})
    fakes.down(openai=True, azure_openai=True)
    began = time.monotonic()
    assert ask(fakes).status_code == 503
    assert time.monotonic() - began < 2
    assert ask(fakes, "xai", model="grok-4").status_code == 200
    fakes.down(openai=False)
    fakes.client.delete("/_script")
    assert ask(fakes).status_code == 200
    assert fakes.client.get("/_down").json()["azure-openai"] is True


def test_requests_are_remembered_with_their_keys_hidden(fakes: FakeProviders) -> None:
    ask(fakes, temperature=0.5)
    url = f"{fakes.base_url('openai')}/models?api-key=secret-0123456789"
    httpx.get(url, headers={"authorization": "Bearer sk-test-123456"}, trust_env=False)
    first, second = fakes.requests()
    assert first["body"]["temperature"] == 0.5
    assert first["prompt"] == "Hello gardener"
    assert first["model"] == "gpt-4o"
    assert first["key"] == "…3456"
    assert first["status"] == 200
    assert first["ended"] == "answered"
    assert "sk-test" not in str(first) + str(second)
    assert "secret-0" not in str(second)
    assert fakes.requests("xai") == []
    assert fakes.counts()["openai"]["by_status"] == {"200": 2}


def test_how_many_ran_at_once_is_counted(fakes: FakeProviders) -> None:
    fakes.script({"latency_s": 1})
    threads = [threading.Thread(target=ask, args=(fakes,)) for _ in range(5)]
    for thread in threads:
        thread.start()
    wait_until(lambda: fakes.counts().get("openai", {}).get("in_flight") == 5, what="not all at once")
    for thread in threads:
        thread.join()
    assert fakes.counts()["openai"]["max_in_flight"] == 5
    assert fakes.counts()["openai"]["in_flight"] == 0


def test_a_large_request_is_remembered_without_its_body(fakes: FakeProviders) -> None:
    ask(fakes, messages=[{"role": "user", "content": "word " * 10_000}])
    (request,) = fakes.requests()
    assert request["body"] is None
    assert request["model"] == "gpt-4o"
    assert len(request["prompt"]) == 2_000


@pytest.mark.parametrize(
    ("rule", "path", "words"),
    [
        ({"latency": 1}, "rules[0].latency", "Extra inputs"),
        ({"match": {"provider": "openia"}, "hang": True}, "rules[0].match.provider", "openai"),
        ({"latency_s": -1}, "rules[0].latency_s", "greater than"),
        ({"latency_s": [2, 1]}, "rules[0].latency_s", "smaller"),
        ({"status": 42}, "rules[0].status", "200"),
        ({"times": 3}, "rules[0]", "does something"),
        ({"hang": True, "status": 500}, "rules[0]", "hang"),
        ({"body": {}}, "rules[0]", "body needs status"),
        ({"status": 200}, "rules[0]", "needs a body"),
        ({"status": 500, "headers": {"content-length": "3"}}, "rules[0].headers", "content-length"),
        ({"status": 500, "headers": {"x": "a\r\nb"}}, "rules[0].headers", "characters"),
        ({"rate_limit": {"requests": 0, "per_s": 1}}, "rules[0].rate_limit.requests", "greater than"),
    ],
)
def test_a_wrong_script_is_refused_whole_with_its_place(fakes: FakeProviders, rule: dict[str, Any], path: str, words: str) -> None:
    answer = fakes.client.post("/_script", json={"rules": [rule, {"hang": True}]})
    body = answer.json()
    assert answer.status_code == 422
    assert body["error"] == "validation_failed"
    assert any(fault["path"] == path and words in fault["message"] for fault in body["errors"]), body
    assert fakes.rules() == []


def test_scripts_that_are_no_scripts(fakes: FakeProviders) -> None:
    assert fakes.client.post("/_script", content=b"{").status_code == 400
    assert fakes.client.post("/_script", json={"rules": []}).status_code == 422
    assert fakes.client.post("/_script", json={"rules": [{"hang": True}] * 1001}).status_code == 422
    assert fakes.client.put("/_down", json={"nobody": True}).status_code == 422
    assert fakes.client.get("/_requests?limit=x").status_code == 422
    assert fakes.client.post("/_script", json=[{"hang": True}]).status_code == 200


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b'{"model": 3}', b'{"model":"gpt-4o","messages":"x"}'])
def test_bodies_that_are_wrong_get_the_vendors_error_and_no_500(fakes: FakeProviders, content: bytes) -> None:
    for provider, path in (("openai", "/chat/completions"), ("openai", "/images/generations"), ("openai", "/moderations")):
        answer = httpx.post(f"{fakes.base_url(provider)}{path}", content=content, headers=HEADERS, trust_env=False)
        assert answer.status_code in (400, 404)
        assert answer.json()["error"]["type"] == "invalid_request_error"
    for url in ("/anthropic/v1/messages", "/flux/v1/flux-dev", "/midjourney/mj/submit/imagine", "/midjourney/mj/submit/change"):
        keys = {"x-api-key": "k", "anthropic-version": "2023-06-01", "x-key": "k", "mj-api-secret": "k"}
        assert httpx.post(fakes.url + url, content=content, headers=keys, trust_env=False).status_code < 500


def test_a_body_that_is_too_large_is_refused(fakes: FakeProviders) -> None:
    answer = httpx.post(
        f"{fakes.base_url('openai')}/chat/completions", content=b"x" * (33 << 20), headers=HEADERS, timeout=60, trust_env=False
    )
    assert answer.status_code == 413


def test_the_server_says_what_it_is(fakes: FakeProviders) -> None:
    assert "sample" in fakes.client.get("/").json()["what"]
    assert ask(fakes).headers["x-octavo-sample"] == "true"


def test_default_latency_port_and_end() -> None:
    with fake_providers("--latency", "openai=0.25,xai=0", "--latency", "flux=1") as server:
        began = time.monotonic()
        assert ask(server).status_code == 200
        assert time.monotonic() - began >= 0.25
        server.script({"hang": True})
        hanging = socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])))
        hanging.sendall(b"POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\ncontent-length: 2\r\n\r\n{}")
        wait_until(lambda: server.counts()["openai"]["in_flight"] == 1, what="it does not hang")
        server.process.terminate()
        assert server.process.wait(5) == 0
        hanging.close()


@pytest.mark.parametrize("arguments", [("--latency", "openia=1"), ("--latency", "openai=fast"), ("--latency", "openai=-1")])
def test_a_wrong_latency_ends_the_process_with_its_reason(arguments: tuple[str, ...]) -> None:
    with pytest.raises(Exception, match="--latency"), fake_providers(*arguments):
        pass


def test_a_port_that_is_taken_ends_the_process_with_its_reason(fakes: FakeProviders) -> None:
    with pytest.raises(Exception, match="cannot listen"), fake_providers(port=int(fakes.url.rsplit(":", 1)[1])):
        pass
