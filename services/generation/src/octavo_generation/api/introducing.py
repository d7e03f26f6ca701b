"""What a generator's OpenAPI document says of the generator itself, beside its routes: where nobody lists the generators, as in a cluster,
whoever makes a page of one reads it there. It stands on nothing but the resource, so it is told before the database answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from octavo_generation.generator import Generator
from octavo_generation.providers.registry import is_fake

MEMBER = "x-octavo-generator"
"""Of `info`: `name`, `task`, `model`, and in `samples` the providers whose key is not here."""


def introduce(app: FastAPI, generator: Generator, environment: Mapping[str, str]) -> None:
    """`environment` is where the keys are; it is looked at once."""
    spec, plain = generator.resource.spec, app.openapi
    about = {
        "name": generator.name,
        "task": spec.task,
        "model": spec.model_label,
        "samples": [one.name for one in spec.providers or () if is_fake(one, environment)],
    }

    def openapi() -> dict[str, Any]:
        document = plain()
        document["info"][MEMBER] = about
        return document

    app.openapi = openapi  # type: ignore[method-assign]
