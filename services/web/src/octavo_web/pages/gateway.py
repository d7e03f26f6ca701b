"""From a browser's session to the services: the cookie becomes a bearer token, and the answer is passed on while it comes.

`/api/web/gateway/…` is for the pages' own scripts and pictures; `/api/router_generator/NAME` are the six names of the seeds (and what else
is configured), for programs too, which send a token of their own. Nothing is passed on but what is listed here: no cookie goes out, none
comes back, and what comes back cannot run as a page of this place.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Annotated

import aiohttp
from fastapi import APIRouter, Path, Request
from starlette.responses import Response, StreamingResponse

from octavo_core.errors import NotFound, OctavoError, Unauthenticated
from octavo_core.identity import TokenVerifier
from octavo_web.adapters.services_api import ServicesApi
from octavo_web.pages.sessions import person

_PASSED = re.compile(
    r"generators/[a-z0-9-]{1,63}/api/v1/[A-Za-z0-9_./~-]{1,300}"
    r"|api/(characters|stories|projects|feed|notifications)(/[A-Za-z0-9_./~-]{0,300})?"
    r"|api/admin/logs/tail"
)
_CLIMBS = re.compile(r"(^|/)\.\.?(/|$)|//")
_SENT = (
    "accept",
    "accept-language",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "if-range",
    "last-event-id",
    "prefer",
    "range",
    "x-correlation-id",
)
_BACK = (
    "accept-ranges",
    "cache-control",
    "content-disposition",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
    "location",
    "preference-applied",
    "retry-after",
    "www-authenticate",
    # A proxy in front must not keep a stream back either.
    "x-accel-buffering",
)
_HARMLESS = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_Id = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="As `generation_id` was answered.")]
_Named = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,63}$", description="One of the configured names.")]


class Gateway:
    def __init__(self, services: ServicesApi, verifier: TokenVerifier, names: Mapping[str, str]) -> None:
        """`names`: below /api/router_generator/, the generators that answer there."""
        self._services = services
        self._verifier = verifier
        self._names = names

    def router(self) -> APIRouter:
        router = APIRouter(tags=["gateway"])
        router.add_api_route(
            "/api/web/gateway/{path:path}",
            self.passed,
            methods=_METHODS,
            summary="A service, with the session's token",
            include_in_schema=False,
        )
        router.add_api_route(
            "/api/router_generator/{name}", self.generate, methods=["POST"], summary="Generate, by one of the six names", status_code=202
        )
        one = "/api/router_generator/{name}/{generation_id}"
        router.add_api_route(one, self.generation, methods=["GET", "DELETE"], summary="A generation: see it, or cancel it")
        router.add_api_route(f"{one}/events", self.events, methods=["GET"], summary="What happens to it, as server-sent events")
        return router

    async def passed(self, request: Request, path: str) -> Response:
        if not _PASSED.fullmatch(path) or _CLIMBS.search(path):
            raise NotFound("there is nothing at this address")
        return await self._pass_on(request, f"/{path}", await self._token(request))

    async def generate(self, request: Request, name: _Named) -> Response:
        token = await self._token(request)
        return await self._pass_on(request, f"/generators/{self._generator(name)}/api/v1/generate", token)

    async def generation(self, request: Request, name: _Named, generation_id: _Id) -> Response:
        token = await self._token(request)
        return await self._pass_on(request, f"/generators/{self._generator(name)}/api/v1/generate/{generation_id}", token)

    async def events(self, request: Request, name: _Named, generation_id: _Id) -> Response:
        token = await self._token(request)
        return await self._pass_on(request, f"/generators/{self._generator(name)}/api/v1/generate/{generation_id}/events", token)

    def _generator(self, name: str) -> str:
        found = self._names.get(name)
        if found is None:
            raise NotFound("there is no such generator")
        return found

    async def _token(self, request: Request) -> str:
        """Of the caller's own header, else of the session. Checked here also where a generator would serve anybody."""
        header = request.headers.get("authorization")
        if header is not None:
            await self._verifier.verify(header)
            return header.partition(" ")[2]
        try:
            return (await person(request)).access
        except Unauthenticated:
            raise Unauthenticated("a bearer token or a session is required") from None

    async def _pass_on(self, request: Request, path: str, token: str) -> Response:
        headers = {name: request.headers[name] for name in _SENT if name in request.headers}
        headers["authorization"] = f"Bearer {token}"
        # As it is, so that its length is known and a picture's bytes are not packed twice.
        headers["accept-encoding"] = "identity"
        body = None if request.method in ("GET", "DELETE") else await request.body()
        stack = AsyncExitStack()
        try:
            answer = await stack.enter_async_context(
                self._services.passing(request.method, path, query=request.url.query, headers=headers, body=body)
            )
        except OctavoError:
            await stack.aclose()
            raise
        back = {name: answer.headers[name] for name in _BACK if name in answer.headers} | _HARMLESS
        return StreamingResponse(_chunks(answer, stack), answer.status, headers=back)


async def _chunks(answer: aiohttp.ClientResponse, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    """As they come. A caller who leaves ends the call; a service that breaks off breaks off here too, so that nothing cut looks whole."""
    async with stack:
        async for chunk in answer.content.iter_any():
            yield chunk
