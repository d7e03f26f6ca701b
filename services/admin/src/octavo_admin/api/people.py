"""People and the audit log.

Both are auth's, and stay there: what is asked here is passed on to auth with the admin's own token. So auth checks the session and the
role as they stand, keeps the rule that an admin is always left, and writes its audit log with the admin's name; and a page or a script
finds all that an admin does under one prefix. Nothing of it is kept or decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from octavo_admin.api.answers import Anything
from octavo_admin.api.callers import AdminCaller
from octavo_admin.domain.model import Admin
from octavo_admin.domain.ports import People

UserId = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="Id of the user.")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]
Role = Annotated[Literal["user", "admin"] | None, Query(description="Only these.")]
Status = Annotated[Literal["active", "suspended", "deleting"] | None, Query(description="Only these.")]


class UserChanges(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "admin"] | None = None
    status: Literal["active", "suspended"] | None = Field(None, description="Suspending ends all sessions.")


def people_router(people: People, prefix: str) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=["people"])

    async def ask(
        request: Request, admin: Admin, method: str, path: str, query: Sequence[tuple[str, object]] = (), json: object = None
    ) -> Response:
        answer = await people.ask(
            method,
            path,
            authorization=request.headers["authorization"],
            address=admin.address,
            query=[(name, str(value)) for name, value in query if value is not None],
            json=json,
        )
        return Response(answer.body, answer.status, media_type=answer.media_type, headers={"cache-control": "no-store"})

    @router.get("/users", summary="People, newest first; `q` is a part of a name, an address or a number", response_model=Anything)
    async def users(
        request: Request,
        admin: AdminCaller,
        limit: Limit = 50,
        cursor: Cursor = None,
        q: Annotated[str | None, Query(max_length=100)] = None,
        role: Role = None,
        status: Status = None,
    ) -> Response:
        query = [("limit", limit), ("cursor", cursor), ("q", q), ("role", role), ("status", status)]
        return await ask(request, admin, "GET", "/users", query)

    @router.get("/users/{user}", summary="One person", response_model=Anything)
    async def user(user: UserId, request: Request, admin: AdminCaller) -> Response:
        return await ask(request, admin, "GET", f"/users/{user}")

    @router.patch("/users/{user}", summary="Change the role, suspend, or let in again", response_model=Anything)
    async def change(user: UserId, body: UserChanges, request: Request, admin: AdminCaller) -> Response:
        return await ask(request, admin, "PATCH", f"/users/{user}", json=body.model_dump(exclude_unset=True))

    @router.delete(
        "/users/{user}", status_code=202, summary="Delete the account, and all that every service keeps of it", response_model=Anything
    )
    async def delete(user: UserId, request: Request, admin: AdminCaller) -> Response:
        return await ask(request, admin, "DELETE", f"/users/{user}")

    @router.post("/users/{user}/logout", summary="Sign a person out everywhere", response_model=Anything)
    async def sign_out(user: UserId, request: Request, admin: AdminCaller) -> Response:
        return await ask(request, admin, "POST", f"/users/{user}/logout")

    @router.get("/audit", summary="Who did what, newest first: accounts, and the acts of admins here", response_model=Anything)
    async def audit(
        request: Request,
        admin: AdminCaller,
        limit: Limit = 50,
        cursor: Cursor = None,
        user: Annotated[str | None, Query(max_length=36, description="Who did it, or whom it concerns.")] = None,
        action: Annotated[str | None, Query(max_length=40, pattern="^[a-z_]+$")] = None,
        outcome: Annotated[Literal["ok", "refused", "throttled"] | None, Query()] = None,
    ) -> Response:
        query = [("limit", limit), ("cursor", cursor), ("user", user), ("action", action), ("outcome", outcome)]
        return await ask(request, admin, "GET", "/audit", query)

    return router
