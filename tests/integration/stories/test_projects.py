"""Projects and their episodes through the service's own application."""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.stories.house import House, eventually_true, made
from tests.servers.answers import assert_problem

from octavo_core.clock import SystemClock
from octavo_core.ids import generate_uuid
from octavo_documents import open_documents
from octavo_stories.domain.projects.model import EPISODES

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANA = {"name": "Ana", "role": "the elder", "description": "never forgets"}


async def project(house: House, user: str = "ana", **body: Any) -> dict[str, Any]:
    said = {"title": "The house by the river", "description": "Two sisters and a house", "genre": "drama", "characters": [ANA], **body}
    return made(await house.stories.post("/api/projects", json=said, headers=house.by(user)), 201)


async def episode(house: House, project_id: str, user: str = "ana", **body: Any) -> dict[str, Any]:
    said = {"title": "Low water", "synopsis": "They find a boat.", **body}
    return made(await house.stories.post(f"/api/projects/{project_id}/episodes", json=said, headers=house.by(user)), 201)


async def test_a_project_is_made_read_changed_and_replaced(at_home: House) -> None:
    first = await project(at_home)
    path, ana, client = f"/api/projects/{first['id']}", at_home.by("ana"), at_home.stories
    read = await client.get(path, headers=ana)
    assert made(read, 200) == first
    assert (first["characters"], first["genre"], first["notes"]) == ([ANA], "drama", "")
    assert (await client.get(path, headers={**ana, "if-none-match": read.headers["etag"]})).status_code == 304
    assert_problem(await client.patch(path, json={"title": "x"}, headers=ana), 428)
    changed = await client.patch(path, json={"notes": "No dogs."}, headers={**ana, "if-match": read.headers["etag"]})
    assert (made(changed, 200)["notes"], made(changed, 200)["version"]) == ("No dogs.", 2)
    assert_problem(await client.put(path, json={"title": "x"}, headers={**ana, "if-match": read.headers["etag"]}), 412)
    replaced = made(await client.put(path, json={"title": "New"}, headers={**ana, "if-match": changed.headers["etag"]}), 200)
    assert (replaced["title"], replaced["characters"], replaced["notes"]) == ("New", [], "")


async def test_projects_come_in_pages_of_ones_own(at_home: House) -> None:
    titles = [(await project(at_home, title=f"No {n}", genre="drama" if n else "comedy"))["title"] for n in range(3)]
    await project(at_home, "eva")
    client, ana = at_home.stories, at_home.by("ana")
    first = made(await client.get("/api/projects", params={"limit": 2, "sort": "title", "order": "asc"}, headers=ana), 200)
    rest = made(
        await client.get(
            "/api/projects", params={"limit": 2, "sort": "title", "order": "asc", "cursor": first["next_cursor"]}, headers=ana
        ),
        200,
    )
    assert [one["title"] for one in [*first["items"], *rest["items"]]] == titles
    assert rest["next_cursor"] is None
    found = made(await client.get("/api/projects", params={"genre": "comedy"}, headers=ana), 200)
    assert [one["title"] for one in found["items"]] == ["No 0"]
    searched = made(await client.get("/api/projects", params={"search": "FORGETS"}, headers=ana), 200)
    assert len(searched["items"]) == 3


async def test_episodes_have_numbers_and_scripts(at_home: House) -> None:
    owner = await project(at_home)
    first, second = (
        await episode(at_home, owner["id"]),
        await episode(at_home, owner["id"], title="High water", script="INT. HALL\n\nRain."),
    )
    assert (first["number"], second["number"], second["script"]) == (1, 2, "INT. HALL\n\nRain.")
    assert (await episode(at_home, owner["id"], number=9))["number"] == 9
    assert (await episode(at_home, owner["id"]))["number"] == 10
    base, ana, client = f"/api/projects/{owner['id']}/episodes", at_home.by("ana"), at_home.stories
    page = made(await client.get(base, params={"limit": 3}, headers=ana), 200)
    assert [(one["number"], one["has_script"]) for one in page["items"]] == [(1, False), (2, True), (9, False)]
    assert "script" not in page["items"][1]
    rest = made(await client.get(base, params={"cursor": page["next_cursor"]}, headers=ana), 200)
    assert [one["number"] for one in rest["items"]] == [10]
    generation = generate_uuid()
    said = {"script": "EXT. RIVER\n\nA boat.", "generator": "script", "generation_id": generation}
    changed = made(await client.patch(f"{base}/{first['id']}", json=said, headers={**ana, "if-match": '"1"'}), 200)
    assert (changed["script"], changed["generation_id"], changed["synopsis"]) == (said["script"], generation, "They find a boat.")
    assert_problem(await client.patch(f"{base}/{first['id']}", json={"title": "x"}, headers={**ana, "if-match": '"1"'}), 412)
    replaced = made(await client.put(f"{base}/{first['id']}", json={"title": "Dry"}, headers={**ana, "if-match": "*"}), 200)
    assert (replaced["number"], replaced["title"], replaced["script"]) == (1, "Dry", "")
    assert (await client.delete(f"{base}/{first['id']}", headers=ana)).status_code == 204
    assert_problem(await client.get(f"{base}/{first['id']}", headers=ana), 404)


