"""The cluster's cgroups: made before kubelet starts, ended with all that is in them. Version 1, version 2, or both at once."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PATIENCE_S = 15.0


def hierarchies() -> list[Path]:
    """The roots of all mounted hierarchies."""
    if (_ROOT / "cgroup.controllers").exists():
        return [_ROOT]
    return sorted(path for path in _ROOT.iterdir() if path.is_dir() and not path.is_symlink() and (path / "cgroup.procs").exists())


def make(name: str) -> None:
    """Idempotent. kubelet refuses to start below a cgroup that is not there."""
    for root in hierarchies():
        folder = root / name
        folder.mkdir(exist_ok=True)
        cpus = folder / "cpuset.cpus"
        if cpus.exists() and not cpus.read_text().strip() and (root / "cpuset.cpus").exists():
            # Version 1 gives a new cpuset nothing, and then no process may enter it.
            cpus.write_text((root / "cpuset.cpus").read_text().strip())
            (folder / "cpuset.mems").write_text((root / "cpuset.mems").read_text().strip())
        controllers, subtree = folder / "cgroup.controllers", folder / "cgroup.subtree_control"
        if controllers.exists():
            with contextlib.suppress(OSError):
                (root / "cgroup.subtree_control").write_text(_enabled(root / "cgroup.controllers"))
                subtree.write_text(_enabled(controllers))


def processes(name: str) -> set[int]:
    found: set[int] = set()
    for folder in _folders(name):
        with contextlib.suppress(OSError):
            found.update(int(pid) for pid in (folder / "cgroup.procs").read_text().split())
    return found


def memory_bytes(name: str) -> int:
    """Of all pods."""
    for file in (_ROOT / "memory" / name / "memory.usage_in_bytes", _ROOT / name / "memory.current"):
        with contextlib.suppress(OSError):
            return int(file.read_text())
    return 0


def remove(name: str) -> list[Path]:
    """Kills what is in them and removes them. Returns those that resisted."""
    deadline = time.monotonic() + _PATIENCE_S
    while left := _folders(name):
        for pid in processes(name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for folder in left:
            with contextlib.suppress(OSError):
                folder.rmdir()
        if time.monotonic() > deadline:
            return _folders(name)
        time.sleep(0.02)
    return []


def _folders(name: str) -> list[Path]:
    """The deepest first."""
    return sorted((folder for root in hierarchies() for folder in _walk(root / name)), key=lambda path: len(path.parts), reverse=True)


def _walk(folder: Path) -> Iterator[Path]:
    for path, _, _ in os.walk(folder):
        yield Path(path)


def _enabled(controllers: Path) -> str:
    return " ".join(f"+{name}" for name in controllers.read_text().split())
