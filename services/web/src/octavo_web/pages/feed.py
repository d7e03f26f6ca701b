"""The feed's pages: read by everybody, and by who has no script too. A person's own marks are asked for beside the posts, and left out
where they cannot be had."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from octavo_core.errors import Conflict, InvalidInput, OctavoError, Throttled, TooLarge, Unavailable
from octavo_core.http.problems import status_of
from octavo_web.adapters.feed_api import FeedApi, Listing, Marks
from octavo_web.domain.returning import page_path
from octavo_web.pages.forms import read_form
from octavo_web.pages.posts import PostCard, post_of, posts_of
from octavo_web.pages.rendering import Pages, is_fragment
from octavo_web.pages.sessions import Person, Visitor, visitor_of

_POSTS = 10
_COMMENTS = 20
_MINE = 20
_REFUSED = (InvalidInput, Conflict, TooLarge, Throttled)
_Cursor = Annotated[str | None, Query(max_length=1_000)]
_Id = Annotated[str, Path(max_length=64)]
_ORDERS = ("newest", "ranked")


class FeedPages:
    def __init__(self, pages: Pages, feed: FeedApi) -> None:
        self._pages = pages
        self._feed = feed

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/feed", include_in_schema=False)
        router.add_api_route("", self.all, methods=["GET"])
        router.add_api_route("/following", self.following, methods=["GET"])
        router.add_api_route("/saved", self.saved, methods=["GET"])
        router.add_api_route("/mine", self.mine, methods=["GET"])
        router.add_api_route("/mine/{post}/{what}", self.act, methods=["POST"])
        router.add_api_route("/offline", self.offline, methods=["GET"])
        router.add_api_route("/posts/{post}", self.one, methods=["GET"])
        router.add_api_route("/posts/{post}/comments", self.comments, methods=["GET"])
        router.add_api_route("/posts/{post}/comments", self.say, methods=["POST"])
        router.add_api_route("/posts/{post}/report", self.report, methods=["POST"])
        router.add_api_route("/posts/{post}/{deed}", self.mark, methods=["POST"])
        router.add_api_route("/comments/{comment}/remove", self.unsay, methods=["POST"])
        router.add_api_route("/@{handle}", self.person, methods=["GET"])
        router.add_api_route("/@{handle}/follow", self.follow, methods=["POST"])
        return router

    async def all(self, request: Request, cursor: _Cursor = None, order: Annotated[str, Query(max_length=10)] = "newest") -> Response:
        chosen = order if order in _ORDERS else "newest"
        try:
            listing = await self._feed.posts(order=chosen, cursor=cursor, limit=_POSTS)
        except InvalidInput:
            # A ranking that is hours old is gone; its readers begin anew.
            return RedirectResponse(f"/feed?{urlencode({'order': chosen})}", 303)
        return await self._list(request, listing, "feed.html", place=chosen, more={"order": chosen})

    async def following(self, request: Request, visitor: Person, cursor: _Cursor = None) -> Response:
        listing = await self._feed.kept("following", token=visitor.access, cursor=cursor, limit=_POSTS)
        return await self._list(request, listing, "feed.html", place="following")

    async def saved(self, request: Request, visitor: Person, cursor: _Cursor = None) -> Response:
        listing = await self._feed.kept("saved", token=visitor.access, cursor=cursor, limit=_POSTS)
        return await self._list(request, listing, "feed.html", place="saved")

    async def person(self, request: Request, handle: _Id, cursor: _Cursor = None) -> Response:
        who = await self._feed.person(handle)
        listing = await self._feed.posts(author=handle, cursor=cursor, limit=_POSTS)
        marks = await self._marks(request, listing, (handle,))
        own = False
        if (visitor := visitor_of(request)) is not None and not is_fragment(request):
            own = await self._handle(visitor) == handle
        return await self._list(
            request, listing, "feed_person.html", place="person", marks=marks, who=who, follows=handle in marks.following, own=own
        )

    async def one(self, request: Request, post: _Id, said: Annotated[str, Query(max_length=20)] = "") -> Response:
        return await self._post(request, post, said=said)

    async def comments(self, request: Request, post: _Id, cursor: _Cursor = None) -> Response:
        """The next ones, for a script; without one, the page that begins with them."""
        if not is_fragment(request):
            return await self._post(request, post, cursor=cursor)
        card = post_of(await self._feed.post(post))
        listing = await self._feed.comments(post, cursor=cursor, limit=_COMMENTS)
        return self._pages.render(request, "_comments.html", post=card, talk=listing, me=await self._me(request))

    async def say(self, request: Request, post: _Id, visitor: Person) -> Response:
        sent = await read_form(request)
        try:
            if (handle := sent.line("handle")) and (name := sent.line("name")):
                await self._feed.call_me(handle, name, token=visitor.access)
            await self._feed.say(post, sent.line("text"), token=visitor.access)
        except _REFUSED as error:
            return await self._post(request, post, error=error, values=sent.texts)
        return RedirectResponse(f"/feed/posts/{post}?said=comment#comments", 303)

    async def unsay(self, request: Request, comment: _Id, visitor: Person) -> Response:
        sent = await read_form(request)
        await self._feed.unsay(comment, token=visitor.access)
        return RedirectResponse(page_path(sent.line("back"), "/feed"), 303)

    async def report(self, request: Request, post: _Id, visitor: Person) -> Response:
        sent = await read_form(request)
        try:
            await self._feed.report(post, sent.line("comment") or None, sent.line("reason"), token=visitor.access)
        except _REFUSED as error:
            return await self._post(request, post, error=error, values=sent.texts)
        return RedirectResponse(f"/feed/posts/{post}?said=report", 303)

    async def mark(self, request: Request, post: _Id, deed: Annotated[str, Path(pattern="^(like|save)$")], visitor: Person) -> Response:
        sent = await read_form(request)
        on = sent.line("on") == "1"
        await self._feed.mark(post, deed, on=on, token=visitor.access)
        if not is_fragment(request):
            return RedirectResponse(f"{page_path(sent.line('back'), '/feed')}#post-{post}", 303)
        card = post_of(await self._feed.post(post), await self._feed.marks([post], [], token=visitor.access))
        return self._pages.render(request, "_acts.html", post=card)

    async def follow(self, request: Request, handle: _Id, visitor: Person) -> Response:
        sent = await read_form(request)
        await self._feed.follow(handle, on=sent.line("on") == "1", token=visitor.access)
        return RedirectResponse(f"/feed/@{handle}", 303)

    async def mine(self, request: Request, visitor: Person, cursor: _Cursor = None) -> Response:
        listing = await self._feed.mine(token=visitor.access, cursor=cursor, limit=_MINE)
        following = None if listing.next_cursor is None else f"/feed/mine?{urlencode({'cursor': listing.next_cursor})}"
        return self._pages.render(request, "feed_mine.html", posts=listing.items, next=following, handle=await self._handle(visitor))

    async def act(
        self, request: Request, post: _Id, what: Annotated[str, Path(pattern="^(publish|withdraw|delete)$")], visitor: Person
    ) -> Response:
        await self._feed.act(post, what, token=visitor.access)
        return RedirectResponse("/feed/mine", 303)

    async def offline(self, request: Request) -> Response:
        """What is shown where a page was asked for without a network. The service worker keeps it."""
        return self._pages.render(request, "feed_offline.html")

    async def _post(
        self,
        request: Request,
        post: str,
        *,
        said: str = "",
        cursor: str | None = None,
        error: OctavoError | None = None,
        values: dict[str, str] | None = None,
    ) -> Response:
        whole = await self._feed.post(post)
        talk = await self._feed.comments(post, cursor=cursor, limit=_COMMENTS)
        marks = await self._marks(request, Listing([whole], None), ())
        return self._pages.render(
            request,
            "feed_post.html",
            status=200 if error is None else status_of(error),
            post=post_of(whole, marks),
            talk=talk,
            me=await self._me(request),
            said=said,
            values=values or {},
            faults={} if error is None else self._pages.faults(request, error),
        )

    async def _list(
        self,
        request: Request,
        listing: Listing,
        template: str,
        *,
        place: str,
        more: dict[str, str] | None = None,
        marks: Marks | None = None,
        **context: Any,
    ) -> Response:
        cards: list[PostCard] = posts_of(listing.items, marks if marks is not None else await self._marks(request, listing, ()))
        following = None
        if listing.next_cursor is not None:
            following = f"{request.url.path}?{urlencode({**(more or {}), 'cursor': listing.next_cursor})}"
        name = "_posts.html" if is_fragment(request) else template
        return self._pages.render(request, name, posts=cards, next=following, place=place, **context)

    async def _marks(self, request: Request, listing: Listing, people: tuple[str, ...]) -> Marks:
        visitor = visitor_of(request)
        posts = [str(one.get("id", "")) for one in listing.items]
        if visitor is None or not (posts or people):
            return Marks()
        try:
            return await self._feed.marks(posts, people, token=visitor.access)
        except Unavailable:
            # The posts are there; that they were liked is worth no error page.
            return Marks()

    async def _me(self, request: Request) -> dict[str, str]:
        """What the person who looks is called in the feed; empty where that is not known."""
        visitor = visitor_of(request)
        if visitor is None:
            return {}
        try:
            found = await self._feed.me(token=visitor.access)
        except Unavailable:
            return {}
        return {"handle": str(found.get("handle") or ""), "name": str(found.get("name") or visitor.name)}

    async def _handle(self, visitor: Visitor) -> str:
        return str((await self._feed.me(token=visitor.access)).get("handle") or "")
