"""From what is seen, counted and called for to the size that is written, and back: asleep, awake, and each step between."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from tests.unit.kube.status_scenes import PASSWORDS, START, generator

from octavo_core.errors import Unavailable
from octavo_core.spec import GeneratorService
from octavo_operator.activator import Activator, Answer, Waiting
from octavo_operator.backlog import Backlogs
from octavo_operator.families import Family
from octavo_operator.kinds import DEPLOYMENT, ENDPOINT_SLICE, STATEFUL_SET
from octavo_operator.observe import see
from octavo_operator.reach import Target
from octavo_operator.reconcile import Sizing
from octavo_operator.resource import Backlog, Key, Observed, Pod, Scale, Situation, StandIn
from octavo_operator.scaling import LINGERS_S, UNREADY_S, ByWork, standing_scale

KEY = Key("prod", "tales")
EMPTY = Backlog(0, 0, 0, 0)
ADDRESS = "10.0.0.5"


class Talk:
    """The activator at the other end."""

    def __init__(self) -> None:
        self.tables: list[list[dict[str, Any]]] = []
        self.waiting_now: Mapping[Key, Waiting] = {}
        self.addresses: tuple[str, ...] = (ADDRESS,)
        self.digest = ""

    async def put_routes(self, body: bytes, digest: str, **_: int) -> Mapping[Key, str]:
        self.tables.append(orjson.loads(body))
        self.digest = digest
        return {}

    async def waiting(self) -> Answer:
        return Answer(self.waiting_now, (self.digest,), self.addresses)


class World:
    """One generator, the cluster around it as far as it is seen, and a clock."""

    def __init__(self, resource: GeneratorService | None = None, *, activator: bool = True) -> None:
        self.resource = resource or generator(workers={"scaling": {"idleSeconds": 100}}, api={"sleepSeconds": 1_000})
        self.seconds = 0.0
        self.answer: Backlog | None = EMPTY
        self.asked: list[Target] = []
        self.news: list[Key] = []
        self.talk = Talk()
        self.backlogs = Backlogs(self._ask, self.news.append, clock=self._clock, jitter=lambda: 1.0)
        self.activator = Activator(self.talk, self.news.append, clock=self._clock) if activator else None  # type: ignore[arg-type]
        self.sizes = ByWork(self.backlogs, self.activator, now=lambda: START.timestamp() + self.seconds, clock=self._clock)
        self.sizes.take_over(0, [])
        self.family = Family(KEY, text=orjson.dumps(self.resource.model_dump(mode="json", by_alias=True, exclude_none=True)), uid="u-1")
        self.version = 1

    def _clock(self) -> float:
        return 5_000.0 + self.seconds

    async def _ask(self, target: Target) -> Backlog:
        self.asked.append(target)
        assert self.answer is not None
        return self.answer

    # ---- the cluster

    def workload(self, component: str, desired: int, *, ready: int | None = None) -> None:
        kind = STATEFUL_SET if component in ("db", "redis") else DEPLOYMENT
        self.version += 1
        metadata = {
            "name": f"tales-{component}",
            "namespace": "prod",
            "uid": f"uid-{component}",
            "resourceVersion": str(self.version),
            "labels": {"app.kubernetes.io/component": component},
            "ownerReferences": [{"controller": True, "uid": "u-1", "kind": "GeneratorService", "name": "tales"}],
        }
        count = desired if ready is None else ready
        new = see(
            kind, {"metadata": metadata, "spec": {"replicas": desired}, "status": {"readyReplicas": count, "updatedReplicas": desired}}
        )
        self.family.children = [seen for seen in self.family.children if seen.name != new.name] + [new]

    def pods(self, component: str, ready: int, *, unready: int = 0, age_s: float = 60, ip: bool = True) -> None:
        created = (START + timedelta(seconds=self.seconds - age_s)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        others = [pod for pod in self.family.pods if pod.component != component]
        states = [True] * ready + [False] * unready
        self.family.pods = others + [
            Pod(f"tales-{component}-{n}", component, "Running", good, False, created, "h", ip=f"10.1.0.{n}" if ip else "")  # type: ignore[arg-type]
            for n, good in enumerate(states)
        ]

    def stand(self, scale: Scale) -> None:
        """All is as it was decided, and up."""
        self.workload("api", scale.api)
        self.workload("worker", scale.workers)
        self.workload("db", int(scale.stores))
        self.workload("redis", int(scale.stores))
        self.pods("api", scale.api)
        self.pods("worker", scale.workers)

    # ---- the operator

    def reconcile(self) -> Sizing:
        sizing = self.sizes.size(self.resource, self.family)
        situation = Situation("u-1", sizing.scale, PASSWORDS, stand_in=sizing.stand_in)
        self.sizes.reported(self.resource, self.family, situation, Observed({}))
        return sizing

    async def count(self) -> None:
        """The loop of the backlogs asks whoever is due."""
        task = asyncio.create_task(self.backlogs.run())
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()

    async def talk_once(self) -> None:
        assert self.activator is not None
        await self.activator._turn()

    async def live(self, seconds: float = 0.0) -> Sizing:
        """One round of everything, after so long."""
        self.seconds += seconds
        if self.activator is not None:
            await self.talk_once()
        await self.count()
        sizing = self.reconcile()
        if self.activator is not None:
            await self.talk_once()
        return sizing

    async def awake(self) -> None:
        self.stand((await self.live()).scale)
        await self.live()
        await self.count()

    async def asleep(self) -> None:
        """Through all steps, to the end."""
        await self.awake()
        self.stand((await self.live(2_000)).scale)
        for _ in range(6):
            scale = (await self.live(1)).scale
            self.stand(scale)
        assert scale == Scale(0, 0, stores=False)


# ---- what stands


def test_what_stands_is_read_from_the_workloads() -> None:
    world = World()
    assert standing_scale(world.resource, world.family) is None
    world.stand(Scale(2, 3))
    assert standing_scale(world.resource, world.family) == Scale(2, 3)
    world.stand(Scale(0, 0, stores=False))
    assert standing_scale(world.resource, world.family) == Scale(0, 0, stores=False)


def test_somebody_elses_workloads_do_not_count() -> None:
    world = World()
    world.stand(Scale(2, 3))
    world.family.uid = "u-2"
    assert standing_scale(world.resource, world.family) is None


# ---- awake


async def test_a_new_generator_starts_as_configured() -> None:
    sizing = await World().live()
    assert (sizing.scale, sizing.stand_in, sizing.backlog) == (Scale(1, 0), None, None)


async def test_work_that_is_counted_brings_workers() -> None:
    world = World()
    await world.awake()
    world.answer = Backlog(50, 0, 0, 1)
    world.seconds += 10
    await world.count()
    assert world.news[-1] == KEY
    sizing = world.reconcile()
    assert (sizing.scale, sizing.backlog) == (Scale(1, 4), Backlog(50, 0, 0, 1))


async def test_a_person_who_scales_a_deployment_by_hand_is_overruled() -> None:
    world = World()
    await world.awake()
    world.workload("worker", 5)
    assert world.reconcile().scale == Scale(1, 0)


async def test_ready_pods_are_asked_by_their_addresses() -> None:
    world = World(generator(api={"replicas": 2}))
    await world.awake()
    assert world.asked[-1] == Target(KEY, True, (("tales-api-0", "10.1.0.0"), ("tales-api-1", "10.1.0.1")))


async def test_pods_that_are_late_are_asked_what_they_miss_and_others_get_time() -> None:
    world = World()
    world.stand(Scale(1, 0))
    world.pods("api", 0, unready=1, age_s=UNREADY_S - 5)
    sizing = await world.live()
    assert world.asked == []
    assert sizing.look_again_s == pytest.approx(5)
    await world.live(6)
    world.reconcile()
    await world.count()
    assert world.asked == [Target(KEY, False, (("tales-api-0", "10.1.0.0"),))]


async def test_a_generator_that_is_gone_leaves_nothing() -> None:
    world = World()
    await world.asleep()
    world.sizes.forget(KEY)
    assert (len(world.sizes), len(world.backlogs)) == (0, 0)
    await world.talk_once()
    assert world.talk.tables[-1] == []


# ---- falling asleep


async def test_it_falls_asleep_step_by_step() -> None:
    world = World()
    await world.awake()
    assert world.talk.tables[-1] == []
    first = await world.live(2_000)
    assert first.scale == Scale(1, 0), "the activator must know it first"
    assert first.look_again_s == 1.0
    assert [route["phase"] for route in world.talk.tables[-1]] == ["ready"]
    asked = len(world.asked)
    second = world.reconcile()
    assert second.scale == Scale(1, 0), "its work must be counted once more"
    world.seconds += 0.1
    await world.count()
    assert len(world.asked) == asked + 1
    third = world.reconcile()
    assert third.scale == Scale(0, 0, stores=True), "the API goes, the stores stay for its last requests"
    assert third.stand_in == StandIn((ADDRESS,), world.talk.tables[-1][0]["port"])
    fourth = world.reconcile()
    assert fourth.scale == Scale(0, 0, stores=True), "its pods are still there"
    world.stand(Scale(0, 0))
    assert world.reconcile().scale == Scale(0, 0, stores=False)
    await world.talk_once()
    assert [(route["name"], route["phase"], route["pods"]) for route in world.talk.tables[-1]] == [("tales", "asleep", [])]
    assert len(world.backlogs) == 0


async def test_a_job_that_comes_while_it_falls_asleep_keeps_it_awake() -> None:
    world = World()
    await world.awake()
    await world.live(2_000)
    world.answer = Backlog(1, 0, 0, 0)
    assert (await world.live(1)).scale == Scale(1, 0)
    sizing = await world.live(1)
    assert sizing.scale == Scale(1, 1)
    world.stand(sizing.scale)
    world.answer = EMPTY
    assert (await world.live(60)).scale.api == 1


async def test_it_does_not_fall_asleep_while_the_activator_is_away() -> None:
    world = World()
    await world.awake()
    world.seconds += 2_000
    await world.count()
    assert world.reconcile().scale == Scale(1, 0)
    assert world.reconcile().scale == Scale(1, 0)


async def test_without_an_activator_it_never_sleeps_wholly() -> None:
    world = World(activator=False)
    await world.awake()
    for _ in range(5):
        assert (await world.live(10_000)).scale == Scale(1, 0)


# ---- waking


async def test_something_that_waits_wakes_it_and_callers_are_led_to_the_activator_until_it_answers() -> None:
    world = World()
    await world.asleep()
    world.talk.waiting_now = {KEY: Waiting(1, 0)}
    world.news.clear()
    await world.talk_once()
    assert world.news == [KEY]
    waking = world.reconcile()
    assert waking.scale == Scale(1, 1)
    assert waking.stand_in is not None
    world.stand(waking.scale)
    world.pods("api", 0, unready=1)
    waking = world.reconcile()
    assert (waking.scale, waking.stand_in is not None) == (Scale(1, 1), True)
    await world.talk_once()
    (route,) = world.talk.tables[-1]
    assert (route["phase"], route["pods"]) == ("starting", ["10.1.0.0:8000"])
    assert route["message"] == "starting the database"
    world.pods("api", 1)
    ready = world.reconcile()
    assert ready.stand_in is None
    await world.talk_once()
    (route,) = world.talk.tables[-1]
    assert (route["phase"], route["pods"], route["message"]) == ("ready", ["10.1.0.0:8000"], "")


async def test_the_activator_knows_it_until_all_is_handed_over_and_a_while_longer() -> None:
    world = World()
    await world.asleep()
    world.talk.waiting_now = {KEY: Waiting(2, 0)}
    scale = (await world.live()).scale
    world.stand(scale)
    world.answer = Backlog(1, 1, 0, 0)
    for _ in range(3):
        await world.live(LINGERS_S)
    assert len(world.talk.tables[-1]) == 1
    world.talk.waiting_now = {}
    sizing = await world.live(1)
    assert sizing.look_again_s is not None
    assert sizing.look_again_s <= LINGERS_S
    await world.live(LINGERS_S - 1)
    assert len(world.talk.tables[-1]) == 1
    await world.live(2)
    assert world.talk.tables[-1] == []
    assert world.reconcile().look_again_s is None or world.reconcile().look_again_s > 1  # type: ignore[operator]


async def test_a_wake_wakes_it() -> None:
    world = World()
    await world.asleep()
    document = world.resource.model_dump(by_alias=True, exclude_none=True)
    document["metadata"]["annotations"] = {"octavo.dev/wake": "now"}
    world.resource = GeneratorService.model_validate(document)
    assert (await world.live()).scale == Scale(1, 1)


async def test_the_activator_moves_and_the_services_follow() -> None:
    world = World()
    await world.asleep()
    world.talk.addresses = ("10.0.0.6",)
    world.news.clear()
    await world.talk_once()
    assert world.news == [KEY]
    stand_in = world.reconcile().stand_in
    assert stand_in is not None
    assert stand_in.addresses == ("10.0.0.6",)


# ---- another leader


def endpoint_slice(port: int) -> dict[str, Any]:
    metadata = {
        "name": "tales-activator",
        "namespace": "prod",
        "uid": "uid-slice",
        "resourceVersion": "9",
        "labels": {"app.kubernetes.io/instance": "tales"},
    }
    return {"metadata": metadata, "ports": [{"port": port}], "endpoints": [{"addresses": ["10.0.0.4"]}]}


async def test_a_new_leader_finds_it_asleep_and_leaves_everything_as_it_is() -> None:
    world = World()
    world.sizes.take_over(0, [endpoint_slice(20_777)])
    world.stand(Scale(0, 0, stores=False))
    sizing = world.reconcile()
    assert (sizing.scale, sizing.stand_in) == (Scale(0, 0, stores=False), StandIn(("10.0.0.4",), 20_777))


async def test_a_new_leader_finds_it_waking() -> None:
    world = World()
    world.sizes.take_over(0, [endpoint_slice(20_777)])
    world.stand(Scale(1, 1))
    world.pods("api", 0, unready=1)
    world.family.children.append(see(ENDPOINT_SLICE, endpoint_slice(20_777)))
    sizing = world.reconcile()
    assert (sizing.scale, sizing.stand_in) == (Scale(1, 1), StandIn(("10.0.0.4",), 20_777))


async def test_nothing_is_decided_before_it_is_known_what_others_arranged() -> None:
    world = World()
    world.stand(Scale(0, 0, stores=False))
    with pytest.raises(Unavailable, match="has not said yet where it listens"):
        world.reconcile()
    world.sizes.lost(0)
    with pytest.raises(Unavailable, match="have not been read yet"):
        world.reconcile()


async def test_what_was_remembered_from_before_others_led_is_dropped() -> None:
    world = World()
    await world.awake()
    world.sizes.lost(0)
    world.stand(Scale(1, 4))
    world.sizes.take_over(0, [])
    assert world.reconcile().scale == Scale(1, 4)


def test_times_of_pods_are_read_whatever_they_say() -> None:
    world = World()
    world.stand(Scale(1, 0))
    world.family.pods = [Pod("p", "api", "Running", False, False, "", None, ip="10.0.0.1")]
    assert world.sizes.size(world.resource, world.family).scale == Scale(1, 0)
    assert datetime.fromtimestamp(START.timestamp(), UTC) == START
