"""Managed Redis and databases: their volumes, their passwords, their sleep."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from tests.unit.kube.desired_cases import PASSWORDS, settings, situation
from tests.unit.kube.desired_making import DATABASE, NAME, REDIS, SECRET, Objects, story

from octavo_operator import names
from octavo_operator.resource import Scale

MYSQL = {"managed": {"type": "mysql"}}


def plain(objects: Objects) -> dict[str, str]:
    return {key: b64decode(value).decode() for key, value in objects.get("Secret", SECRET)["data"].items()}


def policy(objects: Objects, name: str) -> Any:
    return objects.workload(name)["spec"]["persistentVolumeClaimRetentionPolicy"]


class TestVolumes:
    def test_redis_has_none_unless_asked(self) -> None:
        objects = Objects(story())
        assert "volumeClaimTemplates" not in objects.workload(REDIS)["spec"]
        assert {"name": "data", "emptyDir": {}} in objects.template(REDIS)["spec"]["volumes"]
        assert "appendonly no" in plain(objects)["redis.conf"]

    def test_redis_with_one_writes_its_log_there(self) -> None:
        objects = Objects(story(redis={"managed": {"storage": "2Gi"}}))
        (claim,) = objects.workload(REDIS)["spec"]["volumeClaimTemplates"]
        assert claim["spec"]["resources"]["requests"] == {"storage": "2Gi"}
        assert "appendonly yes" in plain(objects)["redis.conf"]
        assert policy(objects, REDIS) == {"whenDeleted": "Delete", "whenScaled": "Retain"}

    def test_of_a_database_goes_or_stays_as_the_resource_says(self) -> None:
        assert policy(Objects(story()), DATABASE) == {"whenDeleted": "Delete", "whenScaled": "Retain"}
        kept = Objects(story(database={"managed": {"onDelete": "retain"}}))
        assert policy(kept, DATABASE) == {"whenDeleted": "Retain", "whenScaled": "Retain"}

    def test_are_found_by_the_generators_labels_and_of_the_class_of_the_settings(self) -> None:
        (claim,) = Objects(story(), by=settings(storage_class_name="fast")).workload(DATABASE)["spec"]["volumeClaimTemplates"]
        assert claim["metadata"]["labels"][names.INSTANCE_LABEL] == NAME
        assert claim["spec"]["storageClassName"] == "fast"

    def test_what_cannot_change_in_place_is_marked(self) -> None:
        def fixed(**spec: object) -> object:
            return Objects(story(**spec)).workload(REDIS)["metadata"]["annotations"][names.FIXED_ANNOTATION]

        assert fixed() == fixed(workers={"max": 2})
        assert fixed() != fixed(redis={"managed": {"storage": "1Gi"}})


class TestPasswords:
    hard = replace(PASSWORDS, redis="re:d/is@ '\"\\ñ", database="da:ta/ba@se'\\ %ñ")

    def test_are_whole_in_the_urls(self) -> None:
        for database, scheme, port in (({"managed": {}}, "postgresql", 5432), (MYSQL, "mysql", 3306)):
            secret = plain(Objects(story(database=database), situation(passwords=self.hard)))
            url = urlsplit(secret[names.DATABASE_URL_KEY])
            assert (url.scheme, url.hostname, url.port, url.path) == (scheme, f"{NAME}-db-0.{NAME}-stores", port, "/octavo")
            assert unquote(url.password or "") == self.hard.database
            assert unquote(urlsplit(secret[names.REDIS_URL_KEY]).password or "") == self.hard.redis

    def test_stand_in_no_argument_and_no_variable_of_a_server(self) -> None:
        for database in ({"managed": {}}, MYSQL):
            objects = Objects(story(database=database))
            for name in (REDIS, DATABASE):
                assert not any(isinstance(value, tuple) for value in objects.variables(name).values())

    def test_each_server_gets_its_own_files_only(self) -> None:
        def files(objects: Objects, name: str) -> set[str]:
            (volume,) = [v["secret"] for v in objects.template(name)["spec"]["volumes"] if "secret" in v]
            assert volume["defaultMode"] == 0o440
            return {item["key"] for item in volume["items"]}

        assert files(Objects(story()), REDIS) == {"redis.conf"}
        assert files(Objects(story()), DATABASE) == {"database-password", "database.sql"}

    def test_a_statement_for_mysql_is_one_line(self) -> None:
        passwords = replace(PASSWORDS, database="a\nb'c\\d")
        sql = plain(Objects(story(database=MYSQL), situation(passwords=passwords)))["database.sql"]
        assert sql.splitlines() == [r"ALTER USER IF EXISTS 'octavo'@'%' IDENTIFIED BY 'a\nb''c\\d';"]


@pytest.mark.parametrize("database", [{"managed": {}}, MYSQL])
def test_asleep_no_store_has_a_pod_and_each_keeps_its_volume(database: dict[str, Any]) -> None:
    objects = Objects(story(database=database), situation(scale=Scale(api=0, workers=0, stores=False)))
    assert [objects.workload(name)["spec"]["replicas"] for name in (REDIS, DATABASE)] == [0, 0]
    assert policy(objects, DATABASE)["whenScaled"] == "Retain"


def test_one_headless_service_names_the_pods_of_those_that_are_managed() -> None:
    external = {"external": {"secretRef": {"name": "a", "key": "b"}}}
    assert ("Service", names.stores(NAME)) in Objects(story(redis=external))
    assert ("Service", names.stores(NAME)) not in Objects(story(redis=external, database=external))
    service = Objects(story()).get("Service", names.stores(NAME))["spec"]
    assert service["clusterIP"] == "None"


def test_a_pod_that_cannot_start_does_not_keep_its_successor_away() -> None:
    for name in (REDIS, DATABASE):
        assert Objects(story()).workload(name)["spec"]["podManagementPolicy"] == "Parallel"


def test_the_database_has_a_connection_for_every_pod_there_may_be() -> None:
    def most(**spec: object) -> int:
        return int(Objects(story(**spec)).container(DATABASE)["args"][1].partition("=")[2])

    assert most() == 200
    assert most(workers={"max": 100}) >= 100 * 8 + 2 * 8
    assert most(workers={"max": 9}) == 200, "in steps, for the server restarts"


@pytest.mark.parametrize(("limit", "maximum"), [("256Mi", 187904819), ("1G", 700000000), ("1.5Gi", 1127428915)])
def test_redis_stays_below_the_limit_of_its_pod(limit: str, maximum: int) -> None:
    objects = Objects(story(), by=settings(resources_redis={"limits": {"memory": limit}}))
    assert f"maxmemory {maximum}\n" in plain(objects)["redis.conf"]


def test_redis_without_a_limit_has_none() -> None:
    for limits in ({}, {"memory": "1e9"}):
        assert "maxmemory " not in plain(Objects(story(), by=settings(resources_redis={"limits": limits})))["redis.conf"]
