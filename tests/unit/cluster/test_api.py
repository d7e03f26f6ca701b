from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from scripts.cluster.agent.mirror import Mirror
from scripts.cluster.api import Api, condition, connected, eventually, path_of
from tests.servers.starting import wait_until


def api(answer: Any) -> Api:
    return Api(httpx.Client(transport=httpx.MockTransport(answer), base_url="https://cluster"))


@pytest.mark.parametrize(
    ("version", "kind", "namespace", "path"),
    [
        ("v1", "Node", None, "/api/v1/nodes/x"),
        ("v1", "ConfigMap", "app", "/api/v1/namespaces/app/configmaps/x"),
        ("v1", "Service", None, "/api/v1/namespaces/default/services/x"),
        ("apps/v1", "Deployment", "app", "/apis/apps/v1/namespaces/app/deployments/x"),
        ("storage.k8s.io/v1", "StorageClass", None, "/apis/storage.k8s.io/v1/storageclasses/x"),
        ("networking.k8s.io/v1", "NetworkPolicy", "app", "/apis/networking.k8s.io/v1/namespaces/app/networkpolicies/x"),
    ],
)
def test_paths(version: str, kind: str, namespace: str | None, path: str) -> None:
    metadata = {"name": "x"} | ({"namespace": namespace} if namespace else {})
    assert path_of({"apiVersion": version, "kind": kind, "metadata": metadata}) == path


def test_what_is_not_there_is_none_and_a_refusal_is_an_error() -> None:
    statuses = {"/gone": 404, "/refused": 403}
    asked = api(lambda request: httpx.Response(statuses[request.url.path], json={}))
    assert asked.find("/gone") is None
    asked.delete("/gone")
    with pytest.raises(httpx.HTTPStatusError):
        asked.find("/refused")


def test_conditions() -> None:
    node = {"status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Slow", "status": "Unknown"}]}}
    assert condition(node, "Ready")
    assert not condition(node, "Slow")
    assert not condition({"status": {}}, "Ready")
    assert not condition(None, "Ready")


def test_a_server_that_is_away_means_no_until_it_is_there() -> None:
    answers = iter([httpx.ConnectError("away"), None])

    def check() -> bool:
        problem = next(answers)
        if problem:
            raise problem
        return True

    assert eventually(check, deadline_s=5)
    assert not eventually(lambda: False, deadline_s=0)


def test_a_token_of_the_kubeconfig_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    document = {
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "current-context": "c",
        "clusters": [{"name": "other", "cluster": {}}, {"name": "k", "cluster": {"server": "https://10.0.0.1:6443"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    with connected(tmp_path / "config") as found:
        assert found._client.headers["authorization"] == "Bearer t"
        assert found._client.base_url == "https://10.0.0.1:6443"


class Collection:
    """A server with one collection: each watch gives the next batch of events and ends; after the last it is silent."""

    def __init__(self, *batches: list[tuple[str, str]]) -> None:
        self.batches, self.lists = list(batches), 0
        self.closing = threading.Event()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if "watch" not in request.url.params:
            self.lists += 1
            return httpx.Response(200, json={"metadata": {"resourceVersion": "1"}, "items": [thing("first")]})
        if not self.batches:
            self.closing.wait(30)
            raise httpx.ReadTimeout("silent")
        lines = [json.dumps({"type": kind, "object": thing(name)}) for kind, name in self.batches.pop(0)]
        return httpx.Response(200, text="\n".join(lines))


def thing(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "resourceVersion": "2"}, "message": "too old"}


def names(mirror: Mirror) -> set[str]:
    return {each["metadata"]["name"] for each in mirror.objects()}


def test_a_mirror_follows_what_comes_and_goes() -> None:
    bell = threading.Event()
    server = Collection([("ADDED", "second"), ("BOOKMARK", "")], [("DELETED", "first")])
    mirror = Mirror(api(server), "/things", bell)
    mirror.start()
    wait_until(lambda: names(mirror) == {"second"}, what="the mirror does not follow")
    assert bell.is_set()
    mirror.stop()
    server.closing.set()


def test_a_mirror_lists_again_where_the_history_is_gone() -> None:
    server = Collection([("ADDED", "second")], [("ERROR", "gone")], [("ADDED", "third")])
    mirror = Mirror(api(server), "/things", threading.Event())
    mirror.start()
    wait_until(lambda: names(mirror) == {"first", "third"} and server.lists > 1, what="the mirror does not list again")
    mirror.stop()
    server.closing.set()
