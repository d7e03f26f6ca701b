"""The session as a page's script needs it: to be refreshed before Socket.IO connects with its cookie. No token is in any answer."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from octavo_core.identity.principal import Role
from octavo_web.pages.sessions import Person


class SessionAnswer(BaseModel):
    success: Literal[True] = True
    user: str
    name: str
    role: Role


async def session(visitor: Person, response: Response) -> SessionAnswer:
    """Where the access token had run out, a fresh one is set by the time that this answers."""
    response.headers["cache-control"] = "no-store"
    return SessionAnswer(user=visitor.principal.user, name=visitor.name, role=visitor.principal.role)


def session_router() -> APIRouter:
    router = APIRouter(prefix="/api/web", tags=["session"])
    router.add_api_route("/session", session, methods=["GET"], summary="Who is logged in, with a session that is fresh")
    return router
