"""Stories through the service's own application."""

from __future__ import annotations

import io
import zipfile

import pytest
from tests.integration.stories.house import House, eventually_true, made
from tests.servers.answers import assert_problem

from octavo_core.clock import SystemClock
from octavo_core.ids import generate_uuid
from octavo_documents import open_documents
from octavo_stories.domain.story import SHARES, STORIES, VERSIONS

pytestmark = pytest.mark.asyncio(loop_scope="module")


def chapters(*texts: str) -> dict[str, object]:
    return {"chapters": [{"title": None, "text": text} for text in texts]}


async def test_a_story_is_written_with_ones_characters(at_home: House) -> None:
    hero = await at_home.character(name="Marina", description="a sailor of nine years")
    asked = await at_home.write(prompt="A storm at the lighthouse", character_ids=[hero["id"]], audience="children", language="en", seed=4)
    assert (asked["state"], asked["title"], asked["content"]) == ("writing", "A storm at the lighthouse", {"chapters": []})
    assert asked["message"] == "Please wait a moment"
    told = await at_home.settled_story(asked["id"])
    assert (told["state"], told["reason"]) == ("ready", None)
    [chapter] = told["content"]["chapters"]
    assert len(chapter["text"]) > 40
    assert told["characters"] == [{"id": hero["id"], "name": "Marina"}]
    assert (told["job_id"], told["revision"], told["audience"]) == (asked["job_id"], 1, "children")
    found = await at_home.stories.get("/api/stories", params={"state": "ready", "audience": "children"}, headers=at_home.by("ana"))
    [listed] = made(found, 200)["items"]
    assert listed["id"] == asked["id"]
    assert listed["excerpt"]
    assert "content" not in listed


async def test_the_same_key_is_the_same_story(on_sqlite: House) -> None:
    first = await on_sqlite.write(key="k-1")
    again = await on_sqlite.write(key="k-1")
    assert (again["id"], again["job_id"]) == (first["id"], first["job_id"])
    assert (await on_sqlite.write("eva", key="k-1"))["id"] != first["id"]
    headers = {**on_sqlite.by("ana"), "idempotency-key": "k-1"}
    assert_problem(await on_sqlite.stories.post("/api/stories/write", json={"prompt": "another"}, headers=headers), 409)


async def test_characters_that_are_not_ones_own_are_not_there(on_sqlite: House) -> None:
    mine, other = await on_sqlite.character(), await on_sqlite.character("eva")
    body = {"prompt": "x", "character_ids": [mine["id"], other["id"], generate_uuid()]}
    told = assert_problem(await on_sqlite.stories.post("/api/stories/write", json=body, headers=on_sqlite.by("ana")), 422)
    assert [fault["path"] for fault in told["errors"]] == ["character_ids[1]", "character_ids[2]"]
    found = await on_sqlite.stories.get("/api/stories", headers=on_sqlite.by("ana"))
    assert made(found, 200)["items"] == []


async def test_a_story_that_could_not_be_written_says_why(on_sqlite: House) -> None:
    asked = {name: await on_sqlite.write(generator=name) for name in ("broken", "nowhere", "pics")}
    for name, story in asked.items():
        failed = await on_sqlite.settled_story(story["id"])
        assert failed["state"] == "failed"
        assert name in failed["reason"]
    path, ana = f"/api/stories/{asked['nowhere']['id']}", on_sqlite.by("ana")
    assert_problem(await on_sqlite.stories.get(f"{path}/export", headers=ana), 409)
    mended = await on_sqlite.stories.patch(path, json={"content": chapters("By hand.")}, headers={**ana, "if-match": "*"})
    assert (made(mended, 200)["state"], made(mended, 200)["reason"]) == ("ready", None)


