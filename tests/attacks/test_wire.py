"""Requests that no library of a client would send, and pages that a browser should not be led by."""

from __future__ import annotations

import contextlib
import re
import socket

import httpx
import pytest
from tests.attacks.asking import ask
from tests.attacks.house import BROWSER, EVIL, House, Person, from_address, until
from tests.attacks.served import Operation

pytestmark = pytest.mark.needs("redis")


def raw(house: House, data: bytes) -> bytes:
    """All that is answered until the server closes, or has answered and is silent for a while."""
    with socket.create_connection(("127.0.0.1", house.platform.port), timeout=10) as connection:
        connection.sendall(data)
        answer = b""
        with contextlib.suppress(TimeoutError):
            while part := connection.recv(65_536):
                answer += part
                connection.settimeout(0.7)
        return answer


INNER = b"GET /metrics HTTP/1.1\r\nhost: inner\r\n\r\n"
SMUGGLED: dict[str, bytes] = {
    "length and chunks": b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + INNER,
    "chunks and length": b"transfer-encoding: chunked\r\ncontent-length: %d\r\n\r\n0\r\n\r\n" % (len(INNER) + 5) + INNER,
    "two lengths": b"content-length: 0\r\ncontent-length: %d\r\n\r\n" % len(INNER) + INNER,
    "a length that is none": b"content-length: +0\r\n\r\n" + INNER,
    "chunks that are not the last coding": b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n" + INNER,
    "a space before the colon": b"content-length : %d\r\n\r\n" % len(INNER) + INNER,
    "a bare line feed in a header": b"x-a: b\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + INNER,
}


@pytest.mark.parametrize("framing", SMUGGLED.values(), ids=SMUGGLED)
def test_one_request_is_not_two(house: House, framing: bytes) -> None:
    """Where the framing can be read in two ways (RFC 9112, section 11.2) nothing that follows is taken for a request."""
    since = house.mark()
    answer = raw(house, b"POST /api/auth/login HTTP/1.1\r\nhost: octavo\r\ncontent-type: application/json\r\n" + framing)
    statuses = re.findall(rb"HTTP/1\.1 (\d{3})", answer)
    assert b"octavo_http_requests_total" not in answer, "the inner request was answered"
    assert statuses == [b"400"], answer[:500]
    until(lambda: "Invalid HTTP request" in str(house.lines(since)) or None, what="the log tells nothing of it")


def test_a_header_holds_no_second_line(house: House, eve: Person) -> None:
    since = house.mark()
    for value in ("a\r\nSet-Cookie: x=1", "a%0d%0aSet-Cookie:%20x=1", "a\nx: y"):
        request = f"GET /generators HTTP/1.1\r\nhost: octavo\r\nconnection: close\r\nx-correlation-id: {value}\r\n\r\n"
        answer = raw(house, request.encode())
        assert b"set-cookie" not in answer.lower().partition(b"\r\n\r\n")[0]
        encoded = {"return_to": f"/{value}"}
        sent = house.client.get("/api/auth/oidc/nobody/start", params=encoded, headers=from_address("203.0.113.252"))
        assert 400 <= sent.status_code < 500
        assert "set-cookie" not in sent.headers
        assert "location" not in sent.headers
    house.told(since, status=422, route="/api/auth/oidc/{provider}/start")


@pytest.mark.parametrize(
    "where",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/%2f%2fevil.example/..//", "javascript:alert(1)", "/x\x00", "http:evil"],
)
def test_nobody_is_sent_elsewhere(house: House, where: str) -> None:
    there = from_address("203.0.113.253")
    answer = house.client.get("/api/auth/oidc/nobody/start", params={"return_to": where}, headers=there, follow_redirects=False)
    assert 400 <= answer.status_code < 500
    assert "location" not in answer.headers


PATHS = (
    "/api/characters/../auth/users",
    "/api/stories/%2e%2e/%2e%2e/etc/passwd",
    "/api/stories/..%2f..%2f..%2fetc%2fpasswd",
    "/api/stories/..%252f..%252fetc/passwd",
    "/api/stories/....//....//etc/passwd",
    "/api/stories/..%5c..%5cwindows%5cwin.ini",
    "/api/stories/shared/..%2f..%2fauth.db",
    "/generators/..%2fapi%2fauth/users",
    "/generators/images/api/v1/images/..%2f..%2f..%2fmaster.key/download",
    "/generators/images/api/v1/images/%00/download",
    "/api/auth/users/..;/audit",
    "//etc/passwd",
    "/.git/config",
    "/.env",
    "/static/../../master.key",
)


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out(house: House, eve: Person, path: str) -> None:
    since = house.mark()
    request = f"GET {path} HTTP/1.1\r\nhost: octavo\r\nauthorization: Bearer {eve.token}\r\nconnection: close\r\n\r\n"
    answer = raw(house, request.encode())
    status = int(re.findall(rb"HTTP/1\.1 (\d{3})", answer)[0])
    assert 400 <= status < 500, answer[:300]
    assert b"root:" not in answer
    assert house.told(since, status=status)


