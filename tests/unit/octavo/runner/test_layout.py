"""Which workers a set of resources needs, and where things are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.servers.generators import generator, text_generator

from octavo.runner.layout import Home, base_url, plan_workers
from octavo.runner.sleeping import Decision, decide
from octavo_core.errors import Misconfigured
from octavo_core.spec import GeneratorService, parse_resource


def provided(name: str, **spec: Any) -> GeneratorService:
    parsed: GeneratorService = parse_resource(text_generator(name, "http://h/v1", **spec))
    return parsed


def modelled(name: str, **spec: Any) -> GeneratorService:
    engine = {"name": "ctranslate2", "model": "builtin://tiny-stories"}
    parsed: GeneratorService = parse_resource(generator(name, task="story", engine=engine, **spec))
    return parsed


def idle(seconds: int) -> dict[str, Any]:
    return {"workers": {"scaling": {"idleSeconds": seconds}}}


def test_a_model_has_a_process_of_its_own_and_providers_share_one() -> None:
    plans = plan_workers([provided("a"), modelled("b"), provided("c"), modelled("d")], {})
    assert [(plan.name, plan.generators) for plan in plans] == [("b", ("b",)), ("d", ("d",)), ("providers", ("a", "c"))]


def test_nothing_needs_no_worker() -> None:
    assert plan_workers([], {}) == []


def test_a_shared_process_sleeps_when_the_most_patient_would_and_never_where_one_must_stand() -> None:
    (plan,) = plan_workers([provided("a", **idle(5)), provided("b", **idle(60))], {})
    assert (plan.idle_s, plan.always) == (60, False)
    (plan,) = plan_workers([provided("a"), provided("b", workers={"min": 1})], {})
    assert plan.always


def test_providers_whose_key_is_not_here_are_named() -> None:
    grok = {"providers": [{"name": "grok", "type": "xai", "model": "grok-4.3", "credentials": {"env": "XAI_API_KEY"}}]}
    fakes = {"OCTAVO_FAKE_PROVIDERS_URL": "http://127.0.0.1:9"}
    resources = [provided("a", **grok), provided("b")]
    assert plan_workers(resources, fakes)[0].samples == ("a/grok",)
    assert plan_workers(resources, {**fakes, "XAI_API_KEY": "k"})[0].samples == ()
    assert plan_workers(resources, {})[0].samples == ()


def test_the_fingerprint_follows_the_resources_and_not_their_order() -> None:
    def fingerprint(*resources: GeneratorService) -> str:
        return plan_workers(resources, {})[0].fingerprint

    assert fingerprint(provided("a"), provided("b")) == fingerprint(provided("b"), provided("a"))
    assert fingerprint(provided("a")) != fingerprint(provided("a", **idle(5)))
    assert fingerprint(provided("a")) != fingerprint(provided("a"), provided("b"))


@pytest.mark.parametrize(
    ("always", "open_jobs", "running", "idle_for_s", "decision"),
    [
        (False, 0, False, 0, Decision.KEEP),
        (False, 0, False, 1e9, Decision.KEEP),
        (False, 1, False, 0, Decision.START),
        (True, 0, False, 0, Decision.START),
        (False, 0, True, 9.9, Decision.KEEP),
        (False, 0, True, 10, Decision.STOP),
        (False, 1, True, 1e9, Decision.KEEP),
        (True, 0, True, 1e9, Decision.KEEP),
    ],
)
def test_when_a_worker_starts_and_sleeps(always: bool, open_jobs: int, running: bool, idle_for_s: float, decision: Decision) -> None:
    more = {"workers": {"min": 1 if always else 0, "scaling": {"idleSeconds": 10}}}
    (plan,) = plan_workers([provided("a", **more)], {})
    assert decide(plan, open_jobs=open_jobs, running=running, idle_for_s=idle_for_s) is decision


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("localhost", "http://localhost:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
    ],
)
def test_where_a_server_is_reached(host: str, url: str) -> None:
    assert base_url(host, 80) == url


class TestHome:
    def test_folders_are_the_persons_own(self, tmp_path: Path) -> None:
        home = Home(tmp_path / "home")
        home.prepare()
        home.prepare()
        assert home.run.stat().st_mode & 0o777 == 0o700
        assert home.redis_socket.parent.is_dir()

    def test_a_long_path_keeps_its_socket_short_and_its_own(self, tmp_path: Path) -> None:
        one, two = Home(tmp_path / ("x" * 120)), Home(tmp_path / ("y" * 120))
        assert len(str(one.redis_socket)) <= 100
        assert one.redis_socket != two.redis_socket
        assert Home(tmp_path / ("x" * 120)).redis_socket == one.redis_socket

    def test_a_file_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        for path in (tmp_path / "file", tmp_path / "file" / "below"):
            with pytest.raises(Misconfigured, match="set OCTAVO_HOME to another"):
                Home(path).prepare()
