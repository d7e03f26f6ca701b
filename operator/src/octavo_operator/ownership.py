"""Whether somebody else changed a field that the operator applied: read from `managedFields`, not guessed from values.

Server-side apply records for every object which manager owns which field. Whoever changes or removes a field that the operator owns,
by edit, replace, scale, patch or an apply with force, takes it out of the operator's entry; what the server fills in, what controllers
report and what other managers add leaves the entry alone. So a child has drifted when its entry lacks a field of the manifest. Values
need not be compared: no defaults to know, no quantities to normalise, and an admission webhook that rewrites a value of ours causes
no endless writes. The format is described in Kubernetes' structured-merge-diff (FieldsV1).

Entries are alike among thousands of objects, for they hold names of fields and no values. They are kept once each (`Fields`), and a child
that was once found whole is known to be so as long as its entry is the very same object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakValueDictionary

import orjson

from octavo_operator.names import MANAGER
from octavo_operator.resource import Manifest

_ANY_OWNER: Mapping[str, Any] = {"*": {}}
_NOT_FIELDS = frozenset({"apiVersion", "kind"})
_NEVER_OWNED = frozenset({"name", "namespace", "resourceVersion"})
"""Of metadata: they name the object."""


class Fields:
    """What one manager's entry lists. Two children with equal entries hold the same object."""

    __slots__ = ("__weakref__", "_text")

    def __init__(self, text: bytes) -> None:
        self._text = text

    def tree(self) -> dict[str, Any]:
        """As FieldsV1 writes it: `f:name` for fields, `k:{…}` for items of keyed lists, `v:…` for items of sets."""
        tree: dict[str, Any] = orjson.loads(self._text)
        return tree


_known: WeakValueDictionary[bytes, Fields] = WeakValueDictionary()


def owned_fields(managed_fields: Sequence[Mapping[str, Any]]) -> Fields | None:
    """The operator's entry of an object's `managedFields`; None where it has none: not applied by it, or wiped."""
    for entry in managed_fields:
        if entry.get("manager") == MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource"):
            tree = entry.get("fieldsV1") or {}
            metadata = tree.get("f:metadata")
            if metadata and metadata.get("f:ownerReferences"):
                # the one part that differs from generator to generator; the owner itself is looked at elsewhere
                tree = {**tree, "f:metadata": {**metadata, "f:ownerReferences": _ANY_OWNER}}
            text = orjson.dumps(tree)
            fields = _known.get(text)
            if fields is None:
                fields = _known[text] = Fields(text)
            return fields
    return None


def other_managers(managed_fields: Sequence[Mapping[str, Any]]) -> list[str]:
    """Who else has written the object, without controllers' status."""
    return sorted({entry.get("manager", "") for entry in managed_fields if entry.get("subresource") != "status"} - {MANAGER, ""})


def lost_fields(manifest: Manifest, fields: Fields | None) -> list[str]:
    """Paths of the manifest that the operator no longer owns, such as `spec.replicas`; empty where the child is whole."""
    if fields is None:
        return ["metadata.managedFields"]
    tree = fields.tree()
    lost: list[str] = []
    for name, value in manifest.items():
        if name == "metadata":
            inner = {key: child for key, child in value.items() if key not in _NEVER_OWNED and key != "ownerReferences"}
            lost += _lost(inner, tree.get("f:metadata", {}), "metadata")
            if value.get("ownerReferences") and "f:ownerReferences" not in tree.get("f:metadata", {}):
                lost.append("metadata.ownerReferences")
        elif name not in _NOT_FIELDS:
            lost += _below(name, value, tree, "")
    return lost


def _below(name: str, value: Any, owned: Mapping[str, Any], path: str) -> Iterator[str]:
    place = f"{path}.{name}" if path else name
    if value is None:
        return  # an apply of null says nothing
    inner = owned.get(f"f:{name}")
    if inner is None:
        if value != {} or path:
            yield place
        return
    if inner:  # an empty one is a leaf: a scalar, or a list or map that is owned as a whole
        yield from _lost(value, inner, place)


def _lost(value: Any, owned: Mapping[str, Any], path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, child in value.items():
            yield from _below(name, child, owned, path)
    elif isinstance(value, list | tuple):
        yield from _lost_items(value, owned, path)


def _lost_items(items: Sequence[Any], owned: Mapping[str, Any], path: str) -> Iterator[str]:
    keyed = [(orjson.loads(name[2:]), inner) for name, inner in owned.items() if name.startswith("k:")]
    for item in items:
        if not isinstance(item, Mapping):
            if f"v:{orjson.dumps(item).decode()}" not in owned:
                yield f"{path}[{item}]"
            continue
        # a key that the item leaves out was filled in by the server
        match = next((pair for pair in keyed if all(item.get(key, wanted) == wanted for key, wanted in pair[0].items())), None)
        if match is None:
            name = item.get("name") or item.get("mountPath") or item.get("port") or "?"
            yield f"{path}[{name}]"
        else:
            yield from _lost(item, match[1], f"{path}[{next(iter(match[0].values()))}]")
