"""Whatever stands behind the pages is killed: the page says what is wrong and mends itself when it is back, and nothing typed is lost.

Real processes; the browser is Chromium, but where it is about what works without scripts.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.integration.web.away import EMAIL, Town, log_in, town
from tests.servers.people import PASSWORD
from tests.servers.redis import RedisServer
from tests.servers.starting import wait_until

pytestmark = [pytest.mark.needs("redis"), pytest.mark.timeout(300)]

WAIT_MS = 60_000
TYPED = "A kite that flew away, and who found it"


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory, redis_session: RedisServer) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("away"), redis_session.url) as running:
        yield running
        for one in (running.auth, running.notifications, running.web):
            assert "Traceback" not in one.process.log, one.process.log_file


@pytest.fixture
def here(processes: Town) -> Iterator[Town]:
    """Whole, before a test and after it."""
    processes.whole()
    yield processes
    processes.whole()


# ---- without scripts ----


@pytest.mark.parametrize("path", ["/login", "/register", "/recover"])
def test_without_accounts_a_form_says_so_and_keeps_what_was_typed(here: Town, path: str) -> None:
    sent = {"username": EMAIL, "name": "Sol", "email": EMAIL, "password": PASSWORD}
    with here.visiting() as client:
        here.auth.process.kill()
        answer = client.post(path, data=sent)
        assert answer.status_code == 503
        assert "auth does not answer just now" in answer.text
        assert f'value="{EMAIL}"' in answer.text
        assert PASSWORD not in answer.text
        assert "data-away" in client.get(path).text
        spanish = client.post(path, data=sent, headers={"accept-language": "es"})
        assert "auth no responde en este momento" in spanish.text
        here.auth.process.start()
        here.auth.until_ready()
        wait_until(lambda: "data-away" not in client.get(path).text, what="the page does not see that auth is back")
        assert client.post(path, data=sent).status_code in (303, 409)


def test_without_accounts_who_is_logged_in_goes_on(here: Town) -> None:
    with here.visiting() as client:
        log_in(client)
        here.auth.process.kill()
        assert client.get("/studio").status_code == 200
        assert client.get("/studio/writer").status_code == 200


def test_without_its_generator_a_form_comes_back_with_what_was_typed(here: Town) -> None:
    with here.visiting() as client:
        log_in(client)
        page = client.get("/studio/writer").text
        key = re.search(r'name="key" value="([0-9a-f-]{36})"', page)
        assert key is not None
        here.generator.api.kill()
        answer = client.post("/studio/writer", data={"key": key[1], "prompt": TYPED})
        assert answer.status_code == 503
        assert f"{TYPED}</textarea>" in answer.text
        assert "writer does not answer just now" in answer.text
        # What may have been taken is not taken twice.
        assert f'name="key" value="{key[1]}"' in answer.text
        shown = client.get("/studio/writer")
        assert (shown.status_code, "data-away" in shown.text, 'id="make"' in shown.text) == (200, True, True)
        assert "writer" in client.get("/studio").text
        here.generator.api.start()
        here.generator.until_ready()
        again = client.post("/studio/writer", data={"key": key[1], "prompt": TYPED})
        assert again.status_code == 303, again.text


def test_where_a_session_cannot_be_refreshed_it_stays_and_what_was_sent_is_given_back(here: Town) -> None:
    with here.visiting() as client:
        log_in(client)
        refresh = {"cookie": f"octavo_refresh={client.cookies['octavo_refresh']}"}
        client.cookies.clear()
        here.redis.shut()
        page = client.get("/studio", headers=refresh)
        assert (page.status_code, "data-away" in page.text, "set-cookie" in page.headers) == (503, True, False)
        sent = client.post("/studio/writer", data={"prompt": TYPED, "password": "never this"}, headers=refresh)
        assert sent.status_code == 503
        assert TYPED in sent.text
        assert 'action="/studio/writer"' in sent.text
        assert "never this" not in sent.text
        here.redis.open()
        back = client.post("/studio/writer", data={"prompt": TYPED}, headers=refresh)
        assert back.status_code == 303, back.text


def test_accounts_are_told_who_asks_and_not_that_a_page_did(here: Town) -> None:
    """Behind a front door whose word the pages believe, as accounts believe theirs."""
    there = {"x-forwarded-for": "203.0.113.7", "user-agent": "a phone"}
    with here.visiting() as client:
        answer = client.post("/login", data={"username": EMAIL, "password": PASSWORD}, headers=there)
        assert answer.status_code == 303, answer.text
        bearer = {"authorization": f"Bearer {client.cookies['octavo_access']}"}
        sessions = client.get("/api/auth/sessions", headers=bearer).json()["items"]
    (current,) = [session for session in sessions if session["current"]]
    assert (current["address"], current["user_agent"]) == ("203.0.113.7", "a phone")


# ---- in a browser ----


@contextmanager
def page_of(browser: Browser, here: Town) -> Iterator[Page]:
    with browser.new_context(base_url=here.base, locale="en", viewport={"width": 390, "height": 844}) as context:
        context.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        page = context.new_page()
        page.goto("/login")
        page.get_by_label("E-mail, phone or name").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/studio")
        yield page


def ask(page: Page, text: str) -> None:
    page.get_by_label("What shall it be about?").fill(text)
    page.get_by_role("button", name="Write the text").click()


def result(page: Page, text: str) -> None:
    expect(page.locator(".job", has_text=text).locator(".result").first).to_have_text(re.compile(r"\w+"))


@pytest.mark.needs("chromium")
def test_a_generator_goes_and_comes(browser: Browser, here: Town) -> None:
    with page_of(browser, here) as page:
        page.goto("/studio/writer")
        field = page.get_by_label("What shall it be about?")
        here.generator.api.kill()
        ask(page, "first, while it is away")
        expect(page.locator("#problem .notice.bad")).to_contain_text("does not answer just now")
        expect(field).to_have_value("first, while it is away")
        # Opened while it is away, the form is there, and the notice goes by itself.
        page.reload()
        expect(page.locator("[data-away]")).to_be_visible()
        expect(field).to_have_value("first, while it is away")
        field.fill("typed while it comes back")
        here.generator.api.start()
        expect(page.locator("[data-away]")).to_have_count(0)
        expect(field).to_have_value("typed while it comes back")
        page.get_by_role("button", name="Write the text").click()
        result(page, "typed while it comes back")


@pytest.mark.needs("chromium")
def test_a_generator_s_door_is_shut_while_it_writes(browser: Browser, here: Town) -> None:
    with page_of(browser, here) as page:
        page.goto("/studio/writer")
        ask(page, "Count slowly, whatever happens")
        card = page.locator(".job", has_text="Count slowly, whatever happens")
        expect(card.locator(".live")).to_contain_text("two")
        # Its end is told while nobody can show it: the card is asked for until it is there.
        here.generator.api.kill()
        wait_until(lambda: ended(here), what="the job did not end")
        here.generator.api.start()
        result(page, "Count slowly, whatever happens")
        expect(card).to_have_count(1)


def ended(here: Town) -> bool:
    """Whether all that was asked of the generator is done, as its database has it."""
    with sqlite3.connect(f"file:{here.database}?mode=ro", uri=True) as connection:
        (left,) = connection.execute("SELECT count(*) FROM jobs WHERE state NOT IN ('succeeded', 'failed', 'cancelled')").fetchone()
    return left == 0


@pytest.mark.needs("chromium")
def test_notifications_go_and_come(browser: Browser, here: Town) -> None:
    with page_of(browser, here) as page:
        page.goto("/studio/writer")
        strip = page.locator("#connection")
        here.notifications.process.kill()
        expect(strip).to_contain_text("No connection")
        # What nobody tells of is looked at all the same.
        ask(page, "written while nobody tells of it")
        result(page, "written while nobody tells of it")
        here.notifications.process.start()
        expect(strip).to_be_hidden()
        ask(page, "Count slowly, heard again")
        expect(page.locator(".job", has_text="Count slowly, heard again").locator(".live")).to_contain_text("two")
        result(page, "Count slowly, heard again")


@pytest.mark.needs("chromium")
def test_redis_goes_and_comes(browser: Browser, here: Town) -> None:
    with page_of(browser, here) as page:
        page.goto("/studio/writer")
        page.get_by_label("What shall it be about?").fill(TYPED)
        here.redis.shut()
        page.context.clear_cookies(name="octavo_access")
        page.get_by_role("button", name="Write the text").click()
        expect(page.locator("#problem .notice.bad")).to_be_visible()
        expect(page.get_by_label("What shall it be about?")).to_have_value(TYPED)
        # A page that cannot be shown without it looks again by itself.
        other = page.context.new_page()
        other.goto("/studio")
        expect(other.get_by_role("heading", name="Something does not answer just now")).to_be_visible()
        here.redis.open()
        expect(other.get_by_role("heading", name="What shall it be?")).to_be_visible()
        page.get_by_role("button", name="Write the text").click()
        result(page, TYPED)


@pytest.mark.needs("chromium")
def test_accounts_go_and_come(browser: Browser, here: Town) -> None:
    with page_of(browser, here) as page:
        page.context.clear_cookies()
        page.goto("/login?next=/studio/writer")
        who = page.get_by_label("E-mail, phone or name")
        here.auth.process.kill()
        who.fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("[data-away]")).to_contain_text("auth does not answer just now")
        expect(who).to_have_value(EMAIL)
        here.auth.process.start()
        expect(page.locator("[data-away]")).to_have_count(0)
        expect(who).to_have_value(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/studio/writer")


@pytest.mark.needs("chromium")
def test_the_pages_themselves_go_and_come(browser: Browser, here: Town) -> None:
    with page_of(browser, here) as page:
        page.goto("/studio/writer")
        page.get_by_label("What shall it be about?").fill(TYPED + " again")
        here.web.process.kill()
        page.get_by_role("button", name="Write the text").click()
        expect(page.locator("#toasts")).to_contain_text("It did not go through")
        expect(page.get_by_label("What shall it be about?")).to_have_value(TYPED + " again")
        here.web.process.start()
        here.web.until_ready()
        page.get_by_role("button", name="Write the text").click()
        result(page, TYPED + " again")
        page.reload()
        expect(page.get_by_label("What shall it be about?")).to_have_value(TYPED + " again")
