"""Bodies that may hold pictures are taken as large as the generator's own API takes them, and so many at once as memory allows.

A body is in memory from its first byte until its request is answered: while it is read, written down, or kept for a caller who waits.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from octavo_activator import metrics
from octavo_activator.gate import Gate
from octavo_core.errors import Unavailable
from octavo_core.http import Edge, problem_response
from octavo_core.spec.tasks import PICTURE_BODY_BYTES, most_body_bytes


class SizedFront:
    """The front behind the edge whose bound fits the request."""

    def __init__(self, front: ASGIApp, find: Callable[[int], Gate | None], *, usual: int, most_at_once: int) -> None:
        """`find` gives the gate behind a port, `usual` is the bound of bodies that hold no picture."""
        self._front = front
        self._find = find
        self._bound = usual
        self._free = most_at_once
        self._usual = Edge(front, service="activator", max_body_bytes=usual)
        self._large = Edge(self._in_its_room, service="activator", max_body_bytes=max(usual, PICTURE_BODY_BYTES))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._large if self._may_be_large(scope) else self._usual)(scope, receive, send)

    def _may_be_large(self, scope: Scope) -> bool:
        gate = self._find(scope["server"][1])
        if gate is None:
            return False
        _, path = gate.split(scope["path"])
        return most_body_bytes(gate.route.task, path, usual=self._bound) > self._bound

    async def _in_its_room(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = _size(scope)
        if size <= self._bound:
            await self._front(scope, receive, send)
            return
        if size > self._free:
            metrics.REFUSED.labels("bodies_full").inc()
            refusal = Unavailable("too many large requests are under way; try again later", retry_after=5)
            await problem_response(refusal)(scope, receive, send)
            return
        self._free -= size
        try:
            await self._front(scope, receive, send)
        finally:
            self._free += size


def _size(scope: Scope) -> int:
    """Of the body, as its caller says; the most that it may be where it does not."""
    headers = dict(scope["headers"])
    declared = headers.get(b"content-length", b"")
    if declared.isdigit():
        return int(declared)
    return PICTURE_BODY_BYTES if b"transfer-encoding" in headers else 0
