"""An issuer of tokens for tests: an ES256 key of its own, and the endpoint where its public half is."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

KEY_ID = "test-key"


@dataclass(frozen=True)
class Issuer:
    url: str
    """Where the public keys are."""
    key: ec.EllipticCurvePrivateKey

    def token(self, user: str, role: str | None = None, *, key: Any = None, algorithm: str = "ES256", **claims: Any) -> str:
        body = {"sub": user, "iss": "octavo", "exp": int(time.time()) + 600, **({"role": role} if role else {}), **claims}
        return jwt.encode(body, key or self.key, algorithm=algorithm, headers={"kid": KEY_ID})

    def headers(self, user: str, role: str | None = None) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(user, role)}"}


@contextlib.contextmanager
def issuer() -> Iterator[Issuer]:
    key = ec.generate_private_key(ec.SECP256R1())
    public = ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": KEY_ID, "use": "sig", "alg": "ES256"}
    document = json.dumps({"keys": [public]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Issuer(f"http://127.0.0.1:{server.server_address[1]}/jwks.json", key)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
