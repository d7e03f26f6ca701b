"""What the Ingresses of a cluster lead to, each Service by a port of this machine."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import httpx
from tests.e2e.house import forwarded
from tests.servers.cluster import Cluster


@dataclass
class Ways(httpx.BaseTransport):
    """What an ingress controller does: requests go where the Ingresses of these namespaces say, each Service by a port of this machine."""

    cluster: Cluster
    namespaces: tuple[str, ...]
    stack: contextlib.ExitStack
    _ports: dict[tuple[str, str], int] = field(default_factory=dict)
    _out: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def __post_init__(self) -> None:
        self.paths: dict[str, tuple[str, str]] = {}
        for namespace in self.namespaces:
            for ingress in self.cluster.api.get(f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses")["items"]:
                for path in ingress["spec"]["rules"][0]["http"]["paths"]:
                    self.paths[path["path"]] = (namespace, path["backend"]["service"]["name"])

    def port(self, path: str) -> int:
        leads = [prefix for prefix in self.paths if prefix == "/" or path == prefix or path.startswith(f"{prefix}/")]
        assert leads, f"no Ingress leads to {path}"
        namespace, service = self.paths[max(leads, key=len)]
        if (namespace, service) not in self._ports:
            self._ports[namespace, service] = self.stack.enter_context(forwarded(self.cluster, namespace, f"svc/{service}", 80))
        return self._ports[namespace, service]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="127.0.0.1", port=self.port(request.url.path))
        if request.url.path == "/api/auth/outbox":
            # Shown to who asks from inside the pod, as a forwarded port does, and by no name of elsewhere.
            request.headers["host"] = "localhost"
        return self._out.handle_request(request)

    def close(self) -> None:
        self._out.close()
