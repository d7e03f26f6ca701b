"""What the client sends to each stack."""

import base64
import hashlib
import hmac

import orjson
from benchmarks.client import SeedsTarget, hs256


def test_a_token_is_that_of_the_published_example() -> None:
    claims = {"sub": "1234567890", "name": "John Doe", "iat": 1516239022}
    assert hs256(claims, "your-256-bit-secret") == (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
        ".eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ"
        ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
    )


def bearer(request: bytes) -> str:
    lines = request.decode().split("\r\n")
    return next(line for line in lines if line.startswith("authorization:")).removeprefix("authorization: Bearer ")


def test_jobs_of_the_seeds_stack_go_round_the_users_each_with_its_token() -> None:
    target = SeedsTarget(3000, 3001, "secret", users=2)
    assert target.submission(0).startswith(b"POST /api/router_generator/Grok_Text_Generator HTTP/1.1\r\n")
    assert target.submission(0) == target.submission(2) != target.submission(1)
    signed, _, signature = bearer(target.submission(1)).rpartition(".")
    digest = hmac.digest(b"secret", signed.encode(), hashlib.sha256)
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == signature
    claims = orjson.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    assert claims["id"] == "user-1"
    assert claims["exp"] > claims["iat"]
