"""The cluster on kind, where a Docker or Podman engine answers. Acts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.cluster.api import condition, connected, eventually
from scripts.cluster.failures import ClusterFailure
from scripts.cluster.layout import REPOSITORY, Cache
from scripts.cluster.progress import Progress
from scripts.cluster.toolchain import ensure

NAME = "octavo"
NODE = f"{NAME}-control-plane"
KUBECONFIG = REPOSITORY / ".octavo" / "cluster" / "kind.kubeconfig"
_ENGINES = ("docker", "podman")
_ANSWER_S = 10
_CREATE_S = 900
_READY_S = 120.0


def find_engine() -> str | None:
    """The container engine that answers: a client without a server does not count."""
    for engine in _ENGINES:
        if shutil.which(engine) is None:
            continue
        try:
            if subprocess.run([engine, "ps", "--quiet"], capture_output=True, timeout=_ANSWER_S, check=False).returncode == 0:
                return engine
        except (OSError, subprocess.TimeoutExpired):
            continue
    return None


def programs(names: Sequence[str], cache: Cache, progress: Progress) -> dict[str, Path]:
    """The machine's own where it has them, else ours."""
    own = {name: Path(found) for name in names if (found := shutil.which(name))}
    if lacking := [name for name in names if name not in own]:
        ensure(lacking, cache, progress.say)
    return {name: own.get(name) or cache.bin / name for name in names}


class KindCluster:
    def __init__(self, kind: Path, engine: str) -> None:
        self._kind, self._engine = kind, engine
        self._environ = {**os.environ, "KIND_EXPERIMENTAL_PROVIDER": engine}

    def up(self, progress: Progress) -> None:
        if self.exists():
            if self.healthy():
                return
            with progress.step("starting kind's node again"):
                self._run([self._engine, "start", NODE], "kind's node does not start")
        else:
            KUBECONFIG.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with progress.step("kind"):
                argv = [str(self._kind), "create", "cluster", f"--name={NAME}", f"--kubeconfig={KUBECONFIG}", f"--wait={_READY_S:g}s"]
                self._run(argv, "kind made no cluster", timeout_s=_CREATE_S)
        with progress.step("node"):
            if not eventually(self.healthy, deadline_s=_READY_S, pause_s=0.5):
                raise ClusterFailure(
                    "kind's node is not Ready", mend=f"`./task cluster:down` begins anew; `{self._engine} logs {NODE}` says more"
                )

    def down(self) -> None:
        self._run([str(self._kind), "delete", "cluster", f"--name={NAME}", f"--kubeconfig={KUBECONFIG}"], "kind's cluster stays")
        KUBECONFIG.unlink(missing_ok=True)

    def exists(self) -> bool:
        return NAME in self._run([str(self._kind), "get", "clusters"], "kind does not answer").split()

    def healthy(self) -> bool:
        if not KUBECONFIG.exists():
            self._run([str(self._kind), "export", "kubeconfig", f"--name={NAME}", f"--kubeconfig={KUBECONFIG}"], "kind gives no kubeconfig")
        with connected(KUBECONFIG) as api:
            return eventually(lambda: condition(api.find(f"/api/v1/nodes/{NODE}"), "Ready"), deadline_s=1)

    def loaded(self, names: Sequence[str]) -> Mapping[str, frozenset[str]]:
        listed = json.loads(self._run([self._engine, "exec", NODE, "crictl", "images", "--output=json"], "kind's node lists no images"))
        known: dict[str, frozenset[str]] = {}
        for image in listed["images"]:
            for name in image.get("repoTags") or ():
                known[name] = frozenset({image["id"]})
        return {name: known[name] for name in names if name in known}

    def load(self, archive: Path) -> None:
        argv = [str(self._kind), "load", "image-archive", str(archive), f"--name={NAME}"]
        self._run(argv, f"kind does not take {archive.name}", timeout_s=_CREATE_S)

    def _run(self, argv: Sequence[str], what: str, *, timeout_s: float = 60) -> str:
        try:
            done = subprocess.run(argv, env=self._environ, capture_output=True, text=True, timeout=timeout_s, check=False)
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise ClusterFailure(what, why=str(problem), mend=f"does `{self._engine} ps` answer?") from problem
        if done.returncode != 0:
            why = "\n".join(done.stderr.strip().splitlines()[-15:])
            raise ClusterFailure(what, why=why, mend=f"does `{self._engine} ps` answer?")
        return done.stdout
