"""What kubectl complains of, told so that a person knows what to do; and what its options become."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from octavo.commands.kube.kubectl import Kubectl, explain, name_of, selector
from octavo_core.errors import Forbidden, InvalidInput, Misconfigured, NotFound, OctavoError, Unavailable

COMPLAINTS: list[tuple[str, type[OctavoError], str]] = [
    ('error: the server doesn\'t have a resource type "generatorservices"', Misconfigured, "install the charts octavo-crds"),
    ('Error from server (NotFound): generatorservices.octavo.dev "nope" not found', NotFound, "there is no GeneratorService nope here"),
    ('Error from server (NotFound): namespaces "x" not found', NotFound, 'namespaces "x" not found'),
    (
        'Error from server (Forbidden): pods is forbidden: User "eve" cannot list resource "pods" in API group "" in the namespace "prod"',
        Forbidden,
        'User "eve" cannot list resource "pods"',
    ),
    ("error: You must be logged in to the server (Unauthorized)", Forbidden, "You must be logged in"),
    (
        "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
        Unavailable,
        "the cluster is not reached",
    ),
    ("Unable to connect to the server: dial tcp: lookup k.example: no such host", Unavailable, "no such host"),
    ('error: context "nope" does not exist', Misconfigured, 'context "nope" does not exist'),
    (
        'Error from server (ServiceUnavailable): no endpoints available for service "tales-api:http"',
        Unavailable,
        "no pod of its API answers",
    ),
    (
        'Error from server (ServiceUnavailable): the server is currently unable to handle the request: {"success":false,'
        '"error":"unavailable","message":"the database of jobs does not answer (TimeoutError)","status":503}',
        Unavailable,
        "the generator answers: the database of jobs does not answer",
    ),
    ('Error from server: {"error":"unauthenticated","message":"a bearer token is required"}', Forbidden, "a bearer token is required"),
    ("", Unavailable, "without a word"),
    ("W0101 12:00:00.0 warnings.go] odd\nerror: something else", Unavailable, "something else"),
]


@pytest.mark.parametrize(("complaint", "kind", "words"), COMPLAINTS, ids=[complaint[:50] for complaint, _, _ in COMPLAINTS])
def test_a_complaint_is_told_as_what_it_means(complaint: str, kind: type[OctavoError], words: str) -> None:
    error = explain(complaint)
    assert type(error) is kind
    assert words in error.message


@pytest.mark.parametrize("given", ["tales", "gen/tales", "generatorservice/tales", "generatorservices.octavo.dev/tales"])
def test_a_name_is_taken_as_kubectl_prints_it(given: str) -> None:
    assert name_of(given) == "tales"


@pytest.mark.parametrize("given", ["", "Tales", "a,b", "a b", "--all", "-l", "a/b", "pod/tales", "../x", "a=b", "é"])
def test_what_is_no_name_goes_into_no_command_line(given: str) -> None:
    with pytest.raises(InvalidInput, match="no name of a generator"):
        name_of(given)


def test_a_selector_is_written_as_kubectl_takes_it() -> None:
    assert selector(instance="tales", component=["api", "worker"]) == (
        "app.kubernetes.io/instance=tales,app.kubernetes.io/component in (api,worker)"
    )


def program(folder: Path, script: str) -> None:
    file = folder / "kubectl"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_options_stand_before_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, 'for word in "$@"; do echo "$word"; done')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    kubectl = Kubectl(namespace="prod", context="c", kubeconfig=Path("/k"))
    assert kubectl.run("get", "pods").splitlines() == ["--context", "c", "--kubeconfig", "/k", "--namespace", "prod", "get", "pods"]
    assert "--namespace" not in kubectl.run("api-versions", in_namespace=False)


def test_the_namespace_is_the_contexts_where_none_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "printf team-a")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert Kubectl().namespace == "team-a"
    program(tmp_path, "true")
    assert Kubectl().namespace == "default"


def test_what_is_no_json_is_doubted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "echo '<html>'")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(Unavailable, match="no JSON"):
        Kubectl().json("get", "pods")


def test_a_kubectl_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(Unavailable, match=r"did not answer within 0\.2 s"):
        Kubectl().run("get", "pods", timeout_s=0.2)


def test_without_kubectl_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misconfigured, match="kubectl is not here"):
        Kubectl().run("get", "pods")
