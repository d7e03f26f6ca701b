"""The feed in real Chromium: cards that come while one scrolls, what one presses, what is read without a network."""

from __future__ import annotations

import uuid

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.integration.web.conftest import NASTY, Studio
from tests.integration.web.test_browser import DESKTOP, LOOKS, PHONE, Look, faults, keep, window
from tests.integration.web.test_feed import handle, person, published
from tests.servers.people import PASSWORD, register

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("chromium")]

FOLLOW = {"en": "Follow", "es": "Seguir"}
LIKE = {"en": "Like", "es": "Me gusta"}
SAY = {"en": "Say it", "es": "Comentar"}
COMMENT = {"en": "Your comment", "es": "Tu comentario"}
PUBLISH = {"en": "Publish", "es": "Publicar"}
TITLE = {"en": "Title", "es": "Título"}
KEPT = "caches.open('octavo-feed-pages-v1').then((cache) => cache.match(path, {ignoreVary: true}))"


@pytest.fixture(scope="module")
def posts(studio: Studio) -> list[str]:
    """Fourteen posts of one person, the newest last; their paths."""
    with person(studio, "Marina") as marina:
        paths = [published(marina, title="Number 0", text="Text", handle=handle())]
        return paths + [published(marina, title=f"Number {n}", text=f"It was number {n}.\n\nThe end.") for n in range(1, 14)]


def enter(context: BrowserContext, studio: Studio, name: str = "Luna") -> Page:
    """A new person, logged in."""
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    with httpx.Client(base_url=studio.base, timeout=60, trust_env=False) as client:
        register(client, name, email)
    page = context.new_page()
    page.goto("/login")
    page.locator("input[name=username]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/studio")
    return page


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_every_page_of_the_feed_can_be_used_by_everybody(browser: Browser, studio: Studio, posts: list[str], look: Look) -> None:
    found = []
    with window(browser, studio, look) as context:
        page = enter(context, studio)
        author = page.request.get(posts[-1]).text().partition('href="/feed/@')[2].partition('"')[0]
        others = ("/feed", "/feed?order=ranked", "/feed/new", "/feed/mine", "/feed/saved", "/feed/offline")
        for path in (*others, posts[-1], f"/feed/@{author}"):
            page.goto(path)
            for more in page.locator("details.more summary").all():
                more.click()
            found += faults(page)
            name = "feed-" + path.strip("/").replace("/", "-").replace("?", "-") if "posts" not in path else "feed-post"
            keep(page, look, name.replace(author, "person"))
    assert found == []


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_a_reader_likes_follows_and_says_something(browser: Browser, studio: Studio, posts: list[str], look: Look) -> None:
    language = look.language
    with window(browser, studio, look) as context:
        page = enter(context, studio)
        page.goto(posts[-1])
        like = page.get_by_role("button", name=LIKE[language])
        expect(like).to_have_attribute("aria-pressed", "false")
        like.click()
        expect(like).to_have_attribute("aria-pressed", "true")
        page.reload()
        expect(page.get_by_role("button", name=LIKE[language])).to_have_attribute("aria-pressed", "true")
        page.locator("input[name=handle]").fill(handle())
        page.get_by_label(COMMENT[language]).fill(NASTY)
        page.get_by_role("button", name=SAY[language]).click()
        expect(page.locator(".talk .said").last).to_have_text(NASTY)
        assert page.locator(".talk img, .talk script").count() == 0
        # What was sent is not in the field again.
        expect(page.get_by_label(COMMENT[language])).to_have_value("")
        page.locator(".reading header .by a").click()
        page.get_by_role("button", name=FOLLOW[language], exact=True).click()
        page.goto("/feed/following")
        expect(page.locator(".post").first).to_be_visible()


