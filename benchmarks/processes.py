"""Programs that a benchmark starts, and what they and all their descendants cost. Linux only: everything is read from /proc.

A program gets a process group of its own and is always taken down: first politely, then by SIGKILL, descendants that left the group
included.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
STOP_DEADLINE_S = 15.0


class StartError(Exception):
    """A program ended, or was not ready, before its deadline; the message carries the end of its log."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process as it was when it was read."""

    pid: int
    parent: int
    started_ticks: int
    """Since boot; together with the pid it names one process for good."""
    cpu_s: float
    """Its own user and system time."""
    reaped_cpu_s: float
    """Of children that have ended and that it has waited for."""
    resident_bytes: int
    command: str


@dataclass(frozen=True, slots=True)
class Memory:
    """Of several processes together."""

    rss_bytes: int
    """Pages that are shared count once for each process: too high for forks."""
    pss_bytes: int
    """Shared pages are divided among those that share them: the honest sum."""


def parse_stat(text: str, command: str = "") -> Process:
    """A line of /proc/PID/stat (proc(5)). The name in brackets may itself hold spaces and brackets."""
    pid, _, rest = text.partition(" (")
    values = rest[rest.rindex(")") + 2 :].split()
    return Process(
        pid=int(pid),
        parent=int(values[1]),
        cpu_s=(int(values[11]) + int(values[12])) / TICKS_PER_S,
        reaped_cpu_s=(int(values[13]) + int(values[14])) / TICKS_PER_S,
        started_ticks=int(values[19]),
        resident_bytes=int(values[21]) * PAGE_BYTES,
        command=command,
    )


def read_process(pid: int) -> Process | None:
    """None where it is gone."""
    folder = Path("/proc") / str(pid)
    try:
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        return parse_stat((folder / "stat").read_text(), command)
    except (OSError, ValueError):
        return None


def lives(process: Process) -> bool:
    """Whether this very process still runs; one that waits to be reaped has no command line and does not."""
    now = read_process(process.pid)
    return now is not None and now.started_ticks == process.started_ticks and now.command != ""


def descendants(roots: Iterable[int]) -> list[Process]:
    """The roots that live, and everything below them."""
    children: dict[int, list[Process]] = {}
    living: dict[int, Process] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - a hundred Path objects are a millisecond in a measured window
        if entry.isdigit() and (process := read_process(int(entry))) is not None:
            living[process.pid] = process
            children.setdefault(process.parent, []).append(process)
    found: dict[int, Process] = {}
    waiting = [living[pid] for pid in roots if pid in living]
    while waiting:
        process = waiting.pop()
        if process.pid not in found:
            found[process.pid] = process
            waiting.extend(children.get(process.pid, ()))
    return list(found.values())


def cpu_seconds(processes: Iterable[Process]) -> float:
    """CPU of the tree since its start, children that have ended included. Resolution: 10 ms a process."""
    return sum(process.cpu_s + process.reaped_cpu_s for process in processes)


def busy_cpu_seconds() -> float:
    """What all processes of the machine have used since boot, interrupts left out."""
    with open("/proc/stat") as stat:  # noqa: PTH123 - as above
        user, nice, system = stat.readline().split()[1:4]
    return (int(user) + int(nice) + int(system)) / TICKS_PER_S


class TreeCpu:
    """CPU of a stack between two moments. The start reads only the processes that were known before: it stands at the window's edge."""

    def __init__(self, roots: list[int]) -> None:
        self._roots = roots
        self._known = [process.pid for process in descendants(roots)]
        self._before: list[Process] = []
        self._after: list[Process] = []

    def mark(self) -> None:
        """Called at the window's start and again at its end."""
        if not self._before:
            self._before = [process for pid in self._known if (process := read_process(pid)) is not None]
        else:
            self._after = descendants(self._roots)

    def total_s(self) -> float:
        return cpu_seconds(self._after) - cpu_seconds(self._before)

    def by_role_s(self) -> dict[str, float]:
        before = {process.pid: process for process in self._before}
        spent: dict[str, float] = {}
        for process in self._after:
            since = cpu_seconds([before[process.pid]]) if process.pid in before else 0.0
            name = role(process, self._roots)
            spent[name] = spent.get(name, 0.0) + cpu_seconds([process]) - since
        return spent


def memory(processes: Iterable[Process]) -> Memory:
    rss = pss = 0
    for process in processes:
        with contextlib.suppress(OSError):
            for line in (Path("/proc") / str(process.pid) / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    pss += int(line.split()[1]) * 1024
            rss += process.resident_bytes
    return Memory(rss, pss)


def role(process: Process, roots: Iterable[int]) -> str:
    """`redis`, `worker`, `server` (what the benchmark itself started) or `other`, from the command line."""
    if "redis-server" in process.command:
        return "redis"
    if "worker" in process.command:
        return "worker"
    return "server" if process.pid in set(roots) else "other"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answers(url: str) -> bool:
    """Whether a GET is answered with 200 within a second."""
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Program:
    """One started command with its log."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                list(command),
                cwd=folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until(self, ready: Callable[[], bool], deadline_s: float, every_s: float = 0.02) -> None:
        """StartError where `ready` does not come true in time or the program ends."""
        give_up = time.monotonic() + deadline_s
        while not ready():
            if self._process.poll() is not None:
                raise StartError(f"{self.name} ended with {self._process.returncode}:\n{self.log_tail()}")
            if time.monotonic() > give_up:
                raise StartError(f"{self.name} is not ready after {deadline_s:g} s:\n{self.log_tail()}")
            time.sleep(every_s)

    def log_tail(self, characters: int = 3000) -> str:
        return self._log.read_text(errors="replace")[-characters:]

    def stop(self) -> None:
        """Safe to call again."""
        family = descendants([self.pid])
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_DEADLINE_S)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_DEADLINE_S)
        for process in family:
            if lives(process):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        give_up = time.monotonic() + STOP_DEADLINE_S
        while any(lives(process) for process in family) and time.monotonic() < give_up:
            time.sleep(0.01)
