"""The stores of the people's services go away and come back: all answer that they cannot, soon and in the one shape, none ends, all find
their stores again by themselves, and nothing that was accepted is lost.

Four real processes over MariaDB, FerretDB and Redis, each behind a door. Shut, a store is not there; hushed, it takes connections and
never answers, which is the worse case: only our own bounds end that.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import pymysql
import pytest
import redis
import sqlalchemy as sa
from tests.integration.auth.processes import register
from tests.integration.notifications.house import Ear, Speaker
from tests.servers.answers import assert_problem
from tests.servers.json_http import Answer, Asked, json_server
from tests.servers.mongodb import MongoServer
from tests.servers.people_processes import Served, people_processes
from tests.servers.redis import RedisServer
from tests.servers.tcp_gate import TcpGate, tcp_gate
from tests.unit.jobs.making import eventually

from octavo_core.ids import generate_uuid

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("mariadb"), pytest.mark.needs("mongodb"), pytest.mark.timeout(300)]

EMAIL = "ana@example.org"
SOON_S = 30.0
"""Within what any answer must have come: our own bounds (10 s for a transaction, of which one may wait for another), on a busy machine."""
BACK_S = 60.0


@dataclass
class World:
    sql: TcpGate
    documents: TcpGate
    redis: TcpGate
    redis_url: str
    """Past the door."""
    served: dict[str, Served]
    hooked: list[dict[str, Any]]
    """What the webhook was told."""
    headers: dict[str, str] = field(default_factory=dict)
    user: str = ""
    story: str = ""
    character: str = ""

    async def ask(self, service: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(base_url=self.served[service].base, timeout=60, trust_env=False) as client:
            return await client.request(method, path, json=body, headers={**self.headers, **headers})

    async def health(self, service: str) -> tuple[int, dict[str, Any]]:
        answer = await self.ask(service, "GET", f"/api/{service}/health/ready")
        return answer.status_code, answer.json()

    async def until_back(self) -> None:
        for one in self.served.values():
            await asyncio.to_thread(one.until_ready, BACK_S)

    async def log_in(self) -> None:
        answer = await self.ask("auth", "POST", "/api/auth/login", {"username": EMAIL, "password": "a fine long password"})
        assert answer.status_code == 200, answer.text
        self.headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        self.user = answer.json()["user"]["id"]


def scribe(asked: Asked) -> Answer:
    """A generator that has written already."""
    told = {"generation_id": generate_uuid(), "status": "succeeded", "result": {"text": "Once there was a lighthouse.", "language": "en"}}
    return Answer(200, told)


@pytest.fixture(scope="module")
def processes(
    tmp_path_factory: pytest.TempPathFactory, mariadb_url: str, mongodb_session: MongoServer, redis_session: RedisServer
) -> Iterator[World]:
    folder, name = tmp_path_factory.mktemp("away"), uuid.uuid4().hex[:8]
    hooked: list[dict[str, Any]] = []

    def receive(asked: Asked) -> Answer:
        hooked.append(orjson.loads(asked.body))
        return Answer(204)

    redis_session.wipe()
    _databases(mariadb_url, f"people_{name}")
    with (
        tcp_gate(mariadb_url) as sql,
        tcp_gate(mongodb_session.url(f"people_{name}")) as documents,
        tcp_gate(redis_session.url) as bell,
        json_server(scribe) as generators,
        json_server(receive) as receiver,
        people_processes(
            folder,
            {
                "": {
                    "OCTAVO_DATABASE_URL": f"{sql.url}/people_{name}",
                    "OCTAVO_DOCUMENTS_URL": documents.url,
                    "OCTAVO_DOCUMENTS_TIMEOUT_SECONDS": "2",
                    "OCTAVO_REDIS_URL": bell.url,
                    "OCTAVO_GENERATORS_URL": generators,
                    "OCTAVO_WEBHOOK_ALLOW": "127.0.0.1/32",
                    "OCTAVO_WEBHOOK_PORTS": receiver.rpartition(":")[2].strip("/"),
                    "OCTAVO_WEBHOOK_RETRY_SECONDS": "0.5",
                }
            },
        ) as served,
    ):
        world = World(sql, documents, bell, redis_session.url, served, hooked)
        with httpx.Client(base_url=served["auth"].base, timeout=60, trust_env=False) as client:
            register(client, EMAIL)
        asyncio.run(_settle(world, f"{receiver}/hook"))
        yield world
        for one in served.values():
            assert "octavo:octavo" not in one.process.log, "a password stands in a log"
            assert surprises(one.process.log) == [], one.process.log_file


def surprises(log: str) -> list[str]:
    """Tracebacks, but for what the pool of connections says itself when one is lost on its way back to it."""
    return [line for line in log.splitlines() if "Traceback" in line and "Exception during reset" not in line]


def _databases(url: str, name: str) -> None:
    server = sa.make_url(url)
    with (
        pymysql.connect(host=str(server.host), port=server.port or 3_306, user="octavo", password="octavo") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"CREATE DATABASE {name}")


async def _settle(world: World, hook: str) -> None:
    await world.log_in()
    made = await world.ask("characters", "POST", "/api/characters", {"name": "Marina", "description": "a sailor"})
    assert made.status_code == 201, made.text
    world.character = made.json()["id"]
    made = await world.ask("stories", "POST", "/api/stories", {"title": "El faro", "content": {"chapters": [{"text": "Un faro."}]}})
    assert made.status_code == 201, made.text
    world.story = made.json()["id"]
    made = await world.ask("notifications", "POST", "/api/notifications/webhooks", {"url": hook})
    assert made.status_code == 201, made.text


@pytest.fixture
def world(processes: World) -> Iterator[World]:
    """Whole, before a test and after it."""
    asyncio.run(_whole(processes))
    yield processes
    for gate in (processes.sql, processes.documents, processes.redis):
        gate.open()


async def _whole(world: World) -> None:
    await world.until_back()
    await world.log_in()


NEEDS_SQL: list[tuple[str, str, str, object]] = [
    ("auth", "POST", "/api/auth/login", {"username": EMAIL, "password": "a fine long password"}),
    ("auth", "GET", "/api/auth/me", None),
    ("notifications", "GET", "/api/notifications/webhooks", None),
    ("stories", "POST", "/api/stories/write", {"prompt": "A lighthouse"}),
]
NEEDS_DOCUMENTS: list[tuple[str, str, str, object]] = [
    ("characters", "GET", "/api/characters", None),
    ("characters", "POST", "/api/characters", {"name": "Nobody"}),
    ("stories", "GET", "/api/stories", None),
]


async def refused(world: World, asked: list[tuple[str, str, str, object]]) -> None:
    """All of it, at once: 503 in the one shape, with when to come back, and soon."""
    began = time.monotonic()
    answers = await asyncio.gather(*(world.ask(*one) for one in asked))
    took_s = time.monotonic() - began
    for one, answer in zip(asked, answers, strict=True):
        told = assert_problem(answer, 503)
        assert told["error"] == "unavailable", (one, told)
        assert int(answer.headers["retry-after"]) >= 1
        for secret in ("octavo:octavo", "127.0.0.1", "mongodb://", "mysql://"):
            assert secret not in answer.text, one
    assert took_s < SOON_S


async def says(world: World, service: str, status: int, word: str, *away: str) -> None:
    assert (await world.ask(service, "GET", f"/api/{service}/health/live")).status_code == 200

    async def told() -> dict[str, Any] | None:
        code, body = await world.health(service)
        return body if (code, body["status"]) == (status, word) else None

    # A connection that was open before is found out by its next use.
    body = await eventually(told, what=f"{service} does not say {word}", deadline_s=SOON_S)
    unhealthy = {name for name, one in body["dependencies"].items() if one["status"] == "unhealthy"}
    assert unhealthy == set(away), body


SHUT_OR_HUSHED = pytest.mark.parametrize("how", ["hush", pytest.param("shut", marks=pytest.mark.long)])
"""Each service's own tests shut its stores; here the worse case is for every day."""


