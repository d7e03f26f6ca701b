"""Whether the caller is still there."""

from __future__ import annotations

import asyncio
from types import TracebackType

from starlette.requests import ClientDisconnect
from starlette.types import Receive


class Caller:
    """Inside this context the caller is watched; when the connection ends, what runs inside is cancelled and `ClientDisconnect` comes
    out. The request's body must have been read. In the manner of `asyncio.timeout`: no task around the work, only one that listens."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._gone = False

    async def __aenter__(self) -> Caller:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._watch = asyncio.create_task(self._listen(), name="caller")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._watch.cancel()
        # A cancellation that was ours is spent here, also where the work ended before it arrived.
        if self._gone and self._task.uncancel() <= self._cancelling and (kind is None or kind is asyncio.CancelledError):
            raise ClientDisconnect from error

    async def _listen(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        self._task.cancel()
