"""The Pod Security Standard "restricted" (Kubernetes 1.34) as a function: what a pod template has that the standard forbids.

Written from the published standard, level by level, so that it says no where the API server's own admission would.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]

_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
_SYSCTLS = {
    *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies"),
    *("net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout"),
    *("net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
}
_APPARMOR = {"RuntimeDefault", "Localhost"}
_SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_SECCOMP = {"RuntimeDefault", "Localhost"}


def violations(template: Json) -> list[str]:
    """[] where a namespace that enforces "restricted" takes the pod."""
    spec = template["spec"]
    found = [*_of_pod(spec)]
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind, ()):
            found += [f"{container['name']}: {reason}" for reason in _of_container(container, spec.get("securityContext", {}))]
    return found


def _of_pod(spec: Json) -> Iterator[str]:
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield field
    for volume in spec.get("volumes", ()):
        for kind in volume.keys() - {"name"} - _VOLUMES:
            yield f"volume {volume['name']} is a {kind}"
    context = spec.get("securityContext", {})
    for sysctl in context.get("sysctls", ()):
        if sysctl["name"] not in _SYSCTLS:
            yield f"sysctl {sysctl['name']}"
    yield from _of_both(context)


def _of_container(container: Json, pod: Json) -> Iterator[str]:
    context = container.get("securityContext", {})
    yield from _of_both(context)
    if context.get("privileged"):
        yield "privileged"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    capabilities = context.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", ()):
        yield "keeps capabilities"
    if set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
        yield "adds capabilities"
    if context.get("procMount", "Default") != "Default":
        yield "procMount"
    if not context.get("runAsNonRoot", pod.get("runAsNonRoot")):
        yield "may run as root"
    if context.get("seccompProfile", pod.get("seccompProfile", {})).get("type") not in _SECCOMP:
        yield "no seccomp profile"
    if any(port.get("hostPort") for port in container.get("ports", ())):
        yield "hostPort"
    hooks = [*container.get("lifecycle", {}).values()]
    probes = [container[name] for name in ("livenessProbe", "readinessProbe", "startupProbe") if name in container]
    if any(handler.get(way, {}).get("host") for handler in (*hooks, *probes) for way in ("httpGet", "tcpSocket")):
        yield "a probe names a host"


def _of_both(context: Json) -> Iterator[str]:
    if context.get("runAsUser") == 0:
        yield "runs as root"
    if context.get("runAsNonRoot") is False:
        yield "runAsNonRoot is false"
    if context.get("seccompProfile", {"type": "RuntimeDefault"}).get("type") not in _SECCOMP:
        yield "seccomp profile"
    if context.get("appArmorProfile", {"type": "RuntimeDefault"}).get("type") not in _APPARMOR:
        yield "AppArmor profile"
    selinux = context.get("seLinuxOptions", {})
    if selinux.get("type", "") not in _SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield "SELinux options"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "hostProcess"
