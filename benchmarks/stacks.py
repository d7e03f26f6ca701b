"""How each stack is started as a black box, on free ports and in a folder of its own, and taken down."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from benchmarks.client import BullTarget, OctavoTarget, Target
from benchmarks.processes import Program, StartError, answers, free_port, listens

READY_DEADLINE_S = 120.0
WORKER_CONCURRENCY = 512
"""The same for both, and above the highest level, so that no job waits for a slot."""

PEER = Path(__file__).parent / "peers" / "bull"

GENERATOR = """\
apiVersion: octavo.dev/v1alpha1
kind: GeneratorService
metadata: {{name: bench}}
spec:
  task: text
  providers: [{{name: upstream, type: openai-compatible, model: bench, baseUrl: "{upstream_url}"}}]
  workers: {{concurrency: {concurrency}}}
"""


class Stack(Protocol):
    name: str

    def start(self, folder: Path, upstream_url: str) -> Target:
        """Returns when the stack takes jobs; StartError, with nothing left running, where it does not."""
        ...

    def stop(self) -> None: ...

    @property
    def roots(self) -> list[int]:
        """The processes that were started; the stack is these and all their descendants."""
        ...

    def log_tails(self) -> str:
        """What its programs said last."""
        ...


class Upstream:
    """The provider that both stacks call, started once for the whole run."""

    def __init__(self, folder: Path, latency_ms: float) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/v1"
        command = [sys.executable, "-m", "benchmarks.upstream", "--port", str(self.port), "--latency-ms", str(latency_ms)]
        self._program = Program("upstream", command, folder, {"PYTHONPATH": str(Path(__file__).parents[1])})
        try:
            self._program.wait_until(lambda: listens(self.port), READY_DEADLINE_S)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        return self._program.pid

    def stop(self) -> None:
        self._program.stop()


class Programs:
    """Programs that live and die together."""

    def __init__(self) -> None:
        self._programs: list[Program] = []

    def add(self, program: Program) -> Program:
        self._programs.append(program)
        return program

    @property
    def pids(self) -> list[int]:
        return [program.pid for program in self._programs]

    def log_tails(self) -> str:
        return "\n".join(f"--- {program.name}\n{program.log_tail()}" for program in self._programs)

    def stop(self) -> None:
        while self._programs:
            self._programs.pop().stop()


class Octavo:
    """`octavo up` on one GeneratorService: its processes, its Redis and its database are all below the one command."""

    name = "octavo"

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "octavo")) -> None:
        self._command = list(command)
        self._programs = Programs()

    @property
    def roots(self) -> list[int]:
        return self._programs.pids

    def start(self, folder: Path, upstream_url: str) -> Target:
        port = free_port()
        generator = folder / "bench.yaml"
        generator.write_text(GENERATOR.format(upstream_url=upstream_url, concurrency=WORKER_CONCURRENCY))
        command = [*self._command, "up", "-f", str(generator), "--port", str(port)]
        try:
            program = self._programs.add(Program("octavo", command, folder, {"OCTAVO_HOME": str(folder / "home")}))
            program.wait_until(lambda: answers(f"http://127.0.0.1:{port}/health/ready"), READY_DEADLINE_S)
        except BaseException:
            self.stop()
            raise
        return OctavoTarget(port)

    def log_tails(self) -> str:
        return self._programs.log_tails()

    def stop(self) -> None:
        self._programs.stop()


class Bull:
    """Express + Bull + socket.io: redis-server without persistence (its fastest setting), one server process, one worker process."""

    name = "bull"

    def __init__(self, users: int = 1) -> None:
        self._users = users
        self._programs = Programs()

    @property
    def roots(self) -> list[int]:
        return self._programs.pids

    def start(self, folder: Path, upstream_url: str) -> Target:
        install_peer()
        redis_port, port = free_port(), free_port()
        environment = {
            "NODE_ENV": "production",
            "PORT": str(port),
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}",
            "UPSTREAM_URL": upstream_url,
            "CONCURRENCY": str(WORKER_CONCURRENCY),
        }
        redis_command = [
            "redis-server",
            "--port",
            str(redis_port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        try:
            redis = self._programs.add(Program("redis", redis_command, folder))
            redis.wait_until(lambda: listens(redis_port), READY_DEADLINE_S)
            server = self._programs.add(Program("server", ["node", str(PEER / "server.js")], folder, environment))
            self._programs.add(Program("worker", ["node", str(PEER / "worker.js")], folder, environment))
            server.wait_until(lambda: answers(f"http://127.0.0.1:{port}/health"), READY_DEADLINE_S)
        except BaseException:
            self.stop()
            raise
        return BullTarget(port, self._users)

    def log_tails(self) -> str:
        return self._programs.log_tails()

    def stop(self) -> None:
        self._programs.stop()


def install_peer() -> None:
    """Installs the peer's locked packages where they are not yet there."""
    installed = PEER / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= (PEER / "package-lock.json").stat().st_mtime:
        return
    if shutil.which("npm") is None:
        raise StartError("the peer needs Node.js 20 or newer with npm")
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    installing = subprocess.run(command, cwd=PEER, check=False, capture_output=True, text=True, timeout=600)
    if installing.returncode != 0:
        raise StartError(f"the peer's packages could not be installed:\n{installing.stderr[:1500]}")
