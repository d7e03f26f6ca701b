"""The pages in real Chromium, at a phone's and a desktop's size, in both languages. With OCTAVO_SCREENSHOTS, a folder, what they look like
is kept there."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect
from tests.integration.web.conftest import EMAIL, NASTY, SLOW, Studio
from tests.integration.web.pages_apart import PagesApart
from tests.servers.people import PASSWORD, register
from tests.servers.starting import wait_until

ROOT = Path(__file__).parents[3]
AXE = ROOT / "services/web/assets/node_modules/axe-core/axe.min.js"
PICTURES = os.environ.get("OCTAVO_SCREENSHOTS")
WAIT_MS = 30_000

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("chromium")]


@dataclass(frozen=True)
class Look:
    name: str
    width: int
    height: int
    language: str
    theme: str

    @property
    def options(self) -> dict[str, Any]:
        return {
            "viewport": {"width": self.width, "height": self.height},
            "locale": self.language,
            "color_scheme": self.theme,
            "reduced_motion": "reduce",
            "has_touch": self.width < 500,
            "is_mobile": self.width < 500,
        }


PHONE = Look("phone-es-dark", 390, 844, "es", "dark")
DESKTOP = Look("desktop-en-light", 1280, 800, "en", "light")
OTHERS = [Look("phone-en-light", 390, 844, "en", "light"), Look("desktop-es-dark", 1280, 800, "es", "dark")]
LOOKS = [PHONE, DESKTOP, *(OTHERS if PICTURES else ())]
"""Where pictures are taken, each page is also seen the other way round."""
WORDS = {
    "en": {
        "register": "Register",
        "name": "Your name",
        "email": "E-mail address",
        "password": "Password",
        "send": "Send me the code",
        "code": "Code",
        "confirm": "Confirm",
        "who": "E-mail, phone or name",
        "login": "Log in",
        "about": "What shall it be about?",
        "children": "Children",
        "write": "Write the story",
        "out": "Log out",
        "bye": "You are logged out.",
        "wait": "Please wait a moment",
        "cancel": "Cancel",
        "cancelled": "Cancelled",
        "forgot": "Forgotten your password?",
        "new password": "New password",
        "set": "Set it",
    },
    "es": {
        "register": "Registrarse",
        "name": "Tu nombre",
        "email": "Correo electrónico",
        "password": "Contraseña",
        "send": "Enviarme el código",
        "code": "Código",
        "confirm": "Confirmar",
        "who": "Correo, teléfono o nombre",
        "login": "Iniciar sesión",
        "about": "¿De qué debe tratar?",
        "children": "Niños",
        "write": "Escribir la historia",
        "out": "Cerrar sesión",
        "bye": "Has cerrado la sesión.",
        "wait": "Espera un momento, por favor",
        "cancel": "Cancelar",
        "cancelled": "Cancelado",
        "forgot": "¿Has olvidado la contraseña?",
        "new password": "Contraseña nueva",
        "set": "Guardarla",
    },
}


@contextmanager
def window(browser: Browser, studio: Studio | PagesApart, look: Look) -> Iterator[BrowserContext]:
    """A browser of one person. Anything that a page reports as an error, a refusal of its policy too, is one of the test."""
    wrong: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # A 4xx or 5xx that a test asks for is no fault of the page's, nor that nobody answers whom the test has killed.
        expected = ("Failed to load resource", "WebSocket connection", "htmx:sendError", "htmx:afterRequest")
        if message.type == "error" and not any(words in message.text for words in expected):
            wrong.append(message.text)

    def watch(page: Page) -> None:
        page.on("console", hear)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))

    with browser.new_context(base_url=studio.base, **look.options) as context:
        context.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        context.on("page", watch)
        yield context
    assert wrong == []


def log_in(context: BrowserContext, look: Look, email: str = EMAIL) -> Page:
    words, page = WORDS[look.language], context.new_page()
    page.goto("/login")
    page.get_by_label(words["who"]).fill(email)
    page.get_by_label(words["password"]).fill(PASSWORD)
    page.get_by_role("button", name=words["login"]).click()
    page.wait_for_url("**/studio")
    return page


def keep(page: Page, look: Look, name: str) -> None:
    if PICTURES is not None:
        page.screenshot(path=Path(PICTURES) / f"{name}-{look.name}.png", full_page=True)


def faults(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA, and a page that is wider than its window."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        ".then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ') + ' ' + n.failureSummary).join(' | ')))"
    )
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("it scrolls sideways")
    return [f"{page.url}: {one}" for one in found]


def code_of(context: BrowserContext, email: str, pattern: str, look: Look) -> str:
    """From the newest message that was caught, as a person on a laptop reads it."""
    mails = context.new_page()
    mails.goto("/outbox")
    message = mails.locator("article", has_text=email).filter(has_text=re.compile(pattern))
    while message.count() == 0:
        mails.wait_for_timeout(100)
        mails.reload()
    code = re.search(pattern, message.first.inner_text())
    assert code is not None
    keep(mails, look, "outbox")
    mails.close()
    return code[0]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_uc10_register_uc9_login_and_a_story_in_two_windows(browser: Browser, studio: Studio, look: Look) -> None:
    words, email = WORDS[look.language], f"{uuid.uuid4().hex[:12]}@example.org"
    with window(browser, studio, look) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_role("navigation").get_by_role("link", name=words["register"]).click()
        page.get_by_label(words["name"]).fill("Luna")
        page.get_by_label(words["email"]).fill(email)
        page.get_by_label(words["password"]).fill(PASSWORD)
        page.get_by_role("button", name=words["send"]).click()
        page.wait_for_url("**/verify*")

        page.get_by_label(words["code"]).fill(code_of(context, email, r"\b[0-9]{6}\b", look))
        page.get_by_role("button", name=words["confirm"]).click()
        page.wait_for_url("**/login*")
        page.get_by_label(words["who"]).fill(email)
        page.get_by_label(words["password"]).fill(PASSWORD)
        page.get_by_role("button", name=words["login"]).click()
        page.wait_for_url("**/studio")

        page.get_by_role("link", name="tiny-stories").click()
        other = context.new_page()
        other.goto("/studio/tiny-stories")
        page.get_by_label(words["about"]).fill("Luna found a lost kite by the river")
        page.get_by_role("radio", name=words["children"]).check()
        page.get_by_role("button", name=words["write"]).click()
        for tab in (page, other):
            card = tab.locator(".job", has_text="Luna found a lost kite")
            expect(card.locator(".result")).to_have_text(re.compile(r"\w+"), timeout=WAIT_MS)
            expect(card).to_have_count(1)
        keep(page, look, "story")

        page.locator("details.menu summary").click()
        page.get_by_role("button", name=words["out"]).click()
        expect(page.get_by_text(words["bye"])).to_be_visible()
        other.reload()
        other.wait_for_url(re.compile("/login\\?next=/studio/tiny-stories$"))
        # A page that asked for a person before is not shown from a cache.
        page.go_back()
        expect(page.get_by_label(words["password"])).to_be_visible()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_uc11_recover_password(browser: Browser, studio: Studio, look: Look) -> None:
    words, email = WORDS[look.language], f"{uuid.uuid4().hex[:12]}@example.org"
    with httpx.Client(base_url=studio.base, timeout=60, trust_env=False) as client:
        register(client, "Forgetful", email)
    with window(browser, studio, look) as context:
        page = context.new_page()
        page.goto("/login")
        page.get_by_role("link", name=words["forgot"]).click()
        page.get_by_label(words["who"]).fill(email)
        page.get_by_role("button", name=words["send"]).click()
        page.wait_for_url("**/recover/password*")
        page.get_by_label(words["code"]).fill(code_of(context, email, r"\b[A-Z0-9]{5}-[A-Z0-9]{5}\b", look))
        page.get_by_label(words["new password"]).fill("another kite 99")
        page.get_by_role("button", name=words["set"]).click()
        page.wait_for_url("**/login*")
        for password, way in ((PASSWORD, "**/login*"), ("another kite 99", "**/studio")):
            page.get_by_label(words["who"]).fill(email)
            page.get_by_label(words["password"]).fill(password)
            page.get_by_role("button", name=words["login"]).click()
            page.wait_for_url(way)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_every_page_can_be_used_by_everybody(browser: Browser, studio: Studio, look: Look) -> None:
    found = []
    with window(browser, studio, look) as context:
        page = context.new_page()
        for path in ("/", "/login", "/register", "/verify?id=x&to=a@example.org", "/recover", "/recover/password", "/feed", "/outbox"):
            page.goto(path)
            found += faults(page)
            keep(page, look, path.partition("?")[0].strip("/").replace("/", "-") or "home")
        page.goto("/login")
        page.get_by_label(WORDS[look.language]["who"]).fill("nobody")
        page.get_by_label(WORDS[look.language]["password"]).fill("wrong password")
        page.keyboard.press("Enter")
        page.wait_for_selector(".notice.bad")
        found += faults(page)
        keep(page, look, "login-wrong")
        page.close()

        page = log_in(context, look)
        for path in (
            "/studio",
            "/studio/tiny-stories",
            "/studio/writer",
            "/studio/drawings",
            "/studio/looks",
            "/studio/queue",
            "/studio/nobody",
        ):
            page.goto(path)
            for more in page.locator("details.more summary").all():
                more.click()
            found += faults(page)
            keep(page, look, path.strip("/").replace("/", "-"))
    assert found == []


def test_uc6_generate_image_uc7_describe_image(browser: Browser, studio: Studio, tmp_path: Path) -> None:
    with window(browser, studio, DESKTOP) as context:
        page = log_in(context, DESKTOP)
        page.goto("/studio/drawings")
        page.get_by_label("What shall it be about?").fill("A red lighthouse at night, with stars")
        page.get_by_role("button", name="Draw it").click()
        picture = page.locator(".job .gallery img").first
        expect(picture).to_be_visible()
        page.wait_for_function("(i) => i.complete && i.naturalWidth > 0", arg=picture.element_handle())
        keep(page, DESKTOP, "picture")
        file = tmp_path / "lighthouse.png"
        source = picture.get_attribute("src")
        assert source is not None
        file.write_bytes(context.request.get(source).body())

        page.goto("/studio/looks")
        page.get_by_label("Picture", exact=True).set_input_files(file)
        expect(page.locator(".preview")).to_be_visible()
        page.get_by_role("button", name="Look at it").click()
        expect(page.locator(".job .result").first).to_have_text(re.compile(r"\w+"))
        keep(page, DESKTOP, "description")

        page.goto("/studio/drawings")
        page.get_by_role("link", name="Use these settings").first.click()
        expect(page.get_by_label("What shall it be about?")).to_have_value("A red lighthouse at night, with stars")
        expect(page.get_by_label("Seed", exact=True)).not_to_have_value("")


def test_a_phone_takes_a_photograph(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, PHONE) as context:
        page = log_in(context, PHONE)
        page.goto("/studio/looks")
        field = page.locator("input[type=file]")
        asked: list[str | None] = []
        page.expose_function("asked", lambda how: asked.append(how))
        field.evaluate("(e) => e.addEventListener('click', () => window.asked(e.getAttribute('capture')))")
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Hacer una foto").click()
        assert not chooser.value.is_multiple()
        wait_until(lambda: asked == ["environment"], what="the camera was not asked for")
        # The next time one may choose a file.
        assert field.get_attribute("capture") is None


def test_waiting_cancelling_and_what_is_wrong(browser: Browser, studio: Studio) -> None:
    words = WORDS["es"]
    with window(browser, studio, PHONE) as context:
        page = log_in(context, PHONE)
        page.goto("/studio/writer")
        page.get_by_label(words["about"]).fill("Algo que never ends")
        page.get_by_role("button", name="Escribir el texto").click()
        card = page.locator(".job", has_text="Algo que never ends")
        expect(card.get_by_text(words["wait"])).to_be_visible()
        keep(page, PHONE, "waiting")
        card.get_by_role("button", name=words["cancel"]).click()
        expect(card.locator("footer + *, .quiet", has_text=words["cancelled"]).first).to_be_visible()

        # What is refused is said where one is, and what was typed stays.
        page.get_by_label(words["about"]).fill("x" * 8_100)
        page.get_by_role("button", name="Escribir el texto").click()
        expect(page.locator("#problem .notice.bad")).to_be_visible()
        expect(page.get_by_label(words["about"])).to_have_value("x" * 8_100)
        page.reload()
        expect(page.get_by_label(words["about"])).to_have_value("x" * 8_100)


def test_words_come_while_they_are_written_in_every_window(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        page, other = log_in(context, DESKTOP), context.new_page()
        for tab in (page, other):
            tab.goto("/studio/writer")
        page.get_by_label("What shall it be about?").fill("Count slowly")
        page.get_by_role("button", name="Write the text").click()
        for tab in (page, other):
            card = tab.locator(".job", has_text="Count slowly")
            expect(card.locator(".live")).to_contain_text("four")
            expect(card.locator(".result")).to_have_count(0)
        for tab in (page, other):
            expect(tab.locator(".job", has_text="Count slowly").locator(".result")).to_have_text(SLOW)
            expect(tab.locator(".job", has_text="Count slowly")).to_have_count(1)


def test_what_was_begun_before_a_window_hears_is_in_it(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        page, other = log_in(context, DESKTOP), context.new_page()
        held: list[Route] = []
        other.route("**/api/web/session", lambda route: held.append(route))
        other.goto("/studio/writer")
        page.goto("/studio/writer")
        page.get_by_label("What shall it be about?").fill("Begun elsewhere")
        page.get_by_role("button", name="Write the text").click()
        expect(page.locator(".job", has_text="Begun elsewhere").locator(".result")).to_have_text(re.compile(r"\w+"))
        assert other.locator(".job", has_text="Begun elsewhere").count() == 0
        for route in held:
            route.continue_()
        expect(other.locator(".job", has_text="Begun elsewhere").locator(".result")).to_have_text(re.compile(r"\w+"))


def test_another_issuer_s_login_leads_back(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        page = context.new_page()
        page.goto("/studio/drawings")
        page.get_by_role("link", name="Log in with Campus").click()
        page.wait_for_url("**/studio/drawings")
        expect(page.locator("details.menu summary")).to_have_text("Ana Issuer")


def test_what_a_generator_writes_runs_nowhere(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        page = log_in(context, DESKTOP)
        page.goto("/studio/writer")
        page.get_by_label("What shall it be about?").fill("nasty <img src=x onerror=alert(4)>")
        page.get_by_role("button", name="Write the text").click()
        expect(page.locator(".job", has_text="nasty").locator(".result")).to_have_text(NASTY)
        assert page.locator(".job img, .job script, .job svg[onload]").count() == 0


def test_a_page_mends_itself_when_the_platform_is_back(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        page = log_in(context, DESKTOP)
        page.goto("/studio/tiny-stories")
        page.get_by_label("What shall it be about?").fill("A kite after the storm")
        assert studio.platform.kill("api") == 1
        expect(page.locator("#connection")).to_be_visible()
        expect(page.locator("#connection")).to_be_hidden(timeout=60_000)
        page.get_by_role("button", name="Write the story").click()
        expect(page.locator(".job", has_text="A kite after the storm").locator(".result")).to_have_text(re.compile(r"\w+"))
