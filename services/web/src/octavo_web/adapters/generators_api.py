"""Generators as the studio needs them: the list, a form's schema, and generations."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from octavo_core.clock import to_iso
from octavo_core.errors import Conflict, NotFound, OctavoError, Unavailable
from octavo_core.generators import NAME
from octavo_web.adapters.documents import GeneratorDocuments
from octavo_web.adapters.generators_list import AskedOneByOne, GeneratorsList, Listed, ToldByPlatform
from octavo_web.adapters.services_api import File, ServicesApi, refusal

_CLEARED = 100
_SOON_S = 4.0
_JOB = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MAX_REFUSAL_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Page:
    items: tuple[dict[str, Any], ...]
    waiting: int


class GeneratorsApi:
    """With a person's token, so that each sees their own. Raises what `ServicesApi` raises."""

    def __init__(self, services: ServicesApi, names: Sequence[str] | None = None) -> None:
        """`names`: the generators that there are; None: the platform tells them."""
        self._services = services
        self._documents = GeneratorDocuments(services)
        self._list: GeneratorsList = ToldByPlatform(services) if names is None else AskedOneByOne(services, self._documents, names)
        self._seen: dict[str, Listed] = {}

    async def listed(self) -> list[Listed]:
        found = await self._list.all()
        self._seen = {one.name: one for one in found}
        return found

    async def find(self, name: str) -> Listed:
        """While nobody tells, as it was when it was last listed, with the reason. Raises `NotFound`, `Unavailable`."""
        try:
            found = self._seen[name] = await self._list.one(name)
            return found
        except Unavailable as away:
            seen = self._seen.get(name)
            if seen is None:
                raise
            return replace(seen, state="unavailable", reason=away.message)

    async def schema(self, name: str) -> Mapping[str, Any]:
        """Of the body of a request, as `GeneratorDocuments` has it."""
        return await self._documents.schema(name)

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

    async def cancel_open(self, names: list[str], *, token: str, running: bool, user: str | None = None) -> None:
        """Of each generator the newest hundred that are queued, and with `running` those that run, too; `user` as for `newest`. Without
        `running` one that has begun meanwhile is found by no second look: whoever asks for what waits does not mean what runs."""

        async def of(name: str) -> None:
            # What waits first, or it would take the place of what runs.
            for status in ("queued", "running") if running else ("queued",):
                for item in (await self.newest(name, token=token, limit=_CLEARED, status=status, user=user)).items:
                    with contextlib.suppress(Conflict, NotFound):
                        await self.cancel(name, str(item.get("generation_id")), token=token)

        await asyncio.gather(*(of(name) for name in names))

    async def newest(
        self, name: str, *, token: str, limit: int, status: str | None = None, before: str | None = None, user: str | None = None
    ) -> Page:
        """`before`: a time; what was accepted then or later is left out. `user`: theirs alone, also for an admin, who would see all."""
        narrowed = {"status": status, "before": before, "user": user}
        query = {"limit": str(limit)} | {name: value for name, value in narrowed.items() if value is not None}
        body = (await self._services.call("GET", f"{_base(name)}/api/v1/jobs", token=token, query=query)).body
        items = tuple(one for one in body.get("items", ()) if isinstance(one, dict))
        return Page(items, int((body.get("queue") or {}).get("queued") or 0))

    async def newest_soon(
        self, name: str, *, token: str, limit: int, status: str | None = None, before: str | None = None, user: str | None = None
    ) -> Page:
        """As `newest`, for a page that must not wait for one that hangs: `Unavailable` after some seconds."""
        try:
            async with asyncio.timeout(_SOON_S):
                return await self.newest(name, token=token, limit=limit, status=status, before=before, user=user)
        except TimeoutError:
            raise Unavailable(f"the generator {name} does not answer (TimeoutError)") from None

    async def newest_of_all(
        self,
        names: list[str],
        *,
        token: str,
        limit: int,
        status: str | None = None,
        older_than: str | None = None,
        user: str | None = None,
    ) -> list[tuple[str, dict[str, Any]]]:
        """Of all generators together, newest first; `older_than`: those behind this one, where a page before ended. A generator that
        does not answer soon is left out: the page has a place for what it says."""
        before = None if older_than is None else _just_after(older_than)
        pages = await asyncio.gather(
            *(self.newest_soon(name, token=token, limit=limit, status=status, before=before, user=user) for name in names),
            return_exceptions=True,
        )
        found = []
        for name, page in zip(names, pages, strict=True):
            if isinstance(page, Page):
                found += [(name, item) for item in page.items if older_than is None or str(item.get("generation_id", "")) < older_than]
            elif not isinstance(page, OctavoError):
                raise page
        return sorted(found, key=lambda one: str(one[1].get("generation_id", "")), reverse=True)[:limit]

    async def images(
        self, name: str, *, token: str, limit: int, cursor: str = "", user: str | None = None
    ) -> tuple[list[dict[str, Any]], str]:
        """What it has drawn, newest first, and the cursor of what follows, empty at the end. `user` as for `newest`."""
        query = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {}) | ({} if user is None else {"user": user})
        body = (await self._services.call("GET", f"{_base(name)}/api/v1/images", token=token, query=query)).body
        return [one for one in body.get("items", ()) if isinstance(one, dict)], str(body.get("next_cursor") or "")

    async def image(self, name: str, image: str, *, token: str) -> dict[str, Any]:
        return (await self._services.call("GET", _image(name, image), token=token)).body

    async def image_file(self, name: str, image: str, *, token: str) -> File:
        return await self._services.file(f"{_image(name, image)}/download", token=token)


def _base(name: str) -> str:
    if not NAME.fullmatch(name):
        raise NotFound("there is no such generator")
    return f"/generators/{name}"


def _job(name: str, job: str) -> str:
    if not _JOB.fullmatch(job):
        raise NotFound("there is no such generation")
    return f"{_base(name)}/api/v1/generate/{job}"


def _image(name: str, image: str) -> str:
    if not _JOB.fullmatch(image):
        raise NotFound("there is no such picture")
    return f"{_base(name)}/api/v1/images/{image}"


def _just_after(job: str) -> str:
    """The time in a generation's id (UUID version 7), and a millisecond more, so that its neighbours of the same one are not lost."""
    if not _JOB.fullmatch(job):
        raise NotFound("there is no such generation")
    try:
        return to_iso(int(job.replace("-", "")[:12], 16) + 1)
    except (OverflowError, ValueError, OSError):
        # Some 48 bits are later than any year that a date can name.
        raise NotFound("there is no such generation") from None


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
