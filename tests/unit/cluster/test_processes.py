from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.cluster.failures import ClusterFailure
from scripts.cluster.processes import Daemon, Processes, alive, end
from tests.servers.starting import wait_until

SLEEP = Daemon("sleep", ("/bin/sleep", "300"))


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    own = Processes(tmp_path, tmp_path / "logs")
    yield own
    end([each.pid for each in own.all()], 1)


def test_what_runs_is_kept_and_not_started_twice(processes: Processes) -> None:
    assert processes.keep(SLEEP)
    pid = processes.mains()["sleep"].pid
    assert not processes.keep(SLEEP)
    assert processes.mains()["sleep"].pid == pid
    assert processes.current([SLEEP])


def test_what_was_killed_is_started_again(processes: Processes) -> None:
    processes.keep(SLEEP)
    pid = processes.mains()["sleep"].pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not alive(pid), what="it lives")
    assert not processes.current([SLEEP])
    assert processes.keep(SLEEP)
    assert processes.mains()["sleep"].pid != pid


def test_another_command_line_means_a_restart(processes: Processes) -> None:
    processes.keep(SLEEP)
    pid = processes.mains()["sleep"].pid
    assert processes.keep(Daemon("sleep", ("/bin/sleep", "301")))
    assert not alive(pid)
    assert len(processes.all()) == 1


def test_clusters_do_not_see_each_other(processes: Processes, tmp_path: Path) -> None:
    processes.keep(SLEEP)
    # One whose name begins alike
    assert Processes(Path(f"{tmp_path}-2"), tmp_path).all() == []
    assert Processes(tmp_path.parent, tmp_path).all() == []


def test_what_a_daemon_started_belongs_to_the_cluster_but_is_not_the_daemon(processes: Processes) -> None:
    processes.keep(Daemon("sh", ("/bin/sh", "-c", "sleep 300 & exec sleep 301")))
    wait_until(lambda: len(processes.all()) == 2, what="the child is not seen")
    wait_until(lambda: {Path(each.program).name for each in processes.all()} == {"sleep"}, what="the shell is still there")
    assert processes.mains() == {}


def test_one_that_does_not_listen_is_killed(processes: Processes) -> None:
    processes.keep(Daemon("sh", ("/bin/sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done")))
    wait_until(lambda: "deaf" in processes.log("sh").read_text(), what="it did not start")
    pid = processes.mains()["sh"].pid
    processes.stop("sh", patience_s=0.2)
    assert not alive(pid)


def test_a_daemon_that_ends_at_once_is_told_with_its_log(processes: Processes) -> None:
    failing = Daemon("sh", ("/bin/sh", "-c", "echo no such flag; exit 1"))
    processes.keep(failing)
    wait_until(lambda: processes.mains() == {}, what="it lives")
    with pytest.raises(ClusterFailure, match="sh ended") as failure:
        processes.require(failing)
    assert failure.value.tail() == "no such flag"


def test_a_daemon_sees_of_the_environment_only_what_it_needs(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    processes.keep(SLEEP)
    environ = Path(f"/proc/{processes.mains()['sleep'].pid}/environ").read_bytes()
    assert b"secret" not in environ
    assert b"/usr/sbin" in environ


def test_a_log_that_grew_large_begins_anew(processes: Processes, tmp_path: Path) -> None:
    log = processes.log("sleep")
    log.parent.mkdir()
    with log.open("wb") as stream:
        stream.truncate(30 * 1024 * 1024)
    processes.keep(SLEEP)
    assert log.stat().st_size == 0
    assert log.with_suffix(".log.1").exists()
