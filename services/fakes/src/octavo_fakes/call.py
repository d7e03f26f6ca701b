"""One request as it came in, read only as far as somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.types import Message, Receive, Scope

MAX_BODY_BYTES = 32 * 1_048_576


class BodyTooLarge(Exception):
    pass


class CallerLeft(Exception):
    """The connection ended before the answer."""


@dataclass(frozen=True, slots=True)
class WireFault(Exception):
    """What the vendor would refuse; its shape is made by the vendor. `code` where the vendor has one for it."""

    status: int
    message: str
    code: str | None = None
    param: str | None = None
    kind: str | None = None


def mask(secret: str) -> str:
    """The last 4 characters; of a secret that is hardly longer, none."""
    return f"…{secret[-4:]}" if len(secret) >= 8 else "…" if secret else ""


@dataclass(slots=True)
class Call:
    """`path` is as it was asked for, below the provider's own name: `/v1/chat/completions`."""

    provider: str
    scope: Scope
    raw: bytes = b""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Of a multipart body."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    _parsed: Any = None

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        path: str = self.scope["path"]
        return path[len(self.provider) + 1 :]

    @property
    def parameters(self) -> Mapping[str, str]:
        """Of the path."""
        found: Mapping[str, str] = self.scope.get("path_params", {})
        return found

    @property
    def query(self) -> Mapping[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.scope["query_string"].decode("latin-1"), keep_blank_values=True).items()}

    @property
    def root_url(self) -> str:
        """Where the caller reaches this server: what URLs in answers begin with."""
        server = self.scope.get("server") or ("127.0.0.1", 80)
        host = self.header(b"host") or f"{server[0]}:{server[1]}"
        return f"{self.scope.get('scheme', 'http')}://{host}"

    def header(self, name: bytes) -> str:
        """Empty where it is not there."""
        for key, value in self.scope["headers"]:
            if key == name:
                return bytes(value).decode("latin-1")
        return ""

    def bearer(self) -> str:
        value = self.header(b"authorization")
        return value[7:].strip() if value[:7].lower() == "bearer " else ""

    def json(self) -> dict[str, Any]:
        """Raises `WireFault`."""
        if self._parsed is None:
            try:
                parsed = orjson.loads(self.raw)
            except orjson.JSONDecodeError:
                raise WireFault(400, "The body of the request is not valid JSON.") from None
            if not isinstance(parsed, dict):
                raise WireFault(400, "The body of the request is not a JSON object.")
            self._parsed = parsed
        return self._parsed  # type: ignore[no-any-return]

    async def read(self, receive: Receive) -> None:
        """Raises `BodyTooLarge`, `CallerLeft`."""
        message = await receive()
        if message["type"] != "http.request":
            raise CallerLeft
        if not message.get("more_body"):
            self.raw = message.get("body", b"")
            if len(self.raw) > MAX_BODY_BYTES:
                raise BodyTooLarge
            return
        chunks, size = [message.get("body", b"")], len(message.get("body", b""))
        while message.get("more_body"):
            message = await receive()
            if message["type"] != "http.request":
                raise CallerLeft
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise BodyTooLarge
            chunks.append(chunk)
        self.raw = b"".join(chunks)

    def forget(self) -> None:
        """What can be read again from the body; calls are kept for a while."""
        self._parsed, self.files = None, {}

    async def read_form(self) -> None:
        """Raises `WireFault` for a body that is not multipart."""
        if not self.header(b"content-type").startswith("multipart/form-data"):
            raise WireFault(400, "content-type: must be multipart/form-data", code="bad_request")

        async def replay() -> Message:
            return {"type": "http.request", "body": self.raw, "more_body": False}

        try:
            form = await Request(self.scope, replay).form(max_files=4, max_fields=50, max_part_size=1_048_576)
        except Exception:
            # The parser raises several kinds of its own, and an HTTPException inside an application.
            raise WireFault(400, "body: is not valid multipart/form-data", code="bad_request") from None
        files = {name: await value.read() for name, value in form.items() if isinstance(value, UploadFile)}
        self.files = files
        self.fields = {name: value for name, value in form.items() if isinstance(value, str)}
        await form.close()
