from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from tests.servers.starting import free_port, running, wait_until


@dataclass
class RedisServer:
    """A Redis that a test may stop, start and wipe."""

    port: int
    folder: Path
    _stack: contextlib.ExitStack

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program is not None
        argv = [program, "--port", str(self.port), "--save", "", "--appendonly", "no", "--dir", str(self.folder), "--loglevel", "warning"]
        self._stack.enter_context(running(argv, log=self.folder / "redis.log"))
        client = redis.Redis.from_url(self.url, socket_timeout=1)
        wait_until(lambda: bool(client.ping()), what="redis does not answer")

    def stop(self) -> None:
        self._stack.close()

    def wipe(self) -> None:
        redis.Redis.from_url(self.url).flushall()


def available() -> bool:
    return shutil.which("redis-server") is not None


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    with contextlib.ExitStack() as stack:
        server = RedisServer(free_port(), folder, stack)
        server.start()
        yield server
