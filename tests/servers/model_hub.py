"""A model hub: folders served by the paths and headers of Hugging Face's. Its clients are the library's own."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

LARGE = ("safetensors", "gguf", "bin")
"""Kinds of file that the hub keeps apart from git (LFS), and tells the SHA-256 of."""


@dataclass
class ModelHub:
    """`repositories`: name → folder. All revisions but `missing` name the one commit that there is."""

    repositories: dict[str, Path]
    commit: str = "1" * 40
    url: str = ""
    token: str | None = None
    """What callers must send, where anything."""
    cut: set[str] = field(default_factory=set)
    """Files that end too early, their hash told as if they did not."""
    spoiled: set[str] = field(default_factory=set)
    """Files of the right length with other bytes in them."""
    failing: int | None = None
    """A status that all is answered with."""
    asked: list[tuple[str, str]] = field(default_factory=list)

    def listing(self, name: str) -> dict[str, object]:
        folder = self.repositories[name]
        siblings = []
        for file in sorted(path for path in folder.iterdir() if path.is_file()):
            raw = file.read_bytes()
            entry: dict[str, object] = {"rfilename": file.name, "size": len(raw), "blobId": hashlib.sha1(raw).hexdigest()}
            if file.suffix[1:] in LARGE:
                entry["lfs"] = {"sha256": hashlib.sha256(raw).hexdigest(), "size": len(raw), "pointerSize": 130}
            siblings.append(entry)
        return {"_id": "0" * 24, "id": name, "modelId": name, "sha": self.commit, "siblings": siblings, "tags": [], "private": False}


@contextlib.contextmanager
def model_hub(repositories: dict[str, Path]) -> Iterator[ModelHub]:
    hub = ModelHub(repositories)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append((self.command, path))
            if hub.failing is not None:
                return self._answer(hub.failing, b"{}")
            if hub.token is not None and self.headers.get("authorization") != f"Bearer {hub.token}":
                return self._error(401, "GatedRepo", "Access to this model is restricted")
            parts = path.strip("/").split("/")
            if parts[:2] == ["api", "models"] and len(parts) >= 4:
                name, revision = "/".join(parts[2:4]), parts[5] if len(parts) > 5 else "main"
                if name not in hub.repositories:
                    return self._error(404, "RepoNotFound", "Repository not found")
                if revision == "missing":
                    return self._error(404, "RevisionNotFound", "Invalid rev id: missing")
                return self._answer(200, json.dumps(hub.listing(name)).encode())
            if len(parts) == 5 and parts[2] == "resolve":
                return self._file("/".join(parts[:2]), parts[4])
            return self._error(404, "EntryNotFound", "Entry not found")

        def _file(self, name: str, file: str) -> None:
            place = hub.repositories.get(name, Path("/nowhere")) / file
            if not place.is_file():
                return self._error(404, "EntryNotFound", "Entry not found")
            raw = place.read_bytes()
            headers = {"etag": f'"{hashlib.sha256(raw).hexdigest()}"', "x-repo-commit": hub.commit, "accept-ranges": "bytes"}
            if file in hub.spoiled:
                raw = bytes(byte ^ 1 for byte in raw)
            if file in hub.cut:
                raw = raw[: len(raw) // 2]
            return self._answer(200, raw, headers)

        def _error(self, status: int, code: str, message: str) -> None:
            self._answer(status, json.dumps({"error": message}).encode(), {"x-error-code": code, "x-error-message": message})

        def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.send_header("content-type", "application/json" if status >= 400 or body[:1] == b"{" else "application/octet-stream")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = _any  # noqa: N815 - the standard library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
