"""What readers report, and what a moderator decides. Every decision is a line of the log that names who decided what.

A report keeps the beginning of what was reported, since a comment that is taken down is gone. It goes with whoever it is about, with
whoever made it, and with the post.
"""

from __future__ import annotations

import contextlib
from typing import Literal

import structlog

from octavo_core.clock import Clock
from octavo_core.errors import NotFound
from octavo_documents import AlreadyThere, Body, Document, DocumentStore, Page, Query, update
from octavo_stories.domain.feed.commenting import NO_SUCH as NO_COMMENT
from octavo_stories.domain.feed.model import COMMENTS, POSTS, RANKS, REPORTS, report_id, taken_down
from octavo_stories.domain.feed.rates import Rates

log = structlog.get_logger(__name__)

Decision = Literal["remove", "keep"]
EXCERPT_CHARS = 500
_PAGE = 100


class Moderation:
    def __init__(self, store: DocumentStore, rates: Rates, clock: Clock) -> None:
        self._store = store
        self._rates = rates
        self._clock = clock

    async def report(self, post: Document, comment: str | None, user: str, reason: str) -> None:
        """Of the post, or of a comment under it. The same person's second report of the same thing is the first one, which is
        open anew where that was decided before the thing was last changed: nobody has judged what is there now."""
        self._rates.take("report", user)
        about, excerpt, changed_at = post.owner, f"{post.body['title']}\n{post.body['text']}", post.updated_at
        if comment is not None:
            said = await self._store.get(COMMENTS, comment, owner=None)
            if said is None or said.body["post"] != post.id:
                raise NotFound(NO_COMMENT)
            about, excerpt, changed_at = said.owner, said.body["text"], said.updated_at
        target = comment or post.id
        body: Body = {
            "state": "open",
            "target": target,
            "post": post.id,
            "comment": comment,
            "about": about,
            "excerpt": excerpt[:EXCERPT_CHARS],
            "reason": reason,
            "decision": None,
            "decided_by": None,
            "decided_at": None,
            "why": None,
        }

        def reopened(seen: Document) -> Body | None:
            return body if seen.body["state"] == "closed" and changed_at >= seen.body["decided_at"] else None

        try:
            await self._store.insert(REPORTS, report_id(user, target), owner=user, body=body)
        except AlreadyThere:
            # It may have gone with its post just now.
            with contextlib.suppress(NotFound):
                await update(self._store, REPORTS, report_id(user, target), reopened, owner=user)

    async def queue(self, *, state: Literal["open", "closed"], limit: int, cursor: str | None) -> Page:
        """The oldest first."""
        return await self._store.page(
            REPORTS, Query(None, where={"state": state}, sort="created_at", descending=False, limit=limit, cursor=cursor)
        )

    async def decide(self, report: str, decision: Decision, why: str, *, moderator: str) -> Document:
        """First what is decided is done, then every open report of the same thing is closed: after a crash in between they are open
        still, and deciding again does no more than close them."""
        seen = await self._store.get(REPORTS, report, owner=None)
        if seen is None:
            raise NotFound("there is no such report")
        if decision == "remove":
            await self._take_down(seen, why)
        closing = {"state": "closed", "decision": decision, "decided_by": moderator, "decided_at": self._clock.now_ms(), "why": why}
        target, about = seen.body["target"], seen.body["about"]
        # Without the reason, which somebody typed: it stands in the report.
        log.info("a moderator decided", moderator=moderator, decision=decision, report=report, target=target, about=about)
        cursor = None
        while True:
            page = await self._store.page(REPORTS, Query(None, where={"target": target}, limit=_PAGE, cursor=cursor))
            for one in page.items:
                if one.body["state"] == "open":
                    await self._close(one, closing)
            cursor = page.next_cursor
            if cursor is None:
                break
        return await self._store.get(REPORTS, report, owner=None) or seen

    async def _close(self, report: Document, closing: Body) -> None:
        def closed(seen: Document) -> Body | None:
            return {**seen.body, **closing} if seen.body["state"] == "open" else None

        # It may have gone with a person's account just now.
        with contextlib.suppress(NotFound):
            await update(self._store, REPORTS, report.id, closed, owner=None)

    async def _take_down(self, report: Document, why: str) -> None:
        comment, post = report.body["comment"], report.body["post"]
        if comment is not None:
            await self._store.remove(COMMENTS, comment, owner=None)
            return
        try:
            await update(self._store, POSTS, post, lambda seen: taken_down(seen.body, why), owner=None)
        except NotFound:
            return
        await self._store.remove(RANKS, post, owner=None)
