"""The checker says no to each thing that the standard forbids; else it would prove nothing about our pods."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from tests.unit.kube.pod_security import violations

SOUND: dict[str, Any] = {
    "spec": {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {"name": "c", "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}, "ports": [{}]}
        ],
        "volumes": [{"name": "v", "emptyDir": {}}],
    }
}


def with_change(path: str, value: object) -> dict[str, Any]:
    template = deepcopy(SOUND)
    place: Any = template["spec"]
    *way, last = path.split(".")
    for step in way:
        place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
    place[last] = value
    return template


def test_a_sound_pod() -> None:
    assert violations(SOUND) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("hostNetwork", True),
        ("hostPID", True),
        ("hostIPC", True),
        ("volumes", [{"name": "v", "hostPath": {"path": "/"}}]),
        ("volumes", [{"name": "v", "nfs": {}}]),
        ("securityContext.sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
        ("securityContext.runAsNonRoot", False),
        ("securityContext.runAsNonRoot", None),
        ("securityContext.runAsUser", 0),
        ("securityContext.seccompProfile", {"type": "Unconfined"}),
        ("securityContext.seccompProfile", {}),
        ("securityContext.appArmorProfile", {"type": "Unconfined"}),
        ("securityContext.seLinuxOptions", {"type": "spc_t"}),
        ("securityContext.windowsOptions", {"hostProcess": True}),
        ("containers.0.securityContext.privileged", True),
        ("containers.0.securityContext.allowPrivilegeEscalation", None),
        ("containers.0.securityContext.capabilities", {}),
        ("containers.0.securityContext.capabilities.add", ["NET_ADMIN"]),
        ("containers.0.securityContext.procMount", "Unmasked"),
        ("containers.0.securityContext.runAsUser", 0),
        ("containers.0.ports.0.hostPort", 80),
        ("containers.0.livenessProbe", {"httpGet": {"host": "example.org"}}),
        ("containers.0.lifecycle", {"postStart": {"tcpSocket": {"host": "example.org"}}}),
    ],
)
def test_what_the_standard_forbids(path: str, value: object) -> None:
    assert violations(with_change(path, value)) != []
