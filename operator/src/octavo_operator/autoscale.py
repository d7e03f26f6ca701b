"""How much of a generator is to stand: from the work that is open, how old it is, and what was seen before.

Pure: the same arguments give the same decision. What is remembered between two decisions is a small frozen `History`, handed back with
each of them; after a restart there is none, and not knowing counts as having just been busy, so that a restart never takes a worker away.

The rules, in their order:
- Work wakes at once: one worker for each `jobs_per_worker` that are queued or running, and one while anything is open at all.
- While the oldest job waits too long although every worker is up, one more, again and again, until the queue is empty.
- Fewer only when fewer have been enough for a while (a sliding maximum, as Kubernetes' own autoscaler has it), never below what the work
  needs; to `min` after `idle_seconds` without any work. Taking a worker away is safe at any time: it drains.
- With no worker, no work and no request for `sleep_seconds`, the API and the managed stores sleep too. A request, a wake or a new `min`
  brings everything back in one step: what needs a store waits for it by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from octavo_core.spec import GeneratorService
from octavo_operator.resource import Backlog, BacklogUnknown, Scale

STEADY_S: Final = 60.0
"""Fewer workers only after so long of needing fewer."""
WAKE_LASTS_S: Final = 600.0
"""An operator that has just started acts on a wake that is not older than this."""
_MOST_PEAKS: Final = 16


@dataclass(frozen=True, slots=True)
class Policy:
    """What the resource says about its size. Times in seconds."""

    min: int
    max: int
    jobs_per_worker: int
    max_age_s: float
    idle_s: float
    sleep_s: float | None
    """None: the API and the stores never sleep."""
    api: int
    """API pods while awake."""


@dataclass(frozen=True, slots=True)
class History:
    """What earlier decisions leave to later ones. Times as `now` of `decide`."""

    busy_at: float
    """When there was work last, or when that was last unknown."""
    asked_at: float
    """When there was a request or a wake last."""
    busy: bool
    """Whether there was work at the last look: until the next look there still is."""
    asking: bool
    """The same of requests."""
    peaks: tuple[tuple[float, int], ...]
    """(until when, how many workers were needed), falling in number and rising in time: the sliding maximum's own memory."""
    extra: int = 0
    """Workers that old jobs have called for, beyond what their number does."""
    extra_at: float = 0.0
    wake: str | None = None
    """The wake annotation as last seen."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How much is to stand now, and when to decide anew although nothing was heard."""

    workers: int
    api: int
    stores: bool
    next_check_s: float | None
    """None: only news changes this decision."""
    history: History
    woken: bool = False
    """Whether something just called for it: a request at the activator or a wake."""

    @property
    def scale(self) -> Scale:
        return Scale(self.api, self.workers, self.stores)


def policy_of(resource: GeneratorService, *, can_sleep: bool) -> Policy:
    """`can_sleep`: whether an activator takes requests while the API sleeps; without one it never does."""
    spec = resource.spec
    scaling = spec.workers.scaling
    sleeps = can_sleep and spec.workers.min == 0 and spec.api.sleep_seconds > 0
    return Policy(
        min=spec.workers.min,
        max=spec.workers.max,
        jobs_per_worker=scaling.jobs_per_worker,
        max_age_s=float(scaling.max_age_seconds),
        idle_s=float(scaling.idle_seconds),
        sleep_s=float(spec.api.sleep_seconds) if sleeps else None,
        api=spec.api.replicas,
    )


def decide(
    policy: Policy,
    history: History | None,
    backlog: Backlog | BacklogUnknown | None,
    standing: Scale | None,
    now: float,
    *,
    wanted: bool = False,
    wake: str | None = None,
    workers_ready: int | None = None,
    draining: bool = False,
    may_sleep: bool = True,
) -> Decision:
    """The scale for now.

    `history` is None after a restart and for a new resource; `standing` is what the workloads ask for at present, None where there are
    none yet. `now` in seconds since the epoch. `wanted`: something waits at the activator. `wake`: the wake annotation of the resource.
    `workers_ready`: how many worker pods take jobs, where that is known. `draining`: whether pods of the API or the workers are still
    there although none is to be; they need the stores until they have ended. `may_sleep`: False while nobody could be trusted to wake it
    again; what sleeps already goes on sleeping.

    With no answer about the backlog the number of workers stays as it is, within the bounds of the policy.
    """
    fresh = standing is None
    standing = standing or Scale(policy.api, policy.min)
    wake_now = wanted or _calls(wake, history, now)
    memory = _carried(history, standing, now)
    memory = replace(memory, wake=wake, asked_at=now if wake_now else memory.asked_at)
    if wake_now:
        memory = _needed(memory, max(1, policy.min), now, policy)
    if standing.asleep and not fresh and not wake_now and policy.min == 0 and policy.sleep_s is not None:
        # Nobody is there to ask; the activator says when something comes.
        return _asleep(replace(memory, busy=False, asking=False), standing, draining)
    if isinstance(backlog, Backlog):
        memory, workers = _by_work(policy, memory, backlog, standing, now, workers_ready)
    else:
        memory = replace(memory, busy_at=now, asked_at=now, busy=False, asking=False)
        workers = _within(policy, standing.workers)
    if wake_now:
        workers = _within(policy, max(workers, 1))
    if may_sleep and workers == 0 and _may_sleep(policy, memory, backlog, standing, now):
        return _asleep(memory, standing, draining=True)
    if history is None:
        workers = max(workers, min(standing.workers, policy.max))
    return Decision(workers, policy.api, True, _next_check(policy, memory, backlog, workers, now), memory, woken=wake_now)


