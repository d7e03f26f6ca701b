"""What the benchmarks of jobs and of calls share: their settings, a level measured, and rounds in which only one stack runs at a time."""

import asyncio
import logging
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

from benchmarks.client import JobClient, RunError
from benchmarks.http_wire import Pool, request_bytes
from benchmarks.job_figures import LevelSample
from benchmarks.processes import TreeCpu, busy_cpu_seconds, descendants, memory
from benchmarks.stacks import Stack, Upstream

DISTURBED_CORES = 0.1
"""What others may take of the machine before a warning is written."""

log = logging.getLogger("benchmarks.rounds")

Measured = TypeVar("Measured", bound=Stack)
Reached = TypeVar("Reached")
Called = TypeVar("Called", bound=Upstream)


@dataclass(frozen=True, slots=True)
class Settings:
    levels: tuple[int, ...]
    rounds: int
    seconds: float
    warm_up_s: float
    ramp_s: float
    pause_s: float
    latency_ms: float
    users: int
    quiet_s: float
    """How long a level waits, at most, for other programs to leave the cores alone."""


QUICK = Settings(levels=(1, 100, 400), rounds=1, seconds=1.5, warm_up_s=1.0, ramp_s=0.5, pause_s=1.0, latency_ms=50.0, users=1, quiet_s=0.0)


class UpstreamStats:
    """The upstream's own account of its time."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def _call(self, method: str, path: str) -> dict[str, Any]:
        pool = Pool(self._port)
        async with asyncio.timeout(10):
            reply = await pool.request(request_bytes(method, pool.host, path))
        pool.close()
        answer: dict[str, Any] = orjson.loads(reply.body)
        return answer

    async def reset(self) -> None:
        await self._call("POST", "/stats/reset")

    async def read(self) -> dict[str, Any]:
        return await self._call("GET", "/stats")


async def quiet_machine(limit_s: float) -> None:
    """Waits for a second in which hardly anything runs; gives up after `limit_s`, for the level's own figures tell of a disturbance."""
    give_up = time.monotonic() + limit_s
    while time.monotonic() < give_up:
        busy, begun = busy_cpu_seconds(), time.monotonic()
        await asyncio.sleep(1.0)
        if (busy_cpu_seconds() - busy) / (time.monotonic() - begun) < DISTURBED_CORES:
            return


async def measure_level(
    stack: Stack, client: JobClient, upstream: Upstream, settings: Settings, number: int, in_flight: int
) -> LevelSample:
    await quiet_machine(settings.quiet_s)
    cpu, upstream_cpu = TreeCpu(stack.roots), TreeCpu([upstream.pid])
    busy: list[float] = []

    def at_window() -> None:
        cpu.mark()
        upstream_cpu.mark()
        busy.append(busy_cpu_seconds())

    stats = UpstreamStats(upstream.port)
    await stats.reset()
    load = await client.load(in_flight, settings.seconds, settings.ramp_s, at_window)
    own_time = await stats.read()
    held = memory(descendants(stack.roots))
    return LevelSample(
        stack=stack.name,
        round=number,
        in_flight=in_flight,
        window_s=load.window_s,
        latencies_s=load.latencies_s,
        failed=load.failed,
        lost=load.lost,
        repeated=load.repeated,
        upstream_p50_s=own_time["p50_ms"] / 1000,
        upstream_p99_s=own_time["p99_ms"] / 1000,
        stack_cpu_s=cpu.total_s(),
        client_cpu_s=load.client_cpu_s,
        upstream_cpu_s=upstream_cpu.total_s(),
        others_cpu_s=max(0.0, busy[1] - busy[0] - cpu.total_s() - upstream_cpu.total_s() - load.client_cpu_s),
        rss_bytes=held.rss_bytes,
        pss_bytes=held.pss_bytes,
    )


def warn_if_disturbed(sample: LevelSample) -> None:
    if sample.others_cores > DISTURBED_CORES:
        log.warning("round %d  other programs held %.2f cores meanwhile: these figures are disturbed", *(sample.round, sample.others_cores))


async def in_rounds(
    stacks: Sequence[Measured],
    rounds: int,
    *,
    open_upstream: Callable[[Path], Called],
    start: Callable[[Measured, Path, str], Reached],
    measure: Callable[[Measured, Reached, Called, int], Awaitable[None]],
) -> None:
    """Each stack in each round: started fresh in a folder of its own (with the upstream's URL), measured, stopped. Whatever was started is
    stopped again, on SIGTERM too. Raises `RunError` with the stack's last words."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="octavo-bench-", ignore_cleanup_errors=True) as temporary:
        upstream = open_upstream(Path(temporary))
        try:
            for number in range(1, rounds + 1):
                for stack in stacks:
                    folder = Path(temporary) / f"{stack.name}-{number}"
                    folder.mkdir()
                    target = start(stack, folder, upstream.url)
                    try:
                        await measure(stack, target, upstream, number)
                    except (RunError, TimeoutError) as error:
                        raise RunError(f"{stack.name}, round {number}: {error or 'no answer in time'}\n{stack.log_tails()}") from error
                    finally:
                        stack.stop()
        finally:
            upstream.stop()


def samples_of(samples: Sequence[LevelSample], stack: str, in_flight: int) -> list[LevelSample]:
    return [sample for sample in samples if sample.stack == stack and sample.in_flight == in_flight]
