"""One child process that is kept alive: started, its log lines passed on, restarted with back-off when it dies, stopped in time.

A child lives in a session of its own, so that Ctrl-C reaches the supervisor alone and the supervisor ends things in order; and the
kernel ends it when the supervisor is killed (Linux), so that nothing is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from octavo_core.clock import utc_now

OnLine = Callable[[str, str], None]
"""(name of the process, a line of its output)"""

_PR_SET_PDEATHSIG = 1
_HEALTHY_AFTER_S = 20.0
_LINE_LIMIT = 1_048_576


class Process:
    """Use from one event loop. `start` and `stop` may be called any number of times, one after the other."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        environment: Mapping[str, str],
        on_line: OnLine,
        *,
        on_exit: Callable[[str, int], None] | None = None,
    ) -> None:
        self.name = name
        self._argv = argv
        self._environment = environment
        self._on_line = on_line
        self._on_exit = on_exit
        self._child: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self.restarts = 0
        self.began_at: datetime | None = None
        """Of the child that runs, or ran last."""
        self.last_exit: int | None = None
        """Of the last child that ended by itself."""

    @property
    def running(self) -> bool:
        """Wanted to run; during a back-off too."""
        return self._keeping is not None and not self._keeping.done()

    @property
    def pid(self) -> int | None:
        return None if self._child is None or self._child.returncode is not None else self._child.pid

    def start(self) -> None:
        if not self.running:
            self._stopping.clear()
            self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    def signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and no start after it; `stop` then returns soon."""
        self._stopping.set()
        self.signal(signal.SIGKILL)

    async def stop(self, within_s: float) -> None:
        """SIGTERM, and SIGKILL when that was not enough. Returns when the child is gone."""
        self._stopping.set()
        if self._keeping is None:
            return
        self.signal(signal.SIGTERM)
        done, _ = await asyncio.wait([self._keeping], timeout=within_s)
        if not done:
            self.signal(signal.SIGKILL)
            await asyncio.wait([self._keeping], timeout=5)
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)
        self._keeping = None

    async def _keep(self) -> None:
        pause = 0.25
        while True:
            began = time.monotonic()
            try:
                code = await self._run_once()
            except OSError as error:
                self._on_line(self.name, f"{self._argv[0]} cannot be started: {error.strerror}")
                code = 127
            if self._stopping.is_set():
                return
            self.last_exit = code
            if self._on_exit is not None:
                self._on_exit(self.name, code)
            pause = 0.25 if time.monotonic() - began > _HEALTHY_AFTER_S else min(pause * 2, 10)
            self.restarts += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
                    return

    async def _run_once(self) -> int:
        self.began_at = utc_now()
        self._child = await asyncio.create_subprocess_exec(
            *self._argv,
            env=dict(self._environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            limit=_LINE_LIMIT,
        )
        assert self._child.stdout is not None
        if self._stopping.is_set():
            # The word came while the child was being made, and found nobody.
            self.signal(signal.SIGTERM)
        try:
            while line := await _read_line(self._child.stdout):
                self._on_line(self.name, line.decode("utf-8", "replace").rstrip("\n"))
            return await self._child.wait()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
            raise


async def _read_line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:
        # A line above the limit: what was read so far is dropped, the child goes on.
        return b"(a line of more than 1 MiB was dropped)\n"


# Looked up here: between fork and exec, in a process with threads, a child must load nothing.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def _end_with_parent() -> None:
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL)
