"""Callers who ask at random times, and what they saw. The same for all contenders."""

import asyncio
import random
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchmarks.figures import percentile
from benchmarks.processes import busy_cpu_seconds

PROMPT_TOKENS = 32
NEW_TOKENS = 64
PAUSE_S = 0.05
"""Mean of a caller's pause between an answer and the next question; exponential, so that they come at random."""


class Contender(Protocol):
    """One way of serving. `load` and `close` once; any number of `ask` at once."""

    async def load(self) -> None: ...

    async def ask(self, prompt: list[int], first: Callable[[], None]) -> int:
        """How many tokens were written; calls `first` when the first can be seen."""
        ...

    async def close(self) -> None: ...


@dataclass
class Level:
    callers: int
    texts: int = 0
    tokens_per_s: float = 0.0
    """New tokens, from the first question to the last answer."""
    first_token_p50_s: float = 0.0
    first_token_p99_s: float = 0.0
    whole_p50_s: float = 0.0
    whole_p99_s: float = 0.0
    others_cores: float = 0.0
    """CPU that programs with no part in it took meanwhile."""
    _first: list[float] = field(default_factory=list, repr=False)
    _whole: list[float] = field(default_factory=list, repr=False)

    def as_dict(self) -> dict[str, Any]:
        return {name: round(value, 4) for name, value in asdict(self).items() if not name.startswith("_")}


def prompts(seed: int, vocabulary: int) -> Callable[[], list[int]]:
    """Different from each other from the first token on, so that nobody has any of one computed already."""
    rng = random.Random(seed)
    return lambda: [rng.randrange(1000, vocabulary - 1000) for _ in range(PROMPT_TOKENS)]


async def measure(contender: Contender, callers: int, texts: int, *, vocabulary: int, seed: int) -> Level:
    """`texts` in all, asked for by `callers`."""
    level, prompt, rng = Level(callers), prompts(seed, vocabulary), random.Random(seed)
    left, tokens = texts, 0
    own, busy, began = _own_cpu(), busy_cpu_seconds(), time.perf_counter()

    async def caller() -> None:
        nonlocal left, tokens
        while left > 0:
            left -= 1
            await asyncio.sleep(rng.expovariate(1 / PAUSE_S))
            asked, seen = time.perf_counter(), list[float]()
            # Apart from the sum: others add to it meanwhile.
            written = await contender.ask(prompt(), lambda at=seen: None if at else at.append(time.perf_counter()))  # type: ignore[misc]
            ended = time.perf_counter()
            tokens += written
            level._first.append((seen[0] if seen else ended) - asked)
            level._whole.append(ended - asked)

    await asyncio.gather(*(caller() for _ in range(callers)))
    took = time.perf_counter() - began
    first, whole = sorted(level._first), sorted(level._whole)
    level.texts, level.tokens_per_s = len(whole), tokens / took
    level.first_token_p50_s, level.first_token_p99_s = percentile(first, 50), percentile(first, 99)
    level.whole_p50_s, level.whole_p99_s = percentile(whole, 50), percentile(whole, 99)
    level.others_cores = max(0.0, busy_cpu_seconds() - busy - (_own_cpu() - own)) / took
    return level


def peak_memory_mb() -> float:
    """The most that was resident. What `getrusage` says counts the parent's own, too, from before this program began."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
