"""All gates and their doors: brings what is open in line with the table that the operator sent."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from octavo_activator import metrics
from octavo_activator.gate import Gate
from octavo_activator.routes import Key, Phase, Refused, Route, Table
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


@dataclass(frozen=True, slots=True)
class Told:
    """One part's table of routes. With one operator there is one part; shards tell theirs apart."""

    table: Table
    digest: str


class Gatehouse:
    def __init__(self, doors: Doors, clock: Clock) -> None:
        self._doors = doors
        self._clock = clock
        self._gates: dict[Key, Gate] = {}
        self._by_port: dict[int, Gate] = {}
        self._applying = asyncio.Lock()
        self._parts: dict[int, Told] = {}
        """The newest last."""

    def gates(self) -> Mapping[Key, Gate]:
        return self._gates

    def find(self, port: int) -> Gate | None:
        return self._by_port.get(port)

    def told(self, part: int = 0) -> Table:
        """What was told of that part last."""
        return self._parts[part].table if part in self._parts else Table()

    @property
    def digests(self) -> list[str]:
        """Of all parts, by which those who told them know them again."""
        return [told.digest for told in self._parts.values() if told.digest]

    async def apply(self, table: Table, *, part: int = 0, parts: int = 1, digest: str = "") -> list[Refused]:
        """Replaces what was told of that part of all routes. What of it could not be done. The same again changes nothing."""
        async with self._applying:
            self._parts = {known: told for known, told in self._parts.items() if known != part and known < parts}
            self._parts[part] = Told(table, digest)
            routes = self._merged()
            for port, gate in list(self._by_port.items()):
                route = routes.get(gate.key)
                if route is None or route.port != port:
                    self._doors.close(port)
                    del self._by_port[port]
            for key in [key for key in self._gates if key not in routes]:
                self._gates.pop(key).dismiss()
            refused = list(table.refused)
            for key, route in routes.items():
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
            self._measure(len(refused))
            return refused

    def _merged(self) -> dict[Key, Route]:
        """Where two parts name one generator or one port, because they are being divided anew, the newer one is right."""
        routes: dict[Key, Route] = {}
        ports: set[int] = set()
        for told in reversed(self._parts.values()):
            for key, route in told.table.routes.items():
                if key not in routes and route.port not in ports:
                    routes[key] = route
                    ports.add(route.port)
        return routes

    def close(self) -> None:
        for port in self._by_port:
            self._doors.close(port)
        self._by_port.clear()

    def _measure(self, refused: int) -> None:
        for phase in _PHASES:
            metrics.ROUTES.labels(phase).set(sum(1 for gate in self._gates.values() if gate.phase == phase))
        metrics.ROUTES_REFUSED.set(refused)
        metrics.TABLE_AGE.set(time.time())
