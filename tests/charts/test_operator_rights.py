"""The operator's rights are the least that works: with all of them nothing is refused and none is unused; without one, that is refused.

A real API server (RBAC on, and the admission that asks for the right to block an owner's deletion) writes down every request of the
real operator, which acts as the account that the chart makes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripts.cluster.api import eventually
from tests.charts import deeds, helm
from tests.charts.goldens import CASES, Case
from tests.charts.helm import CHARTS, NAMESPACE
from tests.charts.operator_process import AUDIT_POLICY, USER, Audit, Call, Operator, needed, operator
from tests.charts.permissions import CHILDREN, IN_ITS_OWN_NAMESPACE, IN_WATCHED_NAMESPACES, Right, rights_of, without
from tests.servers.cluster import RunningControlPlane, control_plane

pytestmark = [pytest.mark.needs("control-plane", "helm"), pytest.mark.timeout(400)]

ROLES = "/apis/rbac.authorization.k8s.io/v1"
CLUSTER_ROLE = f"{ROLES}/clusterroles/octavo-operator"
OWN_ROLE = f"{ROLES}/namespaces/{NAMESPACE}/roles/octavo-operator-own"
KEY = Right("", "secrets", "get", "octavo-operator-key")


def rendered(case: Case, kind: str, name: str = "octavo-operator") -> dict[str, Any]:
    (found,) = [m for m in helm.manifests(case.render()) if (m["kind"], m["metadata"]["name"]) == (kind, name)][:1]
    return found


def test_the_chart_gives_what_the_table_says() -> None:
    cases = {str(case): case for case in CASES}
    of_all = {*rights_of(rendered(cases["octavo-operator-default"], "ClusterRole"))}
    assert of_all == set(IN_WATCHED_NAMESPACES)
    assert {*rights_of(rendered(cases["octavo-operator-default"], "Role", "octavo-operator-own"))} == {
        right for right in IN_ITS_OWN_NAMESPACE if right.resource == "leases"
    }
    assert {*rights_of(rendered(cases["octavo-operator-some-namespaces"], "Role"))} == of_all
    assert {*rights_of(rendered(cases["octavo-operator-some-namespaces"], "Role", "octavo-operator-own"))} == set(IN_ITS_OWN_NAMESPACE)


def test_no_right_reaches_beyond_what_it_names() -> None:
    for right in (*IN_WATCHED_NAMESPACES, *IN_ITS_OWN_NAMESPACE):
        assert "*" not in (right.group, right.resource, right.verb)
        assert right.verb not in ("escalate", "bind", "impersonate", "deletecollection")
        assert right.group != "rbac.authorization.k8s.io"
        assert right.resource not in ("pods/exec", "pods/log", "nodes", "namespaces")


def of_any_object(call: Call) -> Right:
    return Right(call.right.group, call.right.resource, call.right.verb)


class Scene:
    """One API server with the charts installed, and what its audit log says of the operator."""

    def __init__(self, plane: RunningControlPlane, audit: Audit, folder: Path) -> None:
        self.plane = plane
        self.audit = audit
        self.folder = folder

    def install(self, *arguments: str) -> None:
        chart = str(CHARTS / "octavo-operator")
        command = ("upgrade", "--install", "octavo-operator", chart, "-n", NAMESPACE, "--create-namespace", *arguments)
        helm.helm(*command, environ=self.plane.environ, timeout_s=120)

    def clear(self, keep: Sequence[str] = ()) -> None:
        """No generators but those, and nothing of somebody else's under the names of the others."""
        found = self.plane.kubectl("get", "gen", "-n", deeds.PLACE, "-o", "name").split()
        if gone := [name for name in found if name.rpartition("/")[2] not in keep]:
            self.plane.kubectl("delete", *gone, "-n", deeds.PLACE, "--cascade=foreground", "--timeout=60s", timeout_s=90)
        if keep:
            return
        kinds = ",".join(f"{resource}.{group}".rstrip(".") for group, resource in CHILDREN)
        mine = "app.kubernetes.io/name!=octavo-generator"
        self.plane.kubectl("delete", kinds, "-n", deeds.PLACE, "-l", f"app=other,{mine}", "--ignore-not-found", timeout_s=60)

    def allowed(self, right: Right, namespace: str = "") -> bool:
        resource, _, part = right.resource.partition("/")
        what = f"{resource}.{right.group}".rstrip(".") + (f"/{right.name}" if right.name else "")
        where = ("-n", namespace) if namespace else ("--all-namespaces",)
        try:
            asked = ("auth", "can-i", right.verb, what, f"--subresource={part}", f"--as={USER}", *where)
            return self.plane.kubectl(*asked).strip() == "yes"
        except AssertionError:
            return False

    @contextlib.contextmanager
    def lacking(self, *rights: Right, role: str = CLUSTER_ROLE) -> Iterator[None]:
        """The account without these; an operator that runs feels it at once."""
        whole = self.plane.api.get(role)
        namespace = "" if role == CLUSTER_ROLE else NAMESPACE
        self._put(without(whole, *rights))
        assert eventually(lambda: not any(self.allowed(right, namespace) for right in rights[:2]), deadline_s=10)
        self.audit.skip()
        try:
            yield
        finally:
            self._put(whole)
            assert eventually(lambda: all(self.allowed(right, namespace) for right in rights[:2]), deadline_s=10)

    def _put(self, role: dict[str, Any]) -> None:
        role = {
            **role,
            "metadata": {key: value for key, value in role["metadata"].items() if key not in ("resourceVersion", "managedFields")},
        }
        self.plane.kubectl("replace", "-f", "-", stdin=yaml.safe_dump(role))

    def refused(self, rights: Iterable[Right], meant: Callable[[Call], Right] = lambda call: call.right) -> None:
        """Returns when each of these has been refused, and fails when anything else was. `meant`: the right that a refused call lacked."""
        expected = set(rights)
        found: set[Right] = set()
        said: set[str] = set()

        def look() -> bool:
            for call in self.audit.calls():
                if call.code == 403:
                    found.add(meant(call))
                    said.add(call.message)
            return found >= expected

        assert eventually(look, deadline_s=60, pause_s=0.1), f"never refused: {sorted(map(str, expected - found))}; refused: {sorted(said)}"
        assert found <= expected, sorted(said)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("rights")
    policy, log = folder / "policy.yaml", folder / "audit.log"
    policy.write_text(yaml.safe_dump(AUDIT_POLICY))
    arguments = [
        f"--audit-policy-file={policy}",
        f"--audit-log-path={log}",
        "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
    ]
    with control_plane(controllers=True, scheduler=True, kwok_nodes=2, api_server=arguments) as plane:
        plane.kubectl("create", "namespace", deeds.PLACE)
        plane.kubectl("apply", "-f", "-", stdin=deeds.foreign_definitions())
        plane.kubectl("create", "secret", "generic", "provider", "-n", deeds.PLACE, "--from-literal=apiKey=hush")
        helm.helm("install", "octavo-crds", str(CHARTS / "octavo-crds"), "-n", NAMESPACE, "--create-namespace", environ=plane.environ)
        scene = Scene(plane, Audit(log), folder)
        scene.install()
        yield scene


