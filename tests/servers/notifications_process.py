"""The notification service as a process of its own."""

from __future__ import annotations

import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.servers.generator_process import Process
from tests.servers.starting import free_port, wait_until


@dataclass
class NotificationsProcess:
    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process.start()
        wait_until(self._is_ready, what=f"notifications are not ready; see {self.process.log_file}", deadline_s=60)

    def _is_ready(self) -> bool:
        assert not self.process.has_ended, self.process.log
        with urllib.request.urlopen(f"{self.url}/api/notifications/health/ready", timeout=2) as answer:
            return bool(answer.status == 200)


def notifications_process(folder: Path, redis_url: str, **environment: str) -> NotificationsProcess:
    """Not started. Without a `OCTAVO_JWKS_URL` everyone is anonymous."""
    port = free_port()
    process = Process(
        [sys.executable, "-m", "octavo_notifications"],
        {
            "OCTAVO_HOST": "127.0.0.1",
            "OCTAVO_PORT": str(port),
            "OCTAVO_HOME": str(folder),
            "OCTAVO_REDIS_URL": redis_url,
            "OCTAVO_DRAIN_SECONDS": "1",
            **environment,
        },
        folder / f"notifications-{port}.log",
    )
    return NotificationsProcess(port, process)
