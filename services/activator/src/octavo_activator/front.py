"""What callers of a sleeping generator reach: one ASGI callable behind the ports of all gates.

    POST generate, generate/batch      taken durably, answered with 202, or held until the job has ended
    GET, DELETE generate/{id}, events  answered for what is held here
    health, metrics, backlog           answered from here: who watches a generator does not wake it
    all else                           wakes the generator, waits a while, and is passed on

Once a gate is open everything is passed on, but for what is still held.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from octavo_activator.gate import Gate
from octavo_activator.generators import MARK
from octavo_activator.held_routes import HeldRoutes
from octavo_activator.holding import Holding
from octavo_activator.submitting import Submitting
from octavo_activator.tally import Tally
from octavo_core.clock import Clock
from octavo_core.errors import NotFound, OctavoError, Unavailable
from octavo_core.http import problem_response

_GENERATE = "/api/v1/generate"
_BATCH = "/api/v1/generate/batch"
_ONE = re.compile(r"/api/v1/generate/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(/events)?")
_WAKING = ("/api/", "/v1/", "/docs", "/redoc", "/openapi.json")
"""A browser that asks for an icon, or a scanner for whatever it seeks, wakes nobody."""
_MARK = MARK.encode()


class Front:
    def __init__(
        self, find: Callable[[int], Gate | None], tally: Tally, submitting: Submitting, held: HeldRoutes, holding: Holding, clock: Clock
    ) -> None:
        """`find` gives the gate behind a port."""
        self._find = find
        self._tally = tally
        self._submitting = submitting
        self._held = held
        self._holding = holding
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gate = self._find(scope["server"][1])
        send = _sending_home(send, gate)
        try:
            await self._answer(gate, scope, receive, send)
        except OctavoError as error:
            await problem_response(error)(scope, receive, send)

    async def _answer(self, gate: Gate | None, scope: Scope, receive: Receive, send: Send) -> None:
        if gate is None:
            raise Unavailable("nothing is answered for at this port any more", retry_after=1)
        if any(name == _MARK for name, _ in scope["headers"]):
            raise Unavailable("the generator's Service still leads to the activator", retry_after=1)
        (root, path), method = gate.split(scope["path"]), scope["method"]
        scope["octavo.route"] = "(passed on)"
        if method == "POST" and path in (_GENERATE, _BATCH):
            scope["octavo.route"] = path
            await self._submitting.submit(gate, scope, receive, send, root=root, is_batch=path == _BATCH)
            return
        if method in ("GET", "DELETE") and (match := _ONE.fullmatch(path)) is not None:
            response = await self._held_answer(gate, match[1], bool(match[2]), Request(scope, receive))
            if response is not None:
                scope["octavo.route"] = f"{_GENERATE}/{{generation_id}}{match[2] or ''}"
                await response(scope, receive, send)
                return
        if not gate.is_open and method in ("GET", "HEAD") and (watched := self._watched(gate, path)) is not None:
            scope["octavo.route"] = path
            await watched(scope, receive, send)
            return
        if gate.phase == "asleep" and not path.startswith(_WAKING):
            raise NotFound("Not Found")
        await self._holding.hold(gate, scope, receive, send)

    async def _held_answer(self, gate: Gate, job_id: str, is_events: bool, request: Request) -> Response | None:
        job = await self._held.find(gate, job_id)
        if job is None or (is_events and request.method != "GET"):
            return None
        if is_events:
            return await self._held.events(gate, job, request)
        return await (self._held.read if request.method == "GET" else self._held.cancel)(gate, job, request)

    def _watched(self, gate: Gate, path: str) -> Response | None:
        match path:
            case "/health/live":
                return _json({"status": "alive"})
            case "/health/" | "/health/ready" | "/api/v1/health" | "/api/v1/health/detailed":
                # It takes requests: healthy, as far as its callers are concerned.
                return _json(
                    {"status": "healthy", "service": gate.key.name, "phase": gate.phase, "message": gate.message, "dependencies": {}}
                )
            case "/api/v1/backlog":
                return _json(self._backlog(gate))
            case "/metrics":
                return Response(f"# {gate.phase}\n", media_type="text/plain; version=0.0.4")
            case _:
                return None

    def _backlog(self, gate: Gate) -> dict[str, object]:
        held = self._tally.of(gate.key)
        oldest_s = 0.0 if held.since_ms is None else max(0, self._clock.now_ms() - held.since_ms) / 1000
        return {
            "queued": held.waiting,
            "running": 0,
            "delayed": 0,
            "oldestSeconds": oldest_s,
            "lastAcceptedAt": None,
            "activeRequests": gate.waiting_requests,
        }


def _sending_home(send: Send, gate: Gate | None) -> Send:
    """Once the generator answers itself, callers shall reach it without us: who keeps a connection alive would stay here."""

    async def send_marked(message: Message) -> None:
        if message["type"] == "http.response.start" and (gate is None or gate.is_open):
            message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
        await send(message)

    return send_marked


def _json(content: dict[str, object]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