def test_pages_of_elsewhere_are_told_nothing(house: House) -> None:
    """No origin but the configured one may read, on any application of the platform, and a preflight of another is refused."""
    preflight = {"access-control-request-method": "DELETE", "access-control-request-headers": "authorization"}
    paths = ("/generators", "/api/auth/me", "/api/characters", "/api/stories", "/api/notifications", "/generators/tales/api/v1/jobs")
    for path in paths:
        for origin in (EVIL, "null", f"{BROWSER}.evil.example", BROWSER.replace("https", "http")):
            asked = house.client.options(path, headers={"origin": origin, **preflight})
            assert asked.status_code in (400, 405), path
            assert "access-control-allow-origin" not in asked.headers
            assert "access-control-allow-origin" not in house.client.get(path, headers={"origin": origin}).headers
        allowed = house.client.options(path, headers={"origin": BROWSER, **preflight})
        assert allowed.headers["access-control-allow-origin"] == BROWSER, path
        assert "access-control-allow-credentials" not in allowed.headers
        assert allowed.headers["x-content-type-options"] == "nosniff"


def test_every_route_tells_browsers_what_they_may_do(house: House, eve: Person) -> None:
    """Generated: answers of every route of every service, right ones and refusals."""
    for number, operation in enumerate(house.operations):
        check_headers(operation, ask(house.client, operation, headers=from_address(f"192.0.2.{number % 250}")))
        if not operation.is_public and operation.path not in ("/api/auth/logout", "/api/auth/logout/all"):
            check_headers(operation, ask(house.client, operation, token=eve.token))


FOR_EVERYBODY = ("/.well-known/jwks.json", "/api/feed/rss.xml", "/api/feed/feed.json")
"""Where an answer is the same for all, and may be kept."""


def check_headers(operation: Operation, answer: httpx.Response) -> None:
    said, where = answer.headers, f"{operation.name}: {answer.status_code} {dict(answer.headers)}"
    assert said["x-content-type-options"] == "nosniff", where
    assert said["x-frame-options"] == "DENY", where
    assert said["content-security-policy"].startswith("default-src 'none'"), where
    assert said["referrer-policy"] == "no-referrer", where
    assert said["cross-origin-opener-policy"] == "same-origin", where
    assert said["cross-origin-resource-policy"] in ("same-origin", "cross-origin"), where
    assert "geolocation=()" in said["permissions-policy"], where
    kept = said["cache-control"]
    assert kept == "no-store" or kept.startswith("private") or operation.path in FOR_EVERYBODY, where
    assert "server" not in said, where
    assert "strict-transport-security" not in said, where
    names = [name for name, _ in said.raw]
    assert len(names) == len({name.lower() for name in names if name.lower() != b"vary"}) + names.count(b"vary"), where


def test_by_https_browsers_are_told_to_stay_there(house: House) -> None:
    answer = house.client.get("/generators", headers={**from_address("192.0.2.251"), "x-forwarded-proto": "https"})
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/api/auth/docs", "/api/stories/redoc", "/generators/tales/docs"])
def test_pages_of_documentation_run_their_own_scripts_alone(house: House, path: str) -> None:
    policy = house.client.get(path).headers["content-security-policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in scripts
    assert "*" not in scripts
    assert all(source.startswith(("https://", "'sha256-")) for source in scripts.split()[1:])


def test_caught_mails_are_shown_to_this_machine_alone(house: House) -> None:
    """Not through a proxy or a tunnel that runs on it, nor to a page whose name was made to lead here (DNS rebinding)."""
    since = house.mark()
    for headers in (from_address("203.0.113.9"), from_address("127.0.0.1"), {"forwarded": "for=203.0.113.9"}, {"host": "evil.example"}):
        assert house.client.get("/api/auth/outbox", headers=headers).status_code == 403, headers
        assert house.client.get("/outbox", headers=headers).status_code == 403, headers
    assert house.client.get("/api/auth/outbox").status_code == 200
    house.told(since, status=403, route="/api/auth/outbox")
