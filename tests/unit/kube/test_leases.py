"""Leases against an API server in memory and clocks that tests move: who leads when, and that never two do."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo_operator.cluster import ApiError, NotLeading
from octavo_operator.leases import Durations, Lease

DURATIONS = Durations(lease=10.0, renew=2.0, give_up=7.0)


class Server:
    """One Lease, with the optimistic concurrency of a real API server. `trouble` is raised instead of, or after, the next call."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.trouble: str = ""

    async def get(self, *_: object) -> dict[str, Any] | None:
        self._fail("before")
        return copy.deepcopy(self.lease)

    async def create(self, _kind: object, _namespace: str, body: dict[str, Any], **_: object) -> dict[str, Any]:
        self._fail("before")
        if self.lease is not None:
            raise ApiError(409, "AlreadyExists", "it is there")
        return self._store(body)

    async def replace(self, _kind: object, _namespace: str, body: dict[str, Any], **_: object) -> dict[str, Any]:
        self._fail("before")
        if self.lease is None or body["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "it has moved")
        return self._store(body)

    def _store(self, body: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.lease = copy.deepcopy(body)
        self.lease["metadata"]["resourceVersion"] = str(self.version)
        self._fail("after")
        return copy.deepcopy(self.lease)

    def _fail(self, when: str) -> None:
        if self.trouble == when:
            self.trouble = ""
            raise ApiError(0, "Unreachable", "a fault that was asked for")

    @property
    def holder(self) -> str:
        return str(self.lease["spec"]["holderIdentity"]) if self.lease else ""


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Replica:
    def __init__(self, server: Server, name: str, clock: Clock) -> None:
        self.clock = clock
        self.changes: list[str] = []
        self.lease = Lease(
            server,  # type: ignore[arg-type]
            "octavo-system",
            "octavo-operator",
            name,
            DURATIONS,
            gained=lambda: self.changes.append("gained"),
            lost=lambda: self.changes.append("lost"),
            now=clock,
        )

    async def turn(self) -> None:
        """What `run` does, once."""
        try:
            await self.lease._step()
        except ApiError:
            self.lease._record = None
        self.lease._announce()

    @property
    def leads(self) -> bool:
        try:
            self.lease.remaining()
        except NotLeading:
            return False
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Server:
    return Server()


async def test_the_first_one_leads_and_the_second_waits(server: Server, clock: Clock) -> None:
    one, two = Replica(server, "one", clock), Replica(server, "two", clock)
    await one.turn()
    await two.turn()
    assert (one.leads, two.leads) == (True, False)
    assert one.changes == ["gained"]
    assert 0 < one.lease.remaining() <= DURATIONS.give_up


async def test_a_silent_leader_stops_before_another_may_begin(server: Server, clock: Clock) -> None:
    one, two = Replica(server, "one", clock), Replica(server, "two", clock)
    await one.turn()
    await two.turn()
    clock.now += DURATIONS.give_up + 0.01
    assert not one.leads
    await two.turn()
    assert not two.leads
    clock.now += DURATIONS.lease - DURATIONS.give_up
    await two.turn()
    assert two.leads
    assert server.holder == "two"
    # and the old one, when it wakes, sees that at its first look
    await one.turn()
    assert not one.leads
    assert two.leads


async def test_a_leader_that_renews_goes_on(server: Server, clock: Clock) -> None:
    one, two = Replica(server, "one", clock), Replica(server, "two", clock)
    for _ in range(30):
        await one.turn()
        await two.turn()
        clock.now += DURATIONS.renew
        assert one.leads
        assert not two.leads
    assert one.changes == ["gained"]


async def test_a_renewal_whose_answer_was_lost_is_no_loss(server: Server, clock: Clock) -> None:
    one = Replica(server, "one", clock)
    await one.turn()
    clock.now += DURATIONS.renew
    server.trouble = "after"
    await one.turn()
    clock.now += DURATIONS.renew
    await one.turn()
    assert one.lease.remaining() == pytest.approx(DURATIONS.give_up)
    assert one.changes == ["gained"]


async def test_time_counts_from_before_the_request(server: Server, clock: Clock) -> None:
    """An answer that takes long must not make the leave longer than others believe."""
    one = Replica(server, "one", clock)
    await one.turn()
    slow = server.replace

    async def replace(*arguments: Any, **more: Any) -> dict[str, Any]:
        answer = await slow(*arguments, **more)
        clock.now += 3.0
        return answer

    server.replace = replace  # type: ignore[method-assign]
    await one.turn()
    assert one.lease.remaining() == pytest.approx(DURATIONS.give_up - 3.0)


async def test_whoever_is_overruled_stops_at_once(server: Server, clock: Clock) -> None:
    """A person, or a replica with another idea of time, has written another holder."""
    one = Replica(server, "one", clock)
    await one.turn()
    assert server.lease is not None
    server.lease["spec"]["holderIdentity"] = "another"
    server.lease["metadata"]["resourceVersion"] = "99"
    await one.turn()  # meets the conflict
    await one.turn()  # looks
    assert not one.leads
    assert one.changes == ["gained", "lost"]


async def test_a_lease_that_is_given_back_is_free_at_once(server: Server, clock: Clock) -> None:
    one, two = Replica(server, "one", clock), Replica(server, "two", clock)
    await one.turn()
    await two.turn()
    await one.lease.release()
    assert not one.leads
    assert server.holder == ""
    await two.turn()
    assert two.leads


async def test_giving_back_what_is_no_longer_ours_takes_it_from_nobody(server: Server, clock: Clock) -> None:
    one, two = Replica(server, "one", clock), Replica(server, "two", clock)
    await one.turn()
    await two.turn()
    clock.now += 11
    await two.turn()
    await one.lease.release()
    assert server.holder == "two"


async def test_a_free_lease_has_its_transitions_counted(server: Server, clock: Clock) -> None:
    one, two = Replica(server, "one", clock), Replica(server, "two", clock)
    await one.turn()
    await two.turn()
    clock.now += 11
    await two.turn()
    assert server.lease is not None
    assert server.lease["spec"]["leaseTransitions"] == 1


steps = st.lists(
    st.tuples(st.sampled_from([0, 1, 2]), st.sampled_from(["turn", "turn", "turn", "release", "before", "after"]), st.floats(0.0, 6.0)),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(steps)
async def test_never_two_lead(moves: list[tuple[int, str, float]]) -> None:
    """Replicas that stop, wake, lose requests and answers, in any order and at any pace."""
    clock, server = Clock(), Server()
    replicas = [Replica(server, f"replica-{number}", clock) for number in range(3)]
    for who, what, pause in moves:
        if what == "release":
            await replicas[who].lease.release()
        else:
            server.trouble = what if what in ("before", "after") else ""
            await replicas[who].turn()
            server.trouble = ""
        assert sum(replica.leads for replica in replicas) <= 1, [replica.leads for replica in replicas]
        clock.now += pause
        assert sum(replica.leads for replica in replicas) <= 1
