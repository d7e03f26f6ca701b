"""The operator on a real API server with nodes that exist on paper: made, settled, edited, at rest, deleted, and a leader that dies.

    python -m benchmarks.operator --count 1000 --out benchmarks/results/operator.json

In one run, on one control plane (etcd, kube-apiserver, kube-controller-manager, kube-scheduler, KWOK), beside a bare script that applies
the same objects (`benchmarks.kube.bare`). Everything happens in a network namespace of its own that has loopback only: pods on paper have
addresses on paper, and nothing may dial them.
"""

# ruff: noqa: A005  # named for what it measures; nobody imports it as `operator`
import argparse
import asyncio
import contextlib
import dataclasses
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from tests.servers.cluster import RunningControlPlane, control_plane
from tests.servers.kube_operator import install_kind, keep_nodes_ready

from benchmarks import machine
from benchmarks.kube.generators import PODS_EACH, document, name_of
from benchmarks.kube.observer import Observer, observing
from benchmarks.processes import Program, StartError, answers, cpu_seconds, descendants, free_port, memory
from benchmarks.report import render
from octavo_operator.cluster import Cluster, Limits
from octavo_operator.connection import find_connection
from octavo_operator.kinds import CONFIG_MAP, GENERATOR_SERVICE, LEASE, POD
from octavo_operator.names import MANAGED_SELECTOR

INSIDE = "OCTAVO_BENCHMARK_INSIDE"
ROOT = Path(__file__).parents[1]
PODS_PER_NODE = 100
AT_ONCE = 16
ADVERTISED = "192.0.2.1"
"""The API server wants an address besides loopback to tell of; nobody has this one (TEST-NET-1)."""
WORKLOADS_EACH = 4
REST_S = 60.0
QUIET_S = 8.0
"""After everything has settled, before rest begins: status writes that were held back, events that still come."""
NAMESPACE = "octavo-system"

log = logging.getLogger("benchmarks.operator")


@dataclass(frozen=True, slots=True)
class Phase:
    """One thing that was done to all resources, from the first call to the last one settled."""

    seconds: float
    per_s: float
    cpu_ms_each: float
    """CPU of the operator, or of the bare script, by resource."""
    writes_each: float
    """Objects written by the operator, its Lease left out, by resource."""
    writes: dict[str, float]
    """By kind and verb."""
    api_calls: dict[str, float]
    """Of all clients, as the API server counts them, by verb."""
    looks_each: float = 0.0
    """Reconciles, by resource."""
    events_each: float = 0.0
    """Events of watches that the operator took in, by resource."""


@dataclass(frozen=True, slots=True)
class Rest:
    seconds: float
    writes: float
    """Of the operator, its Lease left out; as it counts them itself."""
    applies_seen: float
    """Server-side applies and writes of GeneratorServices that the API server counted, from whomever."""
    lease_renewals: float
    cpu_share: float
    """Of one core."""
    watch_events: float


