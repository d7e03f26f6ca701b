from __future__ import annotations

import base64
from typing import Any

import pytest
from tests.unit.kube.observed_objects import resource

from octavo_core.spec import parse_resource
from octavo_operator import names
from octavo_operator.resource import Key
from octavo_operator.secrets import ForeignSecrets, MasterKey, read_passwords, references_of

KEY = Key("kept", "tale")


def encoded(**values: str) -> dict[str, str]:
    return {name.replace("_", "-"): base64.b64encode(value.encode()).decode() for name, value in values.items()}


def test_passwords_come_back_the_same_and_differ_in_everything_else() -> None:
    one, other = MasterKey(b"1" * 32), MasterKey(b"2" * 32)
    passwords = one.passwords(KEY)
    assert passwords == one.passwords(Key("kept", "tale"))
    everything = {
        value
        for found in (passwords, other.passwords(KEY), one.passwords(Key("kept", "other")), one.passwords(Key("elsewhere", "tale")))
        for value in (found.redis, found.database, found.forwarding)
    }
    assert len(everything) == 12
    assert all(len(value) == 32 for value in everything)
    assert not any(value in repr(passwords) for value in everything)


def test_names_that_run_together_do_not_share_passwords() -> None:
    key = MasterKey(b"1" * 32)
    assert key.passwords(Key("a", "b-c")) != key.passwords(Key("a-b", "c"))


def test_a_fingerprint_tells_values_apart_and_is_nothing_without_the_key() -> None:
    key, other = MasterKey(b"1" * 32), MasterKey(b"2" * 32)
    assert key.fingerprint({"a": "x", "b": "y"}) == key.fingerprint({"b": "y", "a": "x"})
    assert key.fingerprint({"a": "x"}) != key.fingerprint({"a": "y"})
    assert key.fingerprint({"a": "x", "b": ""}) != key.fingerprint({"a": "x"})
    assert key.fingerprint({"a": "x"}) != other.fingerprint({"a": "x"})


def test_what_a_secret_holds_is_believed_and_what_it_lacks_is_derived() -> None:
    derived = MasterKey(b"1" * 32).passwords(KEY)
    held = read_passwords({"data": encoded(database_password="mine")}, derived)
    assert held.database == "mine"
    assert (held.redis, held.forwarding) == (derived.redis, derived.forwarding)
    assert read_passwords({"data": {names.DATABASE_PASSWORD_KEY: "no base64!"}}, derived) == derived
    assert read_passwords({}, derived) == derived


def test_every_secret_that_a_resource_names_is_found() -> None:
    document = resource()
    document["spec"] = {
        "task": "text",
        "providers": [
            {"name": "one", "type": "xai", "model": "m", "credentials": {"secretRef": {"name": "xai", "key": "apiKey"}}},
            {"name": "two", "type": "xai", "model": "m", "credentials": {"secretRef": {"name": "xai", "key": "second"}}},
        ],
        "redis": {"external": {"secretRef": {"name": "store", "key": "url"}}},
    }
    assert references_of(parse_resource(document)) == {"xai": frozenset({"apiKey", "second"}), "store": frozenset({"url"})}


class Cluster:
    def __init__(self) -> None:
        self.secrets: dict[str, dict[str, str]] = {}
        self.reads = 0
        self.meanwhile: Any = None

    async def get(self, _kind: object, _namespace: str, name: str) -> dict[str, Any] | None:
        self.reads += 1
        found = self.secrets.get(name)
        answer = None if found is None else {"data": dict(found)}
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return answer


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def changed() -> list[Key]:
    return []


@pytest.fixture
def secrets(cluster: Cluster, changed: list[Key]) -> ForeignSecrets:
    return ForeignSecrets(cluster, MasterKey(b"1" * 32), lambda key, _: changed.append(key))  # type: ignore[arg-type]


REFERENCES = {"xai": frozenset({"apiKey"})}


async def test_a_secret_is_read_once_and_again_when_it_moved(cluster: Cluster, secrets: ForeignSecrets, changed: list[Key]) -> None:
    cluster.secrets["xai"] = encoded(apiKey="one")
    before, missing = await secrets.look(KEY, REFERENCES)
    assert (await secrets.look(KEY, REFERENCES))[0] == before
    assert (cluster.reads, missing) == (1, ())
    cluster.secrets["xai"] = encoded(apiKey="two")
    secrets.moved("kept", "xai")
    assert changed == [KEY]
    assert (await secrets.look(KEY, REFERENCES))[0] != before


async def test_a_key_that_nobody_refers_to_changes_nothing(cluster: Cluster, secrets: ForeignSecrets) -> None:
    cluster.secrets["xai"] = encoded(apiKey="one")
    before, _ = await secrets.look(KEY, REFERENCES)
    cluster.secrets["xai"] = encoded(apiKey="one", other="x")
    secrets.moved("kept", "xai")
    assert (await secrets.look(KEY, REFERENCES))[0] == before


async def test_what_is_missing_is_named_until_it_comes(cluster: Cluster, secrets: ForeignSecrets) -> None:
    assert await secrets.look(KEY, REFERENCES) == ({}, ("xai",))
    assert await secrets.look(KEY, REFERENCES) == ({}, ("xai",))
    assert cluster.reads == 1
    cluster.secrets["xai"] = encoded(other="x")
    secrets.moved("kept", "xai")
    assert (await secrets.look(KEY, REFERENCES))[1] == ("xai: key apiKey",)


async def test_a_read_that_was_overtaken_is_not_believed(cluster: Cluster, secrets: ForeignSecrets) -> None:
    cluster.secrets["xai"] = encoded(apiKey="one")

    def meanwhile() -> None:
        cluster.secrets["xai"] = encoded(apiKey="two")
        secrets.moved("kept", "xai")

    cluster.meanwhile = meanwhile
    found, _ = await secrets.look(KEY, REFERENCES)
    assert cluster.reads == 2
    cluster.secrets["xai"] = encoded(apiKey="two")
    assert (await secrets.look(KEY, REFERENCES))[0] == found


async def test_a_list_that_does_not_show_it_makes_it_be_read(cluster: Cluster, secrets: ForeignSecrets, changed: list[Key]) -> None:
    cluster.secrets["xai"] = encoded(apiKey="one")
    await secrets.look(KEY, REFERENCES)
    secrets.swept(None, {("kept", "xai")})
    assert changed == []
    del cluster.secrets["xai"]
    secrets.swept("elsewhere", set())
    assert changed == []
    secrets.swept("kept", set())
    assert changed == [KEY]
    assert (await secrets.look(KEY, REFERENCES))[1] == ("xai",)


async def test_what_nobody_names_any_more_is_forgotten(cluster: Cluster, secrets: ForeignSecrets, changed: list[Key]) -> None:
    await secrets.look(KEY, REFERENCES)
    await secrets.look(KEY, {})
    secrets.moved("kept", "xai")
    await secrets.look(KEY, REFERENCES)
    secrets.forget(KEY)
    secrets.moved("kept", "xai")
    assert changed == []
    assert secrets._known == {}
