"""The routes of pictures over HTTP: an open generator and one that asks for tokens, with a real database and a real folder."""

from __future__ import annotations

import asyncio
import base64
import io
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount
from tests.servers.generators import provider, text_generator
from tests.servers.jwks import Issuer, issuer
from tests.servers.starting import free_port

from octavo_core.clock import ManualClock
from octavo_core.http import create_app
from octavo_core.spec import GeneratorService, Storage, parse_resource
from octavo_generation.api.images import images_router
from octavo_generation.api.providers import providers_router
from octavo_generation.generator import Generator, serve
from octavo_generation.images.library import ImageLibrary, Origin
from octavo_generation.images.opening import open_image_storage
from octavo_generation.images.records import KeptImage
from octavo_generation.images.signing import LinkSigner
from octavo_generation.providers.port import DrawnImage, Picture
from octavo_generation.store import open_generation_store

NAME = "images"


def picture(size: int = 64) -> bytes:
    """Of noise, so that it is some thousand bytes large."""
    output = io.BytesIO()
    Image.effect_noise((size, size), 90).convert("RGB").save(output, "PNG")
    return output.getvalue()


def app_of(name: str, *routers: Any) -> FastAPI:
    app = create_app(service=name, title=name, description="", version="0", checks={})
    for router in routers:
        app.include_router(router)
    return app


def generator_of(issuer_url: str | None = None, **spec: Any) -> Generator:
    auth = {} if issuer_url is None else {"auth": {"mode": "jwt"}}
    resource = parse_resource(text_generator(NAME, "", providers=[provider("http://127.0.0.1:9/v1")], **auth, **spec))
    assert isinstance(resource, GeneratorService)
    return serve(resource, jwks_url=issuer_url)


@dataclass
class Served:
    client: httpx.AsyncClient
    library: ImageLibrary
    clock: ManualClock
    folder: Path
    generator: Generator

    async def keep(self, owner: str = "anonymous", data: bytes | None = None, prompt: str = "A kite", **more: Any) -> KeptImage:
        origin = Origin(
            job=str(uuid.uuid4()),
            accepted_at=self.clock.now_ms(),
            generator=more.pop("generator", NAME),
            owner=owner,
            provider="dalle3",
            model="dall-e-3",
            prompt=prompt,
            details=more.pop("details", None),
        )
        self.clock.advance(0.001)
        [kept] = await self.library.keep(origin, [DrawnImage(Picture(data or picture(), "image/png"), **more)])
        return kept


@pytest.fixture(scope="session")
def tokens() -> Iterator[Issuer]:
    with issuer() as started:
        yield started


@pytest.fixture(params=["plain", "sealed"])
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    async with _serving(tmp_path, generator_of(), sealed=request.param == "sealed") as one:
        yield one


@pytest.fixture
async def private(tmp_path: Path, tokens: Issuer) -> AsyncIterator[Served]:
    async with _serving(tmp_path, generator_of(tokens.url), sealed=False) as one:
        yield one


class _serving:  # noqa: N801 - reads as a statement
    def __init__(self, folder: Path, generator: Generator, *, sealed: bool) -> None:
        self._folder = folder
        self._generator = generator
        self._sealed = sealed

    async def __aenter__(self) -> Served:
        clock, pictures = ManualClock(), self._folder / "pictures"
        self._store = open_generation_store(f"sqlite:///{self._folder}/jobs.db", clock)
        await self._store.migrate()
        document = {"encryptionKey": {"env": "SEALING_KEY"}} if self._sealed else {}
        environment = {"SEALING_KEY": base64.b64encode(bytes(32)).decode()}
        storage = open_image_storage(Storage.model_validate(document), folder=pictures, environment=environment)
        library = ImageLibrary(self._store, storage, retention_days=30)
        app = app_of(
            NAME,
            images_router(self._generator, library, LinkSigner(clock, b"k" * 32)),
            providers_router(self._generator, {}, clock),
        )
        mounted = Starlette(routes=[Mount("/generators/images", app)])
        port = free_port()
        self._server = uvicorn.Server(uvicorn.Config(mounted, port=port, log_level="warning"))
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)
        self._client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/generators/images", timeout=10, trust_env=False)
        return Served(self._client, library, clock, pictures, self._generator)

    async def __aexit__(self, *_error: object) -> None:
        await self._client.aclose()
        self._server.should_exit = True
        await self._serving
        await self._store.close()
