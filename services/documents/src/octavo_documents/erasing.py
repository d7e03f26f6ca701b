"""The route by which everything of a person goes when their account does. For services; idempotent; 204 when nothing is left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from octavo_core.http.callers import ServiceCaller

Erase = Callable[[str], Awaitable[None]]
PATH = "/api/internal/users/{user_id}"


def erasing_router(erase: Erase, prefix: str) -> APIRouter:
    """At `/api/internal/users/{id}`, where the service has a host of its own, and at `{prefix}/internal/users/{id}`, where it shares
    one with others. `erase` returns when nothing is left, or raises `Unavailable`: then it is asked for again."""
    router = APIRouter(tags=["internal"])

    async def erase_user(
        user_id: Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[^\x00]+$")], _caller: ServiceCaller
    ) -> Response:
        await erase(user_id)
        return Response(status_code=204)

    for path in (PATH, f"{prefix}/internal/users/{{user_id}}"):
        router.add_api_route(path, erase_user, methods=["DELETE"], status_code=204, summary="Erase what is kept of a person")
    return router
