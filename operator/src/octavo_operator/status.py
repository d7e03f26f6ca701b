"""From what stands to what `kubectl get` and `kubectl wait` say: four conditions, each with a reason and, where something fails, its root.

Pure. `Ready` answers one question: if I send a request now, is it accepted and will it be worked on? So a generator that sleeps is
ready (the request wakes it), one whose new rollout is stuck while the old pods answer is ready and degraded, and one whose workers
cannot start is not ready although its API answers. A status is as stable as what it speaks of: nothing in it counts tries, dates or
names whatever differs at every look, so that at rest no write comes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from octavo_core.spec import Condition, GeneratorService, QueueStatus, Status, WorkersStatus
from octavo_core.spec.status import ApiStatus, ConditionType
from octavo_operator import names
from octavo_operator.causes import Cause, Depth, find_causes, wanted
from octavo_operator.plan import Refused
from octavo_operator.resource import Backlog, Component, Observed, Refusal, Situation, WorkloadState
from octavo_operator.words import listed, one_line, same_but_numbers

_LABELS: Mapping[Component, str] = {"db": "database", "redis": "Redis", "api": "API", "worker": "workers"}
STARTING = "Starting"
"""Reason of not being ready while nothing fails and it never was."""
NOT_READY = "NotReady"
"""The same of one that was ready before, or failed."""
_STORES: tuple[Component, ...] = ("db", "redis")


def report(
    resource: GeneratorService,
    situation: Situation,
    observed: Observed,
    *,
    previous: Status | None,
    now: datetime,
    refusals: Sequence[Refusal | Refused] = (),
) -> Status:
    """The status of a generator, all fields filled in.

    `observed` as it is after the last writes; `refusals` are those of the last attempt to write; `previous` is the status that
    stands in the resource: times move only where a condition's status moves, and what passes unseen keeps its words.
    """
    secrets = (situation.passwords.redis, situation.passwords.database, situation.passwords.forwarding)
    causes = find_causes(resource, situation.scale, observed, refusals, secrets)
    standing = _Standing(resource, situation, observed)
    said = None if previous is None else previous.condition("Ready")
    was_ready = said is not None and said.status == "True"
    ready = _with_samples(_ready(standing, causes, was_ready, starts=said is None or said.reason == STARTING), situation.samples)
    conditions = (
        ready,
        _progressing(standing, is_ready=ready.status == "True"),
        _sleeping(standing),
        _degraded(causes),
    )
    generation = resource.metadata.generation
    return Status(
        observed_generation=generation,
        conditions=tuple(_dated(found, previous, generation, now) for found in conditions),
        url=url_of(resource),
        model=resource.spec.model_label,
        api=ApiStatus(ready=standing.ready("api"), desired=situation.scale.api),
        workers=WorkersStatus(
            ready=standing.ready("worker"),
            desired=situation.scale.workers,
            selector=names.selector_text(resource.name, "worker"),
        ),
        samples=situation.samples or None,
        queue=_queue(situation, observed, previous),
        cost=None if previous is None else previous.cost,
    )


def report_unreadable(generation: int | None, problem: str, *, previous: Status | None, now: datetime) -> Status:
    """The status of a resource that this operator cannot read: written under a newer schema, say. What stands is left alone."""
    message = one_line(f"this GeneratorService cannot be read: {problem}", 1_200)
    found = (
        _Found("Ready", "False", "InvalidResource", message),
        _Found("Progressing", "False", "InvalidResource", "nothing is changed until the resource can be read"),
        _Found("Sleeping", "Unknown", "InvalidResource", ""),
        _Found("Degraded", "True", "InvalidResource", message),
    )
    kept = previous or Status()
    return kept.model_copy(
        update={
            "observed_generation": generation,
            "conditions": tuple(_dated(condition, previous, generation, now) for condition in found),
        }
    )


def equal(one: Status, other: Status) -> bool:
    """Whether two statuses say the same, times apart."""
    return _timeless(one) == _timeless(other)


def worth_writing(before: Status | None, after: Status, since_write_s: float, *, every_s: float = 10.0) -> bool:
    """Whether `after` is to be written over `before`: at once when anything but the queue differs, else at most every `every_s`.

    Who gets False although the two differ asks again later: `equal` tells.
    """
    if before is None:
        return True
    if equal(before, after):
        return False
    return since_write_s >= every_s or not equal(before.model_copy(update={"queue": after.queue}), after)


def url_of(resource: GeneratorService) -> str:
    """Where callers reach the generator: from outside where the resource asks for it, else inside the cluster."""
    api, name = resource.spec.api, resource.name
    if api.ingress is not None:
        return f"http{'s' if api.ingress.tls_secret_name else ''}://{api.ingress.host}/generators/{name}"
    if api.http_route is not None:
        host = next((host for host in api.http_route.hostnames if not host.startswith("*")), None)
        if host is not None:
            return f"http://{host}/generators/{name}"
    return f"http://{names.api(name)}.{resource.metadata.namespace or 'default'}.svc"


def stage(resource: GeneratorService, situation: Situation, observed: Observed) -> str:
    """What a start waits for, in a few words for those who wait for it; empty once nothing is missing."""
    causes = find_causes(resource, situation.scale, observed)
    if causes and causes[0].depth is not Depth.EXTRA:
        # Callers see this one: what fails, without the names and words from inside the cluster.
        return f"cannot start ({causes[0].reason})"
    lacking = _Standing(resource, situation, observed).lacking
    if not lacking:
        return ""
    if lacking[0] == "worker":
        return "starting a worker"
    return f"starting the {_LABELS[lacking[0]]}" if lacking[0] != "redis" else "starting Redis"


# ---- what stands


class _Standing:
    def __init__(self, resource: GeneratorService, situation: Situation, observed: Observed) -> None:
        self.resource = resource
        self.scale = situation.scale
        self.stand_in = situation.stand_in is not None
        self.counts = wanted(resource, situation.scale)
        self._states: dict[Component, tuple[str, WorkloadState]] = {
            child.component: (f"{child.reference.kind} {child.reference.name}", child.workload)
            for child in observed.children.values()
            if child.component is not None and child.workload is not None and child.owned and not child.deleting
        }

    def ready(self, component: Component) -> int:
        found = self._states.get(component)
        return max(found[1].ready, 0) if found else 0

    @property
    def lacking(self) -> list[Component]:
        """The components of which a pod is needed and none is ready, in the order in which they wait for each other."""
        return [component for component, count in self.counts.items() if count > 0 and self.ready(component) == 0]

    @property
    def moving(self) -> list[tuple[str, str]]:
        """(reason, text) of every workload that is not as it is to be, those apart that have given up."""
        found = []
        for component, count in self.counts.items():
            if component not in self._states:
                if count > 0:
                    found.append(
                        ("Creating", f"the {_LABELS[component]} is being made" if component != "worker" else "the workers are being made")
                    )
                continue
            name, state = self._states[component]
            if state.trouble_reason == "ProgressDeadlineExceeded":
                continue
            if not state.current or state.desired != count:
                found.append(("Scaling" if state.desired != count else "RollingOut", f"{name} goes to {_pods(count)}"))
            elif state.updated < count:
                found.append(("RollingOut", f"{name}: {state.updated} of {_pods(count)} replaced"))
            elif state.ready != count:
                found.append(("Scaling", f"{name}: {state.ready} of {_pods(count)} ready"))
        return found

    @property
    def stuck(self) -> list[str]:
        return [
            name
            for component, (name, state) in self._states.items()
            if self.counts.get(component, 0) > 0 and state.trouble_reason == "ProgressDeadlineExceeded"
        ]


def _pods(count: int) -> str:
    return f"{count} pod{'' if count == 1 else 's'}"


# ---- the conditions


@dataclass(frozen=True, slots=True)
class _Found:
    type: ConditionType
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    varies: bool = False


def _ready(standing: _Standing, causes: Sequence[Cause], was_ready: bool, starts: bool) -> _Found:
    blocking = next((cause for cause in causes if cause.blocks), None)
    if blocking is not None:
        return _not_ready(blocking)
    if standing.scale.asleep:
        return _Found("Ready", "True", "Asleep", "everything sleeps; a request is kept at once and wakes it")
    lacking = standing.lacking
    if not lacking:
        return _Found("Ready", "True", "Answers", "requests are accepted and worked on")
    concerned = {None, *_STORES, *lacking}
    root = next((cause for cause in causes if cause.component in concerned and cause.depth is not Depth.EXTRA), None)
    if root is not None:
        return _not_ready(root)
    if was_ready and lacking == ["worker"]:
        return _Found("Ready", "True", "Answers", "requests are accepted; the first worker starts")
    if was_ready and standing.stand_in:
        return _Found("Ready", "True", "Waking", "it wakes up; requests are kept meanwhile")
    missing = ", ".join(_LABELS[component] for component in lacking)
    return _Found("Ready", "False", STARTING if starts else NOT_READY, f"not ready yet: {missing}")


def _with_samples(found: _Found, samples: Sequence[str]) -> _Found:
    """Nobody should take for a model's answer what is none."""
    if not samples or found.status != "True":
        return found
    reason = "AnswersWithSamples" if found.reason == "Answers" else found.reason
    return replace(found, reason=reason, message=f"{found.message}; {words_of_samples(samples)}")


