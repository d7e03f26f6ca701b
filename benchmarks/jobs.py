"""Jobs end to end, Octavo against the seeds' stack and its tuned form, in one run.

    python -m benchmarks.jobs --out benchmarks/results/jobs.json

Rounds are interleaved (Octavo, seeds, tuned, Octavo, …). In each round a stack is started fresh, warmed, measured at every level, left
alone for a pause, given one job, and stopped, so that no stack runs while the other is measured. README.md says what each figure means.
"""

import argparse
import asyncio
import logging
import shlex
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import uvloop

from benchmarks import machine
from benchmarks.client import JobClient, RunError, Target
from benchmarks.http_wire import Pool, request_bytes
from benchmarks.job_figures import LevelSample, PauseSample, level_figures, pause_figures, ratios
from benchmarks.processes import StartError, TreeCpu, busy_cpu_seconds, descendants, memory
from benchmarks.report import render
from benchmarks.stacks import Bull, Octavo, Seeds, SeedsWithKey, Stack, Upstream

DISTURBED_CORES = 0.1
"""What others may take of the machine before a warning is written."""
SETTLE_S = 5.0
"""Of a pause, at most a quarter: what the last jobs leave to tidy up is not idling."""

log = logging.getLogger("benchmarks.jobs")


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


async def measure_pause(stack: Stack, client: JobClient, stats: UpstreamStats, settings: Settings, number: int) -> PauseSample:
    settle_s = min(SETTLE_S, settings.pause_s / 4)
    await asyncio.sleep(settle_s)
    cpu = TreeCpu(stack.roots)
    cpu.mark()
    begun = time.perf_counter()
    await asyncio.sleep(settings.pause_s - settle_s)
    cpu.mark()
    idle_window_s = time.perf_counter() - begun
    await stats.reset()
    latency_s = await client.first_latency_s()
    return PauseSample(
        stack=stack.name,
        round=number,
        pause_s=settings.pause_s,
        idle_window_s=idle_window_s,
        first_latency_s=latency_s,
        upstream_s=(await stats.read())["p50_ms"] / 1000,
        cpu_s_by_role=cpu.by_role_s(),
    )


async def measure_round(
    stack: Stack, target: Target, upstream: Upstream, settings: Settings, number: int
) -> tuple[list[LevelSample], PauseSample | None]:
    levels = []
    async with JobClient(target) as client:
        await client.load(max(settings.levels), settings.warm_up_s, 0.0)
        for in_flight in settings.levels:
            sample = await measure_level(stack, client, upstream, settings, number, in_flight)
            figures = level_figures([sample])
            log.info(
                "round %d  %-6s  %3d in flight  %7.1f jobs/s  overhead p50 %6.2f ms  p99 %6.2f ms  %5.3f CPU s per 1,000",
                *(number, stack.name, in_flight, figures.jobs_per_s),
                *(figures.overhead_p50_ms, figures.overhead_p99_ms, figures.cpu_s_per_1000_jobs),
            )
            if sample.others_cores > DISTURBED_CORES:
                log.warning("round %d  other programs held %.2f cores meanwhile: these figures are disturbed", number, sample.others_cores)
            levels.append(sample)
        pause = await measure_pause(stack, client, UpstreamStats(upstream.port), settings, number) if settings.pause_s > 0 else None
        if pause is not None:
            log.info(
                "round %d  %-6s  after %g s: first job %.2f ms over the upstream; CPU s by role %s",
                *(number, stack.name, pause.pause_s, (pause.first_latency_s - pause.upstream_s) * 1000),
                {name: round(spent, 2) for name, spent in pause.cpu_s_by_role.items()},
            )
    return levels, pause


