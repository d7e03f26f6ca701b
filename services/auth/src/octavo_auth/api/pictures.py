"""How pictures look on the wire."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from octavo_auth.domain.model import Picture
from octavo_core.errors import NotFound

_BINARY = {"schema": {"type": "string", "format": "binary"}}
PICTURE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture.", "content": {"image/jpeg": _BINARY, "image/png": _BINARY}}
}
PICTURE_REQUEST: dict[str, Any] = {
    "requestBody": {"required": True, "content": dict.fromkeys(("image/png", "image/jpeg", "image/webp", "image/gif"), _BINARY)}
}


def picture_response(picture: Picture | None) -> Response:
    """Raises `NotFound`."""
    if picture is None:
        raise NotFound("there is no picture")
    headers = {
        "cache-control": "private, max-age=300",
        "etag": f'"{picture.digest}"',
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return Response(picture.data, media_type=picture.media_type, headers=headers)
