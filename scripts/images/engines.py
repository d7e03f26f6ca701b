"""Docker, Podman and Buildah as command lines. Nothing here runs anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Build:
    """One image to be made: a stage of a Containerfile, in a context folder."""

    containerfile: Path
    context: Path
    image: str
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict)
    """Files that a step may read while it runs, and that no layer keeps."""


class Engine(Protocol):
    """Each method gives an argument list; an exit status of 0 means yes, or done."""

    name: str

    def answers(self) -> list[str]:
        """Whether it works here: for Docker, whether its daemon answers."""

    def has(self, image: str) -> list[str]:
        """Whether the image is in the engine's own store."""

    def identify(self, image: str) -> list[str]:
        """Prints the image's id."""

    def pull(self, image: str) -> list[str]: ...

    def build(self, build: Build) -> list[str]:
        """Builds from what is in the store: the base has been pulled or made before."""

    def save(self, image: str, archive: Path) -> list[str]:
        """Writes a docker-archive with the image's name in it; the archive must not exist."""

    def remove(self, image_id: str) -> list[str]:
        """Removes an image without a name; fails where something still uses it."""

    def clear(self) -> list[str] | None:
        """Removes what failed and killed builds left; None where the engine does so by itself."""

    def cached(self) -> list[str] | None:
        """Prints a line for each step that is kept for later builds; None where the engine bounds them by itself."""

    def forget(self) -> list[str]:
        """Removes those steps."""


def _common(build: Build) -> list[str]:
    argv = ["--file", str(build.containerfile), "--tag", build.image]
    if build.target is not None:
        argv += ["--target", build.target]
    for name, value in build.args.items():
        argv += ["--build-arg", f"{name}={value}"]
    for name, path in build.secrets.items():
        argv += ["--secret", f"id={name},src={path}"]
    return argv


class Docker:
    name = "docker"

    def answers(self) -> list[str]:
        return ["docker", "version", "--format", "{{.Server.Version}}"]

    def has(self, image: str) -> list[str]:
        return ["docker", "image", "inspect", image]

    def identify(self, image: str) -> list[str]:
        return ["docker", "image", "inspect", "--format", "{{.Id}}", image]

    def pull(self, image: str) -> list[str]:
        return ["docker", "pull", "--quiet", image]

    def build(self, build: Build) -> list[str]:
        # Without a value, the value is the environment's; a proxy's address stays out of this list and of the image.
        proxies = [part for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY") for part in ("--build-arg", name)]
        return ["docker", "build", "--progress=plain", *proxies, *_common(build), str(build.context)]

    def save(self, image: str, archive: Path) -> list[str]:
        return ["docker", "save", "--output", str(archive), image]

    def remove(self, image_id: str) -> list[str]:
        return ["docker", "image", "rm", image_id]

    def clear(self) -> list[str] | None:
        return None

    def cached(self) -> list[str] | None:
        return None

    def forget(self) -> list[str]:
        return ["docker", "image", "prune", "--force"]


class Podman:
    name = "podman"

    def answers(self) -> list[str]:
        return ["podman", "info"]

    def has(self, image: str) -> list[str]:
        return ["podman", "image", "exists", image]

    def identify(self, image: str) -> list[str]:
        return ["podman", "image", "inspect", "--format", "{{.Id}}", image]

    def pull(self, image: str) -> list[str]:
        return ["podman", "pull", "--quiet", image]

    def build(self, build: Build) -> list[str]:
        return ["podman", "build", "--layers", "--format", "docker", "--pull=never", *_common(build), str(build.context)]

    def save(self, image: str, archive: Path) -> list[str]:
        return ["podman", "save", "--quiet", "--format", "docker-archive", "--output", str(archive), image]

    def remove(self, image_id: str) -> list[str]:
        return ["podman", "image", "rm", image_id]

    def clear(self) -> list[str] | None:
        return None

    def cached(self) -> list[str] | None:
        return None

    def forget(self) -> list[str]:
        return ["podman", "image", "prune", "--force"]


class Buildah:
    """With a store of its own, so that it can be cleared without a look at what else this machine builds."""

    name = "buildah"

    def __init__(self, cache: Path, state: Path) -> None:
        self._call = ["buildah", "--root", str(cache / "store"), "--runroot", str(state)]

    def answers(self) -> list[str]:
        return [*self._call, "info"]

    def has(self, image: str) -> list[str]:
        return [*self._call, "inspect", "--type", "image", image]

    def identify(self, image: str) -> list[str]:
        return [*self._call, "inspect", "--type", "image", "--format", "{{.FromImageID}}", image]

    def pull(self, image: str) -> list[str]:
        return [*self._call, "pull", "--quiet", "--policy", "always", image]

    def build(self, build: Build) -> list[str]:
        # chroot isolation asks for no cgroups, no network set-up and no runtime: it works inside other containers and small machines.
        how = ["--layers", "--format", "docker", "--isolation", "chroot", "--pull=never"]
        return [*self._call, "bud", *how, *_common(build), str(build.context)]

    def save(self, image: str, archive: Path) -> list[str]:
        return [*self._call, "push", "--quiet", image, f"docker-archive:{archive}:{image}"]

    def remove(self, image_id: str) -> list[str]:
        return [*self._call, "rmi", image_id]

    def clear(self) -> list[str] | None:
        return [*self._call, "rm", "--all"]

    def cached(self) -> list[str] | None:
        return [*self._call, "images", "--all", "--quiet"]

    def forget(self) -> list[str]:
        return [*self._call, "rmi", "--prune"]


def engines(cache: Path, state: Path) -> tuple[Engine, ...]:
    """In the order in which they are asked. `cache` outlives a reboot, `state` must not."""
    return (Docker(), Podman(), Buildah(cache, state))


NAMES = (Docker.name, Podman.name, Buildah.name)
