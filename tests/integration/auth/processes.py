"""Auth as a process of its own, and a person who uses it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
from tests.integration.auth.house import PASSWORD
from tests.servers.starting import free_port, running, wait_until

PORTS_TRIED = 3
"""A free port may be somebody else's by the time it is listened on."""


@contextlib.contextmanager
def auth_process(folder: Path, **environment: str) -> Iterator[tuple[httpx.Client, Path]]:
    """A client, and the log."""
    log = folder / "auth.log"
    with contextlib.ExitStack() as stack:
        for _ in range(PORTS_TRIED):
            port = free_port()
            process = stack.enter_context(_started(folder, log, port, environment))
            client = stack.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False))
            wait_until(lambda: process.poll() is not None or _is_alive(client), what="auth does not answer", deadline_s=60)  # noqa: B023
            if process.poll() is None:
                break
            assert "address already in use" in log.read_text(), log.read_text()
        yield client, log


@contextlib.contextmanager
def _started(folder: Path, log: Path, port: int, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    before = dict(os.environ)
    os.environ |= {"OCTAVO_HOME": str(folder / "home"), "OCTAVO_HOST": "127.0.0.1", "OCTAVO_PORT": str(port), **environment}
    with contextlib.ExitStack() as stack:
        try:
            process = stack.enter_context(running([sys.executable, "-m", "octavo_auth"], log=log))
        finally:
            os.environ.clear()
            os.environ |= before
        yield process


def _is_alive(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return client.get("/api/auth/health/live").status_code == 200
    return False


def wait_until_ready(client: httpx.Client) -> None:
    wait_until(lambda: client.get("/api/auth/health/ready").status_code == 200, what="auth does not become ready", deadline_s=60)


def register(client: httpx.Client, email: str) -> None:
    answer = client.post("/api/auth/register", json={"name": "Ana", "email": email, "password": PASSWORD})
    assert answer.status_code == 202, answer.text

    def texts() -> list[str]:
        items = client.get("/api/auth/outbox").json()["items"]
        return [str(item["text"]) for item in items if item["to"] == email]

    wait_until(lambda: bool(texts()), what="no code arrives", deadline_s=60)
    code = texts()[0].split("code: ")[1][:6]
    verified = client.post("/api/auth/verify", json={"verification_id": answer.json()["verification_id"], "code": code})
    assert verified.status_code == 200, verified.text


def log_in(client: httpx.Client, email: str) -> dict[str, str]:
    """Headers."""
    answer = client.post("/api/auth/login", json={"username": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}
