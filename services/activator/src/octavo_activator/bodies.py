"""The request's body and the caller's presence, which ASGI tells over the same channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

Answer = TypeVar("Answer")


def has_body(scope: Scope) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in scope["headers"])


def is_form(scope: Scope) -> bool:
    """Whether a body is sent as a form with files."""
    given = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return bool(given.partition(b";")[0].strip().lower() == b"multipart/form-data")


async def stream_body(receive: Receive) -> AsyncIterator[bytes]:
    """As it comes. Raises `ClientDisconnect` when the caller goes before its end."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        if part := message.get("body", b""):
            yield part
        more = message.get("more_body", False)


async def read_body(receive: Receive) -> bytes:
    """Whole; its bound is the edge's. Raises `ClientDisconnect`, `TooLarge`."""
    return b"".join([part async for part in stream_body(receive)])


def replayed(body: bytes, receive: Receive) -> Receive:
    """`receive` for someone who has not read the body yet."""
    told = False

    async def tell() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return tell


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, Answer]) -> Answer:
    """The work's answer. Raises `ClientDisconnect`, and cancels the work, when the caller goes first. The body must be read."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientDisconnect
    finally:
        leaving.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait([working])


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
