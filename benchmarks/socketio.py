"""How soon 1,000 Socket.IO clients hear, and what they lose when the service is started anew under load.

    python -m benchmarks.socketio --out benchmarks/results/socketio.json

The service is a process of its own, with a Redis of its own, on the cores of this machine, which the clients share: they are 1,000
websockets of 1,000 users in this process, and Engine.IO is spoken by hand so that they cost little. Two figures:

- `burst`: one event for each of the users is put into the streams at once, many times; from the moment before the first is sent to Redis
  to the moment when a client has the packet. That is how a busy second looks at its worst.
- `restart`: events keep coming to random users while the service gets SIGTERM and is started again; clients come back with their last
  event id. Every event must have come to its user's client, once and in order.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import redis.asyncio

from benchmarks import machine
from benchmarks.figures import percentile
from benchmarks.notifications import parse_engine_packet, parse_socket_packet
from benchmarks.processes import Program, answers, cpu_seconds, descendants, free_port, listens, memory
from octavo_jobs.channels import stream_key

STREAM_LENGTH = 20_000
DEADLINE_S = 120.0
CONNECT_AT_ONCE = 50
log = logging.getLogger("benchmarks.socketio")


@dataclass
class Client:
    """One user's websocket. It comes back by itself, after a random moment, with the last event id it has."""

    user: str
    url: str
    token: str | None
    on_event: Any
    last_event_id: str | None = None
    numbers: list[int] = field(default_factory=list)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    connects: int = 0

    async def run(self, session: aiohttp.ClientSession) -> None:
        while True:
            try:
                async with session.ws_connect(self.url, compress=0, autoping=False, max_msg_size=0) as line:
                    await self._listen(line)
            except (aiohttp.ClientError, OSError):
                pass
            self.ready.clear()
            await asyncio.sleep(random.uniform(0.1, 1.0))

    async def _listen(self, line: aiohttp.ClientWebSocketResponse) -> None:
        async for message in line:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            engine = parse_engine_packet(message.data)
            if engine.kind == "open":
                auth = {"token": self.token, "lastEventId": self.last_event_id}
                await line.send_str("40" + orjson.dumps({name: value for name, value in auth.items() if value is not None}).decode())
            elif engine.kind == "ping":
                await line.send_str("3")
            elif engine.kind == "message":
                self._received(parse_socket_packet(engine.data))

    def _received(self, packet: Any) -> None:
        if packet.kind != "event":
            return
        name, body = packet.data
        if name == "ready":
            self.last_event_id = self.last_event_id or body["lastEventId"]
            self.connects += 1
            self.ready.set()
        elif name.startswith("job."):
            self.last_event_id = body["id"]
            self.numbers.append(body["data"]["n"])
            self.on_event(self.user, body["data"]["n"])


class Publisher:
    def __init__(self, url: str) -> None:
        self._client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(url)

    async def publish(self, users: Sequence[str], number: int) -> None:
        """An event for each, as large as that of a job that ended with a short text."""
        pipeline = self._client.pipeline(transaction=False)
        for user in users:
            body = {
                "type": "job.succeeded",
                "job": "0198f3a2-0000-7000-8000-000000000000",
                "generator": "tales",
                "user": user,
                "version": 3,
                "at": "2026-01-01T00:00:00.000Z",
                "data": {"status": "succeeded", "n": number, "result": {"text": "x" * 400}},
            }
            fields = {"j": body["job"], "t": body["type"], "e": orjson.dumps(body)}
            pipeline.xadd(stream_key(user), fields, maxlen=STREAM_LENGTH)  # type: ignore[arg-type]
        await pipeline.execute()


class Stack:
    """Redis, the issuer's keys and the service."""

    def __init__(self, folder: Path, python: str) -> None:
        self._folder = folder
        self._python = python
        self.port, self._redis_port = free_port(), free_port()
        self.redis_url = f"redis://127.0.0.1:{self._redis_port}/0"
        argv = ["redis-server", "--port", str(self._redis_port), "--save", "", "--appendonly", "no", "--dir", str(folder)]
        self._redis = Program("redis", argv, folder)
        self._redis.wait_until(lambda: listens(self._redis_port), 10)

    def start(self, jwks_url: str) -> Program:
        environment = {
            "OCTAVO_HOST": "127.0.0.1",
            "OCTAVO_PORT": str(self.port),
            "OCTAVO_HOME": str(self._folder),
            "OCTAVO_REDIS_URL": self.redis_url,
            "OCTAVO_JWKS_URL": jwks_url,
            "OCTAVO_LOG_LEVEL": "WARNING",
        }
        program = Program("notifications", [self._python, "-m", "octavo_notifications"], self._folder, environment)
        program.wait_until(lambda: answers(f"http://127.0.0.1:{self.port}/api/notifications/health/ready"), 60)
        return program

    def close(self) -> None:
        self._redis.stop()


async def measure(stack: Stack, clients_count: int, bursts: int, restart_s: float, rate: int) -> dict[str, Any]:
    from tests.servers import jwks  # a small HTTP server with an ES256 key

    with jwks.issuer() as issuer:
        program = await asyncio.to_thread(stack.start, issuer.url)
        try:
            return await _measure(stack, program, issuer, clients_count, bursts, restart_s, rate)
        finally:
            program.stop()


