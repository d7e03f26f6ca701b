"""ConfigMap `{name}-config`: the resource, as the API and the workers read it at their start."""

from __future__ import annotations

from typing import Any

import orjson

from octavo_core.spec import GeneratorService
from octavo_operator import names
from octavo_operator.desired.subject import Json, Subject

FILE = "generators.json"
FOLDER = "/etc/octavo/config"

_ONLY_OPERATOR = ("api", "redis", "database")
_OF_WORKERS = ("concurrency", "drainSeconds")


def config_map(subject: Subject) -> Json:
    return subject.child("v1", "ConfigMap", names.config(subject.name), "config", data={FILE: subject.generators})


def generators_file(resource: GeneratorService) -> str:
    """A JSON list with this one resource, without what no process reads: new pods come only with a change that they would notice,
    not with one of replicas, annotations or resources.

    Defaults are left out, so that it makes no difference whether an API server has filled them in.
    """
    spec: dict[str, Any] = resource.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    workers = {key: value for key, value in spec.pop("workers", {}).items() if key in _OF_WORKERS}
    for part in _ONLY_OPERATOR:
        spec.pop(part, None)
    storage = spec.get("storage", {})
    storage.pop("local", None)
    if not storage:
        spec.pop("storage", None)
    if workers:
        spec["workers"] = workers
    metadata = {"name": resource.metadata.name}
    if resource.metadata.namespace is not None:
        metadata["namespace"] = resource.metadata.namespace
    document = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}
    return orjson.dumps([document], option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2).decode() + "\n"
