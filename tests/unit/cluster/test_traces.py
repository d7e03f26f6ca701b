"""What `down` and `status` read of the machine."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from scripts.cluster.containers import filesystem, snapshotter
from scripts.cluster.layout import Network
from scripts.cluster.network import rules
from scripts.cluster.status import exports
from scripts.cluster.teardown import mount_points

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 22 0:30 / /var/lib/thing/run/shm rw - tmpfs shm rw
41 22 0:31 / /var/lib/thing/run/shm/deep\\040er rw - tmpfs shm rw
42 22 0:32 / /var/lib/thing-2/run rw - tmpfs shm rw
43 22 0:33 / /var/lib/thing/run/shm rw - tmpfs shm rw
"""


def test_mounts_are_taken_away_the_latest_first_and_only_ours() -> None:
    found = mount_points(MOUNTS, Path("/var/lib/thing"))
    assert found == ["/var/lib/thing/run/shm", "/var/lib/thing/run/shm/deep er", "/var/lib/thing/run/shm"]


def test_pods_speak_to_each_other_under_their_own_addresses_and_to_the_world_under_the_machines() -> None:
    script = rules(Network())
    assert "ip saddr 10.244.0.0/16 ip daddr != { 10.244.0.0/16, 10.245.0.1 } masquerade" in script
    assert script.splitlines()[1] == "delete table ip octavo-cluster"


def test_exports_are_taken_by_a_shell_as_they_are() -> None:
    text = exports(Path("/a folder/kube'config"), [Path("/our bin/kubectl"), Path("/our bin/helm"), Path("/else/x")], "/usr/bin:/our bin")
    assert all(line.startswith("export ") for line in text.splitlines())
    said = subprocess.run(
        ["sh", "-c", f"{text}echo $KUBECONFIG; echo $PATH"], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert said.stdout.splitlines() == ["/a folder/kube'config", "/our bin:/else:/usr/bin"]
    assert shlex.split(text)[1] == "KUBECONFIG=/a folder/kube'config"


def test_the_filesystem_decides_on_the_snapshotter() -> None:
    assert filesystem(Path("/proc/self")) == "proc"
    assert snapshotter(Path("/proc")) == "overlayfs"
