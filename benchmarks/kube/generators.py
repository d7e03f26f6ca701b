"""The GeneratorServices that are measured: the shape of `examples/tiny-stories.yaml` with one worker, so that all four workloads stand."""

from collections.abc import Mapping
from typing import Any

from octavo_core.spec import API_VERSION, KIND, GeneratorService, parse_resource
from octavo_operator.desired import desired
from octavo_operator.resource import Key, Manifest, Scale, Situation
from octavo_operator.secrets import MasterKey
from octavo_operator.settings import OperatorSettings

PODS_EACH = 4
_KEY = MasterKey(b"benchmark" * 8)


def name_of(number: int) -> str:
    return f"story-{number:05d}"


def document(namespace: str, number: int, *, edited: bool = False) -> dict[str, Any]:
    """One resource as a person writes it. `edited`: with another limit, which changes the ConfigMap and rolls API and workers."""
    spec: dict[str, Any] = {
        "task": "story",
        "engine": {"name": "ctranslate2", "model": "builtin://tiny-stories", "quantization": "int8"},
        "workers": {"min": 1, "max": 4},
        "limits": {"maxPromptChars": 4000 if edited else 8000},
    }
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name_of(number), "namespace": namespace}, "spec": spec}


def manifests(resource: Mapping[str, Any], settings: OperatorSettings) -> tuple[Manifest, ...]:
    """What the operator makes of a resource that the API server has answered with: the same function, the same objects."""
    parsed: GeneratorService = parse_resource({name: value for name, value in resource.items() if name != "status"})
    metadata = resource["metadata"]
    situation = Situation(
        uid=metadata["uid"],
        scale=Scale(api=parsed.spec.api.replicas, workers=parsed.spec.workers.min),
        passwords=_KEY.passwords(Key(metadata["namespace"], metadata["name"])),
    )
    return desired(parsed, situation, settings)
