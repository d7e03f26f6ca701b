"""Builds the programs from Go modules, once, under a lock, and lets others use each as soon as it is there."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.cluster import versions
from scripts.cluster.failures import ClusterFailure
from scripts.cluster.layout import REPOSITORY, Cache
from scripts.cluster.versions import Module, Program

GO_LOCK = Path(__file__).parent / "go.lock"
_BUILD_TIMEOUT_S = 1800
_FETCH_TIMEOUT_S = 600

Say = Callable[[str], None]


def silent(_: str) -> None:
    """Says nothing."""


def ensure(names: Sequence[str], cache: Cache, say: Say = silent) -> Path:
    """Builds those of the programs that are missing. Returns the folder that holds links to all.

    Safe to call from several processes at once: the lock is held for one program at a time, so that who waits for the first
    programs only does not wait for all.
    """
    wanted = [versions.BY_NAME[name] for name in names]
    for program in wanted:
        if not _complete(program, cache):
            with _locked(cache.lock, say):
                if not _complete(program, cache):
                    _build(program, cache, say)
        _link(program, cache)
    return cache.bin


def missing(names: Sequence[str], cache: Cache) -> list[str]:
    return [name for name in names if not _complete(versions.BY_NAME[name], cache)]


def go_version(go: str) -> tuple[int, int]:
    """(0, 0) where there is no such program or it does not say."""
    try:
        said = subprocess.run([go, "version"], capture_output=True, text=True, timeout=30, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0, 0
    found = re.search(r"go(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _own_go(cache: Cache) -> Path:
    return cache.root / f"go-{hashlib.sha256(GO_LOCK.read_bytes()).hexdigest()[:10]}" / "go" / "bin" / "go"


def _bring_go(go: Path, cache: Cache, say: Say) -> None:
    say("fetching Go")
    folder, log = go.parents[2], cache.logs / "fetch-go.log"
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    uv = REPOSITORY / ".tools" / "bin" / "uv"
    argv = [str(uv if uv.exists() else "uv"), "pip", "install", "--python", sys.executable, "--target", str(temporary)]
    try:
        _run([*argv, "--require-hashes", "-r", str(GO_LOCK)], what="Go could not be fetched", log=log, timeout_s=_FETCH_TIMEOUT_S)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _complete(program: Program, cache: Cache) -> bool:
    return cache.built(program).exists() and all(cache.asset(program.module, name).exists() for name, _ in program.module.assets)


def _build(program: Program, cache: Cache, say: Say) -> None:
    target = cache.built(program)
    target.parent.mkdir(parents=True, exist_ok=True)
    go = _find_go(cache, say)
    say(f"building {program.name} {program.module.version}")
    for left_by_a_killed_build in target.parent.glob(f".{target.name}.*"):
        left_by_a_killed_build.unlink(missing_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    argv = [
        go,
        "build",
        "-trimpath",
        "-buildvcs=false",
        "-ldflags",
        program.module.link_flags,
        "-tags",
        program.module.tags,
        "-o",
        str(temporary),
        program.package,
    ]
    try:
        log = cache.logs / f"build-{program.name}.log"
        _run(argv, what=f"{program.name} could not be built", log=log, timeout_s=_BUILD_TIMEOUT_S, folder=program.module.folder)
        for name, sources in program.module.assets:
            _gather(go, program.module, sources, cache.asset(program.module, name))
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)


def _find_go(cache: Cache, say: Say) -> str:
    """Go on the PATH where it is new enough, else the one that the locked PyPI package brings. For who holds the lock."""
    own = _own_go(cache)
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go", str(own)):
        if candidate and go_version(candidate) >= versions.LOWEST_GO:
            return candidate
    _bring_go(own, cache, say)
    return str(own)


def _gather(go: str, module: Module, sources: Sequence[str], target: Path) -> None:
    """Joins YAML files of the upstream module into one."""
    argv = [go, "list", "-m", "-f", "{{.Dir}}", module.upstream]
    done = subprocess.run(argv, cwd=module.folder, env=_environment(), capture_output=True, text=True, timeout=_FETCH_TIMEOUT_S, check=True)
    upstream = Path(done.stdout.strip())
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text("\n---\n".join((upstream / source).read_text() for source in sources))
    temporary.rename(target)


def _link(program: Program, cache: Cache) -> None:
    link, target = cache.bin / program.name, cache.built(program)
    if link.is_symlink() and link.resolve() == target.resolve():
        return
    cache.bin.mkdir(parents=True, exist_ok=True)
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(os.path.relpath(target, cache.bin))
    temporary.rename(link)


def _environment() -> dict[str, str]:
    """Where modules come from is the machine's business; what is built, and with which Go, is ours."""
    return os.environ | {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _run(argv: Sequence[str], *, what: str, log: Path, timeout_s: float, folder: Path | None = None) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    mend = "the log says more; Go modules come through the usual Go settings (`go env GOPROXY`), PyPI packages through uv's"
    try:
        with log.open("wb") as output:
            done = subprocess.run(argv, cwd=folder, env=_environment(), stdout=output, stderr=output, timeout=timeout_s, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ClusterFailure(what, why=str(problem), mend=mend, log=log) from problem
    if done.returncode != 0:
        raise ClusterFailure(what, why=f"`{' '.join(argv[:2])}` ended with {done.returncode}", mend=mend, log=log)


@contextmanager
def _locked(path: Path, say: Say) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build on this machine")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
