"""What is known of an archive, in a file beside it: `build/images/service.json` next to `build/images/service.tar`."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Record:
    inputs: str
    """Digest of all that the image is made of."""
    image: str
    image_id: str
    base: str
    engine: str
    archive_bytes: int
    built_at: str
    """UTC, ISO 8601."""


def read_record(path: Path) -> Record | None:
    """None where there is none, or none that this version wrote: then the image is made again."""
    try:
        return Record(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_record(path: Path, record: Record) -> None:
    """A reader sees the old record or the new one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(asdict(record), file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
