"""The file in which a process finds its generators: a JSON list of resources, written whole and atomically."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import orjson

from octavo_core.spec import GeneratorService, parse_resource
from octavo_core.spec.load import Completed


def read_generators_file(path: str | Path, completed: Completed | None = None) -> list[GeneratorService]:
    """Raises `InvalidResource`; the writer has checked them, but a file can be edited."""
    documents = orjson.loads(Path(path).read_bytes())
    return [parse_resource(document if completed is None else cast(Any, completed(document))) for document in documents]


def write_generators_file(path: Path, resources: Sequence[GeneratorService]) -> None:
    """A reader sees the old file or the new one, never a part."""
    documents = [resource.model_dump(mode="json", by_alias=True, exclude_unset=True) for resource in resources]
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(documents))
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
