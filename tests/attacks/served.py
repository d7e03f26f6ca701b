"""What the platform serves, from the OpenAPI documents that it serves it with, so that a new route is attacked without anybody's asking."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

SERVICES = Path(__file__).parents[2] / "services"
WITHOUT_A_DOCUMENT = {
    "core": "a library",
    "jobs": "a library",
    "documents": "a library",
    "fakes": "stands in for providers; serves no person",
    "activator": "of the cluster; answers in the generators' stead with their own routes",
    "generation": "served as each generator",
    "octavo": "the platform itself",
    "notifications": "its routes stand in the platform's own document",
    "web": "pages; asks the other services as the person who looks at them",
}
"""Every other folder of `services/` must serve `/api/NAME/openapi.json`."""

_HEALTH = re.compile(r"/health/(ready|live)?$|/api/v1/health(/detailed)?$")
PUBLIC = {
    ("GET", "/generators"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/api/auth/outbox"),
    ("GET", "/api/auth/oidc"),
    ("GET", "/api/auth/oidc/{provider}/start"),
    ("GET", "/api/auth/oidc/{provider}/callback"),
    ("POST", "/api/auth/oidc/token"),
    *(("POST", f"/api/auth/{path}") for path in ("register", "verify", "verify/resend", "login", "refresh", "recover", "recover/confirm")),
    ("POST", "/api/auth/service-token"),
    ("GET", "/api/stories/shared/{token}"),
    *(("GET", f"/api/feed/{path}") for path in ("posts", "posts/{published_id}", "posts/{published_id}/comments", "people/{handle}")),
    ("GET", "/api/feed/posts/{published_id}/pictures/{place}"),
    ("GET", "/api/feed/rss.xml"),
    ("GET", "/api/feed/feed.json"),
    *(("GET", f"/generators/{name}/api/v1/backlog") for name in ("tales", "images")),
}
"""What anybody may ask without a token. Whatever is not named here must refuse them."""
_PRIVILEGED = tuple(
    map(
        re.compile,
        (
            r"^/api/admin(/|$)",
            r"/internal/",
            r"^/api/auth/users(?!/\{user\}/picture$)",
            r"^/api/auth/audit$",
            r"^/api/security/",
            r"^/api/feed/moderation(/|$)",
        ),
    )
)
_ELSEWHERE = "/api/internal/users/{user_id}"
"""Where a service has a host of its own; on a laptop the same is found under the service's own prefix."""


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    spec: dict[str, Any] = field(repr=False, compare=False)
    document: dict[str, Any] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> list[str]:
        """Of the path, in order."""
        return re.findall(r"\{(\w+)(?::\w+)?\}", self.path)

    @property
    def is_public(self) -> bool:
        return (self.method, self.path) in PUBLIC or _HEALTH.search(self.path) is not None

    @property
    def is_privileged(self) -> bool:
        """For admins or services alone."""
        return not self.is_public and any(pattern.search(self.path) for pattern in _PRIVILEGED)

    @property
    def media_type(self) -> str | None:
        """What its body is; None: it takes none."""
        kinds = list(self.spec.get("requestBody", {}).get("content", ()))
        return None if not kinds else "application/json" if "application/json" in kinds else kinds[0]

    @property
    def schema(self) -> dict[str, Any]:
        """Of its JSON body, with references followed."""
        return resolved(self.spec["requestBody"]["content"]["application/json"].get("schema", {}), self.document)

    def named(self, place: str) -> list[str]:
        """Its parameters in `query`, `header` or `cookie`."""
        return [one["name"] for one in self.spec.get("parameters", ()) if one["in"] == place]

    def at(self, ids: dict[str, str]) -> str:
        """Its path with these in their places."""
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: quote(ids[found[1]], safe=""), self.path)


def resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def operations(client: httpx.Client) -> list[Operation]:
    found: dict[tuple[str, str], Operation] = {}
    for prefix, document in _documents(client):
        for path, methods in document["paths"].items():
            for method, spec in methods.items():
                if method.upper() in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") and path != _ELSEWHERE:
                    operation = Operation(method.upper(), prefix + path, spec, document)
                    found.setdefault((operation.method, operation.path), operation)
    return list(found.values())


def _documents(client: httpx.Client) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each with what stands before its paths."""
    yield "", _document(client, "/openapi.json")
    for folder in sorted(SERVICES.iterdir()):
        if (folder / "pyproject.toml").is_file() and folder.name not in WITHOUT_A_DOCUMENT:
            yield "", _document(client, f"/api/{folder.name}/openapi.json")
    for generator in client.get("/generators").json()["items"]:
        prefix = f"/generators/{generator['name']}"
        yield prefix, _document(client, f"{prefix}/openapi.json")


def _document(client: httpx.Client, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}. A service without a document is to be named in WITHOUT_A_DOCUMENT."
    document: dict[str, Any] = answer.json()
    return document
