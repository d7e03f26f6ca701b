"""GeneratorServices for tests, as plain documents, and the file that they stand in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def generator(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": {"name": name}, "spec": spec}


def text_generator(name: str, url: str, **spec: Any) -> dict[str, Any]:
    return generator(name, **{"task": "text", "providers": [provider(url)], **spec})


def provider(url: str, name: str = "up", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "openai-compatible", "model": "m", "baseUrl": url, **more}


def write_generators(file: Path, *documents: dict[str, Any]) -> Path:
    """Written beside its place and moved there, as editors do."""
    new = file.with_suffix(".new")
    new.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return new.replace(file)
