"""What the admin API needs of the installation. Each port has an adapter for the laptop and one for the cluster, under one suite.

Common to all: any number of calls of one loop at once; every call ends within seconds; `Unavailable` where what must be asked does not
answer. Nothing is tried again in here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from octavo_admin.domain.log_lines import LogLine, LogPage, LogQuery
from octavo_admin.domain.model import Act, GeneratorView, JobEvent, JobFilter, JobPage, JobView, ProcessView, Reply, ServiceView


class ControlPlane(Protocol):
    """What runs. Reads only."""

    async def services(self) -> list[ServiceView]:
        """One that does not answer is `unreachable`, and no error."""
        ...

    async def processes(self) -> list[ProcessView]: ...

    async def generators(self) -> list[GeneratorView]:
        """By name. Cheap; `recent`, and of `cost` all but the sum of today, may be missing."""
        ...

    async def reported(self, views: Sequence[GeneratorView]) -> list[GeneratorView]:
        """The same with recent work and the whole cost, as far as they can be had. Wakes nobody."""
        ...

    async def close(self) -> None: ...


class JobDesk(Protocol):
    """Jobs of everybody: the generators', and the lanes of the services (mails, cascades, webhooks). `generator` is a queue's name, which
    saves asking all of them."""

    async def page(self, wanted: JobFilter) -> JobPage:
        """A source that does not answer is named in `missing`. Raises `Unavailable` when none does."""
        ...

    async def get(self, job: str, generator: str | None) -> JobView | None: ...

    async def cancel(self, job: str, generator: str) -> JobView:
        """The job after it. Raises `NotFound`, and `Conflict` when it had ended."""
        ...

    async def replay(self, jobs: Sequence[str], generator: str) -> list[str]:
        """Starts failed and cancelled jobs afresh; the ids of those that were. At most 100."""
        ...

    async def close(self) -> None: ...


class JobHistory(Protocol):
    async def of(self, job: JobView, limit: int) -> list[JobEvent]:
        """What is still kept of the job's events, oldest first; tokens are left out. Raises `Unavailable`."""
        ...

    async def close(self) -> None: ...


class LogSource(Protocol):
    """What processes wrote, as lines."""

    async def search(self, query: LogQuery, *, limit: int, before: str | None) -> LogPage:
        """Newest first, those older than the position `before`. A search is bounded by what it reads, not by what it finds. Raises
        `InvalidInput` for a position that is none."""
        ...

    def follow(self, query: LogQuery) -> AbstractAsyncContextManager[AsyncIterator[LogLine]]:
        """Within the block, every line that is written after its beginning, in the order in which the source has them, until the caller
        leaves. What has no reader for long may be dropped by the source. A source that ends raises `Unavailable`."""
        ...

    async def close(self) -> None: ...


class Journal(Protocol):
    async def write(self, act: Act) -> None:
        """Returns when it is durable. Raises `Forbidden` when whoever acts is no admin by now, `Unavailable` where it cannot be written:
        then the act must not happen."""
        ...


class People(Protocol):
    async def ask(
        self, method: str, path: str, *, authorization: str, address: str, query: Sequence[tuple[str, str]] = (), json: object = None
    ) -> Reply:
        """What auth answers to that admin at `/api/auth` + path, as it is. Raises `Unavailable`."""
        ...
