"""What a folder needs beside the pictures themselves: metadata files, bytes that are on the disk, leftovers that go with a picture."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import orjson


def write_metadata(root: Path, path: str, metadata: Mapping[str, str]) -> None:
    """`{id}.json`, all or nothing; then picture, metadata and their names survive a power cut."""
    picture = root / path
    with tempfile.NamedTemporaryFile(dir=picture.parent, prefix=f"{picture.stem}.", suffix="#", delete=False) as file:
        file.write(orjson.dumps(dict(metadata), option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(picture.with_suffix(".json"))
    for written in (picture, picture.parent):
        _sync(written)


def read_metadata(root: Path, path: str) -> dict[str, str]:
    """Empty where the writer was killed between the picture and its metadata."""
    try:
        read: object = orjson.loads((root / path).with_suffix(".json").read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return {str(name): str(value) for name, value in read.items()} if isinstance(read, dict) else {}


def delete(root: Path, path: str) -> None:
    """And what writers that were killed left under the same id."""
    picture = root / path
    picture.unlink(missing_ok=True)
    for left in picture.parent.glob(f"{picture.stem}.*"):
        left.unlink(missing_ok=True)


def check(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
