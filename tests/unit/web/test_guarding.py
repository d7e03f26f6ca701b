"""Requests that change something come from a page of this place, or with a token of their own."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from octavo_core.errors import Forbidden
from octavo_core.identity.cookies import access_token
from octavo_notifications.identity import cookie_of_own_page
from octavo_web.pages.guarding import CONTENT_SECURITY_POLICY, same_origin

HOST = {"host": "octavo.example"}


def request(method: str, path: str, headers: dict[str, str]) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": method, "path": path, "headers": raw, "query_string": b"", "server": ("octavo.example", 80)})


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/studio", {}),
        ("GET", "/studio", {"sec-fetch-site": "cross-site"}),
        ("POST", "/login", {"sec-fetch-site": "same-origin"}),
        ("POST", "/login", {"origin": "https://octavo.example"}),
        ("POST", "/login", {"origin": "http://OCTAVO.example"}),
        ("POST", "/api/router_generator/Translator", {"authorization": "Bearer x"}),
        ("POST", "/api/router_generator/Translator", {}),
        ("POST", "/api/router_generator/Translator", {"cookie": "theme=dark"}),
    ],
)
async def test_it_goes_on(method: str, path: str, headers: dict[str, str]) -> None:
    await same_origin(request(method, path, HOST | headers))


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/login", {}),
        ("/login", {"sec-fetch-site": "cross-site"}),
        ("/login", {"sec-fetch-site": "same-site"}),
        ("/login", {"sec-fetch-site": "none"}),
        ("/login", {"sec-fetch-site": "cross-site", "origin": "https://octavo.example"}),
        ("/login", {"origin": "https://evil.example"}),
        ("/login", {"origin": "null"}),
        ("/login", {"origin": "https://octavo.example.evil.example"}),
        # A page's form is a page's: a header that programs send does not open it.
        ("/logout", {"authorization": "Bearer x"}),
        ("/api/web/gateway/api/stories", {"cookie": "octavo_access=x"}),
        ("/api/router_generator/Translator", {"cookie": "a=b; __Host-octavo_refresh=x"}),
    ],
)
async def test_it_is_refused(path: str, headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        await same_origin(request("POST", path, HOST | headers))


def test_nothing_inline_and_nothing_from_elsewhere_runs() -> None:
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert "script-src 'self';" in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        ("", None),
        ("other=1", None),
        ("octavo_access=a.b.c; other=1", "a.b.c"),
        ("octavo_access=plain; __Host-octavo_access=secure", "secure"),
        ("octavo_access=", None),
        ("octavo_access=" + "x" * 20_000, None),
    ],
)
def test_the_session_s_token_is_read_from_its_cookie(header: str | None, token: str | None) -> None:
    assert access_token(header) == token


@pytest.mark.parametrize(
    ("origin", "token"),
    [(None, "t"), ("https://octavo.example", "t"), ("https://evil.example", None), ("null", None)],
)
def test_a_socket_takes_the_cookie_from_a_page_of_its_own_host_alone(origin: str | None, token: str | None) -> None:
    environ = {"HTTP_HOST": "octavo.example", "HTTP_COOKIE": "octavo_access=t"} | ({} if origin is None else {"HTTP_ORIGIN": origin})
    assert cookie_of_own_page(environ) == token
