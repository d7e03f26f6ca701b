"""Where the admin API is away its pages say so, keep what was typed, and show everything again when it is back."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.integration.web.conftest import ROOT, Studio
from tests.integration.web.test_process import command
from tests.servers.people import PASSWORD
from tests.servers.redis import RedisServer
from tests.servers.starting import free_port, wait_until

pytestmark = pytest.mark.needs("redis")


@contextmanager
def pages(studio: Studio, redis_url: str, home: Path, admin_url: str) -> Iterator[httpx.Client]:
    """The pages as a process of its own, with an admin's session."""
    port = free_port()
    argv, environment = command(studio, redis_url, port, home)
    process = subprocess.Popen(argv, env={**os.environ, **environment, "OCTAVO_ADMIN_URL": admin_url})
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: httpx.get(f"{base}/login", timeout=5).status_code == 200, what="the pages are not ready", deadline_s=60)
        with httpx.Client(base_url=base, timeout=60, trust_env=False, headers={"sec-fetch-site": "same-origin"}) as client:
            answer = client.post("/login", data={"username": ROOT, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            # Cookies for https, which httpx keeps from a plain address.
            client.headers["cookie"] = "; ".join(one.partition(";")[0] for one in answer.headers.get_list("set-cookie"))
            client.cookies.clear()
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_each_page_says_what_is_away_and_keeps_what_was_typed(studio: Studio, redis_session: RedisServer, tmp_path: Path) -> None:
    with pages(studio, redis_session.url, tmp_path, "http://127.0.0.1:1") as client:
        overview = client.get("/admin")
        assert overview.status_code == 200
        assert overview.text.count("admin does not answer") == 3
        for path, typed in (
            ("/admin/jobs?state=failed&generator=writer", 'value="writer"'),
            ("/admin/users?q=Ana", 'value="Ana"'),
            ("/admin/logs?text=provider", 'value="provider"'),
            ("/admin/audit?action=login", 'value="login"'),
        ):
            answer = client.get(path, headers={"accept-language": "es"})
            assert answer.status_code == 503, path
            assert "admin no responde" in answer.text
            assert typed in answer.text
            assert "data-live" in answer.text, "so that the page mends itself"
            part = client.get(path, headers={"hx-request": "true"})
            assert (part.status_code, part.headers["hx-retarget"]) == (503, "#problem")
        letters = client.post("/admin/jobs", data={"generator": "writer", "limit": "7"})
        assert letters.status_code == 503
        assert 'value="7"' in letters.text


def test_by_themselves_the_pages_ask_where_they_are_told_to(studio: Studio, redis_session: RedisServer, tmp_path: Path) -> None:
    with pages(studio, redis_session.url, tmp_path, studio.base) as client:
        assert "<b>writer</b>" in client.get("/admin").text
        assert client.get("/admin/jobs").status_code == 200
