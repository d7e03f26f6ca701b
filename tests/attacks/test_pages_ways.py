"""Where pages lead: nowhere but to pages of this place, whatever a link or a form asks for."""

from __future__ import annotations

import httpx
import pytest
from tests.attacks.house import EVIL, PASSWORD, House, Person, from_address
from tests.attacks.pages import TARGETS, Looked, browsing, forms, gets, is_page, leads_here, mine, tokens

pytestmark = pytest.mark.needs("redis")


def test_nothing_leads_elsewhere(house: House, pat: Person) -> None:
    """Generated: every page and every form, with every name that a target might have."""
    names = ("next", "back", "return_to", "return", "url", "redirect", "to", "here")
    with browsing(house, pat, address="198.51.100.207") as person, browsing(house) as stranger:
        for target in TARGETS:
            asked = dict.fromkeys(names, target)
            for client in (person, stranger):
                for route in gets():
                    if route.is_api or route.path.startswith("/assets/"):
                        continue
                    check_way(client.get(route.at(mine(pat)), params=asked), f"{route.name} {target}")
                # Without what they ask for: forms come back, or lead on.
                for route in forms():
                    if route.is_api or "/logout" in route.path or route.path == "/recover":
                        continue
                    there = from_address(f"198.51.100.{TARGETS.index(target)}")
                    answer = client.request(route.method, route.at(), data=asked, headers={**there, "referer": f"{EVIL}/{target}"})
                    check_way(answer, f"{route.name} {target}")


def check_way(answer: httpx.Response, where: str) -> None:
    for name in ("location", "hx-redirect", "refresh", "content-location"):
        assert leads_here(answer.headers.get(name, "/")), f"{where}: {answer.headers[name]}"
        assert "evil" not in answer.headers.get(name, "").partition("?")[0], where
    if is_page(answer):
        looked = Looked(answer.text)
        assert looked.found == [], where
        for field in ("next", "back"):
            assert leads_here(looked.fields.get(field, "/")), f"{where}: {field}={looked.fields[field]}"


@pytest.mark.parametrize("target", TARGETS)
def test_a_login_and_a_confirmation_lead_to_pages_of_this_place(house: House, pat: Person, target: str) -> None:
    number = TARGETS.index(target)
    there, email = from_address(f"198.51.100.{100 + number}"), f"led{number}@example.org"
    with browsing(house) as client:
        body = {"username": pat.email, "password": PASSWORD, "next": target}
        logged_in = client.post("/login", data=body, headers=there)
        house.secrets |= tokens(client)
        assert (logged_in.status_code, logged_in.headers["location"]) == (303, "/studio")
    with browsing(house) as client:
        new = {"name": f"Led {number}", "email": email, "password": PASSWORD, "next": target}
        registered = client.post("/register", data=new, headers=there)
        assert registered.status_code == 303, registered.text
        form = client.get(registered.headers["location"])
        check_way(form, "verify")
        found = Looked(form.text).fields
        code = house.code(email)
        house.secrets.add(code)
        confirmed = client.post("/verify", data={"id": found["id"], "code": code, "next": target}, headers=there)
        assert confirmed.status_code == 303, confirmed.text
        check_way(confirmed, "confirmed")
        assert "evil" not in confirmed.headers["location"]
