"""Swagger UI and ReDoc, each under a content security policy that is read off the page itself: the very files that it names and the very
script that stands in it, and nothing besides."""

from __future__ import annotations

import base64
import hashlib
import re

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse

_SCRIPT_FILE = re.compile(r'<script[^>]*\ssrc="([^"]+)"')
_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_STYLE_FILE = re.compile(r'<link[^>]*rel="stylesheet"[^>]*href="([^"]+)"')
_ICON = re.compile(r'<link[^>]*rel="shortcut icon"[^>]*href="([^"]+)"')


def add_docs_pages(app: FastAPI, prefix: str) -> None:
    """`{prefix}/docs` and `{prefix}/redoc`."""

    def document(request: Request) -> str:
        root: str = request.scope.get("root_path", "")
        return f"{root.rstrip('/')}{app.openapi_url}"

    async def swagger(request: Request) -> HTMLResponse:
        return _under_its_policy(get_swagger_ui_html(openapi_url=document(request), title=f"{app.title} - Swagger UI"))

    async def redoc(request: Request) -> HTMLResponse:
        return _under_its_policy(get_redoc_html(openapi_url=document(request), title=f"{app.title} - ReDoc", with_google_fonts=False))

    app.add_route(f"{prefix}/docs", swagger, include_in_schema=False)
    app.add_route(f"{prefix}/redoc", redoc, include_in_schema=False)


def _under_its_policy(page: HTMLResponse) -> HTMLResponse:
    page.headers["content-security-policy"] = page_policy(bytes(page.body).decode())
    return page


def page_policy(html: str) -> str:
    scripts = [*_SCRIPT_FILE.findall(html), *(_digest(script) for script in _SCRIPT.findall(html))]
    parts = {
        "default-src": ["'none'"],
        "script-src": scripts,
        # Both pages write styles while they run.
        "style-src": [*_STYLE_FILE.findall(html), "'unsafe-inline'"],
        "img-src": ["'self'", "data:", *_ICON.findall(html)],
        "font-src": ["data:"],
        "connect-src": ["'self'"],
        "worker-src": ["blob:"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in parts.items() if sources)


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
