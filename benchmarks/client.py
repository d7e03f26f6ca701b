"""The one client that drives all stacks: a closed loop that sends a job, waits to be told of its end, and sends the next.

The latency of a job runs from the moment before its request is written to the moment when the notification's bytes are there. A
notification that comes before the 202 is read is kept for the caller who will ask for it.

Alone, it drives a stack that already runs: `python -m benchmarks.client octavo --port 8080 --in-flight 100`.
"""

import argparse
import asyncio
import base64
import gc
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

import orjson
import uvloop

from benchmarks.figures import percentile
from benchmarks.http_wire import Pool, request_bytes
from benchmarks.notifications import Listener, OnEnd, SocketIoListener, SseListener

PROMPT = "Write one sentence about a lighthouse keeper who waits for a small boat."
JOB_DEADLINE_S = 60.0
"""After this long without a notification a job counts as lost."""


class RunError(Exception):
    """The figures of this run would not mean what they say."""


class Target(Protocol):
    """What differs between the stacks on the wire."""

    port: int

    def listeners(self, on_end: OnEnd) -> list[Listener]: ...

    def submission(self, number: int) -> bytes:
        """The whole request that submits the job with this running number."""
        ...


class OctavoTarget:
    """Without accounts every request belongs to the user `anonymous`: one stream hears all."""

    def __init__(self, port: int, generator: str = "bench") -> None:
        self.port = port
        body = orjson.dumps({"prompt": PROMPT})
        path = f"/generators/{generator}/api/v1/generate"
        self._submission = request_bytes("POST", f"127.0.0.1:{port}", path, body, {"prefer": "respond-async"})

    def listeners(self, on_end: OnEnd) -> list[Listener]:
        return [SseListener(self.port, on_end)]

    def submission(self, number: int) -> bytes:
        return self._submission


class BullTarget:
    """Jobs go round the users; each user has a room and a connection."""

    def __init__(self, port: int, users: int = 1) -> None:
        self.port = port
        self._users = [f"user-{number}" for number in range(users)]
        self._submissions = [
            request_bytes("POST", f"127.0.0.1:{port}", "/api/generate", orjson.dumps({"prompt": PROMPT, "user": user}))
            for user in self._users
        ]

    def listeners(self, on_end: OnEnd) -> list[Listener]:
        return [SocketIoListener(self.port, user, on_end) for user in self._users]

    def submission(self, number: int) -> bytes:
        return self._submissions[number % len(self._submissions)]


class SeedsTarget:
    """As BullTarget; the notification service has a port of its own, and each user a token that is made once."""

    PATH = "/api/router_generator/Grok_Text_Generator"

    def __init__(self, port: int, notifications_port: int, jwt_secret: str, users: int = 1) -> None:
        self.port = port
        self._notifications_port = notifications_port
        self._users = [f"user-{number}" for number in range(users)]
        body = orjson.dumps({"prompt": PROMPT})
        self._submissions = [
            request_bytes("POST", f"127.0.0.1:{port}", self.PATH, body, {"authorization": f"Bearer {bearer_token(user, jwt_secret)}"})
            for user in self._users
        ]

    def listeners(self, on_end: OnEnd) -> list[Listener]:
        return [SocketIoListener(self._notifications_port, user, on_end) for user in self._users]

    def submission(self, number: int) -> bytes:
        return self._submissions[number % len(self._submissions)]


