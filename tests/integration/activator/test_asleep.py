"""What a caller gets while the generator sleeps."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import pytest
from tests.integration.activator.conftest import ORIGIN, Generator
from tests.servers.answers import Frame, assert_problem, frames
from tests.servers.starting import wait_until

ASYNC = {"prefer": "respond-async"}


class Listener:
    """Follows a job's events beside the test, and notes them as they come."""

    def __init__(self, generator: Generator, job: str, last_event_id: str | None = None, **headers: str) -> None:
        self.frames: list[Frame] = []
        self._url = f"{generator.url}/api/v1/generate/{job}/events"
        self._headers = {**headers, **({} if last_event_id is None else {"last-event-id": last_event_id})}
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        with httpx.stream("GET", self._url, headers=self._headers, timeout=60, trust_env=False) as answer:
            assert answer.status_code == 200, answer.read()
            for frame in frames(answer.iter_lines()):
                self.frames.append(frame)

    def until(self, count: int) -> list[Frame]:
        wait_until(lambda: len(self.frames) >= count, what=f"there are not {count} events")
        return list(self.frames)

    def end(self) -> list[Frame]:
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.frames


class TestAccepting:
    @pytest.mark.parametrize("base", ["", "/generators/{name}"])
    def test_a_job_is_accepted_with_where_to_look(self, asleep: Generator, base: str) -> None:
        base = base.format(name=asleep.name)
        answer = asleep.client.post(f"{base}/api/v1/generate", json={"prompt": "x"}, headers=ASYNC)
        assert answer.status_code == 202
        body = answer.json()
        assert (body["status"], body["message"], body["success"]) == ("queued", "Please wait a moment", True)
        assert answer.headers["location"] == f"{base}/api/v1/generate/{body['generation_id']}"
        assert answer.headers["preference-applied"] == "respond-async"
        assert body["correlation_id"] == answer.headers["x-correlation-id"]
        assert asleep.client.get(answer.headers["location"]).json()["generation_id"] == body["generation_id"]

    @pytest.mark.parametrize(
        ("content", "media_type", "status"),
        [
            (b"", "application/json", 400),
            (b"{", "application/json", 400),
            (b"\xff\xfe", "application/json", 400),
            (b"[]", "application/json", 422),
            (b"7", "application/json", 422),
            (b'"x"', "application/json", 422),
            (b"null", "application/json", 422),
            (b"prompt=x", "application/x-www-form-urlencoded", 415),
            (b'{"prompt":"' + b"x" * 70_000 + b'"}', "application/json", 413),
        ],
    )
    def test_a_body_that_no_generator_would_take(self, asleep: Generator, content: bytes, media_type: str, status: int) -> None:
        answer = asleep.client.post("/api/v1/generate", content=content, headers={"content-type": media_type})
        assert_problem(answer, status)
        assert asleep.waiting is None

    @pytest.mark.parametrize("content", [b"{}", b"[]", b"[7]", b"[" + b"{}," * 10 + b"{}]"])
    def test_a_batch_that_no_generator_would_take(self, asleep: Generator, content: bytes) -> None:
        answer = asleep.client.post("/api/v1/generate/batch", content=content, headers={"content-type": "application/json"})
        assert_problem(answer, 422)

    def test_a_batch_is_as_many_jobs(self, asleep: Generator) -> None:
        answer = asleep.client.post("/api/v1/generate/batch", json=[{"prompt": "a"}, {"prompt": "b"}], headers=ASYNC)
        assert answer.status_code == 202
        ids = [item["generation_id"] for item in answer.json()["items"]]
        assert len(set(ids)) == 2
        assert [asleep.job(job)["status"] for job in ids] == ["queued", "queued"]
        waiting = asleep.waiting
        assert waiting is not None
        assert waiting["jobs"] == 2

    def test_who_waits_gets_202_when_the_wait_is_over(self, asleep: Generator) -> None:
        began = time.monotonic()
        answer = asleep.submit(prefer="wait=1")
        assert answer.status_code == 202
        assert answer.headers["preference-applied"] == "wait=1"
        assert time.monotonic() - began >= 1

    def test_the_resource_says_whether_waiting_is_the_default(self, asleep: Generator) -> None:
        asleep.put("asleep", resource={"task": "story", "jobs": {"defaultMode": "async"}})
        assert asleep.submit().headers["preference-applied"] == "respond-async"


