"""`kubectl octavo` with a real kubectl against a real API server, whose nodes are on paper, with the operator at work."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tests.servers.cluster import RunningControlPlane, control_plane
from tests.servers.kube_operator import RunningOperator, apply, operator, prepare, read, story, wait_settled
from tests.servers.starting import wait_until

from octavo_operator.names import WAKE_ANNOTATION

pytestmark = pytest.mark.needs("control-plane")

SPACE = "kept"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """A person's: with kubectl and the plugin on the PATH."""

    plane: RunningControlPlane
    folder: Path

    def __call__(self, *words: str, kubeconfig: Path | None = None, within_s: float = 60) -> Ran:
        environment = dict(self.plane.environ)
        environment["PATH"] = f"{self.folder}{os.pathsep}{environment['PATH']}"
        environment["KUBECONFIG"] = str(kubeconfig or self.plane.kubeconfig)
        environment["COLUMNS"] = "300"
        program = shutil.which("kubectl", path=environment["PATH"])
        assert program is not None
        done = subprocess.run(
            [program, *words], env=environment, capture_output=True, text=True, timeout=within_s, stdin=subprocess.DEVNULL, check=False
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def plane() -> Iterator[RunningControlPlane]:
    with control_plane(controllers=True, scheduler=True, kwok_nodes=2) as plane:
        prepare(plane, SPACE, "empty")
        yield plane


@pytest.fixture(scope="module")
def keeper(plane: RunningControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOperator]:
    with operator(plane.kubeconfig, tmp_path_factory.mktemp("operator")) as running:
        running.wait_to_lead()
        apply(plane, SPACE, story("tale", workers={"min": 1}), story("resting"))
        wait_settled(plane, SPACE, "tale")
        wait_settled(plane, SPACE, "resting")
        yield running


@pytest.fixture(scope="module")
def shell(plane: RunningControlPlane, keeper: RunningOperator, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("bin")
    plugin = folder / "kubectl-octavo"
    plugin.write_text(f'#!/bin/sh\nexec {sys.executable} -m octavo.commands.kube.cli "$@"\n')
    plugin.chmod(plugin.stat().st_mode | stat.S_IXUSR)
    return Shell(plane, folder)


def test_kubectl_finds_the_plugin(shell: Shell) -> None:
    ran = shell("octavo", "--help")
    assert ran.code == 0
    assert all(word in ran.out for word in ("status", "plan", "jobs", "logs", "wake", "top"))


def test_all_generators_in_a_table(shell: Shell) -> None:
    ran = shell("octavo", "status", "-n", SPACE)
    assert ran.code == 0
    rows = {line.split()[0]: line for line in ran.out.splitlines()[1:] if line.strip()}
    assert "ready, workers asleep" in rows["resting"]
    assert "✓" in rows["tale"]
    assert "1/1" in rows["tale"]
    everywhere = shell("octavo", "status", "-A")
    assert SPACE in everywhere.out
    assert "no GeneratorService here" in shell("octavo", "status", "-n", "empty").out


def test_one_generator_as_a_tree(shell: Shell) -> None:
    ran = shell("octavo", "status", "gen/tale", "-n", SPACE)
    assert ran.code == 0
    for part in ("tale  story with builtin://tiny-stories", "✓ API  Deployment tale-api  1/1 ready", "✓ database  StatefulSet tale-db"):
        assert part in ran.out
    assert "pod tale-worker-" in ran.out
    assert "tale-credentials" not in ran.out, "Secrets are not read"


def test_a_failing_pod_is_told_on_top(shell: Shell) -> None:
    plane = shell.plane
    apply(plane, SPACE, story("broken", workers={"min": 1}))
    wait_settled(plane, SPACE, "broken")
    pods = json.loads(plane.kubectl("get", "pods", "-n", SPACE, "-l", "app.kubernetes.io/instance=broken", "-o", "json"))["items"]
    (pod,) = [pod for pod in pods if pod["metadata"]["labels"]["app.kubernetes.io/component"] == "worker"]
    container = pod["spec"]["containers"][0]
    words = f'Back-off pulling image "{container["image"]}": ErrImagePull: unexpected status: 401 Unauthorized'
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": words}}
    state = {"name": container["name"], "image": container["image"], "imageID": "", "ready": False, "restartCount": 0, "state": waiting}
    status = {"conditions": [{"type": "Ready", "status": "False"}], "containerStatuses": [state]}
    change = json.dumps({"status": status})
    plane.kubectl("patch", "pod", pod["metadata"]["name"], "-n", SPACE, "--subresource=status", "--type=merge", "-p", change)
    wait_until(lambda: "✗ broken" in shell("octavo", "status", "broken", "-n", SPACE).out, what="it fails")
    ran = shell("octavo", "status", "broken", "-n", SPACE)
    assert "401 Unauthorized" in ran.out.split("url:")[0]
    assert "not ready (ImagePullBackOff)" in ran.out
    assert "✗ broken: ImagePullBackOff" in shell("octavo", "status", "-n", SPACE).out


def test_what_is_not_there_is_told_in_one_line(shell: Shell) -> None:
    ran = shell("octavo", "status", "nope", "-n", SPACE)
    assert (ran.code, ran.out) == (1, "")
    assert "there is no GeneratorService nope here" in ran.err
    bad = shell("octavo", "status", "No_Name", "-n", SPACE)
    assert bad.code == 2
    assert "no name of a generator" in bad.err


def test_a_cluster_that_is_not_there_is_told_in_one_line(shell: Shell, tmp_path: Path) -> None:
    document = yaml.safe_load(shell.plane.kubeconfig.read_text())
    document["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    other = tmp_path / "kubeconfig"
    other.write_text(yaml.safe_dump(document))
    ran = shell("octavo", "status", kubeconfig=other)
    assert ran.code == 1
    assert "the cluster is not reached" in ran.err


def test_the_plan_is_what_the_operator_applied(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "tale.yaml"
    file.write_text(yaml.safe_dump(story("tale", workers={"min": 1})))
    ran = shell("octavo", "plan", str(file), "-n", SPACE)
    assert ran.code == 0
    assert "no operator was found" in ran.err, "it runs outside of this cluster"
    planned = {(document["kind"], document["metadata"]["name"]): document for document in yaml.safe_load_all(ran.out)}
    assert all(document["metadata"]["namespace"] == SPACE for document in planned.values())
    for kind, name in planned:
        assert read(shell.plane, SPACE, kind.lower(), name) is not None, (kind, name)
    standing = read(shell.plane, SPACE, "deployment", "tale-api") or {}
    image = standing["spec"]["template"]["spec"]["containers"][0]["image"]
    assert planned["Deployment", "tale-api"]["spec"]["template"]["spec"]["containers"][0]["image"] == image


def test_the_plan_takes_the_settings_of_the_clusters_operator(shell: Shell, tmp_path: Path) -> None:
    labels = {"app.kubernetes.io/name": "octavo-operator", "app.kubernetes.io/component": "operator"}
    container = {"name": "operator", "image": "x:1", "env": [{"name": "OCTAVO_IMAGE_SERVICE", "value": "mirror.example/service:9"}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "octavo-operator", "labels": labels},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    }
    apply(shell.plane, "octavo-system", deployment)
    file = tmp_path / "tale.yaml"
    file.write_text(yaml.safe_dump(story("tale")))
    try:
        ran = shell("octavo", "plan", str(file), "-n", SPACE)
    finally:
        shell.plane.kubectl("delete", "deployment", "octavo-operator", "-n", "octavo-system")
    assert ran.err == ""
    assert "image: mirror.example/service:9" in ran.out


def test_wake_says_it_to_the_operator(shell: Shell) -> None:
    ran = shell("octavo", "wake", "resting", "-n", SPACE)
    assert (ran.code, "resting is told to wake" in ran.out) == (0, True)
    first = (read(shell.plane, SPACE, "gen", "resting") or {})["metadata"]["annotations"][WAKE_ANNOTATION]
    again = shell("octavo", "wake", "resting", "-n", SPACE, "--wait", "1")
    assert again.code == 1
    assert "resting is not awake after 1 s" in again.err
    assert (read(shell.plane, SPACE, "gen", "resting") or {})["metadata"]["annotations"][WAKE_ANNOTATION] > first
    assert shell("octavo", "wake", "tale", "-n", SPACE, "--wait", "20").out == "tale is awake\n"


def test_logs_of_pods_that_are_not_there(shell: Shell) -> None:
    ran = shell("octavo", "logs", "resting", "-c", "worker", "-n", SPACE)
    assert ran.code == 1
    assert "no pod of worker stands for resting" in ran.err
    assert "there is no GeneratorService nope" in shell("octavo", "logs", "nope", "-n", SPACE).err


def test_top_shows_the_work_and_says_what_is_not_measured(shell: Shell) -> None:
    ran = shell("octavo", "top", "-n", SPACE)
    assert ran.code == 0
    assert "tale" in ran.out
    assert "cpu and memory are not measured here" in ran.out


def test_jobs_of_one_that_answers_nobody(shell: Shell) -> None:
    ran = shell("octavo", "jobs", "nope", "-n", SPACE)
    assert (ran.code, "there is no GeneratorService nope here" in ran.err) == (1, True)


def test_a_person_with_few_rights_sees_what_they_may(shell: Shell, tmp_path: Path) -> None:
    plane = shell.plane
    plane.kubectl("create", "serviceaccount", "eve", "-n", SPACE)
    plane.kubectl("create", "role", "eve", "-n", SPACE, "--verb=get,list", "--resource=generatorservices.octavo.dev,deployments.apps")
    plane.kubectl("create", "rolebinding", "eve", "-n", SPACE, "--role=eve", f"--serviceaccount={SPACE}:eve")
    document = yaml.safe_load(plane.kubeconfig.read_text())
    document["users"][0]["user"] = {"token": plane.kubectl("create", "token", "eve", "-n", SPACE).strip()}
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(document))
    ran = shell("octavo", "status", "tale", "-n", SPACE, kubeconfig=kubeconfig)
    assert ran.code == 0
    assert "Deployment tale-api" in ran.out
    assert "you may not read them: " in ran.out
    assert "statefulsets" in ran.out
    refused = shell("octavo", "wake", "tale", "-n", SPACE, kubeconfig=kubeconfig)
    assert refused.code == 1
    assert "cannot patch resource" in refused.err
