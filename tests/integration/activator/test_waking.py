"""From asleep to awake with a real generator: whatever was accepted before is done after, once."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.activator.conftest import Generator
from tests.integration.activator.test_asleep import Listener
from tests.servers.activator_process import FORWARDING_KEY, Activator, activator_process, route
from tests.servers.answers import ENDS, follow
from tests.servers.generator_process import GeneratorProcesses, generator_processes
from tests.servers.generators import text_generator
from tests.servers.jwks import Issuer
from tests.servers.redis import RedisServer
from tests.servers.starting import free_port, wait_until
from tests.servers.upstream import Upstream, upstream

pytestmark = pytest.mark.needs("redis")

ASYNC = {"prefer": "respond-async"}


@dataclass
class Sleeper:
    """A real generator that is not there yet, and the activator's view of it."""

    generator: Generator
    processes: GeneratorProcesses
    upstream: Upstream
    resource: dict[str, Any]

    def wake(self) -> None:
        self.generator.put("starting", message="starting the pods", resource=self.resource)
        self.processes.start()
        self.generator.put("ready", pods=[f"127.0.0.1:{self.processes.port}"], resource=self.resource)

    def sleep(self) -> None:
        for process in (self.processes.api, self.processes.worker):
            process.terminate()
        for process in (self.processes.api, self.processes.worker):
            assert process.wait() == 0
        self.generator.put("asleep", resource=self.resource)

    def there(self, job: str) -> dict[str, Any]:
        """The job as the generator itself answers for it."""
        body: dict[str, Any] = httpx.get(f"{self.processes.url}/api/v1/generate/{job}", timeout=10, trust_env=False).json()
        return body

    def until_there(self, job: str, *statuses: str) -> dict[str, Any]:
        wait_until(lambda: self.there(job).get("status") in statuses, what=f"{job} is not {statuses}")
        return self.there(job)

    def runs_of(self, prompt: str) -> int:
        with self.upstream.lock:
            return sum(prompt == request["messages"][-1]["content"] for request in self.upstream.requests)


@pytest.fixture
def sleeper(
    asleep: Generator, tmp_path: Path, redis_server: RedisServer, tokens: Issuer, request: pytest.FixtureRequest
) -> Iterator[Sleeper]:
    spec = getattr(request, "param", {})
    resource = {"task": "text", **spec}
    asleep.put("asleep", resource=resource)
    with (
        upstream() as answering,
        generator_processes(
            text_generator(asleep.name, answering.url, **spec),
            tmp_path,
            database_url=f"sqlite:///{tmp_path}/jobs.db",
            redis_url=redis_server.url,
            environment={"OCTAVO_FORWARDING_KEY": FORWARDING_KEY, "OCTAVO_JWKS_URL": tokens.url},
        ) as processes,
    ):
        yield Sleeper(asleep, processes, answering, resource)


def test_one_connection_tells_the_whole_way(sleeper: Sleeper) -> None:
    job = sleeper.generator.accepted("tell me all")
    listener = Listener(sleeper.generator, job)
    listener.until(2)
    sleeper.wake()
    told = listener.end()

    kinds = [frame.event for frame in told]
    assert kinds[0] == "job.accepted"
    assert kinds.count("job.accepted") == 1
    assert kinds.count("job.started") == 1
    assert kinds[-1] == "job.succeeded"
    assert sum(kind in ENDS for kind in kinds) == 1
    stages = [frame.data["data"]["stage"] for frame in told if frame.event == "job.progress" and frame.data["data"]["status"] == "queued"]
    assert stages[:2] == ["asleep; it has been called", "starting: starting the pods"]
    order = [tuple(map(int, str(frame.id).split("-"))) for frame in told]
    assert order == sorted(set(order)), "ids rise over the hand-over"
    assert told[-1].data["data"]["result"]["result"]["text"] == "An answer."

    middle = told[1]
    with httpx.Client(base_url=sleeper.processes.url, trust_env=False, timeout=30) as direct:
        after = follow(direct, f"/api/v1/generate/{job}/events", last_event_id=middle.id)
    assert [frame.event for frame in after][-1] == "job.succeeded"
    assert "job.started" in [frame.event for frame in after], "our ids are known there"


def test_who_waits_gets_the_result(sleeper: Sleeper) -> None:
    answers: list[httpx.Response] = []

    def ask(base: str) -> None:
        url = f"{sleeper.generator.url}{base}/api/v1/generate"
        answers.append(httpx.post(url, json={"prompt": f"wait {base}"}, headers={"prefer": "wait=60"}, timeout=90, trust_env=False))

    threads = [threading.Thread(target=ask, args=(base,)) for base in ("", f"/generators/{sleeper.generator.name}")]
    for thread in threads:
        thread.start()
    wait_until(lambda: (sleeper.generator.waiting or {}).get("requests") == 2, what="they do not wait")
    sleeper.wake()
    for thread in threads:
        thread.join(60)
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert answer.json()["result"]["text"] == "An answer."
        assert answer.headers["preference-applied"] == "wait=60"
        assert answer.json()["timings"]["wait_ms"] > 500, "the time of the start counts"
    assert len(sleeper.upstream.requests) == 2


