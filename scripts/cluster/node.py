"""What the node's programs are told: containerd, the pod network (CNI), kubelet and kube-proxy. Pure.

Pods hang on point-to-point links, not on a bridge: every packet between them is routed by the host, where Services and network
policies see it. Everything the programs would leave at well-known places is moved below the state folder.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from pathlib import Path

import yaml
from scripts.cluster import pki
from scripts.cluster.layout import Cache, Host
from scripts.cluster.processes import AGENT, Daemon
from scripts.cluster.versions import BY_NAME

NAMESPACE = "k8s.io"
"""containerd's own, not Kubernetes': where the CRI plugin keeps images and containers."""


def image(program: str) -> str:
    """The name of the image that we make of a static program of our cache. It changes with the program."""
    return f"localhost/octavo-cluster/{program}:{BY_NAME[program].module.key}"


def containerd_config(host: Host, *, cni_plugins: Path, runc: Path, snapshotter: str) -> str:
    """For containerd 1.6 and newer (version 2 of its format)."""
    root = host.state
    return f"""\
version = 2
root = {_text(root / "containerd")}
state = {_text(host.containerd_state / "containerd")}
# It would make a folder below /opt.
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
address = {_text(host.containerd_socket)}

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = {_text(image("pause"))}
# Where we may not lower a process's oom score, every sandbox would die at its start.
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
stream_server_address = "127.0.0.1"
stream_server_port = "0"

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = {_text(cni_plugins)}
conf_dir = {_text(root / "cni")}
max_conf_num = 1

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = {_text(snapshotter)}

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = {_text(runc)}
Root = {_text(host.containerd_state / "runc")}
SystemdCgroup = false
"""


def cni_config(host: Host) -> str:
    addresses = {
        "type": "host-local",
        "dataDir": str(host.state / "cni-addresses"),
        "ranges": [[{"subnet": host.network.pods}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    links = {"type": "ptp", "ipMasq": False, "ipam": addresses}
    return json.dumps({"cniVersion": "0.4.0", "name": host.name, "plugins": [links]}, indent=2)


def kubelet_config(host: Host, authority: Path) -> str:
    serving = pki.pair(host.pki, "kubelet")
    return yaml.safe_dump(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": host.network.node,
            "port": host.network.kubelet_port,
            "healthzBindAddress": host.network.node,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(authority)},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(serving.certificate),
            "tlsPrivateKeyFile": str(serving.key),
            "containerRuntimeEndpoint": f"unix://{host.containerd_socket}",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{host.name}",
            "failCgroupV1": False,
            "failSwapOn": False,
            "clusterDNS": [host.network.dns],
            "clusterDomain": "cluster.local",
            "resolvConf": str(host.state / "resolv.conf"),
            # The machine is shared with whoever sits at it: its full disk or memory is no reason to throw pods out.
            "evictionHard": {"memory.available": "1Mi", "nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
            # Images are loaded by hand and cannot be pulled again: never collect them.
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "maxPods": 250,
            "makeIPTablesUtilChains": False,
            "podLogsDir": str(host.state / "pod-logs"),
            "volumePluginDir": str(host.state / "volume-plugins"),
            "serializeImagePulls": False,
            "enableDebuggingHandlers": True,
            "shutdownGracePeriod": "0s",
        },
        sort_keys=False,
    )


def resolv_conf(machines: str) -> str:
    """For pods that use the node's own name servers, CoreDNS first of all. A loopback address means nothing inside of a pod."""
    servers = [words[1] for line in machines.splitlines() if len(words := line.split()) == 2 and words[0] == "nameserver"]
    return "".join(f"nameserver {server}\n" for server in servers if not _loopback(server))


def containerd(host: Host, program: Path, environ: dict[str, str]) -> Daemon:
    config = host.state / "containerd.toml"
    argv = (str(program), f"--config={config}", "--log-level=warn")
    proxies = {name: value for name, value in environ.items() if name.lower() in {"http_proxy", "https_proxy", "no_proxy"}}
    return Daemon("containerd", argv, reads=(config,), environ=proxies | {"TMPDIR": str(host.temporary)})


def kubelet(host: Host, cache: Cache, kubeconfig: Path) -> Daemon:
    config = host.state / "kubelet.yaml"
    argv = (
        str(cache.program("kubelet")),
        f"--config={config}",
        f"--kubeconfig={kubeconfig}",
        f"--root-dir={host.state}/kubelet",
        f"--cert-dir={host.state}/kubelet/pki",
        f"--hostname-override={host.node_name}",
        f"--node-ip={host.network.node}",
        "--v=1",
    )
    return Daemon("kubelet", argv, reads=(config, kubeconfig, host.state / "resolv.conf"))


def kube_proxy(host: Host, cache: Cache, kubeconfig: Path) -> Daemon:
    argv = (
        str(cache.program("kube-proxy")),
        f"--kubeconfig={kubeconfig}",
        "--proxy-mode=nftables",
        f"--cluster-cidr={host.network.pods}",
        f"--hostname-override={host.node_name}",
        f"--bind-address={host.network.node}",
        # NodePorts answer on the node's own address, not on those by which the world reaches this machine.
        "--nodeport-addresses=primary",
        f"--healthz-bind-address={host.network.node}:10256",
        f"--metrics-bind-address={host.network.node}:10249",
        # Zero: leave the machine's connection tracking as it is.
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
    )
    return Daemon("kube-proxy", argv, reads=(kubeconfig,))


def agent(host: Host, python: Path, repository: Path, sources: Sequence[Path]) -> Daemon:
    argv = (str(python), "-m", "scripts.cluster.agent", f"--kubeconfig={host.kubeconfig}", f"--state={host.state}")
    return Daemon(AGENT, argv, reads=(host.kubeconfig, *sources), environ={"PYTHONPATH": str(repository), "PYTHONDONTWRITEBYTECODE": "1"})


def _text(value: object) -> str:
    # A JSON string is a TOML basic string.
    return json.dumps(str(value))


def _loopback(server: str) -> bool:
    try:
        return ipaddress.ip_address(server.split("%")[0]).is_loopback
    except ValueError:
        return True
