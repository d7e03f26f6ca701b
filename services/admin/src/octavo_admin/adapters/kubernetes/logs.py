"""Pods' logs through the Kubernetes API. It can give the newest lines of a container and those that follow, and nothing in between: so a
search looks at so many of the newest lines of each container, and says how far back that led."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import structlog

from octavo_admin.adapters.kubernetes.api import KubeApi
from octavo_admin.adapters.merging import moment_of, placed
from octavo_admin.domain.log_lines import LogLine, LogPage, LogQuery, read_line
from octavo_admin.domain.moments import of_nanoseconds, with_nanoseconds
from octavo_core.errors import NotFound, OctavoError, Unavailable
from octavo_jobs.ending import end_task

log = structlog.get_logger(__name__)

AT_ONCE = 8
MAX_STREAMS = 200
LOOK_EVERY_S = 5.0
"""How often a tail looks for pods that are new, and opens again what has ended."""
_GATHERED = 1_000


@dataclass(frozen=True, slots=True)
class Container:
    namespace: str
    pod: str
    name: str

    @property
    def source(self) -> str:
        return f"{self.namespace}/{self.pod}/{self.name}"

    @property
    def path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/pods/{self.pod}/log"


class KubernetesLogs:
    """See `ports.LogSource`. Needs list on pods and get on pods/log."""

    def __init__(self, api: KubeApi, *, namespaces: Sequence[str], selector: str, newest: int) -> None:
        """`namespaces` empty: all. `newest`: lines of each container that a search looks at."""
        self._api = api
        self._namespaces = tuple(namespaces)
        self._selector = selector
        self._newest = newest

    async def search(self, query: LogQuery, *, limit: int, before: str | None) -> LogPage:
        if before is not None:
            moment_of(before)
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(container: Container) -> tuple[list[LogLine], str | None] | Unavailable:
            async with turns:
                try:
                    return await self._of(container, query, limit + 1, before)
                except NotFound:
                    return [], None  # it has gone meanwhile
                except Unavailable as error:
                    # Its node does not answer: the others' lines are worth having.
                    log.warning("the logs of a pod cannot be read", pod=container.source, error=error.message)
                    return error

        answers = await asyncio.gather(*(one(container) for container in await self._containers()))
        found = [answer for answer in answers if not isinstance(answer, Unavailable)]
        if answers and not found:
            raise next(answer for answer in answers if isinstance(answer, Unavailable))
        lines = sorted((line for some, _ in found for line in some), key=lambda line: line.position, reverse=True)
        bounds = [bound for _, bound in found if bound is not None]
        if len(lines) > limit:
            return LogPage(tuple(lines[:limit]), next=lines[limit - 1].position)
        return LogPage(tuple(lines), searched_back_to=max(bounds, default=None))

    @asynccontextmanager
    async def follow(self, query: LogQuery) -> AsyncIterator[AsyncIterator[LogLine]]:
        """May begin with what was written in the second before."""
        following = _Following(self._api, query, of_nanoseconds(time.time_ns()))
        following.take_up(await self._containers())
        looking = asyncio.create_task(self._look_again(following), name="look for pods")
        try:
            async with aclosing(following.lines()) as lines:
                yield lines
        finally:
            await end_task(looking)
            await following.close()

    async def close(self) -> None:
        """The API is its opener's."""

    async def _of(self, container: Container, query: LogQuery, most: int, before: str | None) -> tuple[list[LogLine], str | None]:
        """The newest that are asked for, and the moment of the oldest that was looked at where that was not all there is."""
        asked = {"container": container.name, "timestamps": "true", "tailLines": str(self._newest)}
        if query.since is not None:
            asked["sinceTime"] = f"{query.since[:19]}Z"
        text = await self._api.text(container.path, asked)
        return await asyncio.to_thread(self._pick, container, text, query, most, before)

    def _pick(self, container: Container, text: str, query: LogQuery, most: int, before: str | None) -> tuple[list[LogLine], str | None]:
        stamped = list(placed(_stamped(text.splitlines()), container.source))
        found: list[LogLine] = []
        for position, moment, said in reversed(stamped):
            if (before is not None and position >= before) or not query.may_hold_in(said):
                continue
            if query.holds_for(line := read_line(said, position=position, source=container.source, at=moment)):
                found.append(line)
                if len(found) == most:
                    break
        return found, stamped[0][1] if len(stamped) >= self._newest else None

    async def _containers(self) -> list[Container]:
        if self._namespaces:
            lists = await asyncio.gather(
                *(self._api.items(f"/api/v1/namespaces/{namespace}/pods", self._selector) for namespace in self._namespaces)
            )
            pods = [pod for some in lists for pod in some]
        else:
            pods = await self._api.items("/api/v1/pods", self._selector)
        found = [
            Container(str(pod["metadata"]["namespace"]), str(pod["metadata"]["name"]), str(container["name"]))
            for pod in pods
            for container in (pod.get("status") or {}).get("containerStatuses") or ()
            if "waiting" not in (container.get("state") or {}) or container.get("restartCount")
        ]
        if len(found) > MAX_STREAMS:
            log.warning("there are more containers than are read", containers=len(found), read=MAX_STREAMS)
        return found[:MAX_STREAMS]

    async def _look_again(self, following: _Following) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                following.take_up(await self._containers())
            except OctavoError as error:
                log.warning("a tail cannot look for pods", error=error.message)


class _Following:
    """One tail: a task for each container, all into one queue, which holds them up while it is full."""

    def __init__(self, api: KubeApi, query: LogQuery, since: str) -> None:
        self._api = api
        self._query = query
        self._seen: dict[Container, str] = {}
        self._since = since
        self._tasks: dict[Container, asyncio.Task[None]] = {}
        self._gathered: asyncio.Queue[LogLine] = asyncio.Queue(_GATHERED)

    def take_up(self, containers: Sequence[Container]) -> None:
        for gone in [container for container, task in self._tasks.items() if task.done()]:
            del self._tasks[gone]
        for container in containers:
            if container not in self._tasks:
                self._tasks[container] = asyncio.create_task(self._read(container), name=f"follow {container.source}")

    async def lines(self) -> AsyncGenerator[LogLine, None]:
        while True:
            yield await self._gathered.get()

    async def close(self) -> None:
        for task in self._tasks.values():
            await end_task(task)

    async def _read(self, container: Container) -> None:
        seen = self._seen.get(container, "")
        since = max(seen, self._since)
        asked = {"container": container.name, "timestamps": "true", "follow": "true", "sinceTime": f"{since[:19]}Z"}
        try:
            async with self._api.lines(container.path, asked) as raw:
                async for said in raw:
                    for position, moment, text in placed(_stamped([said]), container.source):
                        if moment <= seen:
                            continue
                        self._seen[container] = moment
                        if self._query.may_hold_in(text) and self._query.holds_for(
                            line := read_line(text, position=position, source=container.source, at=moment)
                        ):
                            await self._gathered.put(line)
        except OctavoError as error:
            log.info("a pod's log has ended", pod=container.source, error=error.message)


def _stamped(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """`2026-11-28T13:00:00.1Z text`, as `timestamps=true` gives them."""
    for line in lines:
        stamp, _, text = line.partition(" ")
        moment = with_nanoseconds(stamp)
        if moment is not None:
            yield moment, text
