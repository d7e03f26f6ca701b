"""What the host cluster needs of the machine, and what is missing. Looks only."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from scripts.cluster.failures import ClusterFailure
from scripts.cluster.processes import SYSTEM_PATH

# Program → the Debian package that brings it.
PACKAGES = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "ip": "iproute2",
    "nft": "nftables",
    "mount": "mount",
}
_CNI_PACKAGE = "containernetworking-plugins"
_CNI_FOLDERS = ("/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni")
_CNI_PLUGINS = ("ptp", "host-local", "loopback")


def missing_packages() -> list[str]:
    """Names for `apt-get install`."""
    missing = {package for program, package in PACKAGES.items() if _which(program) is None}
    if _cni_folder() is None:
        missing.add(_CNI_PACKAGE)
    return sorted(missing)


def obstacles() -> list[str]:
    """Why this machine cannot carry a host cluster, each with what to do about it. Empty where it can."""
    found = []
    if sys.platform != "linux":
        found.append("this is not Linux: start Docker or Podman, and the cluster runs on kind")
        return found
    if os.geteuid() != 0:
        found.append("the host cluster needs root (network, cgroups, mounts): run it as root")
    if packages := missing_packages():
        found.append(f"programs are missing: apt-get install --no-install-recommends {' '.join(packages)}")
    return found


def find_program(name: str) -> Path:
    found = _which(name)
    if found is None:
        raise ClusterFailure(f"{name} is missing", mend=f"apt-get install --no-install-recommends {PACKAGES.get(name, name)}")
    return Path(found)


def find_cni_plugins() -> Path:
    found = _cni_folder()
    if found is None:
        raise ClusterFailure("the CNI plugins are missing", mend=f"apt-get install --no-install-recommends {_CNI_PACKAGE}")
    return found


def _cni_folder() -> Path | None:
    return next((Path(folder) for folder in _CNI_FOLDERS if all(Path(folder, plugin).exists() for plugin in _CNI_PLUGINS)), None)


def _which(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}{os.pathsep}{SYSTEM_PATH}")
