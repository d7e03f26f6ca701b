"""What the operator says about each generator that sleeps or wakes, from its JSON to what is kept of it. Pure.

The table comes whole, every few seconds, and hardly ever differs from the one before: a route whose bytes are the same is not
read again. A route that cannot be read, or that asks for what is not allowed, is refused by itself and troubles no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from octavo_core.errors import MalformedBody
from octavo_core.identity.forwarding import MIN_KEY_CHARS
from octavo_core.spec import DEFAULT_MODES, Auth, Jobs, Mode, Task

Phase = Literal["asleep", "starting", "ready"]


@dataclass(frozen=True, slots=True, order=True)
class Key:
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Route:
    """One generator, as the operator last told."""

    key: Key
    port: int
    phase: Phase
    message: str
    """What its start is at, in words for a caller; empty when there is nothing to say."""
    target: str | None
    """Its Service, as `http://host:port`."""
    pods: tuple[str, ...]
    """Addresses `host:port` of its API pods: all of them while it is starting, the ready ones when it is ready."""
    forwarding_key: str = field(repr=False)
    task: Task
    default_mode: Mode
    max_queued: int
    auth: Auth


@dataclass(frozen=True, slots=True)
class Refused:
    namespace: str
    name: str
    port: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """All routes of one telling, and the digests by which the next one finds what has not changed."""

    routes: Mapping[Key, Route] = field(default_factory=dict)
    refused: tuple[Refused, ...] = ()
    digests: Mapping[bytes, Route] = field(default_factory=dict)


class _Resource(BaseModel):
    """Of the generator's resource: what the activator acts on; the rest is left alone."""

    model_config = ConfigDict(extra="ignore")

    task: Task
    jobs: Jobs = Field(default_factory=Jobs)
    auth: Auth = Field(default_factory=Auth)


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    namespace: Annotated[str, Field(min_length=1, max_length=63)]
    name: Annotated[str, Field(min_length=1, max_length=63)]
    port: Annotated[int, Field(ge=1, le=65_535)]
    phase: Phase
    message: Annotated[str, Field(max_length=2_000)] = ""
    target: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+$")] | None = None
    pods: Annotated[list[Annotated[str, Field(pattern=r"^[^\s/?#@]+:\d{1,5}$")]], Field(max_length=1_000)] = Field(default_factory=list)
    forwarding_key: Annotated[str, Field(min_length=MIN_KEY_CHARS, max_length=512)]
    resource: dict[str, Any]


def read_table(raw: bytes, before: Table, *, ports: range) -> Table:
    """Raises `MalformedBody` when the whole is no list of objects."""
    try:
        items = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedBody(f"the routes are not valid JSON: {error}") from None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise MalformedBody("the routes must be a JSON list of objects")
    routes: dict[Key, Route] = {}
    digests: dict[bytes, Route] = {}
    refused: list[Refused] = []
    by_port: dict[int, Key] = {}
    for item in items:
        digest = hashlib.blake2b(orjson.dumps(item, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
        route = before.digests.get(digest)
        if route is None:
            try:
                route = _read(item)
            except ValidationError as error:
                refused.append(_refused(item, _words(error)))
                continue
        if (reason := _objection(route, routes, by_port, ports)) is not None:
            refused.append(_refused(item, reason))
            continue
        routes[route.key] = digests[digest] = route
        by_port[route.port] = route.key
    return Table(routes, tuple(refused), digests)


def _read(item: dict[str, Any]) -> Route:
    body = _Body.model_validate(item)
    # The resource itself, or its spec alone.
    resource = _Resource.model_validate(body.resource.get("spec", body.resource))
    return Route(
        key=Key(body.namespace, body.name),
        port=body.port,
        phase=body.phase,
        message=body.message,
        target=body.target,
        pods=tuple(body.pods),
        forwarding_key=body.forwarding_key,
        task=resource.task,
        default_mode=resource.jobs.default_mode or DEFAULT_MODES[resource.task],
        max_queued=resource.jobs.max_queued,
        auth=resource.auth,
    )


def _objection(route: Route, routes: Mapping[Key, Route], by_port: Mapping[int, Key], ports: range) -> str | None:
    if route.port not in ports:
        return f"port {route.port} is not in {ports.start}-{ports.stop - 1} (OCTAVO_PORTS)"
    if route.key in routes:
        return "this generator is in the table twice"
    if route.port in by_port:
        return f"port {route.port} is {by_port[route.port]}'s"
    return None


def _refused(item: Mapping[str, Any], reason: str) -> Refused:
    port = item.get("port")
    return Refused(str(item.get("namespace", ""))[:63], str(item.get("name", ""))[:63], port if isinstance(port, int) else None, reason)


def _words(error: ValidationError) -> str:
    # Never the input: it holds the forwarding key.
    faults: Sequence[Any] = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults[:5])
