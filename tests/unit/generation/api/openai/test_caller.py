from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from octavo_generation.api.openai.caller import Caller


def connection() -> tuple[Receive, Callable[[], None]]:
    """`receive` of a request whose body was read, and what ends the connection."""
    gone = asyncio.Event()

    async def receive() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    return receive, gone.set


async def test_work_is_stopped_when_the_caller_goes_away() -> None:
    receive, leave = connection()
    asyncio.get_running_loop().call_soon(leave)
    with pytest.raises(ClientDisconnect):
        async with Caller(receive):
            await asyncio.Event().wait()
    # The cancellation is spent: the task goes on as any other.
    await asyncio.sleep(0)


async def test_work_that_ends_is_not_disturbed() -> None:
    receive, leave = connection()
    async with Caller(receive):
        await asyncio.sleep(0)
    leave()
    await asyncio.sleep(0)


async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    receive, _leave = connection()

    async def work() -> None:
        async with Caller(receive):
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_work_stays_what_it_is() -> None:
    receive, _leave = connection()
    with pytest.raises(ZeroDivisionError):
        async with Caller(receive):
            raise ZeroDivisionError
