"""Auth, characters, stories and notifications, each as a process of its own, over stores that a test names: as a cluster has them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.servers.generator_process import Process
from tests.servers.starting import free_port, wait_until

SERVICES = ("auth", "characters", "stories", "notifications")


@dataclass(frozen=True)
class Served:
    name: str
    port: int
    process: Process

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def health(self) -> str:
        return f"{self.base}/api/{self.name}/health"

    def is_ready(self) -> bool:
        assert not self.process.has_ended, self.process.log[-4_000:]
        answer = httpx.get(f"{self.health}/ready", timeout=10, trust_env=False)
        return answer.status_code == 200 and answer.json()["status"] == "healthy"

    def until_ready(self, within_s: float = 60) -> None:
        wait_until(
            lambda: self.process.has_ended or self.is_ready(),
            what=f"{self.name} is not ready; see {self.process.log_file}",
            deadline_s=within_s,
        )
        assert not self.process.has_ended, f"{self.name} ended:\n{self.process.log[-4_000:]}"


@contextlib.contextmanager
def people_processes(folder: Path, environment: Mapping[str, Mapping[str, str]]) -> Iterator[dict[str, Served]]:
    """Started together, and ready. `environment` by service; what stands under "" is for all."""
    ports = {name: free_port() for name in SERVICES}
    told = {
        "OCTAVO_HOST": "127.0.0.1",
        "OCTAVO_HOME": str(folder),
        "OCTAVO_JWKS_URL": f"http://127.0.0.1:{ports['auth']}/.well-known/jwks.json",
        "OCTAVO_CHARACTERS_URL": f"http://127.0.0.1:{ports['characters']}",
        "OCTAVO_DRAIN_SECONDS": "1",
        # As little as may be: no password here is worth more.
        "OCTAVO_PASSWORD_MEMORY_KIB": "8192",
        "OCTAVO_PASSWORD_PASSES": "1",
        "OCTAVO_THROTTLE_SCALE": "1000",
    }
    served = {
        name: Served(
            name,
            ports[name],
            Process(
                [sys.executable, "-m", f"octavo_{name}"],
                {**told, **environment.get("", {}), "OCTAVO_PORT": str(ports[name]), **environment.get(name, {})},
                folder / f"{name}.log",
            ),
        )
        for name in SERVICES
    }
    try:
        for one in served.values():
            one.process.start()
        for one in served.values():
            one.until_ready()
        yield served
    finally:
        for one in served.values():
            if one.process.running is not None and not one.process.has_ended:
                one.process.terminate()
        for one in served.values():
            one.process.close()
