"""Which generators there are: a platform tells all of them at once; in a cluster each has an address of its own and is asked for itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from octavo_core.errors import NotFound, OctavoError, Unavailable
from octavo_core.generators import NAME
from octavo_web.adapters.documents import GeneratorDocuments
from octavo_web.adapters.services_api import ServicesApi

ASLEEP = "asleep"
_STATE_S = 3.0
_KNOW_S = 2.0


@dataclass(frozen=True, slots=True)
class Listed:
    """A generator in the list. `samples`: its providers whose key is not here, so that samples answer. `reason`: why it cannot be asked."""

    name: str
    task: str
    model: str
    state: str
    reason: str | None
    waiting: int
    samples: tuple[str, ...]

    @property
    def is_asleep(self) -> bool:
        """It takes what it is asked for, and whatever else is asked of it wakes it and waits until it is up."""
        return self.state == ASLEEP

    @property
    def can_be_looked_at(self) -> bool:
        """Whether what it has done can be asked for, at once and without waking it."""
        return self.reason is None and not self.is_asleep


class GeneratorsList(Protocol):
    async def all(self) -> list[Listed]:
        """Raises what `ServicesApi.call` raises."""

    async def one(self, name: str) -> Listed:
        """Raises `NotFound`, and what `ServicesApi.call` raises."""


class ToldByPlatform:
    def __init__(self, services: ServicesApi) -> None:
        self._services = services

    async def all(self) -> list[Listed]:
        items = (await self._services.call("GET", "/generators")).body.get("items", [])
        return [_listed(one) for one in items if isinstance(one, dict) and NAME.fullmatch(str(one.get("name", "")))]

    async def one(self, name: str) -> Listed:
        found = next((one for one in await self.all() if one.name == name), None)
        if found is None:
            raise NotFound("there is no such generator")
        return found


class AskedOneByOne:
    """One that does not answer is in the list all the same, with what was known of it. One that sleeps is not called for the sake of a
    list, but for once: until its document is known nobody can say what it makes."""

    def __init__(self, services: ServicesApi, documents: GeneratorDocuments, names: Sequence[str]) -> None:
        self._services = services
        self._documents = documents
        self._names = tuple(names)

    async def all(self) -> list[Listed]:
        return list(await asyncio.gather(*(self._ask(name) for name in self._names)))

    async def one(self, name: str) -> Listed:
        if name not in self._names:
            raise NotFound("there is no such generator")
        return await self._ask(name)

    async def _ask(self, name: str) -> Listed:
        if self._documents.about(name) is None:
            with contextlib.suppress(OctavoError, TimeoutError):
                async with asyncio.timeout(_KNOW_S):
                    await self._documents.schema(name)
        about = self._documents.about(name)
        reason: str | None = None
        backlog: Mapping[str, Any] = {}
        sleeps = False
        try:
            async with asyncio.timeout(_STATE_S):
                backlog = (await self._services.call("GET", f"/generators/{name}/api/v1/backlog")).body
                sleeps = await self._sleeps(name)
        except OctavoError as error:
            reason = error.message
        except TimeoutError:
            reason = f"the generator {name} does not answer (TimeoutError)"
        queued, running, delayed = (_count(backlog, key) for key in ("queued", "running", "delayed"))
        state = "unavailable" if reason else ASLEEP if sleeps else "working" if running else "waiting" if queued or delayed else "idle"
        if about is None:
            return Listed(name, "", "", state, reason, queued, ())
        return Listed(name, about.task, about.model, state, reason, queued, about.samples)

    async def _sleeps(self, name: str) -> bool:
        """Whether the activator answers in its stead: it alone tells a phase of the start."""
        try:
            return "phase" in (await self._services.call("GET", f"/generators/{name}/health/ready")).body
        except Unavailable:
            # Its database or its Redis is away; whoever asks it for something is told.
            return False


def _count(backlog: Mapping[str, Any], key: str) -> int:
    found = backlog.get(key)
    return found if isinstance(found, int) else 0


def _listed(one: Mapping[str, Any]) -> Listed:
    return Listed(
        name=str(one["name"]),
        task=str(one.get("task", "")),
        model=str(one.get("model") or ""),
        state=str(one.get("state", "")),
        reason=str(one["reason"]) if one.get("reason") else None,
        waiting=int((one.get("queue") or {}).get("queued") or 0),
        samples=tuple(str(name) for name in one.get("samples") or ()),
    )
