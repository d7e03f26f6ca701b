"""Server-sent events on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

from octavo_core.http.sse import HEARTBEAT, event_stream, frame


def test_a_frame_has_its_lines_and_an_empty_one() -> None:
    assert frame(event_id="1-0", event="job.token", data='{"text":"ñ🦊"}'.encode()) == (
        'id: 1-0\nevent: job.token\ndata: {"text":"ñ🦊"}\n\n'.encode()
    )


def test_a_frame_without_an_id_leaves_the_last_one_standing() -> None:
    assert frame(event_id=None, event="end", data=b"{}") == b"event: end\ndata: {}\n\n"


def test_a_heartbeat_is_a_comment() -> None:
    assert HEARTBEAT.startswith(b":")
    assert HEARTBEAT.endswith(b"\n\n")


async def test_a_stream_of_events_is_neither_kept_nor_held_back_by_a_proxy() -> None:
    async def frames() -> AsyncIterator[bytes]:
        yield HEARTBEAT

    answer = event_stream(frames())
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
