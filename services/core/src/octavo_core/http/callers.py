"""Who calls: types for the parameters of FastAPI routes. They check the bearer token and show in OpenAPI that one is asked for.

The application says with what tokens are checked: `app.state.verifier = TokenVerifier(…)`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from octavo_core.errors import Forbidden
from octavo_core.identity import Principal, TokenVerifier

_BEARER = HTTPBearer(auto_error=False, description="An access token of Octavo, or of an issuer that is configured here.")
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


async def authenticated(request: Request, _bearer: _Bearer) -> Principal:
    """Raises `Unauthenticated`, or `Unavailable` when the issuer's keys cannot be had."""
    verifier: TokenVerifier = request.app.state.verifier
    return await verifier.verify(request.headers.get("authorization"))


Caller = Annotated[Principal, Depends(authenticated)]
"""Whoever has a valid token."""


async def _service(caller: Caller) -> Principal:
    if caller.role != "service":
        raise Forbidden("only services may do this")
    return caller


ServiceCaller = Annotated[Principal, Depends(_service)]
"""Another of our services; no person, admins neither."""
