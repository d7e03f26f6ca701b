"""`kubectl octavo top`, `plan` and `wake`: the sums, the settings and the ends of waiting."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.octavo.kube.scenes import recorded

from octavo.commands.kube.plan import environment_of, groups_of
from octavo.commands.kube.top import Usage, quantity, sum_usage
from octavo.commands.kube.wake import is_awake


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("250m", 0.25),
        ("2", 2.0),
        ("123456789n", 0.123456789),
        ("1500u", 0.0015),
        ("64Mi", 2.0**26),
        ("1Gi", 2.0**30),
        ("1.5G", 1.5e9),
        ("x", 0.0),
        ("", 0.0),
    ],
)
def test_quantities_are_read(text: str, value: float) -> None:
    assert quantity(text) == pytest.approx(value)


def measured(instance: str | None, *usages: tuple[str, str]) -> dict[str, Any]:
    labels = {} if instance is None else {"app.kubernetes.io/instance": instance}
    containers = [{"name": "c", "usage": {"cpu": cpu, "memory": memory}} for cpu, memory in usages]
    return {"metadata": {"name": "p", "namespace": "prod", "labels": labels}, "containers": containers}


def test_pods_are_summed_by_generator() -> None:
    pods = [
        measured("tales", ("100m", "1Mi"), ("50m", "1Mi")),
        measured("tales", ("250m", "2Mi")),
        measured("chat", ("1", "1Gi")),
        measured(None),
    ]
    assert sum_usage(pods) == {
        ("prod", "tales"): Usage(pytest.approx(0.4), 2.0**22),
        ("prod", "chat"): Usage(1.0, 2.0**30),
    }


def test_api_groups_are_read_from_versions() -> None:
    assert groups_of("apps/v1\nmonitoring.coreos.com/v1\nv1\n") == {"apps", "monitoring.coreos.com"}


def test_an_operators_settings_are_its_plain_variables() -> None:
    variables = [
        {"name": "OCTAVO_IMAGE_SERVICE", "value": "r/x:1"},
        {"name": "OCTAVO_ACTIVATOR_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "HOME", "value": "/x"},
    ]
    deployment = {"spec": {"template": {"spec": {"containers": [{"name": "operator", "env": variables}, {"name": "other"}]}}}}
    assert environment_of(deployment) == {"OCTAVO_IMAGE_SERVICE": "r/x:1"}


@pytest.mark.parametrize(
    ("scene", "awake"), [("asleep", False), ("awake", True), ("worker-image-missing", False), ("database-crashes", False)]
)
def test_awake_is_what_would_work_on_a_request(scene: str, awake: bool) -> None:
    assert is_awake(recorded(scene)[0]) == awake


def test_without_a_status_nothing_is_awake() -> None:
    assert not is_awake({})