@pytest.fixture
def running(scene: Scene) -> Iterator[Operator]:
    """The operator, leading, with nothing to do."""
    scene.clear()
    with operator(scene.plane, scene.folder) as process:
        process.wait_ready()
        yield process


def everything(scene: Scene) -> list[Call]:
    """All that the operator does, once; returns its requests."""
    plane = scene.plane
    calls: list[Call] = []

    def await_use(rights: Iterable[Right]) -> None:
        waiting = set(rights)

        def done() -> bool:
            calls.extend(scene.audit.calls())
            waiting.difference_update(needed(calls))
            return not waiting

        assert eventually(done, deadline_s=60, pause_s=0.1), sorted(map(str, waiting))

    of_sleepers = {Right("discovery.k8s.io", "endpointslices", verb) for verb in ("get", "create", "patch")}
    scene.audit.skip()
    with operator(plane, scene.folder) as first:
        first.wait_ready()
        deeds.stands(plane, ["one"], secret="provider")
        deeds.stands(plane, deeds.SLEEPERS, workers=0)
        deeds.loses_a_child(plane, "one")
        deeds.finds_names_taken(plane, "taken")
        deeds.fails(plane, "one")
        deeds.recovers(plane, "one")
        deeds.fails(plane, "one")
        deeds.comes(plane, [f"old-{kind}" for _, kind in CHILDREN])
        deeds.has_leftovers(plane, "old")
        await_use(right for right in IN_WATCHED_NAMESPACES if right.verb != "update" and right not in of_sleepers)
    deeds.slept(plane)
    # only who sleeps is left, so that nobody is asked for its work
    scene.clear(keep=deeds.SLEEPERS)
    with operator(plane, scene.folder, OCTAVO_SCALING="work"):
        await_use(of_sleepers)
    # its end gives the Lease back
    return [*calls, *scene.audit.calls()]


