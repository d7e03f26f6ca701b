"""Several desks as one, for a cluster: the generators' and the platform's own lanes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from octavo_admin.domain.model import JobFilter, JobPage, JobView
from octavo_admin.domain.ports import JobDesk
from octavo_core.errors import NotFound, OctavoError, Unavailable


class JoinedJobs:
    """See `ports.JobDesk`. A job is its first desk's that knows it; ids are unique."""

    def __init__(self, desks: Sequence[JobDesk]) -> None:
        self._desks = desks

    async def page(self, wanted: JobFilter) -> JobPage:
        pages = await asyncio.gather(*(desk.page(wanted) for desk in self._desks), return_exceptions=True)
        items: list[JobView] = []
        missing: list[str] = []
        failures = 0
        for page in pages:
            if isinstance(page, OctavoError):
                failures += 1
                missing.append(page.message)
            elif isinstance(page, BaseException):
                raise page
            else:
                items += page.items
                missing += page.missing
        if failures == len(self._desks):
            raise Unavailable("; ".join(missing)[:1_000], retry_after=2)
        items.sort(key=lambda job: job.id, reverse=True)
        return JobPage(tuple(items[: wanted.limit]), tuple(missing))

    async def get(self, job: str, generator: str | None) -> JobView | None:
        found = await self._find(job, generator)
        return None if found is None else found[1]

    async def cancel(self, job: str, generator: str) -> JobView:
        found = await self._find(job, generator)
        if found is None:
            raise NotFound("there is no such job")
        return await found[0].cancel(job, generator)

    async def replay(self, jobs: Sequence[str], generator: str) -> list[str]:
        found = None if not jobs else await self._find(jobs[0], generator)
        return [] if found is None else await found[0].replay(jobs, generator)

    async def close(self) -> None:
        for desk in self._desks:
            await desk.close()

    async def _find(self, job: str, generator: str | None) -> tuple[JobDesk, JobView] | None:
        """Raises what a desk raises only when no other knows the job."""
        failure: OctavoError | None = None
        for desk in self._desks:
            try:
                view = await desk.get(job, generator)
            except OctavoError as error:
                failure = error
                continue
            if view is not None:
                return desk, view
        if failure is not None:
            raise failure
        return None
