"""Logins by another issuer, as browsers without scripts go through them: whom a ticket logs in, and whom it does not."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.integration.web.conftest import Studio, visiting

pytestmark = pytest.mark.needs("redis")
_BINDING = "octavo_binding"


def ticket_of(client: httpx.Client, start: str) -> tuple[str, str]:
    """Where the browser comes back to, and the ticket behind the `#`."""
    there = client.get(start)
    assert there.status_code == 302, there.text
    back = client.get(httpx.get(there.headers["location"], trust_env=False).headers["location"])
    assert back.status_code == 303, back.text
    path, _, ticket = back.headers["location"].partition("#ticket=")
    return path, ticket


def begun(client: httpx.Client, path: str = "/studio/drawings") -> str:
    answer = client.get("/login/with/campus", params={"next": path})
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    return answer.headers["location"]


def is_logged_in(client: httpx.Client) -> bool:
    return client.get("/api/web/session").status_code == 200


def test_the_browser_that_began_is_logged_in(studio: Studio) -> None:
    with visiting(studio) as client:
        assert 'href="/login/with/campus?next=/studio"' in client.get("/login").text
        start = begun(client)
        # What goes through addresses is of no use without what stays in the browser.
        secret = client.cookies[_BINDING]
        assert secret not in start
        assert len(parse_qs(urlsplit(start).query)["binding"][0]) == 64
        path, ticket = ticket_of(client, start)
        assert path == "/login?next=/studio/drawings"
        answer = client.post("/login/ticket", data={"ticket": ticket, "next": "/studio/drawings"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/studio/drawings")
        assert is_logged_in(client)
        assert _BINDING not in client.cookies


def test_somebody_else_s_ticket_logs_nobody_in(studio: Studio) -> None:
    """Eve begins a login of her own, and sends Bo a link with its ticket: Bo would work in Eve's account without noticing."""
    for of_eve in ("/api/auth/oidc/campus/start?return_to=/login", None):
        for bo_began in (False, True):
            with visiting(studio) as eve, visiting(studio) as bo:
                _, ticket = ticket_of(eve, of_eve or begun(eve))
                if bo_began:
                    begun(bo)
                answer = bo.post("/login/ticket", data={"ticket": ticket, "next": "/studio"})
                assert answer.status_code == 401
                assert "octavo_access" not in bo.cookies
                assert not is_logged_in(bo)


def test_a_planted_secret_is_not_that_of_the_ticket_without_its_digest(studio: Studio) -> None:
    with visiting(studio) as eve, visiting(studio) as bo:
        _, ticket = ticket_of(eve, "/api/auth/oidc/campus/start?return_to=/login")
        bo.cookies.set(_BINDING, "", domain="127.0.0.1")
        assert bo.post("/login/ticket", data={"ticket": ticket}).status_code == 401


@pytest.mark.parametrize("issuer", ["..%2fx", "Campus", "a" * 40, "%0d%0ax"])
def test_odd_names_of_issuers_lead_nowhere(stranger: httpx.Client, issuer: str) -> None:
    answer = stranger.get(f"/login/with/{issuer}")
    assert 400 <= answer.status_code < 500
    assert "set-cookie" not in answer.headers
