"""The feed as an app of its own on a phone: what it is called, its icons, and the worker that keeps what was opened."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from octavo_web.pages.assets import Assets

SCOPE = "/feed"
WORKER = "/feed/worker.js"
_FRESH = {"cache-control": "no-cache"}


class Installing:
    def __init__(self, assets: Assets) -> None:
        self._worker = assets.worker
        self._manifest = orjson.dumps(_manifest(assets))

    def router(self) -> APIRouter:
        """To be included ahead of what takes a name in the same place."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/feed/manifest.webmanifest", self.manifest, methods=["GET"])
        router.add_api_route(WORKER, self.worker, methods=["GET"])
        return router

    async def manifest(self, _request: Request) -> Response:
        return Response(self._manifest, media_type="application/manifest+json", headers=_FRESH)

    async def worker(self, _request: Request) -> Response:
        """It may speak for the feed and for nothing else: by itself its place would be `/feed/`, without the feed's first page."""
        return Response(self._worker, media_type="text/javascript", headers={**_FRESH, "service-worker-allowed": SCOPE})


def _manifest(assets: Assets) -> dict[str, Any]:
    return {
        "id": SCOPE,
        "name": "Octavo",
        "short_name": "Octavo",
        "start_url": SCOPE,
        "scope": SCOPE,
        "display": "standalone",
        "background_color": "#faf8f4",
        "theme_color": "#5336e2",
        "icons": [
            {"src": assets.url("icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
            {"src": assets.url("icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any"},
            {"src": assets.url("icon-maskable.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
            {"src": assets.url("mark.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        ],
    }
