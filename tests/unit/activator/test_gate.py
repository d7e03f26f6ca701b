"""A gate: when it is open, what is told meanwhile, and to whom."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest
from tests.servers.activator_process import route

from octavo_activator.gate import ASLEEP, Gate
from octavo_activator.held import HeldJob
from octavo_activator.routes import Key, Route, Table, read_table
from octavo_core.clock import ManualClock
from octavo_core.identity import ANONYMOUS


def made(phase: str = "asleep", **more: Any) -> Route:
    (found,) = read_table(orjson.dumps([route("x", 20_000, phase, **more)]), Table(), ports=range(20_000, 30_000)).routes.values()
    return found


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def gate(clock: ManualClock) -> Gate:
    return Gate(made(), clock)


@pytest.mark.parametrize(
    ("told", "is_open"),
    [
        (made("asleep"), False),
        (made("starting"), False),
        (made("starting", pods=["10.0.0.1:8000"]), False),
        (made("ready"), True),
        (made("ready", pods=["10.0.0.1:8000"], target=None), True),
        (made("ready", target=None), False),
    ],
)
def test_when_it_is_open(told: Route, is_open: bool, clock: ManualClock) -> None:
    assert Gate(told, clock).is_open is is_open


async def test_it_opens_for_all_who_wait_and_shuts_again(gate: Gate) -> None:
    waiting = [asyncio.create_task(gate.until_open()) for _ in range(3)]
    await asyncio.sleep(0)
    gate.update(made("ready"))
    await asyncio.wait_for(asyncio.gather(*waiting), 1)
    gate.update(made("asleep"))
    assert not gate.is_open


def test_a_pod_that_answers_early_opens_it_until_the_operator_says_otherwise(gate: Gate) -> None:
    pods = ["10.0.0.1:8000"]
    gate.update(made("starting", pods=pods))
    gate.open_early(tuple(pods))
    assert gate.is_open
    gate.update(made("starting", pods=pods, message="waiting for the database"))
    assert gate.is_open, "another message about the same pods changes nothing"
    gate.update(made("starting", pods=["10.0.0.2:8000"]))
    assert not gate.is_open


def test_a_probe_that_comes_late_opens_nothing(gate: Gate) -> None:
    gate.update(made("starting", pods=["10.0.0.2:8000"]))
    gate.open_early(("10.0.0.1:8000",))
    assert not gate.is_open
    gate.update(made("asleep"))
    gate.open_early(())
    assert not gate.is_open


def test_each_stage_is_a_message_of_its_own_time(gate: Gate, clock: ManualClock) -> None:
    gate.update(made("starting"))
    gate.update(made("starting", message="pulling image x"))
    gate.update(made("starting", message="pulling image x", pods=["10.0.0.1:8000"]))
    clock.advance(5)
    gate.update(made("ready"))
    assert [message.text for message in gate.messages] == [ASLEEP, "starting", "starting: pulling image x", "started"]
    times = [message.at_ms for message in gate.messages]
    assert times == sorted(set(times)), "ids are made of them"
    assert [message.number for message in gate.messages] == [1, 2, 3, 4]


def test_a_clock_that_is_set_back_makes_no_id_twice(gate: Gate, clock: ManualClock) -> None:
    clock.advance(-3_600)
    gate.update(made("starting"))
    first, second = gate.messages
    assert second.at_ms > first.at_ms


def test_pods_take_turns_and_the_service_comes_last(clock: ManualClock) -> None:
    gate = Gate(made("ready", pods=["10.0.0.1:8000", "10.0.0.2:8000"]), clock)
    service = "http://x-api.default.svc:80"
    assert gate.addresses() == ["http://10.0.0.1:8000", "http://10.0.0.2:8000", service]
    assert gate.addresses() == ["http://10.0.0.2:8000", "http://10.0.0.1:8000", service]


def test_while_it_starts_the_service_leads_back_here(clock: ManualClock) -> None:
    gate = Gate(made("starting", pods=["10.0.0.1:8000"]), clock)
    assert gate.addresses() == ["http://10.0.0.1:8000"]


def test_who_waits_is_counted_and_since_when(gate: Gate, clock: ManualClock) -> None:
    with gate.waiting():
        began = clock.now_ms()
        clock.advance(3)
        with gate.waiting():
            assert (gate.waiting_requests, gate.waiting_since_ms) == (2, began)
    assert (gate.waiting_requests, gate.waiting_since_ms) == (0, None)


class TestWatching:
    async def test_a_watch_stirs_with_each_message(self, gate: Gate) -> None:
        with gate.watch("one") as watch:
            assert not await watch.stir(0.001)
            gate.update(made("starting"))
            assert await watch.stir(1)
            assert not await watch.stir(0.001)

    async def test_only_those_who_watch_a_job_hear_of_it(self, gate: Gate) -> None:
        with gate.watch("one") as one, gate.watch("one") as again, gate.watch("two") as two:
            gate.taken("one", "elsewhere")
            assert one.taken_as == again.taken_as == "elsewhere"
            assert one.is_over
            assert not two.is_over

    async def test_the_end_that_a_job_had_here_is_told(self, gate: Gate) -> None:
        job = HeldJob("one", Key("default", "x"), ANONYMOUS, b"{}", "c", 1)
        with gate.watch("one") as watch:
            gate.ended(replace(job, changed_at=2))
            assert watch.ended is not None
            assert watch.ended.changed_at == 2

    async def test_what_happens_to_a_job_that_nobody_watches(self, gate: Gate) -> None:
        gate.taken("nobody's", "nobody's")
