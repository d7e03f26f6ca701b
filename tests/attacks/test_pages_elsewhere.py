"""A page of another place, in real Chromium, with a person who is logged in here: what it frames, sends, opens and reads."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.attacks.house import PASSWORD, House, Person, from_address
from tests.attacks.pages import SCRIPT, tokens_of

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("chromium")]

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
WAIT_MS = 30_000
PAGE = """<!doctype html><meta charset="utf-8"><title>elsewhere</title>
<iframe name="framed" src="HERE/studio" width="800" height="600"></iframe>
<form id="send" method="post" action="HERE/studio/tales"><input name="prompt" value="from elsewhere"></form>
<form id="out" method="post" action="HERE/logout"></form>
<form id="in" method="post" action="HERE/login">
<input name="username" value="EMAIL"><input name="password" value="WORD"></form>
<script src="HERE/api/web/session"></script>
<img src="HERE/api/web/session">
"""


@contextlib.contextmanager
def elsewhere(folder: Path, here: str, eve: Person) -> Iterator[str]:
    """Another site: `localhost` is none of `127.0.0.1`."""
    text = PAGE.replace("HERE", here).replace("EMAIL", eve.email).replace("WORD", PASSWORD)
    (folder / "index.html").write_text(text, encoding="utf-8")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser, house: House) -> Iterator[BrowserContext]:
    with browser.new_context(base_url=house.platform.base, locale="en") as opened:
        opened.set_default_timeout(WAIT_MS)
        yield opened


def log_in(context: BrowserContext, house: House, who: Person) -> Page:
    page = context.new_page()
    page.set_extra_http_headers(from_address("198.51.100.220"))
    page.goto("/login")
    page.get_by_label("E-mail, phone or name").fill(who.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/studio")
    page.set_extra_http_headers({})
    house.secrets |= tokens_of(context.cookies())
    return page


def test_another_place_frames_sends_and_reads_nothing(
    context: BrowserContext, house: House, eve: Person, bo: Person, tmp_path: Path
) -> None:
    here = log_in(context, house, bo)
    with elsewhere(tmp_path, house.platform.base, eve) as there:
        page = context.new_page()
        page.goto(f"{there}/index.html")
        framed = page.frame("framed")
        assert framed is not None
        # What is not allowed to be framed is replaced by Chromium's own page about it.
        framed.wait_for_load_state()
        assert framed.locator("h1", has_text="What shall it be?").count() == 0
        assert framed.url.startswith("chrome-error:") or framed.url == "about:blank"
        for form in ("send", "out", "in"):
            sender = context.new_page()
            sender.goto(f"{there}/index.html")
            with sender.expect_response(lambda answer: answer.request.method == "POST") as sent:
                sender.evaluate("(name) => document.getElementById(name).submit()", form)
            assert sent.value.status == 403, form
            sender.close()
        read = page.evaluate(
            """async (here) => {
              const ways = [{}, { credentials: 'include' }, { credentials: 'include', mode: 'no-cors' }];
              const found = [];
              for (const way of ways) {
                try { found.push(await (await fetch(here + '/api/web/session', way)).text()); } catch { found.push(''); }
              }
              return found;
            }""",
            house.platform.base,
        )
        assert read == ["", "", ""]
        assert page.evaluate("document.cookie") == ""
        script = "(here) => { const w = window.open(here + '/studio'); return w ? String(w.length) : 'null'; }"
        opened = page.evaluate(script, house.platform.base)
        assert opened in ("0", "null"), "a window that was opened here tells the opener nothing of itself"
    # Bo is still Bo, and nothing was asked for in Bo's name.
    here.reload()
    assert here.locator("details.menu summary").inner_text().startswith("bo ")
    here.goto("/studio/tales")
    assert here.get_by_text("from elsewhere").count() == 0


def test_no_script_runs_but_those_that_are_shipped(context: BrowserContext, house: House, bo: Person) -> None:
    """Were a text ever put into a page as it is, the policy would still stand before it."""
    page = log_in(context, house, bo)
    ran: list[str] = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security Policy" in message.text else None)
    page.evaluate("(text) => { document.getElementById('main').innerHTML = text; }", SCRIPT)
    page.evaluate(
        """() => {
          const inline = document.createElement('script');
          inline.textContent = 'alert(5)';
          document.body.append(inline);
          const foreign = document.createElement('script');
          foreign.src = 'https://evil.example/x.js';
          document.body.append(foreign);
          const frame = document.createElement('iframe');
          frame.src = 'data:text/html,<script>alert(6)</' + 'script>';
          document.body.append(frame);
          document.body.insertAdjacentHTML('beforeend', '<a id="go" href="javascript:alert(7)">go</a>');
          document.getElementById('go').click();
        }"""
    )
    page.wait_for_function("document.querySelector('#main img') !== null")
    deadline = time.monotonic() + WAIT_MS / 1000
    while len(refused) < 4 and time.monotonic() < deadline:
        # Lets the browser tell; there is nothing on the page to wait for.
        page.wait_for_timeout(50)
    assert ran == []
    assert len(refused) >= 4, refused
    assert page.evaluate("document.cookie") == "", "no script sees a cookie of ours"
