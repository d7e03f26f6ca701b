"""A person's whole way in a real cluster, with the platform that the chart installs."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pymongo
import pytest
import redis
from scripts.cluster.api import Object
from tests.e2e.admin import ADMIN, admin_account
from tests.e2e.conftest import SERVICE_IMAGE
from tests.e2e.house import SYSTEM, Generator, example, forwarded, install, wait
from tests.e2e.ways import Ways
from tests.journeys.people import RUN, Account, Way, account, from_a_stranger_to_nobody, needles, ok
from tests.servers.cluster import Cluster

from octavo_documents.pictures.keeping import folder_of

pytestmark = [pytest.mark.needs("cluster", "images", "node"), pytest.mark.timeout(600)]

KEPT = ("keys", "db", "documents", "redis")
DUMP = """\
export MYSQL_PWD="$(cat "$MYSQL_ROOT_PASSWORD_FILE")"
exec mariadb-dump --user=root --all-databases --single-transaction --skip-extended-insert
"""


def secret(cluster: Cluster, name: str, namespace: str = SYSTEM) -> dict[str, str]:
    data = cluster.api.get(f"/api/v1/namespaces/{namespace}/secrets/{name}")["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


@dataclass(frozen=True)
class Platform:
    cluster: Cluster
    ways: Ways
    client: httpx.Client
    generator: Generator
    early: Account
    """Of somebody who was there before the platform was upgraded."""
    secrets: tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]
    """Before and after that."""
    admin: Account


@pytest.fixture(scope="module")
def platform(octavo: Cluster) -> Iterator[Platform]:
    """Upgraded so that it knows a generator, which believes its tokens alone."""

    def secrets() -> dict[str, dict[str, str]]:
        return {name: secret(octavo, f"octavo-platform-{name}") for name in KEPT}

    with contextlib.ExitStack() as stack:
        namespace = stack.enter_context(octavo.namespace("people", {"pod-security.kubernetes.io/enforce": "restricted"}))
        before = secrets()
        with (
            forwarded(octavo, SYSTEM, "svc/octavo-platform-auth", 80) as port,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client,
        ):
            early = account(client, "Eva Temprana", f"eva.{RUN}@example.org")
        upgrade(octavo, namespace)
        generator = Generator(octavo, namespace, "tiny-stories")
        database = {"managed": {"type": "mysql", "storage": "1Gi"}}
        generator.apply({**example("tiny-stories"), "auth": {"mode": "jwt", "audience": "octavo"}, "database": database})
        ways = Ways(octavo, (SYSTEM, namespace), stack)
        client = stack.enter_context(httpx.Client(base_url="http://ai.example.org", timeout=60, trust_env=False, transport=ways))
        admin = admin_account(client)
        yield Platform(octavo, ways, client, generator, early, (before, secrets()), admin)
        generator.delete()


def upgrade(cluster: Cluster, namespace: str) -> None:
    values: dict[str, Any] = {
        "generators": [{"namespace": namespace, "name": "tiny-stories"}],
        "redis.shareWith": [namespace],
        "ingress": {"enabled": True, "host": "ai.example.org"},
        "auth.adminEmail": ADMIN,
    }
    install(cluster, "octavo-platform", *(part for path, value in values.items() for part in ("--set-json", f"{path}={json.dumps(value)}")))


def test_an_upgrade_keeps_secrets_and_those_who_are_logged_in(platform: Platform) -> None:
    before, after = platform.secrets
    assert after == before
    assert ok(platform.client.get("/api/auth/me", headers=platform.early.headers))["user"]["id"] == platform.early.user
    ok(platform.client.get("/api/characters", headers=platform.early.headers))


async def test_from_a_stranger_to_nobody(platform: Platform) -> None:
    platform.generator.wait_ready(deadline_s=180)
    with Stores(platform) as stores:
        way = Way(
            platform.client,
            socket_io=f"http://127.0.0.1:{platform.ways.port('/socket.io')}",
            traces=stores.traces,
            stores=frozenset({"users", "tiny-stories", "documents", "Redis", "pictures"}),
            draws=False,
        )
        await from_a_stranger_to_nobody(way)


class Stores:
    """Everything that is kept anywhere: of the platform and of its generator."""

    def __init__(self, platform: Platform) -> None:
        self._cluster, self._namespace = platform.cluster, platform.generator.namespace
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Stores:
        enter, cluster = self._stack.enter_context, self._cluster
        documents = enter(forwarded(cluster, SYSTEM, "svc/octavo-platform-documents", 27017))
        self._documents = enter(pymongo.MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{documents}/", serverSelectionTimeoutMS=20_000))
        self._redis = {
            "Redis": self._open_redis(SYSTEM, "octavo-platform-redis-0", secret(cluster, "octavo-platform-redis")["redis-url"]),
            "tiny-stories' Redis": self._open_redis(
                self._namespace, "tiny-stories-redis-0", secret(cluster, "tiny-stories-credentials", self._namespace)["redis-url"]
            ),
        }
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open_redis(self, namespace: str, pod: str, url: str) -> redis.Redis:
        port = self._stack.enter_context(forwarded(self._cluster, namespace, f"pod/{pod}", 6379))
        password = httpx.URL(url).password
        return self._stack.enter_context(redis.Redis(port=port, password=password, socket_timeout=20))

    def traces(self, user: str) -> list[str]:
        hers = needles(user)
        found = [f"users {line[:80]}" for line in self._dump(SYSTEM, "octavo-platform-db-0") if any(needle in line for needle in hers)]
        dumped = self._dump(self._namespace, "tiny-stories-db-0")
        found += [f"tiny-stories {line[:80]}" for line in dumped if any(needle in line for needle in hers)]
        for database in ("characters", "stories"):
            for collection in self._documents[database].list_collection_names():
                kept = self._documents[database][collection].find()
                found += [f"documents {collection}" for document in kept if any(needle in str(document) for needle in hers)]
        for name, client in self._redis.items():
            for key in client.scan_iter(count=1_000):
                value = client.xrange(key) if client.type(key) == b"stream" else client.dump(key)
                found += [f"{name} {key}" for needle in hers if needle in f"{key} {value}"]
        files = self._cluster.kubectl(
            "-n", SYSTEM, "exec", "deploy/octavo-platform-characters", "--", "find", "/var/lib/octavo", "-type", "f"
        )
        return found + [f"pictures {path}" for path in files.split() if folder_of(user) in path]

    def _dump(self, namespace: str, pod: str) -> list[str]:
        """The rows of all databases of a server, a line each."""
        said = self._cluster.kubectl("-n", namespace, "exec", pod, "--", "sh", "-c", DUMP, timeout_s=60)
        return [line for line in said.splitlines() if line.startswith("INSERT INTO")]


def test_who_looks_after_it_sees_what_runs_and_what_it_logs(platform: Platform) -> None:
    client, headers, refused = platform.client, platform.admin.headers, f"refused-{RUN}"
    assert client.get("/api/admin/services", headers=platform.early.headers).status_code == 403
    platform.generator.wait_ready(deadline_s=180)
    services = ok(client.get("/api/admin/services", headers=headers))["items"]
    assert {service["name"]: service["state"] for service in services} == dict.fromkeys(
        ("auth", "characters", "stories", "notifications", "admin", "web"), "healthy"
    )
    generators = ok(client.get("/api/admin/generators", headers=headers))["items"]
    assert {(generator["namespace"], generator["name"]) for generator in generators} == {(platform.generator.namespace, "tiny-stories")}
    # A line of a real pod's log, by the correlation id of the request that it is about.
    client.get("/api/auth/me", headers={"authorization": "Bearer x", "x-correlation-id": refused})
    wait(
        lambda: ok(client.get("/api/admin/logs", params={"service": "auth", "correlation_id": refused}, headers=headers))["items"],
        what="the line is found",
        deadline_s=30,
    )
    assert any(entry["action"] for entry in ok(client.get("/api/admin/audit", headers=headers))["items"])


def test_helm_test_finds_all_of_it_well(platform: Platform) -> None:
    said = platform.cluster.helm("test", "octavo-platform", "-n", SYSTEM, "--timeout", "3m")
    assert said.count("Phase:          Succeeded") == 2


def test_a_stranger_in_the_cluster_reaches_neither_services_nor_stores(platform: Platform) -> None:
    if not platform.cluster.isolates:
        pytest.skip("whether this cluster enforces NetworkPolicies is not known")
    ports = dict.fromkeys(("auth", "characters", "stories", "notifications", "admin", "web"), 80)
    ports |= {"db": 3306, "documents": 27017, "redis": 6379}
    addresses = {name: (f"octavo-platform-{name}.{SYSTEM}.svc", port) for name, port in ports.items()}
    script = f"""
