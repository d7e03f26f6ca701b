"""Takes the host cluster away: every process, container, mount, cgroup, interface, table, setting and file. May be interrupted.

Does not ask the cluster: it works on what is broken as on what is whole.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path

from scripts.cluster import cgroups, network
from scripts.cluster.failures import ClusterFailure
from scripts.cluster.host import exclusive
from scripts.cluster.layout import Host
from scripts.cluster.processes import Processes, end
from scripts.cluster.progress import Progress

_CNI_RESULTS = Path("/var/lib/cni/results")
_CONTAINER_LOGS = Path("/var/log/containers")
_TIMEOUT_S = 30


def down(host: Host, progress: Progress) -> None:
    """Raises ClusterFailure where something resists; then what is left is named, and `down` may be called again."""
    with exclusive(host.lock):
        if not host.state.exists() and not Processes(host.state, host.logs).all():
            progress.say("there is no host cluster here")
        else:
            with progress.step("processes and containers"):
                _end_processes(host)
            with progress.step("mounts, network and settings"):
                _unmount(host.state)
                network.remove(host.network)
                _remove_traces(host)
                network.put_back(host)
            with progress.step("state"):
                # The last thing to go: as long as it is there, `down` knows that there is work left.
                try:
                    shutil.rmtree(host.state)
                except OSError as problem:
                    raise ClusterFailure(f"{host.state} cannot be removed", why=str(problem), mend="call again") from problem
        host.lock.unlink(missing_ok=True)


def _end_processes(host: Host) -> None:
    processes = Processes(host.state, host.logs)
    # First those that would start what we end.
    for name in ("kubelet", "kube-controller-manager", "kube-scheduler", "agent", "kube-proxy"):
        processes.stop(name, patience_s=3)
    # Everything that carries our mark, containerd and its shims included; then the containers, which do not.
    end([each.pid for each in processes.all()], patience_s=3)
    resisting = cgroups.remove(host.name)
    if resisting:
        raise ClusterFailure(
            f"cgroups are still in use: {', '.join(map(str, resisting))}", mend="see which processes are in them, and call again"
        )


def _unmount(state: Path) -> None:
    for point in mount_points(Path("/proc/self/mountinfo").read_text(), state):
        if subprocess.run(["umount", point], capture_output=True, timeout=_TIMEOUT_S, check=False).returncode != 0:
            subprocess.run(["umount", "--lazy", point], capture_output=True, timeout=_TIMEOUT_S, check=False)
    if left := mount_points(Path("/proc/self/mountinfo").read_text(), state):
        raise ClusterFailure(f"still mounted: {', '.join(left)}", mend="`umount` them, and call again")


def mount_points(mountinfo: str, state: Path) -> list[str]:
    """The mounts below the state, the deepest and latest first."""
    points = [line.split()[4].encode().decode("unicode_escape") for line in mountinfo.splitlines()]
    return [point for point in reversed(points) if Path(point).is_relative_to(state)]


def _remove_traces(host: Host) -> None:
    """What the node's programs left at well-known places, and is ours."""
    for address in host.containerd_state.glob("containerd/io.containerd.runtime.v2.task/*/*/address"):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            socket = Path(address.read_text().strip().removeprefix("unix://"))
            if socket.is_socket():
                socket.unlink()
    for result in _CNI_RESULTS.glob(f"{host.name}-*-eth0"):
        sandbox = result.name.removeprefix(f"{host.name}-").removesuffix("-eth0")
        (_CNI_RESULTS / f"cni-loopback-{sandbox}-lo").unlink(missing_ok=True)
        result.unlink()
    for link in _CONTAINER_LOGS.glob("*.log"):
        if link.is_symlink() and link.readlink().is_relative_to(host.state):
            link.unlink(missing_ok=True)
