"""Places where logs are kept, each with its adapter, and one way to write into them."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.servers.kube_logs import TOKEN, KubeLogs, Pod
from tests.servers.local_app import serving
from tests.servers.loki import TENANT, Loki

from octavo.runner.log_files import LogKeeper
from octavo_admin.adapters.calling import Calls
from octavo_admin.adapters.kubernetes.api import KubeApi, Reach
from octavo_admin.adapters.kubernetes.logs import KubernetesLogs
from octavo_admin.adapters.log_files import LogFiles
from octavo_admin.adapters.loki import LokiLogs
from octavo_admin.domain.moments import of_nanoseconds
from octavo_admin.domain.ports import LogSource

PROCESSES = ("api", "worker")


@dataclass
class LogHouse:
    source: LogSource
    write_raw: Callable[[str, str, int], Awaitable[None]]
    """(process, line, nanoseconds since the epoch)"""
    now: int = 0

    async def write(self, process: str, event: str, *, level: str = "info", correlation_id: str | None = None, **fields: Any) -> str:
        """As a process of ours writes it; the time that stands in it."""
        # A microsecond at least lies between two lines.
        self.now = max(self.now + 1_000_000, time.time_ns() // 1_000 * 1_000)
        at = datetime.fromtimestamp(self.now / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = {"timestamp": at, "level": level, "event": event, "service": process, **fields}
        if correlation_id is not None:
            record["correlation_id"] = correlation_id
        await self.write_raw(process, json.dumps(record), self.now)
        return at


@contextlib.asynccontextmanager
async def files(folder: Path) -> AsyncIterator[LogHouse]:
    keeper = LogKeeper(folder / "logs")

    async def write(process: str, line: str, _moment: int) -> None:
        keeper(process, line)

    yield LogHouse(LogFiles(folder / "logs"), write)
    keeper.close()


@contextlib.asynccontextmanager
async def kubernetes(folder: Path) -> AsyncIterator[LogHouse]:
    server = KubeLogs()
    pods = {name: Pod("octavo", f"tale-{name}-0") for name in PROCESSES}
    server.pods += [*pods.values(), Pod("octavo", "somebody-elses", {"app": "other"}, [("2026-11-28T10:00:00Z", "not ours")])]
    (folder / "token").write_text(f"{TOKEN}\n")
    async with serving(server.app) as url:
        api = KubeApi(Reach(url, folder / "token", None))

        async def write(process: str, line: str, moment: int) -> None:
            # Kubelets leave trailing zeros out.
            stamp = of_nanoseconds(moment)[:-1].rstrip("0").rstrip(".") + "Z"
            await pods[process].write(line, stamp)

        yield LogHouse(KubernetesLogs(api, namespaces=[], selector="app.kubernetes.io/part-of=octavo", newest=200), write)
        await api.close()


@contextlib.asynccontextmanager
async def loki(_folder: Path) -> AsyncIterator[LogHouse]:
    server, calls = Loki(), Calls()
    async with serving(server.app) as url:

        async def write(process: str, line: str, moment: int) -> None:
            await server.write({"app_kubernetes_io_part_of": "octavo", "namespace": "octavo", "pod": process}, moment, line)

        await server.write({"app": "other"}, time.time_ns(), "not ours")
        yield LogHouse(LokiLogs(url, selector='{app_kubernetes_io_part_of="octavo"}', calls=calls, tenant=TENANT), write)
        await server.end_tails()
        await calls.close()