async def test_edits_keep_what_was_before(at_home: House) -> None:
    story = await at_home.story()
    path, ana = f"/api/stories/{story['id']}", at_home.by("ana")
    client = at_home.stories
    assert_problem(await client.patch(path, json={"title": "x"}, headers=ana), 428)
    tag = '"1"'
    for n in range(2, 5):
        answer = await client.patch(path, json={"content": chapters(f"text {n}")}, headers={**ana, "if-match": tag})
        assert made(answer, 200)["revision"] == n
        tag = answer.headers["etag"]
    assert_problem(await client.put(path, json={"title": "x", "content": chapters("y")}, headers={**ana, "if-match": '"1"'}), 412)
    same = await client.patch(path, json={"content": chapters("text 4")}, headers={**ana, "if-match": tag})
    assert (made(same, 200)["revision"], same.headers["etag"]) == (4, tag)
    listed = made(await client.get(f"{path}/versions", params={"limit": 2}, headers=ana), 200)
    assert [one["revision"] for one in listed["items"]] == [3, 2]
    rest = made(await client.get(f"{path}/versions", params={"cursor": listed["next_cursor"]}, headers=ana), 200)
    assert [one["revision"] for one in rest["items"]] == [1]
    first = made(await client.get(f"{path}/versions/1", headers=ana), 200)
    assert first["content"] == chapters("Érase una vez un faro.")
    assert_problem(await client.post(f"{path}/versions/1/restore", headers=ana), 428)
    restored = await client.post(f"{path}/versions/1/restore", headers={**ana, "if-match": tag})
    assert (made(restored, 200)["revision"], made(restored, 200)["content"]) == (5, first["content"])
    assert made(await client.get(f"{path}/versions/4", headers=ana), 200)["content"] == chapters("text 4")
    assert_problem(await client.get(f"{path}/versions/9", headers=ana), 404)


async def test_a_storys_versions_are_bounded(on_sqlite: House) -> None:
    story = await on_sqlite.story()
    path, ana = f"/api/stories/{story['id']}", {**on_sqlite.by("ana"), "if-match": "*"}
    for n in range(53):
        made(await on_sqlite.stories.patch(path, json={"title": f"t{n}"}, headers=ana), 200)
    store = open_documents(on_sqlite.documents_url, SystemClock())
    assert await store.count(VERSIONS, owner=on_sqlite.name("ana")) == 50
    await store.close()
    assert_problem(await on_sqlite.stories.get(f"{path}/versions/3", headers=on_sqlite.by("ana")), 404)
    made(await on_sqlite.stories.get(f"{path}/versions/4", headers=on_sqlite.by("ana")), 200)


async def test_lists_search_titles_and_texts(at_home: House) -> None:
    await at_home.story(title="Ñandú", content=chapters("El pájaro corre."))
    await at_home.story(title="Árbol", content=chapters("Un búho duerme."), language="en")
    client, ana = at_home.stories, at_home.by("ana")

    async def titles(**query: str) -> list[str]:
        return [one["title"] for one in made(await client.get("/api/stories", params=query, headers=ana), 200)["items"]]

    assert await titles(sort="title", order="asc") == ["Árbol", "Ñandú"]
    assert await titles(search="buho") == ["Árbol"]
    assert await titles(search="nandu corre") == ["Ñandú"]
    assert await titles(language="es") == ["Ñandú"]


async def test_a_story_is_exported_in_three_formats(at_home: House) -> None:
    story = await at_home.story(title="El niño 🦊 & el faro", content=chapters("¿Qué? ¡Ñu! 🦊", "Fin."))
    client, ana = at_home.stories, at_home.by("ana")
    path = f"/api/stories/{story['id']}/export"
    told = await client.get(path, headers=ana)
    assert told.headers["content-type"] == "text/markdown; charset=utf-8"
    assert told.text == "# El niño 🦊 & el faro\n\n¿Qué? ¡Ñu! 🦊\n\nFin.\n"
    assert told.headers["content-disposition"].startswith("attachment; filename=\"el-nino-el-faro.md\"; filename*=UTF-8''El%20ni%C3%B1o")
    pdf = await client.get(path, params={"format": "pdf"}, headers=ana)
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    epub = await client.get(path, params={"format": "epub"}, headers=ana)
    assert epub.headers["content-type"] == "application/epub+zip"
    with zipfile.ZipFile(io.BytesIO(epub.content)) as book:
        assert "¡Ñu! 🦊" in book.read("OEBPS/chapter-1.xhtml").decode()
    assert_problem(await client.get(path, params={"format": "exe"}, headers=ana), 422)
    assert_problem(await client.get(path, headers=at_home.by("eva")), 404)


