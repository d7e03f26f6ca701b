"""Requests that hold pictures pass as they pass the generator's own API, and not more of them at once than memory allows."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from tests.integration.activator.conftest import Generator
from tests.integration.activator.peer import Peer, peer
from tests.servers.answers import assert_problem
from tests.servers.starting import wait_until

MIB = 1_048_576
LARGE = b'{"image":"' + b"A" * (13 * MIB) + b'"}'
TOO_LARGE = b'{"image":"' + b"A" * (14 * MIB) + b'"}'
JSON = {"content-type": "application/json"}


@pytest.fixture
def describing(asleep: Generator) -> Generator:
    asleep.put("asleep", resource={"task": "image-description"})
    return asleep


@contextlib.contextmanager
def woken(generator: Generator, task: str = "image-description") -> Iterator[Peer]:
    with peer(lambda exchange: exchange.take() if "/api/v1/generate" in exchange.path else exchange.answer(200, {"ok": True})) as there:
        generator.put("ready", pods=[there.address], target=None, resource={"task": task})
        yield there


def test_a_picture_for_a_generator_that_sleeps_is_held_and_handed_over_whole(describing: Generator) -> None:
    answer = describing.client.post("/api/v1/generate", content=LARGE, headers={**JSON, "prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    job = answer.json()["generation_id"]
    assert describing.job(job)["status"] == "queued"
    with woken(describing) as there:
        wait_until(lambda: len(there.deliveries) == 1, what="the job is handed over")
        assert there.deliveries[0].body == LARGE
        assert there.deliveries[0].claims["jti"] == job


def test_it_has_a_bound_all_the_same(describing: Generator) -> None:
    assert_problem(describing.client.post("/api/v1/generate", content=TOO_LARGE, headers=JSON), 413)
    assert describing.waiting is None


def test_a_conversation_may_hold_pictures_whatever_the_generator_does(asleep: Generator) -> None:
    assert_problem(asleep.client.post("/api/v1/generate", content=LARGE, headers=JSON), 413)
    with woken(asleep, "text") as there:
        for prefix in ("", f"/generators/{asleep.name}"):
            assert asleep.client.post(f"{prefix}/v1/chat/completions", content=LARGE, headers=JSON).status_code == 200
            assert there.exchanges[-1].body == LARGE
        assert_problem(asleep.client.post("/v1/chat/completions", content=TOO_LARGE, headers=JSON), 413)


def test_a_form_waits_for_the_generator_and_arrives_as_it_was_sent(describing: Generator) -> None:
    answers: list[httpx.Response] = []
    files = {"upload": ("a.png", b"\x89PNG" + b"\x00" * MIB, "image/png")}

    def send() -> None:
        # It may be told to come again while nobody is there yet.
        while not answers or answers[-1].status_code == 503:
            answers.append(describing.client.post("/api/v1/generate", files=files))

    sending = threading.Thread(target=send)
    sending.start()
    wait_until(lambda: describing.waiting is not None, what="someone waits")
    with woken(describing) as there:
        there.act = lambda exchange: exchange.answer(202, {"generation_id": "x"})
        sending.join(30)
        assert answers[-1].status_code == 202, answers[-1].text
        assert there.exchanges[-1].headers["content-type"].startswith("multipart/form-data; boundary=")
        assert files["upload"][1] in there.exchanges[-1].body


def test_more_than_fit_into_memory_are_sent_away(describing: Generator) -> None:
    """The activator of these tests has room for one and a half."""
    host, _, port = describing.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as slow:
        head = f"POST /api/v1/generate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(LARGE)}\r\n\r\n"
        slow.sendall(head.encode() + LARGE[:1000])

        def refused() -> bool:
            answer = describing.client.post("/api/v1/generate", content=LARGE, headers={**JSON, "prefer": "respond-async"})
            return answer.status_code == 503 and "too many large requests" in answer.text

        wait_until(refused, what="there is no room for another")
        assert describing.submit("small ones pass", prefer="respond-async").status_code == 202
    wait_until(lambda: not refused(), what="there is room again")