def test_what_was_accepted_is_there_under_its_id(sleeper: Sleeper) -> None:
    job = sleeper.generator.accepted("later")
    accepted_at = sleeper.generator.job(job)["timings"]["accepted_at"]
    sleeper.wake()
    told = sleeper.until_there(job, "succeeded")
    assert told["timings"]["accepted_at"] == accepted_at
    assert sleeper.runs_of("later") == 1
    wait_until(lambda: sleeper.generator.waiting is None, what="it is still held")
    assert sleeper.generator.job(job)["status"] == "succeeded", "passed on"


def test_a_cancelled_job_is_never_run_and_known_as_cancelled(sleeper: Sleeper) -> None:
    job, other = sleeper.generator.accepted("not this"), sleeper.generator.accepted("but this")
    assert sleeper.generator.client.delete(f"/api/v1/generate/{job}").status_code == 200
    sleeper.wake()
    assert sleeper.until_there(other, "succeeded")
    assert sleeper.until_there(job, "cancelled")
    assert sleeper.runs_of("not this") == 0


def test_a_request_that_only_the_generator_can_judge_fails_with_its_reason(sleeper: Sleeper) -> None:
    answer = sleeper.generator.client.post("/api/v1/generate", json={"prompt": "x", "colour": "blue"}, headers=ASYNC)
    job = answer.json()["generation_id"]
    listener = Listener(sleeper.generator, job)
    sleeper.wake()
    told = sleeper.until_there(job, "failed")
    assert told["error"]["error"] == "validation_failed"
    assert "colour" in told["error"]["message"]
    assert listener.end()[-1].event == "job.failed"


def test_a_batch(sleeper: Sleeper) -> None:
    batch, key = [{"prompt": f"item {n}"} for n in range(3)], {"idempotency-key": "all of them"}
    answer = sleeper.generator.client.post("/api/v1/generate/batch", json=batch, headers={**ASYNC, **key})
    ids = [item["generation_id"] for item in answer.json()["items"]]
    sleeper.wake()
    assert [sleeper.until_there(job, "succeeded")["generation_id"] for job in ids] == ids
    again = httpx.post(f"{sleeper.processes.url}/api/v1/generate/batch", json=batch, headers=key, timeout=10, trust_env=False)
    assert [item["generation_id"] for item in again.json()["items"]] == ids
    assert [sleeper.runs_of(item["prompt"]) for item in batch] == [1, 1, 1]


def test_a_key_means_the_same_before_during_and_after_sleep(sleeper: Sleeper) -> None:
    key = {"idempotency-key": "nightly"}
    sleeper.wake()
    first = sleeper.generator.submit("nightly", prefer="wait=30", **key).json()
    sleeper.sleep()
    second = sleeper.generator.accepted("nightly", **key)
    assert sleeper.generator.accepted("nightly", **key) == second
    sleeper.wake()
    told = sleeper.until_there(second, "succeeded")
    assert told["result"] == first["result"]
    third = sleeper.generator.submit("nightly", prefer="wait=30", **key).json()
    assert third["generation_id"] == first["generation_id"]
    assert sleeper.runs_of("nightly") == 1


def test_other_requests_are_held_until_it_answers(sleeper: Sleeper) -> None:
    answers: list[httpx.Response] = []

    def ask() -> None:
        while not answers or answers[-1].status_code == 503:
            answers.append(sleeper.generator.client.get("/api/v1/jobs", params={"limit": 1}))

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(lambda: (sleeper.generator.waiting or {}).get("requests") == 1, what="the request does not wait")
    sleeper.wake()
    asking.join(120)
    assert answers[-1].status_code == 200
    assert answers[-1].json()["items"] == []


@pytest.mark.parametrize("sleeper", [{"auth": {"mode": "jwt"}}], indirect=True)
def test_a_job_stays_its_callers_own(sleeper: Sleeper, tokens: Issuer) -> None:
    ana, ben = tokens.headers("ana"), tokens.headers("ben")
    job = sleeper.generator.accepted("hers", **ana)
    listener = Listener(sleeper.generator, job, **ana)
    sleeper.wake()
    assert listener.end()[-1].event == "job.succeeded"
    with httpx.Client(base_url=sleeper.processes.url, trust_env=False, timeout=10) as direct:
        assert direct.get(f"/api/v1/generate/{job}", headers=ana).json()["status"] == "succeeded"
        assert direct.get(f"/api/v1/generate/{job}", headers=ben).status_code == 404


