"""`stream: true` on /api/v1/generate: the job's events as the answer, with a provider's words as they come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.servers.answers import Frame, assert_problem, follow, frames
from tests.servers.fake_providers import FakeProviders, fake_providers
from tests.servers.generators import generator, provider, text_generator, write_generators
from tests.servers.platform import platform
from tests.servers.starting import wait_until

pytestmark = pytest.mark.needs("redis")

TEXT = "One two three four five six seven eight nine ten."


@dataclass(frozen=True)
class Served:
    client: httpx.Client
    fakes: FakeProviders


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("streamed")
    with fake_providers() as fakes:
        first, second = provider(fakes.base_url("openai-compatible")), provider(fakes.base_url("fake"), "second", type="fake")
        file = write_generators(
            folder / "generators.yaml",
            text_generator("text", "", providers=[first]),
            text_generator("fallback", "", providers=[first, second], jobs={"maxAttempts": 1}),
            text_generator("moderated", "", providers=[first], moderation={"enabled": True}),
            generator("tale", task="story", providers=[first]),
        )
        environment = {"OCTAVO_FAKE_PROVIDERS_URL": fakes.url}
        with (
            platform(file, home=folder / "home", environment=environment) as running,
            httpx.Client(base_url=running.base, timeout=60, trust_env=False) as client,
        ):
            yield Served(client, fakes)


@pytest.fixture(autouse=True)
def _slow_words(served: Served) -> Iterator[None]:
    served.fakes.script({"match": {"provider": "openai-compatible"}, "text": TEXT, "stream": {"delay_s": 0.05}})
    yield
    served.fakes.reset()


def url(name: str, path: str = "") -> str:
    return f"/generators/{name}/api/v1/generate{path}"


def streamed(served: Served, name: str, **body: Any) -> tuple[httpx.Headers, list[Frame]]:
    with served.client.stream("POST", url(name), json={"prompt": "Count.", "stream": True, **body}) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        return answer.headers, list(frames(answer.iter_lines()))


def words(told: list[Frame]) -> str:
    return "".join(frame.data["data"]["text"] for frame in told if frame.event == "job.token")


@pytest.mark.parametrize("name", ["text", "tale"])
def test_the_words_come_piece_by_piece_and_are_the_result(served: Served, name: str) -> None:
    headers, told = streamed(served, name)
    events = [frame.event for frame in told]
    assert events[:2] == ["job.accepted", "job.started"]
    assert events[-1] == "job.succeeded"
    assert events.count("job.token") >= 2
    assert words(told) == told[-1].data["data"]["result"]["result"]["text"] == TEXT
    job = served.client.get(headers["location"]).json()
    assert (job["status"], job["result"]["text"]) == ("succeeded", TEXT)
    assert job["usage"]["completion_tokens"] > 0


def test_who_comes_later_gets_the_same_events(served: Served) -> None:
    headers, told = streamed(served, "text")
    assert follow(served.client, f"{headers['location']}/events") == told
    assert follow(served.client, f"{headers['location']}/events", last_event_id=told[2].id) == told[3:]


def test_the_first_word_comes_before_the_last_is_written(served: Served) -> None:
    with served.client.stream("POST", url("text"), json={"prompt": "Count.", "stream": True}) as answer:
        told = frames(answer.iter_lines())
        first = next(frame for frame in told if frame.event == "job.token")
        assert served.client.get(answer.headers["location"]).json()["status"] == "running"
        assert TEXT.startswith(first.data["data"]["text"])
        assert next(frame for frame in told if frame.event == "job.succeeded")


def test_without_it_the_answer_is_as_ever_and_no_words_are_told(served: Served) -> None:
    answer = served.client.post(url("text"), json={"prompt": "Count.", "stream": False}, headers={"prefer": "wait=30"})
    assert answer.json()["result"]["text"] == TEXT
    told = follow(served.client, url("text", f"/{answer.json()['generation_id']}/events"))
    assert [frame.event for frame in told] == ["job.accepted", "job.started", "job.succeeded"]


def test_a_listener_that_leaves_takes_nothing_with_it(served: Served) -> None:
    with served.client.stream("POST", url("text"), json={"prompt": "Count.", "stream": True}) as answer:
        next(frames(answer.iter_lines()))
        place = answer.headers["location"]
    wait_until(lambda: served.client.get(place).json()["status"] == "succeeded", what="the job ends without its listener")


def test_what_is_moderated_is_told_whole(served: Served) -> None:
    _, told = streamed(served, "moderated")
    assert [frame.event for frame in told] == ["job.accepted", "job.started", "job.succeeded"]


def test_a_stream_that_breaks_is_void_and_the_next_provider_begins_anew(served: Served) -> None:
    served.fakes.reset()
    served.fakes.script(
        {"match": {"provider": "openai-compatible"}, "text": TEXT, "stream": {"delay_s": 0.05, "stop_after": 4}},
        {"match": {"provider": "fake"}, "text": "Something else entirely.", "stream": {"delay_s": 0.05}},
    )
    _, told = streamed(served, "fallback")
    void = next(n for n, frame in enumerate(told) if frame.event == "job.progress" and frame.data["data"].get("restarted"))
    assert TEXT.startswith(words(told[:void]))
    assert words(told[:void])
    assert words(told[void:]) == told[-1].data["data"]["result"]["result"]["text"] == "Something else entirely."


def test_the_same_key_follows_the_same_job(served: Served) -> None:
    def ask() -> tuple[str, list[Frame]]:
        body = {"prompt": "Count.", "stream": True}
        with served.client.stream("POST", url("text"), json=body, headers={"idempotency-key": "once"}) as answer:
            return answer.headers["location"], list(frames(answer.iter_lines()))

    assert ask() == ask()


@pytest.mark.parametrize("given", ["yes", 1, []])
def test_what_is_no_truth_value_is_refused(served: Served, given: object) -> None:
    assert_problem(served.client.post(url("text"), json={"prompt": "x", "stream": given}), 422)