async def test_another_persons_are_not_there(at_home: House) -> None:
    owner = await project(at_home)
    made_by_ana = await episode(at_home, owner["id"])
    eva, client = {**at_home.by("eva"), "if-match": "*"}, at_home.stories
    path, own = f"/api/projects/{owner['id']}", await project(at_home, "eva")
    for method, where, body in (
        ("GET", path, None),
        ("PATCH", path, {"title": "Mine now"}),
        ("DELETE", path, None),
        ("GET", f"{path}/episodes", None),
        ("POST", f"{path}/episodes", {"title": "Mine now"}),
        ("GET", f"{path}/episodes/{made_by_ana['id']}", None),
        # Nor by way of one's own project.
        ("GET", f"/api/projects/{own['id']}/episodes/{made_by_ana['id']}", None),
        ("DELETE", f"/api/projects/{own['id']}/episodes/{made_by_ana['id']}", None),
    ):
        assert_problem(await client.request(method, where, json=body, headers=eva), 404)
    assert_problem(await client.get("/api/projects", params={"user_id": at_home.name("ana")}, headers=eva), 403)
    assert_problem(await client.get(path), 401)
    assert made(await client.get(path, headers=at_home.by("root", "admin")), 200)["id"] == owner["id"]


async def test_a_deleted_project_takes_its_episodes_along(at_home: House) -> None:
    owner, kept = await project(at_home), await project(at_home)
    for _ in range(3):
        await episode(at_home, owner["id"])
    other = await episode(at_home, kept["id"])
    client, ana = at_home.stories, at_home.by("ana")
    assert_problem(await client.delete(f"/api/projects/{owner['id']}", headers={**ana, "if-match": '"7"'}), 412)
    assert (await client.delete(f"/api/projects/{owner['id']}", headers=ana)).status_code == 204
    assert_problem(await client.get(f"/api/projects/{owner['id']}/episodes", headers=ana), 404)
    store = open_documents(at_home.documents_url, SystemClock())

    async def gone() -> bool:
        return await store.count(EPISODES, owner=at_home.name("ana")) == 1

    await eventually_true(gone, what="its episodes are gone")
    await store.close()
    assert made(await client.get(f"/api/projects/{kept['id']}/episodes/{other['id']}", headers=ana), 200)["number"] == 1


async def test_projects_go_with_their_owner(at_home: House) -> None:
    owner = await project(at_home)
    await episode(at_home, owner["id"])
    gone = f"/api/internal/users/{at_home.name('ana')}"
    assert (await at_home.stories.delete(gone, headers=at_home.by("octavo-auth", "service"))).status_code == 204
    assert_problem(await at_home.stories.get(f"/api/projects/{owner['id']}", headers=at_home.by("ana")), 404)
    store = open_documents(at_home.documents_url, SystemClock())
    assert await store.count(EPISODES, owner=at_home.name("ana")) == 0
    await store.close()


async def test_nobody_keeps_more_than_allowed(on_sqlite: House) -> None:
    for _ in range(3):
        await project(on_sqlite)
    answer = await on_sqlite.stories.post("/api/projects", json={"title": "One more"}, headers=on_sqlite.by("ana"))
    assert assert_problem(answer, 409)["error"] == "quota_reached"


@pytest.mark.parametrize(
    "body", [{}, {"title": " "}, {"title": "x", "genre": "Sci Fi"}, {"title": "x", "characters": [{"name": ""}]}, {"title": "x", "y": 1}]
)
async def test_bad_projects_are_refused_with_their_fields(on_sqlite: House, body: dict[str, Any]) -> None:
    assert_problem(await on_sqlite.stories.post("/api/projects", json=body, headers=on_sqlite.by("ana")), 422)
