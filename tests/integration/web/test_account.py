"""A person's own account, without a script: what auth and notifications keep of them, changed, and gone in the end."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image
from tests.integration.web.conftest import Studio, visiting
from tests.servers.people import PASSWORD, code_for, register
from tests.servers.starting import wait_until

pytestmark = pytest.mark.needs("redis")


def done(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def logged_in(client: httpx.Client, email: str, password: str = PASSWORD) -> httpx.Client:
    done(client.post("/login", data={"username": email, "password": password}))
    return client


@pytest.fixture
def email() -> str:
    return f"{uuid.uuid4().hex[:12]}@example.org"


@pytest.fixture
def lena(studio: Studio, email: str) -> Iterator[httpx.Client]:
    """Of this test alone: what it changes is nobody else's."""
    with visiting(studio) as client:
        register(client, "Lena", email)
        yield logged_in(client, email)


def test_uc12_the_profile_is_viewed(lena: httpx.Client, email: str) -> None:
    page = lena.get("/account").text
    assert "<b>Lena</b>" in page
    assert email in page
    assert "this one" in page
    assert lena.cookies["octavo_access"] not in page


def test_uc13_the_name_is_updated_wherever_it_stands(lena: httpx.Client) -> None:
    for bad in ("  ", "x" * 200, "lena@example.org"):
        refused = lena.post("/account/name", data={"name": bad})
        assert refused.status_code == 422, bad
        assert 'class="fault"' in refused.text
    assert done(lena.post("/account/name", data={"name": "Lena <b>M</b>"})) == "/account?said=name#profile"
    page = lena.get("/account?said=name").text
    assert "Your name is changed." in page
    assert "<b>Lena &lt;b&gt;M&lt;/b&gt;</b>" in page
    assert "Lena &lt;b&gt;M" in lena.get("/studio").text


def test_uc13_the_picture_is_updated(studio: Studio, lena: httpx.Client) -> None:
    assert lena.get("/account/picture").status_code == 404
    written = io.BytesIO()
    Image.new("RGB", (900, 600), "teal").save(written, "JPEG")
    assert (
        done(lena.post("/account/picture", files={"picture": ("me.jpg", written.getvalue(), "image/jpeg")}))
        == "/account?said=picture#profile"
    )
    address = re.search(r'src="(/account/picture\?v=[0-9a-f]+)"', lena.get("/account").text)
    assert address is not None
    shown = lena.get(address[1])
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert Image.open(io.BytesIO(shown.content)).size == (512, 341)
    for name, data, status in (("none", b"", 422), ("no picture", b"<svg onload=alert(1)>", 415)):
        refused = lena.post("/account/picture", files={"picture": (name, data, "image/png")})
        assert (refused.status_code, "notice bad" in refused.text) == (status, True), name
    with httpx.Client(base_url=studio.base, trust_env=False) as nobody:
        assert nobody.get("/account/picture").status_code == 303
    done(lena.post("/account/picture/remove"))
    assert lena.get("/account/picture").status_code == 404


def test_another_address_holds_when_its_code_comes_back(lena: httpx.Client, email: str) -> None:
    fresh = f"{uuid.uuid4().hex[:12]}@example.org"
    wrong = lena.post("/account/contact", data={"email": fresh, "password": "not it at all"})
    assert (wrong.status_code, "the password is wrong" in wrong.text) == (403, True)
    assert f'value="{fresh}"' in wrong.text
    assert "not it at all" not in wrong.text
    both = lena.post("/account/contact", data={"email": fresh, "phone": "+34600111222", "password": PASSWORD})
    assert (both.status_code, "give one of them" in both.text) == (422, True)
    bad = lena.post("/account/contact", data={"email": "nowhere", "password": PASSWORD})
    assert (bad.status_code, "is not an e-mail address" in bad.text) == (422, True)

    to = done(lena.post("/account/contact", data={"email": fresh, "password": PASSWORD}))
    form = lena.get(to).text
    identity = re.search(r'name="id" value="([0-9a-f-]{36})"', form)
    assert identity is not None
    assert fresh in form
    missed = lena.post("/account/contact/code", data={"id": identity[1], "to": fresh, "code": "000000x"})
    assert (missed.status_code, "the code is wrong" in missed.text) == (422, True)
    assert email in lena.get("/account").text
    assert (
        done(lena.post("/account/contact/code", data={"id": identity[1], "code": code_for(lena, fresh)})) == "/account?said=contact#contact"
    )
    assert fresh in lena.get("/account").text


