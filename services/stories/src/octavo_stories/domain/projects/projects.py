"""What people do with their projects. Every call is scoped to an owner: another's project is as good as absent."""

from __future__ import annotations

import orjson

from octavo_core.errors import NotFound, PreconditionFailed, QuotaReached, Unavailable
from octavo_core.ids import generate_uuid
from octavo_documents import Body, Collection, Document, DocumentStore, Page, Query
from octavo_jobs.context import JobContext
from octavo_jobs.errands import Errands
from octavo_jobs.lifecycle import Job, Policy
from octavo_stories.domain.projects.model import EPISODES, MAX_EPISODES, PROJECTS

CASCADE = "projects.cascade"
_CASCADE_POLICY = Policy(max_attempts=6, timeout_ms=60_000, retry_base_ms=1_000, retry_max_ms=10_000)
_TRIES = 10


class Projects:
    def __init__(self, store: DocumentStore, errands: Errands, *, max_projects: int) -> None:
        self._store = store
        self._errands = errands
        self._max_projects = max_projects

    async def create(self, owner: str, body: Body) -> Document:
        """Raises `QuotaReached`. Two at the same moment may both get the last place."""
        if await self._store.count(PROJECTS, owner=owner) >= self._max_projects:
            raise QuotaReached(f"you have {self._max_projects} projects, and more are not kept; delete one first")
        return await self._store.insert(PROJECTS, generate_uuid(), owner=owner, body=body)

    async def read(self, project: str, *, owner: str | None) -> Document:
        return _found(await self._store.get(PROJECTS, project, owner=owner), "project")

    async def page(self, query: Query) -> Page:
        return await self._store.page(PROJECTS, query)

    async def edit(self, project: str, changes: Body, *, owner: str, version: int | None) -> Document:
        return await self._edit(PROJECTS, await self.read(project, owner=owner), changes, version=version, what="project")

    async def delete(self, project: str, *, owner: str, version: int | None) -> None:
        """The document at once; its episodes by a job, which is durable before the document goes and waits until it is gone."""
        _check_version(await self.read(project, owner=owner), version)
        await self._errands.send(CASCADE, generate_uuid(), owner=owner, request={"project": project}, policy=_CASCADE_POLICY)
        if not await self._store.remove(PROJECTS, project, owner=owner, version=version):
            raise NotFound("there is no such project") if version is None else PreconditionFailed("it was changed just now")

    async def cascade(self, job: Job, context: JobContext) -> str:
        """The handler of what a deleted project leaves. Idempotent. Raises `Unavailable` while the project is still there: whoever deletes
        it has not come so far yet, or has failed."""
        project = orjson.loads(job.request)["project"]
        if await self._store.get(PROJECTS, project, owner=job.owner) is not None:
            if job.failures + 1 < job.policy.max_attempts:
                raise Unavailable("the project is still there", retry_after=1)
            return orjson.dumps({"removed": 0}).decode()
        return orjson.dumps({"removed": await self._store.remove_where(EPISODES, owner=job.owner, where={"project": project})}).decode()

    async def add_episode(self, project: str, body: Body, *, owner: str) -> Document:
        """`number` None: behind the last one. Two that are added at the same moment may get the same number. Raises `QuotaReached`."""
        await self.read(project, owner=owner)
        if await self._store.count(EPISODES, owner=owner, where={"project": project}) >= MAX_EPISODES:
            raise QuotaReached(f"the project has {MAX_EPISODES} episodes, and more are not kept")
        number = body["number"] or await self._next_number(project, owner)
        made = await self._store.insert(EPISODES, generate_uuid(), owner=owner, body={**body, "project": project, "number": number})
        if await self._store.get(PROJECTS, project, owner=owner) is None:
            # Deleted meanwhile, and what removes its episodes may have been here before this one.
            await self._store.remove(EPISODES, made.id, owner=owner)
            raise NotFound("there is no such project")
        return made

    async def episode(self, project: str, episode: str, *, owner: str | None) -> Document:
        await self.read(project, owner=owner)
        found = _found(await self._store.get(EPISODES, episode, owner=owner), "episode")
        if found.body["project"] != project:
            raise NotFound("there is no such episode")
        return found

    async def episodes(self, project: str, *, owner: str | None, sort: str, descending: bool, limit: int, cursor: str | None) -> Page:
        seen = await self.read(project, owner=owner)
        return await self._store.page(
            EPISODES, Query(seen.owner, where={"project": project}, sort=sort, descending=descending, limit=limit, cursor=cursor)
        )

    async def edit_episode(self, project: str, episode: str, changes: Body, *, owner: str, version: int | None) -> Document:
        return await self._edit(EPISODES, await self.episode(project, episode, owner=owner), changes, version=version, what="episode")

    async def delete_episode(self, project: str, episode: str, *, owner: str, version: int | None) -> None:
        _check_version(await self.episode(project, episode, owner=owner), version)
        if not await self._store.remove(EPISODES, episode, owner=owner, version=version):
            raise NotFound("there is no such episode") if version is None else PreconditionFailed("it was changed just now")

    async def erase(self, owner: str) -> None:
        """Everything of a person whose account is gone. Idempotent; raises `Unavailable` when it must be asked for again."""
        await self._errands.forget_all_of(owner, (CASCADE,))
        await self._store.remove_all_of([EPISODES, PROJECTS], owner)

    async def _next_number(self, project: str, owner: str) -> int:
        last = await self._store.page(EPISODES, Query(owner, where={"project": project}, sort="number", descending=True, limit=1))
        return int(last.items[0].body["number"]) + 1 if last.items else 1

    async def _edit(self, collection: Collection, seen: Document, changes: Body, *, version: int | None, what: str) -> Document:
        current: Document | None = seen
        for _ in range(_TRIES):
            if current is None:
                raise NotFound(f"there is no such {what}")
            _check_version(current, version)
            body = {**current.body, **changes}
            if body == current.body:
                return current
            changed = await self._store.replace(collection, current, body)
            if changed is not None:
                return changed
            current = await self._store.get(collection, seen.id, owner=seen.owner)
        raise Unavailable(f"too many change this {what} at once", retry_after=1)


def _found(document: Document | None, what: str) -> Document:
    if document is None:
        raise NotFound(f"there is no such {what}")
    return document


def _check_version(seen: Document, version: int | None) -> None:
    if version is not None and seen.version != version:
        raise PreconditionFailed(f"it is version {seen.version} by now; read it again before you change it")
