"""What the operator and the activator say to each other, and that no generator ever gets another's port too soon."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo_activator.routes import Table, read_table
from octavo_core.errors import Misconfigured, Unavailable
from octavo_operator.activator import AWAY_S, Activator, ActivatorClient, Route, Waiting
from octavo_operator.ports import FIRST_PORT, LAST_PORT, RESTS_S, Ports, read_stand_ins
from octavo_operator.resource import Key, StandIn

A, B = Key("prod", "a"), Key("prod", "b")
TOKEN = "a-token-that-both-have"
RESOURCE = orjson.dumps(
    {"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": {"name": "a"}, "spec": {"task": "story"}}
)


def route(key: Key = A, port: int = FIRST_PORT, **more: Any) -> Route:
    return Route(key, port, **{"phase": "asleep", "message": "", "pods": (), "forwarding_key": "k" * 40, "resource": RESOURCE, **more})


# ---- ports


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_generator_keeps_its_port() -> None:
    ports = Ports()
    assert ports.assign(A) == ports.assign(A)
    assert ports.assign(A) != ports.assign(B)
    assert FIRST_PORT <= ports.assign(A) <= LAST_PORT


def test_another_leader_gives_the_same_port_where_nobody_is_in_the_way() -> None:
    assert Ports().assign(A) == Ports().assign(A)


def test_what_stands_is_adopted_and_given_to_nobody_else() -> None:
    ports = Ports()
    taken = Ports().assign(B)
    assert ports.adopt(A, taken)
    assert ports.assign(A) == taken
    assert ports.assign(B) != taken
    assert not ports.adopt(B, taken)
    assert not ports.adopt(Key("prod", "c"), 80)


def test_a_port_rests_before_a_stranger_gets_it() -> None:
    clock = Clock()
    ports = Ports(20_000, 20_000, clock=clock)
    ports.assign(A)
    ports.give_back(A)
    ports.give_back(A)
    with pytest.raises(Unavailable, match="ports of the activator are taken"):
        ports.assign(B)
    assert ports.assign(A) == 20_000
    ports.give_back(A)
    clock.now += RESTS_S
    assert ports.assign(B) == 20_000


def test_the_parts_share_the_ports_and_have_none_in_common() -> None:
    parts = [Ports.of_part(part, 3) for part in range(3)]
    given = {part.assign(Key("prod", f"g{number}")) for part in parts for number in range(50)}
    assert len(given) == 150


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["assign", "give_back", "adopt", "wait"]), st.integers(0, 9), st.integers(0, 7)), max_size=60))
def test_no_two_generators_have_one_port_whatever_happens(steps: list[tuple[str, int, int]]) -> None:
    clock = Clock()
    ports = Ports(20_000, 20_007, clock=clock)
    given: dict[Key, int] = {}
    left: dict[int, tuple[Key, float]] = {}
    for step, number, port in steps:
        key = Key("prod", f"g{number}")
        match step:
            case "assign":
                with contextlib.suppress(Unavailable):
                    had = given.get(key)
                    given[key] = ports.assign(key)
                    assert had in (None, given[key])
                    former, at = left.get(given[key], (key, 0.0))
                    assert had is not None or former == key or clock.now - at >= RESTS_S
            case "give_back":
                if key in given:
                    left[given[key]] = (key, clock.now)
                ports.give_back(key)
                given.pop(key, None)
            case "adopt":
                if ports.adopt(key, 20_000 + port):
                    given[key] = 20_000 + port
            case _:
                clock.now += 50
        assert len(set(given.values())) == len(given) == len(ports)


def test_ports_are_read_from_the_endpoint_slices_that_stand() -> None:
    def endpoint_slice(name: str, **more: Any) -> dict[str, Any]:
        labels = {"app.kubernetes.io/instance": "a"}
        return {"metadata": {"name": name, "namespace": "prod", "labels": labels}, "ports": [{"name": "http", "port": 20_007}], **more}

    led = endpoint_slice("a-activator", endpoints=[{"addresses": ["10.0.0.5"]}])
    assert read_stand_ins([led, endpoint_slice("a-api-x7f2"), endpoint_slice("b", ports=None)]) == {A: StandIn(("10.0.0.5",), 20_007)}


# ---- the protocol


def test_the_activator_understands_a_route() -> None:
    told = route(phase="starting", message="starting the database", pods=("10.0.0.7:8000",))
    table = read_table(orjson.dumps([told.as_json()]), Table(), ports=range(FIRST_PORT, LAST_PORT + 1))
    assert table.refused == ()
    (read,) = table.routes.values()
    assert (read.key.namespace, read.key.name, read.port, read.phase, read.message) == ("prod", "a", FIRST_PORT, "starting", told.message)
    assert (read.target, read.pods, read.forwarding_key) == ("http://a-api.prod.svc:80", told.pods, told.forwarding_key)


def test_a_route_does_not_show_its_key() -> None:
    assert "kkkk" not in repr(route())


class There:
    """An activator as far as the operator sees it."""

    def __init__(self, *, says_digests: bool = True) -> None:
        self.tables: list[list[dict[str, Any]]] = []
        self.queries: list[dict[str, str]] = []
        self.waiting: Any = []
        self.digests: dict[str, str] = {}
        self.status = 200
        self.says_digests = says_digests
        self.asked = 0
        self.address = "10.0.0.5"
        self.refused: list[dict[str, Any]] = []

    def application(self) -> web.Application:
        app = web.Application(client_max_size=2**24)
        app.router.add_put("/routes", self._routes)
        app.router.add_get("/waiting", self._waiting)
        return app

    async def _routes(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        if self.status == 200:
            self.tables.append(orjson.loads(await request.read()))
            self.queries.append(dict(request.query))
            self.digests[request.query.get("part", "0")] = request.headers["X-Octavo-Routes"]
        return web.json_response({"success": True, "routes": 1, "refused": self.refused}, status=self.status)

    async def _waiting(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == f"Bearer {TOKEN}"
        self.asked += 1
        headers = {"X-Octavo-Addresses": self.address}
        if self.says_digests:
            headers["X-Octavo-Routes"] = ", ".join(self.digests.values())
        return web.json_response(self.waiting, status=self.status, headers=headers)


@contextlib.asynccontextmanager
async def client_of(there: There) -> AsyncIterator[ActivatorClient]:
    runner = web.AppRunner(there.application(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        async with aiohttp.ClientSession() as session:
            yield ActivatorClient(session, f"http://127.0.0.1:{port}/", TOKEN, timeout_s=5)
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def talking(there: There, **options: Any) -> AsyncIterator[tuple[Activator, list[Key]]]:
    called: list[Key] = []
    async with client_of(there) as client:
        activator = Activator(client, called.append, **{"waiting_s": 0.02, "routes_s": 60.0, **options})
        task = asyncio.create_task(activator.run())
        try:
            yield activator, called
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_routes_are_told_once_and_again_when_they_change() -> None:
    there = There()
    async with talking(there) as (activator, _):
        await until(lambda: there.tables == [[]])
        activator.set_route(route())
        assert not activator.knows(A)
        await until(lambda: len(there.tables) == 2)
        assert there.tables[-1] == [orjson.loads(orjson.dumps(route().as_json()))]
        await until(lambda: activator.knows(A))
        activator.set_route(route())
        asked = there.asked
        await until(lambda: there.asked >= asked + 5)
        assert len(there.tables) == 2
        activator.set_route(route(phase="starting"))
        activator.set_route(route(B, FIRST_PORT + 1))
        await until(lambda: len(there.tables) == 3)
        assert [(item["name"], item["phase"]) for item in there.tables[-1]] == [("a", "starting"), ("b", "asleep")]
        activator.forget(B)
        await until(lambda: len(there.tables) == 4)
        assert [item["name"] for item in there.tables[-1]] == ["a"]


async def test_an_activator_that_started_anew_is_told_again() -> None:
    there = There()
    async with talking(there) as (activator, _):
        activator.set_route(route())
        await until(lambda: bool(there.tables) and len(there.tables[-1]) == 1)
        told = len(there.tables)
        there.digests.clear()
        await until(lambda: len(there.tables) == told + 1)
        assert len(there.tables[-1]) == 1


async def test_one_that_does_not_say_what_it_has_is_told_every_few_seconds() -> None:
    there = There(says_digests=False)
    async with talking(there, routes_s=0.05) as (activator, _):
        activator.set_route(route())
        await until(lambda: len(there.tables) >= 4)


async def test_it_hears_for_whom_something_waits_and_tells_each_change_once() -> None:
    there = There()
    async with talking(there) as (activator, called):
        await until(lambda: there.asked >= 2)
        assert called == []
        there.waiting = [{"namespace": "prod", "name": "a", "jobs": 2, "requests": 0, "since": "x"}]
        await until(lambda: called == [A])
        assert activator.waiting(A) == Waiting(2, 0)
        there.waiting = [{"namespace": "prod", "name": "a", "jobs": 7, "requests": 1, "since": "x"}]
        await until(lambda: activator.waiting(A) == Waiting(7, 1))
        assert called == [A]
        there.waiting = []
        await until(lambda: called == [A, A])
        assert not activator.waiting(A).anything


async def test_it_is_available_while_it_answers_and_its_address_is_known() -> None:
    there, clock = There(), Clock()
    async with talking(there, clock=clock) as (activator, _):
        assert not activator.available
        await until(lambda: activator.available)
        assert activator.addresses == ("10.0.0.5",)
        there.status = 500
        asked = there.asked
        await until(lambda: there.asked >= asked + 2)
        clock.now += AWAY_S
        assert not activator.available
        there.status = 200
        await until(lambda: activator.available)


async def test_a_route_that_is_refused_is_not_known() -> None:
    there = There()
    there.refused = [{"namespace": "prod", "name": "a", "port": FIRST_PORT, "reason": "cannot listen on port 20000"}]
    async with talking(there) as (activator, _):
        activator.set_route(route())
        activator.set_route(route(B, FIRST_PORT + 1))
        await until(lambda: activator.knows(B))
        assert not activator.knows(A)


async def test_a_new_leader_keeps_what_stands_until_the_activator_has_spoken() -> None:
    there = There()
    there.status = 503
    async with talking(there) as (activator, _):
        activator.set_route(route(B, activator.port(B)))
        activator.take_over(0, {A: StandIn(("10.0.0.4",), 20_321)})
        assert (activator.port(A), activator.addresses, activator.available) == (20_321, ("10.0.0.4",), False)
        assert not activator.knows(B)
        there.status = 200
        await until(lambda: activator.available)
        assert activator.addresses == ("10.0.0.5",)


async def test_when_the_activator_moves_all_that_lead_to_it_are_looked_at() -> None:
    there = There()
    async with talking(there) as (activator, called):
        activator.set_route(route())
        await until(lambda: activator.available)
        assert called == []
        there.address = "10.0.0.6"
        await until(lambda: called == [A])
        assert activator.addresses == ("10.0.0.6",)


async def test_routes_that_could_not_be_told_are_told_later() -> None:
    there = There()
    there.status = 503
    async with talking(there) as (activator, _):
        activator.set_route(route())
        await until(lambda: activator._failure != "")
        assert not activator.knows(A)
        there.status = 200
        await until(lambda: activator.knows(A))
        assert len(there.tables[-1]) == 1


async def test_who_does_not_lead_says_nothing() -> None:
    there = There()
    leads = {"now": False}
    async with talking(there, leads=lambda _: leads["now"]) as (activator, _):
        activator.set_route(route())
        # Three pauses between two conversations: enough for one, were there any.
        for _ in range(3):
            await asyncio.sleep(0.02)
        assert (there.asked, there.tables) == (0, [])
        leads["now"] = True
        await until(lambda: len(there.tables) == 1)


async def test_each_part_is_told_for_itself() -> None:
    there = There()
    async with talking(there, parts=2, part_of=lambda key: 0 if key == A else 1, leads=lambda part: part == 1) as (activator, _):
        activator.set_route(route(A))
        activator.set_route(route(B, activator.port(B)))
        await until(lambda: activator.knows(B))
        assert there.queries == [{"part": "1", "parts": "2"}]
        assert [item["name"] for item in there.tables[-1]] == ["b"]


@pytest.mark.parametrize("answer", [{"jobs": 1}, ["x"], [{"name": "a"}], [{"namespace": "p", "name": "a", "jobs": "many"}]])
async def test_an_answer_that_is_none_is_refused(answer: Any) -> None:
    there = There()
    there.waiting = answer
    async with client_of(there) as client:
        with pytest.raises(Unavailable, match="no list of who waits"):
            await client.waiting()


async def test_a_refused_token_is_named() -> None:
    there = There()
    there.status = 401
    async with client_of(there) as client:
        with pytest.raises(Misconfigured, match="OCTAVO_ACTIVATOR_TOKEN") as caught:
            await client.put_routes(b"[]", "d")
    assert TOKEN not in caught.value.message


async def test_nobody_at_home_is_unavailable() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Unavailable, match="not reached"):
            await ActivatorClient(session, "http://127.0.0.1:1", TOKEN).waiting()
