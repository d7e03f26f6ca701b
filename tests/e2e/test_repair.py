"""Whatever anyone does to the children of a generator, they come back as they should be, and at rest nobody writes."""

from __future__ import annotations

import json
import re
import time

import pytest
from scripts.cluster.api import Object
from tests.e2e.conftest import Generators
from tests.e2e.house import CHILDREN, Generator, example, wait
from tests.servers.cluster import Cluster

pytestmark = [pytest.mark.needs("cluster", "images"), pytest.mark.timeout(420)]

_WRITES = re.compile(
    r'^apiserver_request_total\{.*group="([^"]*)".*resource="([^"]*)".*verb="(PATCH|PUT|POST|APPLY|DELETE)".*\} (\S+)$', re.M
)
_OURS = {"octavo.dev"}


def test_deleted_and_edited_children_come_back(generators: Generators) -> None:
    generator = generators("mended")
    generator.apply({**example("tiny-stories"), "api": {"replicas": 2}})
    generator.wait_ready()
    for kind in CHILDREN:
        for name in generator.kubectl("get", kind, "-l", "app.kubernetes.io/instance=mended", "-o", "name").split():
            if "endpointslice" in name and "activator" not in name:
                continue  # Kubernetes' own, of a Service
            before = generator.read(name)["metadata"]["uid"]
            generator.kubectl("delete", name, "--wait=false")
            wait(lambda name=name, before=before: came_back(generator, name, before), what=f"{name} comes back", tell=generator.account)
    generator.wait_ready()

    edits = {
        "deploy/mended-api": {"spec": {"replicas": 5}},
        "deploy/mended-worker": {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 1}}}},
        "sts/mended-redis": {"spec": {"replicas": 0}},
        "svc/mended-api": {"spec": {"selector": {"app.kubernetes.io/component": "nobody"}}},
        "cm/mended-config": {"data": {"generators.json": "[]"}},
        "netpol/mended": {"spec": {"ingress": [{}]}},
        "pdb/mended-api": {"spec": {"maxUnavailable": 2}},
    }
    wanted = {name: generator.read(name) for name in edits}
    for name, patch in edits.items():
        generator.kubectl("patch", name, "--type=merge", "-p", json.dumps(patch))
    for name, patch in edits.items():
        wait(
            lambda name=name, patch=patch: part(generator.read(name), patch) == part(wanted[name], patch),
            what=f"{name} is as it was",
            deadline_s=30,
            tell=generator.account,
        )
    generator.wait_ready()


def test_at_rest_nothing_is_written(generators: Generators, octavo: Cluster) -> None:
    generator = generators("quiet")
    generator.apply(example("tiny-stories"))
    generator.wait_ready()
    labels = "deploy,sts,svc,cm,secret,sa,netpol,pdb"

    def versions() -> dict[str, str]:
        items = generator.read(f"gen,{labels} -l app.kubernetes.io/instance=quiet")["items"] + [generator.read()]
        return {f"{item['kind']}/{item['metadata']['name']}": item["metadata"]["resourceVersion"] for item in items}

    def written() -> dict[str, float]:
        """How often, by what the API server calls it: the code tells what was refused."""
        found = _WRITES.finditer(octavo.api.text("/metrics", timeout_s=30))
        # Whole namespaces are emptied by Kubernetes itself, those too that an earlier test has left.
        ours = (match for match in found if match[1] in _OURS and not (match[3] == "DELETE" and 'scope="namespace"' in match[0]))
        return {match[0].rpartition(" ")[0]: float(match[4]) for match in ours}

    # Deployments report that they settled for some seconds after they did, those too that a test before this one rolled.
    steady, before = versions(), written()

    def is_steady() -> bool:
        nonlocal steady, before
        earlier = steady, before
        time.sleep(5)  # on purpose: rest is what is looked for
        steady, before = versions(), written()
        return (steady, before) == earlier

    wait(is_steady, what="all of the cluster settles", deadline_s=150)
    time.sleep(30)  # on purpose: rest is what is measured
    assert versions() == steady
    assert written() == before


def came_back(generator: Generator, name: str, before: str) -> bool:
    kind, _, plain = name.partition("/")
    found = json.loads(generator.kubectl("get", kind, plain, "--ignore-not-found", "-o", "json") or "{}")
    metadata = found.get("metadata", {})
    return metadata.get("uid") not in (None, before) and "deletionTimestamp" not in metadata


def part(found: Object, patch: Object) -> Object:
    """Of the object, what the patch speaks of."""
    return {key: part(found.get(key) or {}, value) if isinstance(value, dict) else found.get(key) for key, value in patch.items()}
