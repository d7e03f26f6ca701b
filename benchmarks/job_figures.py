"""From what the rounds gave to the figures that are reported. Pure: no clock, no process, no file.

Overhead is a job's latency (sent to notified) less the median of the time that the upstream itself took in the same round and level,
measured inside the upstream from the request's last byte to the reply's write. A request that waits in the upstream's socket because the
cores are full counts as the stack's overhead, for all stacks alike.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.figures import middle, percentile, ratio


@dataclass(frozen=True, slots=True)
class LevelSample:
    """One stack, one level, one round."""

    stack: str
    round: int
    in_flight: int
    window_s: float
    latencies_s: list[float] = field(repr=False)
    failed: int
    lost: int
    repeated: int
    upstream_p50_s: float
    upstream_p99_s: float
    stack_cpu_s: float
    client_cpu_s: float
    upstream_cpu_s: float
    others_cpu_s: float
    """Of programs that have no part in this: a machine that others use gives figures that do not count."""
    rss_bytes: int
    pss_bytes: int

    @property
    def jobs(self) -> int:
        return len(self.latencies_s)

    @property
    def jobs_per_s(self) -> float:
        return self.jobs / self.window_s

    @property
    def others_cores(self) -> float:
        return self.others_cpu_s / self.window_s


@dataclass(frozen=True, slots=True)
class PauseSample:
    """One stack, one round: a pause without work, then one job."""

    stack: str
    round: int
    pause_s: float
    idle_window_s: float
    """The pause without its first seconds, in which the last jobs are still tidied up."""
    first_latency_s: float
    upstream_s: float
    cpu_s_by_role: dict[str, float]
    """Over the idle window: `redis`, `worker`, `server`, `other`."""


@dataclass(frozen=True, slots=True)
class LevelFigures:
    """One stack at one level, over all rounds."""

    in_flight: int
    jobs: int
    jobs_per_s: float
    jobs_per_s_lowest: float
    jobs_per_s_highest: float
    overhead_p50_ms: float
    overhead_p99_ms: float
    upstream_p50_ms: float
    upstream_p99_ms: float
    cpu_s_per_1000_jobs: float
    rss_mb: float
    pss_mb: float
    client_cpu_us_per_job: float
    upstream_cpu_us_per_job: float
    others_cores: float
    """The most in any round."""
    failed: int
    lost: int
    repeated: int


@dataclass(frozen=True, slots=True)
class PauseFigures:
    pause_s: float
    samples: int
    first_job_overhead_p50_ms: float
    first_job_overhead_highest_ms: float
    worker_idle_cores: float | None
    """Share of one core, 0.01 = 1 %. None where no process calls itself a worker."""
    stack_idle_cores: float


@dataclass(frozen=True, slots=True)
class Ratios:
    """Octavo over a peer: the median of the rounds' own ratios, so that a slow minute of the machine hits both sides of each."""

    in_flight: int
    jobs_per_s: float | None
    overhead_p50: float | None
    overhead_p99: float | None
    cpu_s_per_1000_jobs: float | None


def level_figures(samples: Sequence[LevelSample]) -> LevelFigures:
    """Samples of one stack and one level; at least one."""
    jobs = sum(sample.jobs for sample in samples)
    overheads = sorted(latency - sample.upstream_p50_s for sample in samples for latency in sample.latencies_s)
    rates = [sample.jobs_per_s for sample in samples]
    return LevelFigures(
        in_flight=samples[0].in_flight,
        jobs=jobs,
        jobs_per_s=jobs / sum(sample.window_s for sample in samples),
        jobs_per_s_lowest=min(rates),
        jobs_per_s_highest=max(rates),
        overhead_p50_ms=percentile(overheads, 50) * 1000,
        overhead_p99_ms=percentile(overheads, 99) * 1000,
        upstream_p50_ms=(middle([sample.upstream_p50_s for sample in samples]) or 0.0) * 1000,
        upstream_p99_ms=max(sample.upstream_p99_s for sample in samples) * 1000,
        cpu_s_per_1000_jobs=sum(sample.stack_cpu_s for sample in samples) / max(1, jobs) * 1000,
        rss_mb=max(sample.rss_bytes for sample in samples) / 1e6,
        pss_mb=max(sample.pss_bytes for sample in samples) / 1e6,
        client_cpu_us_per_job=sum(sample.client_cpu_s for sample in samples) / max(1, jobs) * 1e6,
        upstream_cpu_us_per_job=sum(sample.upstream_cpu_s for sample in samples) / max(1, jobs) * 1e6,
        others_cores=max(sample.others_cores for sample in samples),
        failed=sum(sample.failed for sample in samples),
        lost=sum(sample.lost for sample in samples),
        repeated=sum(sample.repeated for sample in samples),
    )


def pause_figures(samples: Sequence[PauseSample]) -> PauseFigures:
    """Samples of one stack; at least one."""
    overheads = sorted(sample.first_latency_s - sample.upstream_s for sample in samples)
    idle_s = sum(sample.idle_window_s for sample in samples)
    by_role = [sample.cpu_s_by_role for sample in samples]
    workers = [roles["worker"] for roles in by_role if "worker" in roles]
    return PauseFigures(
        pause_s=samples[0].pause_s,
        samples=len(samples),
        first_job_overhead_p50_ms=percentile(overheads, 50) * 1000,
        first_job_overhead_highest_ms=overheads[-1] * 1000,
        worker_idle_cores=sum(workers) / idle_s if len(workers) == len(samples) else None,
        stack_idle_cores=sum(sum(roles.values()) for roles in by_role) / idle_s,
    )


def ratios(ours: Iterable[LevelSample], theirs: Iterable[LevelSample]) -> Ratios | None:
    """Of one level, round by round; None where no round has both."""
    our_rounds = {sample.round: level_figures([sample]) for sample in ours}
    their_rounds = {sample.round: level_figures([sample]) for sample in theirs}
    pairs = [(our_rounds[number], their_rounds[number]) for number in sorted(our_rounds.keys() & their_rounds.keys())]
    if not pairs:
        return None

    def median_ratio(name: str) -> float | None:
        values = [ratio(getattr(our, name), getattr(their, name)) for our, their in pairs]
        return middle([value for value in values if value is not None])

    return Ratios(
        in_flight=pairs[0][0].in_flight,
        jobs_per_s=median_ratio("jobs_per_s"),
        overhead_p50=median_ratio("overhead_p50_ms"),
        overhead_p99=median_ratio("overhead_p99_ms"),
        cpu_s_per_1000_jobs=median_ratio("cpu_s_per_1000_jobs"),
    )