async def test_a_link_opens_a_story_for_anybody_until_it_is_revoked(at_home: House) -> None:
    story = await at_home.story()
    client, ana = at_home.stories, at_home.by("ana")
    path = f"/api/stories/{story['id']}/shares"
    link = made(await client.post(path, headers=ana), 201)
    answer = await client.get(link["url"])
    shown = made(answer, 200)
    assert (shown["title"], shown["content"]) == ("El faro", chapters("Érase una vez un faro."))
    assert at_home.name("ana") not in answer.text
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
    [listed] = made(await client.get(path, headers=ana), 200)["items"]
    assert link["token"] not in str(listed)
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        assert_problem(await client.request(method, link["url"], json={}), 404, 405)
    assert_problem(await client.delete(f"{path}/{listed['id']}", headers=at_home.by("eva")), 404)
    assert (await client.delete(f"{path}/{listed['id']}", headers=ana)).status_code == 204
    assert_problem(await client.get(link["url"]), 404)


async def test_links_end_and_are_bounded(on_sqlite: House) -> None:
    story = await on_sqlite.story()
    client, ana = on_sqlite.stories, on_sqlite.by("ana")
    path = f"/api/stories/{story['id']}/shares"
    link = made(await client.post(path, json={"expires_in_seconds": 60}, headers=ana), 201)
    made(await client.get(link["url"]), 200)
    on_sqlite.clock.advance(61)
    assert_problem(await client.get(link["url"]), 404)
    assert [one["ended"] for one in made(await client.get(path, headers=ana), 200)["items"]] == [True]
    for _ in range(19):
        made(await client.post(path, headers=ana), 201)
    assert assert_problem(await client.post(path, headers=ana), 409)["error"] == "quota_reached"


async def test_a_guessed_link_opens_nothing(on_sqlite: House) -> None:
    for token in ("x", "a" * 43, "..%2f..%2fetc", "%00" * 8, "a" * 5_000):
        assert_problem(await on_sqlite.stories.get(f"/api/stories/shared/{token}"), 404)


async def test_a_deleted_story_takes_its_versions_and_links_along(at_home: House) -> None:
    story, other = await at_home.story(), await at_home.story(title="Other")
    client, ana = at_home.stories, at_home.by("ana")
    for one in (story, other):
        path = f"/api/stories/{one['id']}"
        made(await client.patch(path, json={"title": "changed"}, headers={**ana, "if-match": "*"}), 200)
        link = made(await client.post(f"{path}/shares", headers=ana), 201)
    path = f"/api/stories/{story['id']}"
    assert_problem(await client.delete(path, headers=at_home.by("eva")), 404)
    assert (await client.delete(path, headers=ana)).status_code == 204
    assert_problem(await client.get(path, headers=ana), 404)
    store = open_documents(at_home.documents_url, SystemClock())

    async def gone() -> bool:
        return [await store.count(kept, owner=at_home.name("ana")) for kept in (STORIES, VERSIONS, SHARES)] == [1, 1, 1]

    await eventually_true(gone, "what the story left is gone, and nothing of the other")
    await store.close()
    made(await client.get(link["url"]), 200)


async def test_there_is_a_bound_on_how_many_and_how_long(on_sqlite: House) -> None:
    for _ in range(3):
        await on_sqlite.story()
    ana = on_sqlite.by("ana")
    body = {"title": "t", "content": chapters("x")}
    assert assert_problem(await on_sqlite.stories.post("/api/stories", json=body, headers=ana), 409)["error"] == "quota_reached"
    assert_problem(await on_sqlite.stories.post("/api/stories/write", json={"prompt": "x"}, headers=ana), 409)
    long = {"title": "t", "content": chapters("x" * 200_001)}
    assert_problem(await on_sqlite.stories.post("/api/stories", json=long, headers=on_sqlite.by("eva")), 422)
    much = {"title": "t", "content": chapters(*["x" * 190_000] * 3)}
    assert_problem(await on_sqlite.stories.post("/api/stories", json=much, headers=on_sqlite.by("eva")), 413)
