"""What the tests in real pods share: a generator in a namespace of its own, and what a person would do with it."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from scripts.cluster.api import Object, condition, eventually
from tests.servers.cluster import Cluster

ROOT = Path(__file__).parents[2]
SYSTEM = "octavo-system"
CHARTS = ("octavo-crds", "octavo-operator", "octavo-platform")
CHILDREN = ("deploy", "sts", "svc", "cm", "secret", "sa", "netpol", "pdb", "endpointslice")
UPSTREAM = (Path(__file__).parent / "upstream_pod.py").read_text()


def wait(check: Callable[[], Any], *, what: str, deadline_s: float = 60.0, pause_s: float = 0.25, tell: Callable[[], str] = str) -> None:
    """Until it holds. Raises AssertionError that names `what`, and adds what `tell` finds out, when the deadline has passed."""
    if not eventually(lambda: bool(check()), deadline_s=deadline_s, pause_s=pause_s):
        raise AssertionError(f"not within {deadline_s:g} s: {what}\n{tell()}")


def install(cluster: Cluster, chart: str, *arguments: str) -> None:
    """As a developer does, or upgrades; returns when all of it is ready."""
    folder = ROOT / "charts" / chart
    given = ("-n", SYSTEM, "--create-namespace", "-f", str(folder / "values-dev.yaml"), *arguments, "--wait", "--timeout", "4m")
    cluster.helm("upgrade", "--install", chart, str(folder), *given, timeout_s=300)


@contextlib.contextmanager
def forwarded(cluster: Cluster, namespace: str, what: str, port: int) -> Iterator[int]:
    """A Service's or pod's port at a port of this machine, as `kubectl port-forward` gives it."""
    environ = cluster.environ
    program = shutil.which("kubectl", path=environ["PATH"]) or "kubectl"
    command = [program, "-n", namespace, "port-forward", what, f":{port}"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            found = re.search(r"127\.0\.0\.1:(\d+)", said)
            assert found is not None, f"kubectl port-forward {what} says {said!r}"
            yield int(found[1])
        finally:
            process.terminate()


@dataclass(frozen=True)
class Generator:
    cluster: Cluster
    namespace: str
    name: str

    def apply(self, spec: Object, annotations: dict[str, str] | None = None) -> None:
        metadata: Object = {"name": self.name, "namespace": self.namespace, "annotations": annotations or {}}
        document = {"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": metadata, "spec": spec}
        self.cluster.kubectl("apply", "-f", "-", stdin=json.dumps(document))

    def patch(self, spec: Object) -> None:
        self.kubectl("patch", "gen", self.name, "--type=merge", "-p", json.dumps({"spec": spec}))

    def kubectl(self, *arguments: str, timeout_s: float = 60.0) -> str:
        return self.cluster.kubectl("-n", self.namespace, *arguments, timeout_s=timeout_s)

    def read(self, what: str = "") -> Any:
        """An object or a list of them, by what follows `kubectl get`; the generator itself by default."""
        return json.loads(self.kubectl("get", *(what or f"gen {self.name}").split(), "-o", "json"))

    def pods(self, component: str) -> list[Object]:
        """Those that are not on their way out."""
        label = f"app.kubernetes.io/instance={self.name},app.kubernetes.io/component={component}"
        return [pod for pod in self.read(f"pods -l {label}")["items"] if "deletionTimestamp" not in pod["metadata"]]

    def is_true(self, kind: str) -> bool:
        found = self.read()
        fresh = found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"]
        return fresh and condition(found, kind)

    def condition(self, kind: str) -> Object:
        conditions = self.read().get("status", {}).get("conditions", [])
        return next((each for each in conditions if each["type"] == kind), {"status": "", "reason": "", "message": ""})

    def wait_ready(self, deadline_s: float = 120.0) -> None:
        wait(lambda: self.is_true("Ready"), what=f"{self.name} is Ready", deadline_s=deadline_s, tell=self.account)

    def account(self) -> str:
        """All that helps to see why something did not come."""
        commands = ("get gen,pods,pvc -o wide", "describe gen", "get events --sort-by=.lastTimestamp")
        texts = [self.kubectl(*command.split())[-6_000:] for command in commands]
        texts.append(self.cluster.kubectl("-n", SYSTEM, "logs", "-l", "app.kubernetes.io/component=operator", "--tail=40"))
        return "\n".join(texts)

    def call(self, method: str, path: str, *, timeout_s: float = 90.0, **options: Any) -> httpx.Response:
        """A request to the generator's Service, through the API server, which reaches it on every kind of cluster."""
        root = f"/api/v1/namespaces/{self.namespace}/services/{self.name}-api:http/proxy"
        return self.cluster.api.request(method, root + path, timeout_s=timeout_s, **options)

    @contextlib.contextmanager
    def forwarded(self) -> Iterator[str]:
        """Its Service at an address of this machine: for clients that know nothing of clusters."""
        with forwarded(self.cluster, self.namespace, f"svc/{self.name}-api", 80) as port:
            yield f"http://127.0.0.1:{port}"

    def finished(self, answer: Object, *, deadline_s: float = 90.0) -> Object:
        """The same generation when it has ended."""
        path, found = f"/api/v1/generate/{answer['generation_id']}", answer

        def ended() -> bool:
            nonlocal found
            found = self.call("GET", path).json()
            return found["status"] not in ("queued", "running")

        if answer["status"] in ("queued", "running"):
            wait(ended, what=f"a generation of {self.name} ends", deadline_s=deadline_s, tell=self.account)
        return found

    def generate(self, prompt: str, *, prefer: str = "wait=60", **body: Any) -> Object:
        answer = self.call("POST", "/api/v1/generate", json={"prompt": prompt, **body}, headers={"prefer": prefer})
        assert answer.status_code in (200, 202), answer.text
        found: Object = answer.json()
        return found

    def ask_from_inside(self, method: str, path: str, body: Object | None = None) -> tuple[int, Any]:
        """From the upstream's pod by the Service's name, as an application in the cluster asks: status and JSON. The API server's own
        proxy knows the pods of a Service only, not who stands in for them."""
        code = (
            "import json,sys,urllib.request as u,urllib.error as e\n"
            "method,url,body=sys.argv[1:]\n"
            "headers={'content-type':'application/json','prefer':'respond-async'}\n"
            "request=u.Request(url,body.encode() or None,headers,method=method)\n"
            "try: answer=u.urlopen(request,timeout=40)\n"
            "except e.HTTPError as error: answer=error\n"
            "print(json.dumps([answer.status,json.load(answer)]))"
        )
        url = f"http://{self.name}-api{path}"
        said = self.kubectl("exec", "upstream", "--", "python", "-c", code, method, url, json.dumps(body) if body else "")
        status, answer = json.loads(said)
        return status, answer

    def ask_in_bulk(self, count: int, **body: Any) -> list[str]:
        """So many jobs, accepted; their ids."""
        ids: list[str] = []
        for start in range(0, count, 10):
            items = [{"prompt": f"number {number}", **body} for number in range(start, min(start + 10, count))]
            answer = self.call("POST", "/api/v1/generate/batch", json=items, headers={"prefer": "respond-async"})
            assert answer.status_code == 202, answer.text
            ids += [item["generation_id"] for item in answer.json()["items"]]
        assert len(set(ids)) == count
        return ids

    def states(self) -> dict[str, str]:
        """Every job that the generator has, by id."""
        found: dict[str, str] = {}
        cursor = ""
        while True:
            page = self.call("GET", f"/api/v1/jobs?limit=100{cursor}").json()
            found |= {job["generation_id"]: job["status"] for job in page["items"]}
            if not page.get("next_cursor"):
                return found
            cursor = f"&cursor={page['next_cursor']}"

    def delete(self) -> None:
        self.kubectl("delete", "gen", self.name, "--wait", "--timeout=60s", timeout_s=90)

    def left(self) -> list[str]:
        """What still bears its name."""
        kinds = "all,cm,secret,pvc,netpol,pdb,sa,endpointslice,ingress"
        return self.kubectl("get", kinds, "-l", f"app.kubernetes.io/instance={self.name}", "-o", "name").split()


