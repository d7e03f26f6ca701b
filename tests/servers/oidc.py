"""An OpenID Connect issuer: discovery, keys, authorization endpoint (whoever comes is logged in at once), token endpoint with PKCE and
codes that hold once."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from tests.servers.json_http import Answer, Asked, json_server

CLIENT_ID, CLIENT_SECRET = "octavo-client", "octavo-client-secret"
_KEY_ID = "issuer-key"


@dataclass
class OidcIssuer:
    """`claims` of who is logged in there, to be changed by a test; those of the token are made from them."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "subject-1", "name": "Ana Issuer"})
    overrides: dict[str, Any] = field(default_factory=dict)
    """Put into the token as they are, over what belongs there."""
    signs_with: rsa.RSAPrivateKey | None = None
    exchanged: list[str] = field(default_factory=list)
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65_537, 2_048))
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def handle(self, asked: Asked) -> Answer:
        match asked.method, asked.path:
            case "GET", "/.well-known/openid-configuration":
                return Answer(
                    body={
                        "issuer": self.url,
                        "authorization_endpoint": f"{self.url}/authorize",
                        "token_endpoint": f"{self.url}/token",
                        "jwks_uri": f"{self.url}/keys",
                    }
                )
            case "GET", "/keys":
                public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
                return Answer(body={"keys": [{**public, "kid": _KEY_ID, "use": "sig", "alg": "RS256"}]})
            case "GET", "/authorize":
                return self._authorize(asked.query)
            case "POST", "/token":
                return self._token(asked.form)
        return Answer(404, {})

    def _authorize(self, query: dict[str, str]) -> Answer:
        if query["response_type"] != "code" or query["client_id"] != CLIENT_ID or query["code_challenge_method"] != "S256":
            return Answer(400, {"error": "invalid_request"})
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        return Answer(302, headers={"location": f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"})

    def _token(self, form: dict[str, str]) -> Answer:
        asked = self._codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        is_right = (
            asked is not None
            and form["grant_type"] == "authorization_code"
            and form["client_id"] == CLIENT_ID
            and form.get("client_secret") == CLIENT_SECRET
            and form["redirect_uri"] == asked["redirect_uri"]
            and challenge == asked["code_challenge"]
        )
        if asked is None or not is_right:
            return Answer(400, {"error": "invalid_grant"})
        self.exchanged.append(form["code"])
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.claims, **self.overrides}
        token = jwt.encode(claims, self.signs_with or self._key, algorithm="RS256", headers={"kid": _KEY_ID})
        return Answer(body={"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": token})


@contextlib.contextmanager
def oidc_issuer() -> Iterator[OidcIssuer]:
    issuer = OidcIssuer()
    with json_server(issuer.handle) as url:
        issuer.url = url
        yield issuer
