"""What of a project goes into prompts: bounded, in order, and never a failure."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from tests.servers.local_app import serving
from tests.servers.starting import free_port

from octavo_generation.scripts.projects import MAX_BYTES, ProjectContext, ProjectsApi

PROJECT = {"title": "The house", "description": "Two sisters", "notes": "No dogs.", "language": "es", "characters": [{"name": "Ana"}]}
EPISODES = {
    "items": [{"id": str(n), "number": n, "title": f"Part {n}", "synopsis": f"It happens {n} times."} for n in (3, 2, 1)],
}


async def read(
    *answers: Any, episode: str | None = None, status: int = 200, token: str | None = "Bearer t"
) -> tuple[ProjectContext, list[str]]:
    """`answers`: of the project, of its episodes, of the episode; what the service was asked with comes back, too."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(f"{request.path} {request.headers.get('authorization')}")
        found = answers[min(len(asked), len(answers)) - 1]
        return web.Response(body=found, status=status) if isinstance(found, bytes) else web.json_response(found, status=status)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    projects = ProjectsApi()
    async with serving(app) as url:
        context = await projects.read(url, "p1", episode, authorization=token)
        await projects.close()
    return context, asked


async def test_it_is_read_with_the_callers_own_token() -> None:
    context, asked = await read(PROJECT, EPISODES)
    assert asked == ["/api/projects/p1 Bearer t", "/api/projects/p1/episodes Bearer t"]
    assert context.about.splitlines() == [
        "Project: The house. Two sisters",
        "Notes: No dogs.",
        "Character: Ana.",
        *(f"Episode {n} Part {n}: It happens {n} times." for n in (1, 2, 3)),
    ]
    assert (context.title, context.characters, context.language, context.warning) == ("The house", ("Ana",), "es", None)


async def test_of_an_episode_only_what_was_before_it_is_known() -> None:
    context, _ = await read(PROJECT, EPISODES, EPISODES["items"][1], episode="2")
    assert "Episode 1 Part 1" in context.about
    assert "Part 3" not in context.about
    assert context.about.endswith("This is episode 2 Part 2: It happens 2 times.")


async def test_a_large_project_is_cut() -> None:
    many = [{"name": f"N{n}", "description": "x" * 2_000} for n in range(40)]
    context, _ = await read({**PROJECT, "characters": many}, {"items": []})
    assert len(context.about) <= 8_000
    assert len(context.characters) == 12


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (401, {}, "may not read it"),
        (403, {}, "may not read it"),
        (404, {}, "no such project"),
        (500, {}, "answered 500"),
        (302, {}, "answered 302"),
        (200, b"<html>", "something else than JSON"),
        (200, [], "something else than a project"),
        (200, b"x" * (MAX_BYTES + 1), "larger than"),
    ],
)
async def test_what_cannot_be_read_is_a_warning(status: int, answer: Any, said: str) -> None:
    context, _ = await read(answer, status=status)
    assert context.warning is not None
    assert said in context.warning
    assert "127.0.0.1" not in context.warning
    assert (context.about, context.characters) == ("", ())


async def test_a_service_that_is_not_there_is_a_warning() -> None:
    projects = ProjectsApi()
    context = await projects.read(f"http://127.0.0.1:{free_port()}", "p1", None, authorization="Bearer geheim")
    await projects.close()
    assert context.warning is not None
    assert "does not answer" in context.warning
    assert "geheim" not in context.warning


@pytest.mark.parametrize("odd", [{}, {"title": 7, "characters": "x", "language": 3}, {"characters": [7, {"name": None}, {}]}])
async def test_odd_answers_do_no_harm(odd: dict[str, Any]) -> None:
    context, _ = await read(odd, {"items": [7, {"number": "x"}]})
    assert context.warning is None
    assert context.characters == ()
