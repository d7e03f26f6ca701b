"""Each service as a process of its own, as a cluster runs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.servers.answers import assert_problem
from tests.servers.generator_process import Process
from tests.servers.jwks import Issuer, issuer
from tests.servers.redis import RedisServer
from tests.servers.starting import free_port, wait_until

SERVICES = ["characters", "stories"]


def process(service: str, folder: Path, **environment: str) -> Process:
    return Process([sys.executable, "-m", f"octavo_{service}"], {"OCTAVO_HOME": str(folder), **environment}, folder / f"{service}.log")


@pytest.fixture(scope="module")
def tokens() -> Iterator[Issuer]:
    with issuer() as opened:
        yield opened


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_serves_until_it_is_told_to_stop(service: str, tmp_path: Path, redis_server: RedisServer, tokens: Issuer) -> None:
    port = free_port()
    started = process(service, tmp_path, OCTAVO_PORT=str(port), OCTAVO_REDIS_URL=redis_server.url, OCTAVO_JWKS_URL=tokens.url)
    started.start()
    base = f"http://127.0.0.1:{port}/api/{service}"
    try:
        wait_until(
            lambda: started.has_ended or httpx.get(f"{base}/health/ready", timeout=5, trust_env=False).status_code == 200,
            what=f"{service} is not ready; see {started.log_file}",
            deadline_s=60,
        )
        assert not started.has_ended, started.log
        headers = {"authorization": f"Bearer {tokens.token('ana', 'user', aud='octavo')}"}
        with httpx.Client(timeout=20, trust_env=False) as client:
            assert_problem(client.get(base), 401)
            assert client.get(base, headers=headers).json() == {"success": True, "items": [], "next_cursor": None}
            assert client.get(f"{base}/openapi.json").json()["info"]["title"] == f"Octavo {service}"
        started.terminate()
        assert started.wait(30) == 0
    finally:
        started.close()


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "OCTAVO_JWKS_URL"),
        ({"OCTAVO_JWKS_URL": "http://h/j", "OCTAVO_DOCUMENTS_URL": "mysql://u:secret@h/d"}, "documents"),
        ({"OCTAVO_JWKS_URL": "http://h/j", "OCTAVO_WORK_CONCURRENCY": "0"}, "OCTAVO_WORK_CONCURRENCY"),
    ],
)
def test_a_setting_that_cannot_be_is_named_in_the_last_line(environment: dict[str, str], named: str, tmp_path: Path) -> None:
    ended = process("stories", tmp_path, **environment)
    ended.start()
    assert ended.wait(60) == 1
    assert named in ended.last_line["event"]
    assert "secret" not in ended.log
