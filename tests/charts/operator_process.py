"""The operator as it runs in its pod, but on this machine: with the environment of its Deployment and the rights of its account."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from scripts.cluster.api import eventually
from tests.charts.helm import NAMESPACE
from tests.charts.permissions import Right
from tests.servers.cluster import RunningControlPlane
from tests.servers.starting import free_port

ACCOUNT = "octavo-operator"
USER = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"

# Whoever it is not, is not written down.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "users": [USER]}, {"level": "None"}],
}


@dataclass(frozen=True)
class Call:
    """One request of the operator, as the API server has written it down."""

    right: Right
    namespace: str
    code: int
    message: str
    began: bool
    """A watch is written down when it begins and once more when it ends."""


class Audit:
    """What the API server wrote down. `calls` reads on from where the last call ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = 0

    def skip(self) -> None:
        self.calls()

    def calls(self) -> list[Call]:
        with self._path.open("rb") as file:
            file.seek(self._read_to)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read_to += len(whole)
        return [call for line in whole.splitlines() if (call := _call(json.loads(line))) is not None]


def _call(event: dict[str, Any]) -> Call | None:
    reference = event.get("objectRef")
    if reference is None:
        # discovery, which everybody may ask
        return None
    resource = "/".join(part for part in (reference["resource"], reference.get("subresource")) if part)
    status = event.get("responseStatus", {})
    return Call(
        right=Right(reference.get("apiGroup", ""), resource, event["verb"], reference.get("name", "")),
        namespace=reference.get("namespace", ""),
        code=status.get("code", 0),
        message=status.get("message", ""),
        began=event["stage"] == "ResponseStarted",
    )


def needed(calls: list[Call]) -> set[Right]:
    """The rights without which these calls would have been refused, of all objects alike."""
    found = set()
    for call in calls:
        right = Right(call.right.group, call.right.resource, call.right.verb)
        found.add(right)
        if right.verb == "patch" and call.code == 201:
            # an apply of what was not there
            found.add(Right(right.group, right.resource, "create"))
    return found


@contextlib.contextmanager
def operator(plane: RunningControlPlane, folder: Path, **settings: str) -> Iterator[Operator]:
    """Running, not necessarily ready. `settings` win over those of the Deployment."""
    running = Operator(plane, folder, settings)
    with running.log.open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "octavo_operator"], env=running.environ, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(15)


class Operator:
    def __init__(self, plane: RunningControlPlane, folder: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self.log = folder / f"operator-{self.port}.log"
        kubeconfig = folder / f"operator-{self.port}.kubeconfig"
        kubeconfig.write_text(_kubeconfig(plane))
        deployment = plane.api.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{ACCOUNT}")
        variables = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
        self.environ = {
            # nothing of the person's
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            **{variable["name"]: _value(plane, variable) for variable in variables},
            "OCTAVO_HTTP_HOST": "127.0.0.1",
            # Pods on paper have addresses that are somebody else's, and this machine does not know the cluster's names: nobody is asked.
            "OCTAVO_SCALING": "resource",
            "OCTAVO_ACTIVATOR_URL": "http://127.0.0.1:9",
            "OCTAVO_HTTP_PORT": str(self.port),
            # so that a second operator of a test need not wait
            "OCTAVO_LEASE_SECONDS": "3",
            "OCTAVO_LEASE_RENEW_SECONDS": "0.5",
            "OCTAVO_LEASE_GIVE_UP_SECONDS": "2",
            "KUBECONFIG": str(kubeconfig),
            **settings,
        }

    def wait_ready(self, deadline_s: float = 60) -> None:
        def ready() -> bool:
            with contextlib.suppress(httpx.HTTPError):
                return httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2, trust_env=False).status_code == 200
            return False

        assert eventually(ready, deadline_s=deadline_s), self.tail()

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-25:])


def _value(plane: RunningControlPlane, variable: dict[str, Any]) -> str:
    """As the kubelet would fill it in."""
    if "value" in variable:
        return str(variable["value"])
    source = variable["valueFrom"]
    if "fieldRef" in source:
        return {"metadata.namespace": NAMESPACE}[source["fieldRef"]["fieldPath"]]
    reference = source["secretKeyRef"]
    secret = plane.api.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/{reference['name']}")
    return base64.b64decode(secret["data"][reference["key"]]).decode()


def _kubeconfig(plane: RunningControlPlane) -> str:
    token = plane.kubectl("create", "token", ACCOUNT, "-n", NAMESPACE, "--duration=1h").strip()
    cluster = {"server": plane.url, "certificate-authority": str(plane.authority)}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "one", "cluster": cluster}],
            "users": [{"name": "operator", "user": {"token": token}}],
            "contexts": [{"name": "one", "context": {"cluster": "one", "user": "operator"}}],
            "current-context": "one",
        }
    )
