"""What runs, what it takes, and whether it is well: for a person, from the kernel and the API."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

import httpx
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from scripts.cluster import cgroups
from scripts.cluster.api import Api, Object, condition, connected
from scripts.cluster.choosing import Choice, Kind
from scripts.cluster.layout import Host
from scripts.cluster.processes import Processes

_MEBI = 1024 * 1024
_DAEMONS = (
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "containerd", "kubelet", "kube-proxy", "agent",
)  # fmt: skip


def show(choice: Choice, host: Host, console: Console) -> bool:
    """Prints it; whether the cluster is well."""
    parts: list[Table | Text] = [Text(f"{choice.kind} cluster, kubeconfig {choice.kubeconfig}")]
    well = True
    if choice.kind is Kind.HOST:
        processes, well = _processes(host)
        parts.append(processes)
    try:
        with connected(choice.kubeconfig) as api:
            nodes, ready = _nodes(api)
    except (httpx.HTTPError, OSError) as problem:
        parts.append(Text(f"the API server does not answer: {problem}", style="red"))
        well = False
    else:
        parts.append(nodes)
        well = well and ready
    console.print(Group(*parts))
    return well


def exports(kubeconfig: Path, programs: Iterable[Path], path: str) -> str:
    """For a shell's `eval`: KUBECONFIG, and a PATH with the folders of the programs first."""
    folders = dict.fromkeys([*(str(program.parent) for program in programs), *path.split(":")])
    return f"export KUBECONFIG={shlex.quote(str(kubeconfig))}\nexport PATH={shlex.quote(':'.join(folders))}\n"


def _processes(host: Host) -> tuple[Table, bool]:
    mains = Processes(host.state, host.logs)
    running, everything = mains.mains(), mains.all()
    table = Table("program", "process", "memory", box=None, pad_edge=False)
    for name in _DAEMONS:
        process = running.get(name)
        if process is None:
            table.add_row(name, Text("does not run", style="red"), "")
        else:
            table.add_row(name, str(process.pid), f"{process.resident_bytes / _MEBI:.0f} MiB")
    table.add_row("pods", "", f"{cgroups.memory_bytes(host.name) / _MEBI:.0f} MiB")
    total = sum(each.resident_bytes for each in everything) + cgroups.memory_bytes(host.name)
    table.add_row("all, with what they started", "", f"{total / _MEBI:.0f} MiB")
    return table, set(_DAEMONS) <= set(running)


def _nodes(api: Api) -> tuple[Table, bool]:
    server = api.get("/version")["gitVersion"]
    nodes = api.get("/api/v1/nodes")["items"]
    pods = api.get("/api/v1/pods")["items"]
    table = Table("node", "ready", "kubelet", "containers by", "pods", box=None, pad_edge=False, caption=f"API server {server}")
    for node in nodes:
        name, told = node["metadata"]["name"], node["status"]["nodeInfo"]
        ready = "yes" if condition(node, "Ready") else Text(f"no: {_reason(node)}", style="red")
        mine = [pod for pod in pods if pod["spec"].get("nodeName") == name]
        count = f"{sum(condition(pod, 'Ready') for pod in mine)} of {len(mine)} ready"
        table.add_row(name, ready, told["kubeletVersion"], told["containerRuntimeVersion"], count)
    return table, bool(nodes) and all(condition(node, "Ready") for node in nodes)


def _reason(node: Object) -> str:
    found: str = next((each["message"] for each in node["status"].get("conditions", []) if each["type"] == "Ready"), "it says nothing")
    return found
