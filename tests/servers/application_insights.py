"""The ingestion endpoint of Azure's Application Insights, as its exporter speaks to it: `POST /v2.1/track`, a JSON list, or gzipped."""

from __future__ import annotations

import contextlib
import gzip
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson


@dataclass
class Ingestion:
    port: int
    instrumentation_key: str = field(default_factory=lambda: str(uuid.uuid4()))
    envelopes: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    """What was sent, decompressed."""

    @property
    def connection_string(self) -> str:
        here = f"http://127.0.0.1:{self.port}"
        return f"InstrumentationKey={self.instrumentation_key};IngestionEndpoint={here}/;LiveEndpoint={here}/"

    def spans(self, kind: str) -> list[dict[str, Any]]:
        """`Request` or `RemoteDependency`: the whole envelopes."""
        return [envelope for envelope in list(self.envelopes) if envelope["data"]["baseType"] == f"{kind}Data"]


@contextlib.contextmanager
def application_insights() -> Iterator[Ingestion]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            ingestion.raw.append(body)
            found = orjson.loads(body) if self.path.endswith("/track") else []
            ingestion.envelopes.extend(found)
            answer = orjson.dumps({"itemsReceived": len(found), "itemsAccepted": len(found), "errors": []})
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ingestion = Ingestion(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield ingestion
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
