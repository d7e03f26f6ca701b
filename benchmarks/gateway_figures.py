"""From what the rounds gave to the figures of the gateway's benchmark. Pure.

Overhead is a call's latency less the median latency of the same call to the upstream itself, made by the same client in the same round
at the same level; so are the first byte and the first text of a stream.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.figures import percentile, ratio
from benchmarks.job_figures import LevelSample, level_figures, ratios

DIRECT, OCTAVO, LITELLM = "direct", "octavo", "litellm"


@dataclass(frozen=True, slots=True)
class StreamSample:
    """One stack, one round; streams one after the other."""

    stack: str
    round: int
    first_byte_s: list[float] = field(repr=False)
    first_text_s: list[float] = field(repr=False)
    end_s: list[float] = field(repr=False)


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """Milliseconds over the upstream's own."""

    streams: int
    first_byte_over_p50_ms: float
    first_byte_over_p99_ms: float
    first_text_over_p50_ms: float
    first_text_over_p99_ms: float
    end_over_p50_ms: float


@dataclass(frozen=True, slots=True)
class Goal:
    """What the benchmark is there to show. `value` None: not measured."""

    name: str
    value: float | None
    limit: float
    target: float | None
    higher_is_better: bool

    @property
    def met(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.limit if self.higher_is_better else self.value <= self.limit


def over_direct(samples: Sequence[LevelSample]) -> list[LevelSample]:
    """The samples of the gateways, reckoned from the direct calls of their own round and level; those of a round without any are left
    as they are, reckoned from the upstream's own account."""
    direct = {(sample.round, sample.in_flight): sample.latencies_s for sample in samples if sample.stack == DIRECT and sample.latencies_s}

    def reckoned(sample: LevelSample) -> LevelSample:
        own = direct.get((sample.round, sample.in_flight))
        if sample.stack == DIRECT or own is None:
            return sample
        return replace(sample, upstream_p50_s=percentile(own, 50), upstream_p99_s=percentile(own, 99))

    return [reckoned(sample) for sample in samples]


def stream_figures(samples: Sequence[StreamSample], stack: str) -> StreamFigures | None:
    """Over all rounds that have the stack and the direct calls; None where there is none."""
    direct = {sample.round: sample for sample in samples if sample.stack == DIRECT}
    own = [sample for sample in samples if sample.stack == stack and sample.round in direct]
    if not own:
        return None

    def over(name: str) -> list[float]:
        return sorted(
            value - percentile(sorted(getattr(direct[sample.round], name)), 50) for sample in own for value in getattr(sample, name)
        )

    byte, text, end = over("first_byte_s"), over("first_text_s"), over("end_s")
    return StreamFigures(
        streams=len(byte),
        first_byte_over_p50_ms=percentile(byte, 50) * 1000,
        first_byte_over_p99_ms=percentile(byte, 99) * 1000,
        first_text_over_p50_ms=percentile(text, 50) * 1000,
        first_text_over_p99_ms=percentile(text, 99) * 1000,
        end_over_p50_ms=percentile(end, 50) * 1000,
    )


def goals(samples: Sequence[LevelSample], streams: Sequence[StreamSample]) -> list[Goal]:
    """`samples` as `over_direct` gives them."""

    def at(stack: str, in_flight: int) -> list[LevelSample]:
        return [sample for sample in samples if sample.stack == stack and sample.in_flight == in_flight]

    compared = ratios(at(OCTAVO, 32), at(LITELLM, 32))
    alone, stream = at(OCTAVO, 1), stream_figures(streams, OCTAVO)
    first_byte = None if stream is None else stream.first_byte_over_p50_ms
    return [
        Goal("requests/s over LiteLLM's at 32 in flight", None if compared is None else compared.jobs_per_s, 4.0, 6.0, True),
        Goal("overhead p50 at 1 in flight, ms", level_figures(alone).overhead_p50_ms if alone else None, 6.0, 4.0, False),
        Goal("first streamed byte over the upstream's, p50, ms", first_byte, 8.0, None, False),
    ]


def memory_ratio(samples: Sequence[LevelSample]) -> float | None:
    """Octavo's memory (PSS, highest) over LiteLLM's."""

    def highest(stack: str) -> float | None:
        return max((float(sample.pss_bytes) for sample in samples if sample.stack == stack), default=None)

    return ratio(highest(OCTAVO), highest(LITELLM))


def as_json(goal: Goal) -> dict[str, Any]:
    return {"name": goal.name, "value": goal.value, "limit": goal.limit, "target": goal.target, "met": goal.met}
