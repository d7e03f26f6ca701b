"""Which folders the volume claims need: a claim that the scheduler gave to our node gets a folder and a volume. Pure, but for `Folders`.

A volume is of the type `local`, not `hostPath`: then kubelet gives its files to the pod's fsGroup.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.cluster.api import Object
from scripts.cluster.manifests import PROVISIONER

_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_VOLUME_NAME = re.compile(r"pvc-[0-9a-f-]{36}")


@dataclass(frozen=True)
class Folders:
    """Where the volumes' files lie: one folder a volume, named like it."""

    root: Path

    def path(self, volume: str) -> Path:
        """Raises ValueError for a name that is not one of ours: what is deleted by it must lie below the root."""
        if not _VOLUME_NAME.fullmatch(volume):
            raise ValueError(f"{volume!r} is not the name of a volume of ours")
        return self.root / volume

    def make(self, volume: str) -> Path:
        path = self.path(volume)
        path.mkdir(parents=True, exist_ok=True)
        # Whoever the pod runs as, when it has no fsGroup.
        path.chmod(0o777)
        return path

    def delete(self, volume: str) -> None:
        shutil.rmtree(self.path(volume), ignore_errors=True)


def wanted(claims: Iterable[Object], volumes: Iterable[Object], classes: Mapping[str, Object], node: str) -> list[Object]:
    """The claims that wait for a volume of ours: bound to no volume, of a class of ours, for a pod that goes to this node."""
    taken = {volume["metadata"]["name"] for volume in volumes}
    return [
        claim
        for claim in claims
        if not claim["spec"].get("volumeName")
        and not claim["metadata"].get("deletionTimestamp")
        and classes.get(claim["spec"].get("storageClassName") or "", {}).get("provisioner") == PROVISIONER
        and (claim["metadata"].get("annotations") or {}).get(_SELECTED_NODE) == node
        and (claim["spec"].get("volumeMode") or "Filesystem") == "Filesystem"
        and volume_name(claim) not in taken
    ]


def released(volumes: Iterable[Object]) -> list[str]:
    """Names of the volumes whose claim is gone and whose folder is to go with it."""
    return [
        volume["metadata"]["name"]
        for volume in volumes
        if (volume["metadata"].get("annotations") or {}).get(_PROVISIONED_BY) == PROVISIONER
        and volume.get("status", {}).get("phase") == "Released"
        and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
        and not volume["metadata"].get("deletionTimestamp")
    ]


def volume_name(claim: Object) -> str:
    return f"pvc-{claim['metadata']['uid']}"


def volume(claim: Object, storage_class: Object, path: Path, node: str) -> Object:
    """The volume for the claim. Its size is the claim's word: a folder has no limit."""
    terms = [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}]
    meta = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": volume_name(claim), "annotations": {_PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "accessModes": claim["spec"]["accessModes"],
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
            "volumeMode": "Filesystem",
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **{key: meta[key] for key in ("namespace", "name", "uid")}},
            "local": {"path": str(path)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
        },
    }
