"""Projects over HTTP. Reading is for the owner and for admins, everything else for the owner; for anybody else there is none (404)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from octavo_core.http.callers import Caller
from octavo_documents import Document, Scalar
from octavo_documents import Query as Asked
from octavo_documents.http import (
    Cursor,
    IfMatch,
    Limit,
    Order,
    OwnerOf,
    Search,
    checked_id,
    etag,
    is_known,
    list_scope,
    optional_version,
    read_scope,
    required_version,
)
from octavo_stories.api.projects.bodies import NewProject, Project, ProjectChanges, ProjectPage, project_view
from octavo_stories.domain.projects.projects import Projects


def projects_router(projects: Projects, prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=["projects"])

    @router.post("", status_code=201, summary="Make a project")
    async def create(body: NewProject, caller: Caller, response: Response) -> Project:
        made = await projects.create(caller.user, body.model_dump())
        response.headers["location"] = f"{prefix}/{made.id}"
        return _shown(made, response)

    @router.get("", summary="One's projects, in pages")
    async def page(
        caller: Caller,
        limit: Limit = 20,
        cursor: Cursor = None,
        search: Search = None,
        sort: Annotated[Literal["created_at", "updated_at", "title"], Query(description="What they are sorted by.")] = "created_at",
        order: Order = "desc",
        genre: Annotated[str | None, Query(max_length=63)] = None,
        user_id: OwnerOf = None,
    ) -> ProjectPage:
        where: dict[str, Scalar] = {} if genre is None else {"genre": genre}
        found = await projects.page(
            Asked(
                owner=list_scope(caller, user_id),
                where=where,
                search=search,
                sort=sort,
                descending=order == "desc",
                limit=limit,
                cursor=cursor,
            )
        )
        return ProjectPage(items=[project_view(one) for one in found.items], next_cursor=found.next_cursor)

    @router.get("/{project_id}", summary="A project", responses={304: {"description": "Unchanged."}})
    async def read(project_id: str, caller: Caller, request: Request, response: Response) -> Project:
        found = await projects.read(checked_id(project_id, "project"), owner=read_scope(caller))
        if is_known(request, etag(found)):
            return Response(status_code=304, headers={"etag": etag(found)})  # type: ignore[return-value]
        return _shown(found, response)

    @router.put("/{project_id}", summary="Replace all of it but its episodes")
    async def replace(project_id: str, body: NewProject, caller: Caller, response: Response, if_match: IfMatch = None) -> Project:
        version = required_version(if_match)
        changed = await projects.edit(checked_id(project_id, "project"), body.model_dump(), owner=caller.user, version=version)
        return _shown(changed, response)

    @router.patch("/{project_id}", summary="Change some of it")
    async def change(project_id: str, body: ProjectChanges, caller: Caller, response: Response, if_match: IfMatch = None) -> Project:
        version = required_version(if_match)
        changes = {name: value for name, value in body.model_dump().items() if value is not None}
        return _shown(await projects.edit(checked_id(project_id, "project"), changes, owner=caller.user, version=version), response)

    @router.delete("/{project_id}", status_code=204, summary="Delete a project and its episodes")
    async def delete(project_id: str, caller: Caller, if_match: IfMatch = None) -> Response:
        await projects.delete(checked_id(project_id, "project"), owner=caller.user, version=optional_version(if_match))
        return Response(status_code=204)

    return router


def _shown(document: Document, response: Response) -> Project:
    response.headers["etag"] = etag(document)
    return project_view(document)
