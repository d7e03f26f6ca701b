"""What every builder is given: one generator, how things stand, and the operator's settings. And how a child is put together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from octavo_core.spec import API_VERSION, KIND, GeneratorService, Spec
from octavo_operator import names
from octavo_operator.resource import Manifest, Situation
from octavo_operator.settings import OperatorSettings

Json = dict[str, Any]

_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Subject:
    """The input of `desired()`, handed to all builders alike."""

    resource: GeneratorService
    situation: Situation
    settings: OperatorSettings
    generators: str
    """Text of the file with the resource, as `config.generators_file` makes it."""
    secrets: Mapping[str, str] = field(repr=False)
    """Data of the generator's own Secret in plain, as `credentials.values` makes them."""

    @property
    def name(self) -> str:
        return self.resource.metadata.name

    @property
    def namespace(self) -> str | None:
        return self.resource.metadata.namespace

    @property
    def spec(self) -> Spec:
        return self.resource.spec

    def child(
        self, api_version: str, kind: str, name: str, component: str, *, annotations: Json | None = None, kept: bool = False, **body: Any
    ) -> Json:
        """A manifest with name, labels and owner, yet without its hash; `body` are its other top-level fields. `kept`: it has no owner, so
        that it outlives the generator."""
        metadata: Json = {"name": name, "labels": names.labels(self.name, component)}
        if self.namespace is not None:
            metadata["namespace"] = self.namespace
        if annotations:
            metadata["annotations"] = annotations
        if not kept:
            metadata["ownerReferences"] = [self._owner()]
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}

    def _owner(self) -> Json:
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": self.name,
            "uid": self.situation.uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }


def digest(value: object) -> str:
    """The same for the same value, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_DIGITS]


def hashed(manifest: Json) -> Manifest:
    """The manifest with its own hash as annotation: what tells the operator later whether anything is to be written."""
    found = digest(manifest)
    metadata = manifest["metadata"]
    metadata["annotations"] = {**metadata.get("annotations", {}), names.HASH_ANNOTATION: found}
    return manifest