def test_a_new_password_ends_the_other_sessions(studio: Studio, lena: httpx.Client, email: str) -> None:
    with visiting(studio) as other:
        logged_in(other, email)
        for fields, status, said in (
            ({"current_password": "wrong one here", "new_password": "another kite 99"}, 403, "the password is wrong"),
            ({"current_password": PASSWORD, "new_password": "short"}, 422, "is shorter than 8 characters"),
            ({"current_password": PASSWORD, "new_password": ""}, 422, "must not be empty"),
        ):
            refused = lena.post("/account/password", data=fields)
            assert (refused.status_code, said in refused.text) == (status, True)
            assert fields["current_password"] not in refused.text
        changed = lena.post("/account/password", data={"current_password": PASSWORD, "new_password": "another kite 99"})
        assert done(changed) == "/account?said=password#password"
        assert lena.get("/account").status_code == 200
        assert other.get("/account").status_code == 303
        logged_in(other, email, "another kite 99")


def test_sessions_are_seen_and_ended_one_by_one_and_all(studio: Studio, lena: httpx.Client, email: str) -> None:
    with visiting(studio) as other:
        other.headers["user-agent"] = "A phone of 2026"
        logged_in(other, email)
        page = lena.get("/account").text
        assert "A phone of 2026" in page
        (end,) = re.findall(r'action="(/account/sessions/[0-9a-f-]{36}/end)"', page)
        assert done(lena.post(end)) == "/account?said=session#sessions"
        assert "A phone of 2026" not in lena.get("/account").text
        assert other.get("/account").status_code == 303

        logged_in(other, email)
        left = lena.post("/account/sessions/all/end")
        assert done(left) == "/login?said=out"
        assert "octavo_access" not in lena.cookies
        assert other.get("/account").status_code == 303
    logged_in(lena, email)
    assert lena.post("/account/sessions/x/end").status_code == 404


def test_a_mail_about_what_takes_long_can_be_wished(lena: httpx.Client) -> None:
    assert '<option value="" selected>' in lena.get("/account").text
    assert done(lena.post("/account/notifications", data={"mail_after": "300"})) == "/account?said=notifications#notifications"
    assert '<option value="300" selected>' in lena.get("/account").text
    refused = lena.post("/account/notifications", data={"mail_after": "1"})
    assert (refused.status_code, "choose one of these" in refused.text.lower()) == (422, True)
    done(lena.post("/account/notifications", data={"mail_after": ""}))
    assert '<option value="" selected>' in lena.get("/account").text


def test_the_account_goes_with_all_that_is_in_it(studio: Studio, lena: httpx.Client, email: str) -> None:
    character = done(lena.post("/library/characters", data={"name": "Gone soon"}))
    story = done(lena.post("/library/stories", data={"title": "Gone soon", "text": "Words."}))
    link = re.search(r'href="http://[^"/]+(/s/[A-Za-z0-9_-]{43})"', lena.post(f"{story}/shares", data={"days": ""}).text)
    assert link is not None
    told = lena.get("/account/delete").text
    assert "your characters with their pictures" in told
    wrong = lena.post("/account/delete", data={"password": "not it at all"})
    assert (wrong.status_code, "the password is wrong" in wrong.text) == (403, True)
    assert lena.get(character).status_code == 200

    assert done(lena.post("/account/delete", data={"password": PASSWORD})) == "/login?said=deleted"
    assert "octavo_access" not in lena.cookies
    assert "Your account is deleted." in lena.get("/login?said=deleted").text
    assert lena.post("/login", data={"username": email, "password": PASSWORD}).status_code == 401
    with visiting(studio) as anybody:
        wait_until(lambda: anybody.get(link[1]).status_code == 404, what="the link still opens the story", deadline_s=90)
