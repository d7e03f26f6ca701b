"""What an admin does in real Chromium: the seeds' use cases AC1 (monitor services), AC2 (manage users) and AC3 (view logs)."""

from __future__ import annotations

import re
import uuid

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.integration.web.conftest import ROOT, Studio, visiting
from tests.integration.web.test_browser import DESKTOP, LOOKS, PHONE, WORDS, Look, faults, keep, window
from tests.integration.web.test_pages import submitted
from tests.servers.people import PASSWORD, register

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("chromium")]

SAID = {
    "en": {
        "admin": "Administration",
        "generators": "Generators",
        "people": "People",
        "logs": "Logs",
        "cancel": "Cancel",
        "suspend": "Suspend",
        "admit": "Let in again",
        "delete": "Delete the account",
        "forever": "Delete it for ever",
        "type": "Type it here",
        "wrong": "is not the same",
        "search": "Search",
        "person": "Name, address or number",
        "correlation": "Correlation id",
        "follow": "Follow live",
        "pause": "Pause",
        "following": "Following.",
        "paused": "Paused.",
        "nobody": "Nobody is like that.",
    },
    "es": {
        "admin": "Administración",
        "generators": "Generadores",
        "people": "Personas",
        "logs": "Registros",
        "cancel": "Cancelar",
        "suspend": "Suspender",
        "admit": "Admitir de nuevo",
        "delete": "Borrar la cuenta",
        "forever": "Borrarla para siempre",
        "type": "Escríbelo aquí",
        "wrong": "no es lo mismo",
        "search": "Buscar",
        "person": "Nombre, dirección o número",
        "correlation": "Id de correlación",
        "follow": "Seguir en directo",
        "pause": "Pausar",
        "following": "En directo.",
        "paused": "En pausa.",
        "nobody": "No hay nadie así.",
    },
}

HIDE = """(hidden) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event('visibilitychange'));
}"""
"""As when another tab is chosen, which a browser without a window does not tell."""


def admin_page(context: BrowserContext, look: Look) -> Page:
    """Logged in, and through the menu to the administration."""
    words, page = WORDS[look.language], context.new_page()
    page.goto("/login")
    page.get_by_label(words["who"]).fill(ROOT)
    page.get_by_label(words["password"]).fill(PASSWORD)
    page.get_by_role("button", name=words["login"]).click()
    page.wait_for_url("**/studio")
    page.locator("details.menu summary").click()
    page.get_by_role("link", name=SAID[look.language]["admin"]).click()
    page.wait_for_url("**/admin")
    return page


def tab(page: Page, look: Look, name: str) -> None:
    page.get_by_role("navigation", name=SAID[look.language]["admin"]).get_by_role("link", name=SAID[look.language][name]).click()


def refused(studio: Studio, mark: str) -> None:
    """A request that is written down."""
    answer = httpx.get(f"{studio.base}/api/auth/me", headers={"x-correlation-id": mark}, timeout=60, trust_env=False)
    assert answer.status_code == 401


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_ac1_monitor_services(browser: Browser, studio: Studio, visitor: httpx.Client, look: Look) -> None:
    words = SAID[look.language]
    with window(browser, studio, look) as context:
        page = admin_page(context, look)
        services = page.locator("#services > li")
        expect(services.filter(has=page.get_by_text("auth", exact=True)).locator(".tag").first).to_be_visible()
        keep(page, look, "admin")

        tab(page, look, "generators")
        page.get_by_role("link", name="writer", exact=True).click()
        page.wait_for_url("**/admin/generators/writer")
        expect(page.locator("svg[role=img]").first).to_be_visible()
        # What begins meanwhile comes by itself.
        path = submitted(visitor, "writer", prompt="Watched while it never ends")
        job = path.rpartition("/")[2]
        row = page.locator(f'a[href*="{job}"]')
        expect(row).to_be_visible()
        details = page.locator("#g-queue-rows")
        details.locator("summary").click()
        expect(details.locator("tbody tr")).to_have_count(12)
        keep(page, look, "admin-generator")

        row.click()
        page.wait_for_url(re.compile(rf"/admin/jobs/{job}"))
        page.get_by_role("button", name=words["cancel"]).click()
        expect(page.locator("[data-state=cancelled]")).to_be_visible()
        keep(page, look, "admin-job")


