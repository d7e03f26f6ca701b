"""A child that is kept alive, on real children."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest
from tests.servers.starting import wait_until

from octavo.runner.process import Process


class Kept:
    def __init__(self, script: str, *argv: str) -> None:
        self.lines: list[str] = []
        self.exits: list[int] = []
        command = list(argv) or ["sh", "-c", script]
        self.process = Process(
            "child",
            command,
            dict(os.environ),
            lambda _, line: self.lines.append(line),
            on_exit=lambda _, code: self.exits.append(code),
        )


@pytest.fixture
async def keep() -> AsyncIterator[Callable[..., Kept]]:
    kept: list[Kept] = []

    def start(script: str, *argv: str) -> Kept:
        kept.append(Kept(script, *argv))
        kept[-1].process.start()
        return kept[-1]

    yield start
    for one in kept:
        await one.process.stop(5)


async def until(check: Callable[[], bool], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not check():
            await asyncio.sleep(0.01)


async def test_lines_of_both_outputs_are_passed_on(keep: Callable[..., Kept]) -> None:
    kept = keep("echo out; echo err >&2; printf 'broken \\377\\n'; printf last; exec sleep 60")
    await until(lambda: len(kept.lines) >= 3)
    assert kept.lines[:3] == ["out", "err", "broken \ufffd"]


async def test_a_line_without_end_does_not_stop_the_others(keep: Callable[..., Kept]) -> None:
    kept = keep("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo after; exec sleep 60")
    await until(lambda: "after" in kept.lines)
    assert all(len(line) < 1_100_000 for line in kept.lines)


async def test_a_child_that_dies_is_started_again_each_time_later(keep: Callable[..., Kept]) -> None:
    kept = keep("date +%s%N; exit 3")
    await until(lambda: len(kept.lines) >= 3)
    assert kept.exits[:2] == [3, 3]
    began = [int(line) / 1e9 for line in kept.lines]
    assert began[1] - began[0] >= 0.5
    assert began[2] - began[1] >= 1.0
    assert kept.process.restarts >= 2
    assert kept.process.running


async def test_a_child_that_is_killed_is_started_again(keep: Callable[..., Kept]) -> None:
    kept = keep("echo $$; exec sleep 60")
    await until(lambda: len(kept.lines) == 1)
    kept.process.signal(signal.SIGKILL)
    await until(lambda: len(kept.lines) == 2)
    assert kept.exits == [-signal.SIGKILL]
    assert kept.lines[0] != kept.lines[1]


async def test_a_program_that_is_not_there_is_told_and_tried_again(keep: Callable[..., Kept]) -> None:
    kept = keep("", "/nonexistent/program")
    await until(lambda: len(kept.exits) == 1)
    assert kept.lines == ["/nonexistent/program cannot be started: No such file or directory"]
    assert kept.process.running


async def test_stop_lets_a_child_end_by_itself(keep: Callable[..., Kept]) -> None:
    kept = keep("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done")
    await until(lambda: kept.lines == ["ready"])
    await kept.process.stop(10)
    assert kept.lines == ["ready", "bye"]
    assert not kept.process.running
    assert kept.process.pid is None
    assert kept.exits == [], "an end that was asked for is no death"


async def test_stop_kills_a_child_that_will_not_end(keep: Callable[..., Kept]) -> None:
    kept = keep("trap '' TERM; echo ready; while :; do sleep 0.05; done")
    await until(lambda: kept.lines == ["ready"])
    pid = kept.process.pid
    assert pid is not None
    began = time.monotonic()
    await kept.process.stop(0.3)
    assert 0.3 <= time.monotonic() - began < 5
    assert not psutil.pid_exists(pid)


async def test_a_child_that_was_killed_for_good_is_not_started_again(keep: Callable[..., Kept]) -> None:
    kept = keep("trap '' TERM; echo ready; while :; do sleep 0.05; done")
    await until(lambda: kept.lines == ["ready"])
    kept.process.kill()
    await until(lambda: not kept.process.running)
    assert (kept.lines, kept.exits) == (["ready"], [])


async def test_stop_in_the_middle_of_a_start_or_a_pause_takes_no_time(keep: Callable[..., Kept]) -> None:
    starting = keep("exec sleep 60")
    began = time.monotonic()
    await starting.process.stop(30)
    assert time.monotonic() - began < 5
    pausing = keep("exit 1")
    await until(lambda: len(pausing.exits) == 2)
    began = time.monotonic()
    await pausing.process.stop(30)
    assert time.monotonic() - began < 0.5


async def test_it_can_be_started_again_after_a_stop(keep: Callable[..., Kept]) -> None:
    kept = keep("echo run; exec sleep 60")
    await until(lambda: len(kept.lines) == 1)
    await kept.process.stop(5)
    kept.process.start()
    kept.process.start()
    await until(lambda: len(kept.lines) == 2)


async def test_stopping_what_never_ran() -> None:
    await Kept("true").process.stop(1)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")
def test_a_child_ends_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import asyncio, os\n"
        "from octavo.runner.process import Process\n"
        "async def main():\n"
        "    process = Process('child', ['sleep', '60'], dict(os.environ), print)\n"
        "    process.start()\n"
        "    while process.pid is None: await asyncio.sleep(0.01)\n"
        "    print(process.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        child = psutil.Process(int(supervisor.stdout.readline()))
        supervisor.kill()
        supervisor.wait(10)
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, what="the child lives on", deadline_s=10)
