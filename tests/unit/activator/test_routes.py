"""The table of routes, from the operator's JSON to what is kept of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.servers.activator_process import FORWARDING_KEY, route

from octavo_activator.routes import Key, Table, read_table
from octavo_core.errors import MalformedBody

PORTS = range(20_000, 30_000)


def read(*routes: Any, before: Table | None = None) -> Table:
    return read_table(orjson.dumps(list(routes)), before or Table(), ports=PORTS)


def test_a_route_is_read_with_what_the_resource_says() -> None:
    spec = {"task": "story", "jobs": {"maxQueued": 7, "defaultMode": "async"}, "auth": {"mode": "jwt", "audience": "tales"}, "limits": {}}
    table = read(route("tales", 20_001, "ready", pods=["10.0.0.1:8000", "[::1]:8000"], message="model loaded", resource=spec))
    found = table.routes[Key("default", "tales")]
    assert (found.port, found.phase, found.message) == (20_001, "ready", "model loaded")
    assert found.pods == ("10.0.0.1:8000", "[::1]:8000")
    assert found.target == "http://tales-api.default.svc:80"
    assert (found.max_queued, found.default_mode) == (7, "async")
    assert (found.auth.mode, found.auth.audience) == ("jwt", "tales")
    assert table.refused == ()


def test_a_whole_resource_will_do_as_well() -> None:
    resource = {"apiVersion": "octavo.dev/v1alpha1", "kind": "GeneratorService", "metadata": {"name": "x"}, "spec": {"task": "story"}}
    assert read(route("x", 20_001, resource=resource)).routes[Key("default", "x")].default_mode == "wait"


def test_the_forwarding_key_is_not_in_what_is_printed() -> None:
    assert FORWARDING_KEY not in repr(read(route("x", 20_001)))


def test_a_route_that_has_not_changed_is_the_same_object() -> None:
    first = read(route("a", 20_001), route("b", 20_002))
    second = read(route("a", 20_001), route("b", 20_002, "starting"), before=first)
    assert second.routes[Key("default", "a")] is first.routes[Key("default", "a")]
    assert second.routes[Key("default", "b")] is not first.routes[Key("default", "b")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"port": 19_999}, "port 19999 is not in 20000-29999"),
        ({"port": "20001"}, "port: Input should be a valid integer"),
        ({"phase": "dreaming"}, "phase: Input should be 'asleep', 'starting' or 'ready'"),
        ({"forwarding_key": "short"}, "forwarding_key: String should have at least 32 characters"),
        ({"resource": {"task": "juggling"}}, "task: Input should be"),
        ({"resource": {}}, "task: Field required"),
        ({"resource": {"task": "text", "auth": {"mode": "open"}}}, "auth.mode"),
        ({"target": "file:///etc/passwd"}, "target: String should match pattern"),
        ({"target": "http://user:pass@host"}, "target: String should match pattern"),
        ({"pods": ["10.0.0.1"]}, "pods.0: String should match pattern"),
        ({"pods": ["10.0.0.1:80/path"]}, "pods.0: String should match pattern"),
        ({"name": ""}, "name: String should have at least 1 character"),
    ],
)
def test_a_route_that_cannot_be_used_is_refused_and_troubles_no_other(changes: dict[str, Any], reason: str) -> None:
    table = read({**route("bad", 20_001), **changes}, route("good", 20_002))
    assert list(table.routes) == [Key("default", "good")]
    (refused,) = table.refused
    assert reason in refused.reason


def test_a_refusal_repeats_no_key() -> None:
    (refused,) = read({**route("bad", 20_001), "forwarding_key": "secret-but-short"}).refused
    assert "secret-but-short" not in str(refused)


def test_two_of_one_port_or_of_one_name() -> None:
    table = read(route("a", 20_001), route("b", 20_001), route("a", 20_002))
    assert list(table.routes) == [Key("default", "a")]
    assert [refused.reason for refused in table.refused] == ["port 20001 is default/a's", "this generator is in the table twice"]


def test_one_name_in_two_namespaces_is_two_generators() -> None:
    assert len(read(route("a", 20_001), {**route("a", 20_002), "namespace": "other"}).routes) == 2


@pytest.mark.parametrize("raw", [b"", b"{", b"{}", b"7", b"[7]", b'["x"]', b"null", b"\xff"])
def test_what_is_no_table(raw: bytes) -> None:
    with pytest.raises(MalformedBody):
        read_table(raw, Table(), ports=PORTS)


def test_an_empty_table_is_a_table() -> None:
    assert read().routes == {}
