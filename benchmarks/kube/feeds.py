"""Kopf's `on.event` beside the operator's own list and watch, on the same objects: CPU an event and memory an object.

    python -m benchmarks.kube.feeds --count 1000 --rounds 3

A real API server, no controllers. Each feed is a process of its own that only listens; the objects are there before it starts (the list),
then every one is changed a few times (the watch). docs/adr/0009-watches.md has the figures and what follows from them.
"""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.servers.cluster import RunningControlPlane, control_plane
from tests.servers.kube_operator import install_kind

from benchmarks.kube.generators import document, name_of
from benchmarks.processes import Program, StartError, cpu_seconds, descendants, memory
from octavo_operator.cluster import Cluster, Limits
from octavo_operator.connection import find_connection
from octavo_operator.kinds import GENERATOR_SERVICE

ROOT = Path(__file__).parents[2]
QUIET_S = 8.0
"""Until Kopf's workers, one for each object, have gone."""


# ---- the feeds, each in a process of its own


class Counter:
    """Writes to a file how many events it has seen, so that the measuring process knows when all have come."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = 0

    def count(self, obj: Mapping[str, Any]) -> None:
        # what any consumer does at least
        if obj["metadata"]["resourceVersion"]:
            self._seen += 1

    async def report(self) -> None:
        while True:
            self._file.write_text(str(self._seen))
            await asyncio.sleep(0.2)


async def run_own(counter: Counter) -> None:
    from octavo_operator.watches import Watch

    class Sink:
        def seen(self, kind: Any, obj: Any) -> None:
            counter.count(obj)

        def event(self, kind: Any, event: Any) -> None:
            counter.count(event.object)

        def swept(self, *_: object) -> None:
            """Nothing is remembered."""

    async with Cluster(find_connection(os.environ)) as cluster:
        await asyncio.gather(Watch(cluster, GENERATOR_SERVICE, Sink()).run(), counter.report())


async def run_kopf(counter: Counter) -> None:
    from octavo_operator.handlers import ResourceFeed, quieten

    quieten()
    feed = ResourceFeed(find_connection(os.environ), [], counter.count, counter.count, lambda: None)
    feed.start()
    await counter.report()


# ---- measuring


async def measure(plane: RunningControlPlane, count: int, rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    plane.kubectl("create", "namespace", "feeds")
    install_kind(plane)
    figures = {}
    async with Cluster(find_connection({"KUBECONFIG": str(plane.kubeconfig)}), Limits(5_000, 5_000, 32)) as cluster:
        bases = {}
        for which in ("own", "kopf"):
            empty = Feed(which, f"{which}-empty", plane, folder)
            try:
                await empty.until(0)
                await asyncio.sleep(QUIET_S)
                bases[which] = (empty.cpu_s(), empty.rss_kb())
            finally:
                empty.program.stop()
        for number in range(count):
            await cluster.create(GENERATOR_SERVICE, "feeds", document("feeds", number))
        for which, base in bases.items():
            figures[which] = await _measure_one(cluster, Feed(which, which, plane, folder), count, rounds, *base)
    return figures


class Feed:
    def __init__(self, which: str, name: str, plane: RunningControlPlane, folder: Path) -> None:
        self._file = folder / f"{name}.count"
        command = [sys.executable, "-m", "benchmarks.kube.feeds", "--feed", which, "--counter", str(self._file)]
        environment = {"KUBECONFIG": str(plane.kubeconfig), "PYTHONPATH": str(ROOT)}
        self.program = Program(name, command, folder, environment)

    def seen(self) -> int:
        text = self._file.read_text() if self._file.exists() else ""
        return int(text) if text else -1

    async def until(self, count: int) -> None:
        give_up = time.monotonic() + 120
        while self.seen() < count:
            if time.monotonic() > give_up:
                raise StartError(f"{self.seen()} of {count} events:\n{self.program.log_tail()}")
            await asyncio.sleep(0.1)

    def cpu_s(self) -> float:
        return cpu_seconds(descendants([self.program.pid]))

    def rss_kb(self) -> float:
        return memory(descendants([self.program.pid])).rss_bytes / 1024


async def _measure_one(cluster: Cluster, feed: Feed, count: int, rounds: int, base_cpu: float, base_rss: float) -> dict[str, float]:
    try:
        await feed.until(count)
        await asyncio.sleep(QUIET_S)
        listed_cpu, listed_rss = feed.cpu_s() - base_cpu, feed.rss_kb() - base_rss
        before, seen = feed.cpu_s(), feed.seen()
        for round_number in range(rounds):
            for number in range(count):
                change = {"metadata": {"annotations": {"round": f"{os.getpid()}-{feed.program.pid}-{round_number}"}}}
                await cluster.merge(GENERATOR_SERVICE, "feeds", name_of(number), change, fence=_Always())
        await feed.until(seen + count * rounds)
        await asyncio.sleep(QUIET_S)
        return {
            "list_cpu_ms_each": listed_cpu * 1000 / count,
            "list_rss_kb_each": listed_rss / count,
            "event_cpu_ms": (feed.cpu_s() - before) * 1000 / (count * rounds),
            "rss_kb_each_after": (feed.rss_kb() - base_rss) / count,
        }
    finally:
        feed.program.stop()


class _Always:
    def remaining(self) -> float:
        return 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3, help="how often every object is changed")
    parser.add_argument("--feed", choices=("own", "kopf"), help=argparse.SUPPRESS)
    parser.add_argument("--counter", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.feed is not None:
        counter = Counter(options.counter)
        asyncio.run(run_own(counter) if options.feed == "own" else run_kopf(counter))
        return
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="octavo-feeds-") as folder, control_plane() as plane:
        figures = asyncio.run(measure(plane, options.count, options.rounds, Path(folder)))
    for which, found in figures.items():
        print(which, " ".join(f"{name}={value:.3f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
