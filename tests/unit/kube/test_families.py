from __future__ import annotations

from typing import Any

import pytest
from tests.unit.kube.observed_objects import claim, config_map, deployment, entry, pod, resource, secret

from octavo_operator.cluster import WatchEvent
from octavo_operator.families import Families, Family
from octavo_operator.kinds import CLAIM, CONFIG_MAP, DEPLOYMENT, GENERATOR_SERVICE, POD, SECRET
from octavo_operator.resource import Key

KEY = Key("kept", "tale")


class Heard:
    def __init__(self) -> None:
        self.changed: list[tuple[Key, float]] = []
        self.gone: list[Key] = []
        self.foreign: list[tuple[str, str]] = []
        self.families = Families(
            lambda key, delay: self.changed.append((key, delay)), self.gone.append, lambda *place: self.foreign.append(place)
        )

    def news(self) -> int:
        """How much was heard since it was last asked."""
        count = len(self.changed)
        self.changed.clear()
        return count

    def family(self) -> Family:
        family = self.families.get(KEY)
        assert family is not None
        return family


@pytest.fixture
def heard() -> Heard:
    heard = Heard()
    heard.families.resource_seen(resource())
    heard.families.seen(CONFIG_MAP, config_map(version=10))
    heard.families.seen(DEPLOYMENT, deployment(version=11))
    heard.families.seen(POD, pod())
    heard.news()
    return heard


def event(kind: str, obj: dict[str, Any]) -> WatchEvent:
    return WatchEvent(kind, obj)  # type: ignore[arg-type]


def test_children_may_come_before_their_resource() -> None:
    heard = Heard()
    heard.families.seen(CONFIG_MAP, config_map())
    assert heard.family().text is None
    assert len(heard.families) == 0
    heard.families.resource_seen(resource())
    assert len(heard.families) == 1
    assert heard.family().find(CONFIG_MAP, "tale-config") is not None


def test_the_same_again_is_no_news(heard: Heard) -> None:
    heard.families.resource_seen(resource(version=2))
    heard.families.seen(CONFIG_MAP, config_map(version=12))
    heard.families.seen(DEPLOYMENT, deployment(version=13))
    heard.families.seen(POD, pod(version=14))
    assert heard.news() == 0


def test_what_is_older_than_what_is_known_is_not_believed(heard: Heard) -> None:
    old = config_map(version=9)
    old["metadata"]["annotations"] = {}
    heard.families.event(CONFIG_MAP, event("MODIFIED", old))
    seen = heard.family().find(CONFIG_MAP, "tale-config")
    assert seen is not None
    assert seen.hash == "h1"
    heard.families.event(CONFIG_MAP, event("DELETED", old))
    assert heard.family().find(CONFIG_MAP, "tale-config") is not None
    assert heard.news() == 0


def test_our_own_write_is_known_at_once_and_its_echo_is_no_news(heard: Heard) -> None:
    written = config_map(version=20)
    written["metadata"]["annotations"] = {"octavo.dev/hash": "h2"}
    heard.families.remember(KEY, CONFIG_MAP, written, whole=True)
    seen = heard.family().find(CONFIG_MAP, "tale-config")
    assert seen is not None
    assert seen.hash == "h2"
    assert seen.whole is seen.fields
    heard.news()
    heard.families.event(CONFIG_MAP, event("MODIFIED", written))
    assert heard.news() == 0


def test_a_field_that_was_lost_makes_everything_be_looked_at(heard: Heard) -> None:
    heard.family().settled = 1
    changed = config_map(version=20)
    changed["metadata"]["managedFields"] = [entry({"f:other": {}})]
    heard.families.event(CONFIG_MAP, event("MODIFIED", changed))
    assert heard.news() == 1
    assert heard.family().settled is None


def test_a_new_state_is_news_but_leaves_settled_what_was(heard: Heard) -> None:
    heard.family().settled = 1
    heard.families.event(DEPLOYMENT, event("MODIFIED", deployment(version=20, ready=1, updated=1)))
    heard.families.event(POD, event("MODIFIED", pod(ready=False)))
    assert heard.news() == 2
    assert heard.family().settled == 1


def test_what_a_list_does_not_show_is_gone(heard: Heard) -> None:
    heard.families.swept(CONFIG_MAP, None, set(), version=15)
    assert heard.family().find(CONFIG_MAP, "tale-config") is None
    assert heard.family().find(DEPLOYMENT, "tale-api") is not None
    assert heard.news() == 1


def test_what_was_made_after_the_list_was_taken_stays(heard: Heard) -> None:
    heard.families.remember(KEY, SECRET, secret(version=30), whole=True)
    heard.families.swept(SECRET, None, set(), version=15)
    assert heard.family().find(SECRET, "tale-credentials") is not None


def test_a_list_of_one_namespace_says_nothing_of_others(heard: Heard) -> None:
    heard.families.swept(CONFIG_MAP, "elsewhere", set(), version=99)
    heard.families.swept(GENERATOR_SERVICE, "elsewhere", set(), version=99)
    assert heard.family().find(CONFIG_MAP, "tale-config") is not None
    assert len(heard.families) == 1


def test_a_resource_that_went_unseen_is_found_by_a_list(heard: Heard) -> None:
    heard.families.swept(GENERATOR_SERVICE, None, set(), version=5)
    assert heard.gone == [KEY]
    assert len(heard.families) == 0


