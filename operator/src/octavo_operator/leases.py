"""Who may write: one holder per shard of namespaces, by a `coordination.k8s.io` Lease.

A holder renews every few seconds and stops writing on its own well before others may take over, by its own clock alone. Others never
compare clocks with it: they count, by their own clock, how long the Lease has not changed. The clock is the one that also runs while the
machine sleeps, so that a process that was stopped or suspended finds its leave expired when it wakes, before it sends anything. A holder
that ends in good order gives the Lease back, so that the next one starts at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from octavo_core.telemetry.logs import get_service_logger
from octavo_operator.cluster import ApiError, Cluster, NotLeading
from octavo_operator.kinds import LEASE
from octavo_operator.metrics import LEADER
from octavo_operator.resource import Key

_log = get_service_logger(__name__)

_CALL_TIMEOUT_S = 3.0


def clock() -> float:
    """Seconds, also counted while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


@dataclass(frozen=True, slots=True)
class Durations:
    """In seconds; renew < give_up < lease."""

    lease: float = 10.0
    """After so long without a change others take over."""
    renew: float = 2.0
    give_up: float = 7.0
    """After so long without a renewal the holder stops writing."""


class Lease:
    """One Lease and our part in it. `run` until cancelled, then `release`."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        name: str,
        identity: str,
        durations: Durations,
        *,
        gained: Callable[[], None] = lambda: None,
        lost: Callable[[], None] = lambda: None,
        hold_back: Callable[[], float] = lambda: 0.0,
        now: Callable[[], float] = clock,
    ) -> None:
        """`hold_back`: seconds to leave a free Lease to others first. `now`: our own clock, in seconds."""
        self._now = now
        self.name = name
        self._cluster = cluster
        self._namespace = namespace
        self._identity = identity
        self._durations = durations
        self._gained = gained
        self._lost = lost
        self._hold_back = hold_back
        self._renewed_at: float | None = None
        self._record: dict[str, Any] | None = None
        self._seen_version = ""
        self._changed_at = 0.0
        self._leading = False

    def remaining(self) -> float:
        """Seconds for which we may write. Raises `NotLeading`."""
        left = -1.0 if self._renewed_at is None else self._renewed_at + self._durations.give_up - self._now()
        if left <= 0:
            raise NotLeading(f"the Lease {self.name} is not ours")
        return left

    @property
    def leading(self) -> bool:
        return self._renewed_at is not None and self._now() < self._renewed_at + self._durations.give_up

    async def run(self) -> None:
        while True:
            started = self._now()
            try:
                await self._step()
            except ApiError as error:
                # A conflict means that the Lease has moved: by another replica, or by a renewal of ours whose answer was lost.
                self._record = None
                if not error.conflict:
                    _log.warning("lease_call_failed", lease=self.name, status=error.status, error=error.message)
            self._announce()
            await asyncio.sleep(max(0.05, self._pause() - (self._now() - started)))

    async def release(self) -> None:
        """Gives back what we hold, so that others need not wait. Best effort, within seconds."""
        record, held = self._record, self.leading
        self._renewed_at = None
        self._announce()
        if record is None or not held:
            return
        body = self._body(record, holder="", duration=1)
        with contextlib.suppress(ApiError, TimeoutError):
            await self._cluster.replace(LEASE, self._namespace, body, timeout_s=_CALL_TIMEOUT_S, tries=2)

    def _pause(self) -> float:
        durations = self._durations
        if self._record is None:
            return durations.renew * random.uniform(0.15, 0.35)
        if self.leading:
            return durations.renew
        # not to sleep over the moment at which the holder is given up
        until_free = self._changed_at + self._duration(self._record) - self._now()
        usual = durations.renew * random.uniform(0.8, 1.2)
        return usual if until_free <= 0 else min(usual, until_free + random.uniform(0.0, 0.2))

    async def _step(self) -> None:
        timeout_s = min(_CALL_TIMEOUT_S, self._durations.renew * 1.5)
        if self._record is None or not self.leading:
            await self._look(timeout_s)
        record = self._record
        holder = _holder(record)
        if holder != self._identity:
            # Whoever else stands there leads now, whatever our own clock says.
            self._renewed_at = None
            self._announce()
            if record is not None and holder and self._now() < self._changed_at + self._duration(record):
                return
            wait = self._hold_back()
            if wait > 0:
                await asyncio.sleep(wait)
        started = self._now()
        body = self._body(record, self._identity, self._durations.lease)
        if record is None:
            answer = await self._cluster.create(LEASE, self._namespace, body, tries=1)
        else:
            answer = await self._cluster.replace(LEASE, self._namespace, body, timeout_s=timeout_s)
        # from before the request: the server may have taken it at once
        self._renewed_at = started
        self._note(answer)

    async def _look(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                found = await self._cluster.get(LEASE, self._namespace, self.name)
        except TimeoutError:
            raise ApiError(0, "Timeout", "the Lease could not be read in time") from None
        if found is None:
            self._record = None
        else:
            self._note(found)

    def _note(self, record: dict[str, Any]) -> None:
        version = record["metadata"]["resourceVersion"]
        if version != self._seen_version:
            self._seen_version, self._changed_at = version, self._now()
        self._record = record

    def _announce(self) -> None:
        leading = self.leading
        if leading == self._leading:
            return
        self._leading = leading
        LEADER.labels(self.name).set(leading)
        _log.info("lease_gained" if leading else "lease_lost", lease=self.name, identity=self._identity)
        (self._gained if leading else self._lost)()

    @staticmethod
    def _duration(record: dict[str, Any]) -> float:
        return float(record["spec"].get("leaseDurationSeconds") or 1)

    def _body(self, record: dict[str, Any] | None, holder: str, duration: float) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        old = record["spec"] if record is not None else {}
        same = _holder(record) == holder if record is not None else False
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": max(1, round(duration)),
            "acquireTime": old.get("acquireTime") if same and old.get("acquireTime") else now,
            "renewTime": now,
            "leaseTransitions": int(old.get("leaseTransitions") or 0) + (0 if same or not holder or record is None else 1),
        }
        metadata: dict[str, Any] = {"name": self.name, "namespace": self._namespace}
        if record is not None:
            metadata["resourceVersion"] = record["metadata"]["resourceVersion"]
        return {"apiVersion": LEASE.api_version, "kind": LEASE.name, "metadata": metadata, "spec": spec}


def _holder(record: dict[str, Any] | None) -> str:
    return "" if record is None else str(record["spec"].get("holderIdentity") or "")


class Leadership:
    """All shards. A namespace belongs to one of them for good; a replica may hold several."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        identity: str,
        *,
        shards: int = 1,
        durations: Durations | None = None,
        gained: Callable[[int], None] = lambda _: None,
        lost: Callable[[int], None] = lambda _: None,
    ) -> None:
        durations = durations or Durations()

        def lease(shard: int) -> Lease:
            name = "octavo-operator" if shards == 1 else f"octavo-operator-{shards}-{shard}"
            return Lease(
                cluster,
                namespace,
                name,
                identity,
                durations,
                gained=lambda: gained(shard),
                lost=lambda: lost(shard),
                # who holds few comes first, so that replicas that start together share
                hold_back=lambda: durations.renew * 0.5 * self.held,
            )

        self._leases: Sequence[Lease] = [lease(shard) for shard in range(shards)]

    @property
    def held(self) -> int:
        """How many shards are ours now."""
        return sum(lease.leading for lease in self._leases)

    def shard_of(self, namespace: str) -> int:
        return zlib.crc32(namespace.encode()) % len(self._leases)

    def leads(self, key: Key) -> bool:
        return self._leases[self.shard_of(key.namespace)].leading

    def leads_shard(self, shard: int) -> bool:
        return self._leases[shard].leading

    def fence(self, key: Key) -> Lease:
        """Asked before each write for that generator."""
        return self._leases[self.shard_of(key.namespace)]

    @property
    def first(self) -> Lease:
        """Its holder also does what is done once for the whole cluster."""
        return self._leases[0]

    async def run(self) -> None:
        """Until cancelled; then everything held is given back."""
        try:
            async with asyncio.TaskGroup() as group:
                for lease in self._leases:
                    group.create_task(lease.run())
        finally:
            await asyncio.shield(asyncio.gather(*(lease.release() for lease in self._leases), return_exceptions=True))
