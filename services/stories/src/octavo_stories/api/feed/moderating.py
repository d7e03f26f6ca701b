"""The queue of what was reported, for admins."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from octavo_core.errors import Forbidden
from octavo_core.http.callers import Caller
from octavo_core.identity import Principal
from octavo_documents.http import Cursor, Limit, checked_id
from octavo_stories.api.feed.bodies import DecidedReport, NewDecision, ReportPage, report_view
from octavo_stories.domain.feed.feed import Feed


async def _moderator(caller: Caller) -> Principal:
    if caller.role != "admin":
        raise Forbidden("this is for admins")
    return caller


Moderator = Annotated[Principal, Depends(_moderator)]


def moderating_router(feed: Feed, prefix: str) -> APIRouter:
    router = APIRouter(prefix=f"{prefix}/moderation", tags=["moderation"])

    @router.get("", summary="What was reported, the oldest first")
    async def queue(
        _caller: Moderator, limit: Limit = 20, cursor: Cursor = None, state: Annotated[Literal["open", "closed"], Query()] = "open"
    ) -> ReportPage:
        page = await feed.moderation.queue(state=state, limit=limit, cursor=cursor)
        return ReportPage(items=[report_view(one) for one in page.items], next_cursor=page.next_cursor)

    @router.post("/{report_id}", summary="Take it down, or let it stand; closes all reports of the same thing")
    async def decide(report_id: str, body: NewDecision, caller: Moderator) -> DecidedReport:
        found = await feed.moderation.decide(checked_id(report_id, "report"), body.decision, body.why, moderator=caller.user)
        return DecidedReport(**report_view(found).model_dump())

    return router