class Replica:
    """One operator process, outside the cluster."""

    def __init__(self, name: str, plane: RunningControlPlane, folder: Path, environment: Mapping[str, str], command: Sequence[str]) -> None:
        self.port = free_port()
        settings = {
            "KUBECONFIG": str(plane.kubeconfig),
            "OCTAVO_HTTP_HOST": "127.0.0.1",
            "OCTAVO_HTTP_PORT": str(self.port),
            "OCTAVO_WATCH_NAMESPACES": '["kept"]',
            "OCTAVO_SCALING": os.environ.get("OCTAVO_SCALING", "resource"),
            "OCTAVO_RECONCILERS": str(AT_ONCE),
            "OCTAVO_LOG_LEVEL": "WARNING",
            **environment,
        }
        self.program = Program(name, command, folder, settings)

    def wait_ready(self) -> None:
        self.program.wait_until(lambda: answers(f"http://127.0.0.1:{self.port}/readyz"), 60)

    def metrics(self) -> dict[str, float]:
        """Name with labels → value."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return parse_metrics(answer.read().decode(), "octavo_operator_")

    def leads(self) -> bool:
        return any(name.startswith("octavo_operator_leader") and value for name, value in self.metrics().items())

    def cpu_s(self) -> float:
        return cpu_seconds(descendants([self.program.pid]))

    def rss_kb(self) -> float:
        return memory(descendants([self.program.pid])).rss_bytes / 1024


def parse_metrics(text: str, prefix: str) -> dict[str, float]:
    found = {}
    for line in text.splitlines():
        if line.startswith(prefix):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


def writes_of(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """kind/verb → how many, Leases left out."""
    found: dict[str, float] = {}
    for name, value in after.items():
        match = re.fullmatch(r'octavo_operator_writes_total\{kind="(\w+)",verb="(\w+)"\}', name)
        if match and match[1] != LEASE.name and value > before.get(name, 0):
            found[f"{match[1]}/{match[2]}"] = value - before.get(name, 0)
    return found


def _moved(before: Mapping[str, float], after: Mapping[str, float], prefix: str, part: str = "") -> float:
    return sum(value - before.get(name, 0) for name, value in after.items() if name.startswith(prefix) and part in name)


class Bench:
    def __init__(self, plane: RunningControlPlane, cluster: Cluster, options: argparse.Namespace, folder: Path) -> None:
        self.plane = plane
        self.cluster = cluster
        self.count: int = options.count
        self.folder = folder
        self.deadline_s = 120 + self.count * 0.6
        self.command: list[str] = (
            options.operator_command.split() if options.operator_command else [sys.executable, "-m", "octavo_operator"]
        )

    # ---- what is done to the resources

    async def create(self, namespace: str) -> None:
        await self._for_all(lambda number: self.cluster.create(GENERATOR_SERVICE, namespace, document(namespace, number)))

    async def edit(self, namespace: str) -> None:
        fence = _Always()
        await self._for_all(
            lambda number: self.cluster.merge(
                GENERATOR_SERVICE, namespace, name_of(number), {"spec": document(namespace, number, edited=True)["spec"]}, fence=fence
            )
        )

    async def delete(self, namespace: str) -> float:
        """Seconds until nothing of any resource is left."""
        started = time.monotonic()

        async def one(number: int) -> None:
            found = await self.cluster.get_metadata(GENERATOR_SERVICE, namespace, name_of(number))
            if found is not None:
                await self.cluster.delete(GENERATOR_SERVICE, namespace, name_of(number), found["metadata"]["uid"], fence=_Always())

        await self._for_all(one)
        while await self._left(namespace):
            if time.monotonic() - started > self.deadline_s * 3:
                raise StartError(f"objects are left in {namespace} after {time.monotonic() - started:.0f} s")
            await asyncio.sleep(1)
        return time.monotonic() - started

    async def _left(self, namespace: str) -> bool:
        for kind in (GENERATOR_SERVICE, CONFIG_MAP, POD):
            labels = "" if kind is GENERATOR_SERVICE else MANAGED_SELECTOR
            async for page in self.cluster.pages(kind, namespace=namespace, labels=labels, metadata_only=True, page_size=1):
                if page.items:
                    return True
                break
        return False

    async def _for_all(self, act: Any) -> None:
        numbers = iter(range(self.count))

        async def work() -> None:
            for number in numbers:
                await act(number)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    # ---- the bare script

    async def bare(self, namespace: str) -> dict[str, Any]:
        """Made and settled, edited and settled; deleted afterwards, untimed."""
        async with observing(self.cluster, namespace) as observer:
            made = await self._bare_phase(observer, namespace, 1)
            edited = await self._bare_phase(observer, namespace, 2, "--edit")
        log.info("bare: %.1f/s made, %.1f/s edited; deleting", made.per_s, edited.per_s)
        deleted_s = await self.delete(namespace)
        return {"create": asdict(made), "edit": asdict(edited), "delete_s": round(deleted_s, 1)}

    async def _bare_phase(self, observer: Observer, namespace: str, generation: int, *arguments: str) -> Phase:
        command = [sys.executable, "-m", "benchmarks.kube.bare", "--namespace", namespace, "--count", str(self.count)]
        environment = {"KUBECONFIG": str(self.plane.kubeconfig), "PYTHONPATH": str(ROOT)}
        before = await self.server_calls()
        started = time.monotonic()
        script = Program(f"bare-{namespace}-{generation}", [*command, "--at-once", str(AT_ONCE), *arguments], self.folder, environment)
        cpu_s = 0.0
        try:
            # Its CPU is read while it lives; it ends before the last pod is ready.
            looking = asyncio.create_task(
                observer.until(lambda: observer.workloads_stand(self.count * WORKLOADS_EACH, generation), self.deadline_s)
            )
            while not looking.done():
                living = cpu_seconds(descendants([script.pid]))
                cpu_s = max(cpu_s, living)
                await asyncio.wait({looking}, timeout=0.25)
            ended = await looking
        except TimeoutError:
            raise StartError(f"after {self.deadline_s:g} s: {observer.missing()}\n{script.log_tail()}") from None
        finally:
            script.stop()
        calls = difference(before, await self.server_calls())
        return self._phase(ended - started, cpu_s, {}, calls)

    # ---- the operator

    async def operator(self, namespace: str) -> dict[str, Any]:
        replica = Replica("operator", self.plane, self.folder, {}, self.command)
        try:
            replica.wait_ready()
            await self._until_leading(replica)
            async with observing(self.cluster, namespace) as observer:
                return await self._operator_phases(replica, observer, namespace)
        except BaseException:
            log.error("%s", replica.program.log_tail())
            raise
        finally:
            replica.program.stop()

    async def _operator_phases(self, replica: Replica, observer: Observer, namespace: str) -> dict[str, Any]:
        await asyncio.sleep(2)
        rss_before = self._empty_rss_kb = replica.rss_kb()
        made = await self._phase_of(replica, observer, 1, self.create(namespace))
        await asyncio.sleep(QUIET_S)
        rss_made = replica.rss_kb()
        log.info("operator: %.1f/s made, %.1f ms CPU each, %.2f writes each", made.per_s, made.cpu_ms_each, made.writes_each)
        rest = await self._rest(replica)
        log.info("at rest: %g writes in %g s, CPU %.1f %%", rest.writes, rest.seconds, rest.cpu_share * 100)
        edited = await self._phase_of(replica, observer, 2, self.edit(namespace))
        await asyncio.sleep(QUIET_S)
        rss_edited = replica.rss_kb()
        log.info("operator: %.1f/s edited, %.1f ms CPU each, %.2f writes each", edited.per_s, edited.cpu_ms_each, edited.writes_each)
        restart = await self._restart(replica)
        log.info("restarted: %s", restart)
        failover = await self._failover(namespace)
        log.info("failover: %s", failover)
        replica = Replica("operator-last", self.plane, self.folder, {}, self.command)
        try:
            replica.wait_ready()
            await self._until_leading(replica)
            before, cpu_before = replica.metrics(), replica.cpu_s()
            deleted_s = await self.delete(namespace)
            after = replica.metrics()
            delete = {
                "seconds": round(deleted_s, 1),
                "writes": sum(writes_of(before, after).values()),
                "cpu_ms_each": (replica.cpu_s() - cpu_before) * 1000 / self.count,
                "resources_left": after.get("octavo_operator_resources", -1.0),
            }
        finally:
            replica.program.stop()
        each = self.count
        return {
            "create": asdict(made),
            "rest": asdict(rest),
            "edit": asdict(edited),
            "restart": restart,
            "failover": failover,
            "delete": delete,
            "rss_kb_before": rss_before,
            "rss_kb_each_created": (rss_made - rss_before) / each,
            "rss_kb_each_edited": (rss_edited - rss_before) / each,
        }

    async def _phase_of(self, replica: Replica, observer: Observer, generation: int, doing: Any) -> Phase:
        before, calls_before, cpu_before = replica.metrics(), await self.server_calls(), replica.cpu_s()
        started = time.monotonic()
        acting = asyncio.create_task(doing)
        try:
            ended = await observer.until(lambda: observer.resources_settled(self.count, generation), self.deadline_s)
        except TimeoutError:
            raise StartError(f"after {self.deadline_s:g} s: {observer.missing()}\n{replica.program.log_tail()}") from None
        await acting
        cpu_s = replica.cpu_s() - cpu_before
        await asyncio.sleep(QUIET_S)
        after = replica.metrics()
        phase = self._phase(ended - started, cpu_s, writes_of(before, after), difference(calls_before, await self.server_calls()))
        return dataclasses.replace(
            phase,
            looks_each=_moved(before, after, "octavo_operator_reconciles_total") / self.count,
            events_each=_moved(before, after, "octavo_operator_watch_events_total") / self.count,
        )

    async def _rest(self, replica: Replica) -> Rest:
        before, calls_before, cpu_before = replica.metrics(), await self.server_calls(), replica.cpu_s()
        await asyncio.sleep(REST_S)
        after, calls = replica.metrics(), difference(calls_before, await self.server_calls())

        return Rest(
            seconds=REST_S,
            writes=sum(writes_of(before, after).values()),
            applies_seen=sum(calls.get(verb, 0) for verb in ("APPLY", "GeneratorService writes")),
            lease_renewals=_moved(before, after, "octavo_operator_writes_total", 'kind="Lease"'),
            cpu_share=(replica.cpu_s() - cpu_before) / REST_S,
            watch_events=_moved(before, after, "octavo_operator_watch_events_total"),
        )

    async def _restart(self, replica: Replica) -> dict[str, float]:
        """SIGTERM, a new process with everything standing: what it costs until it has looked at all, and what it writes."""
        replica.program.stop()
        started = time.monotonic()
        again = Replica("operator-again", self.plane, self.folder, {}, self.command)
        try:
            again.wait_ready()
            ready_s = time.monotonic() - started
            await self._until_leading(again)

            def looked_at() -> bool:
                return again.metrics().get('octavo_operator_reconciles_total{result="done"}', 0) >= self.count

            while not looked_at() and time.monotonic() - started < self.deadline_s:
                await asyncio.sleep(0.5)
            all_s = time.monotonic() - started
            await asyncio.sleep(QUIET_S)
            return {
                "ready_s": round(ready_s, 2),
                "all_looked_at_s": round(all_s, 2),
                "cpu_ms_each": again.cpu_s() * 1000 / self.count,
                "writes": sum(writes_of({}, again.metrics()).values()),
                "rss_kb_each": (again.rss_kb() - self._empty_rss_kb) / self.count if self._empty_rss_kb else 0.0,
            }
        finally:
            again.program.stop()

    _empty_rss_kb = 0.0

    async def _failover(self, namespace: str) -> dict[str, float]:
        """kill -9 of the leader, then an edit: until the other replica has written it."""
        one = Replica("leader", self.plane, self.folder, {}, self.command)
        other: Replica | None = None
        try:
            one.wait_ready()
            await self._until_leading(one)
            other = Replica("follower", self.plane, self.folder, {}, self.command)
            other.wait_ready()
            await asyncio.sleep(3)
            os.killpg(one.program.pid, signal.SIGKILL)
            started = time.monotonic()
            await self.cluster.merge(
                GENERATOR_SERVICE, namespace, name_of(0), {"spec": {"limits": {"maxPromptChars": 1234}}}, fence=_Always()
            )
            await self._until_leading(other)
            leading_s = time.monotonic() - started
            config = f"{name_of(0)}-config"
            while "1234" not in str((await self.cluster.get(CONFIG_MAP, namespace, config) or {}).get("data")):
                if time.monotonic() - started > 60:
                    raise StartError("the follower did not take over within 60 s")
                await asyncio.sleep(0.05)
            return {"leading_s": round(leading_s, 2), "written_s": round(time.monotonic() - started, 2)}
        finally:
            one.program.stop()
            if other is not None:
                other.program.stop()

    async def _until_leading(self, replica: Replica) -> None:
        give_up = time.monotonic() + 60
        while not replica.leads():
            if time.monotonic() > give_up:
                raise StartError(f"the operator does not lead after 60 s:\n{replica.program.log_tail()}")
            await asyncio.sleep(0.05)

    # ---- figures

    def _phase(self, seconds: float, cpu_s: float, writes: dict[str, float], calls: dict[str, float]) -> Phase:
        return Phase(
            seconds=round(seconds, 2),
            per_s=self.count / seconds,
            cpu_ms_each=cpu_s * 1000 / self.count,
            writes_each=sum(writes.values()) / self.count,
            writes=writes,
            api_calls=calls,
        )

    async def server_calls(self) -> dict[str, float]:
        """What the API server has counted, of all clients: by verb, and its writes of GeneratorServices."""
        text = (await self.cluster.get_answer("/metrics"))[1].decode()
        found: dict[str, float] = {}
        for name, value in parse_metrics(text, "apiserver_request_total{").items():
            labels = dict(re.findall(r'(\w+)="([^"]*)"', name))
            found[labels["verb"]] = found.get(labels["verb"], 0) + value
            if labels["resource"] == GENERATOR_SERVICE.plural and labels["verb"] in ("PATCH", "PUT", "APPLY"):
                found["GeneratorService writes"] = found.get("GeneratorService writes", 0) + value
        return found


def difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {name: value - before.get(name, 0) for name, value in sorted(after.items()) if value != before.get(name, 0)}


class _Always:
    """The benchmark's own writes need no Lease."""

    def remaining(self) -> float:
        return 60.0


