"""A person's whole way, from a stranger to somebody of whom nothing is left: the same on a laptop and in a cluster, which differ in how the
platform is reached and in where one has to look for what is left."""

from __future__ import annotations

import asyncio
import io
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import socketio
from PIL import Image
from tests.integration.notifications.test_javascript_client import browser

PASSWORD = "a kite by the river 7"
RUN = secrets.token_hex(4)
"""Of this run alone: a cluster stays, with whoever an earlier run left in it."""
NAME, EMAIL = f"Luna Prueba {RUN}", f"luna.{RUN}@example.org"
SECRET_WORD = f"quetzalcoatlus{RUN}"
"""Stands in everything that Luna has written, and nowhere else."""
Found = TypeVar("Found")


@dataclass(frozen=True)
class Way:
    """How one installation is reached."""

    client: httpx.Client
    """Everything that people call, at the paths that they call it at."""
    socket_io: str
    """Base URL of Socket.IO."""
    traces: Callable[[str], list[str]]
    """Where a user's id, or anything of `needles`, still stands, as `STORE what`, in any store."""
    stores: frozenset[str]
    """Those where something of her must be found before she goes, or the search would prove nothing."""
    draws: bool
    """Whether there is a generator of pictures."""


@dataclass(frozen=True)
class Account:
    user: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


def needles(user: str) -> tuple[str, ...]:
    return user, EMAIL, SECRET_WORD, NAME


def until(look: Callable[[], Found | None], *, what: str, deadline_s: float = 60, pause_s: float = 0.05) -> Found:
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(pause_s)
    raise AssertionError(f"{what} within {deadline_s:g} s")


def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def code_for(client: httpx.Client, address: str) -> str:
    def caught() -> str | None:
        for item in ok(client.get("/api/auth/outbox"))["items"]:
            if item["to"] == address and (match := re.search(r"code: ([0-9]{6})", item["text"])) is not None:
                return match[1]
        return None

    return until(caught, what="no code came")


def account(client: httpx.Client, name: str, email: str) -> Account:
    """Of somebody new. The address must be one of this run's."""
    asked = ok(client.post("/api/auth/register", json={"name": name, "email": email, "password": PASSWORD}), 202)
    ok(client.post("/api/auth/verify", json={"verification_id": asked["verification_id"], "code": code_for(client, email)}))
    said = ok(client.post("/api/auth/login", json={"username": email, "password": PASSWORD}))
    return Account(said["user"]["id"], said["access_token"])


def picture() -> bytes:
    output = io.BytesIO()
    Image.new("RGB", (64, 48), "orange").save(output, "PNG")
    return output.getvalue()


def document(body: Any, kind: str) -> Any:
    return body.get(kind, body)


def create_character(way: Way, luna: Account) -> str:
    """With a picture, and one that a generator has drawn where there is one. Its id."""
    client, headers = way.client, luna.headers
    told = {"name": "Mar", "description": f"a {SECRET_WORD} with a kite"}
    made: str = document(ok(client.post("/api/characters", json=told, headers=headers), 201), "character")["id"]
    path = f"/api/characters/{made}"
    ok(client.put(f"{path}/picture", content=picture(), headers={**headers, "content-type": "image/png"}))
    assert client.get(f"{path}/picture", headers=headers).headers["content-type"].startswith("image/")
    if way.draws:
        ok(client.post(f"{path}/picture/generate", json={}, headers=headers), 202)

        def drawn() -> bool | None:
            drawing = document(ok(client.get(path, headers=headers)), "character")["drawing"]
            assert drawing["state"] != "failed", drawing
            return drawing["state"] == "done" or None

        until(drawn, what="no picture was made")
    return made


def write(way: Way, luna: Account, character: str) -> str:
    """A story with the character, on its way; its id."""
    asked = {"prompt": f"Mar the {SECRET_WORD} lost a kite", "character_ids": [character], "audience": "children", "language": "en"}
    found: str = document(ok(way.client.post("/api/stories/write", json=asked, headers=luna.headers), 202), "story")["id"]
    return found


def ready(way: Way, luna: Account, story: str) -> bool | None:
    found = document(ok(way.client.get(f"/api/stories/{story}", headers=luna.headers)), "story")
    assert found["state"] != "failed", found
    return found["state"] == "ready" or None


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


