"""Keeps the laptop's processes as they should be.

Redis and the HTTP process always run. A worker process starts when there is work for it (a word on Redis tells at once; a look at
`/generators` every two seconds finds what the word missed) and is drained when there has been none for `idleSeconds`. A process that
dies is started again, with back-off. An edited YAML is checked; when it is right, the HTTP process reads it anew and the workers
that it concerns are drained and replaced; when it is wrong, everything goes on as before and the log says what to mend.

One event loop, one task per process, no shared state beyond it. kill -9 of any child loses nothing: see octavo_jobs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import orjson
import redis.asyncio
from redis.exceptions import RedisError

from octavo.runner.layout import Home, WorkerPlan, base_url, free_port, plan_workers
from octavo.runner.lines import LinePrinter
from octavo.runner.process import OnLine, Process
from octavo.runner.redis_server import find_redis_server, redis_command
from octavo.runner.sleeping import Decision, decide
from octavo.runner.telling import ProcessState, write_states
from octavo_core.errors import Unavailable
from octavo_core.spec import GeneratorService
from octavo_generation.providers.registry import FAKES_URL
from octavo_generation.resources import write_generators_file
from octavo_jobs.channels import WAKE_CHANNEL
from octavo_jobs.ending import end_task

LOOK_EVERY_S = 2.0
STOP_WORKERS_S = 10.0
"""How long Ctrl-C lets jobs finish; what is left stays queued and goes on at the next `octavo up`."""


@dataclass(slots=True)
class _Worker:
    plan: WorkerPlan
    process: Process
    busy_at: float = field(default_factory=time.monotonic)


class Supervisor:
    def __init__(self, *, home: Home, host: str, port: int, printer: LinePrinter, watch: Callable[[], Sequence[GeneratorService]]) -> None:
        """`watch` reads the person's files again; it raises `InvalidResource` when they are wrong."""
        self._home = home
        self._host, self._port = host, port
        self._printer = printer
        self._read_files = watch
        self._workers: dict[str, _Worker] = {}
        self._retiring: set[asyncio.Task[None]] = set()
        self._told: list[ProcessState] = []
        self._environment = {
            **os.environ,
            "OCTAVO_HOME": str(home.path),
            "OCTAVO_REDIS_URL": home.redis_url,
            "OCTAVO_GENERATORS_FILE": str(home.generators_file),
            "OCTAVO_LOG_FORMAT": "json",
            "OCTAVO_PORT": str(port),
            "OCTAVO_HOST": host,
            "PYTHONUNBUFFERED": "1",
            FAKES_URL: os.environ.get(FAKES_URL, f"http://127.0.0.1:{free_port()}"),
            # glibc's arenas, one per thread, cost more memory here than they save time.
            "MALLOC_ARENA_MAX": "2",
        }
        # Redis is chatty at start; its last words are shown only when it dies.
        self._redis_lines: deque[str] = deque(maxlen=10)
        self._redis = self._process(
            "redis", redis_command(find_redis_server(), home.redis_socket), on_line=lambda _, line: self._redis_lines.append(line)
        )
        self._api = self._process("api", [sys.executable, "-m", "octavo.platform.server"])
        self._samples: Process | None = None
        if FAKES_URL not in os.environ:
            address = urlsplit(self._environment[FAKES_URL])
            self._samples = self._process(
                "samples", [sys.executable, "-m", "octavo_fakes", "--host", str(address.hostname), "--port", str(address.port)]
            )

    async def run(self, resources: Sequence[GeneratorService], stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
        """Until `stop` is set; then everything is ended in order. Raises `Unavailable` when the platform cannot start."""
        self._apply(resources)
        self._redis.start()
        self._api.start()
        tasks = [asyncio.create_task(self._hear_wake_words()), asyncio.create_task(self._look_after_workers())]
        try:
            await self._wait_until_ready(stop)
            self._tell()
            if not stop.is_set():
                on_ready()
            await stop.wait()
        finally:
            await asyncio.gather(*(end_task(task) for task in tasks))
            await asyncio.gather(*self._retiring, *(worker.process.stop(STOP_WORKERS_S + 5) for worker in self._workers.values()))
            if self._samples is not None:
                await self._samples.stop(5)
            await self._api.stop(10)
            await self._redis.stop(5)

    async def reload(self) -> None:
        """After a change of the person's files. Raises `InvalidResource`; then nothing has changed."""
        resources = self._read_files()
        self._apply(resources)
        self._api.signal(signal.SIGHUP)
        self._printer.say("octavo", f"reloaded: {', '.join(resource.name for resource in resources)}")

    def samples(self) -> list[str]:
        """Providers, as `generator/provider`, in whose stead the fake ones answer."""
        return [name for worker in self._workers.values() for name in worker.plan.samples]

    def kill_all(self) -> None:
        """The second Ctrl-C."""
        for process in (*(worker.process for worker in self._workers.values()), self._samples, self._api, self._redis):
            if process is not None:
                process.kill()

    def _apply(self, resources: Sequence[GeneratorService]) -> None:
        write_generators_file(self._home.generators_file, resources)
        plans = {plan.name: plan for plan in plan_workers(resources, self._environment)}
        for name, worker in list(self._workers.items()):
            plan = plans.get(name)
            if plan is None or plan.fingerprint != worker.plan.fingerprint:
                # The replacement may start while the old one drains: leases keep them apart.
                del self._workers[name]
                retiring = asyncio.get_running_loop().create_task(worker.process.stop(STOP_WORKERS_S + 5))
                self._retiring.add(retiring)
                retiring.add_done_callback(self._retiring.discard)
        for name, plan in plans.items():
            if name not in self._workers:
                self._workers[name] = _Worker(plan, self._worker_process(plan))

    def _worker_process(self, plan: WorkerPlan) -> Process:
        environment = {"OCTAVO_GENERATORS": ",".join(plan.generators), "OCTAVO_DRAIN_SECONDS": str(STOP_WORKERS_S)}
        if "OCTAVO_DATABASE_URL" not in self._environment:
            # The same as the platform's, which another program's DATABASE_URL is nothing to.
            environment["OCTAVO_DATABASE_URL"] = f"sqlite:///{self._home.path / 'jobs.db'}"
        return self._process(f"worker {plan.name}", [sys.executable, "-m", "octavo_generation.worker"], environment)

    def _process(self, name: str, argv: list[str], extra: dict[str, str] | None = None, *, on_line: OnLine | None = None) -> Process:
        return Process(name, argv, {**self._environment, **(extra or {})}, on_line or self._printer, on_exit=self._died)

    def _died(self, name: str, code: int) -> None:
        self._printer.say("octavo", f"{name} {_ending(code)}; starting it again", "warning")
        self._tell()
        if name == self._redis.name:
            while self._redis_lines:
                self._printer(name, self._redis_lines.popleft())

    def _tell(self) -> None:
        """To whoever looks after the platform. What changes in between is told with the next look."""
        processes: list[tuple[Process, tuple[str, ...]]] = [(self._redis, ()), (self._api, ())]
        processes += [(worker.process, worker.plan.generators) for worker in self._workers.values()]
        if self._samples is not None:
            processes.append((self._samples, ()))
        states = [_state(process, generators) for process, generators in processes]
        if states != self._told:
            with contextlib.suppress(OSError):
                write_states(self._home.processes_file, states)
                self._told = states

    async def _hear_wake_words(self) -> None:
        """Connects anew for as long as it takes: without Redis there are no words, only looks."""
        while True:
            client = redis.asyncio.Redis.from_url(self._home.redis_url, protocol=2, socket_timeout=10, socket_connect_timeout=5)
            try:
                async with client.pubsub() as words:
                    await words.subscribe(WAKE_CHANNEL)
                    while True:
                        word = await words.get_message(ignore_subscribe_messages=True, timeout=5)
                        if word is not None:
                            self._wake(word["data"].decode())
            except (RedisError, OSError):
                await asyncio.sleep(0.2)
            finally:
                await client.aclose()

    def _wake(self, queue: str) -> None:
        for worker in self._workers.values():
            if queue in worker.plan.generators:
                worker.busy_at = time.monotonic()
                if not worker.process.running:
                    self._start(worker)

    async def _look_after_workers(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._tell()
            try:
                items: list[dict[str, Any]] = (await asyncio.to_thread(self._get, "/generators"))["items"]
            except (OSError, ValueError, KeyError, HTTPException):
                continue
            open_jobs = {item["name"]: sum(item["queue"].values()) for item in items}
            now = time.monotonic()
            for worker in list(self._workers.values()):
                count = sum(open_jobs.get(name, 0) for name in worker.plan.generators)
                if count:
                    worker.busy_at = now
                match decide(worker.plan, open_jobs=count, running=worker.process.running, idle_for_s=now - worker.busy_at):
                    case Decision.START:
                        self._start(worker)
                    case Decision.STOP:
                        self._printer.say("octavo", f"{worker.process.name} sleeps: no work for {worker.plan.idle_s:g} s")
                        await worker.process.stop(STOP_WORKERS_S + 5)
                        await self._let_samples_sleep()
                    case Decision.KEEP:
                        pass

    def _start(self, worker: _Worker) -> None:
        worker.busy_at = time.monotonic()
        self._printer.say("octavo", f"starting {worker.process.name}")
        if worker.plan.samples and self._samples is not None:
            self._samples.start()
        worker.process.start()
        self._tell()

    async def _let_samples_sleep(self) -> None:
        """The fake providers are there for as long as a worker is that asks them."""
        asked = any(worker.plan.samples and worker.process.running for worker in self._workers.values())
        if self._samples is not None and not asked:
            await self._samples.stop(5)

    async def _wait_until_ready(self, stop: asyncio.Event) -> None:
        deadline = time.monotonic() + 60
        while not stop.is_set():
            with contextlib.suppress(OSError, ValueError, KeyError, HTTPException):
                if (await asyncio.to_thread(self._get, "/health/ready"))["status"] == "healthy":
                    return
            if time.monotonic() > deadline or self._api.restarts >= 3:
                raise Unavailable("the platform does not become ready; the lines above say why")
            await asyncio.sleep(0.05)

    def _get(self, path: str) -> dict[str, Any]:
        with _DIRECTLY.open(f"{base_url(self._host, self._port)}{path}", timeout=5) as answer:
            parsed = orjson.loads(answer.read())
        assert isinstance(parsed, dict)
        return parsed


def _state(process: Process, generators: Sequence[str]) -> ProcessState:
    began = process.began_at
    return ProcessState(
        name=process.name,
        state="running" if process.pid is not None else "starting" if process.running else "sleeping",
        restarts=process.restarts,
        since=None if began is None else began.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        reason=None if process.last_exit is None else _ending(process.last_exit),
        generators=tuple(generators),
    )


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"


_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""A person's HTTP proxy is not the way to their own machine."""
