"""The YAML that serves what was trained."""

from __future__ import annotations

from pathlib import Path

import yaml

_HEAD = (
    "# Written by `octavo train`. `octavo up -f` it, or copy the model's folder to a volume and name it (pvc://CLAIM/PATH) for a cluster.\n"
)


def write_yaml(out: Path, name: str, *, task: str, model: Path) -> Path:
    """`out/NAME.yaml`, which names the model's folder by its full path."""
    engine = {"name": "ctranslate2", "model": f"file://{model.resolve()}", "quantization": "int8"}
    resource = {
        "apiVersion": "octavo.dev/v1alpha1",
        "kind": "GeneratorService",
        "metadata": {"name": name},
        "spec": {"task": task, "engine": engine},
    }
    path = out / f"{name}.yaml"
    path.write_text(_HEAD + yaml.safe_dump(resource, sort_keys=False), encoding="utf-8")
    return path
