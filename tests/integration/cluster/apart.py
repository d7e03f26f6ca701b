"""A host cluster in network and mount namespaces of its own: to break and to take down beside the one that others use."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.cluster import cgroups
from scripts.cluster.layout import Cache, Host
from scripts.cluster.processes import Processes
from tests.servers.starting import wait_until

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Apart:
    """Commands are run inside of the namespaces, and know only this cluster."""

    host: Host
    holder: int
    """The process that holds the namespaces open."""

    def run(self, *argv: str, stdin: str | None = None, timeout_s: float = 120) -> str:
        """What it printed. Raises AssertionError with all it said where it failed."""
        inside = ["nsenter", f"--target={self.holder}", "--net", "--mount", "--", *argv]
        kubeconfig = str(self.host.kubeconfig)
        environ = os.environ | {
            "OCTAVO_CLUSTER": "host",
            "OCTAVO_CLUSTER_STATE": str(self.host.state),
            "KUBECONFIG": kubeconfig,
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(inside, env=environ, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False)
        assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextlib.contextmanager
    def serving(self, argv: Sequence[str]) -> Iterator[None]:
        """The program runs inside of the namespaces as long as the block."""
        inside = ["nsenter", f"--target={self.holder}", "--net", "--mount", "--", *argv]
        with subprocess.Popen(inside, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.kill()

    def cluster(self, *arguments: str) -> str:
        return self.run(sys.executable, "-m", "scripts.cluster", *arguments)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.run(str(Cache.of().program("kubectl")), *arguments, stdin=stdin)

    def get(self, url: str) -> str:
        """Asked by the host."""
        return self.run(str(Cache.of().program("probe")), "get", url)

    @property
    def processes(self) -> Processes:
        return Processes(self.host.state, self.host.logs)

    @contextlib.contextmanager
    def neighbour(self) -> Iterator[Callable[[str], bool]]:
        """Another machine on this one's network, whose way to everything leads through this one: whether it gets an answer from a URL."""
        with subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL) as other:
            try:
                wait_until(lambda: _program(other.pid) == "sleep", what="no second namespace")
                inside = ["nsenter", f"--target={other.pid}", "--net", "--"]
                self.run("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "eth0", "netns", str(other.pid))
                self.run("ip", "address", "add", "192.0.2.1/24", "dev", "lan0")
                self.run("ip", "link", "set", "lan0", "up")
                for words in ("address add 192.0.2.2/24 dev eth0", "link set eth0 up", "route add default via 192.0.2.1"):
                    subprocess.run([*inside, "ip", *words.split()], check=True, timeout=10)
                asking = [*inside, str(Cache.of().program("probe")), "get"]
                yield lambda url: subprocess.run([*asking, url], capture_output=True, timeout=30, check=False).returncode == 0
            finally:
                other.kill()

    def kill(self, *names: str) -> None:
        """As a crash would, without a chance to clean up."""
        mains = self.processes.mains()
        for name in names:
            os.kill(mains[name].pid, signal.SIGKILL)

    def lose_power(self) -> None:
        """What a machine that was switched off still has is its disk."""
        # Again and again: one that dies may have started another that cleans up after it.
        wait_until(self._nothing_runs, what="processes live on")
        for point in reversed(self.mounts()):
            self.run("umount", "--lazy", point)
        self.run("nft", "flush", "ruleset")
        self.run("ip", "link", "delete", self.host.network.interface)
        assert cgroups.remove(self.host.name) == []
        (self.host.state / "boot-id").write_text("before")

    def _nothing_runs(self) -> bool:
        running = {*(each.pid for each in self.processes.all()), *cgroups.processes(self.host.name)}
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not running

    def mounts(self) -> list[str]:
        points = [line.split()[1] for line in self.run("cat", "/proc/self/mounts").splitlines()]
        return [point for point in points if Path(point).is_relative_to(self.host.state)]

    def traces(self) -> dict[str, object]:
        """All by which a cluster can be noticed."""
        return {
            "interfaces": sorted(link["ifname"] for link in json.loads(self.run("ip", "-json", "link"))),
            "routes": self.run("ip", "route"),
            "tables": self.run("nft", "list", "tables"),
            "mounts": self.mounts(),
            "forwarding": self.run("cat", "/proc/sys/net/ipv4/ip_forward"),
            "processes": sorted(_commands_that_name(str(self.host.state))),
            "cgroups": sorted(str(root / self.host.name) for root in cgroups.hierarchies() if (root / self.host.name).exists()),
            "network results": sorted(map(str, Path("/var/lib/cni/results").glob(f"{self.host.name}-*"))),
            "log links": sorted(str(link) for link in Path("/var/log/containers").glob("*") if self.host.name in str(link.readlink())),
            "state": sorted(map(str, self.host.state.parent.glob(f"{self.host.state.name}*"))),
        }

    def shim_sockets(self) -> list[Path]:
        """Of the containers that run: they lie at a place that all containerds of a machine share."""
        addresses = self.host.containerd_state.glob("containerd/io.containerd.runtime.v2.task/*/*/address")
        return [Path(address.read_text().strip().removeprefix("unix://")) for address in addresses]


@contextlib.contextmanager
def apart() -> Iterator[Apart]:
    """The namespaces, without a cluster. Whatever cluster is in them at the end is taken down."""
    host = Host(Path("/var/lib") / f"octavo-test-{secrets.token_hex(3)}")
    argv = ["unshare", "--net", "--mount", "--propagation=private", "sleep", "infinity"]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as holder:
        own = Apart(host, holder.pid)
        try:
            # It is this process still until the namespaces are made.
            wait_until(lambda: _program(holder.pid) == "sleep", what="no namespaces can be made here")
            own.run("ip", "link", "set", "lo", "up")
            yield own
        finally:
            with contextlib.suppress(AssertionError):
                own.cluster("down")
            holder.kill()
            shutil.rmtree(host.state, ignore_errors=True)


def _program(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()


def _commands_that_name(text: str) -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if text in command:
                    yield command
