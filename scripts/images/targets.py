"""Which images there are, and what each is made of. A new image is a stage in a Containerfile and an entry here."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.images.failures import ImagesFailure

REPOSITORY = "localhost/octavo"


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    containerfile: str
    inputs: tuple[str, ...]
    """Files and folders, relative to the repository, beside the Containerfile and .dockerignore."""
    by_default: bool = True
    program: str | None = None
    """One of scripts/cluster's programs that the build finds as build/programs/NAME; it is built here, for no package brings it."""

    def image(self, tag: str) -> str:
        return f"{REPOSITORY}/{self.name}:{tag}"


_OWN = "images/Containerfile"
_STORES = "images/stores/Containerfile"
_TOOLS = ("requirements/tools.lock", "requirements/build.lock")
_GENERATION = ("services/core", "services/jobs", "services/generation")
_WORKER = (*_GENERATION, "services/fakes")
_SERVICES = tuple(
    f"services/{name}" for name in ("notifications", "activator", "auth", "admin", "documents", "characters", "stories", "web")
)

TARGETS = (
    Target("service", _OWN, (*_TOOLS, "requirements/service.lock", *_GENERATION, *_SERVICES)),
    Target("worker", _OWN, (*_TOOLS, "requirements/worker.lock", *_WORKER)),
    Target("operator", _OWN, (*_TOOLS, "requirements/operator.lock", "services/core", "operator")),
    Target("redis", _STORES, ("images/stores/redis.sh",)),
    Target("postgresql", _STORES, ("images/stores/postgresql.sh",)),
    Target("mysql", _STORES, ("images/stores/mysql.sh", "images/stores/mysql.cnf")),
    Target("mongodb", _STORES, ("images/stores/mongodb.sh", "scripts/cluster/go/ferretdb"), program="ferretdb"),
    Target("worker-torch", _OWN, (*_TOOLS, "requirements/worker.lock", "requirements/train.lock", *_WORKER), by_default=False),
)


def chosen(names: Sequence[str]) -> list[Target]:
    """The named targets in the order of their making; without names, all but those that are built only when asked for."""
    known = {target.name: target for target in TARGETS}
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            raise ImagesFailure(f"there is no image {name}.{meant} There are {', '.join(known)}.")
    return [target for target in TARGETS if (target.name in names if names else target.by_default)]
