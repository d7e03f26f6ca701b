"""What a result was measured on: figures without their machine and date mean nothing."""

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    cpu: str
    cores: int
    """Those that this process may use."""
    memory_gib: float
    kernel: str
    python: str
    node: str | None
    redis: str | None


def describe() -> Machine:
    cpu = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory_kib = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal:")), 0)
    return Machine(
        cpu=cpu,
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(memory_kib / 2**20, 1),
        kernel=platform.release().partition("-")[0],
        python=platform.python_version(),
        node=_version("node"),
        redis=_version("redis-server"),
    )


def now() -> str:
    """UTC to the minute, ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _version(program: str) -> str | None:
    if shutil.which(program) is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    words = [word.removeprefix("v").removeprefix("=") for word in said.replace("v=", "v").split()]
    return next((word for word in words if word[:1].isdigit() and "." in word), None)
