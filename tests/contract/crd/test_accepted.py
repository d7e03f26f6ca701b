"""Given a sound resource, both judges accept it, and what the API server fills in is what a laptop fills in."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tests.contract.crd.cases import COLLECTION, Document, Judge, accepted, cluster_faults, laptop_faults
from tests.servers.cluster import RunningControlPlane

from octavo_core.spec import parse_resource

pytestmark = pytest.mark.needs("control-plane")

ACCEPTED = accepted()


def quantities_as_text(value: Any, *, inside: bool = False) -> Any:
    """The server keeps a quantity as it was written, a laptop as text."""
    if isinstance(value, dict):
        return {key: quantities_as_text(child, inside=inside or key == "resources") for key, child in value.items()}
    if isinstance(value, list):
        return [quantities_as_text(child) for child in value]
    return str(value) if inside else value


def everything(document: Document) -> Any:
    """The spec with all that a laptop fills in, as JSON has it."""
    return parse_resource(document).model_dump(mode="json", by_alias=True, exclude_none=True)["spec"]


@pytest.mark.parametrize("name", ACCEPTED)
def test_both_judges_accept_it(name: str, judge: Judge) -> None:
    document = ACCEPTED[name]
    assert laptop_faults(document) == []
    assert cluster_faults(judge.create(document)) == []
    if "without a value" not in name:  # the server prunes nulls of what is created or patched, and refuses them in what is applied
        assert cluster_faults(judge.apply(document)) == []


def test_the_defaults_are_the_same(plane: RunningControlPlane, client: httpx.Client) -> None:
    """Given every sound resource stored, `kubectl get -o json` shows exactly what a laptop works with."""
    documents = {f"case-{number:03}": document for number, document in enumerate(ACCEPTED.values())}
    try:
        for name, document in documents.items():
            client.post(COLLECTION, json={**document, "metadata": {"name": name}}).raise_for_status()
        stored = {item["metadata"]["name"]: item for item in json.loads(plane.kubectl("get", "gen", "-o", "json"))["items"]}
        for name, document in documents.items():
            shown = stored[name]
            assert quantities_as_text(shown["spec"]) == everything(document)
            # what the server holds is a resource again, with the same meaning
            assert parse_resource(shown).spec == parse_resource(document).spec
    finally:
        client.delete(COLLECTION).raise_for_status()


def test_there_are_enough_of_them() -> None:
    assert len([name for name in ACCEPTED if not name.startswith("examples/")]) >= 10
    assert len([name for name in ACCEPTED if name.startswith("examples/")]) >= 2
