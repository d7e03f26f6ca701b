"""Texts that want to be more than texts: in links, forms, names, prompts, and in what is kept."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

import httpx
import pytest
from markupsafe import escape
from tests.attacks.house import PASSWORD, House, Person, from_address, until
from tests.attacks.pages import NOBODYS, QUERY, SCRIPT, Looked, browsing, forms, gets, is_page, leads_here, mine

pytestmark = pytest.mark.needs("redis")

FIELDS = ("username", "name", "email", "phone", "password", "code", "id", "to", "next", "back", "ticket", "key", "prompt", "text", "title",
          "description", "question", "seed", "language", "theme", "channel", "image_url", "tags", "comment", "reason")  # fmt: skip


@pytest.mark.parametrize("logged_in", [True, False], ids=["a person", "a stranger"])
def test_what_a_link_says_is_text(house: House, eve: Person, logged_in: bool) -> None:
    """Generated: in every query, every place of every path, and cookies that one may write oneself."""
    planted = {"octavo_language": SCRIPT, "octavo_theme": SCRIPT, "octavo_name": SCRIPT}
    with browsing(house, eve if logged_in else None, address="198.51.100.203") as client:
        for route in gets():
            if route.is_api or route.path.startswith("/assets/"):
                continue
            asked = [f"{route.at(mine(eve))}?{urlencode(dict.fromkeys(QUERY, SCRIPT))}"]
            asked += [route.at({**mine(eve), name: SCRIPT.replace("/", "")}) for name in route.parameters]
            for path in asked:
                check_text(client.get(path), path)
                check_text(client.get(path, headers={"hx-request": "true", "hx-current-url": f"http://x/{SCRIPT}"}), path)
        check_text(client.get(f"/{SCRIPT}"), "a page that is none")
        for name, value in planted.items():
            client.cookies.set(name, value.replace(";", "").replace('"', ""))
        check_text(client.get("/?stay=1"), "cookies")


def test_what_is_typed_comes_back_as_text(house: House, pat: Person) -> None:
    """Generated: every form, every field that some form has."""
    with browsing(house, pat, address="198.51.100.204") as client:
        for number, route in enumerate(forms()):
            if route.is_api:
                continue
            # Each from an address of its own: what is limited by address is not what is tried here.
            there = from_address(f"198.51.100.{number % 200}") if not route.path.startswith(("/studio", "/logout")) else {}
            path = route.at({**mine(pat), "job": NOBODYS})
            answer = client.request(route.method, path, data=dict.fromkeys(FIELDS, SCRIPT), headers=there)
            assert answer.status_code < 500, route.name
            check_text(answer, route.name)


def check_text(answer: httpx.Response, where: str) -> None:
    location = answer.headers.get("location") or answer.headers.get("hx-redirect")
    assert location is None or leads_here(location), f"{where}: {location}"
    if is_page(answer):
        assert Looked(answer.text).found == [], where
        assert SCRIPT not in answer.text, where
        assert "&gt;49" not in answer.text, where


def test_what_is_kept_is_text_on_every_page(house: House) -> None:
    """A name, a prompt, a character and a story that hold scripts, on all pages of whom they belong to."""
    email, name = "mallory.pages@example.org", SCRIPT[:64]
    there = from_address("198.51.100.205")
    asked = house.ok("POST", "/api/auth/register", 202, json={"name": name, "email": email, "password": PASSWORD}, headers=there)
    code = house.code(email)
    house.secrets.add(code)
    confirm = {"verification_id": asked["verification_id"], "code": code}
    house.ok("POST", "/api/auth/verify", 200, json=confirm, headers=there)
    said = house.login(email)
    who = Person("mallory", email, said["user"]["id"], said["access_token"], said["refresh_token"], "mallory")
    ids = {"character_id": house.ok("POST", "/api/characters", 201, by=who, json={"name": SCRIPT[:80], "description": SCRIPT})["id"]}
    story = {"title": SCRIPT[:80], "content": {"chapters": [{"text": SCRIPT}]}}
    ids["story_id"] = house.ok("POST", "/api/stories", 201, by=who, json=story)["id"]
    with browsing(house, who, address="198.51.100.206") as client:
        for generator in ("tales", "images"):
            answer = client.post(f"/studio/{generator}", data={"prompt": SCRIPT})
            assert answer.status_code == 303, answer.text
            ids["job"] = answer.headers["location"].partition("#job-")[2]
            path = f"/studio/{generator}/jobs/{ids['job']}"
            shown = until(partial(ended, client, path), what=f"{path} did not end")
            assert str(escape(SCRIPT)) in shown, "what was asked is there, as text"
        for route in gets():
            if not route.is_api and not route.path.startswith("/assets/"):
                answer = client.get(route.at({**ids, "name": "images"}))
                check_text(answer, route.name)
                check_text(client.get(route.at({**ids, "name": "images"}), headers={"hx-request": "true"}), route.name)


def ended(client: httpx.Client, path: str) -> str | None:
    page = client.get(path).text
    return None if 'data-open="1"' in page else page
