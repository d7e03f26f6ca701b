"""Signed links and their key."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from octavo_core.clock import ManualClock
from octavo_core.errors import Forbidden, InvalidInput, Misconfigured
from octavo_generation.images.signing import MAX_SECONDS, LinkSigner, read_signing_key

ID = "019b76da-a800-8a30-af2d-f65dff320f16"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def signer(clock: ManualClock) -> LinkSigner:
    return LinkSigner(clock, b"k" * 32)


def parts(query: str) -> tuple[str, str]:
    fields = parse_qs(query)
    return fields["expires"][0], fields["signature"][0]


def test_a_link_is_good_until_it_is_over(signer: LinkSigner, clock: ManualClock) -> None:
    signed = signer.sign("images", ID, 60)
    assert signed.expires_at == clock.now_ms() + 60_000
    signer.check("images", ID, *parts(signed.query))
    clock.advance(59)
    signer.check("images", ID, *parts(signed.query))
    clock.advance(1)
    with pytest.raises(Forbidden, match="is over"):
        signer.check("images", ID, *parts(signed.query))


def test_a_link_is_for_one_picture_of_one_generator_until_one_moment(signer: LinkSigner, clock: ManualClock) -> None:
    expires, signature = parts(signer.sign("images", ID, 60).query)
    for generator, image, until, sign in [
        ("others", ID, expires, signature),
        ("images", ID.replace("a", "b"), expires, signature),
        ("images", ID, str(int(expires) + 1), signature),
        ("images", ID, expires, signature[:-1] + ("A" if signature[-1] != "A" else "B")),
        ("images", ID, expires, ""),
        ("images", ID, expires, "é\ud800"),
        ("images", ID, "", signature),
        ("images", ID, "-1", signature),
        ("images", ID, "٣", signature),
        ("images", ID, "9" * 40, signature),
        ("images", ID, expires + " ", signature),
        ("images", ID, "1e9", signature),
    ]:
        with pytest.raises(Forbidden, match="not one that was given out"):
            signer.check(generator, image, until, sign)
    with pytest.raises(Forbidden):
        LinkSigner(clock, b"x" * 32).check("images", ID, expires, signature)


@pytest.mark.parametrize("seconds", [0, -1, MAX_SECONDS + 1])
def test_a_link_for_longer_than_a_week_is_not_given_out(signer: LinkSigner, seconds: int) -> None:
    with pytest.raises(InvalidInput):
        signer.sign("images", ID, seconds)
    assert signer.sign("images", ID, MAX_SECONDS)


def test_a_link_that_is_good_for_longer_than_a_week_is_not_taken(signer: LinkSigner, clock: ManualClock) -> None:
    """Whoever moved a clock, or signed with our key: no link outlives a week."""
    signed = signer.sign("images", ID, MAX_SECONDS)
    clock.advance(-10)
    with pytest.raises(Forbidden):
        signer.check("images", ID, *parts(signed.query))


def test_the_key_is_in_no_text(signer: LinkSigner) -> None:
    assert "kkkk" not in repr(signer)


def test_a_key_that_was_given(tmp_path: Path) -> None:
    assert read_signing_key(" " + "s" * 40 + "\n", tmp_path) == b"s" * 40
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Misconfigured, match="OCTAVO_SIGNING_KEY") as caught:
        read_signing_key("short-secret", tmp_path)
    assert "short-secret" not in str(caught.value)


def test_a_laptops_key_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    home = tmp_path / "home"
    key = read_signing_key(None, home)
    assert len(key) >= 32
    assert read_signing_key(None, home) == key
    assert [file.name for file in home.iterdir()] == ["signing.key"]
    assert stat.S_IMODE((home / "signing.key").stat().st_mode) == 0o600
    assert read_signing_key(None, tmp_path / "other") != key


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(8) as pool:
        keys = pool.starmap(read_signing_key, [(None, tmp_path)] * 32, chunksize=1)
    assert len(set(keys)) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["signing.key"]


def test_a_key_file_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "signing.key").write_text("short")
    with pytest.raises(Misconfigured, match="too short"):
        read_signing_key(None, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="cannot be used"):
        read_signing_key(None, tmp_path / "file")