async def _measure(
    stack: Stack, program: Program, issuer: Any, clients_count: int, bursts: int, restart_s: float, rate: int
) -> dict[str, Any]:
    heard: dict[tuple[str, int], float] = {}
    users = [f"user-{number}" for number in range(clients_count)]
    url = f"http://127.0.0.1:{stack.port}/socket.io/?EIO=4&transport=websocket"
    clients = [
        Client(
            user,
            url,
            issuer.token(user, aud="octavo", exp=int(time.time()) + 3_600),
            lambda u, n: heard.setdefault((u, n), time.perf_counter()),
        )
        for user in users
    ]
    publisher = Publisher(stack.redis_url)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        began, tasks = time.perf_counter(), []
        for start in range(0, clients_count, CONNECT_AT_ONCE):
            batch = clients[start : start + CONNECT_AT_ONCE]
            tasks += [asyncio.create_task(client.run(session)) for client in batch]
            async with asyncio.timeout(DEADLINE_S):
                await asyncio.gather(*(client.ready.wait() for client in batch))
        connected_s = time.perf_counter() - began
        try:
            burst = await _burst(publisher, users, heard, bursts, program)
            restart, program = await _restart(stack, publisher, clients, heard, bursts, restart_s, rate, program, issuer)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            program.stop()
    return {"clients": clients_count, "connect_s": round(connected_s, 2), "burst": burst, "restart": restart}


async def _burst(
    publisher: Publisher, users: Sequence[str], heard: dict[tuple[str, int], float], bursts: int, program: Program
) -> dict[str, Any]:
    latencies: list[float] = []
    tree = [program.pid]
    cpu_before = cpu_seconds(descendants(tree))
    for number in range(bursts):
        sent = time.perf_counter()
        await publisher.publish(users, number)
        await _until(lambda number=number: all((user, number) in heard for user in users), f"burst {number}")
        latencies += [heard[user, number] - sent for user in users]
        await asyncio.sleep(0.2)
    cpu_s = cpu_seconds(descendants(tree)) - cpu_before
    latencies.sort()
    return {
        "bursts": bursts,
        "p50_ms": round(percentile(latencies, 50) * 1000, 1),
        "p99_ms": round(percentile(latencies, 99) * 1000, 1),
        "max_ms": round(latencies[-1] * 1000, 1),
        "service_cpu_us_per_notification": round(cpu_s / len(latencies) * 1e6, 1),
        "service_pss_mb": round(memory(descendants(tree)).pss_bytes / 1e6, 1),
    }


async def _restart(
    stack: Stack,
    publisher: Publisher,
    clients: Sequence[Client],
    heard: dict[tuple[str, int], float],
    first: int,
    seconds: float,
    rate: int,
    program: Program,
    issuer: Any,
) -> tuple[dict[str, Any], Program]:
    sent: dict[str, list[int]] = {client.user: list(client.numbers) for client in clients}
    chance, number, ending = random.Random(7), first, False

    async def talk() -> None:
        nonlocal number
        every = 0.05
        while not ending:
            chosen = [client.user for client in chance.sample(list(clients), min(len(clients), max(1, round(rate * every))))]
            await publisher.publish(chosen, number)
            for user in chosen:
                sent[user].append(number)
            number += 1
            await asyncio.sleep(every)

    talking = asyncio.create_task(talk())
    await asyncio.sleep(seconds / 2)
    stopped_at = time.perf_counter()
    await asyncio.to_thread(program.stop)
    program = await asyncio.to_thread(stack.start, issuer.url)
    ready_s = time.perf_counter() - stopped_at
    await _until(lambda: all(client.ready.is_set() and client.connects > 1 for client in clients), "all clients are back")
    back_s = time.perf_counter() - stopped_at
    await asyncio.sleep(seconds / 2)
    ending = True
    await talking
    await _until(lambda: all(len(client.numbers) >= len(sent[client.user]) for client in clients), "all events")
    wanted = sum(len(numbers) for numbers in sent.values())
    lost = sum(len(set(sent[client.user]) - set(client.numbers)) for client in clients)
    repeated = sum(len(client.numbers) - len(set(client.numbers)) for client in clients)
    unordered = sum(client.numbers != sorted(client.numbers) for client in clients)
    figures = {
        "events": wanted,
        "events_per_s": rate,
        "lost": lost,
        "repeated": repeated,
        "clients_out_of_order": unordered,
        "service_back_s": round(ready_s, 2),
        "all_clients_back_s": round(back_s, 2),
    }
    return figures, program


async def _until(condition: Any, what: str) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {DEADLINE_S:g} s: {what}")
        await asyncio.sleep(0.02)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--bursts", type=int, default=30)
    parser.add_argument("--restart-seconds", type=float, default=10.0, help="half of it before the restart, half after")
    parser.add_argument("--rate", type=int, default=1_000, help="events a second around the restart")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that the service runs on")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with tempfile.TemporaryDirectory(prefix="octavo-bench-") as folder:
        stack = Stack(Path(folder), options.python)
        try:
            figures = asyncio.run(measure(stack, options.clients, options.bursts, options.restart_seconds, options.rate))
        finally:
            stack.close()
    result = {"benchmark": "socketio", "at": machine.now(), "machine": asdict(machine.describe()), **figures}
    text = orjson.dumps(result, option=orjson.OPT_INDENT_2).decode()
    print(text)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
