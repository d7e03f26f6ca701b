"""What the operator is told by its environment."""

from __future__ import annotations

import pytest

from octavo_core.errors import Misconfigured
from octavo_core.settings import read_settings
from octavo_operator.settings import OperatorSettings


def test_everything_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings(OperatorSettings).namespace == "octavo-system"


def test_lists_and_resources_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_CALLER_NAMESPACES", '["web", "ingress-nginx"]')
    monkeypatch.setenv("OCTAVO_RESOURCES_API", '{"requests": {"cpu": "1", "memory": "1Gi"}}')
    found = read_settings(OperatorSettings)
    assert found.caller_namespaces == ["web", "ingress-nginx"]
    assert (found.resources_api.requests, found.resources_api.limits) == ({"cpu": "1", "memory": "1Gi"}, {})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OCTAVO_IMAGE_SERVICE", "octavo service"),
        ("OCTAVO_IMAGE_PULL_POLICY", "Sometimes"),
        ("OCTAVO_USER_APP", "0"),
        ("OCTAVO_NAMESPACE", "Octavo"),
        ("OCTAVO_WATCH_NAMESPACES", "stories"),
        ("OCTAVO_RESOURCES_WORKER", '{"requests": {"cpu": "two"}}'),
        ("OCTAVO_DNS_CIDRS", '["here"]'),
        ("OCTAVO_LEASE_SECONDS", "1"),
        ("OCTAVO_REACH", "tunnel"),
    ],
)
def test_a_bad_value_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(Misconfigured, match=variable):
        read_settings(OperatorSettings)


def test_a_leader_stops_writing_before_another_may_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OCTAVO_LEASE_GIVE_UP_SECONDS", "10")
    with pytest.raises(Misconfigured, match="OCTAVO_LEASE_GIVE_UP_SECONDS"):
        read_settings(OperatorSettings)