class TestIdempotencyKeys:
    def test_the_same_key_is_the_same_job(self, asleep: Generator) -> None:
        key = {"idempotency-key": "once"}
        assert len({asleep.accepted("x", **key) for _ in range(3)}) == 1
        waiting = asleep.waiting
        assert waiting is not None
        assert waiting["jobs"] == 1

    def test_another_body_is_a_conflict(self, asleep: Generator) -> None:
        asleep.accepted("x", **{"idempotency-key": "once"})
        assert_problem(asleep.submit("y", **{"idempotency-key": "once"}, **ASYNC), 409)

    @pytest.mark.parametrize("key", ["", "x" * 201])
    def test_a_key_that_is_none(self, asleep: Generator, key: str) -> None:
        assert_problem(asleep.submit(**{"idempotency-key": key}), 422)

    def test_a_batch_has_one_key(self, asleep: Generator) -> None:
        def submit(*prompts: str) -> httpx.Response:
            batch = [{"prompt": prompt} for prompt in prompts]
            return asleep.client.post("/api/v1/generate/batch", json=batch, headers={"idempotency-key": "all", **ASYNC})

        first, second = (submit("a", "b").json()["items"] for _ in range(2))
        assert [item["generation_id"] for item in first] == [item["generation_id"] for item in second]
        assert_problem(submit("a", "c"), 409)


class TestBounds:
    def test_a_full_queue_says_when_to_come_back(self, asleep: Generator) -> None:
        asleep.put("asleep", resource={"task": "text", "jobs": {"maxQueued": 2}})
        asleep.accepted()
        job = asleep.accepted()
        answer = asleep.submit(**ASYNC)
        assert "2 jobs are waiting" in assert_problem(answer, 429)["message"]
        assert answer.headers["retry-after"] == "5"
        assert asleep.job(job)["status"] == "queued"

    def test_a_batch_that_does_not_fit_is_not_taken_in_part(self, asleep: Generator) -> None:
        asleep.put("asleep", resource={"task": "text", "jobs": {"maxQueued": 2}})
        assert_problem(asleep.client.post("/api/v1/generate/batch", json=[{"prompt": "x"}] * 3, headers=ASYNC), 429)
        assert asleep.waiting is None


class TestCancelling:
    def test_a_job_that_waits_ends_at_once(self, asleep: Generator) -> None:
        job = asleep.accepted()
        answer = asleep.client.delete(f"/api/v1/generate/{job}")
        assert answer.status_code == 200
        assert answer.json()["status"] == "cancelled"
        assert asleep.job(job)["status"] == "cancelled"
        assert asleep.waiting is None, "nobody waits for it"
        assert_problem(asleep.client.delete(f"/api/v1/generate/{job}"), 409)

    def test_who_follows_and_who_waits_is_told(self, asleep: Generator) -> None:
        answers: list[httpx.Response] = []
        waiting = threading.Thread(target=lambda: answers.append(asleep.submit(prefer="wait=30", **{"idempotency-key": "me"})))
        waiting.start()
        wait_until(lambda: asleep.waiting is not None, what="nobody waits")
        job = asleep.accepted("x", **{"idempotency-key": "me"})
        listener = Listener(asleep, job)
        listener.until(2)
        assert asleep.client.delete(f"/api/v1/generate/{job}").status_code == 200
        assert listener.end()[-1].event == "job.cancelled"
        waiting.join(30)
        assert answers[0].json()["status"] == "cancelled"

    def test_a_job_that_is_not_there(self, asleep: Generator) -> None:
        answer = asleep.client.delete("/api/v1/generate/01900000-0000-7000-8000-000000000000")
        assert_problem(answer, 503)
        assert answer.headers["retry-after"] == "5"


