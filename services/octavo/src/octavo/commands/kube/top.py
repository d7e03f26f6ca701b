"""`kubectl octavo top`: the generators of a namespace by the work that they have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from octavo.commands.kube.kubectl import RESOURCE, Kubectl, items_of, selector
from octavo_core.errors import OctavoError
from octavo_operator import names

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)([a-zA-Z]*)")
_FACTORS = {
    **{"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12},
    **{"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40},
}
Place = tuple[str, str]
"""(namespace, name)"""


@dataclass(frozen=True, slots=True)
class Usage:
    cpu: float = 0.0
    """Cores."""
    memory: float = 0.0
    """Bytes."""


def run(kubectl: Kubectl, *, everywhere: bool) -> None:
    items = items_of(kubectl.json("get", RESOURCE, *(["--all-namespaces"] if everywhere else [])))
    usage = _measured(kubectl, everywhere=everywhere) if items else {}
    console = Console(highlight=False, emoji=False)
    if not console.is_terminal:
        console = Console(width=1_000, highlight=False, emoji=False)
    table = Table(box=None)
    for heading in (*(("namespace",) if everywhere else ()), "name"):
        table.add_column(heading, no_wrap=True)
    for heading in ("queued", "running", "delayed", "oldest", "workers", "api", "cpu", "memory"):
        table.add_column(heading, no_wrap=True, justify="right")
    for item in sorted(items, key=_by_work):
        table.add_row(*_row(item, usage, everywhere=everywhere))
    console.print(table)
    if usage is None:
        console.print(Text("cpu and memory are not measured here: no metrics.k8s.io API answers, or you may not read it", "dim"))


def sum_usage(pods: Iterable[Mapping[str, Any]]) -> dict[Place, Usage]:
    """Of `metrics.k8s.io` PodMetrics, by generator."""
    sums: dict[Place, Usage] = {}
    for pod in pods:
        metadata = pod["metadata"]
        name = (metadata.get("labels") or {}).get(names.INSTANCE_LABEL)
        if name is None:
            continue
        before = sums.get((metadata["namespace"], name), Usage())
        used = [container.get("usage") or {} for container in pod.get("containers") or ()]
        cpu = sum(quantity(item.get("cpu", "0")) for item in used)
        memory = sum(quantity(item.get("memory", "0")) for item in used)
        sums[metadata["namespace"], name] = Usage(before.cpu + cpu, before.memory + memory)
    return sums


def quantity(text: str) -> float:
    """A Kubernetes quantity: `250m`, `1.5Gi`, `123456n`. 0 for what is none."""
    match = _QUANTITY.fullmatch(text)
    return float(match[1]) * _FACTORS.get(match[2], 0.0) if match else 0.0


def _measured(kubectl: Kubectl, *, everywhere: bool) -> dict[Place, Usage] | None:
    where = "" if everywhere else f"/namespaces/{kubectl.namespace}"
    try:
        found = kubectl.raw(f"/apis/metrics.k8s.io/v1beta1{where}/pods?labelSelector={selector(name=names.APPLICATION)}")
    except OctavoError:
        return None
    return sum_usage(items_of(found))


def _by_work(item: Mapping[str, Any]) -> tuple[int, str, str]:
    queue = (item.get("status") or {}).get("queue") or {}
    return (-queue.get("queued", 0) - queue.get("running", 0), item["metadata"]["namespace"], item["metadata"]["name"])


def _row(item: Mapping[str, Any], usage: dict[Place, Usage] | None, *, everywhere: bool) -> list[Text]:
    metadata, status = item["metadata"], item.get("status") or {}
    queue, workers, api = status.get("queue") or {}, status.get("workers") or {}, status.get("api") or {}
    place = (metadata["namespace"], metadata["name"])
    used = None if usage is None else usage.get(place, Usage())
    cells = [
        *([place[0]] if everywhere else []),
        place[1],
        str(queue.get("queued", 0)),
        str(queue.get("running", 0)),
        str(queue.get("delayed", 0)),
        f"{queue['oldestSeconds']:.0f}s" if queue.get("queued") and "oldestSeconds" in queue else "",
        f"{workers.get('ready', 0)}/{workers.get('desired', 0)}",
        f"{api.get('ready', 0)}/{api.get('desired', 0)}",
        "-" if used is None else f"{used.cpu * 1000:.0f}m",
        "-" if used is None else f"{used.memory / 2**20:.0f}Mi",
    ]
    return [Text(cell) for cell in cells]
