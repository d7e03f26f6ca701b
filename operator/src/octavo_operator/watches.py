"""List and watch of one kind, for ever: what stands, then what changes, through every kind of outage.

A watch ends on its own after some minutes (with jitter, so that not all end at once) and goes on from the version it has reached. One that
is silent for longer than bookmarks are rare is taken for dead. When the server no longer knows the version (410), everything is listed
again, and what the list does not show is gone. Errors are met with growing pauses; the age of the last sign of life is a metric.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Collection
from typing import Protocol

from octavo_core.telemetry.logs import get_service_logger
from octavo_operator.cluster import ApiError, Cluster, Object, WatchEvent
from octavo_operator.kinds import Kind
from octavo_operator.metrics import WATCH_EVENTS, WATCH_RELISTS

_log = get_service_logger(__name__)

_SHORTEST_WATCH_S = 240.0
_LONGEST_WATCH_S = 360.0
_SILENCE_S = 90.0
"""Bookmarks come every minute."""
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_EVENTS_AT_A_TIME = 64
"""After so many events other work gets its turn."""


class Sink(Protocol):
    """Where a watch tells. All calls come from one task, in the order of the API server's history."""

    def seen(self, kind: Kind, obj: Object, /) -> None:
        """It stands, in this shape. Said again for everything after each list."""
        ...

    def event(self, kind: Kind, event: WatchEvent, /) -> None:
        """Never a BOOKMARK."""
        ...

    def swept(self, kind: Kind, namespace: str | None, present: Collection[tuple[str, str]], version: int, /) -> None:
        """A list taken at `version` is complete: what was known of this kind, and is older, and is not in it, is gone."""
        ...


class Watch:
    """`run` until cancelled; `listed` is set when everything has been seen once."""

    def __init__(
        self,
        cluster: Cluster,
        kind: Kind,
        sink: Sink,
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        metadata_only: bool = False,
        recovered: Callable[[], None] = lambda: None,
        listing: asyncio.Lock | None = None,
    ) -> None:
        """`recovered` is called when the server answers again after an outage. `listing`: held while listing, so that watches which
        share it do so one after the other and hold one page between them."""
        self._listing = listing or asyncio.Lock()
        self.kind = kind
        self.namespace = namespace
        self.listed = asyncio.Event()
        self._cluster = cluster
        self._sink = sink
        self._labels = labels
        self._fields = fields
        self._metadata_only = metadata_only
        self._recovered = recovered
        self._heard_at = time.monotonic()
        self._counted = WATCH_EVENTS.labels(kind.name)

    @property
    def age_s(self) -> float:
        """Since the API server was last heard."""
        return time.monotonic() - self._heard_at

    async def run(self) -> None:
        version: str | None = None
        pause = _FIRST_PAUSE_S
        failing = False
        while True:
            try:
                if version is None:
                    if self.listed.is_set():
                        WATCH_RELISTS.labels(self.kind.name).inc()
                    async with self._listing:
                        version = await self._list()
                    self.listed.set()
                    failing = self._note_recovery(failing)
                async for reached in self._follow(version):
                    version, pause = reached, _FIRST_PAUSE_S
                    failing = self._note_recovery(failing)
                # Ended in good order, or silent: go on from where it was, but never in a hot loop.
                await asyncio.sleep(random.uniform(0.05, 0.2))
                continue
            except ApiError as error:
                if error.gone:
                    _log.info("watch_too_old", kind=self.kind.name)
                    version = None
                else:
                    failing = True
                    _log.warning("watch_failed", kind=self.kind.name, status=error.status, reason=error.reason, error=error.message)
            except Exception:
                # One object that we cannot read must not end the feed of all others; a new list starts from firm ground.
                failing = True
                _log.exception("watch_broke", kind=self.kind.name)
                version = None
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _note_recovery(self, failing: bool) -> bool:
        if failing:
            _log.info("watch_recovered", kind=self.kind.name)
            self._recovered()
        return False

    async def _list(self) -> str:
        present: set[tuple[str, str]] = set()
        version = ""
        async for page in self._cluster.pages(
            self.kind, namespace=self.namespace, labels=self._labels, fields=self._fields, metadata_only=self._metadata_only
        ):
            self._heard_at = time.monotonic()
            version = page.resource_version
            for obj in page.items:
                present.add((obj["metadata"]["namespace"], obj["metadata"]["name"]))
                self._sink.seen(self.kind, obj)
            await asyncio.sleep(0)
        self._sink.swept(self.kind, self.namespace, present, int(version))
        return version

    async def _follow(self, version: str) -> AsyncIterator[str]:
        """Yields the version reached, after each batch."""
        async for events in self._cluster.watch(
            self.kind,
            since=version,
            timeout_s=random.uniform(_SHORTEST_WATCH_S, _LONGEST_WATCH_S),
            silence_s=_SILENCE_S,
            namespace=self.namespace,
            labels=self._labels,
            fields=self._fields,
            metadata_only=self._metadata_only,
        ):
            self._heard_at = time.monotonic()
            for count, event in enumerate(events, 1):
                if event.type != "BOOKMARK":
                    self._counted.inc()
                    self._sink.event(self.kind, event)
                    if count % _EVENTS_AT_A_TIME == 0:
                        await asyncio.sleep(0)
            yield events[-1].object["metadata"]["resourceVersion"]
