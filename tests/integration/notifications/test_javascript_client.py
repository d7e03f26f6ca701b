"""Socket.IO's own client for JavaScript, unchanged."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.integration.notifications.house import House
from tests.unit.jobs.making import eventually

from octavo_core.ids import generate_uuid

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("node")]

CLIENT = Path(__file__).parents[2] / "servers" / "socket_io_node"


def installed() -> Path:
    """The locked package, installed where it is not yet there."""
    mark = CLIENT / "node_modules" / ".package-lock.json"
    if not mark.exists() or mark.stat().st_mtime < (CLIENT / "package-lock.json").stat().st_mtime:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=CLIENT, check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr[-1500:]
    return CLIENT / "client.js"


class Browser:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[dict[str, Any]] = []

    async def read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.lines.append(json.loads(line))

    async def until(self, name: str) -> Any:
        def found() -> list[Any] | None:
            return [line[name] for line in self.lines if name in line] or None

        return (await eventually(found, what=f"no {name}, but {self.lines[-5:]}", deadline_s=40))[-1]

    async def numbers(self, count: int) -> list[int]:
        def heard() -> list[int]:
            return [line["number"] for line in self.lines if "number" in line]

        await eventually(lambda: len(heard()) >= count or None, what=f"not {count} events, but {self.lines[-5:]}", deadline_s=40)
        return heard()


@contextlib.asynccontextmanager
async def browser(*arguments: str) -> AsyncIterator[Browser]:
    program = await asyncio.to_thread(installed)
    process = await asyncio.create_subprocess_exec(
        "node", str(program), *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    opened = Browser(process)
    reading = asyncio.create_task(opened.read())
    try:
        yield opened
    finally:
        assert process.stdin is not None
        process.stdin.write(b"end\n")
        with contextlib.suppress(TimeoutError, ProcessLookupError):
            await asyncio.wait_for(process.wait(), 10)
        if process.returncode is None:
            process.kill()
        await reading


@pytest.mark.parametrize("transport", ["websocket", "both"])
async def test_it_hears_all_also_what_came_while_the_server_was_away(house: House, transport: str) -> None:
    job = generate_uuid()
    await house.speaker.say("ana", 0, job=job, kind="job.accepted")
    async with browser(house.url, house.token("ana"), transport, job) as client:
        assert await client.until("ready") == "user:ana"
        assert (await client.until("subscribed"))["success"] is True
        await house.speaker.say("ana", 1, 2, job=job)
        assert await client.numbers(2) == [1, 2]
        await house.shut()
        # A transport that ends, and no "io server disconnect", after which it would not come back by itself.
        assert await client.until("disconnected") in ("transport close", "transport error")
        await house.speaker.say("ana", 3, job=job, kind="job.succeeded")
        await house.open()
        await house.speaker.say("ana", 4)
        assert await client.numbers(4) == [1, 2, 3, 4]


async def test_it_reads_why_it_was_refused(house: House) -> None:
    async with browser(house.url, "x.y.z", "websocket") as client:
        refused = await client.until("refused")
        assert (refused["success"], refused["error"]) == (False, "unauthenticated")
