"""The operator's composition root: settings, the API server, feeds, leases, queue, probes. Nothing is connected before `run`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from octavo_core.errors import Misconfigured
from octavo_core.garbage import freeze_what_is_loaded
from octavo_core.settings import read_settings
from octavo_core.telemetry.logs import configure_logging, get_service_logger
from octavo_core.telemetry.tracing import configure_tracing
from octavo_operator import names
from octavo_operator.activator import Activator, ActivatorClient
from octavo_operator.backlog import Backlogs
from octavo_operator.cluster import ApiError, Cluster
from octavo_operator.connection import find_connection
from octavo_operator.events import Recorder
from octavo_operator.families import Families
from octavo_operator.handlers import ResourceFeed, quieten
from octavo_operator.health import STUCK_S, Heartbeat, serve
from octavo_operator.kinds import (
    CHILD_KINDS,
    ENDPOINT_SLICE,
    GENERATOR_SERVICE,
    OPTIONAL_KINDS,
    POD,
    SECRET,
    WHOLE_KINDS,
    Kind,
)
from octavo_operator.leases import Durations, Leadership
from octavo_operator.metrics import QUEUE_DEPTH, QUEUE_WAIT_SECONDS, RESOURCES, WATCH_AGE_SECONDS
from octavo_operator.queue import Queue
from octavo_operator.reach import ByProxy, ByService
from octavo_operator.reconcile import Reconciler, Sizes
from octavo_operator.resource import Key
from octavo_operator.scaling import ByWork
from octavo_operator.secrets import ForeignSecrets, load_master_key
from octavo_operator.settings import OperatorSettings
from octavo_operator.sizes import AsConfigured
from octavo_operator.watches import Watch

_log = get_service_logger(__name__)

Found = TypeVar("Found")

_OWN_SLICES = f"{names.MANAGED_SELECTOR},endpointslice.kubernetes.io/managed-by!=endpointslice-controller.k8s.io"
"""Without those of Kubernetes' own controller, which copies the labels of the Service onto them."""
_FIRST_LOOK_S = 2.0
_LONGEST_LOOK_S = 15.0
_PURGE_DELAY_S = 5.0
_MANY_MOVING = 50
_LONGEST_WAIT_FACTOR = 4.0


def main() -> None:
    """Ends with 0 after SIGTERM or Ctrl-C, with 1 and one line when a setting or the cluster's access is wrong."""
    settings = read_settings(OperatorSettings)
    configure_logging("octavo-operator", fmt=settings.log_format, level=settings.log_level)
    configure_tracing(
        "octavo-operator",
        settings.otlp_endpoint,
        application_insights=settings.application_insights,
        environment=settings.environment,
    )
    quieten()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run(settings, os.environ))


