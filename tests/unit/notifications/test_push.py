"""Web Push without a network: the standard's own example, keys that are made of a text, what is no key of a browser."""

from __future__ import annotations

import base64
from pathlib import Path

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.servers.push_service import Device, base64url, decrypted, plain, point_of, verified

from octavo_core.clock import SystemClock
from octavo_core.errors import InvalidInput
from octavo_notifications.push.delivering import encrypted
from octavo_notifications.push.keys import KEY_FILE, VapidKey, check_browser_keys, decoded, read_vapid_key
from octavo_notifications.push.model import PostNews, Subscription, job_id, subscription_id
from octavo_notifications.settings import NO_CONTACT, NotificationsTuning

POST = "0198f3a2-1111-7222-8333-444455556666"


def news(**changes: object) -> PostNews:
    return PostNews(**{"post": POST, "title": "El faro", "author": "Ana", "language": "es", "at": 1_000_000, **changes})  # type: ignore[arg-type]


def kept(device: Device) -> Subscription:
    said = device.subscription
    return Subscription("s", "ana", device.endpoint, said["keys"]["p256dh"], said["keys"]["auth"], 1)


def test_the_receiver_of_these_tests_reads_the_standard_s_example() -> None:
    """RFC 8291, appendix A: so that what it reads of ours is what a browser would."""
    number = int.from_bytes(plain("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
    body = plain(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    opened = decrypted(body, ec.derive_private_key(number, ec.SECP256R1()), plain("BTBZMqHH6r4Tts7J_aSIgg"))
    assert opened == b"When I grow up, I want to be a watermelon"


def test_a_message_is_for_one_browser_and_never_twice_the_same() -> None:
    device, other = Device("https://push.example/1"), Device("https://push.example/2")
    said = orjson.dumps(news(title="ñ" * 1_000, author="ó" * 500).message())
    first, second = (encrypted(said, kept(device)) for _ in range(2))
    assert first != second
    assert len(first) <= 4_096
    told = orjson.loads(decrypted(first, device.private, device.auth))
    assert told["url"] == f"/feed/posts/{POST}"
    assert (told["title"], told["author"]) == ("ñ" * 200, "ó" * 80)
    with pytest.raises(Exception):  # noqa: B017 - whatever the library has for it
        decrypted(first, other.private, other.auth)


def test_a_key_is_the_same_for_the_same_text_and_signs_for_one_service(tmp_path: Path) -> None:
    clock = SystemClock()
    made = read_vapid_key(None, tmp_path)
    assert read_vapid_key(None, tmp_path).public == made.public
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0
    assert read_vapid_key("k" * 32, tmp_path).public == VapidKey.of("k" * 32).public != made.public
    header = made.authorization("https://push.example:8443/send/x?y=1", contact="mailto:ops@example.org", now_ms=clock.now_ms())
    claims, key = verified(header, "https://push.example:8443")
    assert (key, claims["sub"]) == (made.public, "mailto:ops@example.org")
    assert 0 < claims["exp"] - clock.now_ms() / 1000 <= 86_400
    with pytest.raises(jwt.InvalidAudienceError):
        verified(header, "https://other.example")
    assert "private" not in repr(made)


@pytest.mark.parametrize(
    ("p256dh", "auth", "path"),
    [
        ("x", base64url(b"a" * 16), "keys.p256dh"),
        ("á" * 20, base64url(b"a" * 16), "keys.p256dh"),
        (base64url(b"\4" + b"\1" * 64), base64url(b"a" * 16), "keys.p256dh"),
        (base64url(b"\2" + b"\1" * 32), base64url(b"a" * 16), "keys.p256dh"),
        (None, base64url(b"a" * 15), "keys.auth"),
        (None, "a b", "keys.auth"),
    ],
)
def test_what_is_no_key_of_a_browser(p256dh: str | None, auth: str, path: str) -> None:
    good = base64url(point_of(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(InvalidInput) as refused:
        check_browser_keys(good if p256dh is None else p256dh, auth)
    assert refused.value.faults[0].path == path
    check_browser_keys(good, base64.urlsafe_b64encode(b"a" * 16).decode())


def test_base64url_with_and_without_padding() -> None:
    assert decoded("_-8") == decoded("_-8=") == b"\xff\xef"
    assert decoded("+/8") is None
    assert decoded("a") is None


def test_a_post_is_news_for_a_day() -> None:
    assert news().seconds_left(1_000_000) == 86_400
    assert news().seconds_left(1_000_000 + 86_400_000) == 0
    # A clock that is behind makes nothing live longer.
    assert news().seconds_left(0) == 86_400
    assert len(news().topic) == 32


def test_ids_follow_from_what_they_are_of() -> None:
    assert subscription_id("https://a/1") == subscription_id("https://a/1") != subscription_id("https://a/2")
    assert job_id("s", "p") == job_id("s", "p") != job_id("s", "q")


def test_whom_push_services_may_write_to() -> None:
    assert NotificationsTuning(push_contact="mailto:a@b.org", public_url="https://o.org").contact() == "mailto:a@b.org"
    assert NotificationsTuning(public_url="https://o.org").contact() == "https://o.org"
    assert NotificationsTuning(public_url="http://o.org").contact() == NO_CONTACT
    with pytest.raises(ValueError):
        NotificationsTuning(push_contact="ops@b.org")
