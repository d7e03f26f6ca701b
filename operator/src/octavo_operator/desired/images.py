"""PersistentVolumeClaim `{name}-images`: the folder of pictures, where they are kept in one. Workers write it, the API reads it.

A volume that one node alone can have (ReadWriteOnce, which every storage class has) draws all pods of the generator to that node; the
scheduler is told so, or it would put them where the volume cannot follow. docs/adr/0013 says why it is a volume at all.
"""

from __future__ import annotations

from octavo_core.spec import LocalStorage, Spec
from octavo_operator import names
from octavo_operator.desired.pods import mount, variable
from octavo_operator.desired.subject import Json, Subject

FOLDER = "/var/lib/octavo/pictures"

_VOLUME = "pictures"
_DEFAULTS = LocalStorage()


def in_folder(spec: Spec) -> bool:
    """Whether the generator keeps pictures in a folder."""
    return spec.task == "image" and spec.image_settings.store and spec.storage.backend == "local"


def on_one_node(spec: Spec) -> bool:
    """Whether API and workers have to stand on the same node."""
    return in_folder(spec) and _local(spec).access_mode == "ReadWriteOnce"


def claim(subject: Subject) -> list[Json]:
    if not in_folder(subject.spec):
        return []
    local = _local(subject.spec)
    spec: Json = {"accessModes": [local.access_mode], "resources": {"requests": {"storage": local.size}}}
    storage_class = local.storage_class_name or subject.settings.storage_class_name
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    return [subject.child("v1", "PersistentVolumeClaim", names.images(subject.name), "images", kept=_is_kept(subject.spec), spec=spec)]


def variables(subject: Subject) -> list[Json]:
    return [variable("OCTAVO_PICTURES_FOLDER", FOLDER)] if in_folder(subject.spec) else []


def mounts(subject: Subject) -> list[Json]:
    return [mount(_VOLUME, FOLDER)] if in_folder(subject.spec) else []


def volumes(subject: Subject) -> list[Json]:
    if not in_folder(subject.spec):
        return []
    return [{"name": _VOLUME, "persistentVolumeClaim": {"claimName": names.images(subject.name)}}]


def labels(subject: Subject) -> dict[str, str]:
    """Of the pods that have to stand next to each other."""
    return {names.SHARES_LABEL: "true"} if on_one_node(subject.spec) else {}


def affinity(subject: Subject) -> Json | None:
    """The first of the pods may stand anywhere: the scheduler lets one pass that asks for its like where there is none yet."""
    if not on_one_node(subject.spec):
        return None
    beside = {"matchLabels": {**names.selector(subject.name), **labels(subject)}}
    term = {"labelSelector": beside, "topologyKey": "kubernetes.io/hostname"}
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def _local(spec: Spec) -> LocalStorage:
    return spec.storage.local or _DEFAULTS


def _is_kept(spec: Spec) -> bool:
    asked, managed = _local(spec).on_delete, spec.database.managed
    # pictures without the rows that say whose they are would be of no use to anybody
    return (asked or ("delete" if managed is None else managed.on_delete)) == "retain"
