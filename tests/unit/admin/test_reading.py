"""Objects of a cluster as an admin sees them."""

from __future__ import annotations

from typing import Any

from octavo_admin.adapters.kubernetes.reading import generator_view, pod_view, spec_in_short, with_report
from octavo_admin.domain.model import Count, Queue, Spent


def resource(*conditions: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "octavo.dev/v1alpha1",
        "metadata": {"name": "tales", "namespace": "prod", "generation": 7},
        "spec": {
            "task": "story",
            "engine": {"name": "ctranslate2", "model": "builtin://tiny-stories"},
            "api": {"image": "octavo/service:9"},
        },
        "status": {"conditions": list(conditions), **status},
    }


def condition(kind: str, status: str = "True", message: str = "") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": "Because", "message": message}


def test_the_root_cause_is_what_the_operator_says() -> None:
    cause = "DatabaseLoginRefused: pod tales-api-1: password authentication failed"
    broken = generator_view(resource(condition("Ready", "False", "not ready"), condition("Degraded", message=cause)))
    assert (broken.state, broken.reason) == ("unavailable", cause)
    limping = generator_view(resource(condition("Ready"), condition("Degraded", message=cause)))
    assert (limping.state, limping.reason) == ("degraded", cause)


def test_states_that_are_no_trouble() -> None:
    assert generator_view(resource(condition("Ready"), condition("Sleeping"))).state == "sleeping"
    assert generator_view(resource(condition("Ready"), queue={"queued": 3, "oldestSeconds": 2.5})).state == "waiting"
    working = generator_view(resource(condition("Ready"), queue={"running": 1}, workers={"ready": 1, "desired": 2}))
    assert (working.state, working.workers, working.queue) == ("working", Count(1, 2), Queue(0, 1))
    assert generator_view(resource(condition("Ready"))).state == "idle"
    assert (
        generator_view(resource(condition("Ready", "False", "rolling"), condition("Progressing", message="rolling out"))).state
        == "progressing"
    )


def test_one_that_nobody_has_looked_at_yet_and_one_that_is_odd() -> None:
    new = generator_view({"metadata": {"name": "new"}, "spec": {"task": "text"}})
    assert (new.state, new.queue, new.cost) == ("unavailable", None, None)
    assert new.reason is not None
    assert generator_view({"metadata": None, "spec": "x", "status": []}).name == ""


def test_versions_and_a_spec_without_secrets() -> None:
    view = generator_view(resource(condition("Ready"), cost={"usdToday": 1.5}))
    assert (view.versions.generation, view.versions.images, view.cost and view.cost.today) == (7, ("octavo/service:9",), Spent(1.5))
    provider = {"name": "grok", "type": "xai", "credentials": {"secretRef": {"name": "xai", "key": "k"}}, "baseUrl": "http://u:p@in/"}
    assert spec_in_short({"task": "text", "providers": [provider], "limits": {}}) == {"providers": [{"name": "grok", "type": "xai"}]}


def test_a_report_fills_in_what_the_status_does_not_say() -> None:
    sums = {"usd": 0.25, "tokens": 10}
    report = {
        "queue": {"queued": 2, "running": 1, "delayed": 0, "oldest_seconds": 4.0},
        "recent": {"minutes": 60, "accepted": 9, "succeeded": 7, "failed": 1, "cancelled": 0},
        "cost": {"today": sums, "month": sums, "held": sums, "by_provider": [{"provider": "grok", "today": sums, "month": sums}]},
    }
    view = with_report(generator_view(resource(condition("Ready"))), report)
    assert view.queue == Queue(2, 1, 0, 4.0)
    assert view.recent is not None
    assert view.recent.succeeded == 7
    assert view.cost is not None
    assert view.cost.by_provider[0].month == Spent(0.25, 10)


def pod(**container: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "tales-worker-1",
            "namespace": "prod",
            "labels": {"app.kubernetes.io/name": "octavo-generator", "app.kubernetes.io/instance": "tales"},
        },
        "spec": {"containers": [{"name": "worker", "image": "octavo/worker:9"}]},
        "status": {"containerStatuses": [{"name": "worker", "restartCount": 4, **container}]},
    }


def test_pods() -> None:
    well = pod_view(pod(ready=True, state={"running": {}}))
    assert (well.name, well.state, well.restarts, well.image, well.generators) == (
        "prod/tales-worker-1", "running", 4, "octavo/worker:9", ("tales",),
    )  # fmt: skip
    crashing = pod_view(pod(ready=False, state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}))
    assert (crashing.state, crashing.reason) == ("failed", "worker: CrashLoopBackOff: back-off 40s")
    assert pod_view(pod(ready=False, state={"waiting": {"reason": "ContainerCreating"}})).state == "starting"
    assert pod_view({"metadata": {"name": "p"}, "status": {}}).state == "starting"
