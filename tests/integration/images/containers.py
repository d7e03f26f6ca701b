"""Runs an exported image as a strict cluster would, with runc alone: a numeric user, no capability, a root filesystem that nobody writes.

The archive is unpacked here and not by the engine that made it, so that the tests see what a cluster gets. Containers share the
machine's network, where the servers in them listen on ports of the test's choice.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tarfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.starting import wait_until

_STATE = "/run/octavo-image-tests"
_MOUNTS = (
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=64m"]},
    {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666"]},
    {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=64m"]},
)  # fmt: skip


def available() -> str | None:
    """What is missing on this machine; None when nothing is."""
    if os.geteuid() != 0:
        return "running images needs root"
    return None if shutil.which("runc") else "running images needs runc"


@dataclass(frozen=True)
class Image:
    """An archive, unpacked."""

    name: str
    rootfs: Path
    document: Mapping[str, Any]
    """The image's configuration as it stands in the archive: `config`, `history`, …"""

    @property
    def config(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.document["config"]
        return found

    @property
    def argv(self) -> list[str]:
        return [*(self.config.get("Entrypoint") or []), *(self.config.get("Cmd") or [])]


def unpack(archive: Path, folder: Path) -> Image:
    """The layers one on the other, as a container runtime puts them."""
    rootfs, layers = folder / archive.stem, folder / f"{archive.stem}-layers"
    rootfs.mkdir()
    layers.mkdir()
    subprocess.run(["tar", "--extract", f"--directory={layers}", f"--file={archive}"], check=True, timeout=120)
    (manifest,) = json.loads((layers / "manifest.json").read_bytes())
    for layer in manifest["Layers"]:
        with tarfile.open(layers / layer) as tar:
            gone = [Path(name) for name in tar.getnames() if Path(name).name.startswith(".wh.")]
        for mark in gone:
            path = rootfs / mark.parent / mark.name.removeprefix(".wh.")
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        subprocess.run(
            ["tar", "--extract", "--numeric-owner", "--exclude=.wh.*", f"--directory={rootfs}", f"--file={layers / layer}"],
            check=True,
            timeout=300,
        )
    document = json.loads((layers / manifest["Config"]).read_bytes())
    shutil.rmtree(layers)
    return Image(archive.stem, rootfs, document)


@dataclass
class Container:
    id: str
    process: subprocess.Popen[bytes]
    log_file: Path
    pid: int = 0
    """Of the container's first process, as the machine sees it."""

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        subprocess.run(["runc", "--root", _STATE, "kill", self.id, number.name], check=True, capture_output=True, timeout=20)

    def kill(self) -> None:
        """As a node does that loses its power: all processes at once, without a word."""
        subprocess.run(["runc", "--root", _STATE, "kill", "--all", self.id, "KILL"], check=False, capture_output=True, timeout=20)
        self.process.wait(20)

    def wait(self, within_s: float = 60) -> int:
        return self.process.wait(within_s)

    def run(self, *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A program beside the first, as `kubectl exec` starts it."""
        return subprocess.run(
            ["runc", "--root", _STATE, "exec", self.id, *argv], input=stdin, capture_output=True, text=True, check=False, timeout=60
        )


@dataclass(frozen=True)
class Pod:
    """What a pod's specification adds to an image."""

    args: Sequence[str] | None = None
    """In place of the image's Cmd."""
    env: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, Path] = field(default_factory=dict)
    """Folders that may be written, by where they are mounted."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Files and folders that may only be read."""
    empty: Sequence[str] = ("/tmp",)
    """Where emptyDirs are mounted."""
    user: int | None = None
    """In place of the image's user, and of its group."""
    group: int | None = None
    """The pod's fsGroup."""


@contextlib.contextmanager
def container(image: Image, pod: Pod, folder: Path) -> Iterator[Container]:
    """Running in the background; gone with all its processes at the end."""
    name = f"{image.name}-{uuid.uuid4().hex[:12]}"
    bundle = folder / name
    bundle.mkdir()
    (bundle / "config.json").write_text(json.dumps(_specification(image, pod, bundle)))
    _mount(image, bundle)
    log_file = bundle / "log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            ["runc", "--root", _STATE, "run", "--bundle", str(bundle), name], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    running = Container(name, process, log_file)
    try:
        wait_until(lambda: _find_pid(running), what=f"{image.name} does not start: {running.log()}")
        yield running
    finally:
        subprocess.run(["runc", "--root", _STATE, "delete", "--force", name], check=False, capture_output=True, timeout=30)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        subprocess.run(["umount", "--lazy", str(bundle / "rootfs")], check=False, capture_output=True, timeout=30)


def finished(image: Image, pod: Pod, folder: Path) -> tuple[int, str]:
    """Exit status and output of a container that ends by itself."""
    with container(image, pod, folder) as running:
        status = running.wait(120)
        return status, running.log()


def _find_pid(running: Container) -> bool:
    if running.process.poll() is not None:
        return True
    state = subprocess.run(["runc", "--root", _STATE, "state", running.id], capture_output=True, check=False, timeout=10)
    found = json.loads(state.stdout) if state.returncode == 0 else {}
    if found.get("status") != "running":
        return False
    running.pid = found["pid"]
    return True


def _mount(image: Image, bundle: Path) -> None:
    """Each container has the image to itself: where something is mounted, a runtime makes the folder or the file to mount it on."""
    for name in ("upper", "work", "rootfs"):
        (bundle / name).mkdir()
    (bundle / "upper").chmod(0o755)
    layers = f"lowerdir={image.rootfs},upperdir={bundle}/upper,workdir={bundle}/work"
    subprocess.run(["mount", "-t", "overlay", "-o", layers, "overlay", str(bundle / "rootfs")], check=True, timeout=30)


def _empty(bundle: Path, number: int, group: int | None) -> Path:
    """A folder as the kubelet makes it for an emptyDir."""
    folder = bundle / f"empty-{number}"
    folder.mkdir()
    if group is not None:
        os.chown(folder, 0, group)
    folder.chmod(0o2777)
    return folder


def _specification(image: Image, pod: Pod, bundle: Path) -> dict[str, Any]:
    own_user, own_group = (int(part) for part in image.config["User"].split(":"))
    argv = image.argv if pod.args is None else [*(image.config.get("Entrypoint") or []), *pod.args]
    mounts: list[dict[str, Any]] = [dict(mount) for mount in _MOUNTS]
    written = {**pod.volumes, **{to: _empty(bundle, number, pod.group) for number, to in enumerate(pod.empty)}}
    mounts += [{"destination": to, "type": "bind", "source": str(path), "options": ["rbind", "rw"]} for to, path in written.items()]
    mounts += [{"destination": to, "type": "bind", "source": str(path), "options": ["rbind", "ro"]} for to, path in pod.files.items()]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {
                "uid": own_user if pod.user is None else pod.user,
                "gid": own_group if pod.user is None else pod.user,
                "additionalGids": [] if pod.group is None else [pod.group],
            },
            "args": argv,
            "env": [*(image.config.get("Env") or []), *(f"{name}={value}" for name, value in pod.env.items())],
            "cwd": image.config.get("WorkingDir") or "/",
            "capabilities": {kind: [] for kind in ("bounding", "effective", "inheritable", "permitted", "ambient")},
            "noNewPrivileges": True,
        },
        "root": {"path": str(bundle / "rootfs"), "readonly": True},
        "hostname": "pod",
        "mounts": mounts,
        "linux": {
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")],
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    }