@SHUT_OR_HUSHED
async def test_without_the_databases(world: World, how: str) -> None:
    speaker, job = Speaker(world.redis_url), generate_uuid()
    try:
        for gate in (world.sql, world.documents):
            getattr(gate, how)()
        # Told meanwhile: it waits in Redis until it can be written down whom it is to be told.
        await speaker.say(world.user, 1, job=job, kind="job.succeeded")
        await refused(world, NEEDS_SQL + NEEDS_DOCUMENTS)
        await asyncio.gather(
            says(world, "auth", 503, "unhealthy", "database", "jobs"),
            says(world, "notifications", 503, "unhealthy", "database"),
            says(world, "characters", 503, "unhealthy", "database", "documents"),
            says(world, "stories", 503, "unhealthy", "database", "documents"),
        )
        # Keys are kept: whoever checks tokens goes on.
        assert (await world.ask("auth", "GET", "/.well-known/jwks.json")).json()["keys"]
        for gate in (world.sql, world.documents):
            gate.open()
        await world.until_back()
        await whole_again(world)
        await eventually(lambda: job in [told["job"] for told in world.hooked], what="the webhook is not told", deadline_s=BACK_S)
    finally:
        await speaker.close()


@SHUT_OR_HUSHED
async def test_without_redis_which_comes_back_empty(world: World, how: str) -> None:
    """What waits is in the databases; the bell is rung anew."""
    ear = await Ear(world.served["notifications"].base, reconnects=True).open(world.headers["authorization"].split()[1])
    speaker = Speaker(world.redis_url)
    address = f"{uuid.uuid4().hex[:8]}@example.org"
    try:
        getattr(world.redis, how)()
        # Nothing that reads and writes documents or accounts needs it; what follows from a write waits, and was accepted.
        asked = await world.ask("stories", "POST", "/api/stories/write", {"prompt": "A lighthouse"})
        assert asked.status_code == 202, asked.text
        eva = {"name": address.partition("@")[0], "email": address, "password": "a fine long password"}
        assert (await world.ask("auth", "POST", "/api/auth/register", eva)).status_code == 202
        assert (await world.ask("characters", "GET", f"/api/characters/{world.character}")).status_code == 200
        await world.log_in()
        await asyncio.gather(
            refused(world, [("notifications", "GET", "/api/notifications", None)]),
            says(world, "auth", 200, "degraded", "redis"),
            says(world, "notifications", 503, "unhealthy", "redis"),
            says(world, "characters", 503, "unhealthy", "redis"),
            says(world, "stories", 503, "unhealthy", "redis"),
            ear.until("stream.interrupted", deadline_s=SOON_S),
        )
        assert ear.client.connected
        redis.Redis.from_url(world.redis_url).flushall()
        world.redis.open()
        await world.until_back()
        await whole_again(world)
        await ear.until("stream.resumed", deadline_s=BACK_S)
        await speaker.say(world.user, 7, kind="job.progress")
        await eventually(lambda: 7 in said_numbers(ear), what="the client hears nothing", deadline_s=BACK_S)
        await lands(world, asked.json()["id"])
        await eventually(lambda: has_mail(world, address), what="the code does not arrive", deadline_s=BACK_S)
    finally:
        await ear.close()
        await speaker.close()


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["shut", "hush"])
async def test_all_stores_away_for_half_a_minute(world: World, how: str) -> None:
    gates = (world.sql, world.documents, world.redis)
    for gate in gates:
        getattr(gate, how)()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        await refused(world, NEEDS_SQL + NEEDS_DOCUMENTS)
        await asyncio.sleep(1)
    for gate in gates:
        gate.open()
    await world.until_back()
    await whole_again(world)


