"""A whole platform, started as a person starts it: `octavo up` in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.servers.starting import free_port, wait_until


@dataclass
class Platform:
    base: str
    port: int
    home: Path
    log_file: Path
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    def children(self, kind: str) -> list[psutil.Process]:
        """Child processes by kind: `worker`, `api` or `redis`."""
        part = {"worker": "octavo_generation.worker", "api": "octavo.platform.server", "redis": "redis-server"}[kind]
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if any(part in argument for argument in child.cmdline()):
                    found.append(child)
        return found

    def kill(self, kind: str) -> int:
        """kill -9 of every process of that kind; how many."""
        victims = self.children(kind)
        for victim in victims:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
        return len(victims)

    def is_ready(self) -> bool:
        with urllib.request.urlopen(f"{self.base}/health/ready", timeout=2) as answer:
            return answer.status == 200

    def interrupt(self, within_s: float = 30) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(within_s)


@contextlib.contextmanager
def platform(
    *files: Path,
    home: Path,
    environment: dict[str, str] | None = None,
    options: Sequence[str | Path] = (),
    ready_within_s: float = 60,
    port: int | None = None,
) -> Iterator[Platform]:
    port = port or free_port()
    home.mkdir(parents=True, exist_ok=True)
    log_file = home.parent / f"{home.name}.log"
    argv = [sys.executable, "-m", "octavo", "up", "--port", str(port), *map(str, options)]
    for file in files:
        argv += ["-f", str(file)]
    with log_file.open("wb") as output:
        process = subprocess.Popen(
            argv,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "OCTAVO_HOME": str(home), **(environment or {})},
            start_new_session=True,
        )
    started = Platform(f"http://127.0.0.1:{port}", port, home, log_file, process)
    try:
        wait_until(
            lambda: process.poll() is not None or started.is_ready(),
            what=f"the platform is not ready; see {log_file}",
            deadline_s=ready_within_s,
        )
        assert process.poll() is None, f"the platform ended with {process.returncode}:\n{started.log}"
        yield started
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
        if process.poll() is None:
            for child in psutil.Process(process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            process.kill()
            process.wait(10)
