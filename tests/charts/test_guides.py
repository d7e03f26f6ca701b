"""What the guides tell a person who installs: every command is typed, every value is one, every right is given."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from scripts.charts import document
from scripts.cluster.api import condition
from tests.charts import helm
from tests.charts.helm import CHARTS, NAMESPACE
from tests.charts.operator_process import Operator, operator
from tests.charts.permissions import IN_ITS_OWN_NAMESPACE, IN_WATCHED_NAMESPACES, Right
from tests.servers.cluster import RunningControlPlane, control_plane

from octavo_core.spec import GeneratorService
from octavo_generation.api.backlog import BacklogResponse
from octavo_operator.reach import BACKLOG_PATH

ROOT = CHARTS.parent
GUIDES = ROOT / "docs" / "guides"
INSTALL, KEDA, PLATFORM = GUIDES / "install.md", GUIDES / "keda.md", GUIDES / "platform.md"

# Not typed here, and where else it is.
ELSEWHERE = {
    "./task": "scripts/cluster and scripts/images have tests of their own",
    "eval": "the tests' own API server is pointed at instead",
    "for image": "there is no registry",
    "helm test": "test_on_the_cluster.py, in real pods",
    "kubectl port-forward": "pods on paper have no ports",
    "curl": "pods on paper answer nothing",
}


def commands() -> list[str]:
    """In the order of the page; what belongs together (a loop, a document) stays together."""
    found: list[str] = []
    for block in re.findall(r"^```bash\n(.*?)^```", INSTALL.read_text(), re.MULTILINE | re.DOTALL):
        lines = iter(block.replace("\\\n", " ").splitlines())
        for line in lines:
            command = line
            if line.startswith("for "):
                while not command.endswith("\ndone"):
                    command += "\n" + next(lines)
            if "<<'EOF'" in line:
                while not command.endswith("\nEOF"):
                    command += "\n" + next(lines)
            found.append(command)
    return found


@pytest.fixture(scope="module")
def plane() -> Iterator[RunningControlPlane]:
    with control_plane(controllers=True, scheduler=True, kwok_nodes=3) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a clone holds, without what this test has no business to change."""
    for name in ("charts", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.mark.needs("control-plane", "helm")
@pytest.mark.timeout(400)
def test_the_commands_of_the_guide_work_in_their_order(plane: RunningControlPlane, folder: Path) -> None:
    running: list[Operator] = []

    def type_(command: str) -> str:
        done = subprocess.run(
            ["bash", "-ec", command], cwd=folder, env=plane.environ, capture_output=True, text=True, timeout=180, check=False
        )
        said = running[0].tail() if running else ""
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}\n{said}"
        return done.stdout

    typed = 0
    stack: list[Any] = []
    try:
        for command in commands():
            if any(command.startswith(known) for known in ELSEWHERE):
                continue
            if command.startswith("for chart"):
                # one's own machine: taken away again, so that the next section begins as it is read
                type_(command)
                type_("helm uninstall octavo-platform octavo-operator octavo-crds -n octavo-system --wait")
                type_("kubectl delete statefulset,pvc --all -n octavo-system")
                continue
            if command.startswith("kubectl get secret octavo-operator-key"):
                # here, where its pod runs on paper, the operator runs beside it
                context = operator(plane, folder)
                running.append(context.__enter__())
                stack.append(context)
                running[0].wait_ready()
            output = type_(command)
            typed += 1
            if command.startswith("kubectl get gen"):
                assert re.search(r"tiny-stories\s+True\s+story", output), output
        assert typed >= 20
    finally:
        for context in stack:
            context.__exit__(None, None, None)
    assert plane.kubectl("get", "all,cm,secret,netpol,pvc", "-n", NAMESPACE, "-l", "app.kubernetes.io/part-of=octavo", "-o", "name") == ""
    assert plane.kubectl("get", "crd", "-o", "name") == ""


def test_no_command_of_the_guide_is_left_out_without_a_reason() -> None:
    used = {known for known in ELSEWHERE if any(command.startswith(known) for command in commands())}
    assert used == set(ELSEWHERE)


def test_every_value_that_the_guides_name_is_one() -> None:
    known = {".".join(value.path) for chart in document.charts() for value in document.values_of(chart)}
    groups = {path.split(".")[0] for path in known}
    for guide in (INSTALL, KEDA, PLATFORM):
        named = set(re.findall(r"(?<![\w./-])([a-z][A-Za-z]+(?:\.[a-z][A-Za-z]+)+)(?![\w/.-])", guide.read_text()))
        of_charts = {name for name in named if name.split(".")[0] in groups}
        assert of_charts <= known, of_charts - known
        assert of_charts


