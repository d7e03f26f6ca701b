"""The episodes of a project over HTTP, with the rights of their project."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from octavo_core.http.callers import Caller
from octavo_documents import Document
from octavo_documents.http import Cursor, IfMatch, Limit, Order, checked_id, etag, is_known, optional_version, read_scope, required_version
from octavo_stories.api.projects.bodies import (
    Episode,
    EpisodeChanges,
    EpisodePage,
    NewEpisode,
    episode_summary,
    episode_view,
)
from octavo_stories.domain.projects.projects import Projects


def episodes_router(projects: Projects, prefix: str) -> APIRouter:
    router = APIRouter(prefix=f"{prefix}/{{project_id}}/episodes", tags=["episodes"])

    @router.post("", status_code=201, summary="Add an episode")
    async def create(project_id: str, body: NewEpisode, caller: Caller, response: Response) -> Episode:
        made = await projects.add_episode(checked_id(project_id, "project"), body.model_dump(), owner=caller.user)
        response.headers["location"] = f"{prefix}/{project_id}/episodes/{made.id}"
        return _shown(made, response)

    @router.get("", summary="Its episodes, in pages, without their scripts")
    async def page(
        project_id: str,
        caller: Caller,
        limit: Limit = 20,
        cursor: Cursor = None,
        sort: Annotated[Literal["number", "title", "created_at", "updated_at"], Query(description="What they are sorted by.")] = "number",
        order: Order = "asc",
    ) -> EpisodePage:
        found = await projects.episodes(
            checked_id(project_id, "project"),
            owner=read_scope(caller),
            sort=sort,
            descending=order == "desc",
            limit=limit,
            cursor=cursor,
        )
        return EpisodePage(items=[episode_summary(one) for one in found.items], next_cursor=found.next_cursor)

    @router.get("/{episode_id}", summary="An episode with its script", responses={304: {"description": "Unchanged."}})
    async def read(project_id: str, episode_id: str, caller: Caller, request: Request, response: Response) -> Episode:
        found = await projects.episode(checked_id(project_id, "project"), checked_id(episode_id, "episode"), owner=read_scope(caller))
        if is_known(request, etag(found)):
            return Response(status_code=304, headers={"etag": etag(found)})  # type: ignore[return-value]
        return _shown(found, response)

    @router.put("/{episode_id}", summary="Replace all of it")
    async def replace(
        project_id: str, episode_id: str, body: NewEpisode, caller: Caller, response: Response, if_match: IfMatch = None
    ) -> Episode:
        version, said = required_version(if_match), body.model_dump()
        if said["number"] is None:
            # A place that is not named stays.
            del said["number"]
        return _shown(await _edited(projects, project_id, episode_id, said, owner=caller.user, version=version), response)

    @router.patch("/{episode_id}", summary="Change some of it")
    async def change(
        project_id: str, episode_id: str, body: EpisodeChanges, caller: Caller, response: Response, if_match: IfMatch = None
    ) -> Episode:
        version = required_version(if_match)
        said = {name: value for name, value in body.model_dump().items() if value is not None}
        return _shown(await _edited(projects, project_id, episode_id, said, owner=caller.user, version=version), response)

    @router.delete("/{episode_id}", status_code=204, summary="Delete an episode")
    async def delete(project_id: str, episode_id: str, caller: Caller, if_match: IfMatch = None) -> Response:
        await projects.delete_episode(
            checked_id(project_id, "project"), checked_id(episode_id, "episode"), owner=caller.user, version=optional_version(if_match)
        )
        return Response(status_code=204)

    return router


async def _edited(
    projects: Projects, project: str, episode: str, changes: dict[str, object], *, owner: str, version: int | None
) -> Document:
    return await projects.edit_episode(
        checked_id(project, "project"), checked_id(episode, "episode"), changes, owner=owner, version=version
    )


def _shown(document: Document, response: Response) -> Episode:
    response.headers["etag"] = etag(document)
    return episode_view(document)
