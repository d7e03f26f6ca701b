"""Scripts, styles, fonts and icons as `./task web:assets` made them: small, hashed by name, kept in memory, cached for ever."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import Response

from octavo_core.errors import Misconfigured, NotFound

FOLDER = Path(__file__).parents[1] / "static"
PREFIX = "/assets/"
_PACKED = frozenset({".js", ".css", ".svg", ".webmanifest"})
_TYPES = {".png": "image/png", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}


@dataclass(frozen=True, slots=True)
class _File:
    media_type: str
    plain: bytes
    packed: bytes | None


class Assets:
    """Read once. Raises `Misconfigured` where they were not made."""

    def __init__(self, folder: Path = FOLDER) -> None:
        try:
            named: Mapping[str, str] = orjson.loads((folder / "manifest.json").read_bytes())
            self.icons = (folder / named["icons.svg"]).read_text("utf-8")
            self._files = {path.name: _read(path) for path in folder.iterdir() if path.name in named.values() or path.suffix == ".woff2"}
            # Another build is another text of it, so that browsers take it for a new worker.
            build = hashlib.sha256(orjson.dumps(dict(named), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
            head = f'self.BUILD="{build}";self.ICON="{PREFIX}{named["icon-192.png"]}";\n'
            self.worker = head.encode() + self._files[named["worker.js"]].plain
        except (OSError, LookupError, ValueError) as error:
            raise Misconfigured(f"the studio's scripts and styles were not made ({type(error).__name__}); run ./task web:assets") from None
        self._named = named

    def url(self, name: str) -> str:
        """Of a file by the name that it had before it was hashed."""
        return f"{PREFIX}{self._named[name]}"

    async def answer(self, request: Request) -> Response:
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise NotFound("there is nothing at this address")
        headers = {"cache-control": "public, max-age=31536000, immutable"}
        if found.packed is None:
            return Response(found.plain, media_type=found.media_type, headers=headers)
        headers["vary"] = "accept-encoding"
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(found.packed, media_type=found.media_type, headers=headers)
        return Response(found.plain, media_type=found.media_type, headers=headers)


def _read(path: Path) -> _File:
    plain = path.read_bytes()
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return _File(media_type, plain, gzip.compress(plain, 9, mtime=0) if path.suffix in _PACKED else None)
