"""Who may speak with whom: nobody, but for what the generator is for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.kube.desired_cases import MONITORING, document, settings, situation
from tests.unit.kube.desired_making import API, NAME, WORKER, Objects, story, text

from octavo_core.spec import parse_resource
from octavo_operator import names

EXTERNAL = {"external": {"secretRef": {"name": "a", "key": "b"}}}


def rules(objects: Objects, name: str, way: str = "egress") -> Any:
    return objects.get("NetworkPolicy", name)["spec"][way]


def ports(rule: Any) -> set[int]:
    return {port["port"] for port in rule.get("ports", ())}


def outside(objects: Objects, name: str) -> dict[str, set[int]]:
    """What a policy lets out, by address block or namespace; no port means all."""
    found: dict[str, set[int]] = {}
    for rule in rules(objects, name):
        for peer in rule["to"]:
            namespace = peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name")
            key = peer["ipBlock"]["cidr"] if "ipBlock" in peer else namespace or "same namespace"
            found[key] = ports(rule)
    return found


def test_a_generator_of_its_own_reaches_nothing_outside() -> None:
    objects = Objects(story())
    assert [name for kind, name in objects._found if kind == "NetworkPolicy"] == [names.policy(NAME)]
    spec = objects.get("NetworkPolicy", names.policy(NAME))["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"], "what is not named is denied both ways"
    dns, stores = spec["egress"]
    assert ports(dns) == {53, 5353}
    assert stores["to"][0]["podSelector"]["matchExpressions"][0]["values"] == ["redis", "db"]


def test_stores_take_connections_of_api_and_workers_alone() -> None:
    _calls, stores = rules(Objects(story(database={"managed": {"type": "mysql"}})), names.policy(NAME), "ingress")
    assert ports(stores) == {6379, 3306}
    (peer,) = stores["from"]
    assert peer["podSelector"]["matchLabels"] == names.selector(NAME)
    assert peer["podSelector"]["matchExpressions"][0]["values"] == ["api", "worker"]


def test_whoever_reaches_the_api_may_call_it_unless_namespaces_are_named() -> None:
    anyone = rules(Objects(story()), names.policy(NAME), "ingress")[0]
    assert anyone == {"ports": [{"port": names.API_PORT, "protocol": "TCP"}]}
    some = rules(Objects(story(), by=settings(caller_namespaces=["web"], namespace="system")), names.policy(NAME), "ingress")[0]
    own, others = some["from"]
    assert own == {"podSelector": {}}
    assert others["namespaceSelector"]["matchExpressions"][0]["values"] == ["system", "web"], "the operator and the activator too"


def test_metrics_are_read_by_prometheus_where_it_is() -> None:
    def scrapes(features: frozenset[str] = frozenset(), **given: Any) -> list[Any]:
        objects = Objects(story(), situation(features=features), settings(**given))
        return [rule for rule in rules(objects, names.policy(NAME), "ingress") if names.METRICS_PORT in ports(rule)]

    assert scrapes() == []
    assert scrapes(frozenset({MONITORING}))[0]["from"] == [{"namespaceSelector": {}}]
    (rule,) = scrapes(monitoring_namespaces=["monitoring"], caller_namespaces=["web"])
    assert ports(rule) == {names.API_PORT, names.METRICS_PORT}
    assert rule["from"][0]["namespaceSelector"]["matchExpressions"][0]["values"] == ["monitoring"]


def test_dns_that_is_no_pod_is_an_address_of_the_settings() -> None:
    dns = rules(Objects(story(), by=settings(dns_cidrs=["10.96.0.10/32"])), names.policy(NAME))[0]
    assert dns["to"] == [{"namespaceSelector": {}}, {"ipBlock": {"cidr": "10.96.0.10/32"}}]


INTERNET = {"0.0.0.0/0": {443}, "::/0": {443}}


@pytest.mark.parametrize(
    ("url", "reached"),
    [
        (None, INTERNET),
        ("https://api.example.org/v1", INTERNET),
        ("http://api.example.org:8080/v1", {"0.0.0.0/0": {8080}, "::/0": {8080}}),
        ("http://10.1.2.3/v1", {"10.1.2.3/32": {80}}),
        ("http://[fd00::7]:8000/v1", {"fd00::7/128": {8000}}),
        # a Service's port says nothing about its pods'
        ("http://ollama:11434/v1", {"same namespace": set()}),
        ("http://ollama.models.svc:11434/v1", {"models": set()}),
        ("http://ollama.models.svc.cluster.local.:11434/v1", {"models": set()}),
        ("https://example.org/v1", {"org": set(), **INTERNET}),
    ],
)
def test_workers_reach_their_provider(url: str | None, reached: dict[str, set[int]]) -> None:
    objects = Objects(text({} if url is None else {"type": "openai-compatible", "baseUrl": url}))
    assert outside(objects, WORKER) == reached
    assert ("NetworkPolicy", API) not in objects, "the API never calls one"


def test_a_provider_that_is_made_up_needs_no_way_out() -> None:
    assert ("NetworkPolicy", WORKER) not in Objects(text({"type": "fake"}))


def test_nobody_reaches_the_addresses_where_clouds_keep_the_nodes_credentials() -> None:
    for spec in ({"database": EXTERNAL}, {"redis": EXTERNAL}):
        for rule in rules(Objects(text({}, **spec)), WORKER):
            for peer in rule["to"]:
                if peer.get("ipBlock", {}).get("cidr") in {"0.0.0.0/0", "::/0"}:
                    assert peer["ipBlock"]["except"] in (["169.254.0.0/16"], ["fe80::/10"])


def test_external_stores_may_be_anywhere_for_their_address_is_a_secret() -> None:
    objects = Objects(story(redis=EXTERNAL))
    for name in (API, WORKER):
        (rule,) = rules(objects, name)
        assert "ports" not in rule
        assert {"namespaceSelector": {}} in rule["to"]
    assert ports(rules(objects, names.policy(NAME))[1]) == {5432}


def test_the_api_reaches_whoever_signs_tokens() -> None:
    by = settings(jwks_url="http://login.octavo-system.svc/jwks")
    assert outside(Objects(story(auth={"mode": "jwt"}), by=by), API) == {"octavo-system": set()}
    assert outside(Objects(story(auth={"mode": "oidc", "issuer": "https://id.example.org"})), API) == INTERNET
    assert outside(Objects(story(), by=by), API) == {"octavo-system": set()}
    assert ("NetworkPolicy", API) not in Objects(story())


def test_a_model_from_a_hub_is_fetched_by_the_workers() -> None:
    engine = {"name": "ctranslate2", "model": "hf://org/name@v1"}
    assert outside(Objects(parse_resource(document(NAME, task="story", engine=engine))), WORKER) == INTERNET


def test_a_pipeline_reaches_the_other_generators_and_who_stands_in_for_them() -> None:
    spec = {"task": "blog", "pipeline": {"steps": [{"name": "a", "uses": "generator/b"}]}}
    found = outside(Objects(parse_resource(document(NAME, **spec))), WORKER)
    assert found == {"same namespace": {names.API_PORT}, "octavo-system": set()}


def test_events_and_traces_of_the_platform() -> None:
    by = settings(events_redis_secret="events", otlp_endpoint="http://10.0.0.9:4318", namespace="system")
    for name in (API, WORKER):
        assert outside(Objects(story(), by=by), name) == {"system": set(), "10.0.0.9/32": {4318}}


def test_the_api_of_scripts_reaches_the_projects_and_its_workers_nothing() -> None:
    engine = {"name": "scenes", "model": "builtin://tiny-scripts"}
    scripts = {"projectsUrl": "http://octavo-platform-stories.octavo-system:8000"}
    objects = Objects(parse_resource(document(NAME, task="script", engine=engine, scripts=scripts)))
    assert outside(objects, API)["octavo-system"] == set()
    assert ("NetworkPolicy", WORKER) not in objects
