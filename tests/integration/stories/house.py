"""Characters and stories as they run: both services over one documents' database, their jobs over Redis, real generators behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from tests.integration.jobs.house import ShiftedClock
from tests.servers.jwks import Issuer
from tests.servers.starting import free_port
from tests.unit.jobs.making import eventually

from octavo_characters import CharactersSettings
from octavo_characters import Service as CharactersService
from octavo_characters import create_service as create_characters
from octavo_core.identity import JwksKeys
from octavo_documents.pictures.keeping import folder_of
from octavo_stories import Service as StoriesService
from octavo_stories import StoriesSettings
from octavo_stories import create_service as create_stories

WAIT_S = 60.0


@dataclass(frozen=True)
class Generators:
    """`tale` writes, `pics` draws and asks for tokens, `broken` is a generator of stories whose upstream refuses."""

    url: str
    issuer: Issuer


class IssuedTokens:
    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    async def on_behalf_of(self, user: str) -> str | None:
        return self._issuer.token(user, "user", aud="octavo")


@dataclass
class House:
    characters_service: CharactersService
    stories_service: StoriesService
    characters: httpx.AsyncClient
    stories: httpx.AsyncClient
    issuer: Issuer
    clock: ShiftedClock
    documents_url: str
    home: Path
    day: str = ""
    """Tests share a house, and each has people of its own: it is a part of their ids."""

    def name(self, user: str) -> str:
        """The id of a person of this test."""
        return f"{user}-{self.day}"

    def by(self, user: str, role: str = "user") -> dict[str, str]:
        return {"authorization": f"Bearer {self.issuer.token(self.name(user), role, aud='octavo')}"}

    def pictures_of(self, user: str) -> list[Path]:
        folder = self.home / "pictures" / "characters" / folder_of(self.name(user))
        return [file for file in folder.rglob("*") if file.is_file()]

    async def character(self, user: str = "ana", **body: Any) -> dict[str, Any]:
        said = {"name": "Marina", "description": "una marinera de nueve años", **body}
        return made(await self.characters.post("/api/characters", json=said, headers=self.by(user)), 201)

    async def story(self, user: str = "ana", **body: Any) -> dict[str, Any]:
        said = {"title": "El faro", "content": {"chapters": [{"text": "Érase una vez un faro."}]}, "language": "es", **body}
        return made(await self.stories.post("/api/stories", json=said, headers=self.by(user)), 201)

    async def write(self, user: str = "ana", *, key: str | None = None, **body: Any) -> dict[str, Any]:
        headers = {**self.by(user), **({} if key is None else {"idempotency-key": key})}
        return made(await self.stories.post("/api/stories/write", json={"prompt": "A lighthouse", **body}, headers=headers), 202)

    async def read_story(self, story: str, user: str = "ana") -> dict[str, Any]:
        return made(await self.stories.get(f"/api/stories/{story}", headers=self.by(user)), 200)

    async def read_character(self, character: str, user: str = "ana") -> dict[str, Any]:
        return made(await self.characters.get(f"/api/characters/{character}", headers=self.by(user)), 200)

    async def settled_story(self, story: str) -> dict[str, Any]:
        async def ended() -> dict[str, Any] | None:
            found = await self.read_story(story)
            return None if found["state"] == "writing" else found

        return await eventually(ended, what="the story's writing ends", deadline_s=WAIT_S)

    async def settled_character(self, character: str) -> dict[str, Any]:
        async def ended() -> dict[str, Any] | None:
            found = await self.read_character(character)
            return None if found["drawing"] is None or found["drawing"]["state"] == "drawing" else found

        return await eventually(ended, what="the drawing ends", deadline_s=WAIT_S)


def made(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    assert body["success"] is True
    return body


async def eventually_true(ask: Callable[[], Awaitable[bool]], what: str) -> None:
    await eventually(ask, what=what, deadline_s=WAIT_S)


@contextlib.asynccontextmanager
async def house(
    home: Path, *, documents_url: str, redis_url: str, generators: Generators, generators_url: str | None = None, **limits: Any
) -> AsyncIterator[House]:
    """`limits` are settings by name, of whichever service has them."""
    clock, port = ShiftedClock(), free_port()
    shared = {
        "home": home,
        "redis_url": redis_url,
        "documents_url": documents_url,
        "documents_timeout_seconds": 10.0,
        "generators_url": generators_url or generators.url,
    }

    def mine(kind: type) -> dict[str, Any]:
        return {**shared, **{name: value for name, value in limits.items() if name in kind.model_fields}}  # type: ignore[attr-defined]

    keys, tokens = JwksKeys(generators.issuer.url), IssuedTokens(generators.issuer)
    characters = create_characters(
        CharactersSettings(**{"picture_generator": "pics", **mine(CharactersSettings)}), clock=clock, keys=keys, tokens=tokens
    )
    stories = create_stories(
        StoriesSettings(**{"story_generator": "tale", "characters_url": f"http://127.0.0.1:{port}", **mine(StoriesSettings)}),
        clock=clock,
        keys=keys,
        tokens=tokens,
    )
    server = uvicorn.Server(uvicorn.Config(characters.app, port=port, log_config=None, lifespan="off"))
    async with contextlib.AsyncExitStack() as stack:
        # Together: each waits a second for its bell to fall silent.
        stack.push_async_callback(lambda: asyncio.gather(characters.close(), stories.close()))
        await asyncio.gather(characters.start(), stories.start())
        serving = asyncio.create_task(server.serve())
        await eventually(lambda: server.started, what="the characters answer")
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://house", timeout=60))
            for app in (characters.app, stories.app)
        ]
        yield House(characters, stories, clients[0], clients[1], generators.issuer, clock, documents_url, home)
        server.should_exit = True
        await serving
