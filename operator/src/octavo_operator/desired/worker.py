"""The side that works: Deployment `{name}-worker`, as many as the autoscaler says, which drain before they go."""

from __future__ import annotations

from octavo_core.spec import Resources, Spec
from octavo_operator import names
from octavo_operator.desired import environment, images, pods
from octavo_operator.desired.subject import Json, Subject

_AFTER_DRAIN_S = 15
"""What a worker may take, beyond `workers.drainSeconds`, to hand back what it could not finish, and to end."""
_TMP_SIZE = "1Gi"
_REVISIONS = 2
_FETCHED = ("hf", "s3", "az")


def deployment(subject: Subject) -> Json:
    given, settings = subject.spec.workers, subject.settings
    found = environment.worker_environment(subject)
    port = names.METRICS_PORT_NAME
    container: Json = {
        "name": "worker",
        "image": given.image or _image(subject),
        "command": ["python", "-m", "octavo_generation.worker"],
        "env": found.variables,
        "ports": [{"name": port, "containerPort": names.METRICS_PORT, "protocol": "TCP"}],
        "resources": pods.resources(given.resources, settings.resources_worker),
        "volumeMounts": environment.mounts(subject),
        # a model may have to be read first
        "startupProbe": pods.http_probe("/health/live", port, periodSeconds=2, timeoutSeconds=25, failureThreshold=900),
        "readinessProbe": pods.http_probe("/health/ready", port, periodSeconds=5, timeoutSeconds=5, failureThreshold=2),
        # its loop is given 20 seconds to answer
        "livenessProbe": pods.http_probe("/health/live", port, periodSeconds=30, timeoutSeconds=25, failureThreshold=3),
    }
    template = pods.template(
        subject,
        "worker",
        container=container,
        volumes=environment.volumes(subject, None if fetches_model(subject.spec) else _TMP_SIZE),
        user=settings.user_app,
        grace_seconds=given.drain_seconds + _AFTER_DRAIN_S,
        reads=found.reads,
        priority_class_name=given.priority_class_name,
        spread=True,
        labels=images.labels(subject),
        affinity=images.affinity(subject),
    )
    spec = {
        "replicas": subject.situation.scale.workers,
        "revisionHistoryLimit": _REVISIONS,
        "selector": {"matchLabels": names.selector(subject.name, "worker")},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": _rolling(given.resources)},
        "template": template,
    }
    return subject.child("apps/v1", "Deployment", names.worker(subject.name), "worker", spec=spec)


def fetches_model(spec: Spec) -> bool:
    """Whether the engine's model comes over the network, into the pod's own volume."""
    return spec.engine is not None and spec.engine.model_uri.scheme in _FETCHED


def _image(subject: Subject) -> str:
    engine = subject.spec.engine
    torch = engine is not None and engine.name == "transformers"
    return subject.settings.image_worker_torch if torch else subject.settings.image_worker


def _rolling(resources: Resources) -> Json:
    """Work goes on while a new worker starts; but where a pod needs a device, there may be none for one more."""
    devices = any("/" in name for name in (*resources.requests, *resources.limits))
    return {"maxSurge": 0, "maxUnavailable": 1} if devices else {"maxSurge": "25%", "maxUnavailable": 0}
