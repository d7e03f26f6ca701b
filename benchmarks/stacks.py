"""How each stack is started as a black box, on free ports and in a folder of its own, and taken down."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from benchmarks.client import BullTarget, OctavoTarget, SeedsTarget, Target
from benchmarks.processes import Program, StartError, answers, free_port, listens

READY_DEADLINE_S = 120.0
WORKER_CONCURRENCY = 512
"""The same for all, and above the highest level, so that no job waits for a slot."""

PEERS = Path(__file__).parent / "peers"
JWT_SECRET = "a secret of the benchmark, which guards nothing"

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
    """The provider that all stacks call, started once for the whole run."""

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
    """Programs that live and die together: what every stack is made of."""

    def __init__(self) -> None:
        self._programs: list[Program] = []

    def add(self, program: Program) -> Program:
        self._programs.append(program)
        return program

    @property
    def roots(self) -> list[int]:
        return [program.pid for program in self._programs]

    def log_tails(self) -> str:
        return "\n".join(f"--- {program.name}\n{program.log_tail()}" for program in self._programs)

    def stop(self) -> None:
        while self._programs:
            self._programs.pop().stop()


class Octavo(Programs):
    """`octavo up` on one GeneratorService: its processes, its Redis and its database are all below the one command."""

    name = "octavo"

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "octavo")) -> None:
        super().__init__()
        self._command = list(command)

    def start(self, folder: Path, upstream_url: str) -> Target:
        port = free_port()
        generator = folder / "bench.yaml"
        generator.write_text(GENERATOR.format(upstream_url=upstream_url, concurrency=WORKER_CONCURRENCY))
        command = [*self._command, "up", "-f", str(generator), "--port", str(port)]
        try:
            program = self.add(Program("octavo", command, folder, {"OCTAVO_HOME": str(folder / "home"), "OCTAVO_PEOPLE": "false"}))
            program.wait_until(lambda: answers(f"http://127.0.0.1:{port}/health/ready"), READY_DEADLINE_S)
        except BaseException:
            self.stop()
            raise
        return OctavoTarget(port)


class Peer(Programs):
    """What the peers share: a Redis of their own and Node.js programs with locked packages."""

    name: str
    folder: str | None = None
    """Where its programs are, when that is not the folder of its name."""
    redis_options: Sequence[str] = ()

    def __init__(self, users: int = 1) -> None:
        super().__init__()
        self._users = users

    @property
    def _programs_folder(self) -> Path:
        return PEERS / (self.folder or self.name)

    def start(self, folder: Path, upstream_url: str) -> Target:
        install_peer(self._programs_folder)
        redis_port = free_port()
        command = ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--dir", str(folder), *self.redis_options]
        try:
            redis = self.add(Program("redis", command, folder))
            redis.wait_until(lambda: listens(redis_port), READY_DEADLINE_S)
            return self._start_programs(folder, upstream_url, redis_port)
        except BaseException:
            self.stop()
            raise

    def _start_programs(self, folder: Path, upstream_url: str, redis_port: int) -> Target:
        """Returns when the peer takes jobs."""
        raise NotImplementedError

    def _node(self, program: str, folder: Path, **environment: str) -> Program:
        command = ["node", str(self._programs_folder / f"{program}.js")]
        return self.add(Program(program, command, folder, {"NODE_ENV": "production", **environment}))


class Seeds(Peer):
    """The seeds' own stack: frontend, worker and notification service, each a process, and Redis as it is installed."""

    name = "seeds"
    secret_as = "text"

    def _start_programs(self, folder: Path, upstream_url: str, redis_port: int) -> Target:
        port, notifications_port = free_port(), free_port()
        queue = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis_port)}
        notifications_url = f"http://127.0.0.1:{notifications_port}"
        notifications = self._node("notifications", folder, PORT=str(notifications_port))
        notifications.wait_until(lambda: listens(notifications_port), READY_DEADLINE_S)
        frontend = self._node("frontend", folder, PORT=str(port), JWT_SECRET=JWT_SECRET, JWT_SECRET_AS=self.secret_as, **queue)
        worker = {"NOTIFICATIONS_URL": notifications_url, "UPSTREAM_URL": upstream_url, "CONCURRENCY": str(WORKER_CONCURRENCY)}
        self._node("worker", folder, **worker, **queue)
        frontend.wait_until(lambda: answers(f"http://127.0.0.1:{port}/health"), READY_DEADLINE_S)
        return SeedsTarget(port, notifications_port, JWT_SECRET, self._users)


class SeedsWithKey(Seeds):
    """The same, spared what jsonwebtoken does with a secret that is text: 0.4 ms for each request on Node.js 20."""

    name = "seeds-key"
    folder = "seeds"
    secret_as = "key"


class Bull(Peer):
    """The same technology tuned by hand: one server process, one worker process, and a Redis that keeps nothing on disk."""

    name = "bull"
    redis_options = ("--save", "", "--appendonly", "no")

    def _start_programs(self, folder: Path, upstream_url: str, redis_port: int) -> Target:
        port = free_port()
        queue = {"REDIS_URL": f"redis://127.0.0.1:{redis_port}"}
        server = self._node("server", folder, PORT=str(port), **queue)
        self._node("worker", folder, UPSTREAM_URL=upstream_url, CONCURRENCY=str(WORKER_CONCURRENCY), **queue)
        server.wait_until(lambda: answers(f"http://127.0.0.1:{port}/health"), READY_DEADLINE_S)
        return BullTarget(port, self._users)


def install_peer(folder: Path) -> None:
    """Installs a peer's locked packages where they are not yet there."""
    installed = folder / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= (folder / "package-lock.json").stat().st_mtime:
        return
    if shutil.which("npm") is None:
        raise StartError("the peers need Node.js 20 or newer with npm")
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    installing = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=600)
    if installing.returncode != 0:
        raise StartError(f"the packages of {folder.name} could not be installed:\n{installing.stderr[:1500]}")