@pytest.mark.long
def test_with_all_rights_nothing_is_refused_and_none_is_unused(scene: Scene) -> None:
    scene.plane.api.delete(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/octavo-operator")
    scene.plane.api.delete(f"/api/v1/namespaces/{NAMESPACE}/secrets/octavo-operator-key")
    calls = everything(scene)
    assert [call for call in calls if call.code == 403] == []
    given = {*rights_of(scene.plane.api.get(CLUSTER_ROLE)), *rights_of(scene.plane.api.get(OWN_ROLE))}
    # asked for by an admission, not by a request of its own; its test is below
    asked_by_admission = {Right("octavo.dev", "generatorservices/finalizers", "update")}
    assert needed(calls) == given - asked_by_admission


OF_THE_START = [right for right, deed in IN_WATCHED_NAMESPACES.items() if deed == "starts"]
STARTS = [
    # generators are listed only after everything else was
    [right for right in OF_THE_START if right.verb == verb and (right.group == "octavo.dev") is generators]
    for verb in ("list", "watch")
    for generators in (True, False)
]


@pytest.mark.long
@pytest.mark.parametrize("rights", STARTS, ids=lambda rights: f"{rights[0].verb} of {len(rights)}")
def test_without_its_caches_it_does_not_start(rights: list[Right], scene: Scene) -> None:
    with scene.lacking(*rights), operator(scene.plane, scene.folder):
        scene.refused(rights)


@pytest.mark.long
@pytest.mark.parametrize("verb", ["create", "patch"])
def test_without_the_right_to_make_it_a_child_is_not_made(verb: str, scene: Scene, running: Operator) -> None:
    rights = {Right(group, resource, verb) for group, resource in CHILDREN if resource != "endpointslices"}
    with scene.lacking(*rights):
        deeds.comes(scene.plane, ["unmade"])

        def meant(call: Call) -> Right:
            # an apply is a PATCH, whichever of both rights it lacks
            assert f"cannot {verb} resource" in call.message, call.message
            return Right(call.right.group, call.right.resource, verb)

        scene.refused(rights, meant)


@pytest.mark.long
def test_without_the_right_to_look_a_name_that_is_taken_is_not_understood(scene: Scene, running: Operator) -> None:
    rights = {Right(group, resource, "get") for group, resource in CHILDREN if resource != "endpointslices"}
    with scene.lacking(*rights):
        deeds.finds_names_taken(scene.plane, "blind")
        scene.refused(rights, of_any_object)


@pytest.mark.long
@pytest.mark.parametrize("verb", ["create", "patch", "get"])
def test_without_the_right_to_its_slice_a_sleeper_cannot_be_called(verb: str, scene: Scene) -> None:
    right = Right("discovery.k8s.io", "endpointslices", verb)
    scene.clear()
    with operator(scene.plane, scene.folder) as first:
        first.wait_ready()
        deeds.stands(scene.plane, deeds.SLEEPERS, workers=0)
    deeds.slept(scene.plane)

    def meant(call: Call) -> Right:
        assert f"cannot {verb} resource" in call.message, call.message
        return Right(call.right.group, call.right.resource, verb)

    with scene.lacking(right), operator(scene.plane, scene.folder, OCTAVO_SCALING="work"):
        scene.refused([right], meant)


@pytest.mark.long
def test_without_the_right_to_delete_a_leftover_stays(scene: Scene, running: Operator) -> None:
    rights = {Right(group, resource, "delete") for group, resource in CHILDREN}
    deeds.stands(scene.plane, [f"kept-{kind}" for _, kind in CHILDREN])
    with scene.lacking(*rights):
        deeds.has_leftovers(scene.plane, "kept")
        scene.refused(rights, of_any_object)


@pytest.mark.long
def test_without_the_right_to_look_at_a_generator_a_lost_child_stays_lost(scene: Scene, running: Operator) -> None:
    right = Right("octavo.dev", "generatorservices", "get")
    deeds.stands(scene.plane, ["seen"])
    with scene.lacking(right):
        deeds.loses_a_child(scene.plane, "seen")
        scene.refused([right], of_any_object)
        assert scene.plane.api.find(f"/api/v1/namespaces/{deeds.PLACE}/configmaps/seen-config") is None


@pytest.mark.long
def test_without_the_right_to_its_status_nobody_learns_of_it(scene: Scene, running: Operator) -> None:
    right = Right("octavo.dev", "generatorservices/status", "patch")
    with scene.lacking(right):
        deeds.comes(scene.plane, ["mute"])
        scene.refused([right], of_any_object)
        assert "conditions" not in scene.plane.api.get(deeds.path("mute")).get("status", {})


@pytest.mark.long
def test_without_the_right_to_finalizers_an_api_server_that_checks_owners_takes_no_child(scene: Scene, running: Operator) -> None:
    right = Right("octavo.dev", "generatorservices/finalizers", "update")
    with scene.lacking(right):
        deeds.comes(scene.plane, ["unowned"])

        def meant(call: Call) -> Right:
            assert "cannot set blockOwnerDeletion" in call.message, call.message
            return right

        scene.refused([right], meant)


@pytest.mark.long
@pytest.mark.parametrize("verb", ["create", "patch"])
def test_without_the_right_to_events_describe_says_nothing(verb: str, scene: Scene, running: Operator) -> None:
    right = Right("events.k8s.io", "events", verb)
    name = f"silent-{verb}"
    deeds.stands(scene.plane, [name])
    if verb == "patch":
        # the first time is told, the second is counted
        deeds.fails(scene.plane, name)
        assert eventually(
            lambda: f"{name}." in scene.plane.kubectl("get", "events.events.k8s.io", "-n", deeds.PLACE, "-o", "name"), deadline_s=20
        )
        deeds.recovers(scene.plane, name)
    with scene.lacking(right):
        deeds.fails(scene.plane, name)
        scene.refused([right], of_any_object)


class TestInSomeNamespacesOnly:
    @pytest.fixture(autouse=True)
    def restricted(self, scene: Scene) -> Iterator[None]:
        scene.clear()
        scene.install("--set", f"watchNamespaces={{{deeds.PLACE}}}")
        scene.plane.api.delete(f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/octavo-operator")
        scene.plane.api.delete(f"/api/v1/namespaces/{NAMESPACE}/secrets/octavo-operator-key")
        yield
        scene.install()

    def test_nothing_is_refused_and_nothing_is_done_elsewhere(self, scene: Scene) -> None:
        calls = everything(scene)
        assert [call for call in calls if call.code == 403] == []
        assert {call.namespace for call in calls} == {deeds.PLACE, NAMESPACE}
        own = [call for call in calls if call.namespace == NAMESPACE]
        assert needed(own) == {Right(right.group, right.resource, right.verb) for right in IN_ITS_OWN_NAMESPACE}

    @pytest.mark.parametrize("right", IN_ITS_OWN_NAMESPACE, ids=str)
    def test_without_one_of_its_own_rights_it_does_not_lead(self, right: Right, scene: Scene) -> None:
        with scene.lacking(right, role=OWN_ROLE), operator(scene.plane, scene.folder):
            scene.refused([Right(right.group, right.resource, right.verb)], of_any_object)
