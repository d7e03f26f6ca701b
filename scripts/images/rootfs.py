"""A Debian root filesystem from debootstrap, for machines without an image registry: made once, kept in the cache.

Nothing of this machine stays in it. A run that is killed leaves a work folder in the cache, which the next one removes; the mounts of its
debootstrap end with their namespace.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.images.failures import ImagesFailure

SUITE = "bookworm"
_INCLUDE = "ca-certificates,python3,python3-venv"
# Names of this machine, its mirror, logs, and what no program in a container reads.
_REMOVE = (
    "etc/apt/sources.list", "etc/hostname", "etc/machine-id", "etc/resolv.conf",
    "usr/share/doc", "usr/share/info", "usr/share/locale", "usr/share/man",
    "var/cache/apt/archives", "var/cache/apt/pkgcache.bin", "var/cache/apt/srcpkgcache.bin", "var/lib/apt/lists", "var/log",
)  # fmt: skip
_KEEP_EMPTY = ("usr/share/doc", "usr/share/man", "var/cache/apt/archives/partial", "var/lib/apt/lists/partial", "var/log")
_NO_DOCUMENTS = (
    "path-exclude /usr/share/doc/*\npath-exclude /usr/share/info/*\npath-exclude /usr/share/locale/*\npath-exclude /usr/share/man/*\n"
)
_MADE_AT_START = ("dev", "proc", "sys")


def rootfs_name(containerfile: str) -> str:
    """Changes with the recipe and with the Containerfile that goes on from there, so that an older base is not taken for this one."""
    recipe = repr((SUITE, _INCLUDE, _REMOVE, _KEEP_EMPTY, _NO_DOCUMENTS, _MADE_AT_START, containerfile))
    return f"{SUITE}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


def make_rootfs(folder: Path, mirror: str | None, run: Callable[[Sequence[str]], None]) -> None:
    """Puts rootfs.tar into the folder, where it is not there yet. `run` raises when a program fails; one call at a time in a cache."""
    if (folder / "rootfs.tar").is_file():
        return
    _refuse_what_cannot_work(mirror)
    cache = folder.parent
    for leftover in cache.glob("work-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    work = Path(tempfile.mkdtemp(dir=cache, prefix="work-"))
    try:
        root, ready = work / "root", work / "ready"
        # The root of a filesystem must be readable by all, whatever this machine's umask is.
        root.mkdir(mode=0o755)
        root.chmod(0o755)
        ready.mkdir()
        # Its mounts stay in a namespace of their own, and its children die with it.
        private = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        run([*private, "debootstrap", "--variant=minbase", f"--include={_INCLUDE}", SUITE, str(root), str(mirror)])
        _strip(root)
        excluded = [f"--exclude=./{folder}/*" for folder in _MADE_AT_START]
        run(["tar", "--create", "--sort=name", "--numeric-owner", *excluded, f"--directory={root}", f"--file={ready}/rootfs.tar", "."])
        ready.replace(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _refuse_what_cannot_work(mirror: str | None) -> None:
    instead = "or name a base that is to be had: `./task images -- --base IMAGE` (any image with Python 3.11 or newer)"
    if os.geteuid() != 0:
        raise ImagesFailure(f"the default base cannot be pulled, and making one with debootstrap needs root: run it as root, {instead}")
    if shutil.which("debootstrap") is None:
        raise ImagesFailure(
            f"the default base cannot be pulled, and debootstrap is not here to make one: `apt-get install debootstrap`, {instead}"
        )
    if mirror is None:
        raise ImagesFailure(
            f"the default base cannot be pulled, and apt here knows no mirror of Debian {SUITE}: give one with `--mirror URL`, {instead}"
        )


def _strip(root: Path) -> None:
    for name in _REMOVE:
        path = root / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for name in _KEEP_EMPTY:
        (root / name).mkdir(parents=True, exist_ok=True)
    excludes = root / "etc/dpkg/dpkg.cfg.d/no-documents"
    excludes.write_text(_NO_DOCUMENTS)
    excludes.chmod(0o644)
