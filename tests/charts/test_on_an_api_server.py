"""The charts on a real API server, with the real helm: accepted as they stand, installed, upgraded, taken away.

The nodes are KWOK's, on which every pod is ready at once; what runs in the pods is tested on the cluster with real ones.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripts.cluster.api import eventually
from tests.charts import helm
from tests.charts.goldens import CASES, Case
from tests.charts.helm import CHARTS, NAMES, NAMESPACE
from tests.servers.cluster import RunningControlPlane, control_plane

pytestmark = [pytest.mark.needs("control-plane", "helm"), pytest.mark.timeout(300)]

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/generatorservices.octavo.dev"
GENERATOR = """
apiVersion: octavo.dev/v1alpha1
kind: GeneratorService
metadata: {name: tiny-stories, namespace: stories}
spec: {task: story, engine: {name: ctranslate2, model: "builtin://tiny-stories"}}
"""


class Installer:
    """helm against one API server."""

    def __init__(self, plane: RunningControlPlane) -> None:
        self.plane = plane

    def __call__(self, *arguments: str) -> str:
        return helm.helm(*arguments, environ=self.plane.environ, timeout_s=120)

    def install(self, chart: str, *arguments: str, path: Path | None = None) -> str:
        """As the guide says."""
        where = str(path or CHARTS / chart)
        return self("upgrade", "--install", chart, where, "-n", NAMESPACE, "--create-namespace", "--wait", "--timeout", "1m", *arguments)

    def find(self, path: str) -> dict[str, Any] | None:
        return self.plane.api.find(path)

    def secret(self, name: str, namespace: str = NAMESPACE) -> dict[str, str]:
        found = self.plane.api.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")
        data: dict[str, str] = found["data"]
        return data

    def pods(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.plane.api.get(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]
        return items


def _stream(documents: Sequence[object]) -> str:
    """In JSON: PyYAML writes a text such as 12e34 without quotes, and kubectl reads a number."""
    return "\n---\n".join(json.dumps(document) for document in documents)


def can(installer: Installer, user: str, verb: str, what: str, namespace: str) -> bool:
    resource, _, part = what.partition("/")
    try:
        asked = ("auth", "can-i", verb, resource, f"--subresource={part}", "-n", namespace, f"--as={user}")
        return installer.plane.kubectl(*asked).strip() == "yes"
    except AssertionError:
        # kubectl ends with 1 where the answer is no
        return False


@pytest.fixture(scope="module")
def plane() -> Iterator[RunningControlPlane]:
    with control_plane(controllers=True, scheduler=True, kwok_nodes=3) as running:
        for name in (NAMESPACE, "stories", "pictures"):
            # Whoever breaks a rule of "restricted" is refused, not warned.
            labels = {"pod-security.kubernetes.io/enforce": "restricted"}
            running.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        yield running


@pytest.fixture
def installer(plane: RunningControlPlane) -> Iterator[Installer]:
    """With nothing installed, before and after."""
    installer = Installer(plane)
    yield installer
    for release in json.loads(installer("list", "--all-namespaces", "--all", "-o", "json")):
        installer("uninstall", release["name"], "-n", release["namespace"], "--wait", "--timeout", "1m")
    plane.kubectl("delete", "crd", "--all", "--timeout=60s", timeout_s=90)
    plane.kubectl("delete", "pvc", "--all", "-n", NAMESPACE, "--timeout=60s", timeout_s=90)
    plane.kubectl("delete", "secret", "-n", NAMESPACE, "-l", "app.kubernetes.io/part-of=octavo")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_api_server_takes_every_render(case: Case, plane: RunningControlPlane) -> None:
    """Validated in full, admission and Pod Security included, and every field known; nothing is written."""
    text = case.render()
    # The API server has no such kind; its fields are the operator's business too, which tests them.
    documents = [manifest for manifest in helm.manifests(text) if manifest["kind"] != "ServiceMonitor"]
    if documents:
        plane.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=_stream(documents))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_pods_made_by_controllers_are_let_in_by_pod_security(case: Case, plane: RunningControlPlane) -> None:
    """Of a Deployment Pod Security looks at the pods only, when they come; so they are asked for here."""
    for manifest in helm.manifests(case.render()):
        if manifest["kind"] not in ("Deployment", "StatefulSet"):
            continue
        template = manifest["spec"]["template"]
        spec = {**template["spec"], "serviceAccountName": "default"}
        spec.pop("priorityClassName", None)
        claims = manifest["spec"].get("volumeClaimTemplates", ())
        volumes = [{"name": c["metadata"]["name"], "persistentVolumeClaim": {"claimName": c["metadata"]["name"]}} for c in claims]
        spec["volumes"] = [*spec.get("volumes", ()), *volumes]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", "namespace": NAMESPACE, **template["metadata"]}, "spec": spec}
        plane.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=_stream([pod]))


@pytest.mark.parametrize("values", ["values.yaml", "values-dev.yaml", "values-prod.yaml"])
def test_the_three_charts_install_and_stand(values: str, installer: Installer) -> None:
    for chart in NAMES:
        said = installer.install(chart, "-f", str(CHARTS / chart / values))
        assert "STATUS: deployed" in said
        assert "NOTES:" in said
    ready = [pod for pod in installer.pods() if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])]
    operators = 2 if "prod" in values else 1
    fakes = 1 if "dev" in values else 0
    services = dict.fromkeys(("auth", "characters", "stories", "notifications", "admin", "web"), 2 if "prod" in values else 1)
    stores = ("db", "documents", "redis")
    components = [pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in ready]
    assert {name: components.count(name) for name in (*services, *stores)} == services | dict.fromkeys(stores, 1)
    assert len(ready) == operators + fakes + 1 + sum(services.values()) + len(stores)
    assert (
        len({pod["spec"]["nodeName"] for pod in ready if pod["metadata"]["labels"]["app.kubernetes.io/component"] == "operator"})
        == operators
    )


def test_what_was_generated_outlives_an_upgrade_and_nothing_rolls(installer: Installer) -> None:
    def state() -> tuple[object, ...]:
        deployment = installer.plane.api.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/octavo-operator")
        sets = installer.plane.api.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/statefulsets")["items"]
        kept = ("redis", "keys", "db", "documents")
        secrets = [installer.secret(name) for name in ("octavo-operator-activator", *(f"octavo-platform-{name}" for name in kept))]
        services = installer.plane.api.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments")["items"]
        assert len(services) == 7
        generations = [workload["metadata"]["generation"] for workload in (deployment, *services, *sets)]
        return secrets, generations

    installer.install("octavo-operator")
    installer.install("octavo-platform")
    before = state()
    installer.install("octavo-operator")
    installer.install("octavo-platform")
    assert state() == before


def test_a_lost_token_is_made_anew_and_both_sides_learn_of_it(installer: Installer) -> None:
    def hashes() -> set[str]:
        kinds = ("deployments/octavo-operator", "statefulsets/octavo-operator-activator")
        found = [installer.plane.api.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/{kind}") for kind in kinds]
        return {workload["spec"]["template"]["metadata"]["annotations"]["octavo.dev/hash"] for workload in found}

    installer.install("octavo-operator")
    before, hash_before = installer.secret("octavo-operator-activator"), hashes()
    installer.plane.kubectl("delete", "secret", "octavo-operator-activator", "-n", NAMESPACE)
    installer.install("octavo-operator")
    assert installer.secret("octavo-operator-activator") != before
    assert len(hashes()) == 1
    assert hashes() != hash_before


def test_the_platforms_address_reaches_the_namespaces_that_share_it(installer: Installer) -> None:
    installer.install("octavo-platform")
    assert installer.find("/api/v1/namespaces/stories/secrets/octavo-events") is None
    installer.install("octavo-platform", *helm.sets({"redis.shareWith": ["stories", "pictures"]}))
    url = installer.secret("octavo-platform-redis")["redis-url"]
    assert installer.secret("octavo-events", "stories") == {"redis-url": url}
    assert installer.secret("octavo-events", "pictures") == {"redis-url": url}
    installer.install("octavo-platform", *helm.sets({"redis.shareWith": ["stories"]}))
    assert installer.find("/api/v1/namespaces/pictures/secrets/octavo-events") is None


def test_secrets_outlive_an_uninstall_and_are_found_again(installer: Installer) -> None:
    names = ("octavo-platform-keys", "octavo-platform-db", "octavo-platform-documents")
    installer.install("octavo-platform")
    before = [installer.secret(name) for name in names]
    assert "kept" in installer("uninstall", "octavo-platform", "-n", NAMESPACE, "--wait")
    installer.install("octavo-platform")
    assert [installer.secret(name) for name in names] == before


def test_an_upgrade_migrates_those_services_that_were_there_before(installer: Installer) -> None:
    """By a hook, which is gone when it has succeeded; so its making is looked for among the events."""

    def migrated() -> str:
        return installer.plane.kubectl("get", "events", "-n", NAMESPACE, "--field-selector", "involvedObject.kind=Job", "-o", "name")

    def upgrade(*, services: bool, hook: bool = True) -> None:
        installer.install("octavo-platform", *helm.sets({"services.enabled": services, "migrations.beforeUpgrade": hook}))

    upgrade(services=False)
    before = migrated()
    upgrade(services=True)
    assert migrated() == before, "they have no database yet"
    upgrade(services=True, hook=False)
    assert migrated() == before
    upgrade(services=True)
    assert len(migrated()) > len(before)


def test_admin_may_read_where_it_is_told_and_write_nowhere(installer: Installer) -> None:
    installer.install("octavo-crds")
    installer.install("octavo-platform", *helm.sets({"admin.namespaces": ["stories"]}))
    user = f"system:serviceaccount:{NAMESPACE}:octavo-platform-admin"
    for what in ("pods", "generatorservices.octavo.dev", "pods/log"):
        assert can(installer, user, "get", what, "stories"), what
        assert not can(installer, user, "patch", what, "stories"), what
        assert not can(installer, user, "get", what, "pictures"), what
    for what in ("secrets", "deployments.apps", "configmaps"):
        assert not can(installer, user, "get", what, "stories"), what


def test_an_upgrade_brings_new_fields_of_the_definition(installer: Installer, tmp_path: Path) -> None:
    older = tmp_path / "octavo-crds"
    shutil.copytree(CHARTS / "octavo-crds", older)
    (file,) = (older / "files").glob("*.yaml")
    document = yaml.safe_load(file.read_text())
    properties = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    del properties["limits"]
    file.write_text(yaml.safe_dump(document, sort_keys=False))

    def has_limits() -> bool:
        return '"limits"' in json.dumps(installer.plane.api.get(CRD)["spec"]["versions"][0]["schema"])

    installer.install("octavo-crds", path=older)
    without = len(json.dumps(installer.plane.api.get(CRD)["spec"]))
    installer.install("octavo-crds")
    assert has_limits()
    assert len(json.dumps(installer.plane.api.get(CRD)["spec"])) > without


def test_uninstalling_the_definition_keeps_every_generator(installer: Installer) -> None:
    installer.install("octavo-crds")
    installer.plane.kubectl("apply", "-f", "-", stdin=GENERATOR)
    said = installer("uninstall", "octavo-crds", "-n", NAMESPACE, "--wait")
    assert "kept" in said
    assert installer.find("/apis/octavo.dev/v1alpha1/namespaces/stories/generatorservices/tiny-stories") is not None

    # and a second installation takes it up again
    installer.install("octavo-crds")
    assert installer.find("/apis/octavo.dev/v1alpha1/namespaces/stories/generatorservices/tiny-stories") is not None


def test_a_definition_that_may_go_goes(installer: Installer) -> None:
    installer.install("octavo-crds")
    installer.install("octavo-crds", "--set", "keep=false")
    installer("uninstall", "octavo-crds", "-n", NAMESPACE, "--wait")
    assert eventually(lambda: installer.find(CRD) is None, deadline_s=20)


def test_a_definition_that_kubectl_applied_is_taken_over_when_asked(installer: Installer) -> None:
    installer.plane.kubectl("apply", "--server-side", "-f", str(CHARTS.parent / "crds"))
    with pytest.raises(helm.Refused, match="invalid ownership metadata"):
        installer.install("octavo-crds")
    installer.install("octavo-crds", "--take-ownership")
    assert installer.plane.api.get(CRD)["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"


def test_uninstalling_leaves_nothing_but_what_was_meant_to_stay(installer: Installer) -> None:
    installer.install("octavo-operator")
    installer.install("octavo-platform", *helm.sets({"redis.shareWith": ["stories"], "admin.enabled": True}))
    for chart in ("octavo-operator", "octavo-platform"):
        installer("uninstall", chart, "-n", NAMESPACE, "--wait")
    # without them nobody could read what is on the volumes
    kept = ("octavo-platform-db", "octavo-platform-documents", "octavo-platform-keys")
    installer.plane.kubectl("delete", "secret", *kept, "-n", NAMESPACE)
    kinds = "deployments,statefulsets,services,secrets,configmaps,serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets"
    left = installer.plane.kubectl("get", kinds, "-A", "-l", "app.kubernetes.io/part-of=octavo", "-o", "name")
    left += installer.plane.kubectl("get", "clusterroles,clusterrolebindings", "-l", "app.kubernetes.io/part-of=octavo", "-o", "name")
    assert left == ""

    def claims() -> list[str]:
        items = installer.plane.api.get(f"/api/v1/namespaces/{NAMESPACE}/persistentvolumeclaims")["items"]
        return [claim["metadata"]["name"] for claim in items]

    # accepted jobs stay, and what people made; recent events do not
    stay = [
        "data-octavo-operator-activator-0",
        "data-octavo-platform-db-0",
        "data-octavo-platform-documents-0",
        "octavo-platform-characters-pictures",
    ]
    assert eventually(lambda: claims() == stay, deadline_s=30), claims()


def test_a_volume_of_another_size_is_refused_and_the_guides_way_round_it_works(installer: Installer) -> None:
    larger = helm.sets({"activator.persistence.size": "5Gi"})
    installer.install("octavo-operator")
    with pytest.raises(helm.Refused, match=r"updates to statefulset spec .* are forbidden"):
        installer.install("octavo-operator", *larger)
    installer.plane.kubectl("delete", "statefulset", "octavo-operator-activator", "-n", NAMESPACE, "--cascade=orphan")
    pods = [pod["metadata"]["uid"] for pod in installer.pods() if "activator" in pod["metadata"]["name"]]
    installer.install("octavo-operator", *larger)
    assert [pod["metadata"]["uid"] for pod in installer.pods() if "activator" in pod["metadata"]["name"]] == pods


def test_rights_move_with_the_namespaces_that_are_watched(installer: Installer) -> None:
    def may(verb: str, what: str, namespace: str) -> bool:
        return can(installer, f"system:serviceaccount:{NAMESPACE}:octavo-operator", verb, what, namespace)

    installer.install("octavo-operator")
    assert may("patch", "deployments.apps", "pictures")
    assert not may("patch", "leases.coordination.k8s.io", "pictures")
    installer.install("octavo-operator", *helm.sets({"watchNamespaces": ["stories"]}))
    assert may("patch", "deployments.apps", "stories")
    assert eventually(lambda: not may("patch", "deployments.apps", "pictures"), deadline_s=10)
    assert may("update", "leases.coordination.k8s.io", NAMESPACE)


def test_editors_of_a_namespace_may_edit_its_generators(installer: Installer) -> None:
    installer.install("octavo-crds")
    installer.install("octavo-operator")
    installer.plane.kubectl("create", "rolebinding", "luna", "-n", "stories", "--clusterrole=edit", "--user=luna")
    installer.plane.kubectl("create", "rolebinding", "sol", "-n", "stories", "--clusterrole=view", "--user=sol")

    assert eventually(lambda: can(installer, "luna", "create", "generatorservices.octavo.dev", "stories"), deadline_s=20)
    assert can(installer, "luna", "patch", "generatorservices.octavo.dev/scale", "stories")
    assert not can(installer, "luna", "patch", "generatorservices.octavo.dev/status", "stories")
    assert eventually(lambda: can(installer, "sol", "list", "generatorservices.octavo.dev", "stories"), deadline_s=20)
    assert not can(installer, "sol", "create", "generatorservices.octavo.dev", "stories")


def test_the_notes_tell_what_to_do_next(installer: Installer) -> None:
    said = installer("install", "octavo-operator", str(CHARTS / "octavo-operator"), "-n", NAMESPACE, "--dry-run")
    assert "this cluster does not know GeneratorService yet" in said
    installer.install("octavo-crds")
    notes = installer.install("octavo-operator").split("NOTES:")[1]
    assert "does not know" not in notes
    generator = re.search(r"<<EOF\n(.*?)\n  EOF", notes, re.DOTALL)
    assert generator is not None
    # What people are told to paste is taken by the API server.
    installer.plane.kubectl("apply", "-n", "stories", "--dry-run=server", "-f", "-", stdin=generator[1])
