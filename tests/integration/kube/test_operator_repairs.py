"""Whatever is done by hand to what the operator owns is put right within seconds; what it does not own is left alone, without a write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from tests.servers.cluster import RunningControlPlane, control_plane
from tests.servers.kube_operator import RunningOperator, apply, operator, prepare, read, story, wait_settled
from tests.servers.starting import wait_until

pytestmark = pytest.mark.needs("control-plane")

NAME = "tale"
WITHIN_S = 10.0


@pytest.fixture(scope="module")
def plane() -> Iterator[RunningControlPlane]:
    with control_plane(controllers=True, scheduler=True, kwok_nodes=2) as plane:
        prepare(plane, "kept")
        yield plane


@pytest.fixture(scope="module")
def keeper(plane: RunningControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOperator]:
    with operator(plane.kubeconfig, tmp_path_factory.mktemp("operator")) as running:
        running.wait_to_lead()
        apply(plane, "kept", story(NAME, workers={"min": 1}))
        wait_settled(plane, "kept", NAME)
        yield running


def patch(kind: str, name: str, change: Any, how: str = "strategic") -> Callable[[RunningControlPlane], None]:
    return lambda plane: _kubectl(plane, "patch", kind, name, f"--type={how}", "-p", orjson.dumps(change).decode())


def command(*arguments: str) -> Callable[[RunningControlPlane], None]:
    return lambda plane: _kubectl(plane, *arguments)


def edit(kind: str, name: str, change: Callable[[dict[str, Any]], None], how: str = "replace") -> Callable[[RunningControlPlane], None]:
    """As `kubectl edit` and `kubectl replace` do it: the whole object is read, changed and put back."""

    def act(plane: RunningControlPlane) -> None:
        found = read(plane, "kept", kind, name)
        assert found is not None
        change(found)
        if how == "forget":
            found["metadata"]["managedFields"] = [{}]
        plane.kubectl("replace", "-n", "kept", "-f", "-", stdin=orjson.dumps(found).decode())

    return act


def seize(manifest: dict[str, Any]) -> Callable[[RunningControlPlane], None]:
    """Server-side apply by somebody else, with force."""
    return lambda plane: _done(
        plane.kubectl(
            "apply",
            "-n",
            "kept",
            "--server-side",
            "--force-conflicts",
            "--field-manager=somebody",
            "-f",
            "-",
            stdin=yaml.safe_dump(manifest),
        )
    )


def _kubectl(plane: RunningControlPlane, *arguments: str) -> None:
    plane.kubectl(*arguments, "-n", "kept")


def _done(_: str) -> None:
    """kubectl has answered."""


def _container(found: dict[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = found["spec"]["template"]["spec"]["containers"][0]
    return container


EDITS: dict[str, tuple[str, str, Callable[[RunningControlPlane], None]]] = {
    "scale": ("deploy", f"{NAME}-worker", command("scale", "deploy", f"{NAME}-worker", "--replicas=5")),
    "scale a store": ("sts", f"{NAME}-redis", command("scale", "sts", f"{NAME}-redis", "--replicas=0")),
    "image": ("deploy", f"{NAME}-api", command("set", "image", f"deploy/{NAME}-api", "*=evil:1")),
    "value of a variable": ("deploy", f"{NAME}-api", command("set", "env", f"deploy/{NAME}-api", "OCTAVO_HOME=/elsewhere")),
    "variable removed": ("deploy", f"{NAME}-worker", command("set", "env", f"deploy/{NAME}-worker", "OCTAVO_HOME-")),
    "resources": ("deploy", f"{NAME}-api", command("set", "resources", f"deploy/{NAME}-api", "--limits=memory=3Gi")),
    "label of the template": (
        "deploy",
        f"{NAME}-api",
        patch("deploy", f"{NAME}-api", {"spec": {"template": {"metadata": {"annotations": {"octavo.dev/hash": "forged"}}}}}),
    ),
    "security context removed": (
        "deploy",
        f"{NAME}-worker",
        patch("deploy", f"{NAME}-worker", [{"op": "remove", "path": "/spec/template/spec/securityContext"}], "json"),
    ),
    "probe edited": (
        "deploy",
        f"{NAME}-api",
        edit("deploy", f"{NAME}-api", lambda d: _container(d)["livenessProbe"].update(periodSeconds=99)),
    ),
    "volume mount removed": ("deploy", f"{NAME}-api", edit("deploy", f"{NAME}-api", lambda d: _container(d)["volumeMounts"].pop())),
    "managed-by label removed": ("svc", f"{NAME}-api", command("label", "svc", f"{NAME}-api", "app.kubernetes.io/managed-by-")),
    "instance label changed": (
        "svc",
        f"{NAME}-api",
        command("label", "svc", f"{NAME}-api", "app.kubernetes.io/instance=other", "--overwrite"),
    ),
    "owner removed": ("cm", f"{NAME}-config", patch("cm", f"{NAME}-config", {"metadata": {"ownerReferences": None}}, "merge")),
    "owner and labels removed": (
        "secret",
        f"{NAME}-credentials",
        patch("secret", f"{NAME}-credentials", {"metadata": {"ownerReferences": None, "labels": None}}, "merge"),
    ),
    "port of a service": (
        "svc",
        f"{NAME}-api",
        patch("svc", f"{NAME}-api", [{"op": "replace", "path": "/spec/ports/0/targetPort", "value": 9999}], "json"),
    ),
    "selector of a service": ("svc", f"{NAME}-api", patch("svc", f"{NAME}-api", {"spec": {"selector": {"app": "other"}}}, "merge")),
    "data of a config map": ("cm", f"{NAME}-config", patch("cm", f"{NAME}-config", {"data": {"generators.json": "[]"}}, "merge")),
    "hash forged": ("cm", f"{NAME}-config", command("annotate", "cm", f"{NAME}-config", "octavo.dev/hash=forged", "--overwrite")),
    "policy opened": ("netpol", NAME, patch("netpol", NAME, {"spec": {"ingress": [{}]}}, "merge")),
    "seized by another apply": (
        "deploy",
        f"{NAME}-api",
        seize({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": f"{NAME}-api"}, "spec": {"replicas": 4}}),
    ),
    "managed fields wiped": ("cm", f"{NAME}-config", edit("cm", f"{NAME}-config", lambda d: d["data"].clear(), how="forget")),
    "deployment deleted": ("deploy", f"{NAME}-api", command("delete", "deploy", f"{NAME}-api")),
    "stateful set deleted": ("sts", f"{NAME}-db", command("delete", "sts", f"{NAME}-db")),
    "service deleted": ("svc", f"{NAME}-api", command("delete", "svc", f"{NAME}-api")),
    "config map deleted": ("cm", f"{NAME}-config", command("delete", "cm", f"{NAME}-config")),
    "secret deleted": ("secret", f"{NAME}-credentials", command("delete", "secret", f"{NAME}-credentials")),
    "policy deleted": ("netpol", NAME, command("delete", "netpol", NAME)),
    "account deleted": ("sa", NAME, command("delete", "sa", NAME)),
}


@pytest.mark.parametrize("what", EDITS)
def test_what_is_done_by_hand_is_put_right(plane: RunningControlPlane, keeper: RunningOperator, what: str) -> None:
    kind, name, act = EDITS[what]
    wait_settled(plane, "kept", NAME)
    before = _owned(read(plane, "kept", kind, name))
    act(plane)
    wait_until(
        lambda: _owned(read(plane, "kept", kind, name)) == before,
        what=f"{kind}/{name} is not as it was: {keeper.log[-1500:]}\n{_owned(read(plane, 'kept', kind, name))}\n{before}",
        deadline_s=WITHIN_S,
    )


HARMLESS: dict[str, Callable[[RunningControlPlane], None]] = {
    "a label of somebody else's": command("label", "deploy", f"{NAME}-api", "team=stories"),
    "an annotation of somebody else's": command("annotate", "deploy", f"{NAME}-api", "note=kept"),
    "a restart by kubectl": command("rollout", "restart", f"deploy/{NAME}-worker"),
    "a variable more": command("set", "env", f"deploy/{NAME}-worker", "EXTRA=1"),
    "a field that the server fills in": patch("deploy", f"{NAME}-api", {"spec": {"minReadySeconds": 1}}, "merge"),
    "a key more in the config map": patch("cm", f"{NAME}-config", {"data": {"extra": "kept"}}, "merge"),
    "the value that stands": command("scale", "deploy", f"{NAME}-worker", "--replicas=1"),
    "a pod deleted": command("delete", "pod", f"{NAME}-redis-0", "--wait=false"),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_what_others_add_costs_no_write(plane: RunningControlPlane, keeper: RunningOperator, what: str) -> None:
    wait_settled(plane, "kept", NAME)
    before = {
        kind: keeper.metric("octavo_operator_writes_total", kind=kind, verb="apply") for kind in ("Deployment", "ConfigMap", "StatefulSet")
    }
    looked = keeper.metric("octavo_operator_reconciles_total")
    HARMLESS[what](plane)
    # something that the operator does write, after it: it has then seen the harmless change too
    plane.kubectl("delete", "netpol", NAME, "-n", "kept")
    wait_until(lambda: read(plane, "kept", "netpol", NAME) is not None, what="the operator does not repair", deadline_s=WITHIN_S)
    wait_settled(plane, "kept", NAME)
    assert keeper.metric("octavo_operator_reconciles_total") > looked
    after = {kind: keeper.metric("octavo_operator_writes_total", kind=kind, verb="apply") for kind in before}
    assert after == before, keeper.log[-1500:]


def test_a_deleted_secret_comes_back_with_the_same_passwords(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    before = (read(plane, "kept", "secret", f"{NAME}-credentials") or {})["data"]
    plane.kubectl("delete", "secret", f"{NAME}-credentials", "-n", "kept")
    wait_until(lambda: (read(plane, "kept", "secret", f"{NAME}-credentials") or {}).get("data") == before, what="other passwords")


def test_a_password_that_a_person_sets_is_kept_and_what_follows_from_it_made_anew(
    plane: RunningControlPlane, keeper: RunningOperator, tmp_path: Path
) -> None:
    apply(plane, "kept", story("rotated"))
    wait_settled(plane, "kept", "rotated")
    plane.kubectl("patch", "secret", "rotated-credentials", "-n", "kept", "-p", '{"stringData":{"database-password":"a new one"}}')
    wait_until(lambda: b"a%20new%20one" in _value(plane, "rotated", "database-url"), what=f"the URL is not made anew: {keeper.log[-1500:]}")
    assert _value(plane, "rotated", "database-password") == b"a new one"
    wait_settled(plane, "kept", "rotated")
    assert "a new one" not in keeper.log
    # a process that never saw the change believes the Secret too
    keeper_writes = keeper.writes()
    with operator(plane.kubeconfig, tmp_path, environment={"OCTAVO_NAMESPACE": "default"}) as other:
        other.wait_to_lead()
        wait_until(lambda: other.metric("octavo_operator_reconciles_total", result="done") >= 2, what="it does not look")
        assert other.writes() == 0, other.log
    assert keeper.writes() == keeper_writes
    assert _value(plane, "rotated", "database-password") == b"a new one"


def test_an_object_of_somebody_elses_is_never_touched(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    foreign = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "taken-config"}, "data": {"mine": "yes"}}
    apply(plane, "kept", foreign)
    before = read(plane, "kept", "cm", "taken-config")
    apply(plane, "kept", story("taken"))
    wait_until(
        lambda: "ConfigMap taken-config" in _degraded(plane, "taken").get("message", ""), what=f"nothing is said: {keeper.log[-1500:]}"
    )
    assert read(plane, "kept", "cm", "taken-config") == before
    # and once the name is free, it is taken
    plane.kubectl("delete", "cm", "taken-config", "-n", "kept")
    wait_settled(plane, "kept", "taken", deadline_s=60)
    plane.kubectl("delete", "gen", "taken", "-n", "kept")


def test_a_secret_that_the_resource_names_rolls_the_pods_when_it_changes(plane: RunningControlPlane, keeper: RunningOperator) -> None:
    provider = {
        "name": "up",
        "type": "openai-compatible",
        "model": "m",
        "baseUrl": "http://192.0.2.1:9",
        "credentials": {"secretRef": {"name": "upstream", "key": "apiKey"}},
    }
    apply(plane, "kept", {**story("asking"), "spec": {"task": "text", "providers": [provider], "workers": {"min": 1}}})
    wait_until(
        lambda: "upstream" in _degraded(plane, "asking").get("message", ""), what=f"the missing Secret is not named: {keeper.log[-1500:]}"
    )
    plane.kubectl("create", "secret", "generic", "upstream", "-n", "kept", "--from-literal=apiKey=one")
    wait_settled(plane, "kept", "asking")
    before = _template_hash(plane, "asking-worker")
    plane.kubectl("patch", "secret", "upstream", "-n", "kept", "-p", '{"stringData":{"apiKey":"two"}}')
    wait_until(lambda: _template_hash(plane, "asking-worker") != before, what="the workers are not rolled", deadline_s=WITHIN_S)
    wait_settled(plane, "kept", "asking")
    # another key of it concerns nobody
    hashes = _template_hash(plane, "asking-worker")
    writes = keeper.writes()
    plane.kubectl("patch", "secret", "upstream", "-n", "kept", "-p", '{"stringData":{"other":"x"}}')
    plane.kubectl("delete", "netpol", "asking", "-n", "kept")
    wait_until(lambda: read(plane, "kept", "netpol", "asking") is not None, what="the operator does not repair")
    assert _template_hash(plane, "asking-worker") == hashes
    assert keeper.writes() == writes + 1


def _owned(found: dict[str, Any] | None) -> Any:
    """What the operator applied, as it stands: everything but what the server and controllers keep for themselves."""
    if found is None:
        return None
    metadata = found["metadata"]
    kept = {key: metadata.get(key) for key in ("name", "labels", "ownerReferences")}
    kept["hash"] = (metadata.get("annotations") or {}).get("octavo.dev/hash")
    if "ownerReferences" in metadata:
        kept["ownerReferences"] = sorted(reference["uid"] for reference in metadata["ownerReferences"])
    spec = orjson.loads(orjson.dumps(found.get("spec") or {}))
    for name in ("clusterIP", "clusterIPs", "healthCheckNodePort"):
        spec.pop(name, None)
    return {"metadata": kept, "spec": spec, "data": found.get("data")}


def _value(plane: RunningControlPlane, name: str, key: str) -> bytes:
    import base64

    return base64.b64decode((read(plane, "kept", "secret", f"{name}-credentials") or {})["data"][key])


def _template_hash(plane: RunningControlPlane, name: str) -> str:
    found = read(plane, "kept", "deploy", name) or {}
    return str(found["spec"]["template"]["metadata"]["annotations"]["octavo.dev/hash"])


def _degraded(plane: RunningControlPlane, name: str) -> dict[str, Any]:
    conditions = (read(plane, "kept", "gen", name) or {}).get("status", {}).get("conditions") or ()
    return next((item for item in conditions if item["type"] == "Degraded"), {})
