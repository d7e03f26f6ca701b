"""What anybody may read of the feed: no token is asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from octavo_core.errors import InvalidInput, NotFound
from octavo_core.http.callers import authenticated
from octavo_documents.http import Cursor, Limit, checked_id, is_known
from octavo_stories.api.bodies import Language
from octavo_stories.api.feed.bodies import CommentPage, PersonView, Post, PostPage, comment_view, person_view, post_view, summary
from octavo_stories.api.feed.names import checked_handle
from octavo_stories.domain.feed.feed import Feed
from octavo_stories.domain.feed.posts import checked_place
from octavo_stories.domain.feed.reading import ShownPage
from octavo_stories.exporting.syndication import json_feed, rss

_SYNDICATED = 30
_BRIEFLY = {"cache-control": "public, max-age=60"}
_Search = Annotated[
    str | None,
    Query(max_length=200, description="Words that it holds, whatever their case and accents; parts of words too. Only with a token."),
]
_Handle = Annotated[str | None, Query(max_length=40, description="Of this person alone.")]


def feed_reading_router(feed: Feed, prefix: str, *, public_url: str | None) -> APIRouter:
    """`public_url`: where people reach the pages; None: where the request came to."""
    router = APIRouter(prefix=prefix, tags=["feed"])

    @router.get("/posts", summary="What is published, in pages")
    async def posts(
        request: Request,
        limit: Limit = 20,
        cursor: Cursor = None,
        order: Annotated[Literal["newest", "ranked"], Query(description="`ranked`: likes and saves count, and fade with time.")] = "newest",
        author: _Handle = None,
        language: Annotated[Language | None, Query()] = None,
        search: _Search = None,
    ) -> PostPage:
        if search is not None:
            # It reads every text: that is not for whoever comes by.
            await authenticated(request, None)
        if order == "ranked":
            if author is not None or language is not None or search is not None:
                raise InvalidInput("the ranked order is of all posts; leave out author, language and search")
            return page_view(await feed.reading.ranked(limit=limit, cursor=cursor))
        handle = None if author is None else checked_handle(author)
        return page_view(await feed.reading.newest(author=handle, language=language, search=search, limit=limit, cursor=cursor))

    @router.get("/posts/{published_id}", summary="A post")
    async def post(published_id: str) -> Post:
        return post_view(await feed.reading.one(checked_id(published_id, "post")))

    @router.get(
        "/posts/{published_id}/pictures/{place}",
        summary="A picture of a post",
        response_class=Response,
        responses={
            200: {"content": {"image/png": {}, "image/jpeg": {}}, "description": "The picture."},
            304: {"description": "Known."},
        },
    )
    async def picture(published_id: str, place: str, request: Request, v: Annotated[str | None, Query(max_length=64)] = None) -> Response:
        found = await feed.reading.find(checked_id(published_id, "post"))
        return picture_answer(request, *await feed.posts.picture(found, checked_place(place)), asked=v, public=True)

    @router.get("/posts/{published_id}/comments", summary="What is said under a post, the oldest first")
    async def comments(published_id: str, limit: Limit = 20, cursor: Cursor = None) -> CommentPage:
        found = await feed.reading.find(checked_id(published_id, "post"))
        said, next_cursor = await feed.commenting.page(found, limit=limit, cursor=cursor)
        return CommentPage(items=[comment_view(one) for one in said], next_cursor=next_cursor)

    @router.get("/people/{handle}", summary="Somebody who publishes")
    async def person(handle: str) -> PersonView:
        found = await feed.people.find(checked_handle(handle))
        return person_view(found, followers=await feed.people.followers(found))

    @router.get(
        "/rss.xml",
        summary="The newest posts as RSS 2.0",
        response_class=Response,
        responses={200: {"content": {"application/rss+xml": {}}, "description": "The feed."}},
    )
    async def as_rss(request: Request, author: _Handle = None) -> Response:
        data = rss(await _newest(author), base=_base(request), author=author)
        return Response(data, media_type="application/rss+xml", headers=_BRIEFLY)

    @router.get(
        "/feed.json",
        summary="The newest posts as JSON Feed 1.1",
        response_class=Response,
        responses={200: {"content": {"application/feed+json": {}}, "description": "The feed."}},
    )
    async def as_json(request: Request, author: _Handle = None) -> Response:
        data = json_feed(await _newest(author), base=_base(request), author=author)
        return Response(data, media_type="application/feed+json", headers=_BRIEFLY)

    async def _newest(author: str | None) -> ShownPage:
        handle = None if author is None else checked_handle(author)
        return await feed.reading.newest(author=handle, limit=_SYNDICATED, cursor=None)

    def _base(request: Request) -> str:
        return (public_url or str(request.base_url)).rstrip("/")

    return router


def page_view(page: ShownPage) -> PostPage:
    return PostPage(items=[summary(one) for one in page.items], next_cursor=page.next_cursor)


def picture_answer(request: Request, media_type: str, tag: str, data: bytes, *, asked: str | None, public: bool) -> Response:
    """A published picture that is taken back must be gone soon, so caches that others share keep it for an hour at most.
    Readers of RSS and JSON Feed show it in pages of theirs."""
    kept = "public, max-age=3600" if public else "private, max-age=31536000, immutable"
    headers = {
        "etag": f'"{tag}"',
        "cache-control": kept if asked == tag else "no-cache" if public else "private, no-cache",
        **({"cross-origin-resource-policy": "cross-origin"} if public else {}),
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'",
    }
    if is_known(request, headers["etag"]):
        return Response(status_code=304, headers=headers)
    if media_type not in ("image/png", "image/jpeg"):
        raise NotFound("there is no such picture")
    return Response(data, media_type=media_type, headers=headers)
