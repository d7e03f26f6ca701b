"""One address before many servers, as an ingress controller is: each path leads where it should, streams and websockets too, and the host
that a browser named arrives unchanged. Runs in a thread with a loop of its own, so that tests stay synchronous."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection"})
_OF_THE_HANDSHAKE = "sec-websocket-"
Find = Callable[[str], str]
"""The base URL of the server that a path leads to. Called in a thread, by one request at a time; may take a while the first time. Raises
`LookupError` where it leads nowhere."""


def by_prefix(leads: Mapping[str, str]) -> Find:
    """The longest that fits, whole parts of the path only; `/` is for what is left."""
    ordered = sorted(leads.items(), key=lambda item: -len(item[0]))

    def find(path: str) -> str:
        for prefix, base in ordered:
            if prefix == "/" or path == prefix or path.startswith(f"{prefix}/"):
                return base
        raise LookupError(path)

    return find


@contextlib.contextmanager
def front_door(find: Find) -> Iterator[str]:
    """Its address."""
    loop = asyncio.new_event_loop()
    started, stop = threading.Event(), asyncio.Event()
    ports: list[int] = []

    async def serve() -> None:
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as session:
            runner = web.ServerRunner(web.Server(_Door(find, session).answer), shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            ports.append(runner.addresses[0][1])
            started.set()
            await stop.wait()
            await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


class _Door:
    def __init__(self, find: Find, session: aiohttp.ClientSession) -> None:
        self._find = find
        self._session = session
        self._one_at_a_time = asyncio.Lock()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            async with self._one_at_a_time:
                base = await asyncio.to_thread(self._find, request.path)
        except LookupError:
            return web.Response(status=404, text="nothing leads there")
        try:
            if request.headers.get("upgrade", "").lower() == "websocket":
                return await self._socket(request, base)
            return await self._passed(request, base)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return web.Response(status=502, text="who answers there is away")

    async def _passed(self, request: web.BaseRequest, base: str) -> web.StreamResponse:
        # Not `read`, which has a bound that is not this door's affair.
        body = await request.content.read()
        async with self._session.request(
            request.method,
            URL(base + request.raw_path, encoded=True),
            data=body or None,
            headers=_passing(request.headers),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=120),
            allow_redirects=False,
        ) as found:
            response = web.StreamResponse(status=found.status, reason=found.reason, headers=_passing(found.headers))
            await response.prepare(request)
            with contextlib.suppress(ConnectionResetError):
                async for part in found.content.iter_any():
                    await response.write(part)
                await response.write_eof()
            return response

    async def _socket(self, request: web.BaseRequest, base: str) -> web.StreamResponse:
        passed = _passing(request.headers).items()
        headers = CIMultiDict((name, value) for name, value in passed if not name.lower().startswith(_OF_THE_HANDSHAKE))
        try:
            there = await self._session.ws_connect(URL(base + request.raw_path, encoded=True), headers=headers, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as refused:
            return web.Response(status=refused.status)
        here = web.WebSocketResponse(max_msg_size=0)
        await here.prepare(request)
        pumps = [asyncio.create_task(_pump(here, there)), asyncio.create_task(_pump(there, here))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            await there.close()
            await here.close()
        return here


async def _pump(source: _Socket, sink: _Socket) -> None:
    async for message in source:
        if message.type is aiohttp.WSMsgType.TEXT:
            await sink.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await sink.send_bytes(message.data)


_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


def _passing(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """Without what concerns the one connection alone."""
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP)
