"""Pages and forms: what another place might do with them, and what browsers are told about each. Every route is attacked, for the list of
them is the web's own."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.attacks.house import EVIL, House, Person
from tests.attacks.pages import (
    NOBODYS,
    Looked,
    Route,
    browsing,
    forms,
    gets,
    is_page,
    mine,
    policy_faults,
    routes,
    tokens,
    without_origin,
)

pytestmark = pytest.mark.needs("redis")

DOCUMENTATION = ("/api/web/docs", "/api/web/redoc")
"""Has a policy of its own, looked at in test_wire.py."""
FOREIGN: tuple[dict[str, str], ...] = (
    {"origin": EVIL},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": "same-origin, cross-site"},
)
PUBLISHED = frozenset({"/feed/@{handle}", "/feed/posts/{post}", "/feed/posts/{post}/comments"})
"""Pages that show to everybody what somebody has published."""
NOBODYS_OWN = ("/assets/", "/feed/manifest.webmanifest", "/feed/worker.js")
"""The same for everybody, so that a cache may have them."""


def test_there_are_pages_and_forms() -> None:
    """Or all that is generated here would prove nothing."""
    assert {"/", "/login", "/studio", "/studio/{name}", "/feed"} <= {route.path for route in gets()}
    assert {"/login", "/logout", "/register", "/preferences", "/studio/{name}"} <= {route.path for route in forms()}


def test_no_form_of_another_place_does_anything(house: House, eve: Person) -> None:
    """Generated: a route that changes something and lacks the check fails here."""
    with browsing(house, eve) as client:
        for route in forms():
            path, body = route.at(mine(eve)), {"prompt": "from elsewhere", "name": "Changed", "next": "/studio"}
            for headers in FOREIGN:
                answer = client.request(route.method, path, data=body, headers=headers)
                assert answer.status_code == 403, f"{route.name} {headers}: {answer.status_code}"
                assert "set-cookie" not in answer.headers, route.name
            assert without_origin(client, route.method, path, data=body).status_code == 403, f"{route.name} without any proof"
        assert client.get("/studio").status_code == 200
        assert "from elsewhere" not in client.get("/studio/tales").text
        # Its own forms are taken.
        assert client.post("/preferences", data={"theme": "dark", "back": "/feed"}).headers["location"] == "/feed"


def test_a_page_that_only_is_looked_at_changes_nothing(house: House, eve: Person) -> None:
    """What a link or a picture elsewhere could ask for with her cookies."""
    with browsing(house, eve) as client:
        before = house.ok("GET", "/generators/tales/api/v1/jobs", 200, by=eve)["items"]
        for route in gets():
            if "{path:path}" in route.path or route.path.endswith("/events"):
                continue
            client.get(route.at(mine(eve)), headers={"sec-fetch-site": "cross-site", "origin": EVIL})
        assert client.get("/studio").status_code == 200
        after = house.ok("GET", "/generators/tales/api/v1/jobs", 200, by=eve)["items"]
        assert [job["generation_id"] for job in after] == [job["generation_id"] for job in before]


def answers(house: House, who: Person | None) -> Iterator[tuple[Route, httpx.Response]]:
    with browsing(house, who, address="198.51.100.201") as client:
        ids = {} if who is None else mine(who)
        for route in gets():
            with client.stream("GET", route.at(ids)) as answer:
                if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                    answer.read()
            yield route, answer


@pytest.mark.parametrize("logged_in", [True, False], ids=["a person", "a stranger"])
def test_every_page_has_its_headers(house: House, eve: Person, logged_in: bool) -> None:
    """Generated: clickjacking, sniffing, referrers, scripts of elsewhere, and copies of personal pages."""
    seen = 0
    for route, answer in answers(house, eve if logged_in else None):
        said, where = answer.headers, f"{route.name}: {answer.status_code} {dict(answer.headers)}"
        assert answer.status_code < 500, where
        assert said["x-content-type-options"] == "nosniff", where
        assert said["x-frame-options"] == "DENY", where
        assert said["referrer-policy"] in ("same-origin", "no-referrer", "strict-origin-when-cross-origin"), where
        assert said["cross-origin-opener-policy"] == "same-origin", where
        assert "geolocation=()" in said["permissions-policy"], where
        assert "server" not in said, where
        assert "access-control-allow-origin" not in said, where
        if route.path not in DOCUMENTATION:
            assert policy_faults(said["content-security-policy"]) == [], where
        if logged_in and not route.path.startswith(NOBODYS_OWN) and not said.get("content-type", "").startswith("image/"):
            assert said["cache-control"] == "no-store" or said["cache-control"].startswith("private"), where
        if is_page(answer) and route.path not in DOCUMENTATION:
            assert Looked(answer.text).found == [], route.name
            seen += 1
    assert seen >= 8


def test_pages_that_say_no_are_as_strict(house: House) -> None:
    with browsing(house) as client:
        found = [client.get(path) for path in ("/studio/nobody", "/nowhere", "/feed/%00", "/outbox", f"/studio/tales/jobs/{NOBODYS}")]
        found += [client.post("/login", data={}), client.post("/login", data={}, headers={"origin": EVIL}), client.put("/login")]
    for answer in found:
        assert policy_faults(answer.headers["content-security-policy"]) == [], answer.url
        assert answer.headers["x-frame-options"] == "DENY"
        if is_page(answer):
            assert Looked(answer.text).found == [], answer.url


def test_no_page_tells_a_token(house: House, eve: Person) -> None:
    with browsing(house, eve, address="198.51.100.202") as client:
        secret = tokens(client)
        assert len(secret) == 2
        for route in gets():
            if route.path.endswith("/events"):
                continue
            answer = client.get(route.at(mine(eve)))
            assert not [token for token in secret if token in answer.text], route.name
            secret |= tokens(client)


def test_pages_of_another_are_not_there(house: House, eve: Person, bo: Person) -> None:
    """Generated: every page and every form about one thing, with Bo's ids and Eve's session."""
    theirs = mine(bo)
    with browsing(house, eve, address="198.51.100.213") as client:
        for route in routes():
            about = set(route.parameters) & theirs.keys() - {"name", "path"}
            if not about or route.path in PUBLISHED or route.path.endswith("/events"):
                continue
            answer = client.request(route.method, route.at(theirs), data=None if route.method == "GET" else {"title": "x"})
            assert answer.status_code < 500, route.name
            assert bo.word not in answer.text, route.name
            assert answer.status_code in (303, 400, 403, 404, 409, 422), f"{route.name}: {answer.status_code}"
            if answer.status_code == 303:
                assert answer.headers["location"].startswith("/login") is False, "she is logged in all the while"
                assert bo.word not in client.get(answer.headers["location"]).text, route.name
        assert client.get("/studio").status_code == 200
    assert house.ok("GET", f"/api/stories/{bo.ids['story_id']}", 200, by=bo)["id"] == bo.ids["story_id"]
