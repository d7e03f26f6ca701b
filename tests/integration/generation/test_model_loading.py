"""A worker whose model cannot be loaded: it stays, says why, fails its jobs with the reason, and mends itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.servers.generator_process import GeneratorProcesses, generator_processes
from tests.servers.redis import RedisServer
from tests.servers.starting import free_port, wait_until

from octavo_generation.engines.builtin import builtin_path

pytestmark = pytest.mark.needs("redis")


def stories(model: str) -> dict[str, Any]:
    return {
        "apiVersion": "octavo.dev/v1alpha1",
        "kind": "GeneratorService",
        "metadata": {"name": "mine"},
        "spec": {
            "task": "story",
            "engine": {"name": "ctranslate2", "model": model},
            "audiences": {"children": {"maxTokens": 40}},
            "jobs": {"maxAttempts": 1},
        },
    }


class Probed:
    def __init__(self, processes: GeneratorProcesses, port: int) -> None:
        self.processes, self.port = processes, port

    def ready(self) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}/health/ready", timeout=5, trust_env=False)

    def trouble(self) -> str | None:
        answer = httpx.get(f"{self.processes.url}/api/v1/backlog", timeout=5, trust_env=False).json()
        trouble: str | None = answer["modelTrouble"]
        return trouble

    def story(self) -> dict[str, Any]:
        answer = httpx.post(
            f"{self.processes.url}/api/v1/generate",
            json={"prompt": "Luna", "audience": "children"},
            headers={"prefer": "wait=30"},
            timeout=40,
            trust_env=False,
        )
        body: dict[str, Any] = answer.json()
        return body


@pytest.fixture
def served(tmp_path: Path, redis_server: RedisServer) -> Iterator[Probed]:
    port = free_port()
    with generator_processes(
        stories(f"file://{tmp_path}/model"),
        tmp_path / "run",
        database_url=f"sqlite:///{tmp_path}/jobs.db",
        redis_url=redis_server.url,
        environment={"OCTAVO_METRICS_PORT": str(port), "OCTAVO_MODEL_RETRY_SECONDS": "0.5"},
    ) as processes:
        processes.start()
        yield Probed(processes, port)


def test_a_model_that_is_missing_is_said_and_comes_to_work_when_it_is_there(served: Probed, tmp_path: Path) -> None:
    def told() -> bool:
        answer = served.ready()
        return answer.status_code == 503 and "holds no model.bin" in answer.json().get("dependencies", {}).get("model of mine", {}).get(
            "message", ""
        )

    wait_until(told, what="the worker does not say what it misses", deadline_s=60)
    failed = served.story()
    assert failed["error"]["error"] == "misconfigured"
    assert "holds no model.bin" in failed["error"]["message"]
    assert not served.processes.worker.has_ended
    wait_until(lambda: "holds no model.bin" in str(served.trouble()), what="the API does not say it for whoever looks after it")
    assert "Traceback" not in served.processes.worker.log

    shutil.copytree(builtin_path("tiny-stories"), tmp_path / "model")
    wait_until(lambda: served.ready().status_code == 200, what="the worker does not become ready", deadline_s=60)
    assert "Luna" in served.story()["result"]["text"]
    wait_until(lambda: served.trouble() is None, what="the API goes on saying it")
    assert served.processes.worker.running is not None
    assert served.processes.worker.running.poll() is None
