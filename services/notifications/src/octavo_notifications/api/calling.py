"""Who calls a route: checked for the whole router, before bodies are, and handed to each handler."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Header, Request

from octavo_core.identity import Principal
from octavo_notifications.identity import Authenticate


def authenticated(authenticate: Authenticate) -> Any:
    """For a router's `dependencies`; its handlers may then have a `Caller`."""

    async def check(request: Request, authorization: Annotated[str | None, Header()] = None) -> None:
        request.state.principal = await authenticate(authorization)

    return Depends(check)


def _principal(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


Caller = Annotated[Principal, Depends(_principal)]
