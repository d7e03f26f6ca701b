"""The provider of the gateway's benchmark: `upstream.py`, whose streams take their time.

A stream's head and its first piece come after the latency, each further piece `--piece-ms` later, as a model's tokens do; in one write, as
`upstream.py` gives them, a gateway that holds pieces back would not be seen to. The account of `/stats` is of whole answers.
"""

import argparse
import asyncio
import signal
import time

import orjson
import uvloop

from benchmarks.upstream import _STREAM_ASKED, COMPLETION, MODEL, REPLY_TEXT, USAGE, Ledger, UpstreamConnection

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_END = b"0\r\n\r\n"


def pieces() -> list[bytes]:
    """The frames of a stream, the role together with the first word, the finish with all that follows it."""
    head = {"id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 0, "model": MODEL}

    def frame(delta: dict[str, str], reason: str | None = None) -> bytes:
        return b"data: " + orjson.dumps({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}) + b"\n\n"

    words = [word + " " for word in REPLY_TEXT.split(" ")]
    usage = b"data: " + orjson.dumps({**head, "choices": [], "usage": USAGE}) + b"\n\n"
    return [
        frame({"role": "assistant", "content": ""}) + frame({"content": words[0]}),
        *(frame({"content": word}) for word in words[1:]),
        frame({}, "stop") + usage + b"data: [DONE]\n\n",
    ]


_PIECES = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces()]


class PacedConnection(UpstreamConnection):
    def __init__(self, ledger: Ledger, latency_s: float, piece_s: float, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(ledger, latency_s, loop)
        self._piece_s = piece_s

    def on_message_complete(self) -> None:
        if self._url == b"/v1/chat/completions":
            if _STREAM_ASKED.search(self._body):
                self._loop.call_later(self._latency_s, self._say, 0)
            else:
                self._loop.call_later(self._latency_s, self._complete, COMPLETION, time.perf_counter())
        else:
            super().on_message_complete()

    def _say(self, number: int) -> None:
        self._write((_HEAD if number == 0 else b"") + _PIECES[number])
        if number + 1 < len(_PIECES):
            self._loop.call_later(self._piece_s, self._say, number + 1)
        else:
            self._write(_END)


async def serve(port: int, latency_s: float, piece_s: float) -> None:
    """Serves on the loopback until SIGTERM or SIGINT."""
    loop, stopped, ledger = asyncio.get_running_loop(), asyncio.Event(), Ledger()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(lambda: PacedConnection(ledger, latency_s, piece_s, loop), "127.0.0.1", port, backlog=2048)
    await stopped.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    parser.add_argument("--piece-ms", type=float, default=5.0)
    options = parser.parse_args()
    uvloop.run(serve(options.port, options.latency_ms / 1000, options.piece_ms / 1000))


if __name__ == "__main__":
    main()
