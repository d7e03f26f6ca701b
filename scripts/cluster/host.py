"""Brings up the cluster on this very host, or mends what is down of it. Every step may be repeated, and then does nothing."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx
from scripts.cluster import archives, cgroups, credentials, manifests, network, node, pki, probes
from scripts.cluster.api import Api, Object, condition, connected, eventually
from scripts.cluster.containers import Containerd, snapshotter
from scripts.cluster.control_plane import ControlPlane
from scripts.cluster.failures import ClusterFailure
from scripts.cluster.layout import REPOSITORY, Cache, Host
from scripts.cluster.processes import Daemon, Processes
from scripts.cluster.progress import Progress
from scripts.cluster.requirements import find_cni_plugins, find_program
from scripts.cluster.toolchain import ensure
from scripts.cluster.versions import HOST

_READY_S = 60.0
# A part that runs and does not answer for so long is started again.
_STUCK_S = 10.0
# The first one builds.
_LONGEST_UP_S = 1800.0
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class HostCluster:
    def __init__(self, host: Host, cache: Cache, environ: Mapping[str, str] = os.environ) -> None:
        self.host, self.cache, self._environ = host, cache, dict(environ)
        self.processes = Processes(host.state, host.logs)
        self.plane = control_plane_of(host)
        self.containerd = Containerd(host.containerd_socket)
        self._started: set[str] = set()

    def up(self, progress: Progress) -> None:
        """Returns when pods run, DNS answers and volumes can be had. Raises ClusterFailure."""
        with self._alone():
            if self.healthy():
                return
            with progress.step("programs"):
                ensure(HOST, self.cache, progress.say)
            with progress.step("settings, keys and the node's network"):
                network.remember(self.host)
                self._forget_before_boot()
                self._write_settings()
                cgroups.make(self.host.name)
                network.set_up(self.host.network)
            with connected(self.host.kubeconfig) as api:
                self._start(api, progress)

    def healthy(self) -> bool:
        """Whether there is nothing to mend. Takes a fraction of a second."""
        if not self.host.kubeconfig.exists() or not self.cache.has(*HOST):
            return False
        self._write_settings()
        if not self.processes.current(self.daemons()) or not network.is_up(self.host.network):
            return False
        if not self._applied.exists() or self._applied.read_text() != json.dumps(self._manifests()):
            return False
        with connected(self.host.kubeconfig) as api:
            try:
                found = api.find(f"/api/v1/nodes/{self.host.node_name}")
                return condition(found, "Ready") and self._kubelet_answers() and probes.dns_answers(self.host.network)
            except httpx.HTTPError:
                return False

    def daemons(self) -> list[Daemon]:
        """All that has to run. Reads the settings' files."""
        plane, host, cache = self.plane, self.host, self.cache
        of_plane = {"kube-scheduler": plane.scheduler, "kube-controller-manager": plane.controller_manager}
        return [
            Daemon("etcd", tuple(plane.etcd(cache))),
            Daemon("kube-apiserver", tuple(plane.api_server(cache)), reads=(plane.authority, plane.token_file)),
            *(Daemon(name, tuple(argv(cache)), reads=(plane.kubeconfig(f"system:{name}"),)) for name, argv in of_plane.items()),
            node.containerd(host, find_program("containerd"), self._environ),
            node.kubelet(host, cache, plane.kubeconfig(credentials.node_user(host.node_name).name)),
            node.kube_proxy(host, cache, plane.kubeconfig("system:kube-proxy")),
            node.agent(host, Path(sys.executable), REPOSITORY, sorted((Path(__file__).parent / "agent").glob("*.py"))),
        ]

    def _start(self, api: Api, progress: Progress) -> None:
        daemons = {daemon.name: daemon for daemon in self.daemons()}
        with progress.step("etcd and API server"):
            # containerd needs nobody, and takes its images while the API server starts.
            for name in ("etcd", "kube-apiserver", "containerd"):
                self._keep(daemons[name])
            self._await(daemons["etcd"], lambda: probes.etcd_answers(self.plane.etcd_socket))
            self._await(daemons["kube-apiserver"], lambda: api.text("/readyz", 2) == "ok")
        with progress.step("containerd and its images"):
            self._await(daemons["containerd"], self.containerd.answers)
            for program in ("pause", "coredns"):
                self._provide_image(program)
        with progress.step("controllers"):
            for name in ("kube-controller-manager", "kube-scheduler", "agent"):
                self._keep(daemons[name])
            wanted = self._manifests()
            for manifest in wanted:
                self._apply(api, manifest)
            pki.write_secret(self._applied, json.dumps(wanted).encode())
        with progress.step("node"):
            for name in ("kubelet", "kube-proxy"):
                self._keep(daemons[name])
            self._await(daemons["kubelet"], self._kubelet_answers)
            self._await(daemons["kube-proxy"], lambda: probes.healthz(self.host.network.node, 10256))
            ready = f"/api/v1/nodes/{self.host.node_name}"
            self._await(daemons["kubelet"], lambda: condition(api.find(ready), "Ready"), restart=False)
        with progress.step("DNS"):
            self._await(daemons["kubelet"], lambda: probes.dns_answers(self.host.network), restart=False)
        for daemon in daemons.values():
            self.processes.require(daemon)

    def _apply(self, api: Api, manifest: Object) -> None:
        """A server that has just become ready, on a busy machine, may still be slow or turn a call away."""
        refusals: list[httpx.HTTPError] = []

        def applied() -> bool:
            try:
                return bool(api.apply(manifest))
            except httpx.HTTPError as problem:
                refusals.append(problem)
                raise

        if not eventually(applied, deadline_s=_READY_S / 2, pause_s=0.5):
            what = f"the API server does not take {manifest['kind']} {manifest['metadata']['name']}"
            raise ClusterFailure(what, why=str(refusals[-1]), log=self.processes.log("kube-apiserver"))

    def _keep(self, daemon: Daemon) -> None:
        if self.processes.keep(daemon):
            self._started.add(daemon.name)

    def _await(self, daemon: Daemon, answers: Callable[[], bool], *, restart: bool = True) -> None:
        """Waits until it answers. One that runs and does not answer is started again, once. Raises ClusterFailure."""

        def running_and_answering() -> bool:
            self.processes.require(daemon)
            return answers()

        if restart and daemon.name not in self._started:
            if eventually(running_and_answering, deadline_s=_STUCK_S):
                return
            self.processes.stop(daemon.name, patience_s=1)
            self._keep(daemon)
        if not eventually(running_and_answering, deadline_s=_READY_S):
            why = f"it did not answer rightly within {_READY_S:g} s"
            mend = "its log says more; `./task cluster:down` and then `up` begins anew"
            raise ClusterFailure(f"{daemon.name} is not ready", why=why, mend=mend, log=self.processes.log(daemon.name))

    @property
    def _applied(self) -> Path:
        """What was applied last, to see when there is more to apply."""
        return self.host.state / "manifests.json"

    def _manifests(self) -> list[Object]:
        upstream = bool((self.host.state / "resolv.conf").read_text())
        return manifests.base(self.host.network, upstream=upstream)

    def _kubelet_answers(self) -> bool:
        return probes.healthz(self.host.network.node, 10248)

    def _provide_image(self, program: str) -> None:
        name = node.image(program)
        if name in self.containerd.images():
            return
        archive = self.host.state / f"{program}.tar"
        archives.write(archive, name=name, program=self.cache.program(program))
        self.containerd.load(archive)
        archive.unlink()

    def _write_settings(self) -> None:
        """Keys, tokens, and the files that the node's programs read. Only what differs is written."""
        host = self.host
        host.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        host.temporary.mkdir(exist_ok=True)
        self._keep_addresses()
        self.plane.prepare()
        pki.issue(host.pki, "kubelet", common_name=f"system:node:{host.node_name}", hosts=[host.node_name, host.network.node])
        settings = {
            "containerd.toml": node.containerd_config(
                host, cni_plugins=find_cni_plugins(), runc=find_program("runc"), snapshotter=snapshotter(host.state)
            ),
            "kubelet.yaml": node.kubelet_config(host, self.plane.authority),
            "resolv.conf": node.resolv_conf(_machines_resolv_conf()),
            "cni/10-octavo.conflist": node.cni_config(host),
        }
        for name, content in settings.items():
            path = host.state / name
            if not path.exists() or path.read_text() != content:
                pki.write_secret(path, content.encode())

    def _keep_addresses(self) -> None:
        """Addresses are in certificates and in every Service: they cannot change under a living cluster."""
        network, file = self.host.network, self.host.state / "network.json"
        addresses = {"pods": network.pods, "services": network.services, "node": network.node}
        if not file.exists():
            pki.write_secret(file, json.dumps(addresses).encode())
        before = json.loads(file.read_text())
        if any(before[name] != address for name, address in addresses.items()):
            why = "it was made with " + ", ".join(f"{name} {before[name]}" for name in addresses)
            mend = "set OCTAVO_CLUSTER_PODS, OCTAVO_CLUSTER_SERVICES and OCTAVO_CLUSTER_NODE as then, or `./task cluster:down` first"
            raise ClusterFailure("the cluster's addresses have changed", why=why, mend=mend)

    def _forget_before_boot(self) -> None:
        """After a reboot, mounts and sandboxes that the files speak of are gone."""
        file, boot = self.host.state / "boot-id", _BOOT_ID.read_text()
        if file.exists() and file.read_text() != boot:
            shutil.rmtree(self.host.containerd_state, ignore_errors=True)
        pki.write_secret(file, boot.encode())

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One `up` or `down` at a time."""
        with exclusive(self.host.lock):
            yield


def control_plane_of(host: Host) -> ControlPlane:
    return ControlPlane(
        folder=host.state,
        address=host.network.node,
        port=host.network.api_port,
        services=host.network.services,
        kubernetes_service=host.network.kubernetes_service,
        # A cluster for tests: that the machine loses its power may cost it, and every write is faster.
        durable=False,
        users=(*credentials.USERS, credentials.node_user(host.node_name)),
        advertised=host.network.node,
        kubelets=True,
    )


@contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Raises ClusterFailure where somebody else has held it for a long time. Who holds it may remove the file."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + _LONGEST_UP_S
    while True:
        with lock.open("a") as handle:
            if _locks(handle, lock):
                yield
                return
        if time.monotonic() > end:
            raise ClusterFailure("another `cluster:up` or `down` does not end", mend=f"find who holds {lock}")
        time.sleep(0.1)


def _locks(handle: IO[str], lock: Path) -> bool:
    """Whether we hold the lock now, and it is still the one that others will find."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(handle.fileno()), lock.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _machines_resolv_conf() -> str:
    """systemd-resolved keeps the real name servers in a file of its own."""
    for name in ("/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"):
        if Path(name).exists():
            return Path(name).read_text()
    return ""
