"""A provider that costs almost nothing: it answers chat completions after a fixed time and says how long it really took.

All stacks call it, so its own CPU is taken from each; that is why it speaks HTTP/1.1 from a bare protocol (httptools parses, the reply
is one prepared byte string) and not from a web framework. It is no fake for tests: no failures, no limits, one model.

    POST /v1/chat/completions   a fixed reply with usage; in pieces where the body asks for `"stream": true`
    GET  /v1/models             the one model
    GET  /stats                 calls and own time since the last reset, in milliseconds
    POST /stats/reset           starts a new count
    GET  /health                200
"""

import argparse
import asyncio
import re
import signal
import time
from array import array
from typing import cast

import httptools
import orjson
import uvloop

from benchmarks.figures import percentile

REPLY_TEXT = "The lighthouse keeper lit the lamp, and far out on the water a small boat turned for home."
USAGE = {"prompt_tokens": 16, "completion_tokens": 20, "total_tokens": 36}
MODEL = "bench"

_STREAM_ASKED = re.compile(rb'"stream"\s*:\s*true')


def _response(body: bytes, content_type: bytes = b"application/json", status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (status, content_type, len(body))
    return head + body


def _completion() -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": REPLY_TEXT}, "finish_reason": "stop"}
    body = {"id": "chatcmpl-bench", "object": "chat.completion", "created": 0, "model": MODEL, "choices": [choice], "usage": USAGE}
    return _response(orjson.dumps(body))


def _streamed_completion() -> bytes:
    """The same reply as server-sent events, a word a piece, sent in one write: the wait comes before the first piece."""
    head = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 0, "model": MODEL}
    pieces = [word + " " for word in REPLY_TEXT.split(" ")]
    chunks: list[dict[str, object]] = [
        {**head, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
        *({**head, "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]} for piece in pieces),
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {**head, "choices": [], "usage": USAGE},
    ]
    frames = [b"data: " + orjson.dumps(chunk) for chunk in chunks]
    return _response(b"\n\n".join([*frames, b"data: [DONE]", b""]), b"text/event-stream")


COMPLETION = _completion()
STREAMED_COMPLETION = _streamed_completion()
MODELS = _response(orjson.dumps({"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": "benchmark"}]}))
HEALTHY = _response(b'{"status":"ok"}')
NOT_FOUND = _response(b'{"error":{"message":"not found"}}', status=b"404 Not Found")


class Ledger:
    """How often the upstream was called and how long each call took from the request's last byte to the reply's write."""

    def __init__(self) -> None:
        self.seconds = array("d")

    def reset(self) -> None:
        self.seconds = array("d")

    def report(self) -> dict[str, float]:
        durations = sorted(self.seconds)
        return {
            "calls": len(durations),
            "p50_ms": percentile(durations, 50) * 1000,
            "p99_ms": percentile(durations, 99) * 1000,
        }


class UpstreamConnection(asyncio.Protocol):
    """One keep-alive connection. A client that sends its next request before the reply (pipelining) is not served in order."""

    def __init__(self, ledger: Ledger, latency_s: float, loop: asyncio.AbstractEventLoop) -> None:
        self._ledger = ledger
        self._latency_s = latency_s
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._url = b""
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.close()

    def on_message_begin(self) -> None:
        self._url = b""
        self._body = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._url == b"/v1/chat/completions":
            reply = STREAMED_COMPLETION if _STREAM_ASKED.search(self._body) else COMPLETION
            self._loop.call_later(self._latency_s, self._complete, reply, time.perf_counter())
        elif self._url == b"/stats":
            self._write(_response(orjson.dumps(self._ledger.report())))
        elif self._url == b"/stats/reset":
            self._ledger.reset()
            self._write(HEALTHY)
        elif self._url == b"/health":
            self._write(HEALTHY)
        elif self._url == b"/v1/models":
            self._write(MODELS)
        else:
            self._write(NOT_FOUND)

    def _complete(self, reply: bytes, received: float) -> None:
        self._write(reply)
        self._ledger.seconds.append(time.perf_counter() - received)

    def _write(self, reply: bytes) -> None:
        if self._transport is not None:
            self._transport.write(reply)


async def serve(port: int, latency_s: float) -> None:
    """Serves on the loopback until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    ledger = Ledger()
    server = await loop.create_server(lambda: UpstreamConnection(ledger, latency_s, loop), "127.0.0.1", port, backlog=2048)
    print(f"upstream on http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1, {latency_s * 1000:g} ms", flush=True)
    await stopped.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency-ms", type=float, default=50.0)
    options = parser.parse_args()
    uvloop.run(serve(options.port, options.latency_ms / 1000))


if __name__ == "__main__":
    main()
