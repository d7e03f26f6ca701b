"""The processes of one generator as a cluster runs them: its API and its worker, each to be started, stopped and killed apart."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
from tests.servers.starting import free_port, wait_until


@dataclass
class Process:
    """One process with its log; `last_line` is what a cluster would show of its end."""

    argv: list[str]
    environment: Mapping[str, str]
    log_file: Path
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert self.running is None or self.running.poll() is not None
        with self.log_file.open("ab") as output:
            self.running = subprocess.Popen(
                self.argv,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**_clean_environment(), **self.environment},
                start_new_session=True,
            )

    def wait(self, within_s: float = 30) -> int:
        assert self.running is not None
        return self.running.wait(within_s)

    def terminate(self) -> None:
        assert self.running is not None
        self.running.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        assert self.running is not None
        self.running.kill()
        self.running.wait(10)

    def close(self) -> None:
        if self.running is None or self.running.poll() is not None:
            return
        self.running.terminate()
        try:
            self.running.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()

    @property
    def has_ended(self) -> bool:
        return self.running is not None and self.running.poll() is not None

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace") if self.log_file.exists() else ""

    @property
    def last_line(self) -> dict[str, Any]:
        line: dict[str, Any] = orjson.loads(self.log.strip().splitlines()[-1])
        return line


@dataclass
class GeneratorProcesses:
    """API and worker of one generator over one database and one Redis."""

    name: str
    port: int
    api: Process
    worker: Process
    others: list[Process] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.api.start()
        self.worker.start()
        self.until_ready()

    def until_ready(self) -> None:
        wait_until(lambda: self.api.has_ended or self.is_ready(), what=f"{self.name} is not ready; see {self.api.log_file}", deadline_s=60)
        assert not self.api.has_ended, f"the API ended:\n{self.api.log[-4000:]}"

    def is_ready(self) -> bool:
        return httpx.get(f"{self.url}/health/ready", timeout=5, trust_env=False).status_code == 200


@contextlib.contextmanager
def generator_processes(
    document: dict[str, Any], folder: Path, *, database_url: str, redis_url: str, environment: Mapping[str, str] | None = None
) -> Iterator[GeneratorProcesses]:
    """Made, not started. Ended with the block."""
    name = document["metadata"]["name"]
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "generators.json"
    file.write_bytes(orjson.dumps([document]))
    port = free_port()
    shared = {
        "OCTAVO_GENERATORS_FILE": str(file),
        "OCTAVO_GENERATORS": name,
        "OCTAVO_DATABASE_URL": database_url,
        "OCTAVO_REDIS_URL": redis_url,
        "OCTAVO_HOME": str(folder),
        **(environment or {}),
    }
    served = GeneratorProcesses(
        name,
        port,
        api=Process(
            [sys.executable, "-m", "octavo_generation.server"],
            {"OCTAVO_HOST": "127.0.0.1", "OCTAVO_PORT": str(port), "OCTAVO_LINGER_SECONDS": "0", **shared},
            folder / "api.log",
        ),
        worker=Process([sys.executable, "-m", "octavo_generation.worker"], {"OCTAVO_DRAIN_SECONDS": "5", **shared}, folder / "worker.log"),
    )
    try:
        yield served
    finally:
        for process in (served.worker, served.api, *served.others):
            process.close()


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("OCTAVO_")}
