"""A streamed answer: frames as the jobs tell them, to a caller who may go away.

The first frame is made before the answer begins, so that what is refused, or fails before a word was said, still has its own status.
A job that says nothing for a while begins with a heartbeat, and what fails after that is told by an event, as OpenAI does.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from structlog.contextvars import get_contextvars

from octavo_core.errors import OctavoError
from octavo_core.http import sse
from octavo_generation.api.openai.answers import DONE, Wire
from octavo_generation.api.openai.caller import Caller
from octavo_generation.api.openai.calls import Calls, side_by_side
from octavo_generation.api.openai.errors import error_body
from octavo_jobs.model import NewJob


class StreamedAnswer(Response):
    """Watches the caller while it sends."""

    media_type = "text/event-stream"

    def __init__(self, first: bytes, frames: AsyncGenerator[bytes, None]) -> None:
        headers = {"cache-control": "no-store", "x-accel-buffering": "no", "x-request-id": str(get_contextvars().get("correlation_id"))}
        super().__init__(headers=headers)
        self._first = first
        self._frames = frames
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with Caller(receive):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await send({"type": "http.response.body", "body": self._first, "more_body": True})
                async for frame in self._frames:
                    await send({"type": "http.response.body", "body": frame, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await self._frames.aclose()


async def streamed(calls: Calls, jobs: Sequence[NewJob], wire: Wire, receive: Receive) -> StreamedAnswer:
    """Raises what ends the call before its first frame."""
    frames = _frames(calls, jobs, wire)
    try:
        # Not watched: a caller who goes away while jobs are being committed would leave some that nobody knows of.
        await anext(frames)
        async with Caller(receive):
            first = await anext(frames)
    except BaseException:
        await frames.aclose()
        raise
    return StreamedAnswer(first, frames)


async def _frames(calls: Calls, jobs: Sequence[NewJob], wire: Wire) -> AsyncGenerator[bytes, None]:
    """The first is empty and says that the jobs are accepted."""
    begun = False
    try:
        async with calls.accepted(jobs) as accepted, contextlib.aclosing(side_by_side(accepted)) as told:
            yield b""
            opened: set[int] = set()
            async for index, piece in told:
                if piece == "":
                    frame = sse.HEARTBEAT
                elif piece is None:
                    frame = wire.closing(index, accepted[index].done)
                else:
                    frame = wire.piece(index, piece)
                if piece != "" and index not in opened:
                    opened.add(index)
                    frame = wire.opening(index) + frame
                begun = True
                yield frame
            yield (wire.usage([call.done for call in accepted]) if wire.include_usage else b"") + DONE
    except OctavoError as error:
        if not begun:
            raise
        yield b"data: " + orjson.dumps(error_body(error)) + b"\n\n"
