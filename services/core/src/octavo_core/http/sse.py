"""Server-sent events on the wire (HTML Living Standard, section 9.2)."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.responses import StreamingResponse

HEARTBEAT = b": still here\n\n"
HEARTBEAT_EVERY_S = 15.0


def frame(*, event_id: str | None, event: str, data: bytes) -> bytes:
    """`data` is one line of UTF-8 JSON, which holds no raw line break."""
    head = b"" if event_id is None else b"id: " + event_id.encode() + b"\n"
    return head + b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"


def event_stream(frames: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(
        frames, media_type="text/event-stream", headers={"cache-control": "no-store", "x-accel-buffering": "no", "connection": "keep-alive"}
    )