def report(stacks: list[str], levels: list[LevelSample], pauses: list[PauseSample], settings: Settings) -> dict[str, Any]:
    """The whole result as JSON; single latencies are left out."""

    def of(stack: str, in_flight: int) -> list[LevelSample]:
        return [sample for sample in levels if sample.stack == stack and sample.in_flight == in_flight]

    result: dict[str, Any] = {
        "benchmark": "jobs",
        "at": machine.now(),
        "machine": asdict(machine.describe()),
        "settings": asdict(settings),
        "stacks": {},
        "ratios": [],
        "rounds": [{"stack": sample.stack, "round": sample.round, **asdict(level_figures([sample]))} for sample in levels],
        "pauses": [asdict(sample) for sample in pauses],
    }
    for stack in stacks:
        own = [sample for sample in pauses if sample.stack == stack]
        result["stacks"][stack] = {
            "levels": [asdict(level_figures(of(stack, in_flight))) for in_flight in settings.levels if of(stack, in_flight)],
            "pause": asdict(pause_figures(own)) if own else None,
        }
    for peer in (Seeds.name, SeedsWithKey.name, Bull.name):
        for in_flight in settings.levels:
            compared = ratios(of(Octavo.name, in_flight), of(peer, in_flight))
            if compared is not None:
                result["ratios"].append({"peer": peer, **asdict(compared)})
    return result


async def run(stacks: list[Stack], settings: Settings) -> dict[str, Any]:
    """All rounds; whatever was started is stopped again, on SIGTERM too."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    levels: list[LevelSample] = []
    pauses: list[PauseSample] = []
    with tempfile.TemporaryDirectory(prefix="octavo-bench-", ignore_cleanup_errors=True) as temporary:
        upstream = Upstream(Path(temporary), settings.latency_ms)
        try:
            for number in range(1, settings.rounds + 1):
                for stack in stacks:
                    folder = Path(temporary) / f"{stack.name}-{number}"
                    folder.mkdir()
                    target = stack.start(folder, upstream.url)
                    try:
                        measured, pause = await measure_round(stack, target, upstream, settings, number)
                    except (RunError, TimeoutError) as error:
                        raise RunError(f"{stack.name}, round {number}: {error or 'no answer in time'}\n{stack.log_tails()}") from error
                    finally:
                        stack.stop()
                    levels += measured
                    pauses += [pause] if pause is not None else []
        finally:
            upstream.stop()
    return report([stack.name for stack in stacks], levels, pauses, settings)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a smoke run of less than a minute: its figures mean little")
    parser.add_argument("--stacks", default="octavo,seeds,seeds-key,bull", help="which, in the order of a round")
    parser.add_argument("--levels", default="1,100,400", help="jobs in flight")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0, help="the measured window of a level")
    parser.add_argument("--pause", type=float, default=60.0, help="seconds of idling before the single job; 0 leaves it out")
    parser.add_argument("--latency-ms", type=float, default=50.0, help="of the upstream")
    parser.add_argument("--users", type=int, default=1, help="rooms and connections at a peer; Octavo without accounts has one user")
    parser.add_argument("--quiet", type=float, default=20.0, help="seconds to wait, at most, for a quiet machine before each level")
    parser.add_argument("--octavo-command", default=shlex.join([sys.executable, "-m", "octavo"]), help="what is typed before `up`")
    parser.add_argument("--out", type=Path, help="where the JSON goes; else to standard output")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    settings = Settings(
        levels=tuple(int(level) for level in options.levels.split(",")),
        rounds=options.rounds,
        seconds=options.seconds,
        warm_up_s=5.0,
        ramp_s=2.0,
        pause_s=options.pause,
        latency_ms=options.latency_ms,
        users=options.users,
        quiet_s=options.quiet,
    )
    offered: list[Stack] = [
        Octavo(shlex.split(options.octavo_command)),
        Seeds(options.users),
        SeedsWithKey(options.users),
        Bull(options.users),
    ]
    available = {stack.name: stack for stack in offered}
    try:
        stacks = [available[name] for name in options.stacks.split(",")]
    except KeyError as unknown:
        parser.error(f"no stack is called {unknown}")
    try:
        result = uvloop.run(run(stacks, QUICK if options.quick else settings))
    except (RunError, StartError) as error:
        log.error("%s", error)
        return 1
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 130
    text = orjson.dumps(result, option=orjson.OPT_INDENT_2)
    if options.out is None:
        sys.stdout.buffer.write(text + b"\n")
    else:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_bytes(text + b"\n")
        print(render([result]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
