"""What all servers share: a free port, a wait with a deadline, an end that leaves nothing."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path


class ServerDidNotStart(Exception):
    pass


def free_port() -> int:
    """Processes that test side by side take turns at the numbers, so that none is offered to two."""
    lane, lanes = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        # By pairs: Linux gives the even or the odd ones alone as long as it has any.
        if port // 2 % lanes == lane:
            return port


def wait_until(check: Callable[[], bool], *, what: str, deadline_s: float = 30.0) -> None:
    """Asks every 20 ms; raises when the deadline has passed."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        with contextlib.suppress(Exception):
            if check():
                return
        time.sleep(0.02)
    raise ServerDidNotStart(f"{what} after {deadline_s:g} s")


def accepts_connections(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


@contextlib.contextmanager
def running(
    argv: Sequence[str], *, log: Path, user: str | None = None, end: signal.Signals = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, in a session of its own; ended by `end`, then SIGKILL. `user`: run as that user when we are root."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            user=user if os.geteuid() == 0 else None,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, end)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def hand_over(folder: Path, user: str) -> None:
    """Database servers refuse to run as root: the folder, and the way to it, become usable for `user`."""
    if os.geteuid() != 0:
        return
    shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001 and parent != Path("/"):
            parent.chmod(mode | 0o011)


def find_program(name: str, *folders: str) -> str | None:
    """On the PATH, or in the first of the folders (globs allowed) that has it, the newest version first."""
    for pattern in folders:
        matches = sorted(Path("/").glob(f"{pattern.lstrip('/')}/{name}"), reverse=True)
        if matches:
            return str(matches[0])
    return shutil.which(name)
