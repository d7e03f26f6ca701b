"""The operator as a process of its own, outside the cluster, and what tests ask it and the API server."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from scripts.cluster.api import condition
from tests.servers.cluster import RunningControlPlane
from tests.servers.starting import free_port, wait_until

NAMESPACE = "octavo-system"
QUICK = {
    # pods on paper have addresses on paper: nobody is to dial them
    "OCTAVO_SCALING": "resource",
    "OCTAVO_LEASE_SECONDS": "3",
    "OCTAVO_LEASE_RENEW_SECONDS": "0.5",
    "OCTAVO_LEASE_GIVE_UP_SECONDS": "2",
}


@dataclass
class RunningOperator:
    process: subprocess.Popen[bytes]
    port: int
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float:
        """The sum of all samples with these labels; 0 where there is none."""
        total = 0.0
        for line in self.get("/metrics")[1].splitlines():
            match = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
            if match and all(f'{key}="{value}"' in (match[1] or "") for key, value in labels.items()):
                total += float(match[2])
        return total

    def writes(self) -> float:
        """Objects written so far, Leases and its own key left out."""
        everything = self.metric("octavo_operator_writes_total")
        return (
            everything
            - self.metric("octavo_operator_writes_total", kind="Lease")
            - self.metric("octavo_operator_writes_total", kind="Secret", verb="create")
        )

    def leads(self) -> bool:
        return self.metric("octavo_operator_leader") > 0

    def wait_to_lead(self, deadline_s: float = 30.0) -> None:
        wait_until(self.leads, what=f"the operator does not lead; see {self.log_file}", deadline_s=deadline_s)

    def terminate(self, within_s: float = 15.0) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within_s)

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)


@contextlib.contextmanager
def operator(
    kubeconfig: Path, folder: Path, *, name: str = "operator", environment: Mapping[str, str] | None = None
) -> Iterator[RunningOperator]:
    """Ready, so that everything has been listed; it need not lead yet."""
    port = free_port()
    log_file = folder / f"{name}.log"
    settings = {
        **QUICK,
        "KUBECONFIG": str(kubeconfig),
        "OCTAVO_NAMESPACE": NAMESPACE,
        "OCTAVO_HTTP_HOST": "127.0.0.1",
        "OCTAVO_HTTP_PORT": str(port),
        **(environment or {}),
    }
    with log_file.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "octavo_operator"],
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    running = RunningOperator(process, port, log_file)
    try:
        wait_until(
            lambda: process.poll() is not None or running.get("/readyz")[0] == 200,
            what=f"the operator is not ready; see {log_file}",
            deadline_s=60,
        )
        assert process.poll() is None, running.log
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(15)


# ---- the API server, as tests see it


def keep_nodes_ready(plane: RunningControlPlane) -> None:
    """KWOK renews its nodes' Leases only when told to; without, they are taken for lost after a minute, and their pods for not ready."""
    flag = "--node-lease-duration-seconds=40"
    if "kwok" in plane.programs and flag not in plane._argv("kwok"):
        plane.kill("kwok")
        plane._start("kwok", [*plane._argv("kwok"), flag])


def install_kind(plane: RunningControlPlane) -> None:
    """The CRD, served when this returns. (`kubectl wait` fails on one that has no status yet.)"""
    plane.kubectl("apply", "-f", str(Path(__file__).parents[2] / "crds"))
    wait_until(lambda: plane.kubectl("get", "gen", "-A", "-o", "name") == "", what="the kind is not served")


def prepare(plane: RunningControlPlane, *namespaces: str) -> None:
    """The kind and the namespaces."""
    keep_nodes_ready(plane)
    install_kind(plane)
    for namespace in (NAMESPACE, *namespaces):
        plane.kubectl("create", "namespace", namespace)


def story(name: str, **spec: Any) -> dict[str, Any]:
    engine = {"name": "ctranslate2", "model": "builtin://tiny-stories"}
    return {
        "apiVersion": "octavo.dev/v1alpha1",
        "kind": "GeneratorService",
        "metadata": {"name": name},
        "spec": {"task": "story", "engine": engine, **spec},
    }


def apply(plane: RunningControlPlane, namespace: str, *documents: Mapping[str, Any]) -> None:
    for document in documents:
        plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=orjson.dumps(document).decode())


def read(plane: RunningControlPlane, namespace: str, kind: str, name: str) -> dict[str, Any] | None:
    """None where it is not."""
    said = plane.kubectl("get", kind, name, "-n", namespace, "-o", "json", "--ignore-not-found", "--show-managed-fields")
    found: dict[str, Any] | None = orjson.loads(said) if said.strip() else None
    return found


def is_settled(plane: RunningControlPlane, namespace: str, name: str) -> bool:
    found = read(plane, namespace, "gen", name)
    return (
        found is not None
        and found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"]
        and condition(found, "Ready")
        and not condition(found, "Progressing")
    )


def wait_settled(plane: RunningControlPlane, namespace: str, name: str, deadline_s: float = 60.0) -> None:
    wait_until(lambda: is_settled(plane, namespace, name), what=f"{namespace}/{name} is not settled", deadline_s=deadline_s)


def ready_condition(plane: RunningControlPlane, namespace: str, name: str) -> dict[str, Any]:
    """The condition Ready; empty where there is none yet."""
    found = read(plane, namespace, "gen", name) or {}
    conditions = found.get("status", {}).get("conditions") or ()
    return next((item for item in conditions if item["type"] == "Ready"), {})


def everything_of(plane: RunningControlPlane, namespace: str, name: str) -> list[str]:
    """kind/name of all that carries the generator's label."""
    kinds = "deploy,sts,rs,pod,svc,cm,secret,pvc,netpol,pdb,sa,endpointslices,ingress"
    said = plane.kubectl("get", kinds, "-n", namespace, "-l", f"app.kubernetes.io/instance={name}", "-o", "name")
    return said.split()