def test_more_posts_come_while_one_scrolls_and_none_twice(browser: Browser, studio: Studio, posts: list[str]) -> None:
    with window(browser, studio, PHONE) as context:
        page = context.new_page()
        page.goto(posts[0])
        page.locator(".reading header .by a").click()
        cards = page.locator(".post")
        expect(cards).to_have_count(10)
        page.locator(".more-posts").scroll_into_view_if_needed()
        expect(cards).to_have_count(14)
        links = [one.get_attribute("href") for one in page.locator(".post-title a").all()]
        assert links == posts[::-1]


def test_a_post_is_shared_by_its_address(browser: Browser, studio: Studio, posts: list[str]) -> None:
    """Where a browser has no sheet for that, the address is copied."""
    with window(browser, studio, DESKTOP) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.add_init_script("delete Navigator.prototype.share")
        page.goto(posts[-1])
        page.get_by_role("button", name="Share").click()
        expect(page.get_by_text("The link is copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == f"{studio.base}{posts[-1]}"


def test_what_is_typed_outlives_a_reload(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        page = enter(context, studio)
        page.goto("/feed/new")
        page.get_by_label(TITLE["en"], exact=True).fill("Half a thought")
        page.locator("textarea[name=text]").fill("and its other half")
        page.reload()
        expect(page.get_by_label(TITLE["en"], exact=True)).to_have_value("Half a thought")
        page.locator("input[name=handle]").fill(handle())
        page.locator("main").get_by_role("button", name=PUBLISH["en"], exact=True).click()
        page.wait_for_url("**/feed/posts/*said=published")
        expect(page.locator("h1")).to_have_text("Half a thought")
        page.goto("/feed/new")
        expect(page.get_by_label(TITLE["en"], exact=True)).to_have_value("")


def test_what_was_opened_is_read_without_a_network(browser: Browser, studio: Studio, posts: list[str]) -> None:
    opened, never = posts[5], posts[6]
    with window(browser, studio, PHONE) as context:
        page = enter(context, studio, "Offline Olga")
        page.goto("/feed")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        page.goto(opened)
        page.wait_for_function(f"(path) => {KEPT}.then((found) => found !== undefined)", arg=opened)
        kept = page.evaluate(f"(path) => {KEPT}.then((found) => found.text())", opened)
        # As anybody sees it: nothing of who opened it.
        assert "Offline Olga" not in kept
        assert "octavo-live" not in kept
        assert '<html lang="es"' in kept

        context.set_offline(True)
        page.goto(opened)
        expect(page.locator("h1")).to_have_text("Number 5")
        # With its styles.
        assert page.evaluate("getComputedStyle(document.querySelector('.read')).display") == "grid"
        keep(page, PHONE, "offline-post")
        page.goto(never)
        expect(page.locator("[data-offline]")).to_be_visible()
        expect(page.locator("[data-kept] a", has_text="Number 5")).to_be_visible()
        keep(page, PHONE, "offline")
        page.locator("[data-kept] a", has_text="Number 5").click()
        expect(page.locator("h1")).to_have_text("Number 5")
        context.set_offline(False)
        page.goto(never)
        expect(page.locator("h1")).to_have_text("Number 6")


def test_whoever_logs_out_leaves_nothing_that_they_read(browser: Browser, studio: Studio, posts: list[str]) -> None:
    with window(browser, studio, DESKTOP) as context:
        page = enter(context, studio)
        page.goto(posts[3])
        page.wait_for_function(f"() => {{ const path = '{posts[3]}'; return {KEPT}.then((found) => found !== undefined); }}")
        page.locator("details.menu summary").click()
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login?said=out")
        page.wait_for_function("() => caches.keys().then((names) => !names.some((name) => /pages|pictures/.test(name)))")


def test_the_worker_speaks_for_the_feed_alone(browser: Browser, studio: Studio, posts: list[str]) -> None:
    with window(browser, studio, DESKTOP) as context:
        page = context.new_page()
        page.goto("/feed")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        scopes = page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.map((one) => new URL(one.scope).pathname))")
        assert scopes == ["/feed"]
        page.goto("/login")
        assert page.evaluate("navigator.serviceWorker.controller === null")
