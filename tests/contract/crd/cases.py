"""The tables as documents, and both judges' verdicts in one form: the faults, each a place and words."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from octavo_core.errors import InvalidResource
from octavo_core.spec import API_VERSION, KIND, parse_resource

Document = dict[str, Any]
Place = tuple[str | int, ...]

HERE = Path(__file__).parent
EXAMPLES = sorted((HERE.parents[2] / "examples").glob("*.yaml"))
COLLECTION = "/apis/octavo.dev/v1alpha1/namespaces/default/generatorservices"

_TOKEN = re.compile(r'\.?(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|\["(?P<quoted>[^"]*)"\]|\[(?P<key>[^\]]*)\]')
_UNKNOWN = re.compile(r'unknown field "([^"]+)"')
_UNDECLARED = re.compile(r"(\.\S+): (?:field not declared|expected )")
# the server says it beside every fault of shape; it names no place, and it is true
_AN_ECHO = "some validation rules were not checked because the object was invalid"


@dataclass(frozen=True)
class Fault:
    place: Place
    words: str


@dataclass(frozen=True)
class Refused:
    """A row of refused.yaml. `also` are places that fall with the first one; `hides` must not be repeated to anybody."""

    name: str
    document: Document
    base: Document
    path: str
    cluster: str
    laptop: str
    also: tuple[str, ...] = ()
    hides: str | None = None

    @property
    def places(self) -> set[Place]:
        return {place_of(path) for path in (self.path, *self.also)}


def place_of(path: str) -> Place:
    """Both spellings: `spec.resources.limits["nvidia.com/gpu"]` and `.spec.resources.limits[nvidia.com/gpu]`."""
    place: list[str | int] = []
    for match in _TOKEN.finditer(path):
        index = match["index"]
        place.append(int(index) if index is not None else next(part for part in match.group("name", "quoted", "key") if part is not None))
    return tuple(place)


def resource(spec: Document, name: str = "demo") -> Document:
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}


def merged(value: Any, patch: Any) -> Any:
    """A JSON merge patch, with one addition for what is too long to write down (see `_expanded`)."""
    if not isinstance(patch, dict):
        return patch
    if "times" in patch:
        return _expanded(patch)
    result = dict(value) if isinstance(value, dict) else {}
    for key, child in patch.items():
        if child is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), child)
    return result


def _expanded(patch: Document) -> Any:
    """`{text: x, times: 3, after: a}` is `axxx`; `{each: {…}, times: 3}` a list of three with names of their own."""
    if "each" in patch:
        return [{"name": f"n{number}", **patch["each"]} for number in range(patch["times"])]
    return patch.get("after", "") + patch["text"] * patch["times"]


def rows(table: str) -> list[Refused]:
    """A table of refused.yaml: `refused` or `unchangeable`."""
    file = yaml.safe_load((HERE / "refused.yaml").read_text(encoding="utf-8"))
    found = []
    for row in file[table]:
        base = resource(deepcopy(file["bases"][row["base"]]))
        document = merged(base, row.get("document", {"spec": row.get("patch", {})}))
        words = {"cluster": row.get("cluster", row.get("says")), "laptop": row.get("laptop", row.get("says"))}
        assert None not in words.values(), row["name"]
        found.append(Refused(row["name"], document, base, row["path"], also=tuple(row.get("also", ())), hides=row.get("hides"), **words))
    return found


def accepted() -> dict[str, Document]:
    """The documents of accepted.yaml and the examples, by name."""
    table = yaml.safe_load((HERE / "accepted.yaml").read_text(encoding="utf-8"))
    found = {row["name"]: resource(row["spec"]) for row in table}
    assert len(found) == len(table)
    return found | {f"examples/{file.name}": yaml.safe_load(file.read_text(encoding="utf-8")) for file in EXAMPLES}


def laptop_faults(document: Document) -> list[Fault]:
    """What `octavo up` and `octavo plan` say; empty where they accept it."""
    try:
        parse_resource(document)
    except InvalidResource as error:
        return [Fault(place_of(fault.path), f"{fault.path}: {fault.message}") for fault in error.faults]
    return []


def cluster_faults(response: httpx.Response) -> list[Fault]:
    """What the API server says; empty where it accepts. A verdict that names no place at all is a fault at `()`."""
    if response.is_success:
        return []
    status = response.json()
    message = status["message"]
    causes = [cause for cause in status.get("details", {}).get("causes", ()) if _AN_ECHO not in cause["message"]]
    if causes and status["reason"] == "Invalid":
        return [Fault(place_of(cause["field"]), f"{cause['field']}: {cause['message']}") for cause in causes]
    paths = _UNKNOWN.findall(message) or _UNDECLARED.findall(message)
    return [Fault(place_of(path), message) for path in paths] or [Fault((), message)]


class Judge:
    """The API server: asked strictly, as kubectl does, and without keeping anything."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def create(self, document: Document) -> httpx.Response:
        """`kubectl create --validate=strict --dry-run=server`."""
        return self._client.post(COLLECTION, params={"fieldValidation": "Strict", "dryRun": "All"}, json=document)

    def apply(self, document: Document) -> httpx.Response:
        """`kubectl apply --server-side --validate=strict --dry-run=server`."""
        query = {"fieldValidation": "Strict", "dryRun": "All", "fieldManager": "person"}
        headers = {"content-type": "application/apply-patch+yaml"}
        path = f"{COLLECTION}/{document['metadata']['name']}"
        return self._client.patch(path, params=query, headers=headers, content=json.dumps(document))
