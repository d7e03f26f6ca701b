"""What readers do: like, save, follow, comment, report; and what they did."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from octavo_core.errors import InvalidInput, NotFound
from octavo_core.http.callers import Caller
from octavo_documents.http import Cursor, Limit, checked_id
from octavo_stories.api.feed.bodies import Done, Followed, MadeComment, Marks, NewComment, NewReport, PostPage, Taken, comment_view
from octavo_stories.api.feed.names import checked_handle
from octavo_stories.api.feed.reading import page_view
from octavo_stories.domain.feed.feed import Feed
from octavo_stories.domain.feed.regard import Deed

_MARKED = 50


def acting_router(feed: Feed, prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=["readers"])

    @router.get("/following", summary="The newest posts of those whom one follows")
    async def following(caller: Caller, limit: Limit = 20, cursor: Cursor = None) -> PostPage:
        return page_view(await feed.reading.following(caller.user, limit=limit, cursor=cursor))

    @router.get("/saved", summary="The posts that one saved, the last one first")
    async def saved(caller: Caller, limit: Limit = 20, cursor: Cursor = None) -> PostPage:
        return page_view(await feed.reading.saved(caller.user, limit=limit, cursor=cursor))

    @router.get("/marks", summary="Of some posts and people, which one liked, saved and follows")
    async def marks(
        caller: Caller,
        posts: Annotated[str, Query(max_length=_MARKED * 37, description="Their ids, with commas between.")] = "",
        people: Annotated[str, Query(max_length=_MARKED * 31, description="Their names, with commas between.")] = "",
    ) -> Marks:
        ids, handles = _listed(posts, "posts"), _listed(people, "people")
        ids = [checked_id(one, "post") for one in ids]
        liked, saved = await feed.regard.done("like", ids, caller.user), await feed.regard.done("save", ids, caller.user)
        following = []
        for handle in handles:
            try:
                other = await feed.people.find(checked_handle(handle))
            except NotFound:
                continue
            if await feed.people.follows(caller.user, other):
                following.append(handle)
        return Marks(liked=liked, saved=saved, following=following)

    deeds: list[tuple[Deed, str]] = [("like", "Like a post"), ("save", "Save a post")]
    for deed, what in deeds:
        _add_deed(router, feed, deed, what)

    @router.post("/posts/{published_id}/comments", status_code=201, summary="Say something under a post")
    async def comment(published_id: str, body: NewComment, caller: Caller) -> MadeComment:
        found = await feed.reading.find(checked_id(published_id, "post"))
        said = await feed.commenting.say(found, caller.user, body.text)
        return MadeComment(**comment_view(said).model_dump())

    @router.delete("/comments/{comment_id}", status_code=204, summary="Remove what one said, or what is said under a post of one's own")
    async def remove_comment(comment_id: str, caller: Caller) -> Response:
        await feed.commenting.remove(checked_id(comment_id, "comment"), caller.user)
        return Response(status_code=204)

    @router.post("/posts/{published_id}/reports", status_code=202, summary="Tell the moderators about a post, or a comment under it")
    async def report(published_id: str, body: NewReport, caller: Caller) -> Taken:
        found = await feed.reading.find(checked_id(published_id, "post"))
        await feed.moderation.report(found, body.comment_id, caller.user, body.reason)
        return Taken()

    @router.put("/people/{handle}/follow", summary="Follow somebody")
    async def follow(handle: str, caller: Caller) -> Followed:
        other = await feed.people.follow(caller.user, checked_handle(handle))
        return Followed(followers=await feed.people.followers(other))

    @router.delete("/people/{handle}/follow", summary="Follow them no more")
    async def leave(handle: str, caller: Caller) -> Followed:
        other = await feed.people.leave(caller.user, checked_handle(handle))
        return Followed(followers=await feed.people.followers(other))

    return router


def _add_deed(router: APIRouter, feed: Feed, deed: Deed, what: str) -> None:
    path = f"/posts/{{published_id}}/{deed}"

    @router.put(path, summary=f"{what}; again is harmless", name=f"do_{deed}")
    async def do(published_id: str, caller: Caller) -> Done:
        found = await feed.reading.find(checked_id(published_id, "post"))
        await feed.regard.do(deed, found, caller.user)
        return Done(likes=(await feed.regard.counts([found.id]))[found.id].likes)

    @router.delete(path, summary=f"{what} no more; again is harmless", name=f"undo_{deed}")
    async def undo(published_id: str, caller: Caller) -> Done:
        found = await feed.reading.find(checked_id(published_id, "post"))
        await feed.regard.undo(deed, found, caller.user)
        return Done(likes=(await feed.regard.counts([found.id]))[found.id].likes)


def _listed(text: str, name: str) -> list[str]:
    found = [one for one in dict.fromkeys(part.strip() for part in text.split(",")) if one]
    if len(found) > _MARKED:
        raise InvalidInput(f"{name}: at most {_MARKED} at once")
    return found
