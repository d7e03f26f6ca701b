"""containerd's own command line: is it there, which images has it, take this archive. Acts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.cluster.failures import ClusterFailure
from scripts.cluster.node import NAMESPACE

_TIMEOUT_S = 30
_IMPORT_TIMEOUT_S = 600


class Containerd:
    def __init__(self, socket: Path) -> None:
        self._snapshotter = snapshotter(socket.parent)
        self._ctr = ["ctr", f"--address={socket}", f"--namespace={NAMESPACE}"]

    def answers(self) -> bool:
        try:
            return self._run("version", timeout_s=3).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def images(self) -> dict[str, str]:
        """Name → digest of what it names."""
        done = self._run("images", "ls")
        rows = [line.split() for line in done.stdout.splitlines()[1:]]
        return {row[0]: row[2] for row in rows if len(row) > 2}

    def loaded(self, names: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """See images.Loader."""
        digests = self.images()
        return {name: frozenset({digests[name], self._configuration(digests[name])}) for name in names if name in digests}

    def load(self, archive: Path) -> None:
        done = self._run("images", "import", f"--snapshotter={self._snapshotter}", str(archive), timeout_s=_IMPORT_TIMEOUT_S)
        if done.returncode != 0:
            raise ClusterFailure(f"{archive.name} could not be loaded", why=done.stderr.strip(), mend="is the archive whole? make it again")

    def _configuration(self, digest: str) -> str:
        """The digest of the configuration of the image with this manifest; empty where it is an index or is not there."""
        done = self._run("content", "get", digest)
        try:
            manifest: dict[str, Any] = json.loads(done.stdout)
        except json.JSONDecodeError:
            return ""
        found: str = manifest.get("config", {}).get("digest", "")
        return found

    def _run(self, *arguments: str, timeout_s: float = _TIMEOUT_S) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self._ctr, *arguments], capture_output=True, text=True, timeout=timeout_s, check=False)


def snapshotter(folder: Path) -> str:
    """overlayfs, but where the folder lies on an overlay itself, as inside of a container."""
    return "native" if filesystem(folder) == "overlay" else "overlayfs"


def filesystem(folder: Path) -> str:
    """The type of the filesystem that the folder lies on."""
    best, kind = "", ""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, found = line.split()[:3]
        inside = point == "/" or folder.is_relative_to(point)
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind
