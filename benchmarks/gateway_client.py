"""The client that calls chat completions: whole answers in a closed loop, and streams one after the other with their first moments."""

import asyncio
import re
import time
from dataclasses import dataclass, field

import orjson

from benchmarks.client import JOB_DEADLINE_S, PROMPT, End, JobClient, RunError
from benchmarks.http_wire import CONNECT_DEADLINE_S, Connection, WireError, request_bytes
from benchmarks.notifications import Listener, OnEnd

_TEXT = re.compile(rb'"content":\s?"[^"]')


class GatewayTarget:
    """Where a stack takes chat completions. The bodies are the same for all."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self._path = path
        self._call = self._request(stream=False)
        self.stream_request = self._request(stream=True)

    def listeners(self, on_end: OnEnd) -> list[Listener]:
        return []

    def submission(self, number: int) -> bytes:
        return self._call

    def _request(self, *, stream: bool) -> bytes:
        body: dict[str, object] = {"model": "bench", "messages": [{"role": "user", "content": PROMPT}]}
        if stream:
            body["stream"] = True
        return request_bytes("POST", f"127.0.0.1:{self.port}", self._path, orjson.dumps(body), {"authorization": "Bearer none"})


class GatewayClient(JobClient):
    """A call ends with its own answer; nothing else is listened to."""

    async def job(self) -> tuple[float, End]:
        request = self._target.submission(0)
        sent = time.perf_counter()
        reply = await self._pool.request(request)
        at = time.perf_counter()
        if reply.status != 200 or b'"choices"' not in reply.body:
            raise RunError(f"a call was answered with HTTP {reply.status}: {reply.body[:300].decode(errors='replace')}")
        return sent, End(at, "succeeded")


@dataclass(slots=True)
class StreamTimes:
    """Of one stack and one round; seconds from the request's write, one value a stream."""

    first_byte_s: list[float] = field(default_factory=list)
    """Of the body: a stack may begin before its model does."""
    first_text_s: list[float] = field(default_factory=list)
    end_s: list[float] = field(default_factory=list)


class _TimedConnection(Connection):
    def __init__(self) -> None:
        super().__init__()
        self.first_byte_at = self.first_text_at = 0.0

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.first_byte_at = self.first_text_at = 0.0

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self.first_byte_at == 0.0:
            self.first_byte_at = time.perf_counter()
        # A frame is never cut in two here: stacks write whole frames, and the loopback's segments are larger.
        if self.first_text_at == 0.0 and _TEXT.search(body):
            self.first_text_at = time.perf_counter()


async def time_streams(target: GatewayTarget, seconds: float) -> StreamTimes:
    """One stream after the other on a kept-alive connection. RunError where one is refused or has no text."""
    times, connection = StreamTimes(), await _connect(target)
    give_up = time.perf_counter() + seconds
    try:
        while time.perf_counter() < give_up:
            if not connection.open:
                connection.close()
                connection = await _connect(target)
            sent = time.perf_counter()
            async with asyncio.timeout(JOB_DEADLINE_S):
                reply = await connection.send(target.stream_request)
            ended = time.perf_counter()
            if reply.status != 200 or not connection.first_text_at or b"[DONE]" not in reply.body:
                raise RunError(f"a stream was answered with HTTP {reply.status}: {reply.body[-300:].decode(errors='replace')}")
            times.first_byte_s.append(connection.first_byte_at - sent)
            times.first_text_s.append(connection.first_text_at - sent)
            times.end_s.append(ended - sent)
    except WireError as error:
        raise RunError(f"a stream broke: {error}") from error
    finally:
        connection.close()
    return times


async def _connect(target: GatewayTarget) -> _TimedConnection:
    async with asyncio.timeout(CONNECT_DEADLINE_S):
        _, connection = await asyncio.get_running_loop().create_connection(_TimedConnection, "127.0.0.1", target.port)
    return connection
