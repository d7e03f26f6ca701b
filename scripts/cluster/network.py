"""The host's side of the pod network: the node's address, the way to Services, masquerading, kernel settings. Acts; `remove` undoes it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from scripts.cluster.failures import ClusterFailure
from scripts.cluster.layout import Host, Network
from scripts.cluster.pki import write_secret

POLICIES_TABLE = "octavo-policies"
_TIMEOUT_S = 20
# As the CNI plugin ptp names the host's ends.
_POD_LINKS = "veth*"
# What kubelet sets, and what we do: put back by `down`.
_SETTINGS = (
    "net/ipv4/ip_forward",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
_DEVICE_PLUGINS = "/var/lib/kubelet/device-plugins"
# Folders at well-known places that the node's programs insist on.
_FOLDERS = (
    "/run/containerd",
    "/run/containerd/s",
    "/var/lib/cni",
    "/var/lib/cni/results",
    "/var/lib/kubelet",
    _DEVICE_PLUGINS,
    "/var/log/containers",
    "/usr/libexec/kubernetes",
)


def rules(network: Network) -> str:
    """The nft script that lets pods talk to the world in the machine's name, and the world not to them. Atomic, the same on every run."""
    ours = f"{{ {network.pods}, {network.services}, {network.node} }}"
    return f"""\
table ip {network.table} {{}}
delete table ip {network.table}
table ip {network.table} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {network.pods} ip daddr != {{ {network.pods}, {network.node} }} masquerade
  }}
  chain keep-out {{
    type filter hook prerouting priority raw; policy accept;
    iifname != {{ "lo", "{network.interface}" }} iifname != "{_POD_LINKS}" ip daddr {ours} drop
  }}
}}
"""


def remember(host: Host) -> None:
    """Writes down what the machine was like, before anything is changed. Only the first call after `down` counts."""
    if host.original.exists():
        return
    if _run(["nft", "list", "table", "ip", "kube-proxy"], check=False) == 0:
        why = "kube-proxy's table of Services is there already, and two nodes in one network would overwrite each other's"
        raise ClusterFailure("another Kubernetes node runs on this machine", why=why, mend="use that cluster: OCTAVO_CLUSTER=kubeconfig")
    settings = {name: path.read_text().strip() for name in _SETTINGS if (path := Path("/proc/sys") / name).exists()}
    folders = [folder for folder in _FOLDERS if Path(folder).exists()]
    write_secret(host.original, json.dumps({"settings": settings, "folders": folders}).encode())


def set_up(network: Network) -> None:
    """Idempotent."""
    if _run(["ip", "link", "show", network.interface], check=False) != 0:
        # A bridge without ports: an interface that is always up, on every kernel.
        _run(["ip", "link", "add", network.interface, "type", "bridge"])
    _run(["ip", "address", "replace", f"{network.node}/32", "dev", network.interface])
    _run(["ip", "link", "set", network.interface, "up"])
    # So that the host reaches Services even where it has no way to anywhere.
    _run(["ip", "route", "replace", network.services, "dev", network.interface, "src", network.node])
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    _run(["nft", "-f", "-"], stdin=rules(network))


def is_up(network: Network) -> bool:
    return (
        _run(["ip", "route", "show", network.services], check=False, expect=network.interface) == 0
        and _run(["nft", "list", "table", "ip", network.table], check=False) == 0
        and Path("/proc/sys/net/ipv4/ip_forward").read_text().strip() == "1"
    )


def remove(network: Network) -> None:
    """Interfaces and tables; a pod's own link goes with its network namespace."""
    _run(["ip", "link", "delete", network.interface], check=False)
    for family, table in (("ip", network.table), ("inet", POLICIES_TABLE), ("ip", "kube-proxy"), ("ip6", "kube-proxy")):
        _run(["nft", "delete", "table", family, table], check=False)


def put_back(host: Host) -> None:
    """Kernel settings and folders, as `remember` found them."""
    if not host.original.exists():
        return
    original = json.loads(host.original.read_text())
    for name, value in original["settings"].items():
        path = Path("/proc/sys") / name
        if path.exists() and path.read_text().strip() != value:
            path.write_text(value)
    made = set(_FOLDERS) - set(original["folders"])
    if _DEVICE_PLUGINS in made:
        # kubelet's own socket, for which it takes no other place.
        shutil.rmtree(_DEVICE_PLUGINS, ignore_errors=True)
    for folder in sorted(made, reverse=True):
        # Only what is empty is ours alone.
        subprocess.run(["rmdir", folder], capture_output=True, timeout=_TIMEOUT_S, check=False)


def _run(argv: Sequence[str], *, stdin: str | None = None, check: bool = True, expect: str = "") -> int:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if check and done.returncode != 0:
        raise ClusterFailure(
            f"`{' '.join(argv)}` failed", why=done.stderr.strip(), mend="the host cluster needs root's rights on the network"
        )
    return done.returncode or int(expect not in done.stdout)
