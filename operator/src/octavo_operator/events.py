"""Kubernetes Events about generators: few, written in the background, counted up where the same is said again.

What deserves an Event is decided elsewhere (`transitions`). Here they wait in a bounded queue, and one that the API server will not take
is dropped and counted: an Event is a note, never a reason to hold up a reconcile.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from octavo_core.errors import OctavoError
from octavo_core.ids import generate_uuid
from octavo_core.telemetry.logs import get_service_logger
from octavo_operator.cluster import ApiError, Cluster
from octavo_operator.kinds import EVENT, GENERATOR_SERVICE
from octavo_operator.leases import Leadership
from octavo_operator.metrics import EVENTS_DROPPED
from octavo_operator.names import MANAGER
from octavo_operator.resource import Key
from octavo_operator.transitions import EventNote

_log = get_service_logger(__name__)

_MAX_WAITING = 1_000
_MAX_KNOWN = 1_024
_SAME_FOR_S = 600.0
_PAUSE_S = 0.02
"""Between two Events, so that a cluster-wide failure does not turn into a flood of them."""


@dataclass(frozen=True, slots=True)
class _Said:
    """An Event without its time: what is the same is counted, not said twice."""

    key: Key
    uid: str
    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(slots=True)
class _Posted:
    name: str
    count: int
    at: float


class Recorder:
    """`run` until cancelled."""

    def __init__(self, cluster: Cluster, leadership: Leadership, identity: str) -> None:
        self._cluster = cluster
        self._leadership = leadership
        self._identity = identity[:128]
        self._waiting: asyncio.Queue[_Said] = asyncio.Queue(_MAX_WAITING)
        self._posted: OrderedDict[_Said, _Posted] = OrderedDict()

    def record(self, key: Key, uid: str, note: EventNote) -> None:
        """Never waits, never fails."""
        try:
            self._waiting.put_nowait(_Said(key, uid, note.type, note.reason, note.message))
        except asyncio.QueueFull:
            EVENTS_DROPPED.inc()

    async def run(self) -> None:
        while True:
            said = await self._waiting.get()
            try:
                await self._post(said)
            except OctavoError as error:
                EVENTS_DROPPED.inc()
                _log.warning("event_not_posted", generator=str(said.key), reason=said.reason, error=error.message)
            await asyncio.sleep(_PAUSE_S)

    async def _post(self, said: _Said) -> None:
        fence = self._leadership.fence(said.key)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        posted = self._posted.get(said)
        if posted is not None and time.monotonic() - posted.at < _SAME_FOR_S:
            posted.count += 1
            posted.at = time.monotonic()
            series = {"series": {"count": posted.count, "lastObservedTime": now}}
            try:
                await self._cluster.merge(EVENT, said.key.namespace, posted.name, series, fence=fence)
            except ApiError as error:
                if error.status != 404:
                    raise
            else:
                return
        name = f"{said.key.name}.{generate_uuid()[-12:]}"
        await self._cluster.create(EVENT, said.key.namespace, self._body(said, name, now), fence=fence)
        self._posted[said] = _Posted(name, 1, time.monotonic())
        self._posted.move_to_end(said)
        if len(self._posted) > _MAX_KNOWN:
            self._posted.popitem(last=False)

    def _body(self, said: _Said, name: str, now: str) -> Mapping[str, Any]:
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.name,
            "metadata": {"name": name, "namespace": said.key.namespace},
            "eventTime": now,
            "type": said.type,
            "reason": said.reason,
            "action": "Reconcile",
            "note": said.message,
            "reportingController": f"octavo.dev/{MANAGER}",
            "reportingInstance": self._identity,
            "regarding": {
                "apiVersion": GENERATOR_SERVICE.api_version,
                "kind": GENERATOR_SERVICE.name,
                "namespace": said.key.namespace,
                "name": said.key.name,
                "uid": said.uid,
            },
        }
