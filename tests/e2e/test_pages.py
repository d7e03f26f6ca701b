"""The use cases of the seeds in a real cluster, in real Chromium, through the paths of its Ingresses: a smoke of each, by its name. That
each of them works in all its parts is tested on a laptop's platform (tests/integration/web)."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.e2e.admin import ADMIN, admin_account
from tests.e2e.house import SYSTEM, Generator, example, install
from tests.e2e.ways import Ways
from tests.servers.cluster import Cluster
from tests.servers.front_door import front_door
from tests.servers.people import PASSWORD, code_for, register

pytestmark = [pytest.mark.needs("cluster", "images", "chromium"), pytest.mark.timeout(600)]

RUN = secrets.token_hex(4)
LUNA, NEW = (f"{name}.{RUN}@example.org" for name in ("luna-pages", "new-pages"))
GENERATORS = ("tiny-stories", "grok-text", "grok-image", "grok-description")
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
WAIT_MS = 90_000
PHONE = {"width": 390, "height": 844}


@dataclass(frozen=True)
class Host:
    base: str
    """Where the cluster's one host is on this machine."""
    client: httpx.Client
    generators: dict[str, Generator]

    def ready(self, name: str) -> str:
        self.generators[name].wait_ready(240)
        return name


@pytest.fixture(scope="module")
def host(octavo: Cluster) -> Iterator[Host]:
    """The platform, upgraded so that it knows generators of all kinds, and people: Luna, and Ada, who looks after it."""
    with contextlib.ExitStack() as stack:
        namespace = stack.enter_context(octavo.namespace("pages", {"pod-security.kubernetes.io/enforce": "restricted"}))
        generators = {name: Generator(octavo, namespace, name) for name in GENERATORS}
        for name, generator in generators.items():
            generator.apply({**example(name), "auth": {"mode": "jwt", "audience": "octavo"}})
        values: dict[str, Any] = {
            "generators": [{"namespace": namespace, "name": name} for name in GENERATORS],
            "redis.shareWith": [namespace],
            "ingress": {"enabled": True, "host": "ai.example.org"},
            "auth.adminEmail": ADMIN,
            "web.routerGenerators": {"Gpt2_Text_Generator": "tiny-stories"},
        }
        chosen = [part for path, value in values.items() for part in ("--set-json", f"{path}={json.dumps(value)}")]
        install(octavo, "octavo-platform", *chosen)
        ways = Ways(octavo, (SYSTEM, namespace), stack)
        base = stack.enter_context(front_door(lambda path: f"http://127.0.0.1:{ways.port(path)}"))
        client = stack.enter_context(httpx.Client(base_url=base, timeout=60, trust_env=False))
        admin_account(client)
        register(client, f"Luna {RUN}", LUNA)
        yield Host(base, client, generators)
        octavo.kubectl("-n", namespace, "delete", "gen", "--all", "--wait", "--timeout=90s", timeout_s=120)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield started
        started.close()


@contextlib.contextmanager
def window(browser: Browser, host: Host) -> Iterator[BrowserContext]:
    with browser.new_context(base_url=host.base, locale="en", viewport=PHONE, reduced_motion="reduce") as context:
        context.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        yield context


def log_in(context: BrowserContext, email: str, password: str = PASSWORD) -> Page:
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("E-mail, phone or name").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/studio")
    return page


@pytest.fixture(scope="module")
def lunas(browser: Browser, host: Host) -> Iterator[BrowserContext]:
    """Luna's phone: she logs in once."""
    with window(browser, host) as context:
        log_in(context, LUNA).close()
        yield context


@pytest.fixture
def luna(lunas: BrowserContext) -> Iterator[Page]:
    page = lunas.new_page()
    yield page
    page.close()


