"""Who looks when everything stands: one watch of workloads and one of resources, the same for the operator and for the bare script."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from octavo_operator.cluster import Cluster
from octavo_operator.kinds import DEPLOYMENT, GENERATOR_SERVICE, STATEFUL_SET, Kind
from octavo_operator.watches import Watch


class Observer:
    """Of one namespace. Times are of `time.monotonic`."""

    def __init__(self) -> None:
        self.workloads: dict[tuple[str, str], tuple[bool, int]] = {}
        """(kind, name) → whether all its pods are ready, and the generation that this is about."""
        self.resources: dict[str, tuple[bool, int]] = {}
        """Name → whether its status says Ready and settled for the newest generation, and that generation."""
        self.changed = asyncio.Event()

    def seen(self, kind: Kind, obj: Any) -> None:
        self._note(kind, obj, gone=False)

    def event(self, kind: Kind, event: Any) -> None:
        self._note(kind, event.object, gone=event.type == "DELETED")

    def swept(self, *_: object) -> None:
        """The namespaces start empty."""

    def _note(self, kind: Kind, obj: Any, *, gone: bool) -> None:
        name = obj["metadata"]["name"]
        if kind is GENERATOR_SERVICE:
            if gone:
                self.resources.pop(name, None)
            else:
                self.resources[name] = (_settled(obj), obj["metadata"]["generation"])
        elif gone:
            self.workloads.pop((kind.name, name), None)
        else:
            self.workloads[kind.name, name] = (_stands(obj), obj["metadata"]["generation"])
        self.changed.set()

    async def until(self, holds: Callable[[], bool], deadline_s: float) -> float:
        """The time at which it held. TimeoutError after the deadline."""
        async with asyncio.timeout(deadline_s):
            while not holds():
                self.changed.clear()
                await self.changed.wait()
                # looking at thousands costs; ten times a second is close enough
                await asyncio.sleep(0.1)
        return time.monotonic()

    def workloads_stand(self, count: int, generation: int) -> bool:
        """Deployments whose template changes get that generation; stores stay at their first."""
        standing = sum(stands and (kind == "StatefulSet" or at >= generation) for (kind, _), (stands, at) in self.workloads.items())
        return standing >= count

    def missing(self) -> str:
        """What does not stand, for a person."""
        lacking = [f"{kind} {name}" for (kind, name), (stands, _) in sorted(self.workloads.items()) if not stands]
        unsettled = [name for name, (settled, _) in sorted(self.resources.items()) if not settled]
        return (
            f"{len(self.workloads)} workloads, {len(lacking)} of them do not stand ({', '.join(lacking[:5])}); "
            f"{len(self.resources)} resources, {len(unsettled)} of them not settled ({', '.join(unsettled[:5])})"
        )

    def resources_settled(self, count: int, generation: int) -> bool:
        return sum(settled and at >= generation for settled, at in self.resources.values()) >= count


def _stands(obj: Any) -> bool:
    spec, status = obj["spec"], obj.get("status") or {}
    wanted = spec.get("replicas", 1)
    return bool(
        status.get("observedGeneration", 0) >= obj["metadata"]["generation"]
        and status.get("readyReplicas", 0) == status.get("updatedReplicas", 0) == status.get("replicas", 0) == wanted
    )


def _settled(obj: Any) -> bool:
    status = obj.get("status") or {}
    conditions = {condition["type"]: condition["status"] for condition in status.get("conditions") or ()}
    return (
        status.get("observedGeneration", 0) >= obj["metadata"]["generation"]
        and conditions.get("Ready") == "True"
        and conditions.get("Progressing") == "False"
    )


@asynccontextmanager
async def observing(cluster: Cluster, namespace: str) -> AsyncIterator[Observer]:
    observer = Observer()
    watches = [Watch(cluster, kind, observer, namespace=namespace) for kind in (DEPLOYMENT, STATEFUL_SET, GENERATOR_SERVICE)]
    tasks = [asyncio.create_task(watch.run()) for watch in watches]
    for watch in watches:
        await watch.listed.wait()
    try:
        yield observer
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
