"""What is free, by the machine and by a container's bound, and the refusal of what is larger."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo_core.errors import Misconfigured
from octavo_generation.engines.memory import available_bytes, check_fits, fits

GIB = 2**30


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def machine(tmp_path: Path, free: int = 8 * GIB) -> Path:
    return written(tmp_path / "proc", {"meminfo": f"MemTotal: 99 kB\nMemAvailable: {free // 1024} kB\n"})


def test_without_a_container_it_is_what_the_machine_has_free(tmp_path: Path) -> None:
    assert available_bytes(machine(tmp_path), tmp_path / "none") == 8 * GIB


def test_a_container_has_what_its_bound_leaves_and_pages_of_files_are_free(tmp_path: Path) -> None:
    groups = written(
        tmp_path / "cgroup",
        {"memory.max": f"{2 * GIB}\n", "memory.current": f"{GIB}\n", "memory.stat": f"anon 7\ninactive_file {GIB // 2}\n"},
    )
    assert available_bytes(machine(tmp_path), groups) == GIB + GIB // 2


def test_a_container_of_the_older_kind_too(tmp_path: Path) -> None:
    files = {"limit_in_bytes": str(3 * GIB), "usage_in_bytes": str(GIB)}
    groups = written(tmp_path / "cgroup", {f"memory/memory.{name}": text for name, text in files.items()} | {"memory/memory.stat": ""})
    assert available_bytes(machine(tmp_path), groups) == 2 * GIB


def test_no_bound_is_none(tmp_path: Path) -> None:
    groups = written(tmp_path / "cgroup", {"memory.max": "max\n", "memory.current": "5\n", "memory.stat": ""})
    assert available_bytes(machine(tmp_path), groups) == 8 * GIB
    assert available_bytes(tmp_path / "none", tmp_path / "none") is None


def test_a_model_that_is_too_large_is_refused_with_both_figures() -> None:
    with pytest.raises(Misconfigured, match=r"the model m needs about 5\.\d GB of memory, and 1\.1 GB are free"):
        check_fits(5_000_000_000, "the model m", 1_100_000_000)
    check_fits(500_000_000, "the model m", 1_100_000_000)
    check_fits(5_000_000_000, "the model m", None)
    assert not fits(5_000_000_000, 1_100_000_000)
