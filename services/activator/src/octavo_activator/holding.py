"""Requests that only the generator itself can answer: they wake it, wait a while for it, and are passed on."""

from __future__ import annotations

import asyncio
import contextlib
import time

from starlette.types import Receive, Scope, Send

from octavo_activator.bodies import has_body, read_body, unless_gone
from octavo_activator.gate import Gate
from octavo_activator.generators import Generators, NotReached
from octavo_activator.proxy import relay
from octavo_activator.room import Room
from octavo_activator.settings import ActivatorSettings
from octavo_core.errors import Unavailable

_TRY_AGAIN_S = 0.25
_RETRY_AFTER_S = 5


class Holding:
    def __init__(self, settings: ActivatorSettings, generators: Generators, room: Room) -> None:
        self._hold_s = settings.hold_seconds
        self._keeps_cors = not settings.cors_origins
        self._generators = generators
        self._room = room

    async def relay(self, gate: Gate, scope: Scope, receive: Receive, send: Send, *, body: bytes | None = None) -> None:
        """At once. Raises `NotReached` when nothing was sent, `Unavailable` before an answer began."""
        await relay(gate, self._generators, scope, receive, send, body=body, keeps_cors=self._keeps_cors)

    async def hold(self, gate: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        """As soon as the gate is open. Raises `Unavailable` when that takes too long."""
        if gate.is_open:
            try:
                await self.relay(gate, scope, receive, send)
                return
            except NotReached:
                # It is said to be ready and is not: between two pods, or just gone.
                pass
        # Whole from here on: only then can be told that the caller has gone, and only so can it be sent twice.
        body = await read_body(receive) if has_body(scope) else None
        deadline, pause_s = time.monotonic() + self._hold_s, 0.0
        while True:
            with self._room.enter(), gate.waiting():
                await asyncio.sleep(pause_s)
                await unless_gone(receive, self._until_open(gate, deadline))
            try:
                await self.relay(gate, scope, receive, send, body=body)
                return
            except NotReached:
                if self._room.left(deadline) <= 0:
                    raise
                pause_s = _TRY_AGAIN_S

    async def _until_open(self, gate: Gate, deadline: float) -> None:
        while not gate.is_open:
            left = self._room.left(deadline)
            if left <= 0 or gate.is_dismissed:
                raise Unavailable(f"the generator does not answer yet ({gate.message})", retry_after=_RETRY_AFTER_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await gate.until_open()