@dataclass
class Crowd:
    """Callers who want their jobs accepted whatever happens: each asks again, with its key, until it has an id."""

    url: str
    count: int
    ids: dict[str, str] = field(default_factory=dict)
    threads: list[threading.Thread] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        self.threads = [threading.Thread(target=self._ask, args=(f"job {n}",), daemon=True) for n in range(self.count)]
        for thread in self.threads:
            thread.start()

    def _ask(self, prompt: str) -> None:
        # One client each, and a breath between two tries: fifty threads that spin would be the load, not the callers.
        with httpx.Client(base_url=self.url, timeout=10, trust_env=False, verify=False) as client:
            while not self.over.is_set():
                with contextlib.suppress(httpx.HTTPError):
                    answer = client.post("/api/v1/generate", json={"prompt": prompt}, headers={**ASYNC, "idempotency-key": prompt})
                    if answer.status_code == 202:
                        self.ids[prompt] = answer.json()["generation_id"]
                        return
                self.over.wait(0.05)


@dataclass
class Operator:
    """Tells the table over and over, as the operator does."""

    activator: Activator
    told: dict[str, Any]
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.wait(0.1):
            with contextlib.suppress(httpx.HTTPError, AssertionError):
                self.activator.tell(self.told)


def test_fifty_jobs_and_an_activator_that_is_killed_again_and_again(tmp_path: Path, redis_server: RedisServer) -> None:
    chance, port = random.Random(20_251_121), free_port()
    with (
        upstream() as answering,
        activator_process(tmp_path / "activator") as activator,
        generator_processes(
            text_generator("hardy", answering.url),
            tmp_path / "generator",
            database_url=f"sqlite:///{tmp_path}/jobs.db",
            redis_url=redis_server.url,
            environment={"OCTAVO_FORWARDING_KEY": FORWARDING_KEY},
        ) as processes,
        contextlib.ExitStack() as ending,
    ):
        operator = Operator(activator, route("hardy", port))
        telling = threading.Thread(target=operator.run, daemon=True)
        activator.start()
        telling.start()
        ending.callback(telling.join, 10)
        ending.callback(operator.stop.set)
        crowd = Crowd(f"http://127.0.0.1:{port}", 50)
        crowd.start()
        ending.callback(crowd.over.set)

        def kill_after(held: int) -> None:
            """At whatever point it is in then."""
            wait_until(lambda: sum(item["jobs"] for item in activator.waiting()) >= held or len(crowd.ids) == 50, what="nothing comes in")
            threading.Event().wait(chance.uniform(0, 0.02))
            activator.process.kill()
            activator.start()

        for held in (1, 10, 25, 40):
            kill_after(held)
        for thread in crowd.threads:
            thread.join(60)
        assert len(crowd.ids) == 50
        assert len(set(crowd.ids.values())) == 50

        processes.start()
        operator.told = route("hardy", port, "ready", pods=[f"127.0.0.1:{processes.port}"], target=None)
        for _ in range(4):
            threading.Event().wait(chance.uniform(0.005, 0.15))
            activator.process.kill()
            activator.start()

        with httpx.Client(base_url=processes.url, trust_env=False, timeout=10) as direct:
            for job in crowd.ids.values():
                wait_until(lambda job=job: direct.get(f"/api/v1/generate/{job}").json().get("status") == "succeeded", what=f"{job} is lost")  # type: ignore[misc]
        wait_until(lambda: activator.waiting() == [], what="jobs are still held")
        with answering.lock:
            prompts = sorted(request["messages"][-1]["content"] for request in answering.requests)
        assert prompts == sorted(crowd.ids), "each was run, and none twice"


def test_what_was_accepted_outlives_its_activator(tmp_path: Path) -> None:
    port = free_port()
    with activator_process(tmp_path) as activator:
        activator.start()
        activator.tell(route("x", port))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as caller:
            ids = [caller.post("/api/v1/generate", json={"prompt": "x"}, headers=ASYNC).json()["generation_id"] for _ in range(5)]
            caller.delete(f"/api/v1/generate/{ids[0]}")
        activator.process.kill()
        activator.start()
        assert [item["jobs"] for item in activator.waiting()] == [4], "the operator may ask before it has told anything"
        activator.tell(route("x", port))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as caller:
            statuses = [caller.get(f"/api/v1/generate/{job}").json()["status"] for job in ids]
        assert statuses == ["cancelled", "queued", "queued", "queued", "queued"]


def test_a_stop_answers_those_who_wait(tmp_path: Path) -> None:
    port = free_port()
    with activator_process(tmp_path) as activator:
        activator.start()
        activator.tell(route("x", port))
        answers: list[httpx.Response] = []

        def ask(method: str, path: str, **headers: str) -> None:
            url = f"http://127.0.0.1:{port}{path}"
            answers.append(httpx.request(method, url, json={"prompt": "x"}, headers=headers, timeout=60, trust_env=False))

        threads = [
            threading.Thread(target=ask, args=("POST", "/api/v1/generate"), kwargs={"prefer": "wait=60"}),
            threading.Thread(target=ask, args=("POST", "/api/v1/other")),
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: any(item["requests"] == 2 for item in activator.waiting()), what="they do not wait")
        activator.process.terminate()
        assert activator.process.wait(20) == 0
        for thread in threads:
            thread.join(10)
        assert sorted(answer.status_code for answer in answers) == [202, 503]