def test_an_open_page_keeps_what_is_open_and_is_not_loaded_anew(browser: Browser, studio: Studio, visitor: httpx.Client) -> None:
    with window(browser, studio, DESKTOP) as context:
        page = admin_page(context, DESKTOP)
        page.goto("/admin/generators/writer")
        page.evaluate("window.stays = true")
        details = page.locator("#g-queue-rows")
        details.locator("summary").click()
        path = submitted(visitor, "writer", prompt="Seen while it never ends")
        expect(page.locator(f'a[href*="{path.rpartition("/")[2]}"]')).to_be_visible()
        assert page.evaluate("window.stays") is True
        assert details.evaluate("(one) => one.open") is True
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        visitor.post(f"{path}/cancel")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_ac2_manage_users(browser: Browser, studio: Studio, look: Look) -> None:
    words, email = SAID[look.language], f"{uuid.uuid4().hex[:12]}@example.org"
    login = {"username": email, "password": PASSWORD}
    with visiting(studio) as theirs, window(browser, studio, look) as context:
        register(theirs, "Noa", email)
        page = admin_page(context, look)
        tab(page, look, "people")
        keep(page, look, "admin-users")
        page.get_by_label(words["person"]).fill(email)
        page.get_by_role("button", name=words["search"]).click()
        page.locator("#people").get_by_role("link", name="Noa").click()
        page.get_by_role("button", name=words["suspend"]).click()
        expect(page.get_by_role("button", name=words["admit"])).to_be_visible()
        assert theirs.post("/login", data=login).status_code == 403
        keep(page, look, "admin-user")
        page.get_by_role("button", name=words["admit"]).click()
        expect(page.get_by_role("button", name=words["suspend"])).to_be_visible()
        assert theirs.post("/login", data=login).status_code == 303

        page.get_by_role("link", name=words["delete"]).click()
        page.get_by_label(words["type"]).fill("nobody@example.org")
        page.get_by_role("button", name=words["forever"]).click()
        expect(page.get_by_text(re.compile(words["wrong"], re.IGNORECASE))).to_be_visible()
        keep(page, look, "admin-delete")
        page.get_by_label(words["type"]).fill(email)
        page.get_by_role("button", name=words["forever"]).click()
        page.wait_for_url(re.compile(r"/admin/users\?said=deleted$"))
        assert theirs.post("/login", data=login).status_code in (401, 403)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_ac3_view_logs(browser: Browser, studio: Studio, look: Look) -> None:
    words, mark = SAID[look.language], f"ac3-{uuid.uuid4().hex[:8]}"
    with window(browser, studio, look) as context:
        page = admin_page(context, look)
        tab(page, look, "logs")
        keep(page, look, "admin-logs")
        page.get_by_label(words["correlation"]).fill(mark)
        # As they are written: what was typed holds, and nothing has to be loaded anew.
        page.get_by_role("button", name=words["follow"]).click()
        expect(page.locator("[data-says]")).to_contain_text(words["following"])
        refused(studio, mark)
        lines = page.locator("[data-lines] > li")
        expect(lines.first).to_contain_text(mark)
        keep(page, look, "admin-tail")
        page.get_by_role("button", name=words["pause"]).click()
        expect(page.locator("[data-says]")).to_contain_text(words["paused"])
        expect(page.get_by_role("button", name=words["follow"])).to_be_visible()

        page.get_by_role("button", name=words["search"]).click()
        page.wait_for_url(re.compile(rf"correlation_id={mark}"))
        expect(page.locator("#lines > li").first).to_contain_text("auth")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_every_page_of_the_administration_can_be_used_by_everybody(browser: Browser, studio: Studio, look: Look) -> None:
    found = []
    with window(browser, studio, look) as context:
        page = admin_page(context, look)
        for path in (
            "/admin",
            "/admin/generators",
            "/admin/generators/writer",
            "/admin/jobs",
            "/admin/jobs?state=asleep",
            "/admin/users",
            "/admin/users?q=nobody-at-all",
            "/admin/logs",
            "/admin/audit",
        ):
            page.goto(path)
            for more in page.locator("details.more summary").all():
                more.click()
            found += faults(page)
            keep(page, look, path.strip("/").replace("/", "-").replace("?", "-").replace("=", "-"))
        page.goto("/admin/users?q=mar@")
        page.locator("#people a").first.click()
        page.wait_for_url("**/admin/users/*")
        found += faults(page)
        page.get_by_role("link", name=SAID[look.language]["delete"]).click()
        page.wait_for_url("**/delete")
        found += faults(page)
    assert found == []


def test_a_page_of_the_administration_mends_itself(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, PHONE) as context:
        page = admin_page(context, PHONE)
        page.evaluate("window.stays = true")
        assert studio.platform.kill("api") == 1
        expect(page.locator("#connection")).to_be_visible()
        expect(page.locator("#connection")).to_be_hidden(timeout=60_000)
        expect(page.locator("#services > li").first).to_be_visible()
        assert page.evaluate("window.stays") is True


def test_nobody_is_asked_while_nobody_looks(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        page = admin_page(context, DESKTOP)
        page.clock.install()
        page.goto("/admin/audit")
        with page.expect_request(lambda request: request.headers.get("hx-request") == "true"):
            page.clock.fast_forward(30_000)
        page.evaluate(HIDE, True)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if request.headers.get("hx-request") == "true" else None)
        for _ in range(3):
            page.clock.fast_forward(60_000)
        with page.expect_request(lambda request: request.headers.get("hx-request") == "true"):
            page.evaluate(HIDE, False)
        assert [url.partition("/admin")[2] for url in asked] == ["/audit"]


def test_live_lines_stop_while_nobody_looks(browser: Browser, studio: Studio) -> None:
    mark = f"seen-{uuid.uuid4().hex[:8]}"
    with window(browser, studio, DESKTOP) as context:
        page = admin_page(context, DESKTOP)
        page.goto("/admin/logs")
        page.get_by_role("button", name="Follow live").click()
        expect(page.locator("[data-says]")).to_contain_text("Following.")
        page.evaluate(HIDE, True)
        expect(page.locator("[data-says]")).to_contain_text("Stopped while nobody looked")
        page.evaluate(HIDE, False)
        expect(page.locator("[data-says]")).to_contain_text("Following.")
        refused(studio, mark)
        line = page.locator("[data-lines] > li", has_text=mark).filter(has_text="a request was refused")
        expect(line).to_have_count(1)
        expect(page.locator("[data-lines] .line-text").first).to_be_visible()
