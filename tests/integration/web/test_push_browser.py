"""The bell above the feed in real Chromium, and what its worker does with a push. What the browser's maker runs is not to be reached from
here: subscribing is stood in for in the page, and the push is handed to the worker by the browser's own protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Worker, expect
from tests.integration.web.conftest import Studio
from tests.integration.web.test_browser import DESKTOP, LOOKS, Look, faults, keep, window
from tests.integration.web.test_feed import handle, person, published
from tests.integration.web.test_feed_browser import enter
from tests.integration.web.test_push import PUSH
from tests.servers.push_service import Device
from tests.servers.starting import ServerDidNotStart, wait_until

pytestmark = [pytest.mark.needs("redis"), pytest.mark.needs("chromium")]

BELL = {"en": "Tell me of new posts", "es": "Avisarme de lo nuevo"}
ON = {"en": "You will be told here", "es": "Aquí se te avisará"}
OFF = {"en": "You will not be told", "es": "Aquí ya no se te avisará"}
SHOWN = """navigator.serviceWorker.ready
  .then((registration) => registration.getNotifications())
  .then((all) => all.map(({title, body, lang, tag, data, icon}) => ({title, body, lang, tag, data, icon})))"""

STAND_IN = """(said) => {
  const made = {
    endpoint: said.endpoint,
    toJSON: () => ({...said, expirationTime: null}),
    unsubscribe: async () => { localStorage.removeItem('subscribed'); return true; },
  };
  PushManager.prototype.getSubscription = async () => (localStorage.getItem('subscribed') ? made : null);
  PushManager.prototype.subscribe = async (options) => {
    localStorage.setItem('subscribed', JSON.stringify(options));
    return made;
  };
}"""


def stand_in(context: BrowserContext, device: Device) -> None:
    """For the push service's part of subscribing, and for nothing else."""
    context.add_init_script(f"({STAND_IN})({json.dumps(device.subscription)})")


def push_until(check: Callable[[], bool], context: BrowserContext, page: Page, base: str, data: str) -> None:
    """To the feed's worker, as the browser does it with one that came. Chromium loses one that is handed to it while a worker is on its
    way out; a push service delivers such a one again, and the tag makes one notification of both."""
    session = context.new_cdp_session(page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"] if one["scopeURL"] == f"{base}/feed"),
    )
    session.send("ServiceWorker.enable")
    wait_until(lambda: bool(page.evaluate("1") and found), what="the worker is not told of", deadline_s=30)
    for last in (False, False, False, True):
        session.send("ServiceWorker.deliverPushMessage", {"origin": base, "registrationId": found[-1], "data": data})
        try:
            wait_until(check, what=f"{data} is not shown", deadline_s=10)
            break
        except ServerDidNotStart:
            if last:
                raise
    session.detach()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_the_bell_turns_pushes_on_and_off_and_a_push_is_shown(browser: Browser, studio: Studio, look: Look) -> None:
    device, language = studio.vendor.device(), look.language
    with window(browser, studio, look) as context, person(studio, "Ana") as ana:
        context.grant_permissions(["notifications"], origin=studio.base)
        stand_in(context, device)
        name = handle()
        published(ana, title="First", text="Text", handle=name, name="Ana Mar")
        page = enter(context, studio)
        page.goto(f"/feed/@{name}")
        page.locator("form[action$='/follow'] button").click()
        page.goto("/feed/following")
        bell = page.get_by_role("button", name=BELL[language])
        expect(bell).to_have_attribute("aria-pressed", "false")
        bell.click()
        expect(page.get_by_text(ON[language])).to_be_visible()
        expect(bell).to_have_attribute("aria-pressed", "true")
        asked = json.loads(page.evaluate("localStorage.getItem('subscribed')"))
        assert asked["userVisibleOnly"] is True
        page.reload()
        expect(bell).to_have_attribute("aria-pressed", "true")
        assert faults(page) == []
        keep(page, look, "feed-bell")

        path = published(ana, title="El faro", text="Érase una vez.", language="es")
        wait_until(lambda: len(device.messages) == 1, what="no push came", deadline_s=60)
        # The key that the page subscribed with is the one that signs.
        assert device.keys == [asked["applicationServerKey"]]
        push_until(lambda: len(page.evaluate(SHOWN)) == 1, context, page, studio.base, json.dumps(device.messages[0]))
        [shown] = page.evaluate(SHOWN)
        assert shown["icon"].startswith(f"{studio.base}/assets/icon-192-")
        del shown["icon"]
        assert shown == {"title": "Ana Mar", "body": "El faro", "lang": "es", "tag": path, "data": {"url": path}}
        assert opened_by_a_press(context) == path

        bell.click()
        expect(page.get_by_text(OFF[language])).to_be_visible()
        expect(bell).to_have_attribute("aria-pressed", "false")
        assert page.evaluate("localStorage.getItem('subscribed')") is None


