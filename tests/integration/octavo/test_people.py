"""A person's whole way on a laptop, from a stranger to somebody of whom nothing is left."""

from __future__ import annotations

import asyncio
import io
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import redis
import socketio
from PIL import Image
from tests.integration.notifications.test_javascript_client import browser
from tests.servers.platform import Platform, platform

EXAMPLES = Path(__file__).parents[3] / "examples"
PASSWORD = "a kite by the river 7"
EMAIL = "luna.prueba@example.org"
SECRET_WORD = "quetzalcoatlus"
"""Stands in everything that Luna has written, and nowhere else."""
Found = TypeVar("Found")

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("node")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    home = tmp_path_factory.mktemp("people") / "home"
    with platform(EXAMPLES / "tiny-stories.yaml", EXAMPLES / "images.yaml", home=home) as started:
        yield started


@pytest.fixture
def client(running: Platform) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.base, timeout=60, trust_env=False) as opened:
        yield opened


def until(look: Callable[[], Found | None], *, what: str, deadline_s: float = 60) -> Found:
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} within {deadline_s:g} s")


def code_for(client: httpx.Client, address: str) -> str:
    def caught() -> str | None:
        for item in client.get("/api/auth/outbox").json()["items"]:
            if item["to"] == address and (match := re.search(r"code: ([0-9]{6})", item["text"])) is not None:
                return match[1]
        return None

    return until(caught, what="no code came")