def rows(section: str) -> list[list[str]]:
    text = INSTALL.read_text().split("## The operator's rights")[1]
    before, own = text.split("And in its own namespace:")
    table = {"watched": before, "own": own}[section]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith("|")]
    return cells[2:]


def rights_told(section: str) -> set[Right]:
    found = set()
    for group, resources, verbs, _ in rows(section):
        name = re.search(r"get of `([a-z-]+)`", verbs)
        for resource in re.findall(r"`([a-z/]+)`", resources):
            plain = verbs if name is None else verbs.replace(f"and {name[0]}", "")
            found |= {Right("" if group == "core" else group.strip("`"), resource, verb) for verb in re.findall(r"[a-z]+", plain)}
            if name is not None:
                found.add(Right("", resource, "get", name[1]))
    return found


def test_the_guide_tells_of_all_rights_and_of_no_others() -> None:
    assert rights_told("watched") == set(IN_WATCHED_NAMESPACES)
    assert rights_told("own") == set(IN_ITS_OWN_NAMESPACE)


def keda_documents() -> list[Any]:
    return [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", KEDA.read_text(), re.MULTILINE | re.DOTALL)]


def test_the_scaled_object_asks_what_a_generator_answers() -> None:
    scaled, _ = keda_documents()
    place, name = scaled["metadata"]["namespace"], scaled["metadata"]["name"]
    answered = set(BacklogResponse.model_json_schema(by_alias=True)["properties"])
    for trigger in scaled["spec"]["triggers"]:
        assert trigger["metadata"]["url"] == f"http://{name}-api.{place}.svc{BACKLOG_PATH}"
        assert trigger["metadata"]["valueLocation"] in answered
        assert trigger["name"] in scaled["spec"]["advanced"]["scalingModifiers"]["formula"]


def test_the_scaled_object_names_what_the_definition_lets_it_scale() -> None:
    scaled, given = keda_documents()
    (crd,) = [yaml.safe_load(path.read_text()) for path in (ROOT / "crds").glob("*.yaml")]
    version = crd["spec"]["versions"][0]
    target = scaled["spec"]["scaleTargetRef"]
    assert (target["apiVersion"], target["kind"]) == (f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"])
    assert version["subresources"]["scale"]["specReplicasPath"] == ".spec.workers.min"
    engine = {"name": "ctranslate2", "model": "builtin://tiny-stories"}
    spec = {"task": "story", "engine": engine, **given["spec"]}
    resource = GeneratorService.model_validate(
        {"apiVersion": target["apiVersion"], "kind": target["kind"], "metadata": {"name": target["name"]}, "spec": spec}
    )
    assert resource.spec.workers.max >= scaled["spec"]["maxReplicaCount"]


@pytest.mark.needs("control-plane", "helm")
@pytest.mark.timeout(200)
def test_what_scales_a_generator_from_outside_sets_its_workers(tmp_path: Path) -> None:
    """As KEDA's own autoscaler does it: through the scale subresource, which also tells it which pods are meant."""
    with control_plane(controllers=True, scheduler=True, kwok_nodes=2) as plane:
        for chart in ("octavo-crds", "octavo-operator"):
            helm.helm("install", chart, str(CHARTS / chart), "-n", NAMESPACE, "--create-namespace", environ=plane.environ)
        plane.kubectl("create", "namespace", "stories")
        plane.kubectl("apply", "-n", "stories", "-f", str(ROOT / "examples" / "tiny-stories.yaml"))
        path = "/apis/octavo.dev/v1alpha1/namespaces/stories/generatorservices/tiny-stories"
        with operator(plane, tmp_path) as running:
            running.wait_ready()
            plane.kubectl("scale", "-n", "stories", "gen/tiny-stories", "--replicas=3")
            plane.kubectl(
                "wait", "-n", "stories", "--for=jsonpath={.status.workers.ready}=3", "gen/tiny-stories", "--timeout=60s", timeout_s=70
            )
            scale = plane.api.get(f"{path}/scale")
            assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (3, 3)
            pods = plane.kubectl("get", "pods", "-n", "stories", "-l", scale["status"]["selector"], "-o", "name").split()
            assert len(pods) == 3
            with pytest.raises(AssertionError, match=r"min may not exceed workers\.max"):
                plane.kubectl("scale", "-n", "stories", "gen/tiny-stories", "--replicas=99")
            assert condition(plane.api.get(path), "Ready")
