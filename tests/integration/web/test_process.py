"""`python -m octavo_web`: the pages as a process of their own, as in a cluster; all else is somewhere else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.integration.web.conftest import EMAIL, Studio
from tests.servers.people import PASSWORD
from tests.servers.redis import RedisServer
from tests.servers.starting import free_port, wait_until

pytestmark = pytest.mark.needs("redis")


def command(studio: Studio, redis_url: str, port: int, home: Path) -> tuple[list[str], dict[str, str]]:
    names = ("AUTH", "GENERATORS", "CHARACTERS", "STORIES", "NOTIFICATIONS")
    environment = {
        **os.environ,
        **{f"OCTAVO_{name}_URL": studio.base for name in names},
        "OCTAVO_JWKS_URL": f"{studio.base}/.well-known/jwks.json",
        "OCTAVO_REDIS_URL": redis_url,
        "OCTAVO_PORT": str(port),
        "OCTAVO_HOME": str(home),
        "OCTAVO_PUBLIC_URL": "https://octavo.example",
        "OCTAVO_ROUTER_GENERATORS": '{"Mine": "tiny-stories"}',
    }
    return [sys.executable, "-m", "octavo_web"], environment


@pytest.fixture(scope="module")
def alone(
    studio: Studio, redis_session: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    argv, environment = command(studio, redis_session.url, port, tmp_path_factory.mktemp("web"))
    process = subprocess.Popen(argv, env=environment)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until(
            lambda: httpx.get(f"{base}/api/web/health/ready", timeout=2).status_code == 200, what="the pages are not ready", deadline_s=60
        )
        yield base, process
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_behind_https_a_session_is_for_https_and_this_host_alone(alone: tuple[str, subprocess.Popen[bytes]]) -> None:
    with httpx.Client(base_url=alone[0], timeout=60, trust_env=False, headers={"sec-fetch-site": "same-origin"}) as client:
        answer = client.post("/login", data={"username": EMAIL, "password": PASSWORD})
        assert answer.status_code == 303
        cookies = answer.headers.get_list("set-cookie")
        assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-octavo_access", "__Host-octavo_refresh", "__Host-octavo_name"}
        assert all("secure" in cookie.lower() and "path=/" in cookie.lower() for cookie in cookies)
        assert "strict-transport-security" in answer.headers
        # httpx keeps them for https, as a browser does; here there is none.
        kept = "; ".join(cookie.partition(";")[0] for cookie in cookies)
        assert "tiny-stories" in client.get("/studio", headers={"cookie": kept}).text
        accepted = client.post("/api/router_generator/Mine", json={"prompt": "A kite"}, headers={"cookie": kept, "prefer": "respond-async"})
        assert accepted.status_code == 202


def test_where_accounts_are_away_that_is_said(studio: Studio, redis_session: RedisServer, tmp_path: Path) -> None:
    port = free_port()
    argv, environment = command(studio, redis_session.url, port, tmp_path)
    process = subprocess.Popen(argv, env={**environment, "OCTAVO_AUTH_URL": "http://127.0.0.1:1"})
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: httpx.get(f"{base}/login", timeout=5).status_code == 200, what="the pages are not ready", deadline_s=60)
        with httpx.Client(base_url=base, timeout=60, trust_env=False, headers={"sec-fetch-site": "same-origin"}) as client:
            answer = client.post("/login", data={"username": EMAIL, "password": PASSWORD})
            assert (answer.status_code, "auth does not answer" in answer.text) == (503, True)
            # Nobody is logged out because auth is away.
            held = client.get("/studio", headers={"cookie": f"__Host-octavo_refresh={'r' * 43}"})
            assert (held.status_code, "set-cookie" in held.headers) == (503, False)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("name", "value"), [("OCTAVO_AUTH_URL", "auth:8000"), ("OCTAVO_ROUTER_GENERATORS", "{"), ("OCTAVO_JWKS_URL", None)]
)
def test_a_bad_setting_ends_it_with_its_name(tmp_path: Path, name: str, value: str | None) -> None:
    environment = {**os.environ, "OCTAVO_HOME": str(tmp_path), "OCTAVO_JWKS_URL": "http://127.0.0.1:1/keys"}
    if value is None:
        del environment[name]
    else:
        environment[name] = value
    done = subprocess.run([sys.executable, "-m", "octavo_web"], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert name in (done.stdout + done.stderr).splitlines()[-1]
