"""The API process of one generator, as a cluster runs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from tests.servers.answers import assert_problem, follow
from tests.servers.generator_process import GeneratorProcesses, generator_processes
from tests.servers.generators import text_generator
from tests.servers.redis import RedisServer
from tests.servers.starting import free_port, wait_until
from tests.servers.upstream import Upstream, upstream

from octavo_core.identity import Forwarded, Principal, forwarding_token
from octavo_core.ids import generate_uuid

pytestmark = pytest.mark.needs("redis")

KEY = "k" * 40
WAIT = {"prefer": "wait=20"}
ASYNC = {"prefer": "respond-async"}


@dataclass
class Served:
    processes: GeneratorProcesses
    upstream: Upstream
    client: httpx.Client


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, redis_session: RedisServer) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("server")
    with (
        upstream() as answering,
        generator_processes(
            text_generator("quill", answering.url, workers={"concurrency": 4}),
            folder,
            database_url=f"sqlite:///{folder}/jobs.db",
            redis_url=redis_session.url,
            environment={"OCTAVO_FORWARDING_KEY": KEY},
        ) as processes,
    ):
        processes.start()
        with httpx.Client(base_url=processes.url, timeout=30, trust_env=False) as client:
            yield Served(processes, answering, client)


def backlog(client: httpx.Client) -> dict[str, object]:
    body: dict[str, object] = client.get("/api/v1/backlog").json()
    return body


def bearer(job: str, user: str = "anonymous", *, key: str = KEY, now_s: int | None = None, **told: Any) -> dict[str, str]:
    forwarded = Forwarded(job, Principal(user), **told)
    return {"authorization": f"Bearer {forwarding_token(key, forwarded, now_s=int(time.time()) if now_s is None else now_s)}"}


@pytest.mark.parametrize("base", ["", "/generators/quill"])
def test_the_generator_stands_at_the_root_and_under_its_ingress_path(served: Served, base: str) -> None:
    answer = served.client.post(f"{base}/api/v1/generate", json={"prompt": "x"}, headers=WAIT)
    assert answer.status_code == 200, answer.text
    later = served.client.post(f"{base}/api/v1/generate", json={"prompt": "x"}, headers=ASYNC)
    assert later.headers["location"].startswith(f"{base}/api/v1/generate/")
    assert follow(served.client, later.json()["events_url"])[-1].event == "job.succeeded"
    assert served.client.get(f"{base}/health/ready").json()["dependencies"]["process"] == {"status": "healthy"}
    assert f"{base}/openapi.json" in served.client.get(f"{base}/docs").text
    assert "octavo_http_requests_total" in served.client.get(f"{base}/metrics").text


def test_another_generators_path_is_not_served(served: Served) -> None:
    assert_problem(served.client.get("/generators/other/health/ready"), 404)


def test_the_backlog_tells_what_waits_and_runs(served: Served) -> None:
    worker = served.processes.worker
    worker.terminate()
    worker.wait()
    asked = [served.client.post("/api/v1/generate", json={"prompt": "x"}, headers=ASYNC) for _ in range(3)]
    assert [answer.status_code for answer in asked] == [202] * 3
    ids = [answer.json()["generation_id"] for answer in asked]
    # Each knows its place, alone and in a list.
    assert [served.client.get(f"/api/v1/generate/{job}").json()["place"] for job in ids] == [1, 2, 3]
    assert [item["place"] for item in served.client.get("/api/v1/jobs", params={"limit": 3}).json()["items"]] == [3, 2, 1]
    wait_until(lambda: backlog(served.client)["queued"] == 3, what="the backlog does not grow")
    told = backlog(served.client)
    assert told["running"] == 0
    assert isinstance(told["oldestSeconds"], float)
    assert told["oldestSeconds"] > 0
    assert str(told["lastAcceptedAt"]).endswith("Z")
    assert told["activeRequests"] == 0
    worker.start()
    wait_until(lambda: backlog(served.client)["queued"] == 0 and backlog(served.client)["running"] == 0, what="the backlog does not shrink")
    assert served.client.get(f"/api/v1/generate/{ids[0]}").json()["place"] is None


def test_who_waits_counts_as_an_active_request_and_who_watches_does_not(served: Served) -> None:
    worker = served.processes.worker
    worker.terminate()
    worker.wait()
    answers: list[httpx.Response] = []

    def ask() -> None:
        answers.append(
            httpx.post(f"{served.processes.url}/api/v1/generate", json={"prompt": "x"}, headers=WAIT, timeout=30, trust_env=False)
        )

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(lambda: backlog(served.client)["activeRequests"] == 1, what="the waiting caller is not counted")
    worker.start()
    asking.join(30)
    assert answers[0].status_code == 200
    assert backlog(served.client)["activeRequests"] == 0


class TestForwardedJobs:
    """What the activator accepted in this generator's stead."""

    def test_the_job_keeps_its_id_and_its_owner(self, served: Served) -> None:
        job = generate_uuid()
        answer = served.client.post("/api/v1/generate", json={"prompt": "x"}, headers={**bearer(job), **WAIT})
        assert answer.status_code == 200, answer.text
        assert answer.json()["generation_id"] == job
        assert follow(served.client, f"/api/v1/generate/{job}/events")[-1].data["user"] == "anonymous"

        another = generate_uuid()
        served.client.post("/api/v1/generate", json={"prompt": "x"}, headers={**bearer(another, "ana"), **WAIT})
        assert_problem(served.client.get(f"/api/v1/generate/{another}"), 404)

    def test_the_same_id_again_is_the_same_job(self, served: Served) -> None:
        job, prompt = generate_uuid(), {"prompt": "once only, please"}
        answers = [served.client.post("/api/v1/generate", json=prompt, headers={**bearer(job), **WAIT}) for _ in range(3)]
        assert {answer.json()["generation_id"] for answer in answers} == {job}
        assert sum("once only" in str(request) for request in served.upstream.requests) == 1

    def test_many_deliveries_at_once_are_one_job(self, served: Served) -> None:
        job, prompt, statuses = generate_uuid(), {"prompt": "delivered by eight at once"}, list[int]()

        def deliver() -> None:
            url = f"{served.processes.url}/api/v1/generate"
            statuses.append(httpx.post(url, json=prompt, headers={**bearer(job), **ASYNC}, timeout=30, trust_env=False).status_code)

        threads = [threading.Thread(target=deliver) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(statuses) == 8
        assert set(statuses) <= {200, 202}
        assert follow(served.client, f"/api/v1/generate/{job}/events")[-1].event == "job.succeeded"
        assert sum("by eight" in str(request) for request in served.upstream.requests) == 1

    def test_an_id_with_another_body_or_for_another_user_is_a_conflict(self, served: Served) -> None:
        job = generate_uuid()
        assert served.client.post("/api/v1/generate", json={"prompt": "x"}, headers={**bearer(job), **ASYNC}).status_code == 202
        assert_problem(served.client.post("/api/v1/generate", json={"prompt": "y"}, headers={**bearer(job), **ASYNC}), 409)
        assert_problem(served.client.post("/api/v1/generate", json={"prompt": "x"}, headers={**bearer(job, "ben"), **ASYNC}), 409)
        answer = served.client.post("/api/v1/generate", json={"prompt": "x"}, headers={**bearer(job, "ben", cancelled=True), **ASYNC})
        assert_problem(answer, 409)

    def test_a_key_that_is_known_makes_a_second_id_for_what_was_done_once(self, served: Served) -> None:
        key, job = {"idempotency-key": generate_uuid()}, generate_uuid()
        first = served.client.post("/api/v1/generate", json={"prompt": "done one time"}, headers={**WAIT, **key}).json()
        for _ in range(2):
            answer = served.client.post("/api/v1/generate", json={"prompt": "done one time"}, headers={**bearer(job), **ASYNC, **key})
            assert answer.status_code == 200
            assert answer.json()["generation_id"] == job
            assert answer.json()["result"] == first["result"]
        assert served.client.get(f"/api/v1/generate/{job}").json()["status"] == "succeeded"
        assert sum("one time" in str(request) for request in served.upstream.requests) == 1

    def test_while_the_earlier_job_of_a_key_runs_the_delivery_shall_come_again(self, served: Served) -> None:
        served.processes.worker.terminate()
        served.processes.worker.wait()
        key, job = {"idempotency-key": generate_uuid()}, generate_uuid()
        earlier = served.client.post("/api/v1/generate", json={"prompt": "x"}, headers={**ASYNC, **key}).json()["generation_id"]
        again = {"json": {"prompt": "x"}, "headers": {**bearer(job), **ASYNC, **key}}
        problem = assert_problem(served.client.post("/api/v1/generate", **again), 425)
        assert earlier in problem["message"]
        served.processes.worker.start()
        wait_until(lambda: served.client.post("/api/v1/generate", **again).status_code == 200, what="the earlier job does not end")
        assert served.client.get(f"/api/v1/generate/{job}").json()["status"] == "succeeded"

    def test_a_key_that_has_another_body_is_told_under_the_id(self, served: Served) -> None:
        key, job = {"idempotency-key": generate_uuid()}, generate_uuid()
        served.client.post("/api/v1/generate", json={"prompt": "x"}, headers={**ASYNC, **key})
        for _ in range(2):
            answer = served.client.post("/api/v1/generate", json={"prompt": "y"}, headers={**bearer(job), **ASYNC, **key})
            assert answer.json()["generation_id"] == job
            assert answer.json()["error"]["error"] == "conflict"
        assert served.client.get(f"/api/v1/generate/{job}").json()["status"] == "failed"

    @pytest.mark.parametrize("body", [b'{"prompt": 7}', b"{", b"", b'{"prompt":"x","nothing":"known"}', b"\xff\x00"])
    def test_a_body_that_is_invalid_ends_the_job_with_what_is_wrong(self, served: Served, body: bytes) -> None:
        job, headers = generate_uuid(), {"content-type": "application/json", **ASYNC}
        answers = [served.client.post("/api/v1/generate", content=body, headers={**headers, **bearer(job)}) for _ in range(2)]
        for answer in (*answers, served.client.get(f"/api/v1/generate/{job}")):
            assert answer.json()["generation_id"] == job
            assert answer.json()["status"] == "failed"
            assert answer.json()["error"]["error"] in ("validation_failed", "malformed_body")
            assert answer.json()["error"]["message"]
        assert follow(served.client, f"/api/v1/generate/{job}/events")[-1].event == "job.failed"

    def test_a_job_that_was_cancelled_before_it_came_is_never_run(self, served: Served) -> None:
        job = generate_uuid()
        for _ in range(2):
            answer = served.client.post("/api/v1/generate", json={"prompt": "not me"}, headers={**bearer(job, cancelled=True), **ASYNC})
            assert answer.json()["generation_id"] == job
            assert answer.json()["status"] == "cancelled"
        assert served.client.get(f"/api/v1/generate/{job}").json()["status"] == "cancelled"
        assert follow(served.client, f"/api/v1/generate/{job}/events")[-1].event == "job.cancelled"
        assert not any("not me" in str(request) for request in served.upstream.requests)

    def test_a_cancel_ends_what_an_earlier_delivery_began(self, served: Served) -> None:
        served.processes.worker.terminate()
        served.processes.worker.wait()
        job = generate_uuid()
        assert served.client.post("/api/v1/generate", json={"prompt": "x"}, headers={**bearer(job), **ASYNC}).status_code == 202
        answer = served.client.post("/api/v1/generate", json={"prompt": "x"}, headers={**bearer(job, cancelled=True), **ASYNC})
        assert answer.json()["status"] == "cancelled"
        served.processes.worker.start()

    def test_a_job_that_was_given_up_says_why(self, served: Served) -> None:
        job, why = generate_uuid(), "the generator did not start within 7 days"
        answer = served.client.post("/api/v1/generate", json={"prompt": "x"}, headers={**bearer(job, failure=why), **ASYNC})
        assert answer.json()["status"] == "failed"
        assert served.client.get(f"/api/v1/generate/{job}").json()["message"] == why

    def test_a_batch_comes_item_by_item_and_its_key_holds_for_the_whole(self, served: Served) -> None:
        key, jobs = {"idempotency-key": generate_uuid()}, [generate_uuid() for _ in range(3)]
        batch = [{"prompt": f"item {n}"} for n in range(3)]
        for index in (1, 0, 2):
            answer = served.client.post("/api/v1/generate/batch", json=batch, headers={**bearer(jobs[index], item=index), **WAIT, **key})
            assert answer.status_code == 200, answer.text
            assert answer.json()["generation_id"] == jobs[index]
        whole = served.client.post("/api/v1/generate/batch", json=batch, headers={**WAIT, **key})
        assert [item["generation_id"] for item in whole.json()["items"]] == jobs

    def test_an_item_that_the_batch_has_not(self, served: Served) -> None:
        for item in (None, 1, 10):
            headers = {**bearer(generate_uuid(), item=item), **ASYNC}
            assert_problem(served.client.post("/api/v1/generate/batch", json=[{"prompt": "x"}], headers=headers), 401)

    def test_tokens_that_are_not_the_activators(self, served: Served) -> None:
        job = generate_uuid()
        for headers in (bearer(job, key="x" * 40), bearer(job, now_s=int(time.time()) - 600), bearer("no-id"), bearer(job, "")):
            answer = served.client.post("/api/v1/generate", json={"prompt": "x"}, headers={**headers, **ASYNC})
            assert_problem(answer, 401)
        assert_problem(served.client.get(f"/api/v1/generate/{job}"), 404)


class TestTheEnd:
    @pytest.fixture
    def mortal(self, tmp_path: Path, redis_server: RedisServer) -> Iterator[Served]:
        with (
            upstream(latency_s=60) as held,
            generator_processes(
                text_generator("brief", held.url),
                tmp_path,
                database_url=f"sqlite:///{tmp_path}/jobs.db",
                redis_url=redis_server.url,
                environment={"OCTAVO_LINGER_SECONDS": "1.5", "OCTAVO_DRAIN_SECONDS": "6"},
            ) as processes,
        ):
            processes.start()
            with httpx.Client(base_url=processes.url, timeout=30, trust_env=False) as client:
                yield Served(processes, held, client)

    def test_readiness_fails_at_once_while_requests_are_still_taken(self, mortal: Served) -> None:
        mortal.processes.api.terminate()
        # The fixture's client keeps its connection; a new one shows that new connections are still taken.
        wait_until(lambda: not mortal.processes.is_ready(), what="it still says that it is ready", deadline_s=1.4)
        unready = mortal.client.get("/health/ready")
        assert unready.json()["dependencies"]["process"]["status"] == "unhealthy"
        assert unready.headers["connection"] == "close"
        assert mortal.client.post("/api/v1/generate", json={"prompt": "x"}, headers=ASYNC).status_code == 202
        assert mortal.processes.api.wait() == 0

    def test_a_caller_who_waits_is_told_where_to_look_and_a_stream_ends(self, mortal: Served) -> None:
        job = mortal.client.post("/api/v1/generate", json={"prompt": "x"}, headers=ASYNC).json()["generation_id"]
        answers: list[httpx.Response] = []
        streams: list[list[str]] = []

        def wait() -> None:
            url = f"{mortal.processes.url}/api/v1/generate"
            answers.append(httpx.post(url, json={"prompt": "x"}, headers={"prefer": "wait=120"}, timeout=60, trust_env=False))

        def listen() -> None:
            with httpx.Client(base_url=mortal.processes.url, timeout=60, trust_env=False) as client:
                streams.append([frame.event for frame in follow(client, f"/api/v1/generate/{job}/events")])

        threads = [threading.Thread(target=wait), threading.Thread(target=listen)]
        for thread in threads:
            thread.start()
        wait_until(lambda: backlog(mortal.client)["activeRequests"] == 2, what="they do not wait")
        mortal.processes.api.terminate()
        assert mortal.processes.api.wait(20) == 0
        for thread in threads:
            thread.join(30)
        assert answers[0].status_code == 202
        assert answers[0].json()["message"] == "Please wait a moment"
        assert streams[0][:2] == ["job.accepted", "job.started"]


def test_a_generator_without_a_forwarding_key_refuses_what_claims_to_be_forwarded(tmp_path: Path, redis_server: RedisServer) -> None:
    with (
        upstream() as answering,
        generator_processes(
            text_generator("open", answering.url), tmp_path, database_url=f"sqlite:///{tmp_path}/jobs.db", redis_url=redis_server.url
        ) as processes,
    ):
        processes.start()
        answer = httpx.post(f"{processes.url}/api/v1/generate", json={"prompt": "x"}, headers=bearer(generate_uuid()), trust_env=False)
        assert_problem(answer, 401)


def test_the_streams_of_events_may_be_in_a_redis_of_their_own(tmp_path: Path, redis_server: RedisServer, own_redis: RedisServer) -> None:
    with (
        upstream() as answering,
        generator_processes(
            text_generator("apart", answering.url),
            tmp_path,
            database_url=f"sqlite:///{tmp_path}/jobs.db",
            redis_url=redis_server.url,
            environment={"OCTAVO_EVENTS_REDIS_URL": own_redis.url},
        ) as processes,
    ):
        processes.start()
        with httpx.Client(base_url=processes.url, timeout=30, trust_env=False) as client:
            job = client.post("/api/v1/generate", json={"prompt": "x"}, headers=WAIT).json()["generation_id"]
            told = [frame.event for frame in follow(client, f"/api/v1/generate/{job}/events")]
            assert told == ["job.accepted", "job.started", "job.succeeded"]
            assert redis.Redis.from_url(own_redis.url).keys("octavo:events:*") == [b"octavo:events:anonymous"]
            assert redis.Redis.from_url(redis_server.url).keys("octavo:events:*") == []
            own_redis.stop()
            answer = client.post("/api/v1/generate", json={"prompt": "x"}, headers=WAIT)
            assert answer.json()["status"] == "succeeded", "events are told, jobs are done"
            assert processes.is_ready()


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"OCTAVO_GENERATORS": "other"}, "OCTAVO_GENERATORS must be the name of one generator in OCTAVO_GENERATORS_FILE"),
        ({"OCTAVO_GENERATORS_FILE": "absent.json"}, "OCTAVO_GENERATORS_FILE: absent.json cannot be read"),
        ({"OCTAVO_FORWARDING_KEY": "too-short"}, "OCTAVO_FORWARDING_KEY: "),
        ({"OCTAVO_DATABASE_URL": "oracle://user:hunter2@db/x"}, "no store for a 'oracle' database"),
    ],
)
def test_a_wrong_setting_is_the_last_line(tmp_path: Path, environment: dict[str, str], line: str) -> None:
    document = text_generator("odd", "http://127.0.0.1:9/v1")
    given = {"database_url": f"sqlite:///{tmp_path}/jobs.db", "redis_url": f"redis://127.0.0.1:{free_port()}/0"}
    with generator_processes(document, tmp_path, **given, environment=environment) as processes:
        processes.api.start()
        assert processes.api.wait() == 1
        assert processes.api.last_line["event"].startswith(line)
        assert processes.api.last_line["level"] == "error"
        assert "hunter2" not in processes.api.log
        assert "too-short" not in processes.api.log


def test_a_port_that_is_taken_is_the_last_line(served: Served, tmp_path: Path) -> None:
    port = str(served.processes.port)
    given = {"database_url": f"sqlite:///{tmp_path}/jobs.db", "redis_url": f"redis://127.0.0.1:{free_port()}/0"}
    with generator_processes(text_generator("odd", "http://h/v1"), tmp_path, **given, environment={"OCTAVO_PORT": port}) as processes:
        processes.api.start()
        assert processes.api.wait() == 1
        assert processes.api.last_line["event"] == f"cannot listen on 127.0.0.1 port {port}: Address already in use"
