"""The command lines of the control plane: etcd, API server, controller manager, scheduler, and KWOK in a test's own. Pure.

etcd listens on a unix socket only: no port to collide on, and nobody but its owner reaches it. The controllers' own health
ports are closed, so that many control planes may run on one machine; what they do shows in the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scripts.cluster import credentials, pki
from scripts.cluster.credentials import ADMIN, User
from scripts.cluster.layout import Cache
from scripts.cluster.versions import KWOK

KWOK_ANNOTATION = "kwok.x-k8s.io/node"
_ISSUER = "https://kubernetes.default.svc"
_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost")
# The defaults (20 and 30 a second) are meant for clusters that hundreds of controllers share.
_CALLS = ("--kube-api-qps=300", "--kube-api-burst=600")
# No leader to elect where there is one of each.
_ALONE = ("--leader-elect=false", "--profiling=false")


@dataclass(frozen=True)
class ControlPlane:
    folder: Path
    """Where etcd's data, keys and kubeconfigs lie."""
    address: str
    """Where the API server listens."""
    port: int
    services: str
    kubernetes_service: str
    durable: bool
    """Whether etcd waits for the disk. Where not, a crash of the machine (not of a process) may lose the cluster."""
    users: tuple[User, ...] = credentials.USERS
    advertised: str = ""
    """The address that pods see behind the Service `kubernetes`; empty where there are no pods."""
    kubelets: bool = False
    """Whether the API server is to reach kubelets, for logs and exec."""
    api_server_arguments: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"https://{self.address}:{self.port}"

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    @property
    def authority(self) -> Path:
        return pki.pair(self.pki, "ca").certificate

    @property
    def token_file(self) -> Path:
        return self.folder / "tokens.csv"

    @property
    def etcd_socket(self) -> Path:
        return self.folder / "etcd.sock"

    def kubeconfig(self, user: str) -> Path:
        """The admin's lies in the open; the others' are for the components."""
        return self.folder / "kubeconfig" if user == ADMIN else self.folder / "kubeconfigs" / user.removeprefix("system:").replace(":", "-")

    def prepare(self) -> dict[str, str]:
        """Makes keys, tokens and kubeconfigs where they are missing. Returns the users' tokens."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        pki.authority(self.pki)
        addresses = {self.address, self.kubernetes_service, "127.0.0.1", *([self.advertised] if self.advertised else [])}
        pki.issue(self.pki, "api-server", common_name="kube-apiserver", hosts=[*_NAMES, *sorted(addresses)])
        pki.signing_key(self.pki)
        if self.kubelets:
            pki.issue(self.pki, "api-server-to-kubelet", common_name="kube-apiserver", organisations=["system:masters"])
        made = credentials.tokens(self.token_file, self.users)
        for user, token in made.items():
            credentials.write_kubeconfig(self.kubeconfig(user), server=self.url, authority=self.authority, user=user, token=token)
        return made

    def etcd(self, cache: Cache) -> list[str]:
        # etcd wants a port in every address; of a socket it becomes a part of the name. The peer's is never opened: there are no peers.
        return [
            str(cache.program("etcd")),
            "--name=octavo",
            f"--data-dir={self.folder}/etcd",
            f"--listen-client-urls=unix://{self.etcd_socket}:0",
            "--advertise-client-urls=http://localhost:2379",
            f"--listen-peer-urls=unix://{self.folder}/etcd-peer.sock:0",
            "--initial-advertise-peer-urls=http://localhost:2380",
            "--initial-cluster=octavo=http://localhost:2380",
            "--auto-compaction-retention=5m",
            "--quota-backend-bytes=4294967296",
            "--log-level=warn",
            *([] if self.durable else ["--unsafe-no-fsync"]),
        ]

    def api_server(self, cache: Cache) -> list[str]:
        server, kubelet = pki.pair(self.pki, "api-server"), pki.pair(self.pki, "api-server-to-kubelet")
        to_kubelets = [
            f"--kubelet-certificate-authority={self.authority}",
            f"--kubelet-client-certificate={kubelet.certificate}",
            f"--kubelet-client-key={kubelet.key}",
            "--kubelet-preferred-address-types=InternalIP",
        ]
        return [
            str(cache.program("kube-apiserver")),
            f"--etcd-servers=unix://{self.etcd_socket}:0",
            f"--bind-address={self.address}",
            f"--secure-port={self.port}",
            # Who holds the port until we listen must not be in the way: see tests/servers/cluster.py.
            "--permit-port-sharing",
            f"--tls-cert-file={server.certificate}",
            f"--tls-private-key-file={server.key}",
            f"--client-ca-file={self.authority}",
            f"--token-auth-file={self.token_file}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--service-account-issuer={_ISSUER}",
            f"--service-account-key-file={pki.signing_key(self.pki)}",
            f"--service-account-signing-key-file={pki.signing_key(self.pki)}",
            f"--service-cluster-ip-range={self.services}",
            "--allow-privileged=true",
            "--profiling=false",
            *([f"--advertise-address={self.advertised}"] if self.advertised else []),
            *(to_kubelets if self.kubelets else []),
            *self.api_server_arguments,
        ]

    def controller_manager(self, cache: Cache) -> list[str]:
        return [
            str(cache.program("kube-controller-manager")),
            f"--kubeconfig={self.kubeconfig('system:kube-controller-manager')}",
            f"--service-account-private-key-file={pki.signing_key(self.pki)}",
            f"--root-ca-file={self.authority}",
            "--use-service-account-credentials",
            "--secure-port=0",
            *_ALONE,
            *_CALLS,
        ]

    def scheduler(self, cache: Cache) -> list[str]:
        kubeconfig = self.kubeconfig("system:kube-scheduler")
        return [str(cache.program("kube-scheduler")), f"--kubeconfig={kubeconfig}", "--secure-port=0", *_ALONE, *_CALLS]

    def kwok(self, cache: Cache) -> list[str]:
        return [
            str(cache.program("kwok")),
            f"--kubeconfig={self.kubeconfig(ADMIN)}",
            f"--config={cache.asset(KWOK, 'kwok-stages.yaml')}",
            f"--manage-nodes-with-annotation-selector={KWOK_ANNOTATION}=fake",
            # Without a Lease it renews a node's status only when told of it, and the node controller soon gives the node up.
            "--node-lease-duration-seconds=40",
        ]
