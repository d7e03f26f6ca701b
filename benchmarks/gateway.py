"""Chat completions through Octavo, through LiteLLM's proxy, and to the upstream itself, in one run.

    python -m benchmarks.gateway --out benchmarks/results/gateway.json

Rounds are interleaved (direct, Octavo, LiteLLM, direct, …). In each a stack is started fresh, warmed, called at every level in a closed
loop, then asked for streams one after the other, and stopped, so that none runs while another is measured.
"""

import argparse
import asyncio
import logging
import shlex
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import orjson
import uvloop

from benchmarks import machine
from benchmarks.client import RunError
from benchmarks.gateway_client import GatewayClient, GatewayTarget, time_streams
from benchmarks.gateway_figures import LITELLM, OCTAVO, StreamSample, as_json, goals, memory_ratio, over_direct, stream_figures
from benchmarks.gateway_report import render_gateway
from benchmarks.gateway_stacks import Direct, LiteLlm, OctavoGateway, PacedUpstream
from benchmarks.job_figures import LevelSample, level_figures, ratios
from benchmarks.jobs import DISTURBED_CORES, Settings, measure_level, quiet_machine
from benchmarks.processes import StartError
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
            if sample.others_cores > DISTURBED_CORES:
                log.warning("round %d  other programs held %.2f cores meanwhile: these figures are disturbed", number, sample.others_cores)
            levels.append(sample)
    await time_streams(target, settings.warm_up_s / 2)
    await quiet_machine(settings.quiet_s)
    times = await time_streams(target, settings.seconds)
    return levels, StreamSample(stack.name, number, times.first_byte_s, times.first_text_s, times.end_s)


def report(stacks: Sequence[str], measured: Sequence[LevelSample], streams: Sequence[StreamSample], settings: Settings) -> dict[str, Any]:
    """The whole result as JSON; single latencies are left out."""
    samples = over_direct(measured)

    def of(stack: str, in_flight: int) -> list[LevelSample]:
        return [sample for sample in samples if sample.stack == stack and sample.in_flight == in_flight]

    compared = [ratios(of(OCTAVO, in_flight), of(LITELLM, in_flight)) for in_flight in settings.levels]
    told = {stack: stream_figures(streams, stack) for stack in stacks}
    return {
        "benchmark": "gateway",
        "at": machine.now(),
        "machine": asdict(machine.describe()),
        "settings": asdict(settings),
        "stacks": {
            stack: {
                "levels": [asdict(level_figures(of(stack, in_flight))) for in_flight in settings.levels if of(stack, in_flight)],
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
    """All rounds; whatever was started is stopped again, on SIGTERM too."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    levels: list[LevelSample] = []
    streams: list[StreamSample] = []
    with tempfile.TemporaryDirectory(prefix="octavo-bench-", ignore_cleanup_errors=True) as temporary:
        upstream = PacedUpstream(Path(temporary), settings.latency_ms, piece_ms)
        try:
            for number in range(1, settings.rounds + 1):
                for stack in stacks:
                    folder = Path(temporary) / f"{stack.name}-{number}"
                    folder.mkdir()
                    target = stack.start(folder, upstream.url)
                    try:
                        measured, told = await measure_round(stack, target, upstream, settings, number)
                    except (RunError, TimeoutError) as error:
                        raise RunError(f"{stack.name}, round {number}: {error or 'no answer in time'}\n{stack.log_tails()}") from error
                    finally:
                        stack.stop()
                    levels += measured
                    streams.append(told)
        finally:
            upstream.stop()
    return report([stack.name for stack in stacks], levels, streams, settings)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stacks", default="direct,octavo,litellm", help="which, in the order of a round")
    parser.add_argument("--levels", default="1,32,128", help="calls in flight")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0, help="the measured window of a level, and of the streams")
    parser.add_argument("--warm-up", type=float, default=5.0, help="seconds at the highest level before the first window")
    parser.add_argument("--latency-ms", type=float, default=50.0, help="of the upstream")
    parser.add_argument("--piece-ms", type=float, default=5.0, help="between the pieces of the upstream's streams")
    parser.add_argument("--quiet", type=float, default=20.0, help="seconds to wait, at most, for a quiet machine before each level")
    parser.add_argument("--octavo-command", default=shlex.join([sys.executable, "-m", "octavo"]), help="what is typed before `up`")
    parser.add_argument("--litellm", type=Path, default=Path(".venv-litellm"), help="LiteLLM's virtual environment")
    parser.add_argument("--out", type=Path, help="where the JSON goes; else to standard output")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    settings = Settings(
        levels=tuple(int(level) for level in options.levels.split(",")),
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
    available = {stack.name: stack for stack in offered}
    try:
        stacks = [available[name] for name in options.stacks.split(",")]
    except KeyError as unknown:
        parser.error(f"no stack is called {unknown}")
    try:
        result = uvloop.run(run(stacks, settings, options.piece_ms))
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
        print(render_gateway(result))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
