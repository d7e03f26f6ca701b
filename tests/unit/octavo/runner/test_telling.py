"""What the runner tells of its processes."""

from __future__ import annotations

import stat
from pathlib import Path

from octavo.runner.telling import ProcessState, read_states, write_states

WORKER = ProcessState("worker tale", "sleeping", 2, "2026-11-28T13:00:00.000Z", "was killed by SIGKILL", ("tale",))


def test_what_is_told_is_read_and_private(tmp_path: Path) -> None:
    file = tmp_path / "processes.json"
    write_states(file, [ProcessState("redis", "running", 0, None, None)])
    write_states(file, [WORKER])
    assert read_states(file) == [WORKER]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["processes.json"]


def test_nothing_is_known_without_a_runner_or_of_another_version(tmp_path: Path) -> None:
    file = tmp_path / "processes.json"
    assert read_states(file) == []
    for text in ("", "{", "[1]", '[{"name": "redis"}]'):
        file.write_text(text)
        assert read_states(file) == []
