"""Which programs make a cluster, and at which version.

The versions themselves stand in one place only: the `require` line of each module below `go/`, locked by the hashes of its `go.sum`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

GO_MODULES = Path(__file__).parent / "go"
LOWEST_GO = (1, 26)

_KUBERNETES_COMMANDS = "k8s.io/kubernetes/cmd"


@dataclass(frozen=True)
class Module:
    """A folder below `go/` that locks one upstream project."""

    name: str
    upstream: str
    assets: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Files made by joining the named YAML files of the upstream module."""
    stamped: str = ""
    """The package whose variables take the version at link time, where the programs cannot tell it themselves."""
    tags: str = ""
    """Go's build tags."""

    @property
    def folder(self) -> Path:
        return GO_MODULES / self.name

    @property
    def version(self) -> str:
        return _version(self.folder / "go.mod", self.upstream) if self.upstream else "1"

    @property
    def link_flags(self) -> str:
        if not self.stamped:
            return "-s -w"
        major, minor = self.version.split(".")[:2]
        stamps = {"gitVersion": f"v{self.version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean", "gitCommit": ""}
        return "-s -w " + " ".join(f"-X {self.stamped}.{name}={value}" for name, value in stamps.items())

    @property
    def key(self) -> str:
        """Changes with anything that changes what is built."""
        digest = hashlib.sha256((self.link_flags + self.tags).encode())
        for path in sorted(self.folder.iterdir()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        return f"{self.name}-{self.version}-{digest.hexdigest()[:10]}"


@dataclass(frozen=True)
class Program:
    name: str
    module: Module
    package: str


KUBERNETES = Module("kubernetes", "k8s.io/kubernetes", stamped="k8s.io/component-base/version")
ETCD = Module("etcd", "go.etcd.io/etcd/server/v3")
KWOK = Module(
    "kwok",
    "sigs.k8s.io/kwok",
    assets=(
        (
            "kwok-stages.yaml",
            (
                "kustomize/stage/node/fast/node-initialize.yaml",
                "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
                "kustomize/stage/pod/fast/pod-ready.yaml",
                "kustomize/stage/pod/fast/pod-complete.yaml",
                "kustomize/stage/pod/fast/pod-delete.yaml",
                "kustomize/stage/volume/fast/pvc-provision.yaml",
                "kustomize/stage/volume/fast/pvc-delete.yaml",
                "kustomize/stage/volume/fast/pv-bind.yaml",
                "kustomize/stage/volume/fast/pv-delete.yaml",
            ),
        ),
    ),
)
HELM = Module("helm", "helm.sh/helm/v3")
COREDNS = Module("coredns", "github.com/coredns/coredns")
KIND = Module("kind", "sigs.k8s.io/kind")
PAUSE = Module("pause", "")
PROBE = Module("probe", "")
FERRETDB = Module("ferretdb", "github.com/FerretDB/FerretDB", tags="ferretdb_sqlite")

# In the order in which they are wanted: tests that need only an API server begin while the rest is still being built.
PROGRAMS = (
    Program("etcd", ETCD, "go.etcd.io/etcd/server/v3"),
    *(Program(name, KUBERNETES, f"{_KUBERNETES_COMMANDS}/{name}") for name in ("kube-apiserver", "kubectl")),
    *(Program(name, KUBERNETES, f"{_KUBERNETES_COMMANDS}/{name}") for name in ("kube-controller-manager", "kube-scheduler")),
    Program("kwok", KWOK, "sigs.k8s.io/kwok/cmd/kwok"),
    Program("pause", PAUSE, "."),
    Program("probe", PROBE, "."),
    *(Program(name, KUBERNETES, f"{_KUBERNETES_COMMANDS}/{name}") for name in ("kubelet", "kube-proxy")),
    Program("helm", HELM, "helm.sh/helm/v3/cmd/helm"),
    Program("coredns", COREDNS, "github.com/coredns/coredns"),
    Program("kind", KIND, "sigs.k8s.io/kind"),
)
TEST_SERVERS = (Program("ferretdb", FERRETDB, "."),)
"""Of no cluster: what tests talk to and no package brings."""
BY_NAME = {program.name: program for program in (*PROGRAMS, *TEST_SERVERS)}

CONTROL_PLANE = ("etcd", "kube-apiserver", "kubectl", "kube-controller-manager", "kube-scheduler", "kwok")
HOST = tuple(program.name for program in PROGRAMS if program.name != "kind")
FOR_PEOPLE = ("kubectl", "helm")
"""What `env` puts on the PATH."""


def key() -> str:
    """Names the set of all programs: Kubernetes' version, and a digest of every module's key."""
    modules = sorted({program.module.key for program in PROGRAMS})
    return f"{KUBERNETES.version}-{hashlib.sha256(' '.join(modules).encode()).hexdigest()[:10]}"


@cache
def _version(go_mod: Path, upstream: str) -> str:
    found = re.search(rf"^(?:require )?\s*{re.escape(upstream)} v(\S+)", go_mod.read_text(), re.MULTILINE)
    if found is None:
        raise ValueError(f"{go_mod} does not require {upstream}")
    return found[1]
