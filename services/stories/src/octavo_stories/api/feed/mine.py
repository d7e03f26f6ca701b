"""An author's own posts, drafts too. For anybody else there is none (404)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from octavo_core.errors import MalformedBody, UnsupportedMedia
from octavo_core.http.callers import Caller
from octavo_documents import Document
from octavo_documents import Query as Asked
from octavo_documents.http import Cursor, IfMatch, Limit, checked_id, etag, optional_version, required_version
from octavo_stories.api.feed.bodies import NameWish, NewPost, OwnName, OwnPage, OwnPost, PostChanges, own_name, own_summary, own_view
from octavo_stories.api.feed.reading import picture_answer
from octavo_stories.domain.feed.feed import Feed
from octavo_stories.domain.feed.posts import checked_place

_KEY = Annotated[str | None, Header(max_length=200, description="The same key again is the same post.")]
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/png", "image/jpeg", "image/webp", "image/gif")
        },
    }
}


def own_posts_router(feed: Feed, prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=["own posts"])
    own = f"{prefix}/mine"

    @router.get("/me", summary="What one is called in the feed")
    async def me(caller: Caller) -> OwnName:
        return own_name(await feed.people.of(caller.user))

    @router.put("/me", summary="Say what one wants to be called; another name frees the earlier one")
    async def call_me(body: NameWish, caller: Caller) -> OwnName:
        return own_name(await feed.people.call(caller.user, handle=body.handle, name=body.name, about=body.about))

    @router.get("/mine", summary="One's posts, the newest first")
    async def page(
        caller: Caller,
        limit: Limit = 20,
        cursor: Cursor = None,
        state: Annotated[Literal["draft", "published", "removed"] | None, Query()] = None,
    ) -> OwnPage:
        where = {} if state is None else {"state": state}
        found = await feed.posts.page(Asked(caller.user, where=where, limit=limit, cursor=cursor))
        return OwnPage(items=[own_summary(one) for one in found.items], next_cursor=found.next_cursor)

    @router.post("/mine", status_code=201, summary="Begin a post, written in place or from a story; it is a draft until it is published")
    async def create(body: NewPost, caller: Caller, response: Response, idempotency_key: _KEY = None) -> OwnPost:
        said = body.model_dump()
        made = await feed.posts.create(caller.user, said, story=said.pop("story_id"), key=idempotency_key)
        response.headers["location"] = f"{own}/{made.id}"
        return _shown(made, response)

    @router.get("/mine/{post_id}", summary="A post of one's own")
    async def read(post_id: str, caller: Caller, response: Response) -> OwnPost:
        return _shown(await feed.posts.read(checked_id(post_id, "post"), owner=caller.user), response)

    @router.patch("/mine/{post_id}", summary="Change some of it")
    async def change(post_id: str, body: PostChanges, caller: Caller, response: Response, if_match: IfMatch = None) -> OwnPost:
        version = required_version(if_match)
        changes = {name: value for name, value in body.model_dump().items() if value is not None}
        return _shown(await feed.posts.edit(checked_id(post_id, "post"), changes, owner=caller.user, version=version), response)

    @router.delete("/mine/{post_id}", status_code=204, summary="Delete a post, and what others did to it")
    async def delete(post_id: str, caller: Caller, if_match: IfMatch = None) -> Response:
        await feed.posts.delete(checked_id(post_id, "post"), owner=caller.user, version=optional_version(if_match))
        return Response(status_code=204)

    @router.post("/mine/{post_id}/publish", summary="Show it to everybody")
    async def publish(post_id: str, caller: Caller, response: Response) -> OwnPost:
        return _shown(await feed.posts.publish(checked_id(post_id, "post"), owner=caller.user), response)

    @router.post("/mine/{post_id}/withdraw", summary="Make it a draft again; likes and comments stay with it, unseen")
    async def withdraw(post_id: str, caller: Caller, response: Response) -> OwnPost:
        return _shown(await feed.posts.withdraw(checked_id(post_id, "post"), owner=caller.user), response)

    _add_pictures(router, feed)
    return router


def _add_pictures(router: APIRouter, feed: Feed) -> None:
    path = "/mine/{post_id}/pictures/{place}"

    @router.put(path, summary="Set one of its six pictures: PNG, JPEG, WebP or GIF as the body", openapi_extra=_UPLOAD)
    async def set_picture(
        post_id: str,
        place: str,
        caller: Caller,
        request: Request,
        response: Response,
        alt: Annotated[str, Query(max_length=500, description="What it shows, for who does not see it.")] = "",
    ) -> OwnPost:
        post, where = checked_id(post_id, "post"), checked_place(place)
        # Asked for first, so that a stranger's picture is not decoded for nothing.
        await feed.posts.read(post, owner=caller.user)
        data = await _uploaded(request)
        return _shown(await feed.posts.set_picture(post, where, data, alt=alt.replace("\0", ""), owner=caller.user), response)

    @router.get(
        path,
        summary="A picture of a post of one's own",
        response_class=Response,
        responses={
            200: {"content": {"image/png": {}, "image/jpeg": {}}, "description": "The picture."},
            304: {"description": "Known."},
        },
    )
    async def get_picture(
        post_id: str, place: str, caller: Caller, request: Request, v: Annotated[str | None, Query(max_length=64)] = None
    ) -> Response:
        found = await feed.posts.read(checked_id(post_id, "post"), owner=caller.user)
        return picture_answer(request, *await feed.posts.picture(found, checked_place(place)), asked=v, public=False)

    @router.delete(path, summary="Remove a picture")
    async def remove_picture(post_id: str, place: str, caller: Caller, response: Response) -> OwnPost:
        post = checked_id(post_id, "post")
        return _shown(await feed.posts.remove_picture(post, checked_place(place), owner=caller.user), response)


async def _uploaded(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind and not kind.startswith("image/") and kind != "application/octet-stream":
        raise UnsupportedMedia(f"send the picture itself as the body, as image/png or the like, not {kind[:100]}")
    data = await request.body()
    if not data:
        raise MalformedBody("the body is empty; send the picture itself")
    return data


def _shown(document: Document, response: Response) -> OwnPost:
    response.headers["etag"] = etag(document)
    return own_view(document)
