"""Starts, finds and ends the cluster's processes.

What runs is read from the kernel, not from files of process ids: every process carries a mark in its environment (which cluster, which
program, started with what). So nothing goes stale when a process, this command or the whole machine dies at any moment.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.cluster.failures import ClusterFailure

AGENT = "agent"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""A user's PATH often lacks the sbin folders."""

_MARK = "OCTAVO_CLUSTER_PROCESS"
_PAUSE_S = 0.02
_SHOWN_WITHIN_S = 5.0
_LARGEST_LOG = 20 * 1024 * 1024


@dataclass(frozen=True)
class Daemon:
    """A program to keep running, and the files that it reads only at its start."""

    name: str
    argv: tuple[str, ...]
    reads: tuple[Path, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    """Besides PATH and HOME. Not worth a restart."""

    @property
    def digest(self) -> str:
        """Changes when a restart is needed."""
        digest = hashlib.sha256("\0".join(self.argv).encode())
        for path in self.reads:
            digest.update(b"\0" + path.read_bytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Running:
    """A process of the cluster, as the kernel shows it."""

    pid: int
    name: str
    digest: str
    program: str

    @property
    def resident_bytes(self) -> int:
        return _statm(self.pid)


class Processes:
    """Those of one cluster."""

    def __init__(self, cluster: Path, logs: Path) -> None:
        self._cluster, self._logs = cluster, logs

    def all(self) -> list[Running]:
        """Every process that carries the cluster's mark; that includes what the daemons started themselves."""
        prefix = f"{_MARK}={self._cluster}|".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                mark = next((each for each in (entry / "environ").read_bytes().split(b"\0") if each.startswith(prefix)), None)
                if mark is not None:
                    _, name, digest = mark.decode().rsplit("|", 2)
                    program = (entry / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
                    found.append(Running(int(entry.name), name, digest, program))
        return found

    def mains(self) -> dict[str, Running]:
        """By name: the daemons themselves, without what they started."""
        return {each.name: each for each in self.all() if _is_main(each)}

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def keep(self, daemon: Daemon) -> bool:
        """Starts it where it does not run, or runs with other arguments. Returns whether it was started."""
        running = self.mains().get(daemon.name)
        if running is not None and running.digest == daemon.digest:
            return False
        if running is not None:
            self.stop(daemon.name)
        self._start(daemon)
        return True

    def current(self, daemons: Sequence[Daemon]) -> bool:
        """Whether all of them run as they should."""
        mains = self.mains()
        return all((running := mains.get(daemon.name)) is not None and running.digest == daemon.digest for daemon in daemons)

    def stop(self, name: str, patience_s: float = 10.0) -> None:
        """SIGTERM, then SIGKILL. Returns when it is gone."""
        running = self.mains().get(name)
        if running is not None:
            end([running.pid], patience_s)

    def require(self, daemon: Daemon) -> None:
        """Raises ClusterFailure where the daemon has ended."""
        if daemon.name not in self.mains():
            raise ClusterFailure(f"{daemon.name} ended as soon as it was started", mend="its log says why", log=self.log(daemon.name))

    def _start(self, daemon: Daemon) -> None:
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self.log(daemon.name)
        if log.exists() and log.stat().st_size > _LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
        environ = {"PATH": f"{os.environ.get('PATH', '')}{os.pathsep}{SYSTEM_PATH}", "HOME": os.environ.get("HOME", "/"), **daemon.environ}
        environ[_MARK] = f"{self._cluster}|{daemon.name}|{daemon.digest}"
        with log.open("ab") as output:
            # Its end is not waited for: it outlives this command, and the system's first process collects it.
            process = subprocess.Popen(
                daemon.argv, env=environ, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        # The kernel lets go of us before it shows the new program's environment: until then the process carries no mark.
        deadline = time.monotonic() + _SHOWN_WITHIN_S
        while process.poll() is None and daemon.name not in self.mains() and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)


def end(pids: Sequence[int], patience_s: float) -> None:
    """SIGTERM to all; SIGKILL to those that are still there after `patience_s`. Returns when all are gone."""
    for number, patience in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 10.0)):
        left = [pid for pid in pids if alive(pid)]
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + patience
        while any(alive(pid) for pid in left) and time.monotonic() < deadline:
            time.sleep(_PAUSE_S)


def alive(pid: int) -> bool:
    """Whether the process runs. A dead one that its parent has not collected does not."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def _is_main(running: Running) -> bool:
    """A daemon is named after its program, but for our own agent, which Python runs."""
    program = Path(running.program).name
    return program == running.name or (running.name == AGENT and program.startswith("python"))


def _statm(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
