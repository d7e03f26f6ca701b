"""What the routes stand on, opened once per process and shared by all generators that it serves."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from octavo_core.clock import Clock, SystemClock
from octavo_core.errors import OctavoError, Unavailable
from octavo_core.net import Reach
from octavo_core.spec import Storage
from octavo_generation.images import records
from octavo_generation.images.library import ImageLibrary
from octavo_generation.images.opening import open_image_storage
from octavo_generation.images.paths import PICTURES
from octavo_generation.images.retention import sweep_forever
from octavo_generation.images.signing import LinkSigner, read_signing_key
from octavo_generation.policy.ledger import SqlSpendLedger
from octavo_generation.policy.rates import RequestRates
from octavo_generation.scripts.drafts import Drafts
from octavo_generation.scripts.projects import ProjectsApi
from octavo_generation.store import GenerationStore, open_generation_store
from octavo_generation.uploads import UploadLimits
from octavo_jobs.beside import LanesBeside
from octavo_jobs.ending import end_task
from octavo_jobs.events import Event, EventPublisher, add_to_stream
from octavo_jobs.group_commit import GroupCommit
from octavo_jobs.intake import JobIntake
from octavo_jobs.lifecycle import Job
from octavo_jobs.reaper import Reaper
from octavo_jobs.redis_client import open_redis
from octavo_jobs.runner import Lane
from octavo_jobs.store import JobStore, open_store
from octavo_jobs.stream import EventHub
from octavo_jobs.transport import Bell
from octavo_jobs.worker import worker_name

log = structlog.get_logger(__name__)

FORGOTTEN_AT_ONCE = 100

PRUNE_EVERY_S = 6 * 3600.0


@dataclass(slots=True)
class JobServices:
    store: JobStore
    intake: JobIntake
    hub: EventHub
    clock: Clock
    redis: redis.asyncio.Redis
    generation: GenerationStore
    rates: RequestRates
    uploads: UploadLimits
    webhooks: Reach
    """Where a request's `webhook` may lead."""
    home: Path
    pictures: Path
    """Folder of those whose storage is local."""
    signing_key: str | None = field(repr=False)
    looks: GroupCommit[str, Job | None]
    """Reads a job by its id; those who look at the same time share one read."""
    _bell: Bell
    _publisher: EventPublisher
    _reaper: Reaper
    projects: ProjectsApi = field(default_factory=ProjectsApi)
    """Where scripts read what they belong to."""
    libraries: dict[str, ImageLibrary] = field(default_factory=dict)
    """Of the generators that keep pictures, by name; swept for as long as the process lives."""
    _reaping: asyncio.Task[None] | None = None
    _sweeping: asyncio.Task[None] | None = None
    _pruning: Sequence[asyncio.Task[None]] = ()
    answer_by: float = math.inf
    """Until when (`time.monotonic`) callers may wait and follow; a process that is about to end moves it up, and they get a 202 or
    the end of their stream, with which they can go on elsewhere, instead of a broken connection."""

    async def start(self) -> None:
        """Brings the schema up to date, begins to read events and to reap."""
        await self.store.migrate()
        await self.generation.migrate()
        await self.hub.start()
        self._reaping = asyncio.create_task(self._reaper.run_forever(), name="reaper")
        self._sweeping = asyncio.create_task(sweep_forever(self._sweep), name="sweep pictures")
        prune = SqlSpendLedger(self.generation).prune
        drafts = Drafts(self.generation).prune
        self._pruning = (
            asyncio.create_task(sweep_forever(prune, what="old sums of spending", every_s=PRUNE_EVERY_S), name="prune spending"),
            asyncio.create_task(sweep_forever(drafts, what="parts of old scripts", every_s=PRUNE_EVERY_S), name="prune scripts"),
        )

    async def close(self) -> None:
        for task in (self._reaping, self._sweeping, *self._pruning):
            if task is not None:
                await end_task(task)
        await self.intake.close()
        await self.hub.close()
        await self._publisher.close()
        await self._bell.close()
        await self.rates.close()
        await self.projects.close()
        await self.generation.close()
        await self.store.close()
        await self.redis.aclose()

    def beside(self, redis_url: str, lanes: Sequence[Lane]) -> LanesBeside:
        """Jobs that run in this process, on these connections; to be stopped before `close`."""
        return LanesBeside(
            store=self.store,
            publisher=self._publisher,
            bell=self._bell,
            client=self.redis,
            redis_url=redis_url,
            lanes=lanes,
            worker=worker_name(),
        )

    async def erase(self, user: str, *, generator: str | None = None) -> None:
        """A user's pictures, parts of scripts, jobs and events, of one generator or of all, also of those that are served no more. Parts go
        for all generators of this database: they are worth money for a while, and no more than that. Idempotent; raises
        `Unavailable` when something is left."""
        for name in await self.generation.transactions.read(lambda connection: records.generators_of(connection, user)):
            if generator in (None, name):
                library = self._library(name)
                await library.erase(user, generator=name)
                # Nobody else sweeps for one that is served no more.
                await library.sweep(generator=name)
        queues = None if generator is None else [generator]
        await Drafts(self.generation).forget(user)
        while await self.store.forget(user, queues, FORGOTTEN_AT_ONCE) == FORGOTTEN_AT_ONCE:
            pass
        try:
            await self.hub.forget(user)
            await self.hub.webhooks.forget(user)
        except (RedisError, OSError):
            raise Unavailable("events cannot be deleted; Redis does not answer", retry_after=5) from None

    def _library(self, generator: str) -> ImageLibrary:
        """Of one that is served no more only its folder is known. Raises `Unavailable`."""
        if (library := self.libraries.get(generator)) is not None:
            return library
        folder = self.pictures / generator
        if not folder.is_dir():
            log.error("pictures of a generator lie in a storage that is not known any more; serve it once more", generator=generator)
            raise Unavailable(f"pictures of {generator} lie in a storage that is not known here any more")
        # Bytes are removed without being read: no key is needed for those that were encrypted.
        return ImageLibrary(self.generation, open_image_storage(Storage(), folder=folder, environment={}))

    def signer(self) -> LinkSigner:
        """Raises `Misconfigured` for a key that cannot be used."""
        return LinkSigner(self.clock, read_signing_key(self.signing_key, self.home))

    async def _sweep(self) -> int:
        """One library whose storage is away keeps no other waiting."""
        removed, failure = 0, None
        for name, library in list(self.libraries.items()):
            try:
                removed += await library.sweep(generator=name)
            except OctavoError as error:
                failure = error
        if failure is not None:
            raise failure
        return removed

    async def check_database(self) -> None:
        await self.store.ping()

    async def check_redis(self) -> None:
        try:
            await self.redis.ping()
        except (RedisError, OSError) as error:
            raise Unavailable(f"Redis does not answer ({type(error).__name__})") from None


