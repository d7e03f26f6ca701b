"""The rules of webhooks that need no server."""

from __future__ import annotations

from pathlib import Path

import pytest
import standardwebhooks

from octavo_core.clock import SystemClock
from octavo_core.errors import Misconfigured
from octavo_core.net import Reach
from octavo_notifications.mails import accepted_at, worded
from octavo_notifications.webhooks.model import is_to_be_disabled, order
from octavo_notifications.webhooks.sealing import KEY_FILE, SecretBox, new_secret, read_box
from octavo_notifications.webhooks.sending import RETRY_AFTER_MAX_S, Sender, _retry_after
from octavo_notifications.webhooks.signing import signed_headers


def test_a_sealed_secret_opens_for_its_webhook_and_key_alone() -> None:
    box, secret = SecretBox.of("k" * 32), new_secret()
    sealed = box.seal("w1", secret)
    assert secret not in sealed
    assert box.seal("w1", secret) != sealed
    assert box.open("w1", sealed) == secret
    for other, webhook in ((box, "w2"), (SecretBox.of("j" * 32), "w1")):
        with pytest.raises(Misconfigured, match="OCTAVO_WEBHOOK_KEY"):
            other.open(webhook, sealed)
    assert "k" * 32 not in repr(box)


def test_the_key_of_a_laptop_is_made_once(tmp_path: Path) -> None:
    made = read_box(None, tmp_path)
    assert read_box(None, tmp_path) == made
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]
    (tmp_path / KEY_FILE).write_text("short")
    with pytest.raises(Misconfigured, match="too short"):
        read_box(None, tmp_path)


def test_signatures_are_what_the_standards_own_library_takes() -> None:
    secrets = [new_secret(), new_secret()]
    headers = signed_headers("id-1", '{"a":"ó"}', secrets=secrets, now_ms=SystemClock().now_ms())
    for secret in secrets:
        assert standardwebhooks.Webhook(secret).verify('{"a":"ó"}', headers) == {"a": "ó"}
    # The example of the specification's reference implementations.
    told = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], now_ms=1_614_265_330_999
    )
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert told["webhook-timestamp"] == "1614265330"


async def test_a_name_that_leads_inside_is_not_called() -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["203.0.114.7", "10.0.0.5"]

    answer = await Sender(Reach(connect_s=1, total_s=2), resolve=resolve).post("http://rebound.example/", b"{}", {})
    assert asked == ["rebound.example"]
    assert (answer.ok, answer.status) == (False, None)
    assert answer.error is not None
    assert "it is not there, or it is not public" in answer.error


def test_how_long_an_endpoint_asks_to_wait() -> None:
    assert _retry_after("7") == 7
    assert _retry_after("0") == 1
    assert _retry_after("999999999") == RETRY_AFTER_MAX_S
    assert _retry_after("Fri, 31 Dec 2199 23:59:59 GMT") == RETRY_AFTER_MAX_S
    assert _retry_after("Fri, 31 Dec 1999 23:59:59 GMT") == 1
    for nothing in (None, "", "soon", "-5", "1e9"):
        assert _retry_after(nothing) is None


def test_when_a_webhook_is_given_up() -> None:
    day = 86_400_000
    assert not is_to_be_disabled(None, 10 * day, 5)
    assert not is_to_be_disabled(5 * day, 10 * day, 5)
    assert is_to_be_disabled(5 * day, 10 * day + 1, 5)


def test_event_ids_sort_as_the_stream_has_them() -> None:
    assert sorted(["10-0", "9-2", "9-10", "0-0"], key=order) == ["0-0", "9-2", "9-10", "10-0"]


def test_a_jobs_id_says_when_it_was_accepted() -> None:
    assert accepted_at("017f22e2-79b0-7cc3-98c4-dc0c0c07398f") == 1_645_557_742_000
    assert accepted_at("f81d4fae-7dec-41d0-a765-00a0c91e6bf6") is None
    assert accepted_at("j1") is None


def test_a_mail_says_what_happened_and_nothing_of_the_content() -> None:
    said: dict[str, object] = {"user": "ana", "job": "j1", "generator": "tales", "status": "succeeded", "seconds": 61}
    assert worded(said) == {"subject": "Your tales job is ready", "text": "The job j1 of tales succeeded after 61 seconds.\n"}
