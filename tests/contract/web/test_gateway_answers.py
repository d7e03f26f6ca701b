"""What a hostile generator answers through the gateway: it is passed on, and can be nothing but data here."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from tests.servers.jwks import issuer

from octavo_core.identity import JwksKeys
from octavo_web.app import create_service
from octavo_web.settings import WebSettings

JOB = "01980000-0000-7000-8000-000000000001"
EVIL = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(2)</script></svg>"
HEADERS = {
    "set-cookie": "octavo_access=planted; Path=/",
    "content-security-policy": "default-src * 'unsafe-inline'",
    "access-control-allow-origin": "*",
    "access-control-allow-credentials": "true",
    "refresh": "0; url=https://evil.example",
    "clear-site-data": '"cookies"',
    "service-worker-allowed": "/",
    "x-frame-options": "ALLOWALL",
    "link": "<https://evil.example/x.js>; rel=preload; as=script",
}


@contextlib.contextmanager
def hostile(content_type: str, seen: list[dict[str, str]]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(200)
            for name, value in {"content-type": content_type, "content-length": str(len(EVIL)), **HEADERS}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(EVIL)

        def log_message(self, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.mark.parametrize("content_type", ["image/svg+xml", "text/html", "application/xhtml+xml", "text/javascript", "application/pdf"])
async def test_what_comes_back_cannot_run_as_a_page_of_this_place(content_type: str) -> None:
    seen: list[dict[str, str]] = []
    with hostile(content_type, seen) as url, issuer() as known:
        names = {"generator_urls": {"drawings": url}, "router_generators": {"Mine": "drawings"}}
        settings = WebSettings(public_url="https://octavo.example", **names)
        service = create_service(settings, keys=JwksKeys(known.url))
        token = known.token("ana", aud="octavo")
        transport = httpx.ASGITransport(app=service.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://octavo.example", timeout=60) as client:
            asked = {"authorization": f"Bearer {token}", "cookie": "octavo_name=Ana; other=secret"}
            for path in (f"/api/router_generator/Mine/{JOB}", f"/api/web/gateway/generators/drawings/api/v1/images/{JOB}/download"):
                answer = await client.get(path, headers=asked)
                assert (answer.status_code, answer.content) == (200, EVIL)
                assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["x-frame-options"] == "DENY"
                assert not {"set-cookie", "refresh", "clear-site-data", "service-worker-allowed", "link"} & answer.headers.keys()
                assert not [name for name in answer.headers if name.startswith("access-control-")]
        await service.close()
    assert len(seen) == 2
    for headers in seen:
        assert "cookie" not in headers
        assert headers["authorization"] == f"Bearer {token}"
