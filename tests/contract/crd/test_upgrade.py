"""Given objects that were stored under an earlier definition, when the new one is applied, they can still be read and written.

`earlier/` holds a definition of each stage that people may have installed, as it was then.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.crd.cases import COLLECTION, Document, accepted, cluster_faults
from tests.contract.crd.conftest import DEFINITION, define
from tests.servers.cluster import RunningControlPlane, control_plane

from octavo_core.spec import parse_resource

pytestmark = pytest.mark.needs("control-plane")

EARLIER = sorted((Path(__file__).parent / "earlier").glob("*.yaml"))
MERGE = {"content-type": "application/merge-patch+json"}
ALLOWED_SINCE = (
    "exactly one of secretRef and env",
    "the engine sketch makes images only",
    "spec.providers[1].name: Invalid value",
    'Unsupported value: "scenes"',
)
"""What earlier rules said of what is allowed now: both credentials, sketches that are described, names with an underscore, an engine that
came later."""
READY = {"type": "Ready", "status": "True", "reason": "Answers", "message": ""}


class Upgraded:
    """An API server on which `documents` were stored before it got the definition of now."""

    def __init__(self, plane: RunningControlPlane, earlier: Path) -> None:
        self.client: httpx.Client = plane.api._client
        self.documents: dict[str, Document] = {}
        self.stored: dict[str, Document] = {}
        define(plane, earlier)
        for number, document in enumerate(accepted().values()):
            self._store(f"case-{number:03}", document)
        # as long as names could be, and beginning as they could
        self._store("a" * 50, accepted()["the smallest story"])
        self._store("7-dwarfs", accepted()["the smallest story"])
        define(plane, DEFINITION)

    def _store(self, name: str, document: Document) -> None:
        """What the earlier definition does not know yet is not in it, nor what was allowed only later."""
        renamed = {**document, "metadata": {"name": name}}
        response = self.client.post(COLLECTION, params={"fieldValidation": "Strict"}, json=renamed)
        faults = cluster_faults(response)
        is_later = any("unknown field" in fault.words for fault in faults)
        if not is_later and not any(words in fault.words for fault in faults for words in ALLOWED_SINCE):
            self.stored[name] = response.raise_for_status().json()
            self.documents[name] = renamed

    def get(self, name: str) -> Any:
        return self.client.get(f"{COLLECTION}/{name}").raise_for_status().json()

    def patch(self, name: str, change: Document, part: str = "") -> httpx.Response:
        return self.client.patch(f"{COLLECTION}/{name}{part}", json=change, headers=MERGE)


@pytest.fixture(scope="module", params=EARLIER, ids=[file.stem for file in EARLIER])
def upgraded(request: pytest.FixtureRequest) -> Iterator[Upgraded]:
    with control_plane() as plane:
        yield Upgraded(plane, request.param)


def test_most_of_what_is_sound_now_was_sound_before(upgraded: Upgraded) -> None:
    assert len(upgraded.documents) >= 14


def test_what_was_stored_is_read_as_it_was_with_the_defaults_of_now(upgraded: Upgraded) -> None:
    for name, before in upgraded.stored.items():
        now = upgraded.get(name)
        assert now["metadata"]["generation"] == 1
        assert now["spec"]["api"]["sleepSeconds"] == 3600
        if name.startswith("case-"):  # the other names are not allowed any more
            assert parse_resource(now).spec == parse_resource(before).spec, name


def test_what_was_stored_takes_changes_of_its_spec(upgraded: Upgraded) -> None:
    for name in upgraded.documents:
        changed = upgraded.patch(name, {"spec": {"workers": {"max": 9}}})
        assert cluster_faults(changed) == [], name
        assert changed.json()["spec"]["workers"]["max"] == 9
        assert changed.json()["metadata"]["generation"] == 2


def test_what_was_stored_takes_the_fields_that_came_later(upgraded: Upgraded) -> None:
    for name in upgraded.documents:
        later = {"sleepSeconds": 60, "httpRoute": {"parentRefs": [{"name": "public"}]}}
        assert cluster_faults(upgraded.patch(name, {"spec": {"api": later}})) == [], name


def test_what_was_stored_takes_labels_and_a_status(upgraded: Upgraded) -> None:
    for name in upgraded.documents:
        assert cluster_faults(upgraded.patch(name, {"metadata": {"labels": {"team": "ai"}}})) == [], name
        assert cluster_faults(upgraded.patch(name, {"status": {"conditions": [READY]}}, "/status")) == [], name


def test_what_was_stored_is_applied_again(upgraded: Upgraded) -> None:
    """Given the same file as before, as a person or a GitOps controller applies it."""
    for name, document in upgraded.documents.items():
        response = upgraded.client.patch(
            f"{COLLECTION}/{name}",
            params={"fieldManager": "person", "force": "true", "fieldValidation": "Strict"},
            headers={"content-type": "application/apply-patch+yaml"},
            json=_without_nulls(document),
        )
        assert cluster_faults(response) == [], name


def test_what_was_stored_can_be_deleted(upgraded: Upgraded) -> None:
    for name in upgraded.documents:
        upgraded.client.delete(f"{COLLECTION}/{name}").raise_for_status()
    assert upgraded.client.get(COLLECTION).json()["items"] == []


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(child) for key, child in value.items() if child is not None}
    return value
