"""Jobs end to end, Octavo against the seeds' stack and its tuned form, in one run.

    python -m benchmarks.jobs --out benchmarks/results/jobs.json

Rounds are interleaved (Octavo, seeds, tuned, Octavo, …). In each round a stack is started fresh, warmed, measured at every level, left
alone for a pause, given one job, and stopped, so that no stack runs while the other is measured. README.md says what each figure means.
"""

import asyncio
import logging
import shlex
import sys
import time
from dataclasses import asdict
from typing import Any

from benchmarks import machine
from benchmarks.client import JobClient, Target
from benchmarks.command import chosen, levels_of, options_of, run_and_write
from benchmarks.job_figures import LevelSample, PauseSample, level_figures, pause_figures, ratios
from benchmarks.processes import TreeCpu
from benchmarks.report import render
from benchmarks.rounds import QUICK, Settings, UpstreamStats, in_rounds, measure_level, samples_of, warn_if_disturbed
from benchmarks.stacks import Bull, Octavo, Seeds, SeedsWithKey, Stack, Upstream

SETTLE_S = 5.0
"""Of a pause, at most a quarter: what the last jobs leave to tidy up is not idling."""

log = logging.getLogger("benchmarks.jobs")


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
            warn_if_disturbed(sample)
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
            "levels": [
                asdict(level_figures(samples_of(levels, stack, in_flight)))
                for in_flight in settings.levels
                if samples_of(levels, stack, in_flight)
            ],
            "pause": asdict(pause_figures(own)) if own else None,
        }
    for peer in (Seeds.name, SeedsWithKey.name, Bull.name):
        for in_flight in settings.levels:
            compared = ratios(samples_of(levels, Octavo.name, in_flight), samples_of(levels, peer, in_flight))
            if compared is not None:
                result["ratios"].append({"peer": peer, **asdict(compared)})
    return result


async def run(stacks: list[Stack], settings: Settings) -> dict[str, Any]:
    """All rounds."""
    levels: list[LevelSample] = []
    pauses: list[PauseSample] = []

    async def measure(stack: Stack, target: Target, upstream: Upstream, number: int) -> None:
        measured, pause = await measure_round(stack, target, upstream, settings, number)
        levels.extend(measured)
        pauses.extend([] if pause is None else [pause])

    await in_rounds(
        stacks,
        settings.rounds,
        open_upstream=lambda folder: Upstream(folder, settings.latency_ms),
        start=lambda stack, folder, url: stack.start(folder, url),
        measure=measure,
    )
    return report([stack.name for stack in stacks], levels, pauses, settings)


def main() -> int:
    parser = options_of(
        __doc__.splitlines()[0],
        stacks="octavo,seeds,seeds-key,bull",
        levels="1,100,400",
        of_level="jobs in flight",
        of_window="the measured window of a level",
    )
    parser.add_argument("--quick", action="store_true", help="a smoke run of less than a minute: its figures mean little")
    parser.add_argument("--pause", type=float, default=60.0, help="seconds of idling before the single job; 0 leaves it out")
    parser.add_argument("--users", type=int, default=1, help="rooms and connections at a peer; Octavo without accounts has one user")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    settings = Settings(
        levels=levels_of(options),
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
    stacks = chosen(parser, options, offered)
    return run_and_write(run(stacks, QUICK if options.quick else settings), options.out, lambda result: render([result]))


if __name__ == "__main__":
    raise SystemExit(main())
