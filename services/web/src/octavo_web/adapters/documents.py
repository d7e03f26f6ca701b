"""What each generator says it can be asked, and what it is: from its own OpenAPI document.

Half a minute old at most while the generator answers. While it does not, what it said before counts: a form must not go because a
generator sleeps, starts or is away for a moment. One process, one loop, nothing is kept over its end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from octavo_core.errors import NotFound, Unavailable
from octavo_core.generators import NAME
from octavo_web.adapters.services_api import ServicesApi

_MOST = 256
_FRESH_S = 30.0
_AGAIN_S = 5.0
"""After one that did not answer, so that not each page waits for it."""
_HURRY_S = 2.0
"""How long it may take where something is known already."""


@dataclass(frozen=True, slots=True)
class About:
    task: str
    model: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    schema: Mapping[str, Any]
    about: About | None


class GeneratorDocuments:
    def __init__(self, services: ServicesApi) -> None:
        self._services = services
        self._kept: dict[str, _Kept] = {}

    def about(self, name: str) -> About | None:
        """As it was last told; None where it never was."""
        kept = self._kept.get(name)
        return None if kept is None else kept.about

    async def schema(self, name: str) -> Mapping[str, Any]:
        """Of the body of a request. Raises `Unavailable` where the generator does not answer and never did, `NotFound`."""
        kept, now = self._kept.get(name), time.monotonic()
        if kept is None:
            return (await self._ask(name)).schema
        if now - kept.at < _FRESH_S:
            return kept.schema
        try:
            async with asyncio.timeout(_HURRY_S):
                return (await self._ask(name)).schema
        except (Unavailable, TimeoutError):
            self._kept[name] = replace(kept, at=now - _FRESH_S + _AGAIN_S)
            return kept.schema

    async def _ask(self, name: str) -> _Kept:
        if not NAME.fullmatch(name):
            raise NotFound("there is no such generator")
        document = (await self._services.call("GET", f"/generators/{name}/openapi.json")).body
        try:
            schema = document["paths"]["/api/v1/generate"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        except (LookupError, TypeError):
            raise Unavailable(f"{name} does not say what it can be asked") from None
        if name not in self._kept and len(self._kept) >= _MOST:
            self._kept.pop(next(iter(self._kept)))
        kept = _Kept(time.monotonic(), schema if isinstance(schema, dict) else {}, _about(document))
        self._kept[name] = kept
        return kept


def _about(document: Mapping[str, Any]) -> About | None:
    info = document.get("info")
    told = info.get("x-octavo-generator") if isinstance(info, dict) else None
    if not isinstance(told, dict):
        return None
    said = told.get("samples")
    samples = tuple(map(str, said)) if isinstance(said, list) else ()
    return About(str(told.get("task") or ""), str(told.get("model") or ""), samples)
