"""Requests that would be right, but for what is attacked: made from an operation's own schema."""

from __future__ import annotations

import io
from typing import Any

import httpx
from PIL import Image
from tests.attacks.served import Operation, resolved

from octavo_core.ids import generate_uuid

BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", "/api/auth/me"): {"name": "Somebody"},
    ("POST", "/api/auth/register"): {"name": "Somebody", "email": "somebody@example.org", "password": "a kite by the river 7"},
    ("POST", "/api/auth/me/contact"): {"email": "else@example.org", "password": "a kite by the river 7"},
    ("PATCH", "/api/auth/users/{user}"): {"role": "admin"},
    ("POST", "/api/stories"): {"title": "A kite", "content": {"chapters": [{"text": "It flew."}]}},
    ("PUT", "/api/stories/{story_id}"): {"title": "A kite", "content": {"chapters": [{"text": "It flew."}]}},
    ("PATCH", "/api/stories/{story_id}"): {"title": "Another title"},
    ("PUT", "/api/feed/me"): {"handle": "somebody_else", "name": "Somebody"},
    ("POST", "/api/feed/mine"): {"title": "A kite", "text": "It flew."},
    ("POST", "/api/feed/posts/{published_id}/reports"): {"reason": "It is not kind."},
    ("PATCH", "/api/projects/{project_id}"): {"title": "Another title"},
    ("PATCH", "/api/projects/{project_id}/episodes/{episode_id}"): {"title": "Another title"},
    ("PATCH", "/api/characters/{character_id}"): {"description": "changed"},
    ("PATCH", "/api/notifications/webhooks/{webhook_id}"): {"description": "changed"},
    ("PUT", "/api/notifications/preferences"): {"mail_after_seconds": None},
}
"""Where the smallest body that the schema allows is not one that the route takes."""
_BY_NAME = {"url": "https://example.com/hook", "email": "else@example.org", "code": "000000", "client_id": "stories"}


def ask(
    client: httpx.Client,
    operation: Operation,
    ids: dict[str, str] | None = None,
    *,
    token: str | None = None,
    body: Any = ...,
    params: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """`ids` default to some that nobody has. A stream is not read."""
    url = operation.at({name: (ids or {}).get(name, "1" if name == "revision" else generate_uuid()) for name in operation.parameters})
    sent: dict[str, str] = {"if-match": "*", "prefer": "respond-async", **(headers or {})}
    if token is not None and "authorization" not in sent:
        sent["authorization"] = f"Bearer {token}"
    more: dict[str, Any] = {}
    if operation.media_type == "application/json":
        more["json"] = right_body(operation) if body is ... else body
    elif operation.media_type is not None:
        more["content"] = picture() if body is ... else body
        sent["content-type"] = "image/png"
    with client.stream(operation.method, url, params=params, headers=sent, **more) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
    return answer


def text_of(answer: httpx.Response) -> str:
    """Empty for a stream, which was not read."""
    return answer.text if answer.is_stream_consumed else ""


def right_body(operation: Operation) -> Any:
    known = BODIES.get((operation.method, operation.path))
    return smallest(operation.schema, operation.document) if known is None else known


def smallest(schema: dict[str, Any], document: dict[str, Any], name: str = "") -> Any:
    """The smallest value that a JSON schema of ours allows."""
    schema = resolved(schema, document)
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return smallest(schema[choice][0], document, name)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: smallest(properties.get(name, {}), document, name) for name in schema.get("required", ())}
    if kind == "array":
        return [smallest(schema.get("items", {}), document, name)] * schema.get("minItems", 0)
    if kind in ("integer", "number"):
        return max(1, schema.get("minimum", 1))
    if kind == "boolean":
        return False
    return _text(schema, name)


def _text(schema: dict[str, Any], name: str) -> str:
    if name in _BY_NAME:
        return _BY_NAME[name]
    if "0-9a-f]{8}" in schema.get("pattern", ""):
        return generate_uuid()
    if schema.get("examples"):
        return str(schema["examples"][0])
    text = "a kite by the river 7"
    return (text * (1 + schema.get("minLength", 1) // len(text)))[: max(schema.get("minLength", 1), min(21, schema.get("maxLength", 21)))]


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "orange").save(written, kind, **options)
    return written.getvalue()
