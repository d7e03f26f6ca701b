"""The operator may die, or be two: what it keeps stays consistent, and one leads."""

from __future__ import annotations

import time

import pytest
from tests.e2e.conftest import Generators
from tests.e2e.house import ROOT, SYSTEM, example, wait
from tests.servers.cluster import Cluster

pytestmark = [pytest.mark.needs("cluster", "images"), pytest.mark.timeout(300)]

LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/octavo-operator"
OPERATORS = ("-n", SYSTEM, "-l", "app.kubernetes.io/component=operator")


def leader(octavo: Cluster) -> str:
    holder: str = octavo.api.get(LEASE)["spec"].get("holderIdentity") or ""
    return holder.partition("_")[0]


def test_killed_in_the_middle_it_ends_what_it_began(generators: Generators, octavo: Cluster) -> None:
    made = [generators(f"many-{number}") for number in range(3)]
    for generator in made:
        generator.apply(example("tiny-stories"))
        octavo.kubectl("delete", "pod", *OPERATORS, "--grace-period=0", "--force")
    for generator in made:
        generator.wait_ready(180)


def test_of_two_one_leads_and_the_other_takes_over(generators: Generators, octavo: Cluster) -> None:
    octavo.kubectl("-n", SYSTEM, "scale", "deploy", "octavo-operator", "--replicas=2")
    octavo.kubectl("-n", SYSTEM, "rollout", "status", "deploy/octavo-operator", "--timeout=60s", timeout_s=70)
    try:
        wait(lambda: leader(octavo), what="a leader")
        first = leader(octavo)
        octavo.kubectl("-n", SYSTEM, "delete", "pod", first, "--grace-period=0", "--force")
        killed = time.monotonic()
        wait(lambda: leader(octavo) not in ("", first), what="the other leads", deadline_s=30)
        assert time.monotonic() - killed <= 15
        generator = generators("after")
        generator.apply(example("tiny-stories"))
        generator.wait_ready()
    finally:
        chart = ROOT / "charts" / "octavo-operator"
        values = ("-n", SYSTEM, "-f", str(chart / "values-dev.yaml"), "--wait", "--timeout", "90s", "--force-conflicts")
        octavo.helm("upgrade", "octavo-operator", str(chart), *values[:-1])
