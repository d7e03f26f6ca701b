"""The CustomResourceDefinition, computed from the models: `python -m octavo_core.spec.crd crds/` writes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from octavo_core.spec.resource import GROUP, KIND, VERSION
from octavo_core.spec.schema import Schema, allowed_in_words, resource_schema

PLURAL = "generatorservices"
FILE_NAME = f"{PLURAL}.{GROUP}.yaml"

_COLUMNS: tuple[Mapping[str, object], ...] = (
    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status', "description": "Whether it answers."},
    {"name": "Task", "type": "string", "jsonPath": ".spec.task", "description": "What it does."},
    # a JSON path cannot choose between the engine's model and the first provider's, so the operator writes what answers
    {"name": "Model", "type": "string", "jsonPath": ".status.model", "description": "What answers."},
    {"name": "Workers", "type": "integer", "jsonPath": ".status.workers.ready", "description": "Worker pods that take jobs."},
    {"name": "Queued", "type": "integer", "jsonPath": ".status.queue.queued", "description": "Jobs that wait for a worker."},
    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp", "description": "Since when it is there."},
    {
        "name": "Reason",
        "type": "string",
        "jsonPath": '.status.conditions[?(@.type=="Ready")].reason',
        "description": "Why it is ready or not.",
        "priority": 1,
    },
)


def custom_resource_definition() -> dict[str, Any]:
    """The apiextensions.k8s.io/v1 object, with a structural schema whose rules are the models' own."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}", "labels": {"app.kubernetes.io/part-of": "octavo"}},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["gen"],
                "categories": ["octavo"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": [{**column, "name": str(column["name"]).upper()} for column in _COLUMNS],
                    "subresources": {
                        "status": {},
                        # workers.min is the only count of workers that a person sets: `kubectl scale --replicas=3` then means
                        # "never fewer than three", and the backlog may still ask for more
                        "scale": {
                            "specReplicasPath": ".spec.workers.min",
                            "statusReplicasPath": ".status.workers.ready",
                            "labelSelectorPath": ".status.workers.selector",
                        },
                    },
                    "schema": {"openAPIV3Schema": _root(resource_schema())},
                }
            ],
        },
    }


def _root(schema: Schema) -> Schema:
    properties = schema["properties"]
    name = _structural(properties["metadata"]["properties"]["name"])
    return {
        "type": "object",
        "description": schema["description"],
        "required": ["metadata", "spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": properties["apiVersion"]["description"]},
            "kind": {"type": "string", "description": properties["kind"]["description"]},
            # of the metadata a CRD may bind the name and say nothing else; the API server itself checks the rest
            "metadata": {"type": "object", "properties": {"name": name}},
            "spec": _taught(_structural(properties["spec"]), properties["spec"]),
            "status": _structural(properties["status"]),
        },
    }


def _structural(node: Schema) -> Schema:
    """Without what structural schemas forbid: unknown keywords, logic, closed objects (unknown fields are pruned or warned of)."""
    result: Schema = {}
    for key, value in node.items():
        match key:
            case "allOf" | "x-octavo-allowed":
                continue
            case "additionalProperties" if not isinstance(value, dict):
                continue
            case "type" if node.get("x-kubernetes-int-or-string"):
                continue
            case "pattern" if "x-octavo-allowed" in node:
                continue
            case "properties":
                result[key] = {name: _structural(child) for name, child in value.items()}
            case "items" | "additionalProperties":
                result[key] = _structural(value)
            case "x-octavo-rules":
                result["x-kubernetes-validations"] = list(value)
            case _:
                result[key] = value
    if "pattern" in node and "pattern" not in result:
        result["x-kubernetes-validations"] = [_form(node), *result.get("x-kubernetes-validations", ())]
    if isinstance(result.get("default"), dict) and "properties" in result:
        result["default"] = _filled(result["default"], result)
    return result


def _form(node: Schema) -> Schema:
    """The pattern as a rule: of a broken pattern the API server quotes the expression, of a broken rule its words."""
    rule = f"self.matches(r'{node['pattern']}')"
    if node.get("x-kubernetes-int-or-string"):
        # the server asks patterns of text only, so a negative number would pass
        rule = f"type(self) == int ? self >= 0 : {rule}"
    return {"rule": rule, "message": f"must be {node['x-octavo-allowed']}"}


def _taught(result: Schema, node: Schema) -> Schema:
    """With the default and the allowed values in each description, for `kubectl explain` shows nothing else of them."""
    for name, child in result.get("properties", {}).items():
        source = node["properties"][name]
        child["description"] = " ".join([child["description"], *_taught_of(source)])
        _taught(child, source)
        if "items" in child:
            _taught(child["items"], source["items"])
    return result


_ENUM_SHOWN = 4
"""So many choices kubectl shows, and dots for the others."""


def _taught_of(node: Schema) -> Iterator[str]:
    kind = node.get("type")
    if kind == "object":
        return
    if node.get("default") not in (None, [], {}):
        yield f"Default {json.dumps(node['default'])}."
    bounded = kind in {"integer", "number", "array"} or "x-octavo-allowed" in node or len(node.get("enum", ())) > _ENUM_SHOWN
    if bounded:
        yield f"Allowed: {allowed_in_words(node)}."


def _filled(default: Schema, schema: Schema) -> Schema:
    """The default with the defaults inside it: the API server asks the rules of a default before it fills it in."""
    filled = {name: child["default"] for name, child in schema["properties"].items() if "default" in child}
    for name, value in default.items():
        child = schema["properties"][name]
        filled[name] = _filled(value, child) if isinstance(value, dict) and "properties" in child else value
    return filled


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def render() -> str:
    """The definition as YAML."""
    body = yaml.dump(custom_resource_definition(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return f"# Generated from the models in octavo_core.spec by `python -m octavo_core.spec.crd`; do not edit.\n{body}"


def write(path: Path) -> Path:
    """Writes the definition to `path`, or into it under its usual name where it is a folder; returns the file."""
    file = path / FILE_NAME if path.is_dir() else path
    file.write_text(render(), encoding="utf-8")
    return file


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path(sys.argv[1] if len(sys.argv) > 1 else 'crds'))}\n")
