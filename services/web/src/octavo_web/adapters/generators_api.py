"""Generators as the studio needs them: the list, a form's schema, and generations."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from octavo_core.errors import Conflict, NotFound, OctavoError, Unavailable
from octavo_core.generators import NAME
from octavo_web.adapters.services_api import ServicesApi, refusal

_SCHEMAS_MAX = 256
_SCHEMA_S = 30.0
_CLEARED = 100
_JOB = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAX_REFUSAL_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Listed:
    """A generator in the list. `samples`: its providers whose key is not here, so that samples answer."""

    name: str
    task: str
    model: str
    state: str
    reason: str | None
    waiting: int
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    items: tuple[dict[str, Any], ...]
    waiting: int


class GeneratorsApi:
    """With a person's token, so that each sees their own. Raises what `ServicesApi` raises."""

    def __init__(self, services: ServicesApi) -> None:
        self._services = services
        self._schemas: dict[str, tuple[float, dict[str, Any]]] = {}

    async def listed(self) -> list[Listed]:
        items = (await self._services.call("GET", "/generators")).body.get("items", [])
        return [_listed(one) for one in items if isinstance(one, dict) and NAME.fullmatch(str(one.get("name", "")))]

    async def find(self, name: str) -> Listed:
        """Raises `NotFound`."""
        found = next((one for one in await self.listed() if one.name == name), None)
        if found is None:
            raise NotFound("there is no such generator")
        return found

    async def schema(self, name: str) -> dict[str, Any]:
        """Of the body of a request, from the generator's own OpenAPI document; half a minute old at most."""
        kept = self._schemas.get(name)
        if kept is not None and time.monotonic() - kept[0] < _SCHEMA_S:
            return kept[1]
        document = (await self._services.call("GET", f"{_base(name)}/openapi.json")).body
        try:
            found = document["paths"]["/api/v1/generate"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        except (LookupError, TypeError):
            raise Unavailable(f"{name} does not say what it can be asked") from None
        if len(self._schemas) >= _SCHEMAS_MAX:
            self._schemas.pop(next(iter(self._schemas)))
        schema: dict[str, Any] = found if isinstance(found, dict) else {}
        self._schemas[name] = (time.monotonic(), schema)
        return schema

    async def submit(self, name: str, body: Mapping[str, Any], *, token: str, key: str, streams: bool) -> str:
        """The id of the generation, which is then under way. `key`: the same key is the same generation. With `streams` a provider is
        asked for its words as they come; they are heard as events, so the answer's own stream is left at once."""
        path = f"{_base(name)}/api/v1/generate"
        headers = {"prefer": "respond-async", "idempotency-key": key}
        if not streams:
            whole = await self._services.call("POST", path, token=token, body=body, headers=headers)
            return _id(whole.body.get("generation_id"))
        sent = {**headers, "authorization": f"Bearer {token}", "content-type": "application/json"}
        data = orjson.dumps({**body, "stream": True})
        async with self._services.passing("POST", path, query="", headers=sent, body=data) as answer:
            if answer.status >= 400:
                raise refusal(answer.status, _loaded(await answer.content.read(_MAX_REFUSAL_BYTES)), answer.headers.get("retry-after"))
            if "location" in answer.headers:
                return _id(answer.headers["location"].rpartition("/")[2])
            # One that sleeps in a cluster answers 202 at first.
            return _id(_loaded(await answer.content.read(_MAX_REFUSAL_BYTES)).get("generation_id"))

    async def view(self, name: str, job: str, *, token: str) -> dict[str, Any]:
        return (await self._services.call("GET", _job(name, job), token=token)).body

    async def cancel(self, name: str, job: str, *, token: str) -> dict[str, Any]:
        return (await self._services.call("DELETE", _job(name, job), token=token)).body

    async def again(self, name: str, job: str, *, token: str) -> dict[str, Any]:
        return (await self._services.call("POST", f"{_job(name, job)}/replay", token=token)).body

    async def cancel_waiting(self, names: list[str], *, token: str) -> None:
        """Of each generator the newest hundred that are queued. One that has begun, or ended, meanwhile stays as it is: whoever asks for
        what waits does not mean what runs."""

        async def of(name: str) -> None:
            for item in (await self.newest(name, token=token, limit=_CLEARED, status="queued")).items:
                with contextlib.suppress(Conflict, NotFound):
                    await self.cancel(name, str(item.get("generation_id")), token=token)

        await asyncio.gather(*(of(name) for name in names))

    async def newest(self, name: str, *, token: str, limit: int, status: str | None = None) -> Page:
        query = {"limit": str(limit)} | ({} if status is None else {"status": status})
        body = (await self._services.call("GET", f"{_base(name)}/api/v1/jobs", token=token, query=query)).body
        items = tuple(one for one in body.get("items", ()) if isinstance(one, dict))
        return Page(items, int((body.get("queue") or {}).get("queued") or 0))

    async def newest_of_all(self, names: list[str], *, token: str, limit: int) -> list[tuple[str, dict[str, Any]]]:
        """Of all generators together, newest first. One that does not answer is left out: the page has a place for what it says."""
        pages = await asyncio.gather(*(self.newest(name, token=token, limit=limit) for name in names), return_exceptions=True)
        found = []
        for name, page in zip(names, pages, strict=True):
            if isinstance(page, Page):
                found += [(name, item) for item in page.items]
            elif not isinstance(page, OctavoError):
                raise page
        return sorted(found, key=lambda one: str(one[1].get("generation_id", "")), reverse=True)[:limit]


def _base(name: str) -> str:
    if not NAME.fullmatch(name):
        raise NotFound("there is no such generator")
    return f"/generators/{name}"


def _job(name: str, job: str) -> str:
    if not _JOB.fullmatch(job):
        raise NotFound("there is no such generation")
    return f"{_base(name)}/api/v1/generate/{job}"


def _id(found: object) -> str:
    if not isinstance(found, str) or not _JOB.fullmatch(found):
        raise Unavailable("the generator answered without the id of a generation")
    return found


def _loaded(raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


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