def words_of_samples(samples: Sequence[str]) -> str:
    keys = "the key" if len(samples) == 1 else "the keys"
    return one_line(f"{keys} of {listed(samples)} cannot be found, so the fake providers give samples instead", 600)


def _not_ready(cause: Cause) -> _Found:
    return _Found("Ready", "False", cause.reason, cause.message, cause.varies)


def _progressing(standing: _Standing, *, is_ready: bool) -> _Found:
    moving = standing.moving
    if moving:
        waking = is_ready and standing.stand_in and not standing.scale.asleep
        text = "; ".join(text for _, text in moving)
        return _Found("Progressing", "True", "Waking" if waking else moving[0][0], text)
    if standing.stuck:
        return _Found("Progressing", "False", "ProgressDeadlineExceeded", f"the rollout of {' and '.join(standing.stuck)} is stuck")
    return _Found("Progressing", "False", "Settled", "everything is as the resource says")


def _sleeping(standing: _Standing) -> _Found:
    if standing.scale.asleep:
        return _Found("Sleeping", "True", "Asleep", "API, workers and managed stores are at no pod; a request wakes them")
    if standing.scale.workers == 0:
        return _Found("Sleeping", "True", "WorkersAsleep", "no worker stands; the first request starts one")
    return _Found("Sleeping", "False", "Awake", "workers stand, or start")


