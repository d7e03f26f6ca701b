"""What another manager's write leaves in `managedFields`, as a real API server writes it (`tests/integration/kube` has it for real)."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from octavo_operator.ownership import lost_fields, other_managers, owned_fields

MANIFEST: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "tale-api",
        "namespace": "kept",
        "labels": {"a": "1", "b.example/c": "2"},
        "annotations": {"octavo.dev/hash": "x"},
        "ownerReferences": [
            {"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "name": "tale", "uid": "u-1", "controller": True}
        ],
    },
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"a": "1"}},
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "api",
                        "args": ["one", "two"],
                        "env": [{"name": "HOME", "value": "/x"}, {"name": "EMPTY", "value": ""}],
                        "ports": [{"name": "http", "containerPort": 8000}],
                        "resources": {"requests": {"cpu": "1"}},
                        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                    }
                ],
                "volumes": [{"name": "tmp", "emptyDir": {}}],
                "tolerations": [],
                "finalizers": ["f"],
            }
        },
    },
}
OWNED: dict[str, Any] = {
    "f:metadata": {
        "f:labels": {"f:a": {}, "f:b.example/c": {}},
        "f:annotations": {"f:octavo.dev/hash": {}},
        "f:ownerReferences": {'k:{"uid":"u-1"}': {}},
    },
    "f:spec": {
        "f:replicas": {},
        "f:selector": {},
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"api"}': {
                        ".": {},
                        "f:name": {},
                        "f:args": {},
                        "f:env": {
                            'k:{"name":"HOME"}': {".": {}, "f:name": {}, "f:value": {}},
                            'k:{"name":"EMPTY"}': {".": {}, "f:name": {}, "f:value": {}},
                        },
                        "f:ports": {'k:{"containerPort":8000,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:containerPort": {}}},
                        "f:resources": {"f:requests": {"f:cpu": {}}},
                        "f:volumeMounts": {'k:{"mountPath":"/tmp"}': {".": {}, "f:name": {}, "f:mountPath": {}}},
                    }
                },
                "f:volumes": {'k:{"name":"tmp"}': {".": {}, "f:name": {}, "f:emptyDir": {}}},
                "f:tolerations": {},
                "f:finalizers": {'v:"f"': {}},
            }
        },
    },
}


def managed(tree: dict[str, Any], *others: dict[str, Any]) -> list[dict[str, Any]]:
    own = {"manager": "octavo-operator", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": tree}
    return [own, *others]


def without(tree: dict[str, Any], *path: str) -> dict[str, Any]:
    """As the API server takes a field out of an entry: what becomes empty goes too."""
    cut = copy.deepcopy(tree)
    places = [cut]
    for name in path[:-1]:
        places.append(places[-1][name])
    del places[-1][path[-1]]
    for place, name in zip(reversed(places[:-1]), reversed(path[:-1]), strict=True):
        if not place[name]:
            del place[name]
    return cut


def test_what_was_applied_is_whole() -> None:
    assert lost_fields(MANIFEST, owned_fields(managed(OWNED))) == []


CONTAINER = ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"api"}')
LOSSES: dict[str, tuple[tuple[str, ...], str]] = {
    "a scalar": (("f:spec", "f:replicas"), "spec.replicas"),
    "a map that is owned as a whole": (("f:spec", "f:selector"), "spec.selector"),
    "a label": (("f:metadata", "f:labels", "f:a"), "metadata.labels.a"),
    "a label with a dot": (("f:metadata", "f:labels", "f:b.example/c"), "metadata.labels.b.example/c"),
    "all annotations": (("f:metadata", "f:annotations", "f:octavo.dev/hash"), "metadata.annotations"),
    "the owner": (("f:metadata", "f:ownerReferences", 'k:{"uid":"u-1"}'), "metadata.ownerReferences"),
    "an item of a keyed list": ((*CONTAINER, "f:env", 'k:{"name":"HOME"}'), "spec.template.spec.containers[api].env[HOME]"),
    "a value in such an item": (
        (*CONTAINER, "f:env", 'k:{"name":"HOME"}', "f:value"),
        "spec.template.spec.containers[api].env[HOME].value",
    ),
    "an item whose key the server completed": (
        (*CONTAINER, "f:ports", 'k:{"containerPort":8000,"protocol":"TCP"}'),
        "spec.template.spec.containers[api].ports",
    ),
    "a list that is owned as a whole": ((*CONTAINER, "f:args"), "spec.template.spec.containers[api].args"),
    "something deep": ((*CONTAINER, "f:resources", "f:requests", "f:cpu"), "spec.template.spec.containers[api].resources"),
    "an empty map": (
        ("f:spec", "f:template", "f:spec", "f:volumes", 'k:{"name":"tmp"}', "f:emptyDir"),
        "spec.template.spec.volumes[tmp].emptyDir",
    ),
    "an item of a set": (("f:spec", "f:template", "f:spec", "f:finalizers", 'v:"f"'), "spec.template.spec.finalizers"),
}


@pytest.mark.parametrize("what", LOSSES)
def test_what_somebody_changed_is_named(what: str) -> None:
    path, named = LOSSES[what]
    fields = owned_fields(managed(without(OWNED, *path)))
    assert lost_fields(MANIFEST, fields) == [named]


def test_what_others_add_is_no_loss() -> None:
    entry = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:minReadySeconds": {}}}}
    status = {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}}
    list_ = managed(OWNED, entry, status)
    assert lost_fields(MANIFEST, owned_fields(list_)) == []
    assert other_managers(list_) == ["kubectl-edit"]


def test_without_an_entry_everything_is_lost() -> None:
    """Wiped, or written by the same name in another way."""
    update = {"manager": "octavo-operator", "operation": "Update", "fieldsV1": OWNED}
    status = {"manager": "octavo-operator", "operation": "Apply", "subresource": "status", "fieldsV1": OWNED}
    for entries in ([], [{}], [update], [status]):
        assert owned_fields(entries) is None
        assert lost_fields(MANIFEST, owned_fields(entries)) == ["metadata.managedFields"]


def test_equal_entries_are_one_object_whoever_the_owner_is() -> None:
    other = copy.deepcopy(OWNED)
    other["f:metadata"]["f:ownerReferences"] = {'k:{"uid":"u-2"}': {}}
    one, two = owned_fields(managed(OWNED)), owned_fields(managed(other))
    assert one is two
    assert owned_fields(managed(without(OWNED, "f:spec", "f:replicas"))) is not one