def asked(page: Page, path: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
    """As a script of a page asks, with the session's cookie, through the gateway."""
    page.goto("/feed")
    status, text = page.evaluate(
        """async ([path, method, body]) => {
          const headers = ['PATCH', 'DELETE'].includes(method) ? { 'if-match': '*' } : {};
          if (body !== null) headers['content-type'] = 'application/json';
          const sent = body === null ? undefined : JSON.stringify(body);
          const answer = await fetch('/api/web/gateway' + path, { method, headers, body: sent });
          return [answer.status, await answer.text()];
        }""",
        [path, method, body],
    )
    return status, json.loads(text) if text else None


@pytest.fixture(scope="module")
def character(lunas: BrowserContext) -> str:
    page = lunas.new_page()
    status, made = asked(page, "/api/characters", "POST", {"name": f"Mar {RUN}", "description": "a sailor"})
    page.close()
    assert status == 201, made
    return str(made["id"])


def test_uc01_create_character(character: str) -> None:
    assert character


def test_uc02_read_character(luna: Page, character: str) -> None:
    status, found = asked(luna, f"/api/characters/{character}")
    assert (status, found["name"]) == (200, f"Mar {RUN}")


def test_uc03_update_character(luna: Page, character: str) -> None:
    status, changed = asked(luna, f"/api/characters/{character}", "PATCH", {"description": "a captain"})
    assert (status, changed["description"]) == (200, "a captain")


def test_uc04_delete_character(luna: Page, character: str) -> None:
    assert asked(luna, f"/api/characters/{character}", "DELETE")[0] in (200, 204)
    assert asked(luna, f"/api/characters/{character}")[0] == 404


def generated(page: Page, generator: str, label: str, text: str, button: str) -> None:
    page.goto(f"/studio/{generator}")
    page.get_by_label(label).fill(text)
    page.get_by_role("button", name=button).click()


def test_uc05_generate_story(luna: Page, host: Host) -> None:
    generated(luna, host.ready("tiny-stories"), "What shall it be about?", f"Luna found a kite {RUN}", "Write the story")
    card = luna.locator(".job", has_text=f"Luna found a kite {RUN}")
    expect(card.locator(".result")).to_have_text(re.compile(r"\w+"))
    # Told by Socket.IO, without a reload: the page is the one that asked.
    expect(luna.locator("#connection")).to_be_hidden()


def test_uc06_generate_image(luna: Page, host: Host) -> None:
    generated(luna, host.ready("grok-image"), "What shall it be about?", f"A lighthouse {RUN}", "Draw it")
    picture = luna.locator(".job", has_text=f"A lighthouse {RUN}").locator(".gallery img").first
    expect(picture).to_be_visible()
    luna.wait_for_function("(i) => i.complete && i.naturalWidth > 0", arg=picture.element_handle())


def test_uc07_describe_image(luna: Page, host: Host, tmp_path: Path) -> None:
    luna.goto(f"/studio/{host.ready('grok-image')}")
    source = luna.locator(".job .gallery img").first.get_attribute("src")
    assert source is not None
    file = tmp_path / "lighthouse.png"
    file.write_bytes(luna.request.get(source).body())
    luna.goto(f"/studio/{host.ready('grok-description')}")
    luna.get_by_label("Picture", exact=True).set_input_files(file)
    luna.get_by_role("button", name="Look at it").click()
    expect(luna.locator(".job .result").first).to_have_text(re.compile(r"\w+"))


def test_uc08_translate_text(luna: Page, host: Host) -> None:
    """By a generator of texts: the seeds' translator is one of those."""
    text = f"Translate into Spanish: The kite {RUN}"
    generated(luna, host.ready("grok-text"), "What shall it be about?", text, "Write the text")
    expect(luna.locator(".job", has_text=text).locator(".result")).to_have_text(re.compile(r"\w+"))


def test_uc09_login(browser: Browser, host: Host) -> None:
    with window(browser, host) as context:
        page = context.new_page()
        page.goto("/studio/queue")
        page.wait_for_url("**/login?next=/studio/queue")
        page.get_by_label("E-mail, phone or name").fill(LUNA)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/studio/queue")


def test_uc10_register(browser: Browser, host: Host) -> None:
    with window(browser, host) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_role("navigation").get_by_role("link", name="Register").click()
        page.get_by_label("Your name").fill(f"New {RUN}")
        page.get_by_label("E-mail address").fill(NEW)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Send me the code").click()
        page.wait_for_url("**/verify*")
        page.get_by_label("Code").fill(code_for(host.client, NEW))
        page.get_by_role("button", name="Confirm").click()
        page.wait_for_url("**/login*")
        expect(page.get_by_text("Your account is there.")).to_be_visible()


def test_uc11_recover_password(browser: Browser, host: Host) -> None:
    with window(browser, host) as context:
        page = context.new_page()
        page.goto("/recover")
        page.get_by_label("E-mail, phone or name").fill(NEW)
        page.get_by_role("button", name="Send me the code").click()
        page.wait_for_url("**/recover/password*")
        page.get_by_label("Code").fill(code_for(host.client, NEW, pattern=r"password: ([A-Z0-9-]{11})"))
        page.get_by_label("New password").fill("another kite 99")
        page.get_by_role("button", name="Set it").click()
        page.wait_for_url("**/login*")
        log_in(context, NEW, "another kite 99")


def test_uc12_view_profile(luna: Page) -> None:
    luna.goto("/studio")
    expect(luna.locator("details.menu summary")).to_have_text(f"Luna {RUN}")


def test_uc13_update_profile(host: Host, browser: Browser) -> None:
    """By auth's own path of the Ingress; the pages have the new name after the next login."""
    token = host.client.post("/api/auth/login", json={"username": NEW, "password": "another kite 99"}).json()["access_token"]
    named = host.client.patch("/api/auth/me", json={"name": f"Newer {RUN}"}, headers={"authorization": f"Bearer {token}"})
    assert named.status_code == 200, named.text
    with window(browser, host) as context:
        page = log_in(context, NEW, "another kite 99")
        expect(page.locator("details.menu summary")).to_have_text(f"Newer {RUN}")


@pytest.fixture(scope="module")
def adas(browser: Browser, host: Host) -> Iterator[BrowserContext]:
    with window(browser, host) as context:
        log_in(context, ADMIN).close()
        yield context


def as_admin(host: Host) -> dict[str, str]:
    return admin_account(host.client).headers


def test_ac1_monitor_service(adas: BrowserContext, luna: Page, host: Host) -> None:
    page = adas.new_page()
    answer = page.goto("/admin")
    assert answer is not None
    assert answer.status == 200
    refused = luna.goto("/admin")
    assert refused is not None
    assert refused.status == 403
    services = host.client.get("/api/admin/services", headers=as_admin(host)).json()["items"]
    assert {service["name"]: service["state"] for service in services}["web"] == "healthy"


def test_ac2_manage_users(host: Host) -> None:
    found = host.client.get("/api/auth/users", params={"q": LUNA}, headers=as_admin(host))
    assert found.status_code == 200, found.text
    assert f"Luna {RUN}" in found.text


def test_ac3_view_logs(host: Host) -> None:
    found = host.client.get("/api/admin/logs", params={"service": "web"}, headers=as_admin(host))
    assert found.status_code == 200, found.text


def test_a_name_of_the_seeds_is_a_generator_of_the_cluster(luna: Page, host: Host) -> None:
    host.ready("tiny-stories")
    luna.goto("/feed")
    status, text = luna.evaluate(
        """async () => {
          const headers = { 'content-type': 'application/json', prefer: 'respond-async' };
          const body = JSON.stringify({ prompt: 'A kite' });
          const answer = await fetch('/api/router_generator/Gpt2_Text_Generator', { method: 'POST', headers, body });
          return [answer.status, await answer.text()];
        }"""
    )
    assert status == 202, text
    assert json.loads(text)["message"] == "Please wait a moment"


def test_what_leads_nowhere_is_a_page_that_says_so(luna: Page, host: Host) -> None:
    for path in ("/nowhere", "/api/internal/mail", "/api/web/gateway/api/internal/mail"):
        answer = luna.goto(path)
        assert answer is not None
        assert answer.status == 404, path
    assert host.client.post("/api/internal/mail", json={}).status_code in (403, 404, 405)