import concurrent.futures, json, socket
def reached(address):
    try:
        socket.create_connection(tuple(address), timeout=4).close()
        return True
    except OSError:
        return False
addresses = {json.dumps(addresses)}
with concurrent.futures.ThreadPoolExecutor(9) as at_once:
    found = list(at_once.map(reached, addresses.values()))
print(json.dumps([name for name, was in zip(addresses, found) if was]))
"""
    # The API server's own Service answers to everybody, so a stranger that reaches nothing at all would be seen.
    script += 'print(reached(("kubernetes.default.svc", 443)))\n'
    with platform.cluster.namespace("strangers") as strangers:
        container: Object = {"name": "one", "image": SERVICE_IMAGE, "imagePullPolicy": "IfNotPresent", "args": ["-c", script]}
        spec: Object = {"restartPolicy": "Never", "containers": [container], "automountServiceAccountToken": False}
        pod: Object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "stranger", "namespace": strangers}, "spec": spec}
        path = f"/api/v1/namespaces/{strangers}/pods/stranger"
        platform.cluster.kubectl("apply", "-f", "-", stdin=json.dumps(pod))
        wait(
            lambda: platform.cluster.api.get(path)["status"]["phase"] in ("Succeeded", "Failed"),
            what="the stranger has tried",
            deadline_s=90,
        )
        assert platform.cluster.kubectl("logs", "-n", strangers, "stranger").split("\n")[:2] == ["[]", "True"]