async def whole_again(world: World) -> None:
    """Everything that was there is there, and new things can be made."""
    await world.log_in()
    assert (await world.ask("auth", "GET", "/api/auth/me")).json()["user"]["email"] == EMAIL
    assert (await world.ask("characters", "GET", f"/api/characters/{world.character}")).json()["name"] == "Marina"
    assert (await world.ask("stories", "GET", f"/api/stories/{world.story}")).json()["title"] == "El faro"
    asked = await world.ask("stories", "POST", "/api/stories/write", {"prompt": "A lighthouse", "character_ids": [world.character]})
    assert asked.status_code == 202, asked.text
    await lands(world, asked.json()["id"])


async def lands(world: World, story: str) -> None:
    async def ready() -> bool:
        found = (await world.ask("stories", "GET", f"/api/stories/{story}")).json()
        assert found.get("state") in ("writing", "ready"), found
        return bool(found["state"] == "ready")

    await eventually(ready, what="the story is not written", deadline_s=BACK_S)


def said_numbers(ear: Ear) -> list[int]:
    """Jobs of the services speak in the same stream."""
    return [data["data"]["n"] for event, data in ear.heard if event.startswith("job.") and "n" in data["data"]]


async def has_mail(world: World, address: str) -> bool:
    return address in (await world.ask("auth", "GET", "/api/auth/outbox")).text
