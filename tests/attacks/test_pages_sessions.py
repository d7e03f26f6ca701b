"""Sessions in cookies: whom they are for, and who cannot plant or keep one."""

from __future__ import annotations

import pytest
from tests.attacks.house import PASSWORD, House, Person, from_address
from tests.attacks.pages import browsing, tokens

pytestmark = pytest.mark.needs("redis")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cookies_are_for_this_place_and_no_script(house: House, eve: Person, scheme: str) -> None:
    with browsing(house, scheme=scheme, address="198.51.100.208") as client:
        sent = {"username": eve.email, "password": PASSWORD}
        answer = client.post("/login", data=sent, headers=from_address("198.51.100.208"))
        assert answer.status_code == 303, answer.text
        set_there = answer.headers.get_list("set-cookie")
        set_there += client.post("/preferences", data={"language": "es", "theme": "dark"}).headers.get_list("set-cookie")
    assert len(set_there) == 5
    house.secrets |= {cookie.partition("=")[2].partition(";")[0] for cookie in set_there[:2]}
    for cookie in set_there:
        name, said = cookie.partition("=")[0], cookie.lower()
        assert "httponly" in said, name
        assert "samesite=lax" in said or "samesite=strict" in said, name
        assert "path=/" in said.replace(" ", "").split(";"), name
        assert "domain=" not in said, name
        assert ("secure" in said.replace(" ", "").split(";")) == (scheme == "https"), name
        if scheme == "https" and not name.endswith(("_language", "_theme")):
            assert name.startswith("__Host-"), "no other host and no plain connection can set it"


def test_by_https_a_cookie_of_a_plain_connection_is_nobody_s(house: House, eve: Person) -> None:
    """Whoever sits on a network can set cookies for plain http; with `__Host-` they mean nothing to https."""
    with browsing(house, eve, address="198.51.100.209") as client:
        kept = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
    with browsing(house, scheme="https", address="198.51.100.209") as other:
        assert other.get("/studio", headers={"cookie": kept}).status_code == 303


def test_a_session_that_was_planted_is_not_the_one_that_is_used(house: House, eve: Person, bo: Person) -> None:
    """Eve's cookies are in Bo's browser when Bo logs in: afterwards all of it is Bo's, and what Eve knows is worth nothing there."""
    with browsing(house, eve, address="198.51.100.210") as hers:
        planted = {cookie.name: cookie.value or "" for cookie in hers.cookies.jar}
    for cookies in (planted, {"octavo_access": "a.b.c", "octavo_refresh": "x" * 43}, {"octavo_refresh": planted["octavo_refresh"]}):
        with browsing(house) as client:
            for name, value in cookies.items():
                client.cookies.set(name, value, domain="127.0.0.1")
            sent = {"username": bo.email, "password": PASSWORD}
            answer = client.post("/login", data=sent, headers=from_address("198.51.100.211"))
            assert answer.status_code == 303, answer.text
            pairs = [cookie.partition(";")[0].partition("=") for cookie in answer.headers.get_list("set-cookie")]
            given = {name: value for name, _, value in pairs}
            house.secrets |= {given["octavo_access"], given["octavo_refresh"]}
        assert given.keys() == {"octavo_access", "octavo_refresh", "octavo_name"}
        assert not set(given.values()) & set(cookies.values())
        with browsing(house) as fresh:
            session = fresh.get("/api/web/session", headers={"cookie": "; ".join(f"{name}={value}" for name, value in given.items())})
            assert session.json()["user"] == bo.id


def test_what_was_logged_out_is_not_let_in_again(house: House, eve: Person) -> None:
    with browsing(house, eve, address="198.51.100.212") as client:
        refresh = next(cookie.value for cookie in client.cookies.jar if cookie.name == "octavo_refresh")
        assert client.post("/logout").headers["location"] == "/login?said=out"
        assert not tokens(client)
    with browsing(house) as thief:
        answer = thief.get("/studio", headers={"cookie": f"octavo_refresh={refresh}"})
        assert answer.status_code == 303
        assert any("octavo_refresh=" in cookie and "Max-Age=0" in cookie for cookie in answer.headers.get_list("set-cookie"))
