"""The operator's side of the activator: where each generator that sleeps is listened for, and for whom something waits.

The activator holds what came for sleeping generators, so it must know them before their APIs go, and must not forget them while it holds
anything. It is told everything each time (a table of routes, not changes of it), and asked every second, in one request for all, who
waits. Both requests carry the token as `Authorization: Bearer`:

    PUT /routes    a JSON list of routes (`Route.as_json`), with the table's digest in the header `X-Octavo-Routes`. Idempotent. The answer
                   names those that could not be taken: {"refused": [{"namespace", "name", "reason"}]}. With shards
                   `?part=N&parts=M`: the table replaces the routes that part N gave before, and no others.
    GET /waiting   [{"namespace", "name", "jobs", "requests", "since"}]. The answer's header `X-Octavo-Routes` has the digest of the
                   table that it works with (of each part, separated by commas): while it is the right one, the table is not sent
                   again. `X-Octavo-Addresses` has its own IPs, separated by commas, to which Services of sleeping generators lead.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import aiohttp
import orjson

from octavo_core.errors import Misconfigured, OctavoError, Unavailable
from octavo_core.telemetry.logs import get_service_logger
from octavo_operator import names
from octavo_operator.ports import Ports
from octavo_operator.resource import Key, StandIn

_log = get_service_logger(__name__)

Phase = Literal["asleep", "starting", "ready"]

AWAY_S: Final = 15.0
"""An activator that has not answered for so long is away: nothing more is put to sleep."""
_MAX_BODY: Final = 16 * 2**20
_DIGEST_HEADER: Final = "X-Octavo-Routes"
_ADDRESSES_HEADER: Final = "X-Octavo-Addresses"


@dataclass(frozen=True, slots=True)
class Route:
    """One generator, as the activator needs to know it."""

    key: Key
    port: int
    phase: Phase
    message: str
    """What a start waits for, in words for those who wait."""
    pods: tuple[str, ...]
    """`ip:port` of the API pods that are ready."""
    forwarding_key: str = field(repr=False)
    resource: bytes = field(repr=False)
    """The GeneratorService without its status, as JSON."""

    def as_json(self) -> dict[str, Any]:
        return {
            "namespace": self.key.namespace,
            "name": self.key.name,
            "port": self.port,
            "phase": self.phase,
            "message": self.message,
            "target": f"http://{names.api(self.key.name)}.{self.key.namespace}.svc:{names.SERVICE_PORT}",
            "pods": list(self.pods),
            "forwarding_key": self.forwarding_key,
            "resource": orjson.Fragment(self.resource),
        }


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the activator holds for one generator."""

    jobs: int
    requests: int

    @property
    def anything(self) -> bool:
        return self.jobs > 0 or self.requests > 0


# ---- what is said to the activator


