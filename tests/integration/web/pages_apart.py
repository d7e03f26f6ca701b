"""The pages as a process of their own, with a door between them and the services that keep characters and stories."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.integration.web.conftest import Studio
from tests.servers.starting import free_port, wait_until
from tests.servers.tcp_gate import TcpGate, tcp_gate


@dataclass(frozen=True)
class PagesApart:
    base: str
    gate: TcpGate
    """Shut, neither characters nor stories answer; all else does."""


@contextlib.contextmanager
def pages_apart(studio: Studio, redis_url: str, home: Path) -> Iterator[PagesApart]:
    port = free_port()
    with tcp_gate(studio.base) as gate:
        environment = {
            **os.environ,
            **{f"OCTAVO_{name}_URL": studio.base for name in ("AUTH", "GENERATORS", "NOTIFICATIONS")},
            **{f"OCTAVO_{name}_URL": gate.url.rstrip("/") for name in ("CHARACTERS", "STORIES")},
            "OCTAVO_JWKS_URL": f"{studio.base}/.well-known/jwks.json",
            "OCTAVO_REDIS_URL": redis_url,
            "OCTAVO_PORT": str(port),
            "OCTAVO_HOME": str(home),
        }
        environment.pop("OCTAVO_PUBLIC_URL", None)
        process = subprocess.Popen([sys.executable, "-m", "octavo_web"], env=environment)
        base = f"http://127.0.0.1:{port}"
        try:
            wait_until(
                lambda: httpx.get(f"{base}/api/web/health/ready", timeout=5).status_code == 200,
                what="the pages are not ready",
                deadline_s=60,
            )
            yield PagesApart(base, gate)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
