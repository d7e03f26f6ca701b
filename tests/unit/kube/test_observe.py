from __future__ import annotations

from tests.unit.kube.observed_objects import UID, config_map, deployment, entry, metadata, pod

from octavo_operator.kinds import CLAIM, CONFIG_MAP, DEPLOYMENT
from octavo_operator.observe import family_of, see, see_claim, see_pod
from octavo_operator.resource import Reference, WorkloadState


def test_a_child_is_remembered_by_what_decisions_need() -> None:
    child = see(CONFIG_MAP, config_map(version=7)).child(UID, drifted=False)
    assert child.reference == Reference("v1", "ConfigMap", "tale-config")
    assert (child.resource_version, child.hash, child.owned, child.deleting) == ("7", "h1", True, False)


def test_metadata_alone_say_as_much() -> None:
    whole = config_map()
    partial = {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": whole["metadata"]}
    assert see(CONFIG_MAP, partial) == see(CONFIG_MAP, whole)


def test_a_workload_says_how_far_it_is() -> None:
    seen = see(DEPLOYMENT, deployment(replicas=3, ready=2, updated=1, generation=4, seen=3))
    assert seen.workload == WorkloadState(desired=3, ready=2, updated=1, current=False)


def test_of_two_troubles_the_one_that_says_more_is_kept() -> None:
    conditions = [
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too long"},
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"},
        {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable", "message": "none"},
    ]
    for order in (conditions, conditions[::-1]):
        workload = see(DEPLOYMENT, deployment(conditions=order)).workload
        assert workload is not None
        assert (workload.trouble_reason, workload.trouble_message) == ("FailedCreate", "exceeded quota")


def test_who_owns_a_child() -> None:
    foreign = config_map(owner=None, managedFields=[])
    orphan = config_map(owner=None)
    stranger = config_map(owner="22222222-2222-2222-2222-222222222222")
    stranger["metadata"]["ownerReferences"][0]["kind"] = "Deployment"
    former = config_map(owner="33333333-3333-3333-3333-333333333333")
    assert see(CONFIG_MAP, config_map()).child(UID, drifted=False).owned
    assert not see(CONFIG_MAP, foreign).child(UID, drifted=False).owned
    assert not see(CONFIG_MAP, stranger).child(UID, drifted=False).owned
    # somebody took the owner away: our fields still say whose it is
    assert see(CONFIG_MAP, orphan).child(UID, drifted=False).owned
    # a generator of the same name that is gone: its children are going, and are waited for
    child = see(CONFIG_MAP, former).child(UID, drifted=False)
    assert (child.owned, child.deleting) == (True, True)


def test_a_version_alone_makes_no_difference() -> None:
    one, other = see(CONFIG_MAP, config_map(version=1)), see(CONFIG_MAP, config_map(version=2))
    assert not one.differs_from(other)
    changed = config_map(version=3)
    changed["metadata"]["managedFields"] = [entry({"f:data": {}})]
    assert see(CONFIG_MAP, changed).differs_from(one)


def test_a_pod_is_its_state() -> None:
    statuses = [
        {
            "name": "api",
            "ready": False,
            "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
            "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "message": "x" * 5_000 + "the last words"}},
        }
    ]
    seen = see_pod(pod(ready=False, statuses=statuses))
    assert seen is not None
    container = seen.containers[0]
    assert (container.waiting_reason, container.exit_code, container.restarts, container.image) == (
        "CrashLoopBackOff",
        1,
        3,
        "octavo/service:1",
    )
    assert container.exit_message.endswith("the last words")
    assert len(container.exit_message) <= 2_048
    assert not seen.ready


def test_a_pod_that_fits_nowhere_says_why() -> None:
    conditions = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available"}]
    seen = see_pod(pod(phase="Pending", ready=False, conditions=conditions))
    assert seen is not None
    assert seen.unschedulable == "0/3 nodes are available"


def test_what_is_no_component_of_a_generator_is_not_seen() -> None:
    assert see_pod(pod(component="something")) is None
    assert see_claim({"metadata": metadata("data", component="something")}) is None


def test_a_claim_is_its_phase() -> None:
    claim = see_claim({"metadata": metadata("data-tale-db-0", component="db"), "status": {"phase": "Pending"}})
    assert claim is not None
    assert (claim.name, claim.component, claim.phase) == ("data-tale-db-0", "db", "Pending")


def test_a_claim_of_pictures_is_a_child_that_stays_where_nobody_owns_it() -> None:
    owned, kept = (metadata("tale-images", component="images", owner=owner) for owner in (UID, None))
    assert see_claim({"metadata": owned, "status": {"phase": "Bound"}}) is not None
    assert not see(CLAIM, {"metadata": owned}).child(UID, drifted=False).kept
    child = see(CLAIM, {"metadata": kept}).child(UID, drifted=False)
    assert (child.kept, child.owned, child.deleting) == (True, True, False)


def test_whose_an_object_is() -> None:
    assert family_of(config_map()) == "tale"
    assert family_of(pod()) == "tale"
    relabelled = config_map()
    relabelled["metadata"]["labels"] = {}
    assert family_of(relabelled) == "tale"
    nobodys = config_map(owner=None)
    nobodys["metadata"]["labels"] = {}
    assert family_of(nobodys) is None
