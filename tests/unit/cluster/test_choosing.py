from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from scripts.cluster.choosing import Choice, Kind, Machine, choose, from_json, to_json
from scripts.cluster.failures import ClusterFailure

NOT_ROOT = "the host cluster needs root"


def never() -> str | None:
    raise AssertionError("nobody had to ask")


def machine(
    *,
    forced: str = "",
    kubeconfig: str = "",
    engine: Callable[[], str | None] = lambda: None,
    obstacles: Callable[[], list[str]] = lambda: [],
) -> Machine:
    return Machine(forced, kubeconfig, engine, obstacles, kind_kubeconfig=Path("/kind"), host_kubeconfig=Path("/host"))


def test_a_container_engine_comes_before_the_host() -> None:
    assert choose(machine(engine=lambda: "podman")) == Choice(Kind.KIND, Path("/kind"), "podman")


def test_the_host_where_no_engine_answers() -> None:
    assert choose(machine()) == Choice(Kind.HOST, Path("/host"))


def test_a_kubeconfig_alone_is_not_consent(tmp_path: Path) -> None:
    own = tmp_path / "production"
    own.touch()
    assert choose(machine(kubeconfig=str(own))).kind is Kind.HOST


def test_a_kubeconfig_that_the_caller_asks_for_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "config"
    own.touch()
    assert choose(machine(forced="kubeconfig", kubeconfig=f"{own}:/another", engine=never)) == Choice(Kind.KUBECONFIG, own)


def test_a_kubeconfig_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClusterFailure, match="is not there") as refusal:
        choose(machine(forced="kubeconfig", kubeconfig=str(tmp_path / "missing")))
    assert "KUBECONFIG" in refusal.value.mend


def test_the_host_can_be_forced_where_an_engine_answers() -> None:
    assert choose(machine(forced="host", engine=never)).kind is Kind.HOST


@pytest.mark.parametrize(
    ("forced", "said"), [("kind", "no container engine answers"), ("host", NOT_ROOT), ("k3s", "is no kind of cluster")]
)
def test_what_is_forced_and_impossible_is_refused(forced: str, said: str) -> None:
    with pytest.raises(ClusterFailure) as refusal:
        choose(machine(forced=forced, obstacles=lambda: [NOT_ROOT]))
    assert said in str(refusal.value)


def test_where_nothing_is_possible_everything_that_is_missing_is_said() -> None:
    with pytest.raises(ClusterFailure) as refusal:
        choose(machine(obstacles=lambda: [NOT_ROOT, "programs are missing: apt-get install runc"]))
    said = str(refusal.value)
    assert all(part in said for part in ("Docker or Podman", NOT_ROOT, "apt-get install runc", "OCTAVO_CLUSTER=kubeconfig"))


def test_a_choice_is_remembered_as_it_was() -> None:
    choice = Choice(Kind.KIND, Path("/kind"), "docker")
    assert from_json(to_json(choice)) == choice


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "k3s", "kubeconfig": "", "engine": ""}'])
def test_a_broken_memory_is_none(text: str) -> None:
    assert from_json(text) is None
