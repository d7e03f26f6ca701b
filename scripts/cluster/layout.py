"""Where everything lies: the cache of programs that `down` keeps, and the state of the host cluster that `down` removes.

Paths of the state stay short because a unix socket's path ends at 107 characters; that is why they are not below the repository.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.cluster import versions

REPOSITORY = Path(__file__).parents[2]
IMAGES = REPOSITORY / "build" / "images"
_LONGEST_STATE = 60
_SMALLEST_SUBNET = 24


@dataclass(frozen=True)
class Cache:
    """Programs built once for this machine's user, keyed by what they are built from."""

    root: Path

    @classmethod
    def of(cls, environ: Mapping[str, str] = os.environ) -> Cache:
        base = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME") or "~").expanduser() / ".cache")
        return cls(Path(base) / "octavo" / "cluster")

    @property
    def bin(self) -> Path:
        """Links to this version's programs: what stands on a PATH."""
        return self.root / versions.key() / "bin"

    @property
    def lock(self) -> Path:
        return self.root / "build.lock"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def built(self, program: versions.Program) -> Path:
        return self.root / "modules" / program.module.key / program.name

    def program(self, name: str) -> Path:
        return self.built(versions.BY_NAME[name])

    def asset(self, module: versions.Module, name: str) -> Path:
        return self.root / "modules" / module.key / name

    def has(self, *names: str) -> bool:
        return all(self.program(name).exists() for name in names)


@dataclass(frozen=True)
class Network:
    """Addresses that only this machine knows. The node's address sits on an interface of our own, so a changed network does not move it."""

    pods: str = "10.244.0.0/16"
    services: str = "10.96.0.0/16"
    node: str = "10.245.0.1"
    interface: str = "octavo0"
    table: str = "octavo-cluster"
    api_port: int = 6443
    kubelet_port: int = 10250

    @classmethod
    def of(cls, environ: Mapping[str, str] = os.environ) -> Network:
        """Raises ValueError where the addresses that the environment names cannot be."""
        network = cls(
            pods=environ.get("OCTAVO_CLUSTER_PODS") or cls.pods,
            services=environ.get("OCTAVO_CLUSTER_SERVICES") or cls.services,
            node=environ.get("OCTAVO_CLUSTER_NODE") or cls.node,
        )
        pods, services = _subnet("OCTAVO_CLUSTER_PODS", network.pods), _subnet("OCTAVO_CLUSTER_SERVICES", network.services)
        try:
            node = ipaddress.IPv4Address(network.node)
        except ValueError as problem:
            raise ValueError(f"OCTAVO_CLUSTER_NODE={network.node}: {problem}") from problem
        if pods.overlaps(services) or any(node in subnet for subnet in (pods, services)):
            raise ValueError("OCTAVO_CLUSTER_PODS, OCTAVO_CLUSTER_SERVICES and OCTAVO_CLUSTER_NODE must not overlap")
        return network

    @property
    def kubernetes_service(self) -> str:
        """Kubernetes takes the first address itself."""
        return str(ipaddress.IPv4Network(self.services)[1])

    @property
    def dns(self) -> str:
        return str(ipaddress.IPv4Network(self.services)[10])


@dataclass(frozen=True)
class Host:
    """The host cluster's state. Another `state` makes another cluster, which needs a network namespace of its own."""

    state: Path
    network: Network = Network()
    node_name: str = "octavo"

    @classmethod
    def of(cls, environ: Mapping[str, str] = os.environ) -> Host:
        state = Path(environ.get("OCTAVO_CLUSTER_STATE") or "/var/lib/octavo-cluster")
        if not state.is_absolute() or len(str(state)) > _LONGEST_STATE:
            raise ValueError(
                f"OCTAVO_CLUSTER_STATE={state} must be absolute and no longer than {_LONGEST_STATE} characters, for socket paths"
            )
        return cls(state, Network.of(environ))

    @property
    def name(self) -> str:
        """Names what lies outside of the state: cgroups, the CNI network."""
        return self.state.name

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def ledger(self) -> Path:
        """One file a process: its id, its start, what it was started with."""
        return self.state / "processes"

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def lock(self) -> Path:
        return self.state.with_name(self.state.name + ".lock")

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def containerd_socket(self) -> Path:
        return self.state / "containerd.sock"

    @property
    def containerd_state(self) -> Path:
        """Mounts and sandboxes: worthless after a reboot."""
        return self.state / "run"

    @property
    def temporary(self) -> Path:
        """For what containerd and what it starts would leave in the machine's own."""
        return self.state / "tmp"

    @property
    def volumes(self) -> Path:
        return self.state / "volumes"

    @property
    def original(self) -> Path:
        """What the machine was like before: kernel settings and folders to put back."""
        return self.state / "original.json"


def _subnet(variable: str, text: str) -> ipaddress.IPv4Network:
    try:
        subnet = ipaddress.IPv4Network(text)
    except ValueError as problem:
        raise ValueError(f"{variable}={text}: {problem}") from problem
    if subnet.prefixlen > _SMALLEST_SUBNET:
        raise ValueError(f"{variable}={text} is too small: /{_SMALLEST_SUBNET} or larger")
    return subnet


def choice_file() -> Path:
    """Remembers which kind of cluster `up` chose, so that the other commands need no choosing."""
    return REPOSITORY / ".octavo" / "cluster" / "choice.json"
