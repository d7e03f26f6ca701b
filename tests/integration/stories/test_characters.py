"""Characters through the service's own application."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import pytest
from PIL import Image
from tests.integration.stories.house import Generators, House, house, made
from tests.servers.answers import assert_problem
from tests.servers.redis import RedisServer
from tests.servers.starting import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")


def picture(size: tuple[int, int] = (40, 30), kind: str = "PNG", colour: str = "red") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, kind)
    return written.getvalue()


async def test_a_characters_life(at_home: House) -> None:
    client, ana = at_home.characters, at_home.by("ana")
    answer = await client.post("/api/characters", json={"name": " Marina ", "description": "a sailor"}, headers=ana)
    born = made(answer, 201)
    path = answer.headers["location"]
    assert path == f"/api/characters/{born['id']}"
    assert answer.headers["etag"] == '"1"'
    assert (born["name"], born["description"], born["user_id"], born["image"], born["image_real"]) == (
        "Marina",
        "a sailor",
        at_home.name("ana"),
        None,
        None,
    )
    assert born["createdAt"].endswith("Z")
    unchanged = await client.get(path, headers={**ana, "if-none-match": '"1"'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert_problem(await client.patch(path, json={"name": "Mar"}, headers=ana), 428)
    changed = await client.patch(path, json={"name": "Mar"}, headers={**ana, "if-match": '"1"'})
    assert (made(changed, 200)["name"], changed.headers["etag"]) == ("Mar", '"2"')
    assert_problem(await client.put(path, json={"name": "Late"}, headers={**ana, "if-match": '"1"'}), 412)
    assert made(await client.put(path, json={"name": "Ola"}, headers={**ana, "if-match": "*"}), 200)["description"] == ""
    assert_problem(await client.delete(path, headers={**ana, "if-match": '"1"'}), 412)
    assert (await client.delete(path, headers={**ana, "if-match": '"3"'})).status_code == 204
    assert_problem(await client.get(path, headers=ana), 404)
    assert_problem(await client.delete(path, headers=ana), 404)


async def test_lists_have_pages_search_and_order(at_home: House) -> None:
    for name in ("Zoe", "Ángel", "berta", "Nube"):
        await at_home.character(name=name, description="amiga de los búhos" if name == "berta" else "")
    await at_home.character("eva", name="Eva's own")
    client, ana = at_home.characters, at_home.by("ana")

    async def names(**query: object) -> list[str]:
        found = made(await client.get("/api/characters", params=query, headers=ana), 200)  # type: ignore[arg-type]
        return [one["name"] for one in found["items"]]

    assert await names(sort="name", order="asc") == ["Ángel", "berta", "Nube", "Zoe"]
    assert await names() == ["Nube", "berta", "Ángel", "Zoe"]
    assert await names(search="BUHOS") == ["berta"]
    first = made(await client.get("/api/characters", params={"limit": 3, "sort": "name"}, headers=ana), 200)
    rest = made(await client.get("/api/characters", params={"limit": 3, "sort": "name", "cursor": first["next_cursor"]}, headers=ana), 200)
    assert [one["name"] for one in (*first["items"], *rest["items"])] == ["Zoe", "Nube", "berta", "Ángel"]
    assert rest["next_cursor"] is None
    assert_problem(await client.get("/api/characters", params={"cursor": "x"}, headers=ana), 422)
    assert_problem(await client.get("/api/characters", params={"user_id": at_home.name("eva")}, headers=ana), 403)
    admin = await client.get("/api/characters", params={"user_id": at_home.name("eva")}, headers=at_home.by("root", "admin"))
    assert [one["name"] for one in made(admin, 200)["items"]] == ["Eva's own"]


BAD_BODIES: list[object] = [
    {"name": ""}, {"name": "   "}, {"name": "x" * 121}, {"name": {"$ne": None}}, {"name": "a", "user_id": "eva"},
    {"name": "a", "version": 9},
    {"name": "a", "image": "http://elsewhere"}, {"name": "a", "description": "x" * 4_001}, {"name": "a\0b"}, [], {"$where": "1"},
]  # fmt: skip


async def test_bad_bodies_are_refused(on_sqlite: House) -> None:
    for body in BAD_BODIES:
        assert_problem(await on_sqlite.characters.post("/api/characters", json=body, headers=on_sqlite.by("ana")), 422)


async def test_there_is_a_bound_on_how_many(on_sqlite: House) -> None:
    for _ in range(3):
        await on_sqlite.character()
    told = assert_problem(await on_sqlite.characters.post("/api/characters", json={"name": "one more"}, headers=on_sqlite.by("ana")), 409)
    assert told["error"] == "quota_reached"
    await on_sqlite.character("eva")


async def test_pictures_are_encoded_anew_and_kept_apart(at_home: House) -> None:
    born = await at_home.character()
    client, ana = at_home.characters, at_home.by("ana")
    path = f"/api/characters/{born['id']}"
    for place in ("picture", "picture/real"):
        sent = picture((3_000, 1_000), "JPEG")
        shown = made(await client.put(f"{path}/{place}", content=sent, headers={**ana, "content-type": "image/jpeg"}), 200)
        address = shown["image" if place == "picture" else "image_real"]
        answer = await client.get(address, headers=ana)
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "immutable" in answer.headers["cache-control"]
        assert Image.open(io.BytesIO(answer.content)).size == (1_536, 512)
        assert (await client.get(address, headers={**ana, "if-none-match": answer.headers["etag"]})).status_code == 304
        assert_problem(await client.get(address, headers=at_home.by("eva")), 404)
    assert len(at_home.pictures_of("ana")) == 2
    removed = made(await client.delete(f"{path}/picture", headers=ana), 200)
    assert removed["image"] is None
    assert removed["image_real"] is not None
    assert_problem(await client.get(f"{path}/picture", headers=ana), 404)


NO_PICTURES: list[tuple[bytes, str, int]] = [
    (b"<svg onload=alert(1)>", "image/svg+xml", 415), (b"MZ not a picture", "image/png", 415), (picture()[:60], "image/png", 422),
    (picture() + b"PK\x03\x04 and a second file", "image/png", 422), (b"", "image/png", 400), (picture(), "application/json", 415),
    (b"x" * (10 * 1_048_576 + 2), "image/png", 413),
]  # fmt: skip


async def test_what_is_no_picture_is_refused(on_sqlite: House) -> None:
    born = await on_sqlite.character()
    path = f"/api/characters/{born['id']}/picture"
    for data, kind, status in NO_PICTURES:
        assert_problem(await on_sqlite.characters.put(path, content=data, headers={**on_sqlite.by("ana"), "content-type": kind}), status)


async def test_a_generator_draws_the_character_with_its_owners_rights(at_home: House, generators: Generators) -> None:
    born = await at_home.character()
    client, ana = at_home.characters, at_home.by("ana")
    path = f"/api/characters/{born['id']}/picture/generate"
    answer = await client.post(path, json={"prompt": "at sea"}, headers={**ana, "idempotency-key": "wish-1"})
    asked = made(answer, 202)
    assert answer.headers["location"] == f"/api/characters/{born['id']}"
    again = made(await client.post(path, json={"prompt": "at sea"}, headers={**ana, "idempotency-key": "wish-1"}), 202)
    assert again["job_id"] == asked["job_id"]
    drawn = await at_home.settled_character(born["id"])
    assert (drawn["drawing"]["state"], drawn["drawing"]["reason"]) == ("done", None)
    shown = await client.get(drawn["image"], headers=ana)
    assert Image.open(io.BytesIO(shown.content)).size[0] > 100
    # What the generator did, it did once, and for ana: its own list of her jobs says so.
    async with httpx.AsyncClient(base_url=generators.url, trust_env=False) as direct:
        listed = made(await direct.get("/generators/pics/api/v1/jobs", headers=ana), 200)["items"]
    assert len([job for job in listed if job["correlation_id"] == answer.headers["x-correlation-id"]]) == 1


async def test_a_picture_that_could_not_be_made_says_why_and_leaves_the_one_that_was_there(at_home: House) -> None:
    born = await at_home.character()
    client, ana = at_home.characters, at_home.by("ana")
    path = f"/api/characters/{born['id']}"
    before = made(await client.put(f"{path}/picture", content=picture(), headers=ana), 200)
    made(await client.post(f"{path}/picture/generate", json={"generator": "nowhere"}, headers=ana), 202)
    failed = await at_home.settled_character(born["id"])
    assert failed["drawing"]["state"] == "failed"
    assert "nowhere" in failed["drawing"]["reason"]
    assert failed["image"] == before["image"]


async def test_while_a_picture_is_made_no_other_is(tmp_path: Path, redis_server: RedisServer, generators: Generators) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    url = f"sqlite:///{tmp_path}/documents.db"
    async with house(
        tmp_path, documents_url=url, redis_url=redis_server.url, generators=generators, generators_url=nobody, work_attempts=2
    ) as opened:
        born = await opened.character()
        path = f"/api/characters/{born['id']}/picture/generate"
        made(await opened.characters.post(path, headers=opened.by("ana")), 202)
        assert_problem(await opened.characters.post(path, headers=opened.by("ana")), 409)
        failed = await opened.settled_character(born["id"])
        assert failed["drawing"]["state"] == "failed"
        assert "cannot be reached" in failed["drawing"]["reason"]
        made(await opened.characters.post(path, headers=opened.by("ana")), 202)
        # Deleted while it is being drawn: the job finds nobody to draw, and nothing comes back.
        assert (await opened.characters.delete(f"/api/characters/{born['id']}", headers=opened.by("ana"))).status_code == 204
