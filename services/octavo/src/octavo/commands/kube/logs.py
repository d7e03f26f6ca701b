"""`kubectl octavo logs`: kubectl's own logs, of the pods of one generator."""

from __future__ import annotations

from collections.abc import Sequence

from octavo.commands.kube.kubectl import RESOURCE, Kubectl, items_of, name_of, selector
from octavo_core.errors import NotFound

_MOST_PODS = 50


def run(kubectl: Kubectl, given: str, components: Sequence[str], *, follow: bool, tail: int, previous: bool) -> None:
    """Turns into kubectl. Raises `NotFound` where there is nothing to read."""
    name = name_of(given)
    pods = selector(instance=name, component=components)
    if not items_of(kubectl.json("get", "pods", "--selector", pods)):
        # Tells a wrong name from a generator that sleeps.
        kubectl.run("get", RESOURCE, name, "--output", "name")
        raise NotFound(
            f"no pod of {' and '.join(components)} stands for {name}: it sleeps, or starts; `kubectl octavo status {name}` shows which"
        )
    kubectl.become(
        "logs",
        "--selector",
        pods,
        "--all-containers",
        "--prefix",
        "--ignore-errors",
        f"--tail={tail}",
        f"--max-log-requests={_MOST_PODS}",
        *(["--follow"] if follow else []),
        *(["--previous"] if previous else []),
    )