def worker_of(context: BrowserContext) -> Worker:
    [worker] = [one for one in context.service_workers if one.url.endswith("/feed/worker.js")]
    return worker


def opened_by_a_press(context: BrowserContext) -> Any:
    """Only a person's own press may open a window, so that alone is stood in for."""
    return worker_of(context).evaluate(
        """async () => {
          const opened = new Promise((done) => { Clients.prototype.openWindow = async (path) => done(path); });
          const [notification] = await registration.getNotifications();
          dispatchEvent(new NotificationEvent('notificationclick', { notification }));
          return opened;
        }"""
    )


def test_a_push_that_is_none_of_ours_opens_nothing_but_the_feed(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        context.grant_permissions(["notifications"], origin=studio.base)
        page = context.new_page()
        page.goto("/feed")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        # Shown under one tag, the later takes the earlier one's place.
        for data, title in (('{"title":"x","author":"y","url":"https://evil.example/"}', "y"), ("no JSON", "Octavo"), ("null", "Octavo")):
            push_until(partial(is_shown, page, [(title, {"url": "/feed"})]), context, page, studio.base, data)


def is_shown(page: Page, expected: list[tuple[str, Any]]) -> bool:
    return [(one["title"], one["data"]) for one in page.evaluate(SHOWN)] == expected


def test_a_browser_with_another_address_says_so_itself(browser: Browser, studio: Studio) -> None:
    """By its worker, while no page need be open."""
    former, device = studio.vendor.device(), studio.vendor.device()
    with window(browser, studio, DESKTOP) as context:
        page = enter(context, studio)
        assert page.request.put(PUSH, data=former.subscription, headers={"origin": studio.base}).ok
        page.goto("/feed")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        worker_of(context).evaluate(
            """(said) => {
              PushManager.prototype.subscribe = async () => ({ toJSON: () => said });
              dispatchEvent(new ExtendableEvent('pushsubscriptionchange'));
            }""",
            device.subscription,
        )
        both = sorted([former.endpoint, device.endpoint])
        wait_until(lambda: sorted(one["endpoint"] for one in page.request.get(PUSH).json()["items"]) == both, what="it is not told")


def test_logging_out_ends_it_in_this_browser_and_a_refusal_is_said(browser: Browser, studio: Studio) -> None:
    with window(browser, studio, DESKTOP) as context:
        stand_in(context, studio.vendor.device())
        page = enter(context, studio)
        page.goto("/feed")
        bell = page.get_by_role("button", name=BELL["en"])
        # Nobody has allowed notifications here.
        bell.click()
        expect(page.get_by_text("Your browser does not allow notifications here")).to_be_visible()
        expect(bell).to_have_attribute("aria-pressed", "false")
        context.grant_permissions(["notifications"], origin=studio.base)
        page.reload()
        bell.click()
        expect(bell).to_have_attribute("aria-pressed", "true")
        page.locator("details.menu summary").click()
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login?said=out")
        wait_until(lambda: page.evaluate("localStorage.getItem('subscribed')") is None, what="it goes on", deadline_s=30)
