"""What every cluster has from its start: DNS and a default StorageClass. Pure."""

from __future__ import annotations

from scripts.cluster.api import Object
from scripts.cluster.layout import Network
from scripts.cluster.node import image

STORAGE_CLASS = "local"
PROVISIONER = "cluster.octavo.dev/local"
_DNS_PORT = 53
"""Also in its pods: network policies name the port behind the Service, and everyone writes 53."""
_LABELS = {"k8s-app": "kube-dns"}
"""By this label network policies all over the world let DNS through."""


def corefile(*, upstream: bool) -> str:
    forward = "    forward . /etc/resolv.conf\n" if upstream else ""
    return f"""\
.:{_DNS_PORT} {{
    errors
    health :8080
    ready :8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }}
{forward}    cache 30
    reload 2s
}}
"""


def base(network: Network, *, upstream: bool) -> list[Object]:
    """In the order in which to apply them. `upstream`: whether there is a name server for the world's names."""
    return [_storage_class(), *_dns_account(), _dns_settings(upstream), _dns_deployment(), _dns_service(network)]


def _storage_class() -> Object:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        # Only then is it known on which node the folder is wanted.
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def _dns_account() -> list[Object]:
    meta = {"name": "coredns", "namespace": "kube-system"}
    cluster_role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "octavo-cluster:coredns"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": cluster_role["name"]},
            "rules": [
                {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": ["list", "watch"]},
                {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": cluster_role["name"]},
            "roleRef": cluster_role,
            "subjects": [{"kind": "ServiceAccount", **meta}],
        },
    ]


def _dns_settings(upstream: bool) -> Object:
    meta = {"name": "coredns", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"Corefile": corefile(upstream=upstream)}}


def _dns_deployment() -> Object:
    container = {
        "name": "coredns",
        "image": image("coredns"),
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"name": "dns", "containerPort": _DNS_PORT, "protocol": "UDP"},
            {"name": "dns-tcp", "containerPort": _DNS_PORT, "protocol": "TCP"},
        ],
        "resources": {"requests": {"cpu": "10m", "memory": "30Mi"}, "limits": {"memory": "170Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1, "failureThreshold": 3},
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 10, "failureThreshold": 5},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/coredns", "readOnly": True}],
    }
    pod = {
        "serviceAccountName": "coredns",
        # The node's own name servers, not itself.
        "dnsPolicy": "Default",
        "priorityClassName": "system-cluster-critical",
        # A port below 1024 without any right.
        "securityContext": {"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": str(_DNS_PORT)}]},
        "tolerations": [{"operator": "Exists"}],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        # Nodes on paper (KWOK) run nothing.
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [_REAL_NODES]}}},
        "containers": [container],
        "volumes": [{"name": "settings", "configMap": {"name": "coredns"}}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "coredns", "namespace": "kube-system", "labels": _LABELS},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": _LABELS},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
            "template": {"metadata": {"labels": _LABELS}, "spec": pod},
        },
    }


_REAL_NODES = {"matchExpressions": [{"key": "type", "operator": "NotIn", "values": ["kwok"]}]}


def _dns_service(network: Network) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": _LABELS},
        "spec": {
            "clusterIP": network.dns,
            "selector": _LABELS,
            "ports": [
                {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
                {"name": "dns-tcp", "port": 53, "targetPort": "dns-tcp", "protocol": "TCP"},
            ],
        },
    }
