"""Which change makes which pods anew: those that would not notice it otherwise, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.kube.desired_cases import PASSWORDS, situation
from tests.unit.kube.desired_making import API, DATABASE, REDIS, WORKER, Objects, story, text

from octavo_operator.resource import Passwords
from octavo_operator.settings import OperatorSettings

ALL = {API, WORKER, REDIS, DATABASE}


@pytest.mark.parametrize(
    ("change", "rolls"),
    [
        ({"jobs": {"timeoutSeconds": 60}}, {API, WORKER}),
        ({"audiences": {"adult": {"temperature": 0.1}}}, {API, WORKER}),
        ({"workers": {"concurrency": 4}}, {API, WORKER}),
        ({"workers": {"drainSeconds": 60}}, {API, WORKER}),
        ({"workers": {"resources": {"requests": {"cpu": "2"}}}}, {WORKER}),
        ({"workers": {"priorityClassName": "behind"}}, {WORKER}),
        ({"api": {"resources": {"requests": {"cpu": "2"}}}}, {API}),
        ({"workers": {"min": 1, "scaling": {"idleSeconds": 9}}}, set()),
        ({"api": {"replicas": 2, "sleepSeconds": 60}}, set()),
        ({"api": {"ingress": {"host": "tales.example.org"}}}, set()),
        ({"database": {"managed": {"onDelete": "retain"}}}, set()),
        ({"redis": {"managed": {"storage": "1Gi"}}}, {REDIS}),
        ({"workers": {"max": 60}}, {DATABASE}),
    ],
)
def test_a_change_of_the_resource(change: dict[str, Any], rolls: set[str]) -> None:
    assert Objects(story()).rolls(Objects(story(**change))) == rolls


def test_annotations_and_labels_of_the_resource_roll_nothing() -> None:
    plain = story()
    marked = plain.model_copy(update={"metadata": plain.metadata.model_copy(update={"annotations": {"octavo.dev/wake": "now"}})})
    assert Objects(plain).manifests == Objects(marked).manifests


@pytest.mark.parametrize(
    ("passwords", "rolls"),
    [
        (replace(PASSWORDS, redis="other"), {API, WORKER, REDIS}),
        (replace(PASSWORDS, database="other"), {API, WORKER, DATABASE}),
        # it salts what tells of all the others
        (replace(PASSWORDS, forwarding="other"), ALL),
    ],
)
def test_a_change_of_the_generated_secret(passwords: Passwords, rolls: set[str]) -> None:
    assert Objects(story()).rolls(Objects(story(), situation(passwords=passwords))) == rolls


class TestASecretOfAPerson:
    providers = text(
        {"credentials": {"secretRef": {"name": "keys", "key": "a"}}},
        database={"external": {"secretRef": {"name": "db", "key": "url"}}},
    )

    def at(self, **fingerprints: str) -> Objects:
        return Objects(self.providers, situation(fingerprints=fingerprints))

    def test_of_a_provider_is_the_workers_alone(self) -> None:
        assert self.at(keys="1", db="1").rolls(self.at(keys="2", db="1")) == {WORKER}

    def test_of_the_database_is_everyones_who_uses_it(self) -> None:
        assert self.at(keys="1", db="1").rolls(self.at(keys="1", db="2")) == {API, WORKER}

    def test_that_appears_makes_new_pods(self) -> None:
        assert self.at(keys="1").rolls(self.at(keys="1", db="1")) == {API, WORKER}

    def test_of_somebody_else_is_nothing_to_us(self) -> None:
        assert self.at(keys="1", db="1").rolls(self.at(keys="1", db="1", other="2")) == set()


@pytest.mark.parametrize(
    ("setting", "rolls"),
    [
        ({"image_service": "octavo/service:next"}, {API}),
        ({"image_worker": "octavo/worker:next"}, {WORKER}),
        ({"image_worker_torch": "octavo/torch:next"}, set()),
        ({"image_redis": "redis:8"}, {REDIS}),
        ({"image_postgresql": "postgres:16.1"}, {DATABASE}),
        ({"image_mysql": "mariadb:12"}, set()),
        ({"image_pull_policy": "Always"}, ALL),
        ({"priority_class_name": "high"}, ALL),
        ({"resync_seconds": 60}, set()),
    ],
)
def test_a_change_of_the_operators_settings(setting: dict[str, Any], rolls: set[str]) -> None:
    assert Objects(story()).rolls(Objects(story(), by=OperatorSettings(**setting))) == rolls
