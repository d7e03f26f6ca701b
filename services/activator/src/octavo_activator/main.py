"""The activator's composition root: everything is chosen, opened and closed here.

SIGTERM: nobody waits any more. Who waited for a result gets a 202, because the job is on disk and the next process hands it over; who
waited for an answer is told to come again; streams end, to be taken up again. New requests are taken all the same until the open ones
have ended, at most for `OCTAVO_LINGER_SECONDS`: the process that follows cannot begin before this one has ended, so it is quick.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
import uvloop
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from octavo_activator.control import create_control_app
from octavo_activator.doorkeeper import Doorkeeper
from octavo_activator.front import Front
from octavo_activator.gatehouse import Gatehouse
from octavo_activator.generators import Generators
from octavo_activator.handover import HandOver
from octavo_activator.held_routes import HeldRoutes
from octavo_activator.holding import Holding
from octavo_activator.intake import Intake
from octavo_activator.large_bodies import SizedFront
from octavo_activator.listening import DoorServer, listen
from octavo_activator.room import Room
from octavo_activator.settings import ActivatorSettings
from octavo_activator.store import HeldJobStore
from octavo_activator.submitting import Submitting
from octavo_activator.tally import Tally
from octavo_core.clock import SystemClock
from octavo_core.errors import Misconfigured, OctavoError, Unavailable
from octavo_core.http import SecuredAnswers, configure_door
from octavo_core.settings import read_settings
from octavo_core.telemetry import configure_logging, configure_tracing

log = structlog.get_logger(__name__)

_LOCK_WAIT_S = 60.0


@dataclass(slots=True)
class Phase:
    draining: bool = False

    async def check(self) -> None:
        if self.draining:
            raise Unavailable("this process is about to end")


async def serve(settings: ActivatorSettings) -> None:
    clock, news, tally = SystemClock(), asyncio.Event(), Tally()
    with _only_one(settings):
        store, generators = HeldJobStore(settings, clock), Generators()
        await store.prepare()
        tally.load(await store.counts())
        await generators.open()
        if tally.rows:
            log.info("jobs are held from before", jobs=tally.rows)
        room = Room(settings.max_held_requests)
        doorkeeper = Doorkeeper(jwks_url=settings.jwks_url, issuer=settings.issuer)
        intake = Intake(settings, store, tally, news)
        holding = Holding(settings, generators, room)
        switch = _Switch(settings.port)
        server = DoorServer(switch, host=settings.host, drain_s=settings.drain_seconds)
        gatehouse = Gatehouse(server, clock)
        submitting = Submitting(store, tally, intake, generators, holding, doorkeeper, room, clock)
        held = HeldRoutes(store, tally, intake, generators, doorkeeper, room)
        phase = Phase()
        switch.control = create_control_app(settings, gatehouse, store, tally, phase.check)
        front = Front(gatehouse.find, tally, submitting, held, holding, clock)
        sized = SizedFront(front, gatehouse.find, usual=settings.max_body_bytes, most_at_once=settings.max_large_bytes)
        switch.front = _with_cors(sized, settings)
        handover = HandOver(gatehouse.gates, store, tally, generators, clock, news, concurrency=settings.handover_concurrency)
        try:
            await _run(settings, server, gatehouse, handover, room, phase)
        finally:
            await intake.close()
            await generators.close()
            await store.close()


async def _run(settings: ActivatorSettings, server: DoorServer, gatehouse: Gatehouse, handover: HandOver, room: Room, phase: Phase) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    try:
        door = listen(settings.host, settings.port)
    except OSError as error:
        raise Misconfigured(f"cannot listen on {settings.host} port {settings.port}: {os.strerror(error.errno or 0)}") from None
    tasks = [
        asyncio.create_task(server.serve([door]), name="http"),
        asyncio.create_task(handover.run_forever(), name="hand-over"),
        asyncio.create_task(stop.wait(), name="stop"),
    ]
    listening, handing_over, _ = tasks
    log.info("the activator is ready", port=settings.port)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if handing_over.done():
            handing_over.result()
        phase.draining = True
        room.answer_by = time.monotonic()
        log.info("draining", open_requests=server.open_requests, lingers_s=settings.linger_seconds, deadline_s=settings.drain_seconds)
        await server.until_answered(settings.linger_seconds)
    finally:
        gatehouse.close()
        server.should_exit = True
        await asyncio.gather(listening, return_exceptions=True)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Switch:
    """One server, two applications: told apart by the port at which a request came in."""

    def __init__(self, control_port: int) -> None:
        self._control_port = control_port
        self.control: ASGIApp
        self.front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await (self.control if scope["server"][1] == self._control_port else self.front)(scope, receive, send)


def _with_cors(app: ASGIApp, settings: ActivatorSettings) -> ASGIApp:
    if settings.cors_origins:
        # As the generators' own: a preflight is answered here and wakes nobody.
        app = CORSMiddleware(
            app,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["authorization", "content-type", "idempotency-key", "prefer", "x-correlation-id", "last-event-id"],
            expose_headers=["x-correlation-id", "location", "retry-after", "preference-applied"],
        )
        app = SecuredAnswers(app)
    return app


@contextlib.contextmanager
def _only_one(settings: ActivatorSettings) -> Iterator[None]:
    """Two processes on one file would hand over everything twice; the one that came first may still be ending."""
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        file = settings.lock_file.open("w")
    except OSError as error:
        raise Misconfigured(f"the folder {settings.home} cannot be written: {error.strerror}; set OCTAVO_HOME to another") from None
    with file:
        deadline = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Misconfigured(f"another activator uses {settings.home}; give each one a folder of its own") from None
                time.sleep(0.1)
        yield


def _raise_file_limit() -> None:
    """A door is an open file, and the usual bound of 1,024 is that of a program that opens none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    try:
        settings = read_settings(ActivatorSettings)
        configure_logging("activator", fmt=settings.log_format, level=settings.log_level)
        configure_tracing(
            "octavo-activator",
            settings.otlp_endpoint,
            application_insights=settings.application_insights,
            environment=settings.environment,
        )
        configure_door(settings)
        _raise_file_limit()
        uvloop.run(serve(settings))
    except OctavoError as error:
        _end(error.message)
    except Exception as error:
        log.exception("the activator failed")
        _end(f"the activator failed unexpectedly: {type(error).__name__}: {error}"[:500])


def _end(reason: str) -> None:
    """The last line of its log is what a cluster shows as the cause."""
    if not logging.getLogger().handlers:
        configure_logging("activator")
    log.error(reason)
    sys.exit(1)


if __name__ == "__main__":
    main()
