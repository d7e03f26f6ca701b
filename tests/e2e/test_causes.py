"""What does not work says why, on the resource itself, in the words of whoever refuses."""

from __future__ import annotations

import base64

import pytest
from tests.e2e.conftest import Generators
from tests.e2e.house import Generator, example, wait

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


def test_a_wrong_database_password(generators: Generators) -> None:
    donor = generators("donor")
    donor.apply(example("tiny-stories"))
    donor.wait_ready()
    secret = donor.read("secret donor-credentials")
    url = base64.b64decode(secret["data"]["database-url"]).decode()
    user, _, rest = url.partition("@")
    broken = f"{user.rpartition(':')[0]}:not-the-password@{rest}"
    donor.kubectl("create", "secret", "generic", "elsewhere", f"--from-literal=url={broken}")
    generator = generators("refused")
    generator.apply({**example("tiny-stories"), "database": {"external": {"secretRef": {"name": "elsewhere", "key": "url"}}}})
    wait_for_cause(generator, "password authentication failed", deadline_s=90)
    told = generator.kubectl("describe", "gen", "refused")
    assert "not-the-password" not in told
    donor.kubectl("create", "secret", "generic", "elsewhere", f"--from-literal=url={url}", "--dry-run=client", "-o", "yaml")
    patch = '{"data":{"url":"' + base64.b64encode(url.encode()).decode() + '"}}'
    donor.kubectl("patch", "secret", "elsewhere", "-p", patch)
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