async def run(settings: OperatorSettings, environment: Mapping[str, str]) -> None:
    """Until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with Cluster(find_connection(environment)) as cluster:
        working = asyncio.create_task(Operator(cluster, settings).run())
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        working.cancel()
        try:
            await working
        except asyncio.CancelledError:
            _log.info("operator_ends")
        except BaseExceptionGroup as group:
            refused = _first_misconfigured(group)
            if refused is None:
                raise
            raise refused from None


class Operator:
    """All parts, put together. `run` until cancelled."""

    def __init__(self, cluster: Cluster, settings: OperatorSettings, identity: str | None = None) -> None:
        self._cluster = cluster
        self._settings = settings
        self._identity = identity or f"{socket.gethostname()}_{uuid4().hex[:8]}"
        self._features: frozenset[str] = frozenset()
        self._queue: Queue[Key] = Queue(on_wait=QUEUE_WAIT_SECONDS.observe)
        self._heartbeat = Heartbeat()
        self._families = Families(self._look_soon, self._gone, self._secret_moved, self._secrets_swept)
        self._leadership = Leadership(
            cluster,
            settings.namespace,
            self._identity,
            shards=settings.shards,
            durations=Durations(settings.lease_seconds, settings.lease_renew_seconds, settings.lease_give_up_seconds),
            gained=self._gained,
            lost=self._lost,
        )
        self._recorder = Recorder(cluster, self._leadership, self._identity)
        self._secrets: ForeignSecrets | None = None
        self._reconciler: Reconciler | None = None
        self._watches: list[Watch] = []
        self._watching: dict[Kind, list[asyncio.Task[None]]] = {}
        self._feed = ResourceFeed(
            cluster.connection,
            settings.watch_namespaces,
            self._families.resource_seen,
            self._resource_deleted,
            self._purge_soon,
        )
        self._listing = asyncio.Lock()
        self._purge = asyncio.Event()
        self._by_work: ByWork | None = None
        self._activator: Activator | None = None
        self._taking_over: dict[int, asyncio.Task[None]] = {}
        self._synced = False
        QUEUE_DEPTH.set_function(lambda: len(self._queue))
        RESOURCES.set_function(lambda: len(self._families))

    async def run(self) -> None:
        settings = self._settings
        with serve(settings.http_host, settings.http_port, alive=self._not_alive, ready=self._not_ready) as port:
            _log.info("operator_starts", identity=self._identity, namespace=settings.namespace, probes=port)
            async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as group:
                group.create_task(self._heartbeat.run())
                await self._wait_for_kind()
                self._features = await self._find_features()
                master_key = await _until(lambda: load_master_key(self._cluster, settings.namespace), "master_key")
                self._secrets = ForeignSecrets(self._cluster, master_key, self._queue.add)
                sizes = await self._make_sizes(stack, group)
                self._reconciler = Reconciler(
                    self._cluster,
                    self._families,
                    self._leadership,
                    self._secrets,
                    master_key,
                    self._recorder,
                    settings,
                    sizes,
                    features=lambda: self._features,
                )
                optional = [kind for kind in OPTIONAL_KINDS if kind.group in self._features]
                self._watches = self._watch_all([*CHILD_KINDS, POD, *optional], group)
                WATCH_AGE_SECONDS.labels(GENERATOR_SERVICE.name).set_function(lambda: self._feed.silence_s)
                # Children first: a resource whose children are not known yet would be taken for new.
                for watch in self._watches:
                    await watch.listed.wait()
                freeze_what_is_loaded()
                self._feed.start()
                self._synced = True
                _log.info("caches_are_warm", watches=len(self._watches))
                group.create_task(self._recorder.run())
                group.create_task(self._purge_now_and_then())
                group.create_task(self._resync())
                group.create_task(self._look_for_features(group))
                group.create_task(self._queue.work(self._reconciler.reconcile, settings.reconcilers))
                try:
                    await self._leadership.run()
                finally:
                    await self._feed.stop()

    async def _make_sizes(self, stack: contextlib.AsyncExitStack, group: asyncio.TaskGroup) -> Sizes:
        """Who says how large a generator is, and the conversations that this takes."""
        settings = self._settings
        if settings.scaling == "resource":
            return AsConfigured()
        session = await stack.enter_async_context(ByService.open_session())
        timeout_s = settings.backlog_timeout_seconds
        backlogs = Backlogs(
            ByService(session, timeout_s=timeout_s) if settings.reach == "service" else ByProxy(self._cluster, timeout_s=timeout_s),
            self._queue.add,
            busy_s=settings.backlog_busy_seconds,
            idle_s=settings.backlog_idle_seconds,
            keep=self._leadership.leads,
        )
        group.create_task(backlogs.run())
        if settings.activator_url is not None:
            if settings.activator_token is None:
                raise Misconfigured("OCTAVO_ACTIVATOR_TOKEN is needed with OCTAVO_ACTIVATOR_URL")
            token = settings.activator_token.get_secret_value()
            self._activator = Activator(
                ActivatorClient(session, settings.activator_url, token),
                self._queue.add,
                parts=settings.shards,
                part_of=lambda key: self._leadership.shard_of(key.namespace),
                leads=self._leadership.leads_shard,
                waiting_s=settings.waiting_poll_seconds,
                routes_s=settings.routes_seconds,
            )
            group.create_task(self._activator.run())
        self._by_work = ByWork(backlogs, self._activator)
        return self._by_work

    # ---- feeds

    def _watch_all(self, kinds: Sequence[Kind], group: asyncio.TaskGroup) -> list[Watch]:
        """Starts a watch for each kind and namespace."""
        namespaces: list[str | None] = [*self._settings.watch_namespaces] or [None]
        watches = []
        for kind in kinds:
            own = [self._watch(kind, namespace) for namespace in namespaces]
            self._watching[kind] = [group.create_task(watch.run()) for watch in own]
            WATCH_AGE_SECONDS.labels(kind.name).set_function(partial(_oldest, own))
            watches += own
        return watches

    def _watch(self, kind: Kind, namespace: str | None) -> Watch:
        labels, fields = names.MANAGED_SELECTOR, ""
        if kind is SECRET:
            # also those that resources name, which carry no label of ours; releases of Helm are many and large
            labels, fields = "", "type!=helm.sh/release.v1"
        elif kind is ENDPOINT_SLICE:
            labels = _OWN_SLICES
        return Watch(
            self._cluster,
            kind,
            self._families,
            namespace=namespace,
            labels=labels,
            fields=fields,
            metadata_only=kind not in WHOLE_KINDS,
            recovered=self._queue.hurry,
            listing=self._listing,
        )

    def _resource_deleted(self, obj: Mapping[str, Mapping[str, str]]) -> None:
        metadata = obj["metadata"]
        self._families.resource_gone(metadata["namespace"], metadata["name"], metadata["uid"])

    def _look_soon(self, key: Key, delay_s: float) -> None:
        """What comes in bursts is looked at once; the more generators are on the move, the longer a burst is waited for."""
        self._queue.add(key, delay_s * min(max(1.0, self._queue.delayed / _MANY_MOVING), _LONGEST_WAIT_FACTOR))

    def _gone(self, key: Key) -> None:
        self._queue.forget(key)
        if self._reconciler is not None:
            self._reconciler.forget(key)

    def _secret_moved(self, namespace: str, name: str) -> None:
        if self._secrets is not None:
            self._secrets.moved(namespace, name)

    def _secrets_swept(self, namespace: str | None, present: Collection[tuple[str, str]]) -> None:
        if self._secrets is not None:
            self._secrets.swept(namespace, present)

    def _purge_soon(self) -> None:
        self._purge.set()

    async def _purge_now_and_then(self) -> None:
        """Finds resources that were deleted unseen, after every list of Kopf's and every ten minutes or so."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.resync_seconds * random.uniform(0.8, 1.2)):
                    await self._purge.wait()
            await asyncio.sleep(_PURGE_DELAY_S)
            self._purge.clear()
            try:
                namespaces: list[str | None] = [*self._settings.watch_namespaces] or [None]
                for namespace in namespaces:
                    await self._sweep_resources(namespace)
            except ApiError as error:
                _log.warning("purge_failed", error=error.message)

    async def _sweep_resources(self, namespace: str | None) -> None:
        present: set[tuple[str, str]] = set()
        version = 0
        async for page in self._cluster.pages(GENERATOR_SERVICE, namespace=namespace, metadata_only=True):
            present.update((item["metadata"]["namespace"], item["metadata"]["name"]) for item in page.items)
            version = int(page.resource_version)
        self._families.swept(GENERATOR_SERVICE, namespace, present, version)

    # ---- the cluster itself

    async def _wait_for_kind(self) -> None:
        pause, said = _FIRST_LOOK_S, False
        while not await _until(lambda: self._cluster.has_kind(GENERATOR_SERVICE), "discovery"):
            if not said:
                _log.warning("kind_is_missing", kind=GENERATOR_SERVICE.name, remedy="install the chart octavo-crds")
                said = True
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))
            pause = min(pause * 1.5, _LONGEST_LOOK_S)

    async def _find_features(self) -> frozenset[str]:
        """Groups of which every kind that the operator makes is served."""
        missing = {kind.group for kind in OPTIONAL_KINDS if not await _until(partial(self._cluster.has_kind, kind), "discovery")}
        return frozenset({kind.group for kind in OPTIONAL_KINDS} - missing)

    async def _look_for_features(self, group: asyncio.TaskGroup) -> None:
        """Takes up what is installed later, and lets go of what is taken away."""
        while True:
            await asyncio.sleep(self._settings.resync_seconds * random.uniform(0.8, 1.2))
            try:
                found = await self._find_features()
            except Misconfigured as error:
                _log.warning("features_not_found", error=error.message)
                continue
            if found == self._features:
                continue
            _log.info("features_changed", before=sorted(self._features), now=sorted(found))
            for kind in OPTIONAL_KINDS:
                if kind.group in self._features - found:
                    for task in self._watching.pop(kind, ()):
                        task.cancel()
                    self._families.swept(kind, None, (), 2**63)
            added = self._watch_all([kind for kind in OPTIONAL_KINDS if kind.group in found - self._features], group)
            for watch in added:
                await watch.listed.wait()
            self._features = found
            for family in self._families:
                self._queue.add(family.key)

    # ---- work

    def _gained(self, shard: int) -> None:
        task = asyncio.get_running_loop().create_task(self._take_over(shard))
        self._taking_over[shard] = task

    def _lost(self, shard: int) -> None:
        task = self._taking_over.pop(shard, None)
        if task is not None:
            task.cancel()
        if self._by_work is not None:
            self._by_work.lost(shard)

    async def _take_over(self, shard: int) -> None:
        """What earlier leaders arranged with the activator is read first; then every generator of the shard is looked at."""
        if self._by_work is not None:
            self._by_work.take_over(shard, [] if self._activator is None else await self._slices_at_last())
        for family in self._families:
            if self._leadership.shard_of(family.key.namespace) == shard:
                self._queue.add(family.key)

    async def _slices_at_last(self) -> list[Mapping[str, Any]]:
        while True:
            try:
                return await _until(self._slices, "EndpointSlices")
            except Misconfigured as error:
                _log.error("take_over_failed", error=error.message)
                await asyncio.sleep(_LONGEST_LOOK_S)

    async def _slices(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        namespaces: list[str | None] = [*self._settings.watch_namespaces] or [None]
        for namespace in namespaces:
            async for page in self._cluster.pages(ENDPOINT_SLICE, namespace=namespace, labels=_OWN_SLICES):
                found += page.items
        return found

    async def _resync(self) -> None:
        """Every generator now and then, though nothing happened: at most a look, no write."""
        while True:
            families = list(self._families)
            pause = self._settings.resync_seconds / max(1, len(families))
            for family in families:
                self._queue.add(family.key)
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            if not families:
                await asyncio.sleep(min(60.0, self._settings.resync_seconds))

    # ---- probes

    def _not_alive(self) -> str | None:
        if self._heartbeat.silence_s > STUCK_S:
            return f"the event loop has been stuck for {self._heartbeat.silence_s:.0f} s"
        if self._synced and self._feed.silence_s > STUCK_S:
            return f"Kopf's event loop has been stuck for {self._feed.silence_s:.0f} s"
        return None

    def _not_ready(self) -> str | None:
        if self._not_alive() is not None:
            return self._not_alive()
        if not self._synced:
            waiting = [watch.kind.name for watch in self._watches if not watch.listed.is_set()]
            return f"not everything is listed yet: {', '.join(waiting) or 'the cluster is being looked at'}"
        return None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _first_misconfigured(group: BaseExceptionGroup[BaseException]) -> Misconfigured | None:
    """What a person can mend; everything else is shown as it is."""
    for error in group.exceptions:
        found = _first_misconfigured(error) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, Misconfigured):
            return found
    return None


def _oldest(watches: list[Watch]) -> float:
    return max(watch.age_s for watch in watches)


async def _until(ask: Callable[[], Awaitable[Found]], what: str) -> Found:
    """Asks until the API server answers: at the start it may be away too. What it refuses for good is raised as `Misconfigured`."""
    pause = 0.5
    while True:
        try:
            return await ask()
        except ApiError as error:
            if not error.passing and error.status not in (401, 404):
                raise Misconfigured(f"the API server refuses what the operator needs ({what}): {error.message}") from None
            _log.warning("api_server_not_ready", what=what, status=error.status, error=error.message)
        await asyncio.sleep(pause * random.uniform(0.7, 1.3))
        pause = min(pause * 2, _LONGEST_LOOK_S)
