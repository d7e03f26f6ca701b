"""A log store that speaks the part of Loki's HTTP API that is used here (`query_range`, `tail`), for there is no Loki to be had.

Stream selectors with `=`, the line filters `|=` and `|~`, bounds (start inclusive, end exclusive, in nanoseconds), limit, direction,
tenants.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass, field

from aiohttp import web

TENANT = "octavo"


@dataclass
class Stream:
    labels: dict[str, str]
    values: list[tuple[int, str]] = field(default_factory=list)


class Loki:
    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.most = 5_000
        self.queries: list[str] = []
        self._tails: list[tuple[str, web.WebSocketResponse]] = []
        self.app = web.Application()
        self.app.router.add_get("/loki/api/v1/query_range", self._range)
        self.app.router.add_get("/loki/api/v1/tail", self._tail)

    async def write(self, labels: dict[str, str], moment: int, text: str) -> None:
        stream = next((one for one in self.streams if one.labels == labels), None)
        if stream is None:
            stream = Stream(labels)
            self.streams.append(stream)
        stream.values.append((moment, text))
        for query, socket in self._tails:
            if _selects(query, labels) and _holds(query, text):
                with contextlib.suppress(ConnectionError):
                    await socket.send_json({"streams": [{"stream": labels, "values": [[str(moment), text]]}]})

    async def end_tails(self) -> None:
        for _, socket in self._tails:
            await socket.close()

    async def _range(self, request: web.Request) -> web.Response:
        if request.headers.get("x-scope-orgid") != TENANT:
            return web.Response(status=401, text="no org id")
        query, start, end = request.query["query"], int(request.query["start"]), int(request.query["end"])
        self.queries.append(query)
        backward = request.query.get("direction", "backward") == "backward"
        limit = min(int(request.query.get("limit", "100")), self.most)
        found = [
            (moment, text, number)
            for number, stream in enumerate(self.streams)
            if _selects(query, stream.labels)
            for moment, text in stream.values
            if start <= moment < end and _holds(query, text)
        ]
        found.sort(key=lambda one: one[0], reverse=backward)
        results: dict[int, list[list[str]]] = {}
        for moment, text, number in found[:limit]:
            results.setdefault(number, []).append([str(moment), text])
        result = [{"stream": self.streams[number].labels, "values": values} for number, values in results.items()]
        return web.json_response({"status": "success", "data": {"resultType": "streams", "result": result}})

    async def _tail(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._tails.append((request.query["query"], socket))
        with contextlib.suppress(asyncio.CancelledError):
            async for _ in socket:
                pass
        return socket


def _selects(query: str, labels: dict[str, str]) -> bool:
    selector = query[: query.index("}") + 1]
    return all(labels.get(name) == value for name, value in re.findall(r'(\w+)="([^"]*)"', selector))


def _holds(query: str, text: str) -> bool:
    for kind, quoted in re.findall(r'\|(=|~) ("(?:[^"\\]|\\.)*")', query[query.index("}") + 1 :]):
        wanted = json.loads(quoted)
        if not (wanted in text if kind == "=" else re.search(wanted, text)):
            return False
    return True
