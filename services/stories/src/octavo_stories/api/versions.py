"""What a story was before its edits, and how it becomes that again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from octavo_core.http.callers import Caller
from octavo_documents.http import Cursor, IfMatch, Limit, checked_id, etag, read_scope, required_version
from octavo_stories.api.bodies import Story, Version, VersionPage, version_summary, version_view, view
from octavo_stories.domain.stories import Stories

_Revision = Annotated[int, Path(ge=1, le=2**31)]


def versions_router(stories: Stories, prefix: str) -> APIRouter:
    router = APIRouter(prefix=f"{prefix}/{{story_id}}/versions", tags=["versions"])

    @router.get("", summary="Earlier versions, the latest first")
    async def page(story_id: str, caller: Caller, limit: Limit = 20, cursor: Cursor = None) -> VersionPage:
        found = await stories.versions(checked_id(story_id, "story"), owner=read_scope(caller), limit=limit, cursor=cursor)
        return VersionPage(items=[version_summary(one) for one in found.items], next_cursor=found.next_cursor)

    @router.get("/{revision}", summary="An earlier version")
    async def read(story_id: str, revision: _Revision, caller: Caller) -> Version:
        await stories.read(checked_id(story_id, "story"), owner=read_scope(caller))
        return version_view(await stories.version(story_id, revision, owner=read_scope(caller)))

    @router.post("/{revision}/restore", summary="Make an earlier version the present one; nothing is lost")
    async def restore(story_id: str, revision: _Revision, caller: Caller, response: Response, if_match: IfMatch = None) -> Story:
        version = required_version(if_match)
        changed = await stories.restore(checked_id(story_id, "story"), revision, owner=caller.user, version=version)
        response.headers["etag"] = etag(changed)
        return view(changed)

    return router