async def receive_stories(way: Way, luna: Account, character: str) -> tuple[str, str]:
    """One while its reader is there (Socket.IO's own client for JavaScript), one while she is away and told on her way back."""
    client, headers = way.client, luna.headers
    async with browser(way.socket_io, luna.token, "websocket") as page:
        await page.until("ready")
        story = await asyncio.to_thread(write, way, luna, character)
        await page.until("event")
        await asyncio.to_thread(until, lambda: ready(way, luna, story), what="no story was written", deadline_s=120)

        def told() -> bool | None:
            return any(line.get("event") == "job.succeeded" for line in page.lines) or None

        await asyncio.to_thread(until, told, what="nobody was told")
    last = ok(client.get("/api/notifications", params={"limit": 500}, headers=headers))["last_event_id"]
    away = await asyncio.to_thread(write, way, luna, character)
    await asyncio.to_thread(until, lambda: ready(way, luna, away), what="no story was written", deadline_s=120)
    assert "job.succeeded" in await missed(way.socket_io, luna.token, last)
    return story, away


def edit_and_export(way: Way, luna: Account, story: str) -> None:
    client, headers, path = way.client, luna.headers, f"/api/stories/{story}"
    found = client.get(path, headers=headers)
    ok(client.patch(path, json={"title": "La cometa"}, headers={**headers, "if-match": found.headers["etag"]}))
    for kind, begins in (("md", b"# La cometa"), ("pdf", b"%PDF"), ("epub", b"PK")):
        exported = client.get(f"{path}/export", params={"format": kind}, headers=headers)
        assert exported.status_code == 200, exported.text
        assert exported.content.startswith(begins), exported.content[:60]


def ask_generators(way: Way, luna: Account) -> None:
    """Without the services around them: what she makes there is hers too, and goes with her."""
    told = {"prompt": f"A {SECRET_WORD} of one's own"}
    waiting = {**luna.headers, "prefer": "wait=30"}
    assert ok(way.client.post("/generators/tiny-stories/api/v1/generate", json=told, headers=waiting))["success"]
    if way.draws:
        way.client.post("/generators/images/api/v1/generate", json=told, headers=waiting)


def see_no_other(way: Way, stranger: Account, character: str, story: str) -> None:
    hers = (
        f"/api/characters/{character}",
        f"/api/characters/{character}/picture",
        f"/api/stories/{story}",
        f"/api/stories/{story}/versions",
    )
    for path in hers:
        assert way.client.get(path, headers=stranger.headers).status_code == 404, path
    for needs_one in ("/api/characters", "/api/stories", "/api/notifications", "/api/auth/me"):
        assert way.client.get(needs_one).status_code == 401, needs_one


def go(way: Way, luna: Account) -> None:
    """The account is deleted; nothing is left of it."""
    found = {where.partition(" ")[0] for where in way.traces(luna.user)}
    assert found >= way.stores, f"something of her should be in {way.stores - found}"
    ended = way.client.request("DELETE", "/api/auth/me", json={"password": PASSWORD}, headers=luna.headers)
    assert ended.status_code in (200, 202, 204), ended.text
    left: list[str] = []

    def nothing() -> bool | None:
        left[:] = way.traces(luna.user)
        return not left or None

    try:
        until(nothing, what="something of her is left", deadline_s=90, pause_s=0.5)
    except AssertionError as error:
        raise AssertionError(f"{error}: {left[:20]}") from None
    assert way.client.post("/api/auth/login", json={"username": EMAIL, "password": PASSWORD}).status_code == 401


async def from_a_stranger_to_nobody(way: Way) -> None:
    luna = account(way.client, NAME, EMAIL)
    character = create_character(way, luna)
    story, away = await receive_stories(way, luna, character)
    edit_and_export(way, luna, story)
    assert way.client.delete(f"/api/stories/{away}", headers=luna.headers).status_code == 204
    ask_generators(way, luna)
    stranger = account(way.client, "Otra", f"otra.{RUN}@example.org")
    see_no_other(way, stranger, character, story)
    go(way, luna)
    assert way.client.get("/api/auth/me", headers=stranger.headers).status_code == 200
