"""FerretDB on SQLite: a real server of MongoDB's wire protocol, built by `./task servers:build`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymongo
from scripts.cluster.layout import Cache
from tests.servers.starting import free_port, running, wait_until

PROGRAM = "ferretdb"


@dataclass
class MongoServer:
    """A server that a test may stop and start; its data stay."""

    port: int
    folder: Path
    _stack: contextlib.ExitStack

    def url(self, database: str) -> str:
        return f"mongodb://127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        argv = [str(Cache.of().program(PROGRAM)), "-listen", f"127.0.0.1:{self.port}", "-folder", str(data)]
        self._stack.enter_context(running(argv, log=self.folder / "ferretdb.log"))
        with pymongo.MongoClient[dict[str, object]](self.url("admin"), serverSelectionTimeoutMS=500) as client:
            wait_until(lambda: bool(client.admin.command("ping")), what="FerretDB does not answer", deadline_s=60)

    def stop(self) -> None:
        self._stack.close()


def available() -> bool:
    return Cache.of().has(PROGRAM)


@contextlib.contextmanager
def mongodb_server(folder: Path) -> Iterator[MongoServer]:
    with contextlib.ExitStack() as stack:
        server = MongoServer(free_port(), folder, stack)
        server.start()
        yield server
