"""What memory this process may still take, and the refusal of a model that needs more: a message instead of an end by the kernel."""

from __future__ import annotations

from pathlib import Path

from octavo_core.errors import Misconfigured

_SPARE = 150 * 2**20
"""Left for the process itself, beside the model."""


def available_bytes(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """The least of what the machine has free and what the control group (of a container) leaves; None where neither can be told."""
    found = [
        value
        for value in (
            _machine(proc / "meminfo"),
            _left(cgroups / "memory.max", cgroups / "memory.current", cgroups / "memory.stat"),
            _left(cgroups / "memory/memory.limit_in_bytes", cgroups / "memory/memory.usage_in_bytes", cgroups / "memory/memory.stat"),
        )
        if value is not None
    ]
    return min(found, default=None)


def check_fits(needed: int, what: str, available: int | None) -> None:
    """Raises `Misconfigured` where `needed` bytes are more than there are."""
    if available is not None and needed + _SPARE > available:
        raise Misconfigured(
            f"{what} needs about {_gigabytes(needed + _SPARE)} of memory, and {_gigabytes(max(0, available))} are free here:"
            " give the worker more (spec.workers.resources), or take a smaller model or quantization"
        )


def fits(needed: int, available: int | None) -> bool:
    return available is None or needed + _SPARE <= available


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"


def _machine(meminfo: Path) -> int | None:
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def _left(limit: Path, used: Path, stat: Path) -> int | None:
    """Pages of files count as used and can be given back, so they are free here."""
    try:
        bound = int(limit.read_text())
        files = next((int(line.split()[1]) for line in stat.read_text().splitlines() if line.startswith("inactive_file ")), 0)
        return bound - int(used.read_text()) + files
    except (OSError, ValueError, IndexError):
        # `max` is no number: no limit.
        return None
