"""The volume of pictures: there for those who keep them in a folder, shared by API and workers, kept or gone as it was asked."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.kube.desired_cases import document, secret, settings, situation
from tests.unit.kube.desired_making import API, DATABASE, NAME, REDIS, WORKER, Objects, story

from octavo_core.errors import InvalidResource
from octavo_core.spec import GeneratorService, parse_resource
from octavo_operator import names
from octavo_operator.plan import plan, reference_of
from octavo_operator.resource import Child

CLAIM = ("PersistentVolumeClaim", names.images(NAME))
MANY = {"local": {"accessMode": "ReadWriteMany"}}
S3 = {"backend": "s3", "s3": {"bucket": "b"}}
SEALED = {**S3, "credentials": secret("s3", "key"), "encryptionKey": secret("seal", "key")}


def drawing(**spec: Any) -> GeneratorService:
    return parse_resource(document(NAME, task="image", providers=[{"name": "sketch", "type": "sketch"}], **spec))


def test_api_and_workers_share_the_folder_that_their_setting_names() -> None:
    objects = Objects(drawing())
    for name in (API, WORKER):
        folder = objects.variables(name)["OCTAVO_PICTURES_FOLDER"]
        (mount,) = [mount for mount in objects.container(name)["volumeMounts"] if mount["mountPath"] == folder]
        assert "readOnly" not in mount, "the API deletes and sweeps"
        spec = objects.template(name)["spec"]
        assert {"name": mount["name"], "persistentVolumeClaim": {"claimName": CLAIM[1]}} in spec["volumes"]
        assert spec["securityContext"]["fsGroup"] == spec["securityContext"]["runAsUser"]
    assert objects.get(*CLAIM)["spec"] == {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Gi"}}}


@pytest.mark.parametrize("resource", [story(), drawing(images={"store": False}), drawing(storage=S3)])
def test_there_is_none_where_no_picture_is_kept_in_a_folder(resource: GeneratorService) -> None:
    objects = Objects(resource)
    assert CLAIM not in objects
    assert "OCTAVO_PICTURES_FOLDER" not in objects.variables(API)
    assert "affinity" not in objects.template(WORKER)["spec"]


class TestOneNode:
    """A volume that one node alone can have must draw the pods there, and only those that use it."""

    def test_takes_all_pods_that_share_it(self) -> None:
        objects = Objects(drawing(api={"replicas": 2}))
        for name in (API, WORKER):
            template = objects.template(name)
            (term,) = template["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
            assert term["topologyKey"] == "kubernetes.io/hostname"
            wanted = term["labelSelector"]["matchLabels"]
            assert wanted.items() <= template["metadata"]["labels"].items(), "or the first of them would fit nowhere"
            assert names.SHARES_LABEL in wanted, "pods of before the volume may stand anywhere"
        for store in (REDIS, DATABASE):
            assert names.SHARES_LABEL not in objects.template(store)["metadata"]["labels"]
        assert ("PodDisruptionBudget", API) not in objects, "it would keep the one node from being drained"

    def test_is_not_asked_for_where_many_can_have_it(self) -> None:
        objects = Objects(drawing(storage=MANY, api={"replicas": 2}))
        assert objects.get(*CLAIM)["spec"]["accessModes"] == ["ReadWriteMany"]
        assert "affinity" not in objects.template(API)["spec"]
        assert names.SHARES_LABEL not in objects.template(API)["metadata"]["labels"]
        assert ("PodDisruptionBudget", API) in objects


@pytest.mark.parametrize(
    ("spec", "kept"),
    [
        ({}, False),
        ({"storage": {"local": {"onDelete": "retain"}}}, True),
        ({"database": {"managed": {"onDelete": "retain"}}}, True),
        ({"database": {"managed": {"onDelete": "retain"}}, "storage": {"local": {"onDelete": "delete"}}}, False),
        ({"database": {"external": secret("db", "url")}}, False),
    ],
)
def test_it_goes_with_its_generator_or_stays(spec: dict[str, Any], kept: bool) -> None:
    owners = Objects(drawing(**spec)).get(*CLAIM)["metadata"].get("ownerReferences")
    assert (owners is None) is kept


def test_the_storage_class_is_the_resources_else_the_operators() -> None:
    by = settings(storage_class_name="fast")
    assert Objects(drawing(), by=by).get(*CLAIM)["spec"]["storageClassName"] == "fast"
    own = drawing(storage={"local": {"storageClassName": "nfs"}})
    assert Objects(own, by=by).get(*CLAIM)["spec"]["storageClassName"] == "nfs"


def test_a_larger_volume_rolls_nothing() -> None:
    assert Objects(drawing()).rolls(Objects(drawing(storage={"local": {"size": "90Gi"}}))) == set()


def test_it_stays_while_the_generator_sleeps() -> None:
    asleep = situation(scale=situation().scale.__class__(api=0, workers=0, stores=False))
    assert CLAIM in Objects(drawing(), asleep)


def child(resource: GeneratorService, *, kept: bool) -> Child:
    reference = reference_of(Objects(resource).get(*CLAIM))
    return Child(reference, "uid", "1", "hash", kept=kept)


def test_pictures_that_are_kept_elsewhere_from_now_on_take_the_volume_along_unless_it_is_retained() -> None:
    elsewhere = Objects(drawing(storage=S3)).manifests
    gone = child(drawing(), kept=False)
    assert [delete.reference for delete in plan(elsewhere, {gone.reference: gone}).deletes] == [gone.reference]
    stays = child(drawing(), kept=True)
    assert plan(elsewhere, {stays.reference: stays}).deletes == ()


def test_a_volume_is_asked_for_where_there_is_a_folder_alone() -> None:
    with pytest.raises(InvalidResource, match="local belongs to backend local only"):
        drawing(storage={**S3, "local": {"size": "1Gi"}})


class TestObjectStorage:
    """Its credentials reach both sides, roll them when they change, and the way there is open."""

    def test_secrets_stand_in_the_variables_of_api_and_workers(self) -> None:
        objects = Objects(drawing(storage=SEALED))
        for name in (API, WORKER):
            assert objects.variables(name)["OCTAVO_SECRET_S3_KEY"] == ("s3", "key")
            assert objects.variables(name)["OCTAVO_SECRET_SEAL_KEY"] == ("seal", "key")

    def test_a_changed_secret_makes_new_pods_of_both(self) -> None:
        before = Objects(drawing(storage=SEALED), situation(fingerprints={"s3": "a", "seal": "b"}))
        for change in ({"s3": "c", "seal": "b"}, {"s3": "a", "seal": "c"}):
            assert before.rolls(Objects(drawing(storage=SEALED), situation(fingerprints=change))) == {API, WORKER}

    @pytest.mark.parametrize(
        ("storage", "port"),
        [
            (S3, 443),
            ({"backend": "azure", "azure": {"account": "a", "container": "c"}}, 443),
            ({"backend": "azure", "azure": {"account": "a", "container": "c", "endpoint": "http://10.1.2.3:10000/a"}}, 10_000),
            ({"backend": "s3", "s3": {"bucket": "b", "endpoint": "http://minio.storage.svc:9000"}}, None),
        ],
    )
    def test_both_sides_may_go_there(self, storage: dict[str, Any], port: int | None) -> None:
        objects = Objects(drawing(storage=storage))
        for name in (API, WORKER):
            (rule,) = objects.get("NetworkPolicy", name)["spec"]["egress"]
            assert rule.get("ports") == (None if port is None else [{"port": port, "protocol": "TCP"}])
