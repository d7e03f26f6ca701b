"""Generators with addresses of their own, as a cluster has them: which there are, what they can be asked, and what is left of that while
they are away. Against servers that answer as generators do."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from tests.servers.json_http import Answer, Asked, json_server

from octavo_core.errors import NotFound, Unavailable
from octavo_web.adapters import documents, generators_api
from octavo_web.adapters.generators_api import GeneratorsApi
from octavo_web.adapters.services_api import ServicesApi
from octavo_web.settings import WebSettings

SCHEMA = {"type": "object", "required": ["prompt"], "properties": {"prompt": {"type": "string"}}}


@dataclass
class Generator:
    """Says what it is; `hangs` it says nothing, until it is let go."""

    name: str
    told: bool = True
    phase: str = ""
    """Of its start, as the activator tells it in its stead; empty: it is up itself."""
    status: int = 200
    url: str = ""
    asked: list[str] = field(default_factory=list)
    flows: threading.Event = field(default_factory=threading.Event)

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked.path)
        assert self.flows.wait(30)
        if self.status != 200:
            return Answer(self.status, {"error": "unavailable", "message": "starting"})
        if asked.path == f"/generators/{self.name}/api/v1/backlog":
            return Answer(200, {"queued": 2, "running": 0, "delayed": 0, "oldestSeconds": 1.5})
        if asked.path == f"/generators/{self.name}/health/ready":
            return Answer(200, {"status": "healthy", **({"phase": self.phase} if self.phase else {})})
        if asked.path == f"/generators/{self.name}/api/v1/jobs":
            return Answer(200, {"items": [], "queue": {"queued": 0}})
        if asked.path == f"/generators/{self.name}/openapi.json":
            info = {"title": self.name, "version": "1"}
            info |= {"x-octavo-generator": {"task": "story", "model": "tiny", "samples": ["up"]}} if self.told else {}
            body = {"content": {"application/json": {"schema": SCHEMA}}}
            return Answer(200, {"info": info, "paths": {"/api/v1/generate": {"post": {"requestBody": body}}}})
        return Answer(404, {"error": "not_found", "message": "there is nothing at this address"})


@pytest.fixture
def tales() -> Iterator[Generator]:
    found = Generator("tales")
    found.flows.set()
    with json_server(found.answer) as url:
        found.url = url
        yield found
        found.flows.set()


@asynccontextmanager
async def opened(**urls: str) -> AsyncIterator[GeneratorsApi]:
    settings = WebSettings(generator_urls=urls)
    services = ServicesApi(settings.bases(), timeout_s=10)
    try:
        yield GeneratorsApi(services, settings.generator_names)
    finally:
        await services.close()


async def test_each_is_asked_at_its_own_address(tales: Generator) -> None:
    other = Generator("tales-2")
    other.flows.set()
    with json_server(other.answer) as url:
        async with opened(tales=tales.url, **{"tales-2": url}) as generators:
            listed = await generators.listed()
            assert [(one.name, one.task, one.model, one.state, one.waiting, one.samples) for one in listed] == [
                ("tales", "story", "tiny", "waiting", 2, ("up",)),
                ("tales-2", "story", "tiny", "waiting", 2, ("up",)),
            ]
            assert await generators.schema("tales-2") == SCHEMA
    assert all(path.startswith("/generators/tales/") for path in tales.asked)
    assert all(path.startswith("/generators/tales-2/") for path in other.asked)


async def test_a_list_calls_a_sleeping_one_but_once(tales: Generator) -> None:
    async with opened(tales=tales.url) as generators:
        for _ in range(3):
            await generators.listed()
    assert tales.asked.count("/generators/tales/openapi.json") == 1
    assert tales.asked.count("/generators/tales/api/v1/backlog") == 3


async def test_one_that_sleeps_is_not_woken_by_who_only_looks(tales: Generator) -> None:
    async with opened(tales=tales.url) as generators:
        assert (await generators.find("tales")).can_be_looked_at
        for phase in ("asleep", "starting"):
            tales.phase = phase
            found = await generators.find("tales")
            assert (found.is_asleep, found.can_be_looked_at, found.task, found.reason) == (True, False, "story", None)
        tales.phase = ""
        assert (await generators.find("tales")).state == "waiting"


async def test_one_that_hangs_keeps_no_page_waiting(tales: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generators_api, "_SOON_S", 0.2)
    async with opened(tales=tales.url) as generators:
        assert (await generators.newest_soon("tales", token="a.b.c", limit=3)).items == ()
        tales.flows.clear()
        assert await generators.newest_of_all(["tales"], token="a.b.c", limit=3) == []
        with pytest.raises(Unavailable, match="does not answer"):
            await generators.newest_soon("tales", token="a.b.c", limit=3)


async def test_one_that_is_away_is_there_with_what_was_known(tales: Generator) -> None:
    async with opened(tales=tales.url, gone="http://127.0.0.1:1") as generators:
        known, gone = await generators.listed()
        assert (known.reason, gone.state, gone.task) == (None, "unavailable", "")
        assert gone.reason is not None
        assert "gone does not answer" in gone.reason
        tales.status = 503
        away = await generators.find("tales")
        assert (away.task, away.state, away.reason) == ("story", "unavailable", "starting")
        with pytest.raises(Unavailable):
            await generators.schema("gone")


async def test_a_form_stays_while_its_generator_says_nothing(tales: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_FRESH_S", 0.0)
    monkeypatch.setattr(documents, "_AGAIN_S", 0.0)
    monkeypatch.setattr(documents, "_HURRY_S", 0.2)
    async with opened(tales=tales.url) as generators:
        assert await generators.schema("tales") == SCHEMA
        tales.flows.clear()
        assert await generators.schema("tales") == SCHEMA
        tales.flows.set()
        tales.status = 503
        assert await generators.schema("tales") == SCHEMA
        assert len(tales.asked) == 3


async def test_there_are_no_others() -> None:
    async with opened() as generators:
        assert await generators.listed() == []
        for name in ("tales", "../tales", "x" * 80):
            with pytest.raises(NotFound):
                await generators.find(name)
            with pytest.raises(NotFound):
                await generators.schema(name)


async def test_one_of_another_make_has_its_form_all_the_same(tales: Generator) -> None:
    tales.told = False
    async with opened(tales=tales.url) as generators:
        (one,) = await generators.listed()
        assert (one.name, one.task, one.reason) == ("tales", "", None)
        assert await generators.schema("tales") == SCHEMA


async def test_one_that_was_seen_is_still_found_while_nobody_tells() -> None:
    """On a laptop, or wherever one platform tells them all."""
    told = {"items": [{"name": "tales", "task": "story", "model": "tiny", "state": "idle"}]}
    is_up = True

    def answer(asked: Asked) -> Answer:
        return Answer(200, told) if is_up and asked.path == "/generators" else Answer(503, {"message": "away"})

    with json_server(answer) as url:
        services = ServicesApi(WebSettings(generators_url=url).bases(), timeout_s=10)
        generators = GeneratorsApi(services)
        with pytest.raises(NotFound):
            await generators.find("nobody")
        await generators.listed()
        is_up = False
        found = await generators.find("tales")
        assert (found.task, found.reason) == ("story", "away")
        with pytest.raises(Unavailable):
            await generators.find("nobody")
        await services.close()
