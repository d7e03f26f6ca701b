"""The values: described once, checked by their schema before anything reaches a cluster, with words that help."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from scripts.charts import document
from tests.charts import helm
from tests.charts.helm import CHARTS, NAMES

every_chart = pytest.mark.parametrize("chart", [CHARTS / name for name in NAMES], ids=NAMES)


def test_these_are_all_charts() -> None:
    assert [chart.name for chart in document.charts()] == list(NAMES)


@every_chart
def test_the_readme_and_the_schema_say_what_values_yaml_says(chart: Path) -> None:
    assert (chart / "README.md").read_text() == document.readme(chart), "run ./task charts"
    assert (chart / "values.schema.json").read_text() == document.schema_text(chart), "run ./task charts"


@every_chart
def test_values_yaml_shows_every_value_that_the_schema_allows(chart: Path) -> None:
    assert document.undescribed_properties(chart) == []


@every_chart
def test_each_values_file_is_what_the_schema_allows(chart: Path) -> None:
    schema = document.schema_of(chart)
    jsonschema.Draft7Validator.check_schema(schema)
    for file in ("values.yaml", "values-dev.yaml", "values-prod.yaml"):
        jsonschema.Draft7Validator(schema).validate(yaml.safe_load((chart / file).read_text()))


@every_chart
def test_every_object_of_the_schema_is_closed_or_meant_to_be_open(chart: Path) -> None:
    """A typing mistake in a name is an error, not silence."""
    open_on_purpose = {"valueFrom", "affinity", "spread", "rules", "global", "resources"}

    def look(part: Any, name: str) -> list[str]:
        if isinstance(part, list):
            return [found for item in part for found in look(item, name)]
        if not isinstance(part, dict):
            return []
        found = [name] if part.get("type") == "object" and "additionalProperties" not in part and name not in open_on_purpose else []
        for key, inner in part.items():
            found += look(inner, name if key in ("properties", "items", "definitions", "anyOf") else key)
        return found

    assert look(document.schema_of(chart), "values") == []


def test_a_key_without_a_comment_is_found(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("# Said.\na: 1\nb: 2\n")
    properties = {"a": {"type": "integer"}, "b": {"type": "integer"}}
    (tmp_path / "values.schema.json").write_text(json.dumps({"type": "object", "properties": properties}))
    with pytest.raises(document.Undescribed, match="b has no comment"):
        document.values_of(tmp_path)


def test_a_key_that_the_schema_does_not_know_is_found(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("# Said.\na: 1\n")
    (tmp_path / "values.schema.json").write_text('{"type": "object", "properties": {}}')
    with pytest.raises(document.Undescribed, match=r"a stands in values\.yaml and not in"):
        document.values_of(tmp_path)


REFUSED = [
    # chart, value, what it is set to, what helm then says
    ("octavo-crds", "keep", "yes", "'/keep': got string, want boolean"),
    ("octavo-crds", "kepe", True, "additional properties 'kepe' not allowed"),
    ("octavo-crds", "labels", {"team": "a b"}, "'/labels/team': 'a b' does not match pattern"),
    ("octavo-crds", "test.image.pullPolicy", "Sometimes", "'/test/image/pullPolicy': value must be one of 'IfNotPresent'"),
    ("octavo-operator", "replicas", 2, "additional properties 'replicas' not allowed"),
    ("octavo-operator", "operator.replicas", "2", "'/operator/replicas': got string, want integer"),
    ("octavo-operator", "operator.replicas", -1, "'/operator/replicas': minimum: got -1, want 0"),
    ("octavo-operator", "operator.replicas", 99, "'/operator/replicas': maximum: got 99, want 10"),
    ("octavo-operator", "operator.shards", 0, "'/operator/shards': minimum: got 0, want 1"),
    ("octavo-operator", "operator.scaling", "keda", "'/operator/scaling': value must be one of 'work', 'resource'"),
    ("octavo-operator", "operator.logLevel", "info", "'/operator/logLevel': value must be one of 'DEBUG', 'INFO', 'WARNING', 'ERROR'"),
    ("octavo-operator", "operator.antiAffinity", True, "'/operator/antiAffinity': value must be one of 'soft', 'hard', 'none'"),
    ("octavo-operator", "operator.resources", {"cpu": "1"}, "invalid propertyName 'cpu'"),
    ("octavo-operator", "operator.resources.limits", {"memory": "1 GB"}, "'/operator/resources/limits/memory'"),
    ("octavo-operator", "operator.extraEnv", [{"name": "A", "value": 1}], "'/operator/extraEnv/0/value': got number, want string"),
    ("octavo-operator", "operator.extraEnv", {"A": "1"}, "'/operator/extraEnv': got object, want array"),
    ("octavo-operator", "operator.extraEnv", [{"value": "1"}], "missing property 'name'"),
    ("octavo-operator", "operator.tolerations", [{"effect": "Never"}], "'/operator/tolerations/0/effect': value must be one of"),
    ("octavo-operator", "operator.topologySpreadConstraints", [{"maxSkew": 1}], "missing properties 'topologyKey', 'whenUnsatisfiable'"),
    ("octavo-operator", "operator.podDisruptionBudget.minAvailable", 1, "additional properties 'minAvailable' not allowed"),
    ("octavo-operator", "images.registry", "https://registry.example.org", "'/images/registry': 'https://registry.example.org'"),
    ("octavo-operator", "images.registry", "registry.example.org/", "'/images/registry'"),
    ("octavo-operator", "images.tag", "a/b", "'/images/tag': 'a/b' does not match pattern"),
    ("octavo-operator", "images.operator.repository", "octavo/operator:1.0", "'/images/operator/repository'"),
    ("octavo-operator", "images.operator.digest", "abc", "'/images/operator/digest': 'abc' does not match pattern '^(sha256:"),
    ("octavo-operator", "images.redis.tag", "", "'/images/redis/tag'"),
    ("octavo-operator", "images.redis.user", 0, "'/images/redis/user': minimum: got 0, want 1"),
    ("octavo-operator", "watchNamespaces", "stories", "'/watchNamespaces': got string, want array"),
    ("octavo-operator", "watchNamespaces", ["Stories"], "'/watchNamespaces/0': 'Stories' does not match pattern"),
    ("octavo-operator", "watchNamespaces", ["a", "a"], "'/watchNamespaces': items at 0 and 1 are equal"),
    ("octavo-operator", "activator.replicas", 2, "additional properties 'replicas' not allowed"),
    ("octavo-operator", "activator.persistence.size", "10", None),
    ("octavo-operator", "activator.persistence.size", "big", "'/activator/persistence/size': 'big' does not match pattern"),
    ("octavo-operator", "activator.token.value", "hush", "additional properties 'value' not allowed"),
    ("octavo-operator", "generators.dnsCidrs", ["169.254.20.10"], "'/generators/dnsCidrs/0': '169.254.20.10' does not match pattern"),
    ("octavo-operator", "generators.resources.api", {"requests": {"cpu": "much"}}, "'/generators/resources/api/requests/cpu'"),
    ("octavo-operator", "identity.jwksUrl", "login.example.org", "'/identity/jwksUrl': 'login.example.org' does not match pattern '^(https?://"),
    ("octavo-operator", "identity.issuer", "", "'/identity/issuer': minLength: got 0, want 1"),
    ("octavo-operator", "metrics.serviceMonitor.enabled", "yes", "'/metrics/serviceMonitor/enabled': value must be one of"),
    ("octavo-operator", "metrics.serviceMonitor.interval", "30", "'/metrics/serviceMonitor/interval': '30' does not match pattern"),
    ("octavo-operator", "networkPolicy.apiServerPorts", [], "'/networkPolicy/apiServerPorts': minItems: got 0, want 1"),
    ("octavo-operator", "fullnameOverride", "Octavo", "'/fullnameOverride': 'Octavo' does not match pattern"),
    ("octavo-platform", "redis.maxMemory", "192Mi", "'/redis/maxMemory': '192Mi' does not match pattern '^[1-9][0-9]*(kb|mb|gb)$'"),
    ("octavo-platform", "redis.evictionPolicy", "lru", "'/redis/evictionPolicy': value must be one of 'volatile-ttl'"),
    ("octavo-platform", "redis.password", "hush", "additional properties 'password' not allowed"),
    ("octavo-platform", "ingress.host", "https://ai.example.org", "'/ingress/host': 'https://ai.example.org' does not match pattern"),
    ("octavo-platform", "generators", ["tiny-stories"], "'/generators/0': got string, want object"),
    ("octavo-platform", "generators", [{"name": "tiny-stories"}], "missing property 'namespace'"),
    ("octavo-platform", "generators", [{"namespace": "a", "name": "x"}, {"namespace": "b", "name": "x"}],
     "two have the name x, and both would be at /generators/x"),
    ("octavo-platform", "ingress.enabled", True, "ingress.enabled needs ingress.host: the name under which the platform is reached"),
    ("octavo-platform", "ingress", {"enabled": True, "host": "ai.example.org", "certManager": {"issuer": "le"}},
     "needs ingress.tlsSecretName"),
    ("octavo-platform", "ingress.nginx.requestsPerSecond", 0, "'/ingress/nginx/requestsPerSecond': minimum: got 0, want 1"),
    ("octavo-platform", "services.publicUrl", "ai.example.org", "'/services/publicUrl': 'ai.example.org' does not match pattern"),
    ("octavo-platform", "services.antiAffinity", True, "'/services/antiAffinity': value must be one of 'soft', 'hard', 'none'"),
    ("octavo-platform", "auth.enabled", False, "auth.enabled=false: the other services check the tokens that auth gives"),
    ("octavo-platform", "characters.enabled", False, "characters.enabled=false: stories are written with characters"),
    ("octavo-platform", "auth.mail.kind", "smtp", "auth.mail.kind=smtp needs auth.mail.host"),
    ("octavo-platform", "auth.mail.password", "hush", "additional properties 'password' not allowed"),
    ("octavo-platform", "services.trustedProxies", ["nginx"], "'/services/trustedProxies/0': 'nginx' does not match pattern"),
    ("octavo-platform", "characters.pictures.url", "http://bucket", "'/characters/pictures/url'"),
    ("octavo-platform", "characters.pictures.persistence.accessMode", "Any", "value must be one of 'ReadWriteOnce', 'ReadWriteMany'"),
    ("octavo-platform", "database.enabled", False, "database.enabled=false needs database.existingSecret"),
    ("octavo-platform", "documents.enabled", False, "documents.enabled=false needs documents.existingSecret"),
    ("octavo-platform", "redis.enabled", False, "redis.enabled=false needs redis.auth.existingSecret"),
    ("octavo-platform", "redis", {"auth": {"existingSecret": "mine"}, "shareWith": ["stories"]},
     "redis.shareWith needs a password that this chart makes"),
]  # fmt: skip


@pytest.mark.needs("helm")
@pytest.mark.parametrize(("chart", "value", "given", "says"), REFUSED, ids=[f"{c}-{v}-{i}" for i, (c, v, _, _) in enumerate(REFUSED)])
def test_what_is_wrong_is_refused_with_its_place_and_what_is_allowed(chart: str, value: str, given: object, says: str | None) -> None:
    arguments = helm.sets({value: given})
    if says is None:
        helm.render(chart, *arguments)
        return
    with pytest.raises(helm.Refused) as refused:
        helm.render(chart, *arguments)
    assert says in str(refused.value)


@pytest.mark.needs("helm")
@pytest.mark.parametrize("chart", NAMES)
def test_a_chart_may_be_part_of_another(chart: str) -> None:
    """Helm hands `global` to every chart of a chart."""
    helm.render(chart, *helm.sets({"global.imageRegistry": "x"}))


@pytest.mark.needs("helm")
@pytest.mark.parametrize("chart", NAMES)
def test_a_cluster_that_is_too_old_is_refused(chart: str) -> None:
    with pytest.raises(helm.Refused, match="requires kubeVersion"):
        helm.helm("template", chart, str(CHARTS / chart), "--kube-version", "1.28.0")
