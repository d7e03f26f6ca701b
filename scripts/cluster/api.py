"""The few calls on the API server that the cluster's own parts need, over plain httpx and plain dicts."""

from __future__ import annotations

import base64
import json
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

Object = dict[str, Any]

FIELD_MANAGER = "octavo-cluster"
_TIMEOUT_S = 10.0
_PLURALS = {"NetworkPolicy": "networkpolicies", "StorageClass": "storageclasses", "PriorityClass": "priorityclasses"}
_OF_THE_CLUSTER = {"Namespace", "Node", "PersistentVolume", "StorageClass", "ClusterRole", "ClusterRoleBinding", "PriorityClass"}


class Api:
    """Thread-safe. Every call raises httpx.HTTPError where the server is away, or httpx.HTTPStatusError where it refuses."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def text(self, path: str, timeout_s: float = _TIMEOUT_S) -> str:
        return self._client.get(path, timeout=timeout_s).raise_for_status().text

    def get(self, path: str, **query: str) -> Object:
        found: Object = self._client.get(path, params=query).raise_for_status().json()
        return found

    def find(self, path: str) -> Object | None:
        """None where there is no such object."""
        response = self._client.get(path)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        found: Object = response.raise_for_status().json()
        return found

    def request(self, method: str, path: str, *, timeout_s: float = _TIMEOUT_S, **options: Any) -> httpx.Response:
        """Whatever it answers: for what stands behind the API server's proxies."""
        return self._client.request(method, path, timeout=timeout_s, **options)

    def apply(self, manifest: Object) -> Object:
        """Server-side apply; ours wins."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        headers = {"content-type": "application/apply-patch+yaml"}
        response = self._client.patch(path_of(manifest), params=query, headers=headers, content=json.dumps(manifest))
        applied: Object = response.raise_for_status().json()
        return applied

    def create(self, manifest: Object) -> Object:
        collection = path_of(manifest).rsplit("/", 1)[0]
        created: Object = self._client.post(collection, json=manifest).raise_for_status().json()
        return created

    def delete(self, path: str) -> None:
        """Gone already is as good as deleted."""
        response = self._client.delete(path)
        if response.status_code != httpx.codes.NOT_FOUND:
            response.raise_for_status()

    def watch(self, path: str, resource_version: str, *, timeout_s: int = 300) -> Iterator[Object]:
        """Events as the API sends them, until the server ends the stream. A silent stream ends by our own timeout, a bit later."""
        query = {"watch": "1", "resourceVersion": resource_version, "timeoutSeconds": str(timeout_s), "allowWatchBookmarks": "true"}
        limit = httpx.Timeout(_TIMEOUT_S, read=timeout_s + _TIMEOUT_S)
        with self._client.stream("GET", path, params=query, timeout=limit) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                if line:
                    yield json.loads(line)


@contextmanager
def connected(kubeconfig: Path) -> Iterator[Api]:
    """Speaks as the kubeconfig's current user: by token, or by certificate as kind's does."""
    document = yaml.safe_load(kubeconfig.read_text())
    context = _named(document, "contexts", document["current-context"])["context"]
    cluster = _named(document, "clusters", context["cluster"])["cluster"]
    user = _named(document, "users", context["user"])["user"]
    tls = ssl.create_default_context()
    if data := cluster.get("certificate-authority-data"):
        tls = ssl.create_default_context(cadata=base64.b64decode(data).decode())
    elif file := cluster.get("certificate-authority"):
        tls = ssl.create_default_context(cafile=str(kubeconfig.parent / file))
    if certificate := user.get("client-certificate-data"):
        with tempfile.NamedTemporaryFile() as both:
            both.write(base64.b64decode(certificate) + b"\n" + base64.b64decode(user["client-key-data"]))
            both.flush()
            tls.load_cert_chain(both.name)
    elif file := user.get("client-certificate"):
        tls.load_cert_chain(kubeconfig.parent / file, kubeconfig.parent / user["client-key"])
    headers = {"authorization": f"Bearer {user['token']}"} if "token" in user else {}
    # A proxy of the environment is for the world outside.
    with httpx.Client(base_url=cluster["server"], verify=tls, headers=headers, timeout=_TIMEOUT_S, trust_env=False) as client:
        yield Api(client)


def path_of(manifest: Object) -> str:
    version, kind, metadata = manifest["apiVersion"], manifest["kind"], manifest["metadata"]
    root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    scope = "" if kind in _OF_THE_CLUSTER else f"/namespaces/{metadata.get('namespace', 'default')}"
    return f"{root}{scope}/{_PLURALS.get(kind, kind.lower() + 's')}/{metadata['name']}"


def condition(found: Object | None, kind: str) -> bool:
    """Whether the object has the condition with status True."""
    conditions = (found or {}).get("status", {}).get("conditions") or []
    return any(each["type"] == kind and each["status"] == "True" for each in conditions)


def eventually(check: Callable[[], bool], *, deadline_s: float, pause_s: float = 0.05) -> bool:
    """Asks until the answer is yes. A server that is away, or refuses, answers no. False when the deadline has passed."""
    end = time.monotonic() + deadline_s
    while True:
        try:
            if check():
                return True
        except (httpx.HTTPError, KeyError):
            pass
        if time.monotonic() > end:
            return False
        time.sleep(pause_s)


def _named(document: Object, kind: str, name: str) -> Object:
    found: Object = next(item for item in document[kind] if item["name"] == name)
    return found