def account(client: httpx.Client, name: str, email: str) -> dict[str, Any]:
    """What login answers."""
    asked = client.post("/api/auth/register", json={"name": name, "email": email, "password": PASSWORD})
    assert asked.status_code == 202, asked.text
    confirmed = client.post("/api/auth/verify", json={"verification_id": asked.json()["verification_id"], "code": code_for(client, email)})
    assert confirmed.status_code == 200, confirmed.text
    answer = client.post("/api/auth/login", json={"username": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def picture() -> bytes:
    output = io.BytesIO()
    Image.new("RGB", (64, 48), "orange").save(output, "PNG")
    return output.getvalue()


async def test_from_a_stranger_to_nobody(running: Platform, client: httpx.Client) -> None:
    said = account(client, "Luna Prueba", EMAIL)
    user, headers = said["user"]["id"], {"authorization": f"Bearer {said['access_token']}"}

    made = ok(client.post("/api/characters", json={"name": "Mar", "description": f"a {SECRET_WORD} with a kite"}, headers=headers), 201)
    character = made["character"]["id"] if "character" in made else made["id"]
    path = f"/api/characters/{character}"
    ok(client.put(f"{path}/picture", content=picture(), headers={**headers, "content-type": "image/png"}))
    assert client.get(f"{path}/picture", headers=headers).headers["content-type"].startswith("image/")
    ok(client.post(f"{path}/picture/generate", json={}, headers=headers), 202)

    def drawn() -> bool | None:
        body = ok(client.get(path, headers=headers))
        drawing = (body.get("character") or body)["drawing"]
        assert drawing["state"] != "failed", drawing
        return drawing["state"] == "done" or None

    until(drawn, what="no picture was made")

    # There, while it is written: Socket.IO's own client for JavaScript.
    async with browser(running.base, said["access_token"], "websocket") as page:
        await page.until("ready")
        story = await asyncio.to_thread(write, client, headers, character)
        await page.until("event")
        await asyncio.to_thread(until, lambda: ready(client, headers, story), what="no story was written")
        await asyncio.to_thread(
            until, lambda: any(line.get("event") == "job.succeeded" for line in page.lines) or None, what="nobody was told"
        )
    last = ok(client.get("/api/notifications", params={"limit": 500}, headers=headers))["last_event_id"]

    # Away, while another is written: it is told on the way back.
    away = write(client, headers, character)
    until(lambda: ready(client, headers, away), what="no story was written")
    assert "job.succeeded" in await missed(running.base, said["access_token"], last)

    document = client.get(f"/api/stories/{story}", headers=headers)
    changed = client.patch(f"/api/stories/{story}", json={"title": "La cometa"}, headers={**headers, "if-match": document.headers["etag"]})
    assert changed.status_code == 200, changed.text
    for kind, begins in (("md", b"# La cometa"), ("pdf", b"%PDF"), ("epub", b"PK")):
        exported = client.get(f"/api/stories/{story}/export", params={"format": kind}, headers=headers)
        assert exported.status_code == 200, exported.text
        assert exported.content.startswith(begins), exported.content[:60]
    assert client.delete(f"/api/stories/{away}", headers=headers).status_code == 204

    told = {"prompt": f"A {SECRET_WORD} of one's own"}
    assert ok(client.post("/generators/tiny-stories/api/v1/generate", json=told, headers=headers))["success"]
    client.post("/generators/images/api/v1/generate", json=told, headers={**headers, "prefer": "wait=30"})

    stranger = account(client, "Otra", "otra@example.org")
    theirs = {"authorization": f"Bearer {stranger['access_token']}"}
    for mine in (path, f"{path}/picture", f"/api/stories/{story}", f"/api/stories/{story}/versions"):
        assert client.get(mine, headers=theirs).status_code == 404, mine
    for needs_one in ("/api/characters", "/api/stories", "/api/notifications", "/api/auth/me"):
        assert client.get(needs_one).status_code == 401, needs_one

    (server,) = running.children("redis")
    socket = next(part for part in " ".join(server.cmdline()).split() if part.startswith("unixsocket:")).removeprefix("unixsocket:")
    assert {where.partition(" ")[0] for where in traces(running.home, socket, user)} >= {"auth.db", "jobs.db", "documents.db", "Redis"}
    ended = client.request("DELETE", "/api/auth/me", json={"password": PASSWORD}, headers=headers)
    assert ended.status_code in (200, 202, 204), ended.text
    until(lambda: not traces(running.home, socket, user) or None, what="something of her is left", deadline_s=90)
    assert client.post("/api/auth/login", json={"username": EMAIL, "password": PASSWORD}).status_code == 401
    assert client.get("/api/auth/me", headers=theirs).status_code == 200


def write(client: httpx.Client, headers: dict[str, str], character: str) -> str:
    asked = {"prompt": f"Mar the {SECRET_WORD} lost a kite", "character_ids": [character], "audience": "children", "language": "en"}
    body = ok(client.post("/api/stories/write", json=asked, headers=headers), 202)
    found: str = (body.get("story") or body)["id"]
    return found


def ready(client: httpx.Client, headers: dict[str, str], story: str) -> bool | None:
    body = ok(client.get(f"/api/stories/{story}", headers=headers))
    document = body.get("story") or body
    assert document["state"] != "failed", document
    return document["state"] == "ready" or None


async def missed(base: str, token: str, after: str) -> list[str]:
    """The types of events that a client gets that comes back with the last id it saw."""
    heard: list[str] = []
    caught_up = asyncio.Event()
    listening = socketio.AsyncClient(reconnection=False)
    listening.on("*", lambda event, *_: heard.append(event))
    listening.on("replay.done", lambda *_: caught_up.set())
    await listening.connect(base, auth={"token": token, "lastEventId": after}, transports=["websocket"])
    async with asyncio.timeout(30):
        await caught_up.wait()
    await listening.disconnect()
    return heard


def traces(home: Path, socket: str, user: str) -> list[str]:
    """Where her id, her address or her words still stand: in any table of any database, in Redis, in the name of any file."""
    needles = (user, EMAIL, SECRET_WORD, "Luna Prueba")
    found = []
    for file in home.rglob("*.db"):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    text = " ".join(str(value) for value in row)
                    found += [f"{file.name} {table}: {needle}" for needle in needles if needle in text]
    found += [str(file) for file in home.rglob("*") if user in str(file)]
    with closing(redis.Redis(unix_socket_path=socket, decode_responses=True)) as kept:
        for key in kept.scan_iter(count=1_000):
            value = kept.xrange(key) if kept.type(key) == "stream" else kept.dump(key)
            found += [f"Redis {key}: {needle}" for needle in needles if needle in f"{key} {value}"]
    return found
