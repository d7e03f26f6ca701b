"""The HTTP side: Deployment and Service `{name}-api`, and a PodDisruptionBudget where there is more than one pod to keep."""

from __future__ import annotations

from octavo_operator import names
from octavo_operator.desired import environment, images, pods
from octavo_operator.desired.subject import Json, Subject

_GRACE_S = 30
_TMP_SIZE = "1Gi"
_REVISIONS = 2


def service(subject: Subject) -> Json:
    port = {"name": names.HTTP_PORT_NAME, "port": names.SERVICE_PORT, "targetPort": names.HTTP_PORT_NAME, "protocol": "TCP"}
    spec = {"type": "ClusterIP", "selector": names.selector(subject.name, "api"), "ports": [port]}
    return subject.child("v1", "Service", names.api(subject.name), "api", spec=spec)


def deployment(subject: Subject) -> Json:
    """A rollout never has less than what should stand: the new pod answers before an old one goes."""
    given, settings = subject.spec.api, subject.settings
    found = environment.api_environment(subject)
    port = names.HTTP_PORT_NAME
    container: Json = {
        "name": "api",
        "image": given.image or settings.image_service,
        "command": ["python", "-m", "octavo_generation.server"],
        "env": found.variables,
        "ports": [{"name": port, "containerPort": names.API_PORT, "protocol": "TCP"}],
        "resources": pods.resources(given.resources, settings.resources_api),
        "volumeMounts": environment.mounts(subject),
        "startupProbe": pods.http_probe("/health/live", port, periodSeconds=1, timeoutSeconds=3, failureThreshold=180),
        "readinessProbe": pods.http_probe("/health/ready", port, periodSeconds=5, timeoutSeconds=5, failureThreshold=2),
        "livenessProbe": pods.http_probe("/health/live", port, periodSeconds=20, timeoutSeconds=10, failureThreshold=3),
    }
    template = pods.template(
        subject,
        "api",
        container=container,
        volumes=environment.volumes(subject, _TMP_SIZE),
        user=settings.user_app,
        grace_seconds=_GRACE_S,
        reads=found.reads,
        priority_class_name=given.priority_class_name,
        spread=True,
        labels=images.labels(subject),
        affinity=images.affinity(subject),
    )
    spec = {
        "replicas": subject.situation.scale.api,
        "revisionHistoryLimit": _REVISIONS,
        "selector": {"matchLabels": names.selector(subject.name, "api")},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": template,
    }
    return subject.child("apps/v1", "Deployment", names.api(subject.name), "api", spec=spec)


def disruption_budget(subject: Subject) -> list[Json]:
    """With one pod, or with all on one node, it would only keep nodes from being drained."""
    if subject.spec.api.replicas < 2 or images.on_one_node(subject.spec):
        return []
    spec = {
        "maxUnavailable": 1,
        "selector": {"matchLabels": names.selector(subject.name, "api")},
        # a pod that never became ready is no reason to keep a node
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
    }
    return [subject.child("policy/v1", "PodDisruptionBudget", names.api(subject.name), "api", spec=spec)]
