from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from scripts.cluster.agent.storage import Folders, released, volume, volume_name, wanted
from scripts.cluster.layout import Network
from scripts.cluster.manifests import PROVISIONER, base

Object = dict[str, Any]

UID = "0fda3c26-2ef5-4ccc-b8e4-a168d2c1ff4c"
CLASS = next(each for each in base(Network(), upstream=True) if each["kind"] == "StorageClass")
CLASSES = {"local": CLASS, "paper": {"metadata": {"name": "paper"}, "provisioner": "elsewhere"}}


def claim(*, node: str = "octavo", **spec: Any) -> Object:
    requests = {"requests": {"storage": "1Gi"}}
    return {
        "metadata": {"name": "data", "namespace": "app", "uid": UID, "annotations": {"volume.kubernetes.io/selected-node": node}},
        "spec": {"storageClassName": "local", "accessModes": ["ReadWriteOnce"], "resources": requests} | spec,
    }


def test_a_claim_for_our_node_gets_a_volume() -> None:
    assert wanted([claim()], [], CLASSES, "octavo") == [claim()]


@pytest.mark.parametrize(
    "other",
    [
        claim(node="kwok-1"),
        claim(storageClassName="paper"),
        claim(storageClassName=None),
        claim(volumeName="pvc-1"),
        claim(volumeMode="Block"),
        claim() | {"metadata": claim()["metadata"] | {"annotations": None}},
        claim() | {"metadata": claim()["metadata"] | {"deletionTimestamp": "2026-01-01T00:00:00Z"}},
    ],
)
def test_other_claims_are_none_of_our_business(other: Object) -> None:
    assert wanted([other], [], CLASSES, "octavo") == []


def test_a_claim_whose_volume_is_made_is_left_to_be_bound() -> None:
    made = volume(claim(), CLASS, Path("/v"), "octavo")
    assert wanted([claim()], [made], CLASSES, "octavo") == []


def test_the_volume_is_the_claims_alone_and_stays_on_its_node() -> None:
    made = volume(claim(), CLASS, Path("/v"), "octavo")
    assert made["spec"]["claimRef"]["uid"] == UID
    assert made["spec"]["local"] == {"path": "/v"}
    assert made["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    terms = made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert terms == [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["octavo"]}]}]


def test_a_released_volume_goes_with_its_folder_unless_it_is_to_be_kept() -> None:
    made = volume(claim(), CLASS, Path("/v"), "octavo") | {"status": {"phase": "Released"}}
    kept = volume(claim(), CLASS | {"reclaimPolicy": "Retain"}, Path("/v"), "octavo") | {"status": {"phase": "Released"}}
    bound = made | {"status": {"phase": "Bound"}}
    foreign = made | {"metadata": {"name": "pvc-x", "annotations": {"pv.kubernetes.io/provisioned-by": "elsewhere"}}}
    assert released([made, kept, bound, foreign]) == [volume_name(claim())]


def test_a_folder_is_for_whoever_the_pod_runs_as(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "volumes")
    path = folders.make(f"pvc-{UID}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o777
    (path / "file").touch()
    assert folders.make(f"pvc-{UID}") == path
    assert (path / "file").exists()
    folders.delete(f"pvc-{UID}")
    assert not path.exists()
    folders.delete(f"pvc-{UID}")


@pytest.mark.parametrize("name", ["..", "", "pvc-../../etc", f"pvc-{UID}/..", f"{UID}", f"pvc-{UID}\n"])
def test_nothing_outside_of_the_volumes_can_be_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is not the name"):
        Folders(tmp_path).delete(name)


def test_the_class_is_the_default_and_waits_for_a_pod() -> None:
    assert CLASS["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
    assert CLASS["volumeBindingMode"] == "WaitForFirstConsumer"
    assert CLASS["provisioner"] == PROVISIONER
