"""Given a resource that cannot work, the API server refuses it and says where and what to change; a laptop says it of the same place.

The table is refused.yaml: one row, two judges.
"""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
import yaml
from tests.contract.crd.cases import COLLECTION, Fault, Judge, Place, Refused, cluster_faults, laptop_faults, place_of, rows
from tests.servers.cluster import RunningControlPlane

pytestmark = pytest.mark.needs("control-plane")

REFUSED = rows("refused")
UNCHANGEABLE = rows("unchangeable")
# what a person cannot act on: a bare expression, or the type of a value in the value's place
CRYPTIC = re.compile(r"should match|\(\?|\[a-z0-9\]\)|Invalid value: \"object\"|failed rule|no such key")


def said_at(faults: list[Fault], place: Place) -> str:
    return "\n".join(fault.words for fault in faults if fault.place == place)


def test_the_table_is_long_enough_and_says_each_thing_once() -> None:
    assert len(REFUSED) >= 50
    assert len({row.name for row in REFUSED}) == len(REFUSED)
    assert len({str(row.document) for row in REFUSED}) == len(REFUSED)


@pytest.mark.parametrize("row", REFUSED, ids=[row.name for row in REFUSED])
def test_both_judges_refuse_it_at_the_same_place(row: Refused, judge: Judge) -> None:
    by_cluster, by_laptop = cluster_faults(judge.create(row.document)), laptop_faults(row.document)
    assert {fault.place for fault in by_cluster} | row.places == row.places, by_cluster
    assert {fault.place for fault in by_laptop} == row.places, by_laptop
    place = place_of(row.path)
    assert row.cluster in said_at(by_cluster, place)
    assert row.laptop in said_at(by_laptop, place)


@pytest.mark.parametrize("row", REFUSED, ids=[row.name for row in REFUSED])
def test_server_side_apply_refuses_it_too(row: Refused, judge: Judge) -> None:
    faults = cluster_faults(judge.apply(row.document))
    assert place_of(row.path) in {fault.place for fault in faults}, faults


@pytest.mark.parametrize("row", REFUSED, ids=[row.name for row in REFUSED])
def test_its_words_are_for_people(row: Refused, judge: Judge) -> None:
    faults = cluster_faults(judge.create(row.document))
    ours = [fault for fault in faults if "RFC 1123" not in fault.words]  # Kubernetes' own words about names stand beside ours
    assert not [fault.words for fault in ours if CRYPTIC.search(fault.words)]
    if row.hides is not None:
        assert row.hides not in str(faults)
        assert row.hides not in str(laptop_faults(row.document))


def test_kubectl_shows_every_one_of_them(plane: RunningControlPlane, tmp_path: Path) -> None:
    """Given the whole table as a folder, kubectl names each resource and the place of its fault."""
    shown = [row for row in REFUSED if row.document["metadata"]["name"] == "demo" and "spec" in row.document]
    for number, row in enumerate(shown):
        document = {**row.document, "metadata": {**row.document["metadata"], "name": f"case-{number:03}"}}
        (tmp_path / f"case-{number:03}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(AssertionError) as caught:
        plane.kubectl("create", "--validate=strict", "--dry-run=server", "-f", str(tmp_path))
    complaints = re.split(r"(?m)^(?=Error from server|The GeneratorService )", str(caught.value))
    for number, row in enumerate(shown):
        (about,) = [text for text in complaints if f"case-{number:03}" in text]
        assert row.cluster in about, row.name
        assert any(place_of(path) == place_of(row.path) for path in re.findall(r"\w[\w.\[\]]+", about)), about


@pytest.mark.parametrize("row", UNCHANGEABLE, ids=[row.name for row in UNCHANGEABLE])
def test_what_is_there_keeps_what_cannot_change(row: Refused, client: httpx.Client) -> None:
    """Given the base as it stands, when it is changed so, the API server refuses, and the base stays."""
    url = f"{COLLECTION}/demo"
    before = client.post(COLLECTION, json=row.base).raise_for_status().json()
    try:
        changes = {key: value for key, value in row.document["spec"].items() if before["spec"].get(key) != value}
        response = client.patch(url, json={"spec": changes}, headers={"content-type": "application/merge-patch+json"})
        faults = cluster_faults(response)
        assert [fault.place for fault in faults] == [place_of(row.path)]
        assert row.cluster in faults[0].words
        assert client.get(url).json() == before
    finally:
        client.delete(url).raise_for_status()


def test_a_change_beside_what_cannot_change_is_taken(client: httpx.Client) -> None:
    base = UNCHANGEABLE[0].base
    client.post(COLLECTION, json=base).raise_for_status()
    try:
        patch = {"spec": {"database": {"managed": {"onDelete": "retain"}}, "workers": {"max": 3}}}
        headers = {"content-type": "application/merge-patch+json"}
        changed = client.patch(f"{COLLECTION}/demo", json=patch, headers=headers).raise_for_status().json()["spec"]
        assert changed["database"]["managed"] == {"type": "postgresql", "storage": "5Gi", "onDelete": "retain"}
        assert changed["workers"]["max"] == 3
    finally:
        client.delete(f"{COLLECTION}/demo").raise_for_status()
