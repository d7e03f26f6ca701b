"""What does not work says why, on the resource itself, in the words of whoever refuses."""

from __future__ import annotations

import json

import pytest
from tests.e2e.conftest import Generators
from tests.e2e.house import Generator, example, start_postgresql, wait
from tests.servers.cluster import Cluster

pytestmark = [pytest.mark.needs("cluster", "images"), pytest.mark.timeout(300)]


def wait_for_cause(generator: Generator, *words: str, deadline_s: float) -> None:
    """Until Ready is False and its message has all the words."""

    def named() -> bool:
        ready = generator.condition("Ready")
        return ready["status"] == "False" and all(word in f"{ready['reason']} {ready['message']}" for word in words)

    wait(named, what=f"Ready=False with {words}", deadline_s=deadline_s, tell=generator.account)


def test_a_wrong_image(generators: Generators) -> None:
    generator = generators("pulls")
    generator.apply({**example("tiny-stories"), "api": {"image": "localhost/octavo/there-is-none:v0"}})
    wait_for_cause(generator, "there-is-none:v0", deadline_s=30)
    assert generator.condition("Ready")["reason"] in ("ErrImagePull", "ImagePullBackOff")
    generator.patch({"api": {"image": None}})
    generator.wait_ready()


def test_a_wrong_database_password(generators: Generators, octavo: Cluster) -> None:
    generator = generators("refused")
    address = start_postgresql(octavo, generator.namespace, "the-right-one")
    url = "postgresql://octavo:{}@" + address
    generator.kubectl("create", "secret", "generic", "elsewhere", f"--from-literal=url={url.format('not-the-password')}")
    generator.apply({**example("tiny-stories"), "database": {"external": {"secretRef": {"name": "elsewhere", "key": "url"}}}})
    wait_for_cause(generator, "password authentication failed", deadline_s=90)
    assert "not-the-password" not in generator.kubectl("describe", "gen", "refused")
    generator.kubectl("patch", "secret", "elsewhere", "-p", json.dumps({"stringData": {"url": url.format("the-right-one")}}))
    generator.wait_ready()


def test_a_secret_that_is_not_there(generators: Generators) -> None:
    generator = generators("keyless")
    generator.apply({**example("tiny-stories"), "redis": {"external": {"secretRef": {"name": "no-such-secret", "key": "url"}}}})
    wait_for_cause(generator, "no-such-secret", deadline_s=30)


def test_a_pod_that_no_node_can_take(generators: Generators) -> None:
    generator = generators("huge")
    generator.apply({**example("tiny-stories"), "api": {"resources": {"requests": {"memory": "10Ti"}, "limits": {"memory": "10Ti"}}}})
    wait_for_cause(generator, "Insufficient memory", deadline_s=60)


def test_a_name_that_is_taken_is_left_alone(generators: Generators) -> None:
    generator = generators("taken")
    generator.kubectl("create", "configmap", "taken-config", "--from-literal=mine=yes")
    generator.apply(example("tiny-stories"))
    wait(lambda: "taken-config" in str(generator.read().get("status", {})), what="the status names it", tell=generator.account)
    assert generator.read("cm taken-config")["data"] == {"mine": "yes"}
