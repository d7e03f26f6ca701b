"""Jobs while pods come and go: from no worker to many and back, a killed worker, rolled pods. Each job ends once."""

from __future__ import annotations

import json

import pytest
from scripts.cluster.api import Object
from tests.e2e.conftest import SERVICE_IMAGE, Generators
from tests.e2e.house import Generator, seen_upstream, start_upstream, wait
from tests.servers.cluster import Cluster

pytestmark = [pytest.mark.needs("cluster", "images"), pytest.mark.timeout(480)]


def through(url: str, **more: Object) -> Object:
    key = {"secretRef": {"name": "provider", "key": "apiKey"}}
    provider = {"name": "main", "type": "openai-compatible", "model": "m", "baseUrl": url, "credentials": key}
    return {"task": "text", "providers": [provider], **more}


def add_key(generator: Generator, value: str) -> None:
    generator.kubectl("create", "secret", "generic", "provider", f"--from-literal=apiKey={value}")


def all_ended(generator: Generator, ids: list[str]) -> bool:
    states = generator.states()
    assert "failed" not in states.values(), states
    return all(states[job_id] == "succeeded" for job_id in ids)


def test_a_burst_wakes_workers_and_they_go_again(generators: Generators, octavo: Cluster) -> None:
    generator = generators("burst")
    url = start_upstream(octavo, generator.namespace, SERVICE_IMAGE, latency_s=1.0)
    add_key(generator, "one")
    scaling = {"jobsPerWorker": 50, "maxAgeSeconds": 60, "idleSeconds": 10}
    generator.apply(through(url, workers={"min": 0, "max": 3, "concurrency": 8, "scaling": scaling, "drainSeconds": 30}))
    generator.wait_ready()
    assert generator.pods("worker") == []
    assert generator.condition("Sleeping")["status"] == "True"
    ids = generator.ask_in_bulk(200)
    most = 0

    def done() -> bool:
        nonlocal most
        most = max(most, len(generator.pods("worker")))
        return all_ended(generator, ids)

    wait(done, what="200 jobs end", deadline_s=120, tell=generator.account)
    assert most == 3
    wait(lambda: not generator.pods("worker"), what="the workers go", deadline_s=90, tell=generator.account)
    wait(lambda: generator.is_true("Sleeping"), what="Sleeping", tell=generator.account)
    assert sorted(seen_upstream(octavo, generator.namespace)["prompts"]) == sorted(f"number {number}" for number in range(200))
    assert set(generator.states().values()) == {"succeeded"}
    assert len(generator.states()) == 200


def test_a_killed_worker_and_a_changed_secret_lose_nothing(generators: Generators, octavo: Cluster) -> None:
    generator = generators("rolled")
    url = start_upstream(octavo, generator.namespace, SERVICE_IMAGE, latency_s=2.0)
    add_key(generator, "first")
    jobs = {"leaseSeconds": 4}
    generator.apply(through(url, jobs=jobs, workers={"min": 2, "max": 2, "concurrency": 4, "drainSeconds": 30}))
    generator.wait_ready()
    wait(lambda: len(generator.pods("worker")) == 2, what="two workers", tell=generator.account)
    ids = generator.ask_in_bulk(60)
    wait(lambda: "running" in generator.states().values(), what="work begins")
    victim = generator.pods("worker")[0]["metadata"]["name"]
    generator.kubectl("delete", "pod", victim, "--grace-period=0", "--force")
    before = {pod["metadata"]["name"] for pod in generator.pods("worker")}
    encoded = json.dumps({"stringData": {"apiKey": "second"}})
    generator.kubectl("patch", "secret", "provider", "-p", encoded)
    wait(lambda: all_ended(generator, ids), what="60 jobs end", deadline_s=180, tell=generator.account)
    wait(
        lambda: len(now := {pod["metadata"]["name"] for pod in generator.pods("worker")}) == 2 and not now & before,
        what="both workers are new",
        deadline_s=120,
        tell=generator.account,
    )
    last = generator.generate("with which key?")
    assert last["status"] == "succeeded", last
    seen = seen_upstream(octavo, generator.namespace)
    assert seen["keys"][-1] == "Bearer second"
    assert {f"number {number}" for number in range(60)} <= set(seen["prompts"])
    assert len(generator.states()) == 61


def test_a_generator_that_sleeps_wholly_wakes_for_a_request(generators: Generators, octavo: Cluster) -> None:
    generator = generators("sleeper")
    url = start_upstream(octavo, generator.namespace, SERVICE_IMAGE)
    add_key(generator, "one")
    workers = {"min": 0, "max": 1, "scaling": {"idleSeconds": 3}, "drainSeconds": 10}
    generator.apply(through(url, api={"sleepSeconds": 10}, workers=workers))
    generator.wait_ready()
    wait(
        lambda: not any(generator.pods(component) for component in ("api", "worker", "redis", "db")),
        what="everything sleeps",
        deadline_s=120,
        tell=generator.account,
    )
    wait(lambda: generator.is_true("Sleeping") and generator.is_true("Ready"), what="Sleeping and Ready", tell=generator.account)
    status, accepted = generator.ask_from_inside("POST", "/api/v1/generate", {"prompt": "wake up"})
    assert (status, accepted["status"]) == (202, "queued"), accepted
    path = f"/api/v1/generate/{accepted['generation_id']}"

    def succeeded() -> bool:
        status, answer = generator.ask_from_inside("GET", path)
        return status == 200 and answer["status"] == "succeeded"

    wait(succeeded, what="the job that woke it ends", deadline_s=120, tell=generator.account)
    assert seen_upstream(octavo, generator.namespace)["prompts"] == ["wake up"]
    wait(lambda: bool(generator.pods("api")), what="the API stands")
