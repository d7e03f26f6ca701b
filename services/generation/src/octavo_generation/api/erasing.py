"""What a person made with a generator goes with their account: `DELETE /api/internal/users/{id}`, for the service that deletes accounts.
Where a platform serves many generators in one process, it erases of all at once and needs no route."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path

from octavo_core.errors import Forbidden
from octavo_generation.api.services import JobServices
from octavo_generation.generator import Generator


def erasing_router(generator: Generator, services: JobServices) -> APIRouter:
    router = APIRouter(tags=["internal"])

    @router.delete("/api/internal/users/{user_id}", status_code=204, summary="Erase a person's jobs, pictures and events; for services")
    async def erase_user(
        user_id: Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[^\x00]+$")],
        authorization: Annotated[str | None, Header()] = None,
    ) -> None:
        """Idempotent; 204 when nothing is left, 503 when it has to be asked again."""
        if generator.platform is None:
            raise Forbidden("this generator knows no platform whose services it would believe")
        caller = await generator.platform.verify(authorization)
        if caller.role != "service":
            raise Forbidden("only services may do this")
        await services.erase(user_id, generator=generator.name)

    return router
