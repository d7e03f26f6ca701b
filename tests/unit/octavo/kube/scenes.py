"""A generator as a real API server showed it: recorded with kubectl while the operator kept it, cut to what is read here."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from octavo.commands.kube.tree import Node, View, view_of

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
_FOLDER = Path(__file__).parent / "recorded"


def recorded(scene: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(the resource, all that carries its label); a copy that the test may change."""
    document = json.loads((_FOLDER / f"{scene}.json").read_text())
    return document["resource"], document["objects"]


def view(scene: str) -> View:
    return view_of(*recorded(scene), NOW)


def without_status(resource: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(resource)
    found.pop("status", None)
    return found


def find(nodes: tuple[Node, ...], beginning: str) -> Node:
    """The first node, at any depth, whose label begins so."""
    for node in nodes:
        if node.label.startswith(beginning):
            return node
        try:
            return find(node.children, beginning)
        except LookupError:
            continue
    raise LookupError(beginning)
