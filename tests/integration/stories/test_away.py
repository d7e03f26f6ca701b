"""What the services depend on goes away and comes back, while they run."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from tests.integration.stories.house import Generators, House, eventually_true, house, made
from tests.servers.answers import assert_problem
from tests.servers.mongodb import MongoServer
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.needs("mongodb")
async def test_without_their_database_they_say_so_and_find_it_again(
    tmp_path: Path, own_mongodb: MongoServer, redis_server: RedisServer, generators: Generators
) -> None:
    async with house(
        tmp_path, documents_url=own_mongodb.url("tales"), redis_url=redis_server.url, generators=generators, documents_timeout_seconds=2.0
    ) as opened:
        hero, story = await opened.character(), await opened.story()
        link = made(await opened.stories.post(f"/api/stories/{story['id']}/shares", headers=opened.by("ana")), 201)
        own_mongodb.stop()
        ana = {**opened.by("ana"), "if-match": "*"}
        asked: list[tuple[httpx.AsyncClient, str, str, object]] = [
            (opened.characters, "GET", f"/api/characters/{hero['id']}", None),
            (opened.characters, "POST", "/api/characters", {"name": "x"}),
            (opened.stories, "GET", "/api/stories", None),
            (opened.stories, "PATCH", f"/api/stories/{story['id']}", {"title": "x"}),
            (opened.stories, "POST", "/api/stories/write", {"prompt": "x", "character_ids": [hero["id"]]}),
            (opened.stories, "GET", link["url"], None),
        ]
        answers = await asyncio.gather(*(client.request(method, path, json=body, headers=ana) for client, method, path, body in asked))
        for answer in answers:
            told = assert_problem(answer, 503)
            assert "mongodb://" not in answer.text
            assert "127.0.0.1" not in told["message"]
            assert int(answer.headers["retry-after"]) >= 1
        assert (await opened.stories.get("/api/stories/health/live")).status_code == 200
        assert (await opened.stories.get("/api/stories/health/ready")).status_code == 503
        own_mongodb.start()

        async def back() -> bool:
            return (await opened.stories.get("/api/stories/health/ready")).status_code == 200

        await eventually_true(back, "the stories find their database again")
        assert (await opened.read_character(hero["id"]))["name"] == "Marina"
        assert (await opened.read_story(story["id"]))["version"] == 1
        made(await opened.stories.patch(f"/api/stories/{story['id']}", json={"title": "x"}, headers=ana), 200)


@pytest.mark.needs("mongodb")
async def test_a_text_lands_when_the_database_comes_back(
    tmp_path: Path, own_mongodb: MongoServer, redis_server: RedisServer, generators: Generators
) -> None:
    """The database is away from before the job is run until after its first attempt."""
    async with house(
        tmp_path, documents_url=own_mongodb.url("tales"), redis_url=redis_server.url, generators=generators, documents_timeout_seconds=1.0
    ) as opened:
        asked = await opened.write()
        own_mongodb.stop()
        assert_problem(await opened.stories.get(f"/api/stories/{asked['id']}", headers=opened.by("ana")), 503)
        own_mongodb.start()

        async def back() -> bool:
            return (await opened.stories.get("/api/stories/health/ready")).status_code == 200

        await eventually_true(back, "the stories find their database again")
        told = await opened.settled_story(asked["id"])
        assert told["state"] == "ready", told["reason"]


async def test_what_a_dead_process_left_is_done_by_the_next(tmp_path: Path, redis_server: RedisServer, generators: Generators) -> None:
    """The first process accepts, cannot reach the generators, and ends; the second reaches them."""
    url = f"sqlite:///{tmp_path}/documents.db"
    nobody = "http://127.0.0.1:9"
    async with house(tmp_path, documents_url=url, redis_url=redis_server.url, generators=generators, generators_url=nobody) as first:
        asked, hero = await first.write(), await first.character()
        made(await first.characters.post(f"/api/characters/{hero['id']}/picture/generate", headers=first.by("ana")), 202)
        assert (await first.read_story(asked["id"]))["state"] == "writing"
    async with house(tmp_path, documents_url=url, redis_url=redis_server.url, generators=generators) as second:
        assert (await second.settled_story(asked["id"]))["state"] == "ready"
        assert (await second.settled_character(hero["id"]))["drawing"]["state"] == "done"


async def test_without_redis_a_wish_is_taken_and_waits(tmp_path: Path, own_redis: RedisServer, generators: Generators) -> None:
    url = f"sqlite:///{tmp_path}/documents.db"
    async with house(tmp_path, documents_url=url, redis_url=own_redis.url, generators=generators) as opened:
        own_redis.stop()
        asked = await opened.write()
        assert (await opened.read_story(asked["id"]))["state"] == "writing"
        own_redis.start()
        assert (await opened.settled_story(asked["id"]))["state"] == "ready"


async def test_a_job_that_never_came_is_told_after_a_while(on_sqlite: House) -> None:
    """As a crash between document and job leaves it."""
    from octavo_core.ids import generate_uuid
    from octavo_documents import open_documents
    from octavo_stories.domain.story import STORIES, Wish, asked_for

    store = open_documents(on_sqlite.documents_url, on_sqlite.clock)
    body = asked_for(Wish("x", (), "tale"), job=generate_uuid(), at=on_sqlite.clock.now_ms())
    left = await store.insert(STORIES, generate_uuid(), owner=on_sqlite.name("ana"), body=body)
    await store.close()
    assert (await on_sqlite.read_story(left.id))["state"] == "writing"
    on_sqlite.clock.advance(31)
    found = await on_sqlite.read_story(left.id)
    assert (found["state"], found["reason"]) == ("failed", "the request was interrupted; ask again")