# ---- memory


def _carried(history: History | None, standing: Scale, now: float) -> History:
    """What is remembered, brought to now: what was needed at the last look was needed until this one."""
    if history is None:
        return History(busy_at=now, asked_at=now, busy=False, asking=False, peaks=((now, standing.workers),))
    # A clock that was set back must not make anything look like the future: it would never pass.
    busy_at = now if history.busy else min(history.busy_at, now)
    asked_at = now if history.asking else min(history.asked_at, now)
    peaks = tuple((min(until, now), workers) for until, workers in history.peaks)
    if peaks:
        peaks = (*peaks[:-1], (now, peaks[-1][1]))
    return replace(history, busy_at=busy_at, asked_at=asked_at, extra_at=min(history.extra_at, now), peaks=peaks)


def _needed(memory: History, workers: int, now: float, policy: Policy) -> History:
    """Remember that so many workers are needed from now on."""
    window = _window(policy)
    kept = [(until, count) for until, count in memory.peaks if count > workers and until > now - window]
    while len(kept) >= _MOST_PEAKS:
        # Two steps become one, as high as the first and as long as the second: never lower than it was.
        kept[-2:] = [(kept[-1][0], kept[-2][1])]
    return replace(memory, peaks=(*kept, (now, workers)))


def _window(policy: Policy) -> float:
    return max(1.0, min(STEADY_S, policy.idle_s))


def _calls(wake: str | None, history: History | None, now: float) -> bool:
    """Whether the wake annotation is a new one."""
    if wake is None or (history is not None and wake == history.wake):
        return False
    if history is not None:
        return True
    # Seen for the first time: an old one has been acted on by whoever led before.
    try:
        at = datetime.fromisoformat(wake).timestamp()
    except (ValueError, OverflowError, OSError):
        return False
    return -WAKE_LASTS_S <= now - at <= WAKE_LASTS_S


# ---- workers


def _by_work(
    policy: Policy, memory: History, backlog: Backlog, standing: Scale, now: float, workers_ready: int | None
) -> tuple[History, int]:
    due = backlog.queued + backlog.running
    busy = backlog.open > 0
    memory = replace(
        memory,
        busy=busy,
        busy_at=now if busy else memory.busy_at,
        asking=backlog.active_requests > 0,
        asked_at=max(memory.asked_at, now if backlog.active_requests else min(now, _accepted_at(backlog))),
    )
    memory = _with_extra(policy, memory, backlog, standing, now, workers_ready)
    least = max(math.ceil(due / policy.jobs_per_worker), 1 if busy else 0)
    called = min(least + memory.extra, max(due, least))
    memory = _needed(memory, _within(policy, called), now, policy)
    if not busy and now - memory.busy_at >= policy.idle_s:
        return memory, policy.min
    workers = max(count for _, count in memory.peaks)
    if not busy:
        # The last one stays warm until the idle time has passed.
        workers = max(workers, min(standing.workers, 1))
    return memory, _within(policy, workers)


def _with_extra(policy: Policy, memory: History, backlog: Backlog, standing: Scale, now: float, workers_ready: int | None) -> History:
    if backlog.queued == 0:
        return replace(memory, extra=0, extra_at=now)
    if backlog.oldest_seconds <= policy.max_age_s:
        return memory
    # While workers start, age says nothing about their number; and one that was just added gets time to show what it is worth.
    starting = workers_ready is not None and workers_ready < standing.workers
    if standing.workers == 0 or starting or now - memory.extra_at < policy.max_age_s:
        return memory
    return replace(memory, extra=min(memory.extra + 1, policy.max), extra_at=now)


def _within(policy: Policy, workers: int) -> int:
    return max(policy.min, min(workers, policy.max))


# ---- sleep


def _asleep(memory: History, standing: Scale, draining: bool) -> Decision:
    """First the API goes, then, in a later step, the stores that it needs until its last request is answered."""
    return Decision(0, 0, standing.stores and draining, None, memory)


def _may_sleep(policy: Policy, memory: History, backlog: Backlog | BacklogUnknown | None, standing: Scale, now: float) -> bool:
    if policy.sleep_s is None or not isinstance(backlog, Backlog) or backlog.open or standing.workers > 0:
        return False
    return now - max(memory.busy_at, memory.asked_at) >= policy.sleep_s


def _accepted_at(backlog: Backlog) -> float:
    if backlog.last_accepted_at is None:
        return 0.0
    try:
        return datetime.fromisoformat(backlog.last_accepted_at).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


# ---- the next look


def _next_check(policy: Policy, memory: History, backlog: Backlog | BacklogUnknown | None, workers: int, now: float) -> float | None:
    """Seconds until this decision may change by time alone."""
    if not isinstance(backlog, Backlog):
        return None
    times = []
    lowest = min(count for _, count in memory.peaks)
    if lowest < workers:
        times += [until + _window(policy) for until, count in memory.peaks if count > lowest]
    if backlog.queued and workers < policy.max:
        # Becomes too old, or stays so.
        times.append(max(now + policy.max_age_s - backlog.oldest_seconds, memory.extra_at + policy.max_age_s))
    if not backlog.open and workers > policy.min:
        times.append(memory.busy_at + policy.idle_s)
    if policy.sleep_s is not None and workers == 0 and not backlog.open and not backlog.active_requests:
        times.append(max(memory.busy_at, memory.asked_at) + policy.sleep_s)
    return max(min(times) - now, 1.0) if times else None
