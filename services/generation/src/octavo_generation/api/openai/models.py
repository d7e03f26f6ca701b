"""The list of models: those that the generator may answer with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from octavo_generation.generator import Generator


def models(generator: Generator) -> list[dict[str, Any]]:
    """In order of preference, each once."""
    spec, created = generator.resource.spec, _created(generator)
    named: list[tuple[str, str]]
    if spec.providers:
        named = [(provider.model or provider.type, provider.type) for provider in spec.providers]
    elif spec.engine is not None:
        named = [(spec.engine.model.rpartition("//")[2].strip("/"), "octavo")]
    else:
        named = [(generator.name, "octavo")]
    return [{"id": name, "object": "model", "created": created, "owned_by": owner} for name, owner in dict(named).items()]


def _created(generator: Generator) -> int:
    """Seconds since the epoch; 0 for a generator on a laptop, which has no such date."""
    stamp = generator.resource.metadata.creation_timestamp
    return 0 if stamp is None else int(datetime.fromisoformat(stamp).timestamp())
