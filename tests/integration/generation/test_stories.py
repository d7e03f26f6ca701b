"""The story generator that ships: no key, no download, from one YAML of `examples/`."""

from __future__ import annotations

import httpx
import pytest
from tests.integration.generation.submitting import ASYNC, WAIT, url
from tests.servers.answers import assert_problem, follow

pytestmark = pytest.mark.needs("redis")


def story(client: httpx.Client, name: str = "tiny-stories", **body: object) -> dict[str, object]:
    answer = client.post(url(name), json=body, headers=WAIT)
    assert answer.status_code == 200, answer.text
    result: dict[str, object] = answer.json()["result"]
    return result


def test_a_story_about_luna_for_children(client: httpx.Client) -> None:
    result = story(client, prompt="Luna found a lost kite by the river", audience="children")
    assert "Luna" in str(result["text"])
    assert result["audience"] == "children"
    assert result["language"] == "en"


def test_a_story_in_spanish(client: httpx.Client) -> None:
    result = story(client, prompt="Luna encontró una cometa", audience="young", language="es")
    assert "Luna" in str(result["text"])
    assert result["language"] == "es"
    assert {"el", "la", "y", "que", "de"} & set(str(result["text"]).lower().split())


def test_the_same_seed_tells_the_same_story(client: httpx.Client) -> None:
    one, two = (story(client, prompt="Tomás and the bear", audience="adult", seed=7)["text"] for _ in range(2))
    assert one == two


def test_the_stream_tells_progress_and_tokens_that_join_to_the_story(client: httpx.Client) -> None:
    accepted = client.post(url("tiny-stories"), json={"prompt": "Luna and the owl", "audience": "children", "seed": 1}, headers=ASYNC)
    assert accepted.status_code == 202
    assert accepted.json()["message"] == "Please wait a moment"
    told = follow(client, accepted.json()["events_url"])
    kinds = [frame.event for frame in told]

    assert kinds[:2] == ["job.accepted", "job.started"]
    assert kinds[-1] == "job.succeeded"
    assert set(kinds[2:-1]) == {"job.progress", "job.token"}
    assert [frame.data["data"]["seq"] for frame in told[2:-1]] == list(range(1, len(told) - 2))
    text = "".join(frame.data["data"]["text"] for frame in told if frame.event == "job.token")
    assert text == told[-1].data["data"]["result"]["result"]["text"]

    middle = told[len(told) // 2]
    assert follow(client, accepted.json()["events_url"], last_event_id=middle.id) == told[len(told) // 2 + 1 :]


def test_a_story_is_measured_and_written_again_where_it_is_too_hard(client: httpx.Client) -> None:
    easy = story(client, prompt="Luna found a lost kite by the river", audience="children", seed=3)["reading"]
    assert isinstance(easy, dict)
    assert (easy["max_lix"], easy["drafts"]) == (35, 1)
    assert 5 < easy["lix"] < 35
    hard = story(client, "strict", prompt="Luna found a lost kite by the river", audience="young", seed=3)["reading"]
    assert isinstance(hard, dict)
    assert hard["drafts"] in (1, 2, 3)
    assert hard["lix"] > 10


def test_a_story_with_a_banned_word_is_refused_after_three_drafts(client: httpx.Client) -> None:
    answer = client.post(url("strict"), json={"prompt": "Luna found a lost kite by the river", "audience": "children"}, headers=WAIT)
    body = answer.json()
    assert answer.status_code == 451, body
    assert "banned word" in body["error"]["message"]
    assert "text" not in (body["result"] or {})


def test_a_second_yaml_is_a_second_generator_with_its_own_audiences(client: httpx.Client) -> None:
    assert story(client, "bedtime-stories", prompt="Luna and the moon")["audience"] == "children"
    assert_problem(client.post(url("bedtime-stories"), json={"prompt": "x", "audience": "adult"}), 422)
