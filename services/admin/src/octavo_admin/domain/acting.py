"""What an admin does to jobs. Each act is written to the audit log before it is done: a crash in between leaves an entry of what did not
happen, never a deed without an entry. One that is refused then gets an entry of that, too.

Any number of admins at once: a job is cancelled or replayed by the job contract's own rules, and whoever comes second is told so.
"""

from __future__ import annotations

import re
from dataclasses import replace

import structlog

from octavo_admin.domain.model import Act, Admin, JobFilter, JobView
from octavo_admin.domain.ports import JobDesk, Journal
from octavo_core.errors import Conflict, NotFound, OctavoError

log = structlog.get_logger(__name__)

AT_ONCE = 100
MAX_BULK = 500
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Acts:
    def __init__(self, desk: JobDesk, journal: Journal) -> None:
        self._desk = desk
        self._journal = journal

    async def cancel(self, admin: Admin, job: str, generator: str | None) -> JobView:
        """Raises `NotFound`, `Conflict` when it has ended, and what the journal raises."""
        view = await self.known(job, generator)
        act = _act(admin, "job_cancel", view)
        await self._journal.write(act)
        try:
            return await self._desk.cancel(view.id, view.generator)
        except (NotFound, Conflict):
            await self._refused(act)
            raise

    async def replay(self, admin: Admin, job: str, generator: str | None) -> JobView:
        """A dead letter, or a job that was cancelled, begins afresh. Raises `NotFound`, `Conflict`, and what the journal raises."""
        view = await self.known(job, generator)
        act = _act(admin, "job_replay", view)
        await self._journal.write(act)
        if not await self._desk.replay([view.id], view.generator):
            await self._refused(act)
            raise Conflict("only a failed or cancelled job can be run again")
        return await self.known(view.id, view.generator)

    async def replay_dead_letters(self, admin: Admin, generator: str, limit: int, accepted_to: int | None) -> tuple[int, bool]:
        """How many were, the newest first, and whether there may be more. One that another admin replays meanwhile counts for them."""
        await self._journal.write(Act(admin, "dead_letters_replay", f"{generator}: at most {limit}"))
        replayed, before, more = 0, None, True
        while more and replayed < limit:
            wanted = min(AT_ONCE, limit - replayed)
            page = await self._desk.page(
                JobFilter(limit=wanted, before=before, states=("failed",), generator=generator, accepted_to=accepted_to)
            )
            more = len(page.items) == wanted
            if page.items:
                replayed += len(await self._desk.replay([job.id for job in page.items], generator))
                before = page.items[-1].id
        log.info("dead letters were replayed", generator=generator, jobs=replayed, admin=admin.user)
        return replayed, more

    async def known(self, job: str, generator: str | None) -> JobView:
        found = await self._desk.get(job, generator)
        if found is None:
            raise NotFound("there is no such job")
        return found

    async def _refused(self, act: Act) -> None:
        try:
            await self._journal.write(replace(act, outcome="refused"))
        except OctavoError as error:
            log.warning("a refusal is not in the audit log", action=act.action, error=error.code)


def _act(admin: Admin, action: str, job: JobView) -> Act:
    # The audit log knows people by their ids; services and whoever sent no token have none.
    subject = job.user if job.user is not None and _UUID.fullmatch(job.user) else None
    return Act(admin, action, f"{job.generator} {job.id}", subject)
