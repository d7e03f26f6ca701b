"""The admin API as the pages need it: each call is one of its routes, with the admin's own token and address, so that the API checks who it
is, and the audit log says who it was."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from octavo_core.errors import NotFound
from octavo_web.adapters.services_api import ServicesApi

_BASE = "/api/admin"
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_QUEUE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?([./][a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUEUE_CHARS = 127
_PAGE = 100
_PAGES = 3


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks: the admin's token, and headers that name their address and browser."""

    token: str
    who: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Items:
    """A page of a list. `missing` says whose part of it could not be had; `searched_back_to` where a search ended at its bound."""

    items: tuple[dict[str, Any], ...] = ()
    next: str | None = None
    missing: tuple[str, ...] = ()
    searched_back_to: str | None = None


@dataclass(frozen=True, slots=True)
class Recent:
    """Jobs of a generator, for its graphs. `since`: where some older ones were left out, from when on all are there."""

    jobs: tuple[dict[str, Any], ...]
    since: str | None


class AdminApi:
    """Raises what `ServicesApi.call` raises; `NotFound` for ids and names that cannot be any."""

    def __init__(self, services: ServicesApi) -> None:
        self._services = services

    async def services(self, asking: Asking) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The services, and the processes that run them."""
        body = await self._get("/services", asking)
        return _list(body, "items"), _list(body, "processes")

    async def generators(self, asking: Asking) -> list[dict[str, Any]]:
        return _list(await self._get("/generators", asking), "items")

    async def generator(self, name: str, namespace: str | None, asking: Asking) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The generator, and the processes that run it."""
        if not _NAME.fullmatch(name) or (namespace is not None and not _NAME.fullmatch(namespace)):
            raise NotFound("there is no such generator")
        body = await self._get(f"/generators/{name}", asking, {} if namespace is None else {"namespace": namespace})
        return _mapping(body.get("generator")), _list(body, "processes")

    async def jobs(self, query: Mapping[str, str], asking: Asking, *, limit: int) -> Items:
        return _items(await self._get("/jobs", asking, {**query, "limit": str(limit)}))

    async def recent_jobs(self, queue: str, since: str, asking: Asking) -> Recent:
        """Those accepted at `since` or later, the newest 300 at most, and the newest 100 each of those that wait or run, however old."""
        newest, queued, running = await asyncio.gather(
            self._newest(queue, since, asking),
            self.jobs({"generator": queue, "state": "queued"}, asking, limit=_PAGE),
            self.jobs({"generator": queue, "state": "running"}, asking, limit=_PAGE),
        )
        found = {str(one.get("id")): one for one in (*newest.jobs, *queued.items, *running.items)}
        return Recent(tuple(found.values()), newest.since)

    async def _newest(self, queue: str, since: str, asking: Asking) -> Recent:
        query = {"generator": queue, "accepted_from": since}
        found: list[dict[str, Any]] = []
        for _ in range(_PAGES):
            page = await self.jobs(query, asking, limit=_PAGE)
            found += page.items
            if page.next is None:
                return Recent(tuple(found), None)
            query = {**query, "cursor": page.next}
        return Recent(tuple(found), str(found[-1].get("accepted_at")) if found else None)

    async def job(self, job: str, queue: str | None, asking: Asking) -> tuple[dict[str, Any], list[dict[str, Any]], str | None]:
        """The job, what is still kept of its events, and why there are none where they could not be read."""
        body = await self._get(_job(job), asking, _of(queue))
        missing = body.get("events_missing")
        return _mapping(body.get("job")), _list(body, "events"), None if missing is None else str(missing)

    async def cancel(self, job: str, queue: str | None, asking: Asking) -> None:
        await self._act("POST", f"{_job(job)}/cancel", asking, query=_of(queue))

    async def replay(self, job: str, queue: str | None, asking: Asking) -> None:
        await self._act("POST", f"{_job(job)}/replay", asking, query=_of(queue))

    async def replay_dead_letters(self, queue: str, limit: int, asking: Asking) -> tuple[int, bool]:
        """How many were, and whether there may be more."""
        if len(queue) > _QUEUE_CHARS or not _QUEUE.fullmatch(queue):
            raise NotFound("there is no such generator")
        body = await self._act("POST", f"/dead-letters/{queue}/replay", asking, body={"limit": limit})
        return int(body.get("replayed") or 0), bool(body.get("more"))

    async def users(self, query: Mapping[str, str], asking: Asking, *, limit: int) -> Items:
        return _items(await self._get("/users", asking, {**query, "limit": str(limit)}))

    async def user(self, user: str, asking: Asking) -> dict[str, Any]:
        return _mapping((await self._get(_user(user), asking)).get("user"))

    async def change_user(self, user: str, changes: Mapping[str, str], asking: Asking) -> None:
        await self._act("PATCH", _user(user), asking, body=changes)

    async def sign_out(self, user: str, asking: Asking) -> int:
        """How many sessions ended."""
        return int((await self._act("POST", f"{_user(user)}/logout", asking)).get("sessions") or 0)

    async def delete_user(self, user: str, asking: Asking) -> None:
        await self._act("DELETE", _user(user), asking)

    async def logs(self, query: Mapping[str, str], asking: Asking, *, limit: int) -> Items:
        return _items(await self._get("/logs", asking, {**query, "limit": str(limit)}))

    async def audit(self, query: Mapping[str, str], asking: Asking, *, limit: int) -> Items:
        return _items(await self._get("/audit", asking, {**query, "limit": str(limit)}))

    async def _get(self, path: str, asking: Asking, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        return (await self._services.call("GET", f"{_BASE}{path}", token=asking.token, query=query or {}, headers=asking.who)).body

    async def _act(
        self, method: str, path: str, asking: Asking, *, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        answer = await self._services.call(method, f"{_BASE}{path}", token=asking.token, query=query or {}, body=body, headers=asking.who)
        return answer.body


def _job(job: str) -> str:
    if not _ID.fullmatch(job):
        raise NotFound("there is no such job")
    return f"/jobs/{job}"


def _user(user: str) -> str:
    if not _ID.fullmatch(user):
        raise NotFound("there is no such user")
    return f"/users/{user}"


def _of(queue: str | None) -> dict[str, str]:
    return {} if queue is None else {"generator": queue}


def _items(body: Mapping[str, Any]) -> Items:
    following, back_to = body.get("next_cursor"), body.get("searched_back_to")
    return Items(
        tuple(_list(body, "items")),
        None if following is None else str(following),
        tuple(str(one) for one in body.get("missing") or ()),
        None if back_to is None else str(back_to),
    )


def _list(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = body.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _mapping(found: object) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}
