"""A published post, pushed: through the platform as it runs, to a push service that decrypts what comes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.integration.web.conftest import Studio
from tests.integration.web.test_feed import handle, person, published
from tests.servers.push_service import Device
from tests.servers.starting import wait_until

pytestmark = pytest.mark.needs("redis")

PUSH = "/api/web/gateway/api/notifications/push"
WAIT_S = 60


def subscribed(browser: httpx.Client, device: Device) -> None:
    answer = browser.put(PUSH, json=device.subscription)
    assert answer.status_code == 200, answer.text


def followed(browser: httpx.Client, name: str) -> None:
    answer = browser.post(f"/feed/@{name}/follow", data={"on": "1"})
    assert answer.status_code == 303, answer.text


def listed(browser: httpx.Client) -> list[str]:
    items: list[dict[str, Any]] = browser.get(PUSH).json()["items"]
    return [one["endpoint"] for one in items]


def test_a_follower_s_browser_hears_of_a_post_once_and_is_forgotten_when_it_is_gone(studio: Studio) -> None:
    device, others, gone = (studio.vendor.device() for _ in range(3))
    with person(studio, "Ana") as ana, person(studio, "Eva") as eva, person(studio, "Leo") as leo:
        name = handle()
        published(ana, title="Before", text="Nobody follows yet.", handle=name, name="Ana Mar")
        followed(eva, name)
        for browser, one in ((eva, device), (eva, gone), (leo, others)):
            subscribed(browser, one)
        gone.answers = [410]
        path = published(ana, title="El faro", text="Érase una vez.", language="es")
        wait_until(lambda: len(device.messages) == 1, what="no push came", deadline_s=WAIT_S)
        post = path.rpartition("/")[2]
        assert device.messages == [{"title": "El faro", "author": "Ana Mar", "language": "es", "url": path, "post": post}]
        wait_until(lambda: listed(eva) == [device.endpoint], what="the browser that is gone is not forgotten", deadline_s=WAIT_S)
        # Taken back and published anew it is no news; the next one is.
        for what in ("withdraw", "publish"):
            assert ana.post(f"/feed/mine/{post}/{what}").status_code == 303
        published(ana, title="Después", text="Y luego.", language="es")
        wait_until(lambda: len(device.messages) == 2, what="the second push did not come", deadline_s=WAIT_S)
        assert [message["title"] for message in device.messages] == ["El faro", "Después"]
        assert (device.asked, gone.asked, others.asked) == (2, 1, 0)


def test_another_place_turns_no_pushes_on(studio: Studio) -> None:
    with person(studio, "Eva") as eva:
        elsewhere = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        answer = eva.put(PUSH, json=studio.vendor.device().subscription, headers=elsewhere)
        assert answer.status_code == 403
        assert listed(eva) == []
