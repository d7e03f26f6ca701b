"""What Application Insights gets of one request: its spans in both processes, tied by the correlation id, without prompts and keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.servers.application_insights import Ingestion, application_insights
from tests.servers.generator_process import generator_processes
from tests.servers.generators import provider, text_generator
from tests.servers.redis import RedisServer
from tests.servers.starting import wait_until
from tests.servers.upstream import upstream

pytestmark = pytest.mark.needs("redis")

CORRELATION = "abc123-def456-ghi789"
PROMPT = "a-prompt-that-nobody-else-shall-read"
KEY = "sk-insights-5d1c7a90b2-never-to-be-seen"


@dataclass(frozen=True)
class Told:
    ingestion: Ingestion
    answer: httpx.Response
    failed: httpx.Response


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, redis_session: RedisServer) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("insights")
    with application_insights() as ingestion, upstream() as answering:
        document = text_generator(
            "quill", answering.url, providers=[provider(answering.url, credentials={"env": "INSIGHTS_TEST_KEY"})], jobs={"maxAttempts": 1}
        )
        environment = {
            "APPLICATIONINSIGHTS_CONNECTION_STRING": ingestion.connection_string,
            "ENVIRONMENT": "development",
            "INSIGHTS_TEST_KEY": KEY,
        }
        with generator_processes(
            document, folder, database_url=f"sqlite:///{folder}/jobs.db", redis_url=redis_session.url, environment=environment
        ) as processes:
            processes.start()
            headers = {"prefer": "wait=30", "x-correlation-id": CORRELATION}
            with httpx.Client(base_url=processes.url, timeout=60, trust_env=False, headers=headers) as client:
                answer = client.post("/api/v1/generate", json={"prompt": PROMPT})
                answering.fail_next.append((400, {}, {"error": {"message": f"{PROMPT} {KEY}"}}))
                failed = client.post("/api/v1/generate", json={"prompt": PROMPT}, headers={"x-correlation-id": "failing"})
            for process in (processes.api, processes.worker):
                # What is left is sent at the end.
                process.terminate()
                process.wait()
        yield Told(ingestion, answer, failed)


def of(told: Told, kind: str, name: str, correlation: str = CORRELATION) -> dict[str, Any]:
    found = [
        span
        for span in told.ingestion.spans(kind)
        if span["data"]["baseData"]["name"] == name and span["data"]["baseData"]["properties"].get("octavo.correlation_id") == correlation
    ]
    assert len(found) == 1, told.ingestion.envelopes
    return found[0]


def test_the_request_and_the_job_arrive(told: Told) -> None:
    assert told.answer.status_code == 200, told.answer.text
    request = of(told, "Request", "POST /api/v1/generate")["data"]["baseData"]
    assert (request["responseCode"], request["success"]) == ("200", True)
    job = of(told, "Request", "run job")["data"]["baseData"]
    assert job["success"] is True
    assert job["properties"]["octavo.generator"] == "quill"
    assert job["properties"]["octavo.job"] == told.answer.json()["generation_id"]


def test_all_of_one_request_is_one_operation(told: Told) -> None:
    request, job = of(told, "Request", "POST /api/v1/generate"), of(told, "Request", "run job")
    operation = request["tags"]["ai.operation.id"]
    assert job["tags"]["ai.operation.id"] == operation
    calls = [span for span in told.ingestion.spans("RemoteDependency") if span["tags"]["ai.operation.id"] == operation]
    assert [call["data"]["baseData"]["name"] for call in calls] == ["call provider"]
    assert calls[0]["data"]["baseData"]["properties"]["octavo.correlation_id"] == CORRELATION
    assert calls[0]["tags"]["ai.operation.parentId"] == job["data"]["baseData"]["id"]
    assert of(told, "Request", "run job", "failing")["tags"]["ai.operation.id"] != operation


def test_a_failure_is_told_by_its_code(told: Told) -> None:
    assert told.failed.status_code >= 400
    job = of(told, "Request", "run job", "failing")["data"]["baseData"]
    assert job["success"] is False
    assert job["properties"]["octavo.error"] == told.failed.json()["error"]["error"]


def test_no_prompt_no_result_no_key(told: Told) -> None:
    everything = b"\n".join(told.ingestion.raw)
    assert b"run job" in everything
    for secret in (PROMPT, KEY, told.answer.json()["result"]["text"]):
        assert secret.encode() not in everything


def test_the_services_are_told_apart(told: Told) -> None:
    wait_until(lambda: len({envelope["tags"]["ai.cloud.role"] for envelope in told.ingestion.envelopes}) >= 2, what="two services")
    assert {"octavo-api", "octavo-worker"} <= {envelope["tags"]["ai.cloud.role"] for envelope in told.ingestion.envelopes}
