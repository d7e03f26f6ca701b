"""Chat completions through Octavo, through LiteLLM's proxy, and to the upstream itself, in one run.

    python -m benchmarks.gateway --out benchmarks/results/gateway.json

Rounds are interleaved (direct, Octavo, LiteLLM, direct, …). In each a stack is started fresh, warmed, called at every level in a closed
loop, then asked for streams one after the other, and stopped, so that none runs while another is measured.
"""

import logging
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from benchmarks import machine
from benchmarks.command import chosen, levels_of, options_of, run_and_write
from benchmarks.gateway_client import GatewayClient, GatewayTarget, time_streams
from benchmarks.gateway_figures import LITELLM, OCTAVO, StreamSample, as_json, goals, memory_ratio, over_direct, stream_figures
from benchmarks.gateway_report import render_gateway
from benchmarks.gateway_stacks import Direct, LiteLlm, OctavoGateway, PacedUpstream
from benchmarks.job_figures import LevelSample, level_figures, ratios
from benchmarks.rounds import Settings, in_rounds, measure_level, quiet_machine, samples_of, warn_if_disturbed
from benchmarks.stacks import Stack

log = logging.getLogger("benchmarks.gateway")


class Gateway(Stack, Protocol):
    def start(self, folder: Path, upstream_url: str) -> GatewayTarget: ...


async def measure_round(
    stack: Gateway, target: GatewayTarget, upstream: PacedUpstream, settings: Settings, number: int
) -> tuple[list[LevelSample], StreamSample]:
    levels = []
    async with GatewayClient(target) as client:
        await client.load(max(settings.levels), settings.warm_up_s, 0.0)
        for in_flight in settings.levels:
            sample = await measure_level(stack, client, upstream, settings, number, in_flight)
            log.info("round %d  %-7s  %3d in flight  %7.1f requests/s", number, stack.name, in_flight, sample.jobs_per_s)
            warn_if_disturbed(sample)
            levels.append(sample)
    await time_streams(target, settings.warm_up_s / 2)
    await quiet_machine(settings.quiet_s)
    times = await time_streams(target, settings.seconds)
    return levels, StreamSample(stack.name, number, times.first_byte_s, times.first_text_s, times.end_s)


def report(stacks: Sequence[str], measured: Sequence[LevelSample], streams: Sequence[StreamSample], settings: Settings) -> dict[str, Any]:
    """The whole result as JSON; single latencies are left out."""
    samples = over_direct(measured)
    compared = [ratios(samples_of(samples, OCTAVO, in_flight), samples_of(samples, LITELLM, in_flight)) for in_flight in settings.levels]
    told = {stack: stream_figures(streams, stack) for stack in stacks}
    return {
        "benchmark": "gateway",
        "at": machine.now(),
        "machine": asdict(machine.describe()),
        "settings": asdict(settings),
        "stacks": {
            stack: {
                "levels": [
                    asdict(level_figures(samples_of(samples, stack, in_flight)))
                    for in_flight in settings.levels
                    if samples_of(samples, stack, in_flight)
                ],
                "streams": None if (figures := told[stack]) is None else asdict(figures),
            }
            for stack in stacks
        },
        "ratios": [asdict(found) for found in compared if found is not None],
        "memory_ratio": memory_ratio(samples),
        "goals": [as_json(goal) for goal in goals(samples, streams)],
        "rounds": [{"stack": sample.stack, "round": sample.round, **asdict(level_figures([sample]))} for sample in samples],
    }


async def run(stacks: Sequence[Gateway], settings: Settings, piece_ms: float) -> dict[str, Any]:
    """All rounds."""
    levels: list[LevelSample] = []
    streams: list[StreamSample] = []

    async def measure(stack: Gateway, target: GatewayTarget, upstream: PacedUpstream, number: int) -> None:
        measured, told = await measure_round(stack, target, upstream, settings, number)
        levels.extend(measured)
        streams.append(told)

    await in_rounds(
        stacks,
        settings.rounds,
        open_upstream=lambda folder: PacedUpstream(folder, settings.latency_ms, piece_ms),
        start=lambda stack, folder, url: stack.start(folder, url),
        measure=measure,
    )
    return report([stack.name for stack in stacks], levels, streams, settings)


def main() -> int:
    parser = options_of(
        __doc__.splitlines()[0],
        stacks="direct,octavo,litellm",
        levels="1,32,128",
        of_level="calls in flight",
        of_window="the measured window of a level, and of the streams",
    )
    parser.add_argument("--warm-up", type=float, default=5.0, help="seconds at the highest level before the first window")
    parser.add_argument("--piece-ms", type=float, default=5.0, help="between the pieces of the upstream's streams")
    parser.add_argument("--litellm", type=Path, default=Path(".venv-litellm"), help="LiteLLM's virtual environment")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    settings = Settings(
        levels=levels_of(options),
        rounds=options.rounds,
        seconds=options.seconds,
        warm_up_s=options.warm_up,
        ramp_s=min(2.0, options.seconds / 4),
        pause_s=0.0,
        latency_ms=options.latency_ms,
        users=1,
        quiet_s=options.quiet,
    )
    offered: list[Gateway] = [Direct(), OctavoGateway(shlex.split(options.octavo_command)), LiteLlm(options.litellm)]
    stacks = chosen(parser, options, offered)
    return run_and_write(run(stacks, settings, options.piece_ms), options.out, render_gateway)


if __name__ == "__main__":
    raise SystemExit(main())