class TestEvents:
    def test_the_start_is_told_as_it_goes(self, asleep: Generator) -> None:
        job = asleep.accepted()
        listener = Listener(asleep, job)
        assert [frame.event for frame in listener.until(2)] == ["job.accepted", "job.progress"]
        asleep.put("starting", message="pulling image octavo/worker")
        asleep.put("starting", message="waiting for the database")
        told = listener.until(4)
        assert [frame.data["data"]["stage"] for frame in told[1:]] == [
            "asleep; it has been called",
            "starting: pulling image octavo/worker",
            "starting: waiting for the database",
        ]
        assert told[0].data["job"] == job
        assert told[0].data["version"] == 1
        assert all(frame.id == frame.data["id"] for frame in told)
        order = [int(str(frame.id).partition("-")[2]) for frame in told]
        assert order == sorted(set(order))
        assert asleep.job(job)["progress"]["stage"] == "starting: waiting for the database"

    def test_a_client_that_comes_back_gets_what_followed(self, asleep: Generator) -> None:
        job = asleep.accepted()
        first = Listener(asleep, job).until(2)
        asleep.put("starting", message="pulling image")
        again = Listener(asleep, job, str(first[1].id))
        (frame,) = again.until(1)
        assert frame.data["data"]["stage"] == "starting: pulling image"
        assert len(again.frames) == 1

    def test_an_id_that_was_never_given_out(self, asleep: Generator) -> None:
        job = asleep.accepted()
        assert_problem(asleep.client.get(f"/api/v1/generate/{job}/events", headers={"last-event-id": "x"}), 422)

    def test_who_leaves_is_forgotten(self, asleep: Generator) -> None:
        job = asleep.accepted()
        with asleep.client.stream("GET", f"/api/v1/generate/{job}/events") as answer:
            assert next(answer.iter_lines())
        asleep.put("starting")
        assert asleep.job(job)["status"] == "queued"


class TestOtherRequests:
    def test_they_wake_the_generator_and_are_held_for_a_while(self, asleep: Generator) -> None:
        asleep.put("starting", message="pulling image")
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(asleep.client.get("/api/v1/jobs")))
        asking.start()
        wait_until(lambda: (asleep.waiting or {}).get("requests") == 1, what="the request does not wait")
        asking.join(30)
        assert "starting: pulling image" in assert_problem(answers[0], 503)["message"]
        assert answers[0].headers["retry-after"] == "5"
        assert asleep.waiting is None

    def test_a_caller_who_leaves_does_not_wake_it_any_more(self, asleep: Generator) -> None:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{asleep.url}/api/v1/jobs", timeout=0.3, trust_env=False)
        wait_until(lambda: asleep.waiting is None, what="the request still waits", deadline_s=1.5)

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/health/live", {"status": "alive"}),
            ("/health/ready", {"status": "healthy", "phase": "asleep"}),
            ("/health/", {"phase": "asleep"}),
            ("/api/v1/health", {"status": "healthy"}),
            ("/api/v1/health/detailed", {"status": "healthy"}),
            ("/api/v1/backlog", {"queued": 0, "running": 0, "delayed": 0, "oldestSeconds": 0.0, "activeRequests": 0}),
        ],
    )
    @pytest.mark.parametrize("base", ["", "/generators/{name}"])
    def test_who_watches_it_does_not_wake_it(self, asleep: Generator, base: str, path: str, expected: dict[str, Any]) -> None:
        answer = asleep.client.get(base.format(name=asleep.name) + path)
        assert answer.status_code == 200
        assert answer.json().items() >= expected.items()
        assert asleep.waiting is None

    def test_metrics_are_empty_rather_than_an_error(self, asleep: Generator) -> None:
        answer = asleep.client.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")

    def test_the_backlog_is_what_is_held(self, asleep: Generator) -> None:
        asleep.accepted()
        assert asleep.client.get("/api/v1/backlog").json()["queued"] == 1

    @pytest.mark.parametrize("path", ["/favicon.ico", "/robots.txt", "/wp-login.php", "/", "/generators/other/api/v1/jobs"])
    def test_what_no_generator_has_wakes_nobody(self, asleep: Generator, path: str) -> None:
        assert_problem(asleep.client.get(path), 404)

    def test_what_comes_back_to_it_goes_round_once_only(self, asleep: Generator) -> None:
        answer = asleep.client.post("/api/v1/generate", json={"prompt": "x"}, headers={"x-octavo-activator": "1"})
        assert_problem(answer, 503)
        assert asleep.waiting is None

    def test_a_preflight_is_answered_and_wakes_nobody(self, asleep: Generator) -> None:
        asked = {"origin": ORIGIN, "access-control-request-method": "POST", "access-control-request-headers": "content-type,prefer"}
        answer = asleep.client.options("/api/v1/generate", headers=asked)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert asleep.waiting is None
        accepted = asleep.submit(**ASYNC, origin=ORIGIN)
        assert accepted.headers["access-control-allow-origin"] == ORIGIN
        assert "location" in accepted.headers["access-control-expose-headers"].lower()


def test_a_job_of_one_generator_is_not_there_for_another(asleep: Generator) -> None:
    job = asleep.accepted()
    asleep.table.put("neighbour")
    answer = httpx.get(f"{asleep.table.url('neighbour')}/api/v1/generate/{job}", timeout=30, trust_env=False)
    assert_problem(answer, 503)
    asleep.table.drop("neighbour")
