"""One digest for all that an image is made of: equal digest, equal image, nothing to do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.images.failures import ImagesFailure
from scripts.images.targets import Target

_IGNORED = {"__pycache__", "tests", "assets"}


def inputs_digest(root: Path, target: Target, *, image: str, base: str) -> str:
    """SHA-256 over the paths and contents of the target's inputs, the image's name and the base that was asked for."""
    digest = hashlib.sha256()
    for part in (target.name, image, base):
        digest.update(f"{part}\0".encode())
    for path in _files(root, (target.containerfile, ".dockerignore", *target.inputs)):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def default_base(containerfile: str) -> str:
    """The base that the text of a Containerfile names in its `ARG BASE=`."""
    found = re.search(r"^ARG BASE=(\S+)$", containerfile, re.MULTILINE)
    if found is None:
        raise ImagesFailure("the Containerfile has no line `ARG BASE=…`")
    return found[1]


def _files(root: Path, names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        path = root / name
        if path.is_file():
            yield path
        elif path.is_dir():
            # What .dockerignore keeps out of the build has no say here.
            yield from sorted(
                inner
                for inner in path.rglob("*")
                if inner.is_file()
                and inner.suffix != ".pyc"
                and not any(part in _IGNORED or part.startswith(".") for part in inner.relative_to(root).parts)
            )
        else:
            raise ImagesFailure(f"{name} is not there: the image is made of it (lock files come from `./task lock`)")