def example(name: str) -> Object:
    spec: Object = yaml.safe_load((ROOT / "examples" / f"{name}.yaml").read_text())["spec"]
    return spec


def start_upstream(cluster: Cluster, namespace: str, image: str, latency_s: float = 0.2) -> str:
    """A provider in a pod of the namespace; its base URL."""
    labels = {"app": "upstream"}
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "upstream"}, "data": {"upstream.py": UPSTREAM}}
    container = {
        "name": "upstream",
        "image": image,
        "command": ["python", "/code/upstream.py"],
        "env": [{"name": "LATENCY_S", "value": str(latency_s)}],
        "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
        "volumeMounts": [{"name": "code", "mountPath": "/code"}],
    }
    volumes = [{"name": "code", "configMap": {"name": "upstream"}}]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "upstream", "labels": labels}}
    pod["spec"] = {"containers": [container], "volumes": volumes, "terminationGracePeriodSeconds": 0}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "upstream"},
        "spec": {"selector": labels, "ports": [{"port": 8000}]},
    }
    for manifest in (settings, pod, service):
        cluster.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(manifest))
    cluster.kubectl("-n", namespace, "wait", "--for=condition=Ready", "pod/upstream", "--timeout=60s", timeout_s=70)
    return f"http://upstream.{namespace}.svc:8000/v1"


def seen_upstream(cluster: Cluster, namespace: str) -> dict[str, list[str]]:
    """Prompts and keys of every call that the upstream answered."""
    found: dict[str, list[str]] = cluster.api.get(f"/api/v1/namespaces/{namespace}/pods/upstream:8000/proxy/")
    return found


def start_postgresql(cluster: Cluster, namespace: str, password: str) -> str:
    """A database that is nobody's child, in a pod of the namespace; its address as host:port/name."""
    labels = {"app": "elsewhere"}
    variables = {"POSTGRES_USER": "octavo", "POSTGRES_DB": "octavo", "POSTGRES_PASSWORD": password}
    container = {
        "name": "postgresql",
        "image": "localhost/octavo/postgresql:dev",
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "readinessProbe": {"tcpSocket": {"port": 5432}, "periodSeconds": 1},
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "elsewhere", "labels": labels}, "spec": {"containers": [container]}}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "elsewhere"},
        "spec": {"selector": labels, "ports": [{"port": 5432}]},
    }
    for manifest in (pod, service):
        cluster.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(manifest))
    cluster.kubectl("-n", namespace, "wait", "--for=condition=Ready", "pod/elsewhere", "--timeout=60s", timeout_s=70)
    return f"elsewhere.{namespace}.svc:5432/octavo"
