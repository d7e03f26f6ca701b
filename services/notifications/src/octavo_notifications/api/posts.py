"""A post that was published, for the service that keeps the feed: it says who is to hear of it, a page of people at a time."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, ConfigDict, Field

from octavo_core.errors import Forbidden
from octavo_notifications.identity import Authenticate
from octavo_notifications.push.model import PostNews
from octavo_notifications.push.telling import PushTeller

PATH = "/api/notifications/internal/posts"
MOST_USERS = 100


class PublishedPost(BaseModel):
    model_config = ConfigDict(extra="forbid")

    post: str = Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    title: str = Field(min_length=1, max_length=1_000)
    author: str = Field(min_length=1, max_length=200, description="What the author is called.")
    language: str | None = Field(None, max_length=35)
    published_at: int = Field(ge=0, description="Milliseconds since the epoch.")
    users: list[Annotated[str, Field(min_length=1, max_length=128)]] = Field(min_length=1, max_length=MOST_USERS)


class Told(BaseModel):
    success: Literal[True] = True
    browsers: int = Field(description="How many there are to push to.")


def posts_router(teller: PushTeller, authenticate: Authenticate) -> APIRouter:
    async def check(authorization: Annotated[str | None, Header()] = None) -> None:
        """Before the body is looked at."""
        if (await authenticate(authorization)).role != "service":
            raise Forbidden("for services only")

    router = APIRouter(tags=["internal"], dependencies=[Depends(check)])

    @router.post(PATH, summary="Push a new post to these people's browsers, each once; for services")
    async def tell(body: PublishedPost) -> Told:
        news = PostNews(body.post, body.title, body.author, body.language, body.published_at)
        return Told(browsers=await teller.tell(body.users, news))

    return router
