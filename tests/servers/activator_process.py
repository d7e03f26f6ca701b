"""The activator as a cluster runs it, and the part of the operator that tells it what sleeps."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.servers.generator_process import Process
from tests.servers.starting import free_port, wait_until

TOKEN = "a-token-that-is-long-enough"
FORWARDING_KEY = "f" * 40


@dataclass
class Activator:
    process: Process
    port: int
    home: Path
    client: httpx.Client = field(repr=False)

    def start(self) -> None:
        self.process.start()
        wait_until(lambda: self.process.has_ended or self.is_ready(), what=f"the activator is not ready; see {self.process.log_file}")
        assert not self.process.has_ended, self.process.log[-4000:]

    def is_ready(self) -> bool:
        return self.client.get("/health/ready").status_code == 200

    def tell(self, *routes: dict[str, Any]) -> dict[str, Any]:
        """The whole table."""
        answer = self.client.put("/routes", json=list(routes))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def waiting(self) -> list[dict[str, Any]]:
        answer = self.client.get("/waiting")
        assert answer.status_code == 200, answer.text
        body: list[dict[str, Any]] = answer.json()
        return body


def route(name: str, port: int, phase: str = "asleep", **more: Any) -> dict[str, Any]:
    return {
        "namespace": "default",
        "name": name,
        "port": port,
        "phase": phase,
        "message": "",
        "target": f"http://{name}-api.default.svc:80",
        "pods": [],
        "forwarding_key": FORWARDING_KEY,
        "resource": {"task": "text"},
        **more,
    }


@contextlib.contextmanager
def activator_process(folder: Path, environment: dict[str, str] | None = None) -> Iterator[Activator]:
    """Made, not started; ended with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    process = Process(
        [sys.executable, "-m", "octavo_activator"],
        {
            "OCTAVO_HOST": "127.0.0.1",
            "OCTAVO_PORT": str(port),
            "OCTAVO_HOME": str(folder),
            "OCTAVO_ACTIVATOR_TOKEN": TOKEN,
            "OCTAVO_PORTS": "1024-65535",
            "OCTAVO_LINGER_SECONDS": "0",
            "OCTAVO_DRAIN_SECONDS": "5",
            **(environment or {}),
        },
        folder / "activator.log",
    )
    headers = {"authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=10, trust_env=False) as client:
        try:
            yield Activator(process, port, folder, client)
        finally:
            process.close()
