"""Kubernetes for tests: an API server of the test's own (`control_plane`), and the one cluster with real pods (`cluster`).

A control plane needs no root, listens on loopback, is there in 3 to 5 seconds, and dies with the test even when the test is killed.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from scripts.cluster import images, requirements, versions
from scripts.cluster.api import Api, condition, connected, eventually
from scripts.cluster.choosing import Choice, Kind, choose
from scripts.cluster.cli import loader, machine, present, up
from scripts.cluster.control_plane import KWOK_ANNOTATION, ControlPlane
from scripts.cluster.credentials import ADMIN
from scripts.cluster.failures import ClusterFailure, tail
from scripts.cluster.layout import Cache
from scripts.cluster.progress import Progress
from scripts.cluster.toolchain import ensure, missing
from tests.servers.starting import ServerDidNotStart

# Waits for the end of its input, that is for ours; then ends the group of programs and removes their folder.
_WARDEN = 'cat >/dev/null; kill -s KILL -- "-$1" 2>/dev/null; for _ in 1 2 3 4 5; do rm -rf -- "$2" && exit; sleep 0.1; done'
_STARTING_S = 60.0


class Kubectl:
    """Command lines against one cluster."""

    kubeconfig: Path

    @property
    def bin(self) -> Path:
        """The folder with kubectl and helm, where they are built."""
        return Cache.of().bin

    @property
    def environ(self) -> dict[str, str]:
        """This process's environment, with KUBECONFIG and a PATH that finds our kubectl and helm first."""
        return os.environ | {
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self.kubeconfig.parent / "kubectl-cache"),
            "PATH": f"{self.bin}{os.pathsep}{os.environ.get('PATH', '')}",
        }

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout_s: float = 30.0) -> str:
        """What it printed. Raises AssertionError with its complaint where it failed."""
        return self._run("kubectl", arguments, stdin, timeout_s)

    def helm(self, *arguments: str, timeout_s: float = 180.0) -> str:
        """As `kubectl`."""
        return self._run("helm", arguments, None, timeout_s)

    def _run(self, program: str, arguments: Sequence[str], stdin: str | None, timeout_s: float) -> str:
        found = shutil.which(program, path=self.environ["PATH"])
        assert found is not None, f"there is no {program}: run ./task cluster:build"
        done = subprocess.run(
            [found, *arguments], env=self.environ, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        assert done.returncode == 0, f"{program} {' '.join(arguments)}: {done.stderr or done.stdout}"
        return done.stdout


@dataclass(frozen=True)
class Cluster(Kubectl):
    """The cluster with real pods. It is shared: what a test makes, it makes in a namespace of its own."""

    choice: Choice
    kubeconfig: Path
    api: Api

    @contextlib.contextmanager
    def namespace(self, name: str, labels: Mapping[str, str] | None = None) -> Iterator[str]:
        """A new namespace, `NAME-` and four random letters, gone with all that is in it when the block ends."""
        unique = f"{name}-{secrets.token_hex(2)}"
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": unique, "labels": dict(labels or {})}})
        try:
            yield unique
        finally:
            self.kubectl("delete", "namespace", unique, "--wait=false", timeout_s=60)

    def load_images(self, folder: Path) -> None:
        """Every image archive in the folder that the cluster has not yet."""
        images.load(folder, loader(self.choice), lambda _: None)

    @property
    def isolates(self) -> bool:
        """Whether network policies are enforced for certain."""
        return self.choice.kind is not Kind.KUBECONFIG


def find_cluster() -> Choice | None:
    """The cluster of `cluster:up`, or the one that the caller named with OCTAVO_CLUSTER=kubeconfig; None where none answers."""
    try:
        choice = present()
        with connected(choice.kubeconfig) as api:
            nodes = api.get("/api/v1/nodes")["items"]
    except (ClusterFailure, httpx.HTTPError, OSError):
        return None
    return choice if any(condition(node, "Ready") for node in nodes) else None


def cluster_available() -> bool:
    """Whether one answers, or can be started here within a minute: on kind, or on this host with the programs built."""
    if find_cluster() is not None:
        return True
    try:
        choice = choose(machine(os.environ))
    except ClusterFailure:
        return False
    return choice.kind is not Kind.HOST or not missing(versions.HOST, Cache.of())


def host_cluster_available() -> bool:
    """Whether a cluster can be had on this very host, without kind."""
    return not requirements.obstacles() and not missing(versions.HOST, Cache.of())


@contextlib.contextmanager
def running_cluster() -> Iterator[Cluster]:
    """The cluster that answers, or one that is brought up now. It stays up: whoever started it may want to look at it."""
    choice = find_cluster() or up(Progress(Console(quiet=True)))
    with connected(choice.kubeconfig) as api:
        yield Cluster(choice=choice, kubeconfig=choice.kubeconfig, api=api)


@dataclass
class RunningControlPlane(Kubectl):
    """An API server that is ready, and whatever else was asked for."""

    settings: ControlPlane
    kubeconfig: Path
    token: str
    """Of a user who may do everything."""
    api: Api
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    """By name: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok."""
    logs: Path = Path()

    @property
    def url(self) -> str:
        return self.settings.url

    @property
    def authority(self) -> Path:
        """The certificate to check the server by."""
        return self.settings.authority

    def kill(self, name: str, signal_number: int = signal.SIGKILL) -> None:
        """Ends one program, as a crash would."""
        self.programs[name].send_signal(signal_number)
        self.programs[name].wait(30)

    def start(self, name: str) -> None:
        """Starts a program again after `kill`, with the same data on the same port. `wait_ready` tells when the API server answers."""
        self._start(name, self._argv(name))

    def wait_ready(self, deadline_s: float = _STARTING_S) -> None:
        if not eventually(lambda: self._alive() and self.api.text("/readyz", 2) == "ok", deadline_s=deadline_s):
            raise self._failure("the API server is not ready")

    def add_nodes(self, count: int, *, prefix: str = "kwok") -> None:
        """Nodes that exist on paper only (KWOK): every pod bound to one becomes Ready at once. Returns when all are Ready."""
        names = [f"{prefix}-{number}" for number in range(count)]
        for name in names:
            labels = {"type": "kwok", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
            metadata = {"name": name, "annotations": {KWOK_ANNOTATION: "fake"}, "labels": labels}
            self.api.create({"apiVersion": "v1", "kind": "Node", "metadata": metadata})

        def ready() -> bool:
            return sum(condition(node, "Ready") for node in self.api.get("/api/v1/nodes")["items"]) >= count

        if not eventually(ready, deadline_s=_STARTING_S):
            raise self._failure("the KWOK nodes are not Ready")

    def _argv(self, name: str) -> list[str]:
        cache = Cache.of()
        return {
            "etcd": self.settings.etcd,
            "kube-apiserver": self.settings.api_server,
            "kube-controller-manager": self.settings.controller_manager,
            "kube-scheduler": self.settings.scheduler,
            "kwok": self.settings.kwok,
        }[name](cache)

    def _start(self, name: str, argv: Sequence[str]) -> None:
        with (self.logs / f"{name}.log").open("ab") as log:
            self.programs[name] = subprocess.Popen(
                argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, process_group=self._group, cwd=self.settings.folder
            )

    def _alive(self) -> bool:
        for name, process in self.programs.items():
            if process.poll() is not None:
                raise self._failure(f"{name} ended with {process.returncode}")
        return True

    def _failure(self, what: str) -> ServerDidNotStart:
        return ServerDidNotStart("\n".join([what, *(f"--- {log.name}\n{tail(log)}" for log in sorted(self.logs.iterdir()))]))

    _group: int = 0


def control_plane_available() -> bool:
    """Whether the programs are built. To build them takes minutes, and that is not a test's business."""
    return not missing(versions.CONTROL_PLANE, Cache.of())


@contextlib.contextmanager
def control_plane(
    *, controllers: bool = False, scheduler: bool = False, kwok_nodes: int = 0, durable: bool = False, api_server: Sequence[str] = ()
) -> Iterator[RunningControlPlane]:
    """etcd and an API server on a free loopback port, in a folder of their own.

    controllers: also the controller manager (Deployments make pods, owners' children are collected, namespaces end).
    scheduler: also the scheduler.
    kwok_nodes: also KWOK and so many nodes; includes a default StorageClass whose claims bind at once, on paper.
    durable: etcd waits for the disk.
    api_server: further arguments, for instance an audit log.
    """
    ensure(versions.CONTROL_PLANE, Cache.of())
    # Not pytest's tmp_path: a unix socket's path has to be short.
    folder = Path(tempfile.mkdtemp(prefix="octavo-cp-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        port = stack.enter_context(_held_port())
        settings = ControlPlane(
            folder=folder, address="127.0.0.1", port=port, services="10.96.0.0/16", kubernetes_service="10.96.0.1", durable=durable,
            api_server_arguments=tuple(api_server),
        )  # fmt: skip
        token = settings.prepare()[ADMIN]
        kubeconfig, logs = settings.kubeconfig(ADMIN), folder / "logs"
        logs.mkdir()
        api = stack.enter_context(connected(kubeconfig))
        running = RunningControlPlane(settings, kubeconfig, token, api, logs=logs)
        running._group = stack.enter_context(_group_that_dies_with_us(running))
        for name in ("etcd", "kube-apiserver"):
            running.start(name)
        running.wait_ready()
        wanted = {"kube-controller-manager": controllers, "kube-scheduler": scheduler, "kwok": kwok_nodes > 0}
        for name in (name for name, asked in wanted.items() if asked):
            running.start(name)
        if controllers and not eventually(lambda: _has_default_account(running), deadline_s=_STARTING_S):
            raise running._failure("the controller manager made no service account")
        if kwok_nodes:
            api.apply(_PAPER_STORAGE)
            running.add_nodes(kwok_nodes)
        yield running


_PAPER_STORAGE = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    # The name and the provisioner that KWOK's stages look for.
    "metadata": {"name": "kwok-volume", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "kwok.x-k8s.io/volume",
}


def _has_default_account(running: RunningControlPlane) -> bool:
    return running._alive() and running.api.find("/api/v1/namespaces/default/serviceaccounts/default") is not None


@contextlib.contextmanager
def _held_port() -> Iterator[int]:
    """A loopback port that nobody else is given while we hold it; the API server shares it (`--permit-port-sharing`)."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextlib.contextmanager
def _group_that_dies_with_us(running: RunningControlPlane) -> Iterator[int]:
    """A process group for the programs. It and the folder end when this block ends, and when this process dies in whatever way."""
    with subprocess.Popen(["sleep", "infinity"], stdin=subprocess.DEVNULL, process_group=0) as first:
        argv = ["/bin/sh", "-c", _WARDEN, "warden", str(first.pid), str(running.settings.folder)]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, process_group=0):
            # Leaving the block closes the warden's input, and waits for it.
            yield first.pid
        for process in running.programs.values():
            process.wait(30)
