"""What the kernel says of processes, and that nothing outlives its benchmark."""

import os
import sys
from pathlib import Path

import pytest
from benchmarks.processes import TICKS_PER_S, Program, StartError, descendants, lives, parse_stat, role

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

FAMILY = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
time.sleep(60)
"""


def stat_line(name: str) -> str:
    fields = ["S", "7", *["0"] * 9, "200", "100", "40", "10", "20", "0", "4", "0", "123456", "1000", "5"]
    return f"42 ({name}) " + " ".join(fields)


@pytest.mark.parametrize("name", ["node", "tmux: server", "a) b (c"])
def test_a_stat_line_is_read_whatever_the_name_holds(name: str) -> None:
    process = parse_stat(stat_line(name), "node worker.js")
    assert (process.pid, process.parent, process.started_ticks) == (42, 7, 123456)
    assert process.cpu_s == 300 / TICKS_PER_S
    assert process.reaped_cpu_s == 50 / TICKS_PER_S


def test_this_process_is_among_its_own_descendants() -> None:
    assert os.getpid() in [process.pid for process in descendants([os.getpid()])]


def test_roles_come_from_the_command_line() -> None:
    def running(command: str) -> str:
        return role(parse_stat(stat_line("x"), command), roots=[42])

    assert running("redis-server *:6379") == "redis"
    assert running("node worker.js") == "worker"
    assert running("node server.js") == "server"
    assert role(parse_stat(stat_line("x"), "sh"), roots=[1]) == "other"


def test_stopping_takes_descendants_along_that_left_the_group(tmp_path: Path) -> None:
    program = Program("family", [sys.executable, "-c", FAMILY], tmp_path)
    try:
        program.wait_until(lambda: len(descendants([program.pid])) == 2, deadline_s=20)
        family = descendants([program.pid])
    finally:
        program.stop()
    assert [process for process in family if lives(process)] == []


def test_a_program_that_ends_early_says_why(tmp_path: Path) -> None:
    program = Program("broken", [sys.executable, "-c", "raise SystemExit('no such model')"], tmp_path)
    with pytest.raises(StartError, match="no such model"):
        program.wait_until(lambda: False, deadline_s=20)
    program.stop()
