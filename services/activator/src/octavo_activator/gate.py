"""One generator's gate: shut while it sleeps or starts, open once it answers. Who waits here is told when it opens, and what the
start is at meanwhile."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from octavo_activator import metrics
from octavo_activator.held import HeldJob
from octavo_activator.routes import Key, Phase, Route
from octavo_core.clock import Clock

MESSAGES_KEPT = 64
ASLEEP = "asleep; it has been called"


@dataclass(frozen=True, slots=True)
class Message:
    """What a start was at, and since when; `number` counts the messages of this gate."""

    number: int
    at_ms: int
    text: str


@dataclass(eq=False, slots=True)
class Watch:
    """Someone who waits for one job: woken by what happens to it, and by each message of its generator's start."""

    job: str
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    taken_as: str | None = None
    """The id under which the generator took it over; None while it has not."""
    ended: HeldJob | None = None
    """Cancelled or failed without the generator."""

    @property
    def is_over(self) -> bool:
        return self.taken_as is not None or self.ended is not None

    async def stir(self, timeout_s: float) -> bool:
        """Until something happens; false when the time has passed without."""
        try:
            async with asyncio.timeout(timeout_s):
                await self.stirred.wait()
        except TimeoutError:
            return False
        self.stirred.clear()
        return True


class Gate:
    def __init__(self, route: Route, clock: Clock) -> None:
        self.route = route
        self._clock = clock
        self._opened = asyncio.Event()
        self._watches: dict[str, set[Watch]] = {}
        self._turn = itertools.count()
        self._numbers = itertools.count(1)
        self.messages: deque[Message] = deque(maxlen=MESSAGES_KEPT)
        self.is_dismissed = False
        """The generator is answered for no more: who still waits here waits in vain, and shall come again."""
        self.waiting_requests = 0
        self.waiting_since_ms: int | None = None
        self._say(_stage(route))
        self._set_open(_is_ready(route))

    @property
    def key(self) -> Key:
        return self.route.key

    def split(self, path: str) -> tuple[str, str]:
        """Of a request: what stands before, and the path as the generator's own API knows it."""
        prefix = f"/generators/{self.key.name}"
        root = prefix if path.startswith(f"{prefix}/") else ""
        return root, path[len(root) :]

    @property
    def phase(self) -> Phase:
        return self.route.phase

    @property
    def is_open(self) -> bool:
        return self._opened.is_set()

    @property
    def message(self) -> str:
        return self.messages[-1].text

    def update(self, route: Route) -> None:
        before, self.route = self.route, route
        if _stage(route) != _stage(before):
            self._say(_stage(route))
        if _is_ready(route):
            self._set_open(True)
        elif (route.phase, route.pods) != (before.phase, before.pods):
            # What a probe found out holds for as long as the operator says the same.
            self._set_open(False)

    def dismiss(self) -> None:
        self.is_dismissed = True
        self._stir_all()

    def open_early(self, pods: tuple[str, ...]) -> None:
        """A pod answers that it is ready; the operator has not heard of it yet."""
        if self.route.phase == "starting" and self.route.pods == pods:
            self._set_open(True)

    def addresses(self) -> list[str]:
        """Base URLs to try, in this order; another pod first at each call. Pods before the Service, which may lead back here."""
        pods = self.route.pods
        first = next(self._turn) % len(pods) if pods else 0
        bases = [f"http://{pod}" for pod in (*pods[first:], *pods[:first])][:3]
        if self.route.target is not None and self.route.phase == "ready":
            bases.append(self.route.target)
        return bases

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Someone waits for the start: the operator hears of it and wakes the generator."""
        self.waiting_requests += 1
        metrics.WAITING_REQUESTS.inc()
        if self.waiting_since_ms is None:
            self.waiting_since_ms = self._clock.now_ms()
        try:
            yield
        finally:
            self.waiting_requests -= 1
            metrics.WAITING_REQUESTS.dec()
            if self.waiting_requests == 0:
                self.waiting_since_ms = None

    async def until_open(self) -> None:
        await self._opened.wait()

    @contextmanager
    def watch(self, job_id: str) -> Iterator[Watch]:
        """From before the job is read on, so that nothing is missed between."""
        watch = Watch(job_id)
        self._watches.setdefault(job_id, set()).add(watch)
        try:
            yield watch
        finally:
            mine = self._watches[job_id]
            mine.discard(watch)
            if not mine:
                del self._watches[job_id]

    def taken(self, job_id: str, taken_as: str) -> None:
        for watch in self._watches.get(job_id, ()):
            watch.taken_as = taken_as
            watch.stirred.set()

    def ended(self, job: HeldJob) -> None:
        for watch in self._watches.get(job.id, ()):
            watch.ended = job
            watch.stirred.set()

    def _say(self, text: str) -> None:
        # Strictly later than the one before, because the time is the event's id.
        at_ms = max(self._clock.now_ms(), self.messages[-1].at_ms + 1 if self.messages else 0)
        self.messages.append(Message(next(self._numbers), at_ms, text))
        self._stir_all()

    def _stir_all(self) -> None:
        for watch in itertools.chain.from_iterable(self._watches.values()):
            watch.stirred.set()

    def _set_open(self, is_open: bool) -> None:
        if is_open:
            self._opened.set()
        else:
            self._opened.clear()


def _is_ready(route: Route) -> bool:
    return route.phase == "ready" and bool(route.pods or route.target)


def _stage(route: Route) -> str:
    match route.phase:
        case "asleep":
            return route.message or ASLEEP
        case "starting":
            return f"starting: {route.message}" if route.message else "starting"
        case "ready":
            return "started"
