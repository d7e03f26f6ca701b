"""ServiceMonitor `{name}-api` and PodMonitor `{name}-worker`, where Prometheus' operator is there to read them."""

from __future__ import annotations

from octavo_operator import names
from octavo_operator.desired.network import MONITORING_GROUP
from octavo_operator.desired.subject import Json, Subject

_API_VERSION = f"{MONITORING_GROUP}/v1"
# asleep, the Service leads to the activator: asking there for metrics would wake what sleeps
_ONLY_PODS = {"action": "keep", "sourceLabels": ["__meta_kubernetes_pod_name"], "regex": ".+"}


def monitors(subject: Subject) -> list[Json]:
    if MONITORING_GROUP not in subject.situation.features:
        return []
    api = {
        "selector": {"matchLabels": names.selector(subject.name, "api")},
        "endpoints": [{"port": names.HTTP_PORT_NAME, "path": "/metrics", "relabelings": [_ONLY_PODS]}],
    }
    # no Service stands for the workers: nobody calls them
    worker = {
        "selector": {"matchLabels": names.selector(subject.name, "worker")},
        "podMetricsEndpoints": [{"port": names.METRICS_PORT_NAME, "path": "/metrics"}],
    }
    return [
        subject.child(_API_VERSION, "ServiceMonitor", names.api(subject.name), "api", spec=api),
        subject.child(_API_VERSION, "PodMonitor", names.worker(subject.name), "worker", spec=worker),
    ]
