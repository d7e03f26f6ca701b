"""`kubectl octavo plan`: as `octavo plan`, with the settings of the operator that runs in this cluster and the API groups that it has."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from octavo.commands.kube.kubectl import Kubectl, items_of
from octavo.commands.plan import objects, to_yaml
from octavo_core.errors import OctavoError
from octavo_core.settings import read_settings
from octavo_core.spec import load_resources
from octavo_operator.settings import OperatorSettings

_OPERATOR = "app.kubernetes.io/name=octavo-operator,app.kubernetes.io/component=operator"


def run(kubectl: Kubectl, file: Path) -> None:
    """YAML to standard output; what it was computed with, where that is not this cluster's operator, to standard error."""
    resources = load_resources(file)
    groups = groups_of(kubectl.run("api-versions", in_namespace=False))
    settings = _settings(kubectl)
    for resource in resources:
        placed = resource
        if resource.metadata.namespace is None:
            placed = resource.model_copy(update={"metadata": resource.metadata.model_copy(update={"namespace": kubectl.namespace})})
        sys.stdout.write(to_yaml(objects(placed, settings, groups)))


def groups_of(versions: str) -> frozenset[str]:
    """Of the lines `GROUP/VERSION` of `kubectl api-versions`."""
    return frozenset(line.partition("/")[0] for line in versions.split() if "/" in line)


def environment_of(deployment: Mapping[str, Any]) -> dict[str, str]:
    """The variables of an operator's container that stand there as they are; what comes from Secrets decides about no object."""
    containers: Iterable[Mapping[str, Any]] = deployment["spec"]["template"]["spec"]["containers"]
    return {
        variable["name"]: variable["value"]
        for container in containers
        for variable in container.get("env") or ()
        if variable["name"].startswith("OCTAVO_") and isinstance(variable.get("value"), str)
    }


def _settings(kubectl: Kubectl) -> OperatorSettings:
    try:
        found = items_of(kubectl.json("get", "deployments.apps", "--all-namespaces", "--selector", _OPERATOR, in_namespace=False))
    except OctavoError as error:
        sys.stderr.write(f"# the operator's settings cannot be read ({error.message}): computed with the defaults\n")
        found = []
    else:
        if not found:
            sys.stderr.write("# no operator was found in this cluster: computed with the defaults\n")
    # The same reading as in the operator itself, from its variables instead of this shell's.
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("OCTAVO_")}
    try:
        if found:
            os.environ.update({**environment_of(found[0]), "OCTAVO_NAMESPACE": found[0]["metadata"]["namespace"]})
        return read_settings(OperatorSettings)
    finally:
        for name in [name for name in os.environ if name.startswith("OCTAVO_")]:
            del os.environ[name]
        os.environ.update(kept)