def test_a_resource_that_came_after_the_list_stays(heard: Heard) -> None:
    heard.families.resource_seen(resource(version=50))
    heard.families.swept(GENERATOR_SERVICE, None, set(), version=40)
    assert len(heard.families) == 1


def test_nothing_is_left_of_a_family_when_all_of_it_is_gone(heard: Heard) -> None:
    heard.families.resource_gone("kept", "tale")
    heard.families.event(CONFIG_MAP, event("DELETED", config_map(version=21)))
    heard.families.event(DEPLOYMENT, event("DELETED", deployment(version=22)))
    assert heard.families.get(KEY) is not None
    heard.families.event(POD, event("DELETED", pod(version=23)))
    assert heard.families.get(KEY) is None


def test_a_late_farewell_to_a_former_resource_does_not_end_the_new_one(heard: Heard) -> None:
    heard.families.resource_seen(resource(version=60, uid="22222222-2222-2222-2222-222222222222"))
    heard.families.resource_gone("kept", "tale", "11111111-1111-1111-1111-111111111111")
    assert len(heard.families) == 1


def test_a_new_resource_of_the_same_name_starts_unsettled(heard: Heard) -> None:
    heard.family().settled = 1
    heard.families.resource_seen(resource(version=60, uid="22222222-2222-2222-2222-222222222222"))
    assert heard.family().settled is None


def test_our_secret_without_its_labels_and_owner_is_still_ours(heard: Heard) -> None:
    heard.families.seen(SECRET, secret(version=30))
    heard.news()
    bare = secret(version=31, owner=None)
    bare["metadata"]["labels"] = {}
    bare["metadata"]["managedFields"] = []
    heard.families.event(SECRET, event("MODIFIED", bare))
    assert heard.foreign == []
    assert heard.news() == 1
    heard.families.event(SECRET, event("DELETED", {**bare, "metadata": {**bare["metadata"], "resourceVersion": "32"}}))
    assert heard.family().find(SECRET, "tale-credentials") is None


def test_secrets_of_others_are_told_of_and_not_remembered(heard: Heard) -> None:
    other = secret("upstream", owner=None)
    other["metadata"]["labels"] = {"team": "x"}
    heard.families.event(SECRET, event("ADDED", other))
    heard.families.event(SECRET, event("DELETED", other))
    assert heard.foreign == [("kept", "upstream"), ("kept", "upstream")]
    assert heard.family().find(SECRET, "upstream") is None


def test_a_status_that_somebody_else_wrote_is_news_and_our_own_is_not(heard: Heard) -> None:
    ours = resource(version=2, status={"observedGeneration": 1})
    heard.families.status_written(KEY, ours)
    assert heard.news() == 0
    heard.families.resource_seen(ours)
    assert heard.news() == 0
    heard.families.resource_seen(resource(version=3, status={"observedGeneration": 99}))
    assert heard.news() == 1


def test_a_status_written_over_a_newer_spec_does_not_hide_that_spec(heard: Heard) -> None:
    heard.families.status_written(KEY, resource(version=5, generation=2, status={}))
    heard.families.resource_seen(resource(version=5, generation=2))
    assert heard.family().generation == 2
    assert heard.news() == 1


def test_the_documents_are_what_was_seen_without_what_the_server_keeps_for_itself(heard: Heard) -> None:
    annotations = {"octavo.dev/wake": "now", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
    heard.families.resource_seen(resource(version=9, generation=2, annotations=annotations, managedFields=[{}], status={"url": "x"}))
    document = heard.family().document()
    assert document["metadata"]["annotations"] == {"octavo.dev/wake": "now"}
    assert "managedFields" not in document["metadata"]
    assert "status" not in document
    assert heard.family().status_document() == {"url": "x"}


class TestClaims:
    """All tell whether a volume is there; that of the pictures is also a child, which the operator makes itself."""

    OF_A_STORE, OF_PICTURES = claim("data-tale-db-0", component="db"), claim("tale-images", component="images")

    def test_come_and_go(self, heard: Heard) -> None:
        for seen in (self.OF_A_STORE, self.OF_PICTURES):
            heard.families.seen(CLAIM, seen)
        family = heard.family()
        assert [one.name for one in family.claims] == ["data-tale-db-0", "tale-images"]
        assert family.find(CLAIM, "tale-images") is not None
        assert family.find(CLAIM, "data-tale-db-0") is None
        family.settled = 1
        heard.families.event(CLAIM, event("DELETED", self.OF_A_STORE))
        assert family.settled == 1
        heard.families.event(CLAIM, event("DELETED", self.OF_PICTURES))
        assert (family.claims, family.find(CLAIM, "tale-images"), family.settled) == ([], None, None)

    def test_that_a_list_does_not_show_are_gone(self, heard: Heard) -> None:
        for seen in (self.OF_A_STORE, self.OF_PICTURES):
            heard.families.seen(CLAIM, seen)
        heard.families.swept(CLAIM, None, {("kept", "data-tale-db-0")}, version=99)
        assert [one.name for one in heard.family().claims] == ["data-tale-db-0"]
        assert heard.family().find(CLAIM, "tale-images") is None
