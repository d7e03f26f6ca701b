"""The end of a user's data here, for the service that deletes accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Header, Path

from octavo_core.errors import Forbidden
from octavo_notifications.identity import Authenticate

Erase = Callable[[str], Awaitable[None]]
"""All that is kept of that user. Idempotent; raises `Unavailable` when it is not all gone yet."""

PATHS = ("/api/internal/users/{user_id}", "/api/notifications/internal/users/{user_id}")
"""The second one where several services share a port."""


def erasure_router(erase: Erase, authenticate: Authenticate, *, paths: tuple[str, ...] = PATHS) -> APIRouter:
    router = APIRouter(tags=["internal"])

    async def erase_user(
        user_id: Annotated[str, Path(min_length=1, max_length=128)], authorization: Annotated[str | None, Header()] = None
    ) -> None:
        principal = await authenticate(authorization)
        if principal.role != "service":
            raise Forbidden("for services only")
        await erase(user_id)

    for path in paths:
        router.add_api_route(path, erase_user, methods=["DELETE"], status_code=204, summary="Erase a user's data; for services")
    return router
