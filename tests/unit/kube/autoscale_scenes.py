"""A generator whose scale is decided again and again: one that is looked at, and one that works jobs off in a time of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from octavo_operator.autoscale import Decision, History, Policy, decide
from octavo_operator.resource import Backlog, BacklogUnknown, Scale

STEP_S = 0.5


@dataclass
class Trace:
    workers: list[tuple[float, int]] = field(default_factory=list)
    """(when, how many were asked for), each change."""
    ended: int = 0


@dataclass
class Worker:
    up_at: float
    ends: list[float] = field(default_factory=list)
    """When the jobs that it has will end."""
    leaving: bool = False


class Watched:
    """What is decided becomes what stands, at once."""

    def __init__(self, policy: Policy, now: float) -> None:
        self.policy = policy
        self.now = now
        self.history: History | None = None
        self.standing: Scale | None = None

    def awake(self, workers: int = 0) -> Watched:
        """Stands, and has been looked at once, as after its first minutes."""
        self.standing = Scale(self.policy.api, max(workers, self.policy.min))
        self.look(Backlog(0, 0, 0, 0))
        return self

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    def look(
        self,
        backlog: Backlog | BacklogUnknown | None,
        *,
        wanted: bool = False,
        wake: str | None = None,
        workers_ready: int | None = None,
        draining: bool = False,
    ) -> Decision:
        decision = decide(
            self.policy,
            self.history,
            backlog,
            self.standing,
            self.now,
            wanted=wanted,
            wake=wake,
            workers_ready=workers_ready,
            draining=draining,
        )
        self.history, self.standing = decision.history, decision.scale
        return decision

    def serve(self, *, arrivals: Mapping[float, int], job_s: float, start_s: float, concurrency: int, until_s: float) -> Trace:
        """Jobs arrive (seconds from now → how many), pods take `start_s` to come up, a worker does `concurrency` jobs at a time.

        The operator looks every two seconds; jobs that arrive while the API sleeps wait at the activator. A worker that is taken
        away ends what it has.
        """
        begin, trace = self.now, Trace()
        coming, held, queue = dict(arrivals), 0, list[float]()
        api_up: float | None = begin if self.standing is not None and not self.standing.asleep else None
        workers: list[Worker] = []
        next_look = begin
        while self.now < begin + until_s:
            held += sum(coming.pop(when) for when in list(coming) if begin + when <= self.now)
            if api_up is not None and api_up <= self.now:
                queue += [self.now] * held
                held = 0
            for worker in workers:
                trace.ended += sum(1 for end in worker.ends if end <= self.now)
                worker.ends = [end for end in worker.ends if end > self.now]
                while not worker.leaving and worker.up_at <= self.now and len(worker.ends) < concurrency and queue:
                    queue.pop(0)
                    worker.ends.append(self.now + job_s)
            workers = [worker for worker in workers if worker.ends or not worker.leaving]
            if self.now >= next_look:
                next_look = self.now + 2
                self._look_at(queue, workers, api_up, held, trace)
                staying = [worker for worker in workers if not worker.leaving]
                assert self.standing is not None
                for worker in staying[self.standing.workers :]:
                    worker.leaving = True
                workers += [Worker(self.now + start_s) for _ in range(self.standing.workers - len(staying))]
                if self.standing.asleep:
                    api_up = None
                elif api_up is None:
                    api_up = self.now + start_s
            self.now += STEP_S
        return trace

    def _look_at(self, queue: list[float], workers: list[Worker], api_up: float | None, held: int, trace: Trace) -> None:
        running = sum(len(worker.ends) for worker in workers)
        backlog = None
        if api_up is not None and api_up <= self.now:
            backlog = Backlog(len(queue), running, 0, self.now - queue[0] if queue else 0.0)
        if not trace.workers:
            trace.workers.append((self.now, self.standing.workers if self.standing else 0))
        ready = sum(1 for worker in workers if not worker.leaving and worker.up_at <= self.now)
        decision = self.look(backlog, wanted=held > 0, workers_ready=ready, draining=bool(workers))
        if decision.workers != trace.workers[-1][1]:
            trace.workers.append((self.now, decision.workers))
