"""Container images as files: makes one of a static program, and reads which images an archive holds.

Both forms are understood: docker-archive (`docker save`, `podman save`) and OCI (`buildah push … oci-archive:`).
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_REFERENCE = "org.opencontainers.image.ref.name"
_CONTAINERD_REFERENCE = "io.containerd.image.name"


@dataclass(frozen=True)
class Image:
    """One image of an archive. Its digests (of the manifest, where the archive has one, and of the configuration) name it everywhere."""

    names: tuple[str, ...]
    digests: frozenset[str]


def architecture() -> str:
    """As images name it."""
    machine = platform.machine()
    return _ARCHITECTURES.get(machine, machine)


def write(target: Path, *, name: str, program: Path) -> None:
    """An archive with one image: the program alone, at `/NAME-OF-PROGRAM`, as its entry point. The same bytes for the same program."""
    layer = _tar([(program.name, program.read_bytes(), 0o755)])
    config = json.dumps(
        {
            "architecture": architecture(),
            "os": "linux",
            "config": {"Entrypoint": [f"/{program.name}"], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    ).encode()
    config_name = f"{_digest(config).removeprefix('sha256:')}.json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    temporary = target.with_name(f".{target.name}.part")
    temporary.write_bytes(_tar([("layer.tar", layer, 0o644), (config_name, config, 0o644), ("manifest.json", manifest, 0o644)]))
    temporary.rename(target)


def read(archive: Path) -> list[Image]:
    """The images in it, with their full names. Raises ValueError where the file is no image archive."""
    try:
        with tarfile.open(archive) as tar:
            names = set(tar.getnames())
            if "index.json" in names and "manifest.json" not in names:
                return _read_oci(tar)
            if "manifest.json" in names:
                return [_docker_image(entry, tar) for entry in _json(tar, "manifest.json")]
    except (tarfile.TarError, KeyError, json.JSONDecodeError, EOFError) as problem:
        raise ValueError(f"{archive.name} is not a whole image archive: {problem}") from problem
    raise ValueError(f"{archive.name} holds no image: neither manifest.json nor index.json is in it")


def _docker_image(entry: dict[str, Any], tar: tarfile.TarFile) -> Image:
    return Image(tuple(entry.get("RepoTags") or ()), frozenset({_digest(_member(tar, entry["Config"]))}))


def _read_oci(tar: tarfile.TarFile) -> list[Image]:
    images = []
    for descriptor in _json(tar, "index.json")["manifests"]:
        notes = descriptor.get("annotations") or {}
        name = notes.get(_CONTAINERD_REFERENCE) or notes.get(_REFERENCE)
        digests = {descriptor["digest"]}
        manifest = _json(tar, "blobs/" + descriptor["digest"].replace(":", "/"))
        if "config" in manifest:
            digests.add(manifest["config"]["digest"])
        images.append(Image((name,) if name else (), frozenset(digests)))
    return images


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    stream = tar.extractfile(name)
    if stream is None:
        raise KeyError(name)
    return stream.read()


def _json(tar: tarfile.TarFile, name: str) -> Any:
    return json.loads(_member(tar, name))


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _tar(files: list[tuple[str, bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content, mode in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
