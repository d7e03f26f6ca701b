"""From wanted and there to the writes: nothing where they agree, and never a hand on what is not ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.kube.desired_cases import settings, situation
from tests.unit.kube.desired_making import NAME, story

from octavo_operator import names
from octavo_operator.desired import desired
from octavo_operator.plan import Delete, Plan, plan, reference_of
from octavo_operator.resource import Child, Manifest, Reference, Scale, Situation


def make(at: Situation | None = None, **spec: Any) -> tuple[Manifest, ...]:
    return desired(story(**spec), at or situation(), settings())


def seen(manifest: Manifest, **given: Any) -> Child:
    """The child as it is observed after this manifest was applied."""
    annotations = manifest["metadata"]["annotations"]
    component = manifest["metadata"]["labels"][names.COMPONENT_LABEL]
    reference = reference_of(manifest)
    child = Child(
        reference,
        uid=f"uid of {reference.kind} {reference.name}",
        resource_version="1",
        hash=annotations[names.HASH_ANNOTATION],
        fixed=annotations.get(names.FIXED_ANNOTATION),
        component=component if manifest["kind"] in {"Deployment", "StatefulSet"} else None,
    )
    return replace(child, **given)


def children(manifests: tuple[Manifest, ...]) -> dict[Reference, Child]:
    return {reference_of(manifest): seen(manifest) for manifest in manifests}


REDIS = Reference("apps/v1", "StatefulSet", names.redis(NAME))
DATABASE = Reference("apps/v1", "StatefulSet", names.database(NAME))
WORKER = Reference("apps/v1", "Deployment", names.worker(NAME))


def applied(found: Plan) -> list[Reference]:
    return [write.reference for write in found.applies]


def test_at_first_everything_is_applied_in_its_order() -> None:
    wanted = make()
    found = plan(wanted, {})
    assert [write.manifest for write in found.applies] == list(wanted)
    assert (found.deletes, found.refused) == ((), ())


def test_at_rest_nothing_is_written() -> None:
    found = plan(make(), children(make()))
    assert found == Plan()
    assert found.empty


def test_only_what_differs_is_applied() -> None:
    there = children(make())
    assert applied(plan(make(situation(scale=Scale(api=1, workers=3))), there)) == [WORKER]


@pytest.mark.parametrize("change", [{"drifted": True}, {"hash": None}, {"hash": "of a former operator"}])
def test_what_somebody_changed_is_applied_again(change: dict[str, Any]) -> None:
    there = children(make())
    there[WORKER] = replace(there[WORKER], **change)
    assert applied(plan(make(), there)) == [WORKER]


def test_what_is_not_wanted_any_more_is_deleted_if_it_is_still_the_same_object() -> None:
    there = children(make(api={"ingress": {"host": "a.example.org"}}))
    gone = Reference("networking.k8s.io/v1", "Ingress", names.api(NAME))
    found = plan(make(), there)
    assert found.deletes == (Delete(gone, f"uid of Ingress {gone.name}"),)
    assert found.applies == ()


def test_another_ones_object_is_neither_changed_nor_deleted() -> None:
    there = children(make())
    there[WORKER] = replace(there[WORKER], owned=False, hash="theirs")
    stranger = Reference("v1", "ConfigMap", "notes")
    there[stranger] = Child(stranger, "uid", "1", None, owned=False)
    found = plan(make(), there)
    assert found.empty
    (refused,) = found.refused
    assert (refused.reference, refused.foreign) == (WORKER, True)
    assert "does not belong to this generator" in refused.message


def test_what_is_going_away_is_waited_for() -> None:
    there = children(make(api={"ingress": {"host": "a.example.org"}}))
    there = {reference: replace(child, deleting=True, hash="old") for reference, child in there.items()}
    assert plan(make(), there) == Plan()


class TestWhatCannotChangeInPlace:
    there = children(make())

    def test_a_redis_is_deleted_first_and_applied_when_it_is_gone(self) -> None:
        wanted = make(redis={"managed": {"storage": "1Gi"}})
        found = plan(wanted, self.there)
        assert [write.reference for write in found.deletes] == [REDIS]
        assert REDIS not in applied(found)
        gone = {reference: child for reference, child in self.there.items() if reference != REDIS}
        assert REDIS in applied(plan(wanted, gone))

    def test_a_database_is_left_as_it_is_and_it_is_said(self) -> None:
        wanted = desired(story(), situation(), settings(storage_class_name="other"))
        found = plan(wanted, self.there)
        (refused,) = found.refused
        assert (refused.reference, refused.foreign) == (DATABASE, False)
        assert "cannot change in place" in refused.message
        assert found.empty, "redis has no volume"

    def test_one_of_a_former_operator_that_marked_nothing_is_tried(self) -> None:
        there = {**self.there, DATABASE: replace(self.there[DATABASE], fixed=None, hash=None)}
        assert applied(plan(make(), there)) == [DATABASE]


@given(st.data())
def test_what_a_plan_leaves_behind_needs_no_further_write(data: st.DataObject) -> None:
    specs = [{}, {"api": {"replicas": 3, "ingress": {"host": "a.example.org"}}}, {"database": {"external": {"secretRef": SECRET}}}]
    before, after = (make(**data.draw(st.sampled_from(specs))) for _ in range(2))
    there = {
        reference: replace(child, drifted=data.draw(st.booleans()))
        for reference, child in children(before).items()
        if data.draw(st.booleans())
    }
    found = plan(after, there)
    for write in found.applies:
        there[write.reference] = seen(write.manifest)
    for delete in found.deletes:
        assert there.pop(delete.reference).uid == delete.uid
    assert plan(after, there) == Plan()
    assert there.keys() == {reference_of(manifest) for manifest in after}


SECRET = {"name": "a", "key": "b"}
