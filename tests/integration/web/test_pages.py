"""The pages without a script: sessions in cookies, what is refused, forms that come back, the gateway."""

from __future__ import annotations

import concurrent.futures
import re
import time
import uuid

import httpx
import pytest
from tests.integration.web.conftest import EMAIL, ROOT, Studio, visiting
from tests.servers.people import PASSWORD, code_for, register

pytestmark = pytest.mark.needs("redis")

SEEDS = (
    "Gpt2_Text_Generator",
    "Gpt2Medium_Text_Generator",
    "Grok_Text_Generator",
    "Grok_Image_Generator",
    "Grok_Description_Image",
    "Translator",
)

WAITS = re.compile(r'class="stage"[^>]*>\s*In the queue')


def ended(client: httpx.Client, path: str) -> str:
    """The card at its end."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        page = client.get(path).text
        if 'data-open="1"' not in page:
            return page
        time.sleep(0.1)
    raise AssertionError(f"{path} did not end within 60 s")


def submitted(client: httpx.Client, generator: str, **fields: str) -> str:
    """Sends the form as the page has it, with its key; the path of the generation."""
    page = client.get(f"/studio/{generator}").text
    key = re.search(r'name="key" value="([0-9a-f-]{36})"', page)
    assert key is not None
    answer = client.post(f"/studio/{generator}", data={"key": key[1], **fields})
    assert answer.status_code == 303, answer.text
    return f"/studio/{generator}/jobs/{answer.headers['location'].partition('#job-')[2]}"


@pytest.mark.parametrize("path", ["/", "/login", "/register", "/verify", "/recover", "/recover/password", "/feed"])
def test_public_pages_are_whole_and_strict(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    # Nothing of it is inline, and nothing comes from elsewhere.
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text)
    assert re.findall(r'(?:src|href)="(?:https?:)?//', answer.text) == []


def test_assets_are_kept_for_ever_and_packed(stranger: httpx.Client) -> None:
    page = stranger.get("/login").text
    scripts = re.findall(r'src="(/assets/[^"]+\.js)"', page)
    assert scripts
    packed = 0
    for path in (*scripts, *re.findall(r'href="(/assets/[^"]+)"', page)):
        answer = stranger.get(path, headers={"accept-encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        if path in scripts:
            assert answer.headers["content-encoding"] == "gzip"
            packed += int(answer.headers["content-length"])
    assert packed <= 120_000
    assert stranger.get("/assets/..%2fapp.py").status_code == 404


@pytest.mark.parametrize("path", ["/studio", "/studio/tiny-stories", "/studio/queue", "/library", "/admin"])
def test_a_stranger_is_led_to_the_login_and_back(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")
    back = stranger.post("/login", data={"username": EMAIL, "password": PASSWORD, "next": path})
    assert (back.status_code, back.headers["location"]) == (303, path)


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "/api/auth/me", "javascript:alert(1)"])
def test_a_login_leads_nowhere_else(stranger: httpx.Client, target: str) -> None:
    answer = stranger.post("/login", data={"username": EMAIL, "password": PASSWORD, "next": target})
    assert (answer.status_code, answer.headers["location"]) == (303, "/studio")
    assert '<input type="hidden" name="next" value="/studio">' in stranger.get("/login", params={"next": target}).text
    switched = stranger.post("/preferences", data={"language": "es", "back": target})
    assert switched.headers["location"] == "/"


def test_tokens_are_where_no_script_sees_them(stranger: httpx.Client) -> None:
    answer = stranger.post("/login", data={"username": EMAIL, "password": PASSWORD})
    cookies = answer.headers.get_list("set-cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"octavo_access", "octavo_refresh", "octavo_name"}
    for cookie in cookies:
        assert "httponly" in cookie.lower()
        assert "samesite=lax" in cookie.lower()
        assert "domain" not in cookie.lower()
    access, refresh = stranger.cookies["octavo_access"], stranger.cookies["octavo_refresh"]
    page = stranger.get("/studio").text
    assert access not in page
    assert refresh not in page
    session = stranger.get("/api/web/session").json()
    assert session["name"] == "Mar"
    assert access not in str(session)


def test_a_wrong_password_says_so_in_the_form(stranger: httpx.Client) -> None:
    answer = stranger.post("/login", data={"username": EMAIL, "password": "not this one"}, headers={"accept-language": "es"})
    assert answer.status_code == 401
    assert "el nombre o la contraseña no son correctos" in answer.text
    assert f'value="{EMAIL}"' in answer.text
    assert "not this one" not in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/login", "/logout", "/preferences", "/register", "/studio/tiny-stories"])
def test_another_place_s_form_is_refused(visitor: httpx.Client, path: str) -> None:
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        answer = visitor.post(path, data={"prompt": "x"}, headers=headers)
        assert answer.status_code == 403, (path, headers)
    assert visitor.get("/studio").status_code == 200


def test_a_session_is_refreshed_once_however_many_pages_open(studio: Studio, visitor: httpx.Client) -> None:
    refresh = visitor.cookies["octavo_refresh"]

    def opened(_: int) -> tuple[int, str]:
        with visiting(studio) as tab:
            answer = tab.get("/api/web/session", headers={"cookie": f"octavo_refresh={refresh}"})
            return answer.status_code, answer.cookies.get("octavo_refresh", "")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(opened, range(8)))
    assert len(set(answers)) == 1
    status, fresh = answers[0]
    assert status == 200
    assert fresh not in ("", refresh)
    # The family still lives: nobody brought the old one to auth twice.
    assert opened(0) == (200, fresh)


def test_a_forged_or_ended_session_is_a_stranger_s(studio: Studio, visitor: httpx.Client) -> None:
    for cookie in ("octavo_access=a.b.c", "octavo_access=a.b.c; octavo_refresh=" + "x" * 43, "octavo_refresh=x"):
        with visiting(studio) as other:
            answer = other.get("/studio", headers={"cookie": cookie})
            assert answer.status_code == 303
            assert all('=""' in gone or "Max-Age=0" in gone for gone in answer.headers.get_list("set-cookie"))
    left = visitor.post("/logout")
    assert left.headers["location"] == "/login?said=out"
    assert visitor.get("/studio").status_code == 303


def test_registering_verifying_and_a_new_password(studio: Studio, stranger: httpx.Client) -> None:
    email = f"{uuid.uuid4().hex}@example.org"
    weak = stranger.post("/register", data={"name": "Sol", "email": email, "password": "short"})
    assert weak.status_code == 422
    assert "is shorter than 8 characters" in weak.text
    asked = stranger.post("/register", data={"name": "Sol", "email": email, "password": PASSWORD})
    assert asked.status_code == 303
    verify = stranger.get(asked.headers["location"])
    found = re.search(r'name="id" value="([0-9a-f-]{36})"', verify.text)
    assert found is not None
    wrong = stranger.post("/verify", data={"id": found[1], "code": "000000x"})
    assert (wrong.status_code, "the code is wrong" in wrong.text) == (422, True)
    done = stranger.post("/verify", data={"id": found[1], "code": code_for(stranger, email)})
    assert done.headers["location"].startswith("/login?said=confirmed")
    assert email in stranger.get("/outbox").text

    recover = stranger.post("/recover", data={"username": email})
    recovery = recover.headers["location"].rpartition("=")[2]
    code = code_for(stranger, email, pattern=r"password: ([A-Z0-9-]{11})")
    set_password = stranger.post("/recover/password", data={"id": recovery, "code": code, "password": "another kite 99"})
    assert set_password.headers["location"] == "/login?said=password"
    assert stranger.post("/login", data={"username": email, "password": "another kite 99"}).status_code == 303


def test_a_story_without_a_script(visitor: httpx.Client) -> None:
    path = submitted(visitor, "tiny-stories", prompt="A fox found a key", audience="children", language="en")
    page = ended(visitor, path)
    assert "A fox found a key" in page
    assert re.search(r'<div class="prose result">\s*\S', page)
    again = visitor.get(f"/studio/tiny-stories?from={path.rpartition('/')[2]}").text
    assert "A fox found a key</textarea>" in again
    assert path in visitor.get("/studio/queue").text


def test_a_second_click_is_not_a_second_story(visitor: httpx.Client) -> None:
    key = str(uuid.uuid4())
    locations = {visitor.post("/studio/tiny-stories", data={"key": key, "prompt": "Twice"}).headers["location"] for _ in range(2)}
    assert len(locations) == 1


def test_what_is_wrong_comes_back_with_what_was_typed(visitor: httpx.Client) -> None:
    answer = visitor.post("/studio/tiny-stories", data={"prompt": "Keep me", "seed": "many", "audience": "young"})
    assert answer.status_code == 422
    assert "is no number" in answer.text
    assert "Keep me</textarea>" in answer.text


def test_what_a_generator_writes_is_text_and_nothing_else(visitor: httpx.Client) -> None:
    page = ended(visitor, submitted(visitor, "writer", prompt="<b>nasty</b>"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;nasty&lt;/b&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert "<img src=x" not in page


def test_what_belongs_to_another_is_not_there(studio: Studio, visitor: httpx.Client) -> None:
    path = submitted(visitor, "tiny-stories", prompt="Mine alone")
    with visiting(studio) as other:
        register(other, "Sol", "sol@example.org")
        other.post("/login", data={"username": "sol@example.org", "password": PASSWORD})
        assert other.get(path).status_code == 404
        assert other.post(f"{path}/cancel").status_code == 404
        assert other.get(f"/studio/tiny-stories?from={path.rpartition('/')[2]}").status_code == 404
        assert other.get(f"/api/web/gateway/generators/tiny-stories/api/v1/generate/{path.rpartition('/')[2]}").status_code == 404
        assert "Mine alone" not in other.get("/studio/queue").text
    assert "Mine alone" in ended(visitor, path)


def test_cancelling(visitor: httpx.Client) -> None:
    path = submitted(visitor, "writer", prompt="It never ends")
    assert 'data-open="1"' in visitor.get(path).text
    visitor.post(f"{path}/cancel")
    assert "Cancelled" in ended(visitor, path)


def test_what_waits_is_cancelled_and_what_runs_goes_on(visitor: httpx.Client) -> None:
    """The generator `one-by-one` does one at a time."""
    paths = [submitted(visitor, "one-by-one", prompt=f"It never ends, {n}") for n in range(3)]
    until = time.monotonic() + 60
    while sum(not WAITS.search(visitor.get(path).text) for path in paths) != 1 and time.monotonic() < until:
        time.sleep(0.1)
    assert visitor.post("/studio/queue/clear").headers["location"] == "/studio/queue"
    pages = [visitor.get(path).text for path in paths]
    assert sorted('data-open="1"' in page for page in pages) == [False, False, True]
    running = next(path for path, page in zip(paths, pages, strict=True) if 'data-open="1"' in page)
    visitor.post(f"{running}/cancel")


def test_an_admin_s_queue_is_the_admin_s_own(studio: Studio, visitor: httpx.Client) -> None:
    path = submitted(visitor, "one-by-one", prompt="It never ends, whoever else cancels")
    with visiting(studio) as root:
        assert root.post("/login", data={"username": ROOT, "password": PASSWORD}).status_code == 303
        assert "whoever else cancels" not in root.get("/studio/queue").text
        assert "whoever else cancels" not in root.get("/studio/one-by-one").text
        assert root.post("/studio/queue/clear", data={"what": "everything"}).status_code == 303
    assert 'data-open="1"' in visitor.get(path).text
    visitor.post(f"{path}/cancel")


def test_everything_is_cancelled_and_one_starts_anew(visitor: httpx.Client) -> None:
    paths = [submitted(visitor, "one-by-one", prompt=f"It never ends, once more, {n}") for n in range(3)]
    assert "Cancel everything" in visitor.get("/studio/queue").text
    assert visitor.post("/studio/queue/clear", data={"what": "everything"}).headers["location"] == "/studio/queue"
    assert all("Cancelled" in ended(visitor, path) for path in paths)
    assert "Cancel everything" not in visitor.get("/studio/queue").text
    ended(visitor, submitted(visitor, "one-by-one", prompt="Anew"))


def test_a_picture_and_what_is_to_be_seen_in_it(visitor: httpx.Client) -> None:
    page = ended(visitor, submitted(visitor, "drawings", prompt="A lighthouse at night", seed="7"))
    source = re.search(r'src="(/api/web/gateway/[^"]+)"', page)
    assert source is not None
    picture = visitor.get(source[1])
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["content-security-policy"] == "default-src 'none'; sandbox"
    with httpx.Client(base_url=str(visitor.base_url), trust_env=False) as nobody:
        assert nobody.get(source[1]).status_code == 401
    answer = visitor.post("/studio/looks", files={"image": ("l.png", picture.content, "image/png")}, data={"question": ""})
    assert answer.status_code == 303, answer.text
    path = f"/studio/looks/jobs/{answer.headers['location'].partition('#job-')[2]}"
    assert re.search(r'<div class="prose result">\s*\S', ended(visitor, path))
    missing = visitor.post("/studio/looks", data={"question": "What?"})
    assert (missing.status_code, "choose a picture" in missing.text) == (422, True)


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_names_ask_for_a_token(studio: Studio, stranger: httpx.Client, name: str) -> None:
    assert httpx.post(f"{studio.base}/api/router_generator/{name}", json={"prompt": "x"}, timeout=30).status_code == 401
    for headers in ({}, {"authorization": "Bearer a.b.c"}, {"cookie": "octavo_access=a.b.c"}):
        answer = stranger.post(f"/api/router_generator/{name}", json={"prompt": "x"}, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"] == "unauthenticated"


def test_a_seed_s_name_is_a_generator(studio: Studio, visitor: httpx.Client) -> None:
    token = visitor.cookies["octavo_access"]
    path = "/api/router_generator/Gpt2_Text_Generator"
    with httpx.Client(base_url=studio.base, timeout=60, trust_env=False) as program:
        bearer = {"authorization": f"Bearer {token}"}
        accepted = program.post(path, json={"prompt": "A kite"}, headers={**bearer, "prefer": "respond-async"})
        assert (accepted.status_code, accepted.json()["message"]) == (202, "Please wait a moment")
        job = accepted.json()["generation_id"]
        with program.stream("GET", f"{path}/{job}/events", headers=bearer) as events:
            assert events.headers["content-type"].startswith("text/event-stream")
            assert "event: job.succeeded" in "".join(events.iter_text())
        assert program.get(f"{path}/{job}", headers=bearer).json()["status"] == "succeeded"
        assert program.post("/api/router_generator/Nobody", json={}, headers=bearer).status_code == 404
    # By the session, for a page here; not for a page elsewhere.
    assert visitor.post(path, json={"prompt": "A kite"}).status_code in (200, 202)
    assert visitor.post(path, json={"prompt": "A kite"}, headers={"origin": "https://evil.example"}).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "api/auth/me",
        "api/auth/outbox",
        "api/../auth/me",
        "generators/tiny-stories/../../api/auth/me",
        "generators/tiny-stories/metrics",
        "health/",
        "api/internal/users/x",
        "api/admin/users",
        "api/admin/logs",
        "api/admin/logs/tail/../../users",
    ],
)
def test_the_gateway_leads_only_where_it_should(visitor: httpx.Client, path: str) -> None:
    assert visitor.get(f"/api/web/gateway/{path.replace('..', '%2e%2e')}").status_code == 404


def test_an_error_is_a_page_with_its_status(visitor: httpx.Client) -> None:
    answer = visitor.get("/studio/nobody", headers={"accept-language": "es"})
    assert answer.status_code == 404
    assert "no existe ese generador" in answer.text
    assert visitor.get("/admin").status_code == 403