class ActivatorClient:
    """One request each, bounded in time, never tried again here. Raises `Unavailable` where there is no good answer, `Misconfigured`
    where the activator refuses the token."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str, *, timeout_s: float = 5.0) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    async def put_routes(self, body: bytes, digest: str, *, part: int = 0, parts: int = 1) -> Mapping[Key, str]:
        """The routes that the activator could not take, and why; it took the others."""
        query = {} if parts == 1 else {"part": str(part), "parts": str(parts)}
        headers = {**self._headers, "Content-Type": "application/json", _DIGEST_HEADER: digest}
        _, answer = await self._call("PUT", "/routes", headers, query, body)
        try:
            refused = orjson.loads(answer).get("refused") or () if answer else ()
            return {Key(item["namespace"], item["name"]): str(item.get("reason", "")) for item in refused}
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
            raise Unavailable("the activator's answer to its routes cannot be read; is another program at its address?") from None

    async def waiting(self) -> Answer:
        headers, body = await self._call("GET", "/waiting", self._headers, {}, None)
        try:
            found = {
                Key(item["namespace"], item["name"]): Waiting(max(0, int(item.get("jobs") or 0)), max(0, int(item.get("requests") or 0)))
                for item in orjson.loads(body)
            }
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
            raise Unavailable("the activator's answer is no list of who waits; is another program at its address?") from None
        return Answer(found, _listed(headers.get(_DIGEST_HEADER)), _listed(headers.get(_ADDRESSES_HEADER)))

    async def _call(
        self, method: str, path: str, headers: Mapping[str, str], query: Mapping[str, str], body: bytes | None
    ) -> tuple[Mapping[str, str], bytes]:
        try:
            async with self._session.request(
                method, self._url + path, headers=headers, params=query, data=body, timeout=self._timeout, allow_redirects=False
            ) as answer:
                read = b""
                async for piece in answer.content.iter_any():
                    read += piece
                    if len(read) > _MAX_BODY:
                        raise Unavailable("the activator's answer does not end")
                if answer.status in (401, 403):
                    raise Misconfigured("the activator refuses OCTAVO_ACTIVATOR_TOKEN; both must have the same")
                if answer.status >= 300:
                    raise Unavailable(f"the activator answered {answer.status} to {method} {path}")
                return answer.headers, read
        except TimeoutError:
            raise Unavailable("the activator does not answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Unavailable(f"the activator is not reached ({type(error).__name__})") from None


@dataclass(frozen=True, slots=True)
class Answer:
    """Of `GET /waiting`. `digests` is None where the activator does not say which tables it has."""

    waiting: Mapping[Key, Waiting]
    digests: tuple[str, ...] | None
    addresses: tuple[str, ...] | None


def _listed(header: str | None) -> tuple[str, ...] | None:
    return None if header is None else tuple(item for item in (part.strip() for part in header.split(",")) if item)


# ---- what is known of the activator


@dataclass(frozen=True, slots=True)
class _Told:
    """The last table that the activator took: its version here, its digest there, and when that was last certain."""

    version: int = 0
    digest: str = ""
    at: float = float("-inf")
    refused: Mapping[Key, str] = field(default_factory=dict)


class Activator:
    """The table of routes, kept equal there, and who waits. `run` until cancelled; everything else returns at once.

    `called`: told of each generator for which something begins to wait, or no longer waits. `leads`: whether this replica speaks for
    a part; without any the activator is left alone.
    """

    def __init__(
        self,
        client: ActivatorClient,
        called: Callable[[Key], None],
        *,
        parts: int = 1,
        part_of: Callable[[Key], int] = lambda _: 0,
        leads: Callable[[int], bool] = lambda _: True,
        waiting_s: float = 1.0,
        routes_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._called = called
        self._parts = parts
        self._part_of = part_of
        self._leads = leads
        self._waiting_s = waiting_s
        self._routes_s = routes_s
        self._clock = clock
        self._ports = [Ports.of_part(part, parts) for part in range(parts)]
        self._routes: dict[Key, Route] = {}
        self._versions = [1] * parts
        """Of each part's table as it is; `_told` has those that the activator is known to have."""
        self._told = [_Told()] * parts
        self._changed = asyncio.Event()
        self._waiting: Mapping[Key, Waiting] = {}
        self._addresses: tuple[str, ...] = ()
        self._said_addresses = False
        self._heard_at = float("-inf")
        self._failure = ""

    # ---- for those who decide

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it listens, as it last said, or as an earlier leader knew; empty while nobody knows."""
        return self._addresses

    @property
    def available(self) -> bool:
        """Whether it answered of late and could stand in for one generator more."""
        return self._said_addresses and self._clock() - self._heard_at < AWAY_S

    def waiting(self, key: Key) -> Waiting:
        return self._waiting.get(key, Waiting(0, 0))

    def port(self, key: Key) -> int:
        """Its port from now on, until `forget`. Raises `Unavailable` when all are taken."""
        return self._ports[self._part_of(key)].assign(key)

    def take_over(self, part: int, stand_ins: Mapping[Key, StandIn]) -> None:
        """At the beginning of each time that this replica speaks for a part: what stands was decided by others, and is kept as it is."""
        self._ports[part] = Ports.of_part(part, self._parts)
        for key in [key for key in self._routes if self._part_of(key) == part]:
            self.drop_route(key)
        self._told[part] = _Told()
        for key, stand_in in sorted(stand_ins.items()):
            if self._part_of(key) != part:
                continue
            if not self._ports[part].adopt(key, stand_in.port):
                _log.warning("port_not_adopted", generator=str(key), port=stand_in.port)
            if not self._said_addresses and stand_in.addresses:
                self._addresses = stand_in.addresses

    def set_route(self, route: Route) -> None:
        """Tells the activator of it, soon. Idempotent."""
        if self._routes.get(route.key) != route:
            self._routes[route.key] = route
            self._mark(route.key)

    def knows(self, key: Key) -> bool:
        """Whether the activator has taken its route as it is: only then may Services lead there."""
        route = self._routes.get(key)
        part = self._part_of(key)
        told = self._told[part]
        return route is not None and told.version == self._versions[part] and key not in told.refused

    def has_route(self, key: Key) -> bool:
        return key in self._routes

    def part_of(self, key: Key) -> int:
        return self._part_of(key)

    def drop_route(self, key: Key) -> None:
        """The generator answers for itself; its port stays its own."""
        if self._routes.pop(key, None) is not None:
            self._mark(key)

    def forget(self, key: Key) -> None:
        """The generator is gone."""
        self.drop_route(key)
        self._ports[self._part_of(key)].give_back(key)

    def _mark(self, key: Key) -> None:
        self._versions[self._part_of(key)] += 1
        self._changed.set()

    # ---- the conversation

    async def run(self) -> None:
        """Never returns. Failures are logged once, when they begin and when they end."""
        while True:
            await self._turn()
            try:
                async with asyncio.timeout(self._waiting_s):
                    await self._changed.wait()
            except TimeoutError:
                continue
            # What changes together is told together.
            await asyncio.sleep(min(0.05, self._waiting_s))

    async def _turn(self) -> None:
        led = [part for part in range(self._parts) if self._leads(part)]
        if not led:
            return
        try:
            await self._tell(led)
            await self._listen()
        except OctavoError as error:
            if error.message != self._failure:
                _log.warning("activator_does_not_answer", error=error.message)
            self._failure = error.message
        else:
            if self._failure:
                _log.info("activator_answers_again")
            self._failure = ""

    async def _tell(self, led: list[int]) -> None:
        self._changed.clear()
        for part in led:
            told, version = self._told[part], self._versions[part]
            if told.version == version and self._clock() - told.at < self._routes_s:
                continue
            table = [self._routes[key].as_json() for key in sorted(self._routes) if self._part_of(key) == part]
            body = orjson.dumps(table)
            digest = hashlib.sha256(body).hexdigest()[:32]
            refused = await self._client.put_routes(body, digest, part=part, parts=self._parts)
            for key, reason in refused.items():
                if told.refused.get(key) != reason:
                    _log.warning("route_refused", generator=str(key), reason=reason)
            self._told[part] = _Told(version, digest, self._clock(), refused)

    async def _listen(self) -> None:
        answer = await self._client.waiting()
        now = self._clock()
        self._heard_at = now
        if answer.addresses:
            moved = bool(self._addresses) and answer.addresses != self._addresses
            self._addresses, self._said_addresses = answer.addresses, True
            if moved:
                # It stands elsewhere now: every Service that leads to it must be led there.
                for key in list(self._routes):
                    self._called(key)
        if answer.digests is not None:
            for part, told in enumerate(self._told):
                if told.digest in answer.digests:
                    self._told[part] = replace(told, at=now)
                elif told.version:
                    # It has started anew, or somebody else has told it another table.
                    self._told[part] = _Told()
                    self._changed.set()
        before, self._waiting = self._waiting, answer.waiting
        for key in before.keys() | answer.waiting.keys():
            if before.get(key, Waiting(0, 0)).anything != self.waiting(key).anything:
                self._called(key)
