"""When an account goes, nothing of the person is left: in the documents, among the pictures, behind the links."""

from __future__ import annotations

import sqlite3

import pymongo
import pytest
from tests.integration.stories.house import House, made
from tests.integration.stories.test_characters import picture
from tests.servers.answers import assert_problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANA = "ana"


def held(house: House) -> bytes:
    """Every byte that the documents' and the jobs' databases and the storage of pictures hold."""
    pictures = b"".join(str(file).encode() + file.read_bytes() for file in (house.home / "pictures").rglob("*") if file.is_file())
    with sqlite3.connect(house.home / "jobs.db") as jobs:
        pictures += "\n".join(jobs.iterdump()).encode()
    if house.documents_url.startswith("sqlite"):
        file = house.documents_url.removeprefix("sqlite:///")
        with sqlite3.connect(file) as reading:
            return pictures + "\n".join(reading.iterdump()).encode()
    with pymongo.MongoClient[dict[str, object]](house.documents_url) as client:
        database = client.get_default_database()
        return pictures + "\n".join(str(one) for name in database.list_collection_names() for one in database[name].find()).encode()


async def test_nothing_of_a_person_is_left(at_home: House) -> None:
    hero = await at_home.character(ANA, name="Marinaa-of-ana")
    path, ana = f"/api/characters/{hero['id']}", at_home.by(ANA)
    made(await at_home.characters.put(f"{path}/picture", content=picture(), headers=ana), 200)
    story = await at_home.story(ANA, title="Faro-of-ana")
    made(await at_home.stories.patch(f"/api/stories/{story['id']}", json={"title": "Changed"}, headers={**ana, "if-match": "*"}), 200)
    link = made(await at_home.stories.post(f"/api/stories/{story['id']}/shares", headers=ana), 201)
    under_way = await at_home.write(ANA, prompt="Prompt-of-ana", character_ids=[hero["id"]])
    others = await at_home.character("eva", name="Eva's own")
    await at_home.story("eva", title="Eva's story")
    user, before = at_home.name(ANA), held(at_home)
    assert all(word in before for word in (user.encode(), b"Marinaa-of-ana", b"Faro-of-ana", b"Prompt-of-ana"))

    for client, prefix in ((at_home.characters, "/api/characters"), (at_home.stories, "/api/stories")):
        for where in (f"/api/internal/users/{user}", f"{prefix}/internal/users/{user}"):
            assert_problem(await client.delete(where, headers=ana), 403)
            assert_problem(await client.delete(where, headers=at_home.by("root", "admin")), 403)
            # Twice is once.
            for _ in range(2):
                assert (await client.delete(where, headers=at_home.by("octavo-auth", "service"))).status_code == 204

    after = held(at_home)
    assert not any(word in after for word in (user.encode(), b"Marinaa", b"of-ana", b"Changed"))
    assert at_home.pictures_of(ANA) == []
    assert b"Eva's own" in after.replace(b"''", b"'")
    assert (await at_home.read_character(others["id"], "eva"))["version"] == 1
    assert_problem(await at_home.stories.get(link["url"]), 404)
    assert_problem(await at_home.stories.get(f"/api/stories/{under_way['id']}", headers=ana), 404)


async def test_odd_names_erase_nobody(on_sqlite: House) -> None:
    await on_sqlite.character()
    for user in ("%24ne", "..%2f..%2fx", "a" * 129, "%00"):
        answer = await on_sqlite.characters.delete(f"/api/internal/users/{user}", headers=on_sqlite.by("octavo-auth", "service"))
        assert answer.status_code in (204, 404, 422), user
    found = await on_sqlite.characters.get("/api/characters", headers=on_sqlite.by("ana"))
    assert len(made(found, 200)["items"]) == 1