def hs256(claims: Mapping[str, Any], secret: str) -> str:
    """A JSON web token, signed with HMAC-SHA256 (RFC 7515, RFC 7519)."""

    def encoded(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    signed = encoded(orjson.dumps({"alg": "HS256", "typ": "JWT"})) + b"." + encoded(orjson.dumps(claims))
    return (signed + b"." + encoded(hmac.digest(secret.encode(), signed, hashlib.sha256))).decode()


def bearer_token(user: str, secret: str) -> str:
    """What a user holds after logging in at the seeds' stack, for a day."""
    now = int(time.time())
    return hs256({"id": user, "iat": now, "exp": now + 86_400}, secret)


@dataclass(slots=True)
class Load:
    """What one level of load gave. Only jobs that ended inside the window count."""

    in_flight: int
    window_s: float
    latencies_s: list[float] = field(default_factory=list)
    failed: int = 0
    lost: int = 0
    """Accepted, and not told of within JOB_DEADLINE_S after the window."""
    repeated: int = 0
    """Ends that were told of twice, or of jobs that nobody sent."""
    client_cpu_s: float = 0.0
    """This process's own CPU inside the window."""

    @property
    def jobs_per_s(self) -> float:
        return len(self.latencies_s) / self.window_s


@dataclass(frozen=True, slots=True)
class End:
    at: float
    outcome: str


class JobClient:
    """Connections to one stack, kept over levels and pauses."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._pool = Pool(target.port)
        self._listeners = target.listeners(self._ended)
        self._waiting: dict[str, asyncio.Future[End]] = {}
        self._early: dict[str, End] = {}
        self._numbers = count()

    async def __aenter__(self) -> "JobClient":
        try:
            for listener in self._listeners:
                await listener.open()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for listener in self._listeners:
            await listener.close()
        self._pool.close()

    def _ended(self, job: str, outcome: str) -> None:
        end = End(time.perf_counter(), outcome)
        waiting = self._waiting.pop(job, None)
        if waiting is None:
            self._early[job] = end
        elif not waiting.done():
            waiting.set_result(end)

    async def job(self) -> tuple[float, End]:
        """Sends one job and waits for its end: (when it was sent, its end). RunError where it is not accepted."""
        request = self._target.submission(next(self._numbers))
        sent = time.perf_counter()
        reply = await self._pool.request(request)
        if reply.status != 202:
            raise RunError(f"a job was answered with HTTP {reply.status}: {reply.body[:300].decode(errors='replace')}")
        job = str(orjson.loads(reply.body)["generation_id"])
        end = self._early.pop(job, None)
        if end is None:
            waiting: asyncio.Future[End] = asyncio.get_running_loop().create_future()
            self._waiting[job] = waiting
            end = await waiting
        return sent, end

    async def first_latency_s(self) -> float:
        """One job on its own, with a deadline."""
        async with asyncio.timeout(JOB_DEADLINE_S):
            sent, end = await self.job()
        if end.outcome != "succeeded":
            raise RunError(f"the job ended as {end.outcome}")
        return end.at - sent

    async def load(self, in_flight: int, seconds: float, ramp_s: float, at_window: Callable[[], None] | None = None) -> Load:
        """Keeps `in_flight` jobs going for `ramp_s`, then for the measured `seconds`, then lets them end.

        `at_window` is called at the window's two edges. RunError where a job was refused or a notification connection broke.
        """
        stopping = False
        ends: list[tuple[float, End]] = []

        async def caller() -> None:
            while not stopping:
                ends.append(await self.job())

        gc.collect()
        gc.freeze()
        callers = [asyncio.create_task(caller()) for _ in range(in_flight)]
        try:
            await _unless_broken(callers, ramp_s)
            if at_window is not None:
                at_window()
            begun, cpu = time.perf_counter(), time.process_time()
            await _unless_broken(callers, seconds)
            ended, cpu = time.perf_counter(), time.process_time() - cpu
            if at_window is not None:
                at_window()
            stopping = True
            _, unfinished = await asyncio.wait(callers, timeout=JOB_DEADLINE_S)
        finally:
            for task in callers:
                task.cancel()
            await asyncio.gather(*callers, return_exceptions=True)
        if not all(listener.alive for listener in self._listeners):
            raise RunError("a notification connection was closed by the server")
        _raise_first(callers)
        measured = [(sent, end) for sent, end in ends if begun <= end.at < ended]
        result = Load(
            in_flight,
            ended - begun,
            latencies_s=sorted(end.at - sent for sent, end in measured if end.outcome == "succeeded"),
            failed=sum(end.outcome != "succeeded" for _, end in measured),
            lost=len(unfinished),
            repeated=len(self._early),
            client_cpu_s=cpu,
        )
        self._waiting.clear()
        self._early.clear()
        return result


async def _unless_broken(callers: list[asyncio.Task[None]], seconds: float) -> None:
    """Waits for `seconds`, or until a caller breaks, whose error it raises."""
    if seconds > 0:
        await asyncio.wait(callers, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    _raise_first(callers)


def _raise_first(callers: list[asyncio.Task[None]]) -> None:
    for task in callers:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise RunError(f"{type(error).__name__}: {error}") from error


async def _drive(target: Target, in_flight: int, seconds: float) -> dict[str, float]:
    async with JobClient(target) as client:
        load = await client.load(in_flight, seconds, ramp_s=1.0)
    jobs = max(1, len(load.latencies_s))
    return {
        "in_flight": in_flight,
        "jobs_per_s": load.jobs_per_s,
        "p50_ms": percentile(load.latencies_s, 50) * 1000,
        "p99_ms": percentile(load.latencies_s, 99) * 1000,
        "failed": load.failed,
        "lost": load.lost,
        "repeated": load.repeated,
        "client_cpu_us_per_job": load.client_cpu_s / jobs * 1e6,
        "client_cores": load.client_cpu_s / load.window_s,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stack", choices=["octavo", "seeds", "bull"])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--users", type=int, default=1, help="rooms and connections at a peer")
    parser.add_argument("--notifications-port", type=int, default=3001, help="of the seeds' stack")
    parser.add_argument("--jwt-secret", default="", help="of the seeds' stack")
    options = parser.parse_args()
    targets: dict[str, Callable[[], Target]] = {
        "octavo": lambda: OctavoTarget(options.port),
        "seeds": lambda: SeedsTarget(options.port, options.notifications_port, options.jwt_secret, options.users),
        "bull": lambda: BullTarget(options.port, options.users),
    }
    result = uvloop.run(_drive(targets[options.stack](), options.in_flight, options.seconds))
    print(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
