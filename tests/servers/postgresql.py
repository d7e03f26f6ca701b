from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.servers.starting import find_program, free_port, hand_over, running, wait_until

_FOLDER = "/usr/lib/postgresql/*/bin"
_USER = "postgres"


def available() -> bool:
    return find_program("initdb", _FOLDER) is not None and find_program("postgres", _FOLDER) is not None


@contextlib.contextmanager
def postgresql_server(folder: Path) -> Iterator[str]:
    """The server's URL without a database's name."""
    initdb, postgres = find_program("initdb", _FOLDER), find_program("postgres", _FOLDER)
    assert initdb is not None
    assert postgres is not None
    hand_over(folder, _USER)
    data, port = folder / "data", free_port()
    user = _USER if os.geteuid() == 0 else None
    subprocess.run(
        [initdb, "-D", str(data), "-U", "octavo", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"],
        check=True,
        capture_output=True,
        user=user,
    )
    options = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}", "-c", "max_connections=200"]
    # SIGQUIT: at once, without waiting for who is still connected, and nothing shared is left behind. Nobody reads the data again.
    with running([postgres, "-D", str(data), "-p", str(port), *options], log=folder / "postgresql.log", user=user, end=signal.SIGQUIT):
        wait_until(lambda: _ready(data), what="PostgreSQL does not answer")
        yield f"postgresql://octavo@127.0.0.1:{port}"


def _ready(data: Path) -> bool:
    """By the status in its lock file: its port is open earlier, while it still refuses who connects with "is starting up"."""
    lines = (data / "postmaster.pid").read_text().splitlines()
    return len(lines) > 7 and lines[7].strip() == "ready"
