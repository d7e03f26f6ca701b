"""`kubectl octavo jobs` and `logs`: what they ask kubectl for, and what they make of its answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.unit.octavo.kube.scenes import recorded

JOB = {
    "generation_id": "0199a1b2-0000-7000-8000-000000000001",
    "status": "failed",
    "attempt": 3,
    "message": "[red]up[/red] answered 400",
    "timings": {"accepted_at": "2026-11-21T09:00:00.000Z", "run_ms": 812},
}
PAGE = {"success": True, "items": [JOB], "next_cursor": None, "queue": {"queued": 4, "delayed": 1, "running": 2}}


@dataclass
class Kubectl:
    """A program of that name that answers as it is told, and keeps what it was asked."""

    folder: Path

    def answers(self, **answers: Any) -> None:
        """By the first word that stands in the command line; a string is what it complains of."""
        cases = []
        for word, answer in answers.items():
            file = self.folder / f"{word}.answer"
            file.write_text(answer if isinstance(answer, str) else json.dumps(answer))
            ending = f"cat {file} >&2; exit 1" if isinstance(answer, str) else f"cat {file}; exit 0"
            cases.append(f"*{word}*) {ending} ;;")
        program = self.folder / "kubectl"
        program.write_text(f'#!/bin/sh\necho "$@" >> {self.folder}/asked\ncase "$*" in\n{chr(10).join(cases)}\n*) echo "$@" ;;\nesac\n')
        program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}"}
        argv = [sys.executable, "-m", "octavo.commands.kube.cli", *words]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done


@pytest.fixture
def kubectl(tmp_path: Path) -> Kubectl:
    return Kubectl(tmp_path)


def resource(scene: str = "awake", **spec: Any) -> dict[str, Any]:
    found, _ = recorded(scene)
    found["spec"].update(spec)
    return found


def test_jobs_are_asked_through_the_api_server(kubectl: Kubectl) -> None:
    kubectl.answers(raw=PAGE, generatorservices=resource())
    done = kubectl.run("jobs", "gen/tiny-stories", "-n", "prod", "--status", "failed", "--status", "queued", "--limit", "5")
    assert done.returncode == 0, done.stderr
    assert kubectl.asked[-1] == (
        "get --raw /api/v1/namespaces/prod/services/tiny-stories-api:http/proxy/api/v1/jobs?limit=5&status=failed&status=queued"
    )
    assert JOB["generation_id"] in done.stdout
    assert "[red]up[/red] answered 400" in done.stdout, "what a provider says is no markup"
    assert "queued 4, waiting to run again 1, running 2" in done.stdout


def test_a_generator_that_sleeps_is_not_woken_by_a_look(kubectl: Kubectl) -> None:
    found = resource("asleep")
    found["status"]["api"] = {"ready": 0, "desired": 0}
    kubectl.answers(generatorservices=found)
    done = kubectl.run("jobs", "tiny-stories", "-n", "prod")
    assert done.returncode == 1
    assert "sleeps; `kubectl octavo wake tiny-stories`" in done.stderr
    assert not any("raw" in asked for asked in kubectl.asked)


def test_a_generator_that_wants_a_token_says_how_to_ask_it(kubectl: Kubectl) -> None:
    kubectl.answers(generatorservices=resource(auth={"mode": "jwt"}))
    done = kubectl.run("jobs", "tiny-stories", "-n", "prod")
    assert done.returncode == 1
    assert "kubectl port-forward service/tiny-stories-api" in done.stderr


def test_a_refusal_of_the_generator_is_told_in_its_words(kubectl: Kubectl) -> None:
    problem = json.dumps({"success": False, "error": "unavailable", "message": "the database of jobs does not answer", "status": 503})
    kubectl.answers(raw=f"Error from server (ServiceUnavailable): {problem}", generatorservices=resource())
    done = kubectl.run("jobs", "tiny-stories", "-n", "prod")
    assert done.returncode == 1
    assert "the generator answers: the database of jobs does not answer" in done.stderr


def test_logs_turn_into_kubectls_own(kubectl: Kubectl) -> None:
    kubectl.answers(pods={"items": [{"metadata": {"name": "p"}}]})
    done = kubectl.run("logs", "tiny-stories", "-n", "prod", "-c", "db", "-c", "redis", "-f", "--tail", "7", "--previous")
    assert done.returncode == 0
    assert done.stdout.strip() == (
        "--namespace prod logs --selector app.kubernetes.io/instance=tiny-stories,app.kubernetes.io/component in (db,redis)"
        " --all-containers --prefix --ignore-errors --tail=7 --max-log-requests=50 --follow --previous"
    )


def test_an_unknown_component_is_refused(kubectl: Kubectl) -> None:
    kubectl.answers()
    assert kubectl.run("logs", "tiny-stories", "-c", "cache").returncode == 2


def test_top_sums_what_is_measured(kubectl: Kubectl) -> None:
    usage = [{"name": "c", "usage": {"cpu": "250m", "memory": "64Mi"}}]
    pod = {"metadata": {"name": "p", "namespace": "prod", "labels": {"app.kubernetes.io/instance": "tiny-stories"}}, "containers": usage}
    found = resource()
    found["status"]["queue"] = {"queued": 3, "running": 1, "delayed": 0, "oldestSeconds": 12.0}
    kubectl.answers(**{"metrics.k8s.io": {"items": [pod, pod]}, "generatorservices": {"items": [found]}})
    done = kubectl.run("top", "-n", "prod")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1].split() == ["tiny-stories", "3", "1", "0", "12s", "1/1", "1/1", "500m", "128Mi"]
