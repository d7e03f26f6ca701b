"""Kopf's part: it feeds the GeneratorServices, one `on.event` handler, nothing else of it.

Kopf keeps no state in the resources here: no finalizer, no annotation, no Event, no peering. It runs in a thread with a loop of its own,
because it takes the process's signals and, when it ends, cancels every task that its loop has; so it can fail and be started again without
taking the operator along. What it sees is handed over to the operator's loop.

Two things that Kopf does not tell are made up for elsewhere: what was deleted while its watch had a gap (see `purge` in `main`), and that
the resource's kind is not there yet (it is started once the kind is).
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import kopf

from octavo_core.telemetry.logs import get_service_logger
from octavo_operator.connection import Connection, Credentials
from octavo_operator.kinds import GENERATOR_SERVICE
from octavo_operator.metrics import WATCH_EVENTS

_log = get_service_logger(__name__)

_SERVER_TIMEOUT_S = (240, 360)
_SILENCE_S = 90.0
_PAGE = 100
_IDLE_S = 0.05
"""Kopf keeps each object, whole, for so long after it was handled."""
_LONGEST_PAUSE_S = 10.0
_STOP_S = 3.0
"""Kopf takes its time to say goodbye; nothing is lost when it is not heard."""


class _ForEver:
    """Pauses between tries of a request that never gives up: an outage of the API server is no reason to end."""

    def __iter__(self) -> Iterator[float]:
        pause = 0.5
        while True:
            yield pause * random.uniform(0.7, 1.3)
            pause = min(pause * 2, _LONGEST_PAUSE_S)


class ResourceFeed:
    """`seen(object)`, `gone(object)` and `relisted()` are called in the loop that called `start`."""

    def __init__(
        self,
        connection: Connection,
        namespaces: Sequence[str],
        seen: Callable[[Any], None],
        gone: Callable[[Any], None],
        relisted: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._namespaces = list(namespaces)
        self._seen = seen
        self._gone = gone
        self._relisted = relisted
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._owner: asyncio.AbstractEventLoop | None = None
        self._beat_at = time.monotonic()
        self._heard_at = time.monotonic()
        self._counted = WATCH_EVENTS.labels(GENERATOR_SERVICE.name)

    @property
    def silence_s(self) -> float:
        """How long Kopf's loop has given no sign of life."""
        return time.monotonic() - self._beat_at

    @property
    def age_s(self) -> float:
        """Since a GeneratorService was last heard of."""
        return time.monotonic() - self._heard_at

    def start(self) -> None:
        self._owner = asyncio.get_running_loop()
        self._beat_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, _STOP_S)

    def _run(self) -> None:
        pause = 1.0
        while not self._stop.is_set():
            started = time.monotonic()
            try:
                asyncio.run(self._operate())
            except Exception:
                _log.exception("resource_feed_broke")
            if time.monotonic() - started > 60:
                pause = 1.0
            self._stop.wait(0 if self._stop.is_set() else pause)
            pause = min(pause * 2, 30.0)

    async def _operate(self) -> None:
        beating = asyncio.create_task(self._beat())
        try:
            await kopf.operator(
                registry=self._registry(),
                settings=_settings(),
                standalone=True,
                clusterwide=not self._namespaces,
                namespaces=self._namespaces,
                stop_flag=self._stop,
            )
        finally:
            beating.cancel()

    async def _beat(self) -> None:
        while True:
            self._beat_at = time.monotonic()
            await asyncio.sleep(1)

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        credentials = Credentials(self._connection)

        async def login(**_: Any) -> kopf.ConnectionInfo:
            credentials.refuse()
            proof, connection = await credentials.proof(), self._connection
            return kopf.ConnectionInfo(
                server=connection.server,
                ca_data=connection.authority,
                insecure=connection.insecure,
                token=proof.token,
                certificate_data=proof.certificate or connection.certificate,
                private_key_data=proof.private_key or connection.private_key,
                proxy_url=connection.proxy,
                default_namespace=connection.namespace,
            )

        async def on_event(event: Any, **_: Any) -> None:
            self._counted.inc()
            self._heard_at = time.monotonic()
            owner = self._owner
            if owner is None or owner.is_closed():
                return
            if event["type"] == "DELETED":
                owner.call_soon_threadsafe(self._gone, event["object"])
                return
            owner.call_soon_threadsafe(self._seen, event["object"])
            if event["type"] is None:
                # part of a list, the first one or one after a gap
                owner.call_soon_threadsafe(self._relisted)

        kopf.on.login(registry=registry)(login)
        kopf.on.event(
            GENERATOR_SERVICE.group, GENERATOR_SERVICE.api_version.rpartition("/")[2], GENERATOR_SERVICE.plural, registry=registry
        )(on_event)
        return registry


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.scanning.disabled = True
    settings.watching.server_timeout = random.randint(*_SERVER_TIMEOUT_S)
    settings.watching.client_timeout = _SERVER_TIMEOUT_S[1] + 30
    settings.watching.connect_timeout = 5
    settings.watching.inactivity_timeout = _SILENCE_S
    settings.watching.chunk_size = _PAGE
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = _ForEver()
    settings.queueing.idle_timeout = _IDLE_S
    settings.process.ultimate_exiting_timeout = None
    return settings


def quieten() -> None:
    """Kopf says a line for every object and every step; what it warns of is kept, but for the one about signals."""
    logging.getLogger("kopf").setLevel(logging.WARNING)
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
