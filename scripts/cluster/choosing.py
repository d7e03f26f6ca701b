"""Which kind of cluster this machine gets. `choose` is pure; `look` asks the machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from scripts.cluster.failures import ClusterFailure


class Kind(StrEnum):
    KUBECONFIG = "kubeconfig"
    """The caller's own cluster, which is only used, never changed by `up` or `down`."""
    KIND = "kind"
    HOST = "host"


@dataclass(frozen=True)
class Choice:
    kind: Kind
    kubeconfig: Path
    engine: str = ""
    """docker or podman, for kind."""


@dataclass(frozen=True)
class Machine:
    """What there is to choose from. The questions cost time, so they are asked only when they matter."""

    forced: str
    """OCTAVO_CLUSTER."""
    kubeconfig: str
    """KUBECONFIG."""
    engine: Callable[[], str | None]
    obstacles: Callable[[], list[str]]
    """To a host cluster."""
    kind_kubeconfig: Path
    host_kubeconfig: Path


def choose(machine: Machine) -> Choice:
    """Raises ClusterFailure that says everything that is missing."""
    match machine.forced:
        case "":
            return _first_possible(machine)
        case Kind.KUBECONFIG:
            return _kubeconfig(machine)
        case Kind.KIND:
            engine = machine.engine()
            if engine is None:
                raise ClusterFailure(
                    "OCTAVO_CLUSTER=kind, but no container engine answers", mend="start Docker or Podman, or unset OCTAVO_CLUSTER"
                )
            return Choice(Kind.KIND, machine.kind_kubeconfig, engine)
        case Kind.HOST:
            if obstacles := machine.obstacles():
                raise ClusterFailure("OCTAVO_CLUSTER=host, but this machine cannot carry one", why=_listed(obstacles))
            return Choice(Kind.HOST, machine.host_kubeconfig)
    kinds = ", ".join(Kind)
    raise ClusterFailure(
        f"OCTAVO_CLUSTER={machine.forced} is no kind of cluster", mend=f"one of {kinds}, or unset it to let this machine choose"
    )


def _first_possible(machine: Machine) -> Choice:
    """A KUBECONFIG is used only when it is asked for: a test must never run on somebody's production by accident."""
    if engine := machine.engine():
        return Choice(Kind.KIND, machine.kind_kubeconfig, engine)
    obstacles = machine.obstacles()
    if not obstacles:
        return Choice(Kind.HOST, machine.host_kubeconfig)
    why = "no Docker or Podman engine answers, so kind cannot run; and for a cluster on this host:\n" + _listed(obstacles)
    mend = (
        "any one of: start Docker or Podman; do what the list says; or set OCTAVO_CLUSTER=kubeconfig and KUBECONFIG to a cluster of yours"
    )
    raise ClusterFailure("this machine cannot run a cluster as it is", why=why, mend=mend)


def _kubeconfig(machine: Machine) -> Choice:
    path = Path(machine.kubeconfig.split(":")[0]).expanduser() if machine.kubeconfig else Path("~/.kube/config").expanduser()
    if not path.is_file():
        raise ClusterFailure(f"OCTAVO_CLUSTER=kubeconfig, but {path} is not there", mend="set KUBECONFIG to the file of the cluster to use")
    return Choice(Kind.KUBECONFIG, path)


def _listed(obstacles: list[str]) -> str:
    return "\n".join(f"- {obstacle}" for obstacle in obstacles)


def to_json(choice: Choice) -> str:
    return json.dumps({"kind": choice.kind, "kubeconfig": str(choice.kubeconfig), "engine": choice.engine})


def from_json(text: str) -> Choice | None:
    """None where the text is not a choice."""
    try:
        fields: Mapping[str, str] = json.loads(text)
        return Choice(Kind(fields["kind"]), Path(fields["kubeconfig"]), fields["engine"])
    except (ValueError, KeyError, TypeError):
        return None