def _degraded(causes: Sequence[Cause]) -> _Found:
    if not causes:
        return _Found("Degraded", "False", "NothingFails", "nothing fails")
    root, others = causes[0], len({cause.reason for cause in causes} - {causes[0].reason})
    more = f" ({others} more thing{'' if others == 1 else 's'} fail{'s' if others == 1 else ''})" if others else ""
    return _Found("Degraded", "True", root.reason, root.message + more, root.varies)


def _dated(found: _Found, previous: Status | None, generation: int | None, now: datetime) -> Condition:
    before = None if previous is None else previous.condition(found.type)
    time, message = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), found.message
    if before is not None and before.status == found.status:
        time = before.last_transition_time or time
        if (
            found.varies
            and before.reason == found.reason
            and before.observed_generation == generation
            and _old_news(before.message, message)
        ):
            message = before.message
    return Condition(
        type=found.type,
        status=found.status,
        reason=found.reason,
        message=message,
        last_transition_time=time,
        observed_generation=generation,
    )


def _old_news(before: str, after: str) -> bool:
    """The same failure at another try: other numbers, or, while the kubelet waits for the next try, fewer words."""
    return before.startswith(f"{after}: ") or same_but_numbers(before, after)


def _queue(situation: Situation, observed: Observed, previous: Status | None) -> QueueStatus:
    if situation.scale.asleep:
        return QueueStatus()
    match observed.backlog:
        case Backlog() as backlog:
            return QueueStatus(
                queued=backlog.queued,
                running=backlog.running,
                delayed=backlog.delayed,
                oldest_seconds=float(round(max(backlog.oldest_seconds, 0.0))),
            )
        case _:
            # Nobody has counted a new one's jobs yet. Saying none spares a second write when the count says the same.
            return (previous.queue if previous is not None else None) or QueueStatus()


def _timeless(status: Status) -> Status:
    return status.model_copy(update={"conditions": tuple(c.model_copy(update={"last_transition_time": None}) for c in status.conditions)})
