"""The control routes: what is scripted, who is down, what was asked. They are for the person who started the server, and ask for no key."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from octavo_core.errors import InvalidInput, MalformedBody, OctavoError, TooLarge
from octavo_core.http.problems import problem_response
from octavo_fakes.journal import KEEP
from octavo_fakes.pictures import MEDIA_TYPES
from octavo_fakes.script import SERVED, read_down, read_script
from octavo_fakes.stage import SAMPLE, House
from octavo_fakes.vendors.images import PICTURES_PATH

MAX_SCRIPT_BYTES = 4 * 1_048_576


class Control:
    def __init__(self, house: House) -> None:
        self._house = house

    def routes(self) -> list[Route]:
        return [
            Route("/", self.welcome, methods=["GET"]),
            Route("/_script", self.add_rules, methods=["POST"]),
            Route("/_script", self.list_rules, methods=["GET"]),
            Route("/_script", self.clear_rules, methods=["DELETE"]),
            Route("/_down", self.set_down, methods=["PUT"]),
            Route("/_down", self.list_down, methods=["GET"]),
            Route("/_down", self.clear_down, methods=["DELETE"]),
            Route("/_requests", self.list_requests, methods=["GET"]),
            Route("/_requests", self.clear_requests, methods=["DELETE"]),
            Route(f"{PICTURES_PATH}/{{token}}.{{format}}", self.picture, methods=["GET"]),
        ]

    async def welcome(self, request: Request) -> Response:
        return _json(
            {
                "what": "Octavo's fake providers: sample answers in the vendors' wire formats. No vendor and no model is asked.",
                "providers": {name: f"/{name}" for name in SERVED},
                "latency_s": dict(self._house.latency),
                "control": ["/_script", "/_down", "/_requests"],
            }
        )

    async def add_rules(self, request: Request) -> Response:
        try:
            self._house.playbook.add(read_script(await _read(request)))
        except OctavoError as error:
            return problem_response(error)
        return await self.list_rules(request)

    async def list_rules(self, request: Request) -> Response:
        return _json({"rules": self._house.playbook.describe()})

    async def clear_rules(self, request: Request) -> Response:
        self._house.playbook.clear()
        return Response(status_code=204)

    async def set_down(self, request: Request) -> Response:
        try:
            self._house.playbook.set_down(read_down(await _read(request)))
        except OctavoError as error:
            return problem_response(error)
        return await self.list_down(request)

    async def list_down(self, request: Request) -> Response:
        return _json(self._house.playbook.describe_down())

    async def clear_down(self, request: Request) -> Response:
        self._house.playbook.down.clear()
        return Response(status_code=204)

    async def list_requests(self, request: Request) -> Response:
        limit = request.query_params.get("limit", str(KEEP))
        if not limit.isdecimal() or not 1 <= int(limit) <= KEEP:
            return problem_response(InvalidInput(f"limit is a whole number from 1 to {KEEP}"))
        return _json(self._house.journal.describe(provider=request.query_params.get("provider"), limit=int(limit)))

    async def clear_requests(self, request: Request) -> Response:
        self._house.journal.clear()
        return Response(status_code=204)

    async def picture(self, request: Request) -> Response:
        spec = self._house.pictures.spec_of(request.path_params["token"])
        if spec is None or request.path_params["format"] != spec.format:
            return Response("There is no such picture, or no longer.", 404, media_type="text/plain")
        drawn = await self._house.pictures.draw(spec)
        return Response(drawn, headers={name.decode(): value.decode() for name, value in SAMPLE}, media_type=MEDIA_TYPES[spec.format])


async def _read(request: Request) -> object:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_SCRIPT_BYTES:
            raise TooLarge(f"a script may have {MAX_SCRIPT_BYTES} bytes")
        chunks.append(chunk)
    try:
        return orjson.loads(b"".join(chunks))
    except orjson.JSONDecodeError:
        raise MalformedBody("the body is not JSON") from None


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
