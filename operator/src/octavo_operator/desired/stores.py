"""What the managed Redis and the managed database have in common: a StatefulSet of one pod, its volume, and one Service for both."""

from __future__ import annotations

from octavo_operator import names
from octavo_operator.desired.subject import Json, Subject, digest
from octavo_operator.resource import Component

VOLUME = "data"
_REVISIONS = 2


def stores_service(subject: Subject) -> list[Json]:
    """A headless Service that gives each store's pod its DNS name; none where no store is managed."""
    if subject.spec.redis.managed is None and subject.spec.database.managed is None:
        return []
    selector = {**names.selector(subject.name), names.STORE_LABEL: "true"}
    # who connects too early is refused at once and tries again, instead of being told for seconds that there is no such name
    spec = {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": selector}
    return [subject.child("v1", "Service", names.stores(subject.name), "stores", spec=spec)]


def claim(subject: Subject, component: Component, size: str) -> Json:
    """The template of a volume's claim; it gets the generator's labels, so that it is found by them."""
    spec: Json = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    if subject.settings.storage_class_name is not None:
        spec["storageClassName"] = subject.settings.storage_class_name
    return {"metadata": {"name": VOLUME, "labels": names.labels(subject.name, component)}, "spec": spec}


def stateful_set(subject: Subject, component: Component, name: str, template: Json, claims: list[Json], *, retain: bool) -> Json:
    """One pod, or none while the generator sleeps. `retain` says whether the claims outlive it."""
    fixed: Json = {
        "serviceName": names.stores(subject.name),
        # a pod that cannot start must not keep its mended successor from being made
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": names.selector(subject.name, component)},
    }
    if claims:
        fixed["volumeClaimTemplates"] = claims
    spec: Json = {
        **fixed,
        "replicas": 1 if subject.situation.scale.stores else 0,
        "revisionHistoryLimit": _REVISIONS,
        "updateStrategy": {"type": "RollingUpdate"},
        "template": template,
    }
    if claims:
        # asleep it has no pod, and keeps its volume
        spec["persistentVolumeClaimRetentionPolicy"] = {"whenDeleted": "Retain" if retain else "Delete", "whenScaled": "Retain"}
    annotations = {names.FIXED_ANNOTATION: digest(fixed)}
    return subject.child("apps/v1", "StatefulSet", name, component, annotations=annotations, spec=spec)
