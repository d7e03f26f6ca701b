"""Jobs of a cluster: each generator has a database of its own, and is asked by its API with the service's token, which sees everybody's.

A generator is called `namespace/name` here. One that sleeps is asked only by name: a request wakes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from octavo_admin.adapters.calling import Answer, Calls
from octavo_admin.domain.cursors import encode_cursor
from octavo_admin.domain.model import JobFilter, JobPage, JobView
from octavo_admin.domain.ports import ControlPlane
from octavo_core.clock import to_iso
from octavo_core.errors import Conflict, NotFound, OctavoError, Unavailable
from octavo_core.identity import ServiceTokens

AT_ONCE = 8
_PAGE_MAX = 100


@dataclass(frozen=True, slots=True)
class Target:
    key: str
    url: str
    sleeps: bool

    def is_meant_by(self, generator: str) -> bool:
        return generator in (self.key, self.key.rpartition("/")[2])


class GeneratorJobs:
    """See `ports.JobDesk`."""

    def __init__(self, control: ControlPlane, tokens: ServiceTokens, calls: Calls) -> None:
        self._control = control
        self._tokens = tokens
        self._calls = calls

    async def page(self, wanted: JobFilter) -> JobPage:
        targets = await self._targets(wanted.generator)
        asked = [target for target in targets if wanted.generator is not None or not target.sleeps]
        found = await self._each(asked, lambda target: self._page(target, wanted))
        missing = [f"{target.key}: sleeps; ask for it by its name, and it wakes" for target in targets if target not in asked]
        items: list[JobView] = []
        for target, one in zip(asked, found, strict=True):
            if isinstance(one, OctavoError):
                missing.append(f"{target.key}: {one.message}")
            else:
                items += one
        if asked and len(missing) == len(targets):
            raise Unavailable("; ".join(missing)[:1_000], retry_after=2)
        items.sort(key=lambda job: job.id, reverse=True)
        return JobPage(tuple(items[: wanted.limit]), tuple(missing))

    async def get(self, job: str, generator: str | None) -> JobView | None:
        targets = [target for target in await self._targets(generator) if generator is not None or not target.sleeps]
        found = await self._each(targets, lambda target: self._get(target, job))
        views = [one for one in found if isinstance(one, JobView)]
        failures = [one for one in found if isinstance(one, OctavoError)]
        if not views and failures:
            raise failures[0]
        return views[0] if views else None

    async def cancel(self, job: str, generator: str) -> JobView:
        target = await self._target(generator)
        answer = await self._ask(target, "DELETE", f"/api/v1/generate/{job}")
        return _view(target, _body(target, answer, 200, 202))

    async def replay(self, jobs: Sequence[str], generator: str) -> list[str]:
        target, turns = await self._target(generator), asyncio.Semaphore(AT_ONCE)

        async def one(job: str) -> str | None:
            async with turns:
                try:
                    _body(target, await self._ask(target, "POST", f"/api/v1/generate/{job}/replay"), 202)
                except (Conflict, NotFound):
                    return None
                return job

        return [job for job in await asyncio.gather(*map(one, jobs)) if job is not None]

    async def close(self) -> None:
        """Holds nothing of its own."""

    async def _targets(self, generator: str | None) -> list[Target]:
        found = [
            Target(f"{view.namespace}/{view.name}", view.url.rstrip("/"), view.state == "sleeping")
            for view in await self._control.generators()
            if view.url is not None
        ]
        return [target for target in found if generator is None or target.is_meant_by(generator)]

    async def _target(self, generator: str) -> Target:
        found = await self._targets(generator)
        if not found:
            raise NotFound("there is no such generator")
        if len(found) > 1:
            raise Conflict(f"there are several generators of that name: {', '.join(target.key for target in found)}")
        return found[0]

    async def _each(self, targets: Sequence[Target], ask: Any) -> list[Any]:
        """What each answers, or the error that it does not."""
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(target: Target) -> Any:
            async with turns:
                try:
                    return await ask(target)
                except OctavoError as error:
                    return error

        return list(await asyncio.gather(*map(one, targets)))

    async def _page(self, target: Target, wanted: JobFilter) -> list[JobView]:
        query = [("limit", str(min(wanted.limit, _PAGE_MAX))), *(("status", state) for state in wanted.states)]
        if wanted.before is not None:
            query.append(("cursor", encode_cursor(wanted.before)))
        if wanted.user is not None:
            query.append(("user", wanted.user))
        if wanted.accepted_from is not None:
            query.append(("after", to_iso(wanted.accepted_from)))
        if wanted.accepted_to is not None:
            query.append(("before", to_iso(wanted.accepted_to)))
        body = _body(target, await self._ask(target, "GET", "/api/v1/jobs", query), 200)
        return [_view(target, item) for item in body.get("items", ()) if isinstance(item, dict)]

    async def _get(self, target: Target, job: str) -> JobView | None:
        try:
            return _view(target, _body(target, await self._ask(target, "GET", f"/api/v1/generate/{job}"), 200))
        except NotFound:
            return None

    async def _ask(self, target: Target, method: str, path: str, query: list[tuple[str, str]] | None = None) -> Answer:
        return await self._calls.ask(method, target.url + path, token=await self._tokens.token(), query=query)


def _body(target: Target, answer: Answer, *good: int) -> dict[str, Any]:
    body = answer.json()
    if answer.status in good and isinstance(body, dict):
        return body
    if answer.status == 404:
        raise NotFound("there is no such job")
    if answer.status == 409:
        raise Conflict(answer.said())
    raise Unavailable(f"{target.key}: {answer.said()}")


def _view(target: Target, body: dict[str, Any]) -> JobView:
    try:
        timings = body["timings"]
        return JobView(
            id=str(body["generation_id"]),
            generator=target.key,
            user=body.get("user"),
            status=body["status"],
            attempt=int(body.get("attempt", 0)),
            failures=int(body.get("failures", 0)),
            cancel_requested=bool(body.get("cancel_requested")),
            accepted_at=str(timings["accepted_at"]),
            started_at=timings.get("started_at"),
            ended_at=timings.get("ended_at"),
            correlation_id=str(body.get("correlation_id", "")),
            error=body.get("error"),
            progress=body.get("progress"),
            usage=body.get("usage"),
            provider=body.get("provider"),
        )
    except (KeyError, TypeError, ValueError):
        raise Unavailable(f"{target.key}: answers with something else than a job") from None
