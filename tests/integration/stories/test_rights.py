"""Who may do what: every route of both services, from their own OpenAPI documents, so that a new route is tried by itself."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from tests.integration.stories.house import House, made
from tests.servers.answers import assert_problem

from octavo_core.ids import generate_uuid

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODIES: dict[str, Any] = {
    "NewCharacter": {"name": "Mine now"},
    "CharacterChanges": {"name": "Mine now"},
    "NewStory": {"title": "Mine now", "content": {"chapters": []}},
    "StoryChanges": {"title": "Mine now"},
    "NewProject": {"title": "Mine now"},
    "ProjectChanges": {"title": "Mine now"},
    "NewEpisode": {"title": "Mine now"},
    "EpisodeChanges": {"title": "Mine now"},
    "NameWish": {"handle": "mine_now", "name": "Mine now"},
    "NewPost": {"title": "Mine now"},
    "PostChanges": {"title": "Mine now"},
    "NewComment": {"text": "Mine now"},
    "NewReport": {"reason": "Mine now"},
    "NewDecision": {"decision": "keep", "why": "Mine now"},
}
OPEN = ("/health", "/api/v1/health", "/shared/")
READ_BY_ALL = tuple(f"/api/feed/{path}" for path in ("posts", "people/", "rss.xml", "feed.json"))
"""Where GET asks for no token."""


def routes(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not any(part in path for part in OPEN) and not (method == "get" and path.startswith(READ_BY_ALL))
    ]


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    if "image/png" in content:
        return {"content": b"x", "headers": {"content-type": "image/png"}}
    schema = content.get("application/json", {}).get("schema", {})
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return {"json": BODIES[name]} if name in BODIES else {}


async def ask(client: httpx.AsyncClient, method: str, path: str, operation: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
    said = body_of(operation)
    return await client.request(method, path, **{**said, "headers": {**said.get("headers", {}), "if-match": "*", **headers}})


@pytest.fixture(params=["characters", "stories"])
def served(request: pytest.FixtureRequest, on_sqlite: House) -> tuple[httpx.AsyncClient, str]:
    client: httpx.AsyncClient = getattr(on_sqlite, request.param)
    return client, f"/api/{request.param}"


async def test_without_a_valid_token_there_is_nothing(served: tuple[httpx.AsyncClient, str], on_sqlite: House) -> None:
    client, prefix = served
    forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEiLCJyb2xlIjoiYWRtaW4ifQ."
    wrong_audience = on_sqlite.issuer.token("ana", "admin", aud="elsewhere")
    found = routes(made_document(await client.get(f"{prefix}/openapi.json")))
    assert len(found) > 9
    for method, path, operation in found:
        where = path.replace("{character_id}", generate_uuid()).replace("{story_id}", generate_uuid())
        where = where.replace("{user_id}", "ana").replace("{revision}", "1").replace("{share_id}", "a")
        where = re.sub(r"\{(post_id|published_id|comment_id|report_id|project_id|episode_id)\}", generate_uuid(), where).replace(
            "{handle}", "ana_here"
        )
        where = where.replace("{place}", "1")
        for token in (None, forged, wrong_audience, "x"):
            headers = {} if token is None else {"authorization": f"Bearer {token}"}
            assert_problem(await ask(client, method, where, operation, headers), 401)


async def test_what_belongs_to_another_is_not_there(served: tuple[httpx.AsyncClient, str], on_sqlite: House) -> None:
    client, prefix = served
    character, story = await on_sqlite.character(), await on_sqlite.story()
    made(
        await on_sqlite.stories.patch(f"/api/stories/{story['id']}", json={"title": "2"}, headers={**on_sqlite.by("ana"), "if-match": "*"}),
        200,
    )
    share = made(await on_sqlite.stories.post(f"/api/stories/{story['id']}/shares", headers=on_sqlite.by("ana")), 201)
    project = made(await on_sqlite.stories.post("/api/projects", json={"title": "The house"}, headers=on_sqlite.by("ana")), 201)
    episodes = f"/api/projects/{project['id']}/episodes"
    episode = made(await on_sqlite.stories.post(episodes, json={"title": "Low water"}, headers=on_sqlite.by("ana")), 201)
    ids = {"{character_id}": character["id"], "{story_id}": story["id"], "{revision}": "1", "{share_id}": share["id"]}
    ids |= {"{project_id}": project["id"], "{episode_id}": episode["id"]}
    tried = 0
    for method, path, operation in routes(made_document(await client.get(f"{prefix}/openapi.json"))):
        if not any(name in path for name in ("{character_id}", "{story_id}", "{project_id}")):
            continue
        for name, value in ids.items():
            path = path.replace(name, value)
        assert_problem(await ask(client, method, path, operation, on_sqlite.by("eva")), 404)
        if method != "GET" and not path.endswith(("/restore", "/shares")):
            # An admin may look, and may not touch.
            assert_problem(await ask(client, method, path, operation, on_sqlite.by("root", "admin")), 404)
        tried += 1
    assert tried > 6
    assert (await on_sqlite.read_character(character["id"]))["version"] == 1
    assert (await on_sqlite.read_story(story["id"]))["version"] == 2
    assert made(
        await client.get(
            f"{prefix}/{ids['{character_id}' if prefix.endswith('characters') else '{story_id}']}", headers=on_sqlite.by("root", "admin")
        ),
        200,
    )


async def test_the_openapi_document_is_whole(served: tuple[httpx.AsyncClient, str]) -> None:
    client, prefix = served
    document = made_document(await client.get(f"{prefix}/openapi.json"))
    names = [operation["operationId"] for _, _, operation in routes(document)]
    assert len(set(names)) == len(names)
    for method, path, operation in routes(document):
        assert operation["summary"], (method, path)
        assert {"4XX", "5XX"} <= set(operation["responses"]), (method, path)
        assert operation["security"] == [{"HTTPBearer": []}], (method, path)
    for page in ("docs", "redoc", "health/live", "health/ready", "metrics"):
        assert (await client.get(f"{prefix}/{page}")).status_code == 200, page


def made_document(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200
    document: dict[str, Any] = answer.json()
    return document
