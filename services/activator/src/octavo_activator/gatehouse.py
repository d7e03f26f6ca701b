"""All gates and their doors: brings what is open in line with the table that the operator sent."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from typing import Protocol

import structlog

from octavo_activator import metrics
from octavo_activator.gate import Gate
from octavo_activator.routes import Key, Phase, Refused, Table
from octavo_core.clock import Clock

log = structlog.get_logger(__name__)

_PHASES: tuple[Phase, ...] = ("asleep", "starting", "ready")


class Doors(Protocol):
    async def open(self, port: int) -> None:
        """Raises `OSError` when the port cannot be listened on."""
        ...

    def close(self, port: int) -> None:
        """No new connection; those that are open go on."""
        ...


class Gatehouse:
    def __init__(self, doors: Doors, clock: Clock) -> None:
        self._doors = doors
        self._clock = clock
        self._gates: dict[Key, Gate] = {}
        self._by_port: dict[int, Gate] = {}
        self._applying = asyncio.Lock()
        self.table = Table()

    def gates(self) -> Mapping[Key, Gate]:
        return self._gates

    def find(self, port: int) -> Gate | None:
        return self._by_port.get(port)

    async def apply(self, table: Table) -> list[Refused]:
        """What of it could not be done. The same table again changes nothing."""
        async with self._applying:
            for port, gate in list(self._by_port.items()):
                route = table.routes.get(gate.key)
                if route is None or route.port != port:
                    self._doors.close(port)
                    del self._by_port[port]
            for key in [key for key in self._gates if key not in table.routes]:
                self._gates.pop(key).dismiss()
            refused = list(table.refused)
            for key, route in table.routes.items():
                if key not in self._gates:
                    self._gates[key] = Gate(route, self._clock)
                gate = self._gates[key]
                if gate.route is not route:
                    gate.update(route)
                if route.port not in self._by_port:
                    # Known before it is open: the first request may come at once.
                    self._by_port[route.port] = gate
                    try:
                        await self._doors.open(route.port)
                    except OSError as error:
                        del self._by_port[route.port]
                        reason = f"cannot listen on port {route.port}: {os.strerror(error.errno or 0)}"
                        refused.append(Refused(key.namespace, key.name, route.port, reason))
            self.table = table
            self._measure(len(refused))
            return refused

    def close(self) -> None:
        for port in self._by_port:
            self._doors.close(port)
        self._by_port.clear()

    def _measure(self, refused: int) -> None:
        for phase in _PHASES:
            metrics.ROUTES.labels(phase).set(sum(1 for gate in self._gates.values() if gate.phase == phase))
        metrics.ROUTES_REFUSED.set(refused)
        metrics.TABLE_AGE.set(time.time())
