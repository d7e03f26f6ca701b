"""Stands between the operator and an API server and makes trouble on demand: errors, silence, held and lost answers.

Plain HTTP towards the operator (its kubeconfig names this address), TLS towards the server. Runs in a thread with a loop of its own, so
that tests stay synchronous.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import aiohttp
import yaml
from aiohttp import web
from tests.servers.cluster import RunningControlPlane

Kind = Literal["answer", "drop", "lose", "hold"]
_HOP = {"host", "connection", "transfer-encoding", "content-length"}


@dataclass
class Fault:
    """What happens to the next `times` requests that match: method and path with query, as regular expressions.

    answer: `status` with `headers` and `body`, the server never hears of it. drop: the connection ends without an answer, the server never
    hears of it. lose: the server does it, the answer is lost. hold: it is kept back until `release`, then done.
    """

    kind: Kind
    method: str = ".*"
    path: str = ".*"
    times: int = 1
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = '{"kind":"Status","status":"Failure","message":"a fault that was asked for","reason":"Test"}'
    met: int = 0
    """How many requests it has met."""
    release: threading.Event = field(default_factory=threading.Event)

    def meets(self, request: web.BaseRequest) -> bool:
        return (
            self.met < self.times
            and re.fullmatch(self.method, request.method) is not None
            and re.search(self.path, request.path_qs) is not None
        )


class Proxy:
    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        """For the operator: leads here."""
        self.requests: list[tuple[str, str]] = []
        """(method, path with query) of all that arrived, in order."""
        self._faults: list[Fault] = []
        self._streams: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def fault(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    def heal(self) -> None:
        """No more trouble; what was held goes on."""
        for fault in self._faults:
            fault.release.set()
        self._faults.clear()

    def cut_watches(self) -> int:
        """Ends all watches without a word; how many."""
        assert self._loop is not None
        streams = list(self._streams)
        for stream in streams:
            self._loop.call_soon_threadsafe(stream.cancel)
        return len(streams)

    def next_fault(self, request: web.BaseRequest) -> Fault | None:
        fault = next((fault for fault in self._faults if fault.meets(request)), None)
        if fault is not None:
            fault.met += 1
        return fault


@contextlib.contextmanager
def api_proxy(plane: RunningControlPlane, folder: Path) -> Iterator[Proxy]:
    proxy = Proxy(folder / "proxy.kubeconfig")
    started = threading.Event()
    loop = asyncio.new_event_loop()
    proxy._loop = loop
    stop = asyncio.Event()

    async def serve() -> None:
        tls = ssl.create_default_context(cafile=str(plane.authority))
        connector = aiohttp.TCPConnector(ssl=tls, limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
            server = web.Server(_handler(proxy, session, plane.url))
            runner = web.ServerRunner(server)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            _write_kubeconfig(proxy.kubeconfig, f"http://127.0.0.1:{port}", plane.token)
            started.set()
            await stop.wait()
            await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield proxy
    finally:
        proxy.heal()
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def _handler(proxy: Proxy, session: aiohttp.ClientSession, server: str) -> Callable[[web.BaseRequest], object]:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        proxy.requests.append((request.method, request.path_qs))
        body = await request.read()
        fault = proxy.next_fault(request)
        if fault is not None and fault.kind == "answer":
            return web.Response(status=fault.status, text=fault.body, headers=fault.headers, content_type="application/json")
        if fault is not None and fault.kind == "drop":
            return _hang_up(request)
        if fault is not None and fault.kind == "hold":
            # also when the caller has long hung up: this is the write that was delayed on its way
            return await asyncio.shield(_held(request, body, fault))
        answer = await _forward(request, body)
        return _hang_up(request) if fault is not None else answer

    async def _held(request: web.BaseRequest, body: bytes, fault: Fault) -> web.StreamResponse:
        await asyncio.to_thread(fault.release.wait, 120)
        return await _forward(request, body)

    async def _forward(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        try:
            async with session.request(
                request.method, server + request.path_qs, data=body or None, headers=headers, timeout=timeout, allow_redirects=False
            ) as upstream:
                kept = {name: value for name, value in upstream.headers.items() if name.lower() not in _HOP}
                if "watch=true" not in request.path_qs:
                    return web.Response(status=upstream.status, body=await upstream.read(), headers=kept)
                return await _stream(request, upstream, kept)
        except (aiohttp.ClientError, OSError):
            return _hang_up(request)

    async def _stream(request: web.BaseRequest, upstream: aiohttp.ClientResponse, headers: dict[str, str]) -> web.StreamResponse:
        response = web.StreamResponse(status=upstream.status, headers=headers)
        await response.prepare(request)

        async def pump() -> None:
            async for chunk in upstream.content.iter_any():
                await response.write(chunk)

        task = asyncio.create_task(pump())
        proxy._streams.add(task)
        try:
            await task
        except (asyncio.CancelledError, aiohttp.ClientError, OSError):
            _hang_up(request)
        finally:
            proxy._streams.discard(task)
        return response

    return handle


def _hang_up(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)


def _write_kubeconfig(file: Path, server: str, token: str) -> None:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "proxy", "cluster": {"server": server}}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "admin"}}],
        "current-context": "proxy",
    }
    file.write_text(yaml.safe_dump(document))
