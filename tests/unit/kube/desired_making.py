"""Shorthand of the tests that look at single objects."""

from __future__ import annotations

from typing import Any

from tests.unit.kube.desired_cases import ENGINE, document, settings, situation

from octavo_core.spec import GeneratorService, parse_resource
from octavo_operator import names
from octavo_operator.desired import desired
from octavo_operator.resource import Manifest, Situation
from octavo_operator.settings import OperatorSettings

NAME = "tales"


def story(**spec: Any) -> GeneratorService:
    return parse_resource(document(NAME, task="story", engine=ENGINE, **spec))


def text(*providers: dict[str, Any], **spec: Any) -> GeneratorService:
    named = [{"name": f"p{n}", "type": "openai", "model": "m", **provider} for n, provider in enumerate(providers)]
    return parse_resource(document(NAME, task="text", providers=named, **spec))


class Objects:
    """The objects of one generator by kind and name."""

    def __init__(self, resource: GeneratorService, at: Situation | None = None, by: OperatorSettings | None = None) -> None:
        self.manifests = desired(resource, at or situation(), by or settings())
        self._found = {(manifest["kind"], manifest["metadata"]["name"]): manifest for manifest in self.manifests}

    def __contains__(self, reference: tuple[str, str]) -> bool:
        return reference in self._found

    def get(self, kind: str, name: str) -> Any:
        return self._found[kind, name]

    def workload(self, name: str) -> Any:
        """`name` as in names.api(…), names.redis(…)."""
        return self._found.get(("Deployment", name)) or self._found["StatefulSet", name]

    def template(self, name: str) -> Any:
        return self.workload(name)["spec"]["template"]

    def container(self, name: str) -> Any:
        return self.template(name)["spec"]["containers"][0]

    def variables(self, name: str) -> dict[str, Any]:
        """Each variable's value, or the (Secret, key) that it comes from."""
        found: dict[str, Any] = {}
        for variable in self.container(name).get("env", ()):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            found[variable["name"]] = variable["value"] if reference is None else (reference["name"], reference["key"])
        return found

    def rolls(self, other: Objects) -> set[str]:
        """The workloads whose pods are made anew on the way from `self` to `other`."""
        mine = {name for kind, name in self._found if kind in {"Deployment", "StatefulSet"}}
        theirs = {name for kind, name in other._found if kind in {"Deployment", "StatefulSet"}}
        return {name for name in mine & theirs if self.template(name) != other.template(name)}


API, WORKER, REDIS, DATABASE = names.api(NAME), names.worker(NAME), names.redis(NAME), names.database(NAME)
SECRET = names.credentials(NAME)


def hash_of(manifest: Manifest) -> str:
    value: str = manifest["metadata"]["annotations"][names.HASH_ANNOTATION]
    return value
