"""Objects of the Kubernetes API as an admin sees them. Pure; what is missing or odd in an object is None, never an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from octavo_admin.domain.model import (
    Cost,
    Count,
    GeneratorState,
    GeneratorView,
    ProcessView,
    ProviderSpent,
    Queue,
    Recent,
    Spent,
    Versions,
)

Object = dict[str, Any]

_SHOWN = ("engine", "providers", "pipeline", "audiences", "auth", "limits", "jobs", "workers")
_HIDDEN = frozenset({"credentials", "secretRef", "baseUrl"})


def generator_view(found: Object) -> GeneratorView:
    metadata, spec, status = _of(found, "metadata"), _of(found, "spec"), _of(found, "status")
    state, reason = _state(status)
    queue, cost = status.get("queue"), status.get("cost")
    return GeneratorView(
        name=str(metadata.get("name", "")),
        namespace=metadata.get("namespace"),
        task=str(spec.get("task", "")),
        model=str(status.get("model") or ""),
        state=state,
        reason=reason,
        versions=Versions(
            api=str(found.get("apiVersion", "octavo.dev/v1alpha1")),
            generation=metadata.get("generation"),
            images=tuple(str(_of(spec, part)["image"]) for part in ("api", "workers") if _of(spec, part).get("image")),
        ),
        spec=spec_in_short(spec),
        workers=_count(status.get("workers")),
        api=_count(status.get("api")),
        queue=_queue(queue) if isinstance(queue, dict) else None,
        cost=Cost(today=Spent(usd=float(cost.get("usdToday", 0)))) if isinstance(cost, dict) else None,
        url=status.get("url"),
    )


def spec_in_short(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What it does and with what; names of Secrets and addresses of providers are left out."""
    return {name: _without_secrets(spec[name]) for name in _SHOWN if spec.get(name) not in (None, {}, [])}


def with_report(view: GeneratorView, report: Mapping[str, Any]) -> GeneratorView:
    """As the generator's own `GET /api/v1/report` tells it."""
    queue, recent, cost = report.get("queue"), report.get("recent"), report.get("cost")
    return replace(
        view,
        queue=_queue(queue) if isinstance(queue, dict) else view.queue,
        recent=_recent(recent) if isinstance(recent, dict) else view.recent,
        cost=_cost(cost) if isinstance(cost, dict) else None,
    )


def pod_view(pod: Object) -> ProcessView:
    metadata, status, spec = _of(pod, "metadata"), _of(pod, "status"), _of(pod, "spec")
    labels = _of(metadata, "labels")
    containers = [one for one in status.get("containerStatuses") or () if isinstance(one, dict)]
    reason = next((said for one in containers if (said := _trouble(one)) is not None), None)
    ready = bool(containers) and all(one.get("ready") for one in containers)
    instance = labels.get("app.kubernetes.io/instance")
    is_generator = labels.get("app.kubernetes.io/name") == "octavo-generator"
    return ProcessView(
        name=f"{metadata.get('namespace')}/{metadata.get('name')}",
        state="running" if ready else "failed" if reason is not None else "starting",
        restarts=sum(int(one.get("restartCount", 0)) for one in containers),
        since=status.get("startTime"),
        reason=reason or (status.get("message") if not ready else None),
        image=next((str(one.get("image")) for one in spec.get("containers") or () if one.get("image")), None),
        generators=(str(instance),) if is_generator and instance else (),
    )


def _state(status: Object) -> tuple[GeneratorState, str | None]:
    conditions = {str(one.get("type")): one for one in status.get("conditions") or () if isinstance(one, dict)}

    def holds(kind: str) -> bool:
        return bool(conditions.get(kind, {}).get("status") == "True")

    def why(kind: str) -> str:
        one = conditions[kind]
        return str(one.get("message") or one.get("reason") or "")

    if holds("Degraded"):
        return ("degraded" if holds("Ready") else "unavailable"), why("Degraded")
    if holds("Sleeping"):
        return "sleeping", None
    if holds("Progressing"):
        return "progressing", why("Progressing")
    if not holds("Ready"):
        return "unavailable", why("Ready") if "Ready" in conditions else "the operator has not looked at it yet"
    queue = _of(status, "queue")
    return ("working" if queue.get("running") else "waiting" if queue.get("queued") else "idle"), None


def _trouble(container: Object) -> str | None:
    waiting, ended = _of(_of(container, "state"), "waiting"), _of(_of(container, "state"), "terminated")
    if waiting and waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
        return f"{container.get('name')}: {waiting.get('reason')}: {waiting.get('message', '')}".rstrip(": ")
    if ended and ended.get("exitCode") not in (None, 0):
        return f"{container.get('name')}: {ended.get('reason', 'ended')} ({ended.get('exitCode')})"
    return None


def _count(found: object) -> Count | None:
    return Count(int(found.get("ready", 0)), int(found.get("desired", 0))) if isinstance(found, dict) else None


def _queue(found: Mapping[str, Any]) -> Queue:
    oldest = found.get("oldestSeconds", found.get("oldest_seconds", 0))
    return Queue(int(found.get("queued", 0)), int(found.get("running", 0)), int(found.get("delayed", 0)), float(oldest or 0))


def _recent(found: Mapping[str, Any]) -> Recent:
    return Recent(**{name: int(found.get(name, 0)) for name in ("minutes", "accepted", "succeeded", "failed", "cancelled")})


def _cost(found: Mapping[str, Any]) -> Cost:
    return Cost(
        today=_spent(found.get("today")),
        month=_spent(found.get("month")),
        held=_spent(found.get("held")),
        by_provider=tuple(
            ProviderSpent(str(one.get("provider")), _spent(one.get("today")), _spent(one.get("month")))
            for one in found.get("by_provider") or ()
        ),
    )


def _spent(found: object) -> Spent:
    return Spent(float(found.get("usd", 0)), int(found.get("tokens", 0))) if isinstance(found, dict) else Spent()


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_secrets(one) for name, one in value.items() if name not in _HIDDEN}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value


def _of(found: Mapping[str, Any], name: str) -> Object:
    inner = found.get(name)
    return inner if isinstance(inner, dict) else {}
