"""The charts in real pods, with the images that `./task images` builds: installed as the guide says, and tested by `helm test`.

The cluster is shared. So everything stands in namespaces of the test's own, and the operator looks at one of them only; the definition of
the resource is the cluster's, and is used as it stands where somebody installed it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from scripts.cluster.api import Object, eventually
from tests.charts import helm
from tests.charts.helm import CHARTS
from tests.servers.cluster import Cluster, running_cluster

pytestmark = [pytest.mark.needs("cluster", "images", "helm"), pytest.mark.timeout(600)]

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@dataclass(frozen=True)
class Installed:
    cluster: Cluster
    system: str
    """Namespace of operator, activator and the shared Redis."""
    stories: str
    """Namespace of the generators."""

    def helm(self, *arguments: str) -> str:
        return helm.helm(*arguments, "-n", self.system, environ=self.cluster.environ, timeout_s=400)

    def install(self, chart: str, **values: object) -> str:
        where = CHARTS / chart
        given = (*helm.sets(values), "-f", str(where / "values-dev.yaml"), "--wait", "--timeout", "5m")
        return self.helm("upgrade", "--install", f"{self.system}-{chart}", str(where), *given)

    def test(self, chart: str) -> str:
        return self.helm("test", f"{self.system}-{chart}", "--timeout", "4m")

    def run(self, name: str, namespace: str, script: str) -> str:
        """What a pod of a stranger printed that ran this Python."""
        container = {
            "name": "one",
            "image": "localhost/octavo/operator:dev",
            "imagePullPolicy": "IfNotPresent",
            "args": ["-c", script],
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
        security = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
        pod: Object = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "restartPolicy": "Never",
                "securityContext": security,
                "containers": [container],
                "automountServiceAccountToken": False,
            },
        }
        self.cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(pod))
        path = f"/api/v1/namespaces/{namespace}/pods/{name}"
        assert eventually(lambda: self.cluster.api.get(path)["status"]["phase"] in ("Succeeded", "Failed"), deadline_s=120, pause_s=0.5)
        return self.cluster.kubectl("logs", "-n", namespace, name)


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    with (
        running_cluster() as cluster,
        cluster.namespace("octavo-charts", RESTRICTED) as system,
        cluster.namespace("stories", RESTRICTED) as stories,
    ):
        cluster.load_images(Path("build/images"))
        if cluster.api.find("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/generatorservices.octavo.dev") is None:
            # as the guide says; it stays, for generators of others may come to depend on it
            crds = ("upgrade", "--install", "octavo-crds", str(CHARTS / "octavo-crds"), "-n", "octavo-system", "--create-namespace")
            helm.helm(*crds, environ=cluster.environ)
        found = Installed(cluster, system, stories)
        found.install("octavo-operator", watchNamespaces=[stories])
        # The services have a test of their own, tests/e2e/test_people.py.
        found.install("octavo-platform", **{"redis.shareWith": [stories], "services.enabled": False})
        yield found
        for chart in ("octavo-operator", "octavo-platform"):
            found.helm("uninstall", f"{system}-{chart}", "--wait", "--ignore-not-found")


def test_helm_test_finds_operator_and_activator_ready(installed: Installed) -> None:
    assert "Phase:          Succeeded" in installed.test("octavo-operator")


def test_helm_test_finds_the_shared_redis_keeping_events(installed: Installed) -> None:
    assert "Phase:          Succeeded" in installed.test("octavo-platform")


def test_one_replica_more_stands_by(installed: Installed) -> None:
    installed.install(
        "octavo-operator", **{"watchNamespaces": [installed.stories], "operator.replicas": 2, "operator.antiAffinity": "soft"}
    )
    name = f"{installed.system}-octavo-operator"[:40].rstrip("-")
    deployment = installed.cluster.api.get(f"/apis/apps/v1/namespaces/{installed.system}/deployments/{name}")
    assert deployment["status"]["readyReplicas"] == 2
    lease = installed.cluster.api.get(f"/apis/coordination.k8s.io/v1/namespaces/{installed.system}/leases/octavo-operator")
    assert lease["spec"]["holderIdentity"].startswith(name)
    budgets = installed.cluster.api.get(f"/apis/policy/v1/namespaces/{installed.system}/poddisruptionbudgets")["items"]
    assert [budget["status"]["disruptionsAllowed"] for budget in budgets] == [1]


def test_strangers_reach_what_is_open_and_nothing_else(installed: Installed) -> None:
    if not installed.cluster.isolates:
        pytest.skip("whether this cluster enforces NetworkPolicies is not known")
    name, redis = (f"{installed.system}-{chart}"[:40].rstrip("-") for chart in ("octavo-operator", "octavo-platform"))
    addresses = {
        "metrics": (f"{name}.{installed.system}.svc", 8080),
        "control": (f"{name}-activator.{installed.system}.svc", 8080),
        "fakes": (f"{name}-fake-providers.{installed.system}.svc", 8090),
        "redis": (f"{redis}-redis.{installed.system}.svc", 6379),
    }
    script = f"""
import json, socket
def reached(address):
    try:
        socket.create_connection(address, timeout=4).close()
        return True
    except OSError:
        return False
print(json.dumps({{name: reached(tuple(address)) for name, address in {json.dumps(addresses)}.items()}}))
"""
    with installed.cluster.namespace("strangers", RESTRICTED) as strangers:
        assert json.loads(installed.run("stranger", strangers, script)) == {
            "metrics": True,
            "control": False,
            "fakes": False,
            "redis": False,
        }


def test_the_namespaces_that_share_it_know_where_redis_is(installed: Installed) -> None:
    shared = installed.cluster.api.get(f"/api/v1/namespaces/{installed.stories}/secrets/octavo-events")["data"]
    own = installed.cluster.api.get(f"/api/v1/namespaces/{installed.system}/secrets")["items"]
    assert shared["redis-url"] in [secret["data"].get("redis-url") for secret in own if secret.get("data")]


def test_uninstalling_leaves_nothing_of_it(installed: Installed) -> None:
    charts = ("octavo-operator", "octavo-platform")
    for chart in charts:
        installed.helm("uninstall", f"{installed.system}-{chart}", "--wait", "--timeout", "3m")
    kinds = "all,cm,secret,sa,netpol,pdb,role,rolebinding,pvc"

    def left() -> str:
        found = ""
        for selector in (f"app.kubernetes.io/instance={installed.system}-{chart}" for chart in charts):
            for namespace in (installed.system, installed.stories):
                found += installed.cluster.kubectl("get", kinds, "-n", namespace, "-l", selector, "-o", "name")
        return found

    assert eventually(lambda: left() == "", deadline_s=90, pause_s=1), left()
