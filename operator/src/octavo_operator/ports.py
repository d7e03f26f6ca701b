"""At which port the activator listens for each generator.

A caller reaches the activator by a generator's own Service; the port alone tells for whom it is. So a port is never two generators', and
one that was given back rests before a stranger gets it: a node that has not heard of the change yet must not lead a caller astray.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from octavo_core.errors import Unavailable
from octavo_operator import names
from octavo_operator.resource import Key, StandIn

FIRST_PORT: Final = 20_000
LAST_PORT: Final = 29_999
RESTS_S: Final = 120.0
"""For how long a port that was given back is given to no other generator."""


class Ports:
    """A port for each generator, the same for as long as it has one, and, where nobody is in the way, the same every time."""

    def __init__(self, first: int = FIRST_PORT, last: int = LAST_PORT, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._first = first
        self._count = last - first + 1
        self._clock = clock
        self._given: dict[Key, int] = {}
        self._taken: dict[int, Key] = {}
        self._resting: dict[int, tuple[Key, float]] = {}

    @classmethod
    def of_part(cls, part: int, parts: int) -> Ports:
        """A share of all ports that no other part has."""
        size = (LAST_PORT - FIRST_PORT + 1) // parts
        return cls(FIRST_PORT + part * size, FIRST_PORT + (part + 1) * size - 1)

    def adopt(self, key: Key, port: int) -> bool:
        """Take over what an earlier leader gave: it stands in an EndpointSlice. False where the port is another's, or out of bounds."""
        if not self._first <= port < self._first + self._count or self._taken.get(port, key) != key or key in self._given:
            return self._given.get(key) == port
        self._give(key, port)
        return True

    def assign(self, key: Key) -> int:
        """Raises `Unavailable` when all ports are taken."""
        port = self._given.get(key)
        return self._give(key, self._free_port(key)) if port is None else port

    def give_back(self, key: Key) -> None:
        """Idempotent. The generator itself may have it again at once."""
        port = self._given.pop(key, None)
        if port is not None:
            del self._taken[port]
            self._resting[port] = (key, self._clock())

    def __len__(self) -> int:
        return len(self._given)

    def _give(self, key: Key, port: int) -> int:
        self._given[key] = port
        self._taken[port] = key
        self._resting.pop(port, None)
        return port

    def _free_port(self, key: Key) -> int:
        now = self._clock()
        self._resting = {port: rest for port, rest in self._resting.items() if now - rest[1] < RESTS_S}
        start = zlib.crc32(str(key).encode()) % self._count
        for step in range(self._count):
            port = self._first + (start + step) % self._count
            if port not in self._taken and self._resting.get(port, (key, 0.0))[0] == key:
                return port
        raise Unavailable(f"all {self._count} ports of the activator are taken; no more generators can sleep")


def read_stand_ins(slices: Iterable[Mapping[str, Any]]) -> dict[Key, StandIn]:
    """Where callers of sleeping generators are led to, by the EndpointSlices that stand, as the API server lists them."""
    found = {}
    for item in slices:
        metadata = item["metadata"]
        labels = metadata.get("labels") or {}
        name, ports = labels.get(names.INSTANCE_LABEL), item.get("ports") or ()
        if name and metadata["name"] == names.activator(name) and ports and isinstance(ports[0].get("port"), int):
            addresses = [address for endpoint in item.get("endpoints") or () for address in endpoint.get("addresses") or ()]
            found[Key(metadata["namespace"], name)] = StandIn(tuple(addresses), ports[0]["port"])
    return found