def open_job_services(
    *,
    database_url: str,
    redis_url: str,
    events_redis_url: str | None = None,
    clock: Clock | None = None,
    home: Path = Path(".octavo"),
    pictures: Path | None = None,
    signing_key: str | None = None,
    uploads: UploadLimits | None = None,
    webhooks: Reach | None = None,
) -> JobServices:
    """Nothing is connected before `start`. `events_redis_url`: where the streams of events are, if not beside the bell. `home` holds
    the pictures and the key of links, where `pictures` and `signing_key` are not given."""
    clock = clock or SystemClock()
    store = open_store(database_url, clock)
    client = open_redis(redis_url)
    bell = Bell(redis_url) if events_redis_url is None else _BellApart(redis_url, events_redis_url)
    publisher = EventPublisher(client if events_redis_url is None else open_redis(events_redis_url), store)
    return JobServices(
        store=store,
        intake=JobIntake(store, bell, publisher, client),
        hub=EventHub(open_redis(events_redis_url or redis_url)),
        clock=clock,
        redis=client,
        generation=open_generation_store(database_url, clock),
        rates=RequestRates(redis_url),
        uploads=uploads or UploadLimits(),
        webhooks=webhooks or Reach(path="webhook"),
        home=home,
        pictures=home / PICTURES if pictures is None else pictures,
        signing_key=signing_key,
        looks=GroupCommit(store.get_many, linger_max_s=0),
        _bell=bell,
        _publisher=publisher,
        _reaper=Reaper(store=store, bell=bell, publisher=publisher, client=client, clock=clock),
    )


class _BellApart(Bell):
    """Where the streams are in another Redis than the bell's list, two steps are needed: first the events, then the ring."""

    def __init__(self, redis_url: str, events_redis_url: str) -> None:
        super().__init__(redis_url)
        self._events_client = open_redis(events_redis_url, max_connections=4)

    async def ring(self, queue: str, ids: Sequence[str], *, per_message: int = 16, events: Sequence[Event] = ()) -> bool:
        if events:
            pipeline = self._events_client.pipeline(transaction=False)
            add_to_stream(pipeline, events)
            try:
                await pipeline.execute()
            except (RedisError, OSError) as error:
                # The reaper says it again; the job itself does not wait for it.
                log.warning("events wait for Redis", events=len(events), error=type(error).__name__)
        return await super().ring(queue, ids, per_message=per_message)

    async def close(self) -> None:
        await super().close()
        await self._events_client.aclose()
