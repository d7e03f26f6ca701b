"""Sizes by work: what the decision on a generator's scale is made of, and what follows from it for the backlog queries and the activator.

The decision itself is `autoscale`'s, the answers are `backlog`'s and `activator`'s; here they meet, for one generator at a time and without
waiting. Falling asleep takes three steps, so that nothing is accepted into a database that is about to go: the activator is told, then the
work is counted once more, and only then the API goes, with the Service led to the activator in the same writes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from octavo_core.errors import Unavailable
from octavo_core.spec import GeneratorService
from octavo_core.telemetry.logs import get_service_logger
from octavo_operator import names
from octavo_operator.activator import Activator, Phase, Route
from octavo_operator.autoscale import Decision, History, decide, policy_of
from octavo_operator.backlog import Backlogs
from octavo_operator.families import Family
from octavo_operator.kinds import ENDPOINT_SLICE
from octavo_operator.ports import read_stand_ins
from octavo_operator.reach import Target
from octavo_operator.reconcile import Sizing
from octavo_operator.resource import Component, Key, Observed, Pod, Scale, Situation, StandIn
from octavo_operator.status import stage

_log = get_service_logger(__name__)

UNREADY_S = 15.0
"""A pod of the API that is not ready after so long is asked what it misses."""
LINGERS_S = 120.0
"""How long the activator still knows a generator that answers for itself again."""
_STEP_S = 1.0
"""How soon to look again while falling asleep."""
_MOST_PODS = 8


@dataclass(slots=True)
class _Memory:
    """Of one generator, between two reconciles. Lost at a restart: then it is found out from what stands."""

    history: History | None = None
    scale: Scale | None = None
    """As decided last."""
    behind: bool = False
    """Whether its Service leads to the activator."""
    tired_at: float | None = None
    """Since when it is about to fall asleep, by the clock of the backlogs."""
    answers_since: float | None = None
    """Since when its own pods answer while the activator still has a route for it."""


class ByWork:
    """The `Sizes` of a cluster in earnest. One for the process; every call returns at once."""

    def __init__(
        self,
        backlogs: Backlogs,
        activator: Activator | None = None,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`now`: seconds since the epoch. `clock`: the one that the backlogs use. Without an activator nothing sleeps wholly."""
        self._backlogs = backlogs
        self._activator = activator
        self._now = now
        self._clock = clock
        self._memories: dict[Key, _Memory] = {}
        self._taken_over: set[int] = set()

    def __len__(self) -> int:
        return len(self._memories)

    # ---- before the writes

    def size(self, resource: GeneratorService, family: Family) -> Sizing:
        """Raises `Unavailable` while it is not known what earlier leaders had arranged with the activator."""
        key = family.key
        if self._activator is not None and self._activator.part_of(key) not in self._taken_over:
            raise Unavailable("the EndpointSlices that lead to the activator have not been read yet")
        memory = self._memories.setdefault(key, _Memory())
        standing = memory.scale or standing_scale(resource, family)
        decision = self._decide(resource, family, memory, standing)
        if decision.api == 0 and standing is not None and not standing.asleep and not self._may_go(key, memory):
            # One step at a time: meanwhile everything stays, and the decision is made anew.
            scale: Scale = standing
            look_again: float | None = _STEP_S
        else:
            scale, look_again = decision.scale, decision.next_check_s
            memory.history = decision.history
            if decision.api > 0:
                memory.tired_at = None
        memory.scale = scale
        memory.behind = scale.asleep or (_ready(family, "api") == 0 and (memory.behind or _led_away(family)))
        return Sizing(
            scale=scale,
            backlog=None if scale.asleep else self._backlogs.latest(key),
            stand_in=self._stand_in(key) if memory.behind else None,
            look_again_s=_sooner(look_again, self._until_asked(family), self._until_dropped(memory)),
        )

    def _decide(self, resource: GeneratorService, family: Family, memory: _Memory, standing: Scale | None) -> Decision:
        key, activator = family.key, self._activator
        return decide(
            policy_of(resource, can_sleep=activator is not None),
            memory.history,
            self._backlogs.latest(key),
            standing,
            self._now(),
            wanted=activator is not None and activator.waiting(key).anything,
            wake=resource.metadata.annotations.get(names.WAKE_ANNOTATION),
            workers_ready=_ready(family, "worker"),
            draining=any(pod.component in ("api", "worker") for pod in family.pods),
            may_sleep=activator is not None and activator.available,
        )

    def _may_go(self, key: Key, memory: _Memory) -> bool:
        """Whether the API may go now: the activator knows the generator, and the last count of its work is younger than that."""
        if memory.tired_at is None:
            memory.tired_at = self._clock()
        if self._activator is None or not self._activator.knows(key):
            memory.tired_at = self._clock()
            return False
        if self._backlogs.answered_at(key) <= memory.tired_at:
            self._backlogs.hurry(key)
            return False
        return True

    def _stand_in(self, key: Key) -> StandIn | None:
        if self._activator is None:
            return None
        if not self._activator.addresses:
            # What leads there now stays as it is: nothing is written for this generator until the activator has spoken.
            raise Unavailable("the activator has not said yet where it listens")
        return StandIn(self._activator.addresses, self._activator.port(key))

    # ---- after the writes

    def reported(self, resource: GeneratorService, family: Family, situation: Situation, observed: Observed) -> None:
        memory = self._memories.setdefault(family.key, _Memory())
        self._follow(family, situation.scale)
        if self._activator is not None:
            self._route(self._activator, resource, family, situation, observed, memory)

    def forget(self, key: Key) -> None:
        self._memories.pop(key, None)
        self._backlogs.forget(key)
        if self._activator is not None:
            self._activator.forget(key)

    def take_over(self, part: int, slices: Iterable[Mapping[str, Any]]) -> None:
        """This replica begins to lead a part (shard): what it remembers is from before others led, and what they arranged with the
        activator stands in EndpointSlices. Give it all of them that the operator manages, whole; other parts' are left alone."""
        if self._activator is not None:
            for key in [key for key in self._memories if self._activator.part_of(key) == part]:
                del self._memories[key]
            self._activator.take_over(part, read_stand_ins(slices))
        else:
            self._memories.clear()
        self._taken_over.add(part)

    def lost(self, part: int) -> None:
        """Another replica leads this part, or may."""
        self._taken_over.discard(part)

    def _follow(self, family: Family, scale: Scale) -> None:
        pods = [pod for pod in family.pods if pod.component == "api" and not pod.deleting and pod.ip]
        ready = [pod for pod in pods if pod.ready]
        late = [pod for pod in pods if not pod.ready and self._age_s(pod) >= UNREADY_S]
        if scale.asleep or not (ready or late):
            self._backlogs.forget(family.key)
            return
        chosen = sorted(ready or late, key=lambda pod: pod.name)[:_MOST_PODS]
        self._backlogs.follow(Target(family.key, bool(ready), tuple((pod.name, pod.ip) for pod in chosen)))

    def _route(
        self,
        activator: Activator,
        resource: GeneratorService,
        family: Family,
        situation: Situation,
        observed: Observed,
        memory: _Memory,
    ) -> None:
        key = family.key
        pods = [pod for pod in family.pods if pod.component == "api" and not pod.deleting and pod.ip]
        ready = [pod for pod in pods if pod.ready]
        phase: Phase = "asleep" if situation.scale.asleep else "ready" if ready else "starting"
        busy = memory.behind or memory.tired_at is not None or activator.waiting(key).anything
        if phase != "ready" or busy:
            memory.answers_since = None
        elif memory.answers_since is None and activator.has_route(key):
            memory.answers_since = self._clock()
        lingers = memory.answers_since is not None and self._clock() - memory.answers_since < LINGERS_S
        if not (busy or lingers or phase == "asleep") or family.text is None:
            activator.drop_route(key)
            memory.answers_since = None
            return
        try:
            port = activator.port(key)
        except Unavailable as error:
            _log.warning("no_port_left", generator=str(key), error=error.message)
            return
        activator.set_route(
            Route(
                key=key,
                port=port,
                phase=phase,
                message=stage(resource, situation, observed) if phase == "starting" else "",
                pods=tuple(sorted(f"{_host(pod.ip)}:{names.API_PORT}" for pod in (ready or pods))[:_MOST_PODS])
                if phase != "asleep"
                else (),
                forwarding_key=situation.passwords.forwarding,
                resource=family.text,
            )
        )

    # ---- time

    def _age_s(self, pod: Pod) -> float:
        try:
            created = datetime.fromisoformat(pod.created_at)
        except ValueError:
            return 0.0
        return self._now() - created.replace(tzinfo=created.tzinfo or UTC).timestamp()

    def _until_asked(self, family: Family) -> float | None:
        waits = [
            UNREADY_S - self._age_s(pod)
            for pod in family.pods
            if pod.component == "api" and not pod.ready and not pod.deleting and pod.ip and self._age_s(pod) < UNREADY_S
        ]
        return max(min(waits), 0.1) if waits else None

    def _until_dropped(self, memory: _Memory) -> float | None:
        return None if memory.answers_since is None else max(memory.answers_since + LINGERS_S - self._clock(), 0.1)


def standing_scale(resource: GeneratorService, family: Family) -> Scale | None:
    """What the workloads ask for, as an earlier leader left them; None where there are none yet."""
    asked = {
        seen.component: seen.workload.desired
        for seen in family.children
        if seen.component is not None and seen.workload is not None and seen.owned_by(family.uid)
    }
    if "api" not in asked and "worker" not in asked:
        return None
    stores = [asked[component] > 0 for component in ("db", "redis") if component in asked]
    return Scale(
        api=asked.get("api", resource.spec.api.replicas),
        workers=asked.get("worker", resource.spec.workers.min),
        stores=any(stores) if stores else True,
    )


def _ready(family: Family, component: Component) -> int:
    return sum(1 for pod in family.pods if pod.component == component and pod.ready and not pod.deleting)


def _led_away(family: Family) -> bool:
    seen = family.find(ENDPOINT_SLICE, names.activator(family.key.name))
    return seen is not None and not seen.deleting


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _sooner(*seconds: float | None) -> float | None:
    return min((value for value in seconds if value is not None), default=None)
