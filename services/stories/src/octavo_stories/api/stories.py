"""Stories over HTTP. Reading is for the owner and for admins, everything else for the owner; for anybody else there is none (404)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response

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
from octavo_stories.api.bodies import (
    Audience,
    Language,
    NewStory,
    Story,
    StoryAccepted,
    StoryChanges,
    StoryPage,
    StoryWish,
    accepted,
    summary,
    view,
)
from octavo_stories.domain.ports import CastSource
from octavo_stories.domain.stories import Stories
from octavo_stories.domain.story import Wish, written_by_hand

PREFIX = "/api/stories"
_KEY = Annotated[str | None, Header(max_length=200, description="The same key again is the same story.")]


def stories_router(stories: Stories, cast: CastSource, *, generator: str) -> APIRouter:
    """`generator` writes where a wish names none."""
    router = APIRouter(prefix=PREFIX, tags=["stories"])

    @router.post("", status_code=201, summary="Keep a story that a person wrote")
    async def create(body: NewStory, caller: Caller, response: Response) -> Story:
        said = body.model_dump()
        made = await stories.create(caller.user, written_by_hand(**said))
        response.headers["location"] = f"{PREFIX}/{made.id}"
        return _shown(made, response)

    @router.post("/write", status_code=202, summary="Have a story written, with one's characters")
    async def write(body: StoryWish, caller: Caller, request: Request, response: Response, idempotency_key: _KEY = None) -> StoryAccepted:
        members = await cast.find(list(dict.fromkeys(body.character_ids)), authorization=request.headers.get("authorization"))
        wish = Wish(
            prompt=body.prompt,
            cast=members,
            generator=body.generator or generator,
            title=body.title,
            language=body.language,
            audience=body.audience,
            max_tokens=body.max_tokens,
            seed=body.seed,
        )
        made = await stories.write(caller.user, wish, key=idempotency_key)
        response.headers["location"] = f"{PREFIX}/{made.id}"
        response.headers["etag"] = etag(made)
        return accepted(made)

    @router.get("", summary="One's stories, in pages")
    async def page(
        caller: Caller,
        limit: Limit = 20,
        cursor: Cursor = None,
        search: Search = None,
        sort: Annotated[Literal["created_at", "updated_at", "title"], Query(description="What they are sorted by.")] = "created_at",
        order: Order = "desc",
        state: Annotated[Literal["writing", "ready", "failed"] | None, Query()] = None,
        language: Annotated[Language | None, Query()] = None,
        audience: Annotated[Audience | None, Query()] = None,
        user_id: OwnerOf = None,
    ) -> StoryPage:
        asked: dict[str, Scalar] = {"state": state, "language": language, "audience": audience}
        found = await stories.page(
            Asked(
                owner=list_scope(caller, user_id),
                where={name: value for name, value in asked.items() if value is not None},
                search=search,
                sort=sort,
                descending=order == "desc",
                limit=limit,
                cursor=cursor,
            )
        )
        return StoryPage(items=[summary(one) for one in found.items], next_cursor=found.next_cursor)

    @router.get("/{story_id}", summary="A story", responses={304: {"description": "Unchanged."}})
    async def read(story_id: str, caller: Caller, request: Request, response: Response) -> Story:
        found = await stories.read(checked_id(story_id, "story"), owner=read_scope(caller))
        if is_known(request, etag(found)):
            return Response(status_code=304, headers={"etag": etag(found)})  # type: ignore[return-value]
        return _shown(found, response)

    @router.put("/{story_id}", summary="Replace title, content, language and audience")
    async def replace(story_id: str, body: NewStory, caller: Caller, response: Response, if_match: IfMatch = None) -> Story:
        version = required_version(if_match)
        return _shown(await stories.edit(checked_id(story_id, "story"), body.model_dump(), owner=caller.user, version=version), response)

    @router.patch("/{story_id}", summary="Change some of it")
    async def change(story_id: str, body: StoryChanges, caller: Caller, response: Response, if_match: IfMatch = None) -> Story:
        version = required_version(if_match)
        changes = {name: value for name, value in body.model_dump().items() if value is not None}
        return _shown(await stories.edit(checked_id(story_id, "story"), changes, owner=caller.user, version=version), response)

    @router.delete("/{story_id}", status_code=204, summary="Delete a story, its versions and its links")
    async def delete(story_id: str, caller: Caller, if_match: IfMatch = None) -> Response:
        await stories.delete(checked_id(story_id, "story"), owner=caller.user, version=optional_version(if_match))
        return Response(status_code=204)

    return router


def _shown(document: Document, response: Response) -> Story:
    response.headers["etag"] = etag(document)
    return view(document)
