"""A platform for the command's tests, and the command itself as a person calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.servers.generators import text_generator, write_generators
from tests.servers.platform import Platform, platform
from tests.servers.upstream import Upstream, upstream

EXAMPLES = Path(__file__).parents[3] / "examples"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


def octavo(*arguments: str | Path, within_s: float = 60, cwd: Path | None = None, **environment: str) -> Ran:
    """The command in a process of its own, its output not a terminal. Nothing it writes is ever a stack trace."""
    done = subprocess.run(
        [sys.executable, "-m", "octavo", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=within_s,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        env={**os.environ, **environment},
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Small:
    platform: Platform
    upstream: Upstream
    held: Upstream

    def octavo(self, *arguments: str, **environment: str) -> Ran:
        return octavo(*arguments, **{"OCTAVO_PORT": str(self.platform.port), **environment})


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Small]:
    folder = tmp_path_factory.mktemp("small")
    with upstream() as answering, upstream(latency_s=120) as held:
        file = write_generators(
            folder / "small.yaml",
            text_generator("text", answering.url, jobs={"maxAttempts": 1}),
            text_generator("slow", held.url),
            text_generator("locked", answering.url, auth={"mode": "jwt"}),
        )
        with platform(file, EXAMPLES, home=folder / "home") as running:
            yield Small(running, answering, held)


@pytest.fixture(scope="session")
def client(small: Small) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=small.platform.base, timeout=60, trust_env=False) as session:
        yield session
