"""Stories that leave: as files for their owner, by links for anybody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response

from octavo_core.clock import to_iso
from octavo_core.errors import Conflict
from octavo_core.http.callers import Caller
from octavo_documents.folding import fold
from octavo_documents.http import checked_id, read_scope
from octavo_stories.api.bodies import MadeShare, NewShare, SharedStory, ShareList, share_view, shared_view
from octavo_stories.domain.sharing import Sharing
from octavo_stories.domain.stories import Stories
from octavo_stories.exporting import FORMATS, render
from octavo_stories.exporting.book import book_of

_FILES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {one.media_type.partition(";")[0]: {} for one in FORMATS.values()}}
}


def shared_router(sharing: Sharing, prefix: str) -> APIRouter:
    """To be included ahead of what has an id in the same place."""
    router = APIRouter(prefix=prefix, tags=["shared"])

    @router.get("/shared/{token}", summary="A story by its link; no token of a person is asked for")
    async def shared(token: str, response: Response) -> SharedStory:
        found = await sharing.open(token)
        # A link is a secret of those who have it: not for search engines, caches or the next page's Referer.
        response.headers.update({"cache-control": "no-store", "x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer"})
        return shared_view(found)

    return router


def reading_router(stories: Stories, sharing: Sharing, prefix: str, *, pdf_font: Path | None) -> APIRouter:
    router = APIRouter(prefix=f"{prefix}/{{story_id}}", tags=["reading"])

    @router.get("/export", summary="The story as a file", response_class=Response, responses=_FILES)
    async def export(
        story_id: str, caller: Caller, file_format: Annotated[Literal["md", "pdf", "epub"], Query(alias="format")] = "md"
    ) -> Response:
        found = await stories.read(checked_id(story_id, "story"), owner=read_scope(caller))
        if found.body["state"] != "ready":
            raise Conflict("the story has no text yet")
        changed = to_iso(found.updated_at)[:19] + "Z"
        data = await render(book_of(found.id, found.body, changed), file_format, pdf_font=pdf_font)
        name = found.body["title"].replace("/", "-")
        plain = fold(name).encode("ascii", "ignore").decode().replace(" ", "-") or "story"
        named = f"filename=\"{plain[:80]}.{file_format}\"; filename*=UTF-8''{quote(name[:80])}.{file_format}"
        headers = {
            "content-disposition": f"attachment; {named}",
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-cache",
        }
        return Response(data, media_type=FORMATS[file_format].media_type, headers=headers)

    @router.post("/shares", status_code=201, summary="Make a link by which anybody may read the story")
    async def share(story_id: str, caller: Caller, body: NewShare | None = None) -> MadeShare:
        found = await stories.read(checked_id(story_id, "story"), owner=caller.user)
        made, token = await sharing.share(found, expires_in_s=(body or NewShare()).expires_in_seconds)
        return MadeShare(**share_view(made, ended=False).model_dump(), token=token, url=f"{prefix}/shared/{token}")

    @router.get("/shares", summary="The story's links, without what opens them")
    async def shares(story_id: str, caller: Caller) -> ShareList:
        found = await stories.read(checked_id(story_id, "story"), owner=caller.user)
        return ShareList(items=[share_view(one, ended=sharing.has_ended(one)) for one in await sharing.shares(found)])

    @router.delete("/shares/{share_id}", status_code=204, summary="Revoke a link")
    async def revoke(story_id: str, share_id: str, caller: Caller) -> Response:
        found = await stories.read(checked_id(story_id, "story"), owner=caller.user)
        await sharing.revoke(found, share_id)
        return Response(status_code=204)

    return router