@contextlib.asynccontextmanager
async def cluster_of(plane: RunningControlPlane) -> AsyncIterator[Cluster]:
    async with Cluster(find_connection({"KUBECONFIG": str(plane.kubeconfig)}), Limits(5_000, 5_000, 64)) as cluster:
        yield cluster


async def measure(plane: RunningControlPlane, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    for namespace in (NAMESPACE, "kept", "bare", "bare-again", "warm"):
        plane.kubectl("create", "namespace", namespace)
    install_kind(plane)
    async with cluster_of(plane) as cluster:
        bench = Bench(plane, cluster, options, folder)
        warm = argparse.Namespace(**{**vars(options), "count": min(50, options.count)})
        log.info("warming up")
        await Bench(plane, cluster, warm, folder).bare("warm")
        stacks: dict[str, Any] = {}
        if not options.operator_only:
            stacks["bare"] = [await bench.bare("bare")]
        stacks["operator"] = await bench.operator("kept")
        if not options.operator_only and not options.bare_once:
            stacks["bare"].append(await bench.bare("bare-again"))
    return stacks


def ratios(stacks: Mapping[str, Any]) -> dict[str, float]:
    """The operator's rate over the mean of the bare script's before and after it."""
    bare = stacks.get("bare")
    if not bare:
        return {}
    found = {}
    for phase in ("create", "edit"):
        mean = sum(run[phase]["per_s"] for run in bare) / len(bare)
        found[phase] = stacks["operator"][phase]["per_s"] / mean
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="GeneratorServices")
    parser.add_argument("--bare-once", action="store_true", help="the bare script before the operator only, not again after it")
    parser.add_argument("--operator-only", action="store_true", help="no comparison")
    parser.add_argument("--operator-command", help="how the operator is started; default: this Python with -m octavo_operator")
    parser.add_argument("--out", type=Path, help="write the result there as JSON")
    options = parser.parse_args()
    if os.environ.get(INSIDE) != "1":
        enter_own_network()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
    nodes = -(-options.count * PODS_EACH * 2 // PODS_PER_NODE) + 2
    with (
        tempfile.TemporaryDirectory(prefix="octavo-bench-") as folder,
        control_plane(controllers=True, scheduler=True, kwok_nodes=nodes, api_server=[f"--advertise-address={ADVERTISED}"]) as plane,
    ):
        keep_nodes_ready(plane)
        stacks = asyncio.run(measure(plane, options, Path(folder)))
    result = {
        "benchmark": "operator",
        "at": machine.now(),
        "machine": asdict(machine.describe()),
        "settings": {
            "count": options.count,
            "at_once": AT_ONCE,
            "nodes": nodes,
            "rest_s": REST_S,
            "scaling": os.environ.get("OCTAVO_SCALING", "resource"),
        },
        "stacks": stacks,
        "ratios": ratios(stacks),
    }
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2))
    print(render([result]))


def enter_own_network() -> None:
    """Starts this program again where only loopback is. SystemExit where that is not possible."""
    unshare, ip = shutil.which("unshare"), shutil.which("ip")
    if unshare is None or ip is None:
        raise SystemExit("needs the programs unshare (util-linux) and ip (iproute2): nothing may dial the addresses of pods on paper")
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    script = f'{ip} link set lo up && exec "$0" "$@"'
    command = [unshare, *as_root, "--net", "sh", "-c", script, sys.executable, "-m", "benchmarks.operator", *sys.argv[1:]]
    os.execve(unshare, command, {**os.environ, INSIDE: "1"})


if __name__ == "__main__":
    main()
