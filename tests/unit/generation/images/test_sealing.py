"""The encrypted format: parts can be read alone, and nothing can be changed, moved, cut off or swapped without being found out."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo_core.errors import Misconfigured, Unavailable
from octavo_generation.images.sealing import CHUNK, HEADER_BYTES, TAG, Sealer, is_sealed, span

KEY = bytes(range(32))
SEALER = Sealer(KEY)
ID = "019b76da-a800-8a30-af2d-f65dff320f16"
PLAIN = os.urandom(3 * CHUNK + 1000)
SEALED = SEALER.seal(PLAIN, ID)


def opened(sealed: bytes, start: int, end: int, image: str = ID, sealer: Sealer = SEALER) -> bytes:
    first, last = span(start, end)
    return sealer.opener(sealed[:HEADER_BYTES], image).open(sealed[first:last], start, end)


def test_the_format_is_what_its_description_says() -> None:
    assert is_sealed(SEALED)
    assert SEALED[:8] == b"octavo\x01\x10"
    assert SEALED[28:36] == len(PLAIN).to_bytes(8, "big")
    assert len(SEALED) == 36 + len(PLAIN) + 4 * 16
    assert PLAIN[:64] not in SEALED


@settings(max_examples=60)
@given(st.integers(0, len(PLAIN) - 1), st.integers(1, len(PLAIN)))
def test_every_part(start: int, length: int) -> None:
    assert opened(SEALED, start, min(start + length, len(PLAIN))) == PLAIN[start : start + length]


def test_a_part_needs_its_own_chunks_only() -> None:
    first, last = span(CHUNK + 5, CHUNK + 6)
    assert (first, last) == (HEADER_BYTES + CHUNK + TAG, HEADER_BYTES + 2 * (CHUNK + TAG))


def test_the_same_picture_twice_is_not_the_same_twice() -> None:
    assert SEALER.seal(PLAIN, ID)[HEADER_BYTES:] != SEALED[HEADER_BYTES:]


@pytest.mark.parametrize("at", [12, 27, 35, HEADER_BYTES, HEADER_BYTES + CHUNK, len(SEALED) - 1])
def test_a_changed_byte(at: int) -> None:
    changed = bytearray(SEALED)
    changed[at] ^= 1
    with pytest.raises(Unavailable):
        opened(bytes(changed), 0, len(PLAIN))


def test_swapped_chunks() -> None:
    one, two = (slice(HEADER_BYTES + n * (CHUNK + TAG), HEADER_BYTES + (n + 1) * (CHUNK + TAG)) for n in (0, 1))
    swapped = SEALED[:HEADER_BYTES] + SEALED[two] + SEALED[one] + SEALED[two.stop :]
    with pytest.raises(Unavailable, match="was changed"):
        opened(swapped, 0, 10)


@pytest.mark.parametrize("cut", [1, TAG, 1000 + TAG, CHUNK + 1000 + 2 * TAG])
def test_a_cut_off_end(cut: int) -> None:
    with pytest.raises(Unavailable):
        opened(SEALED[:-cut], 0, len(PLAIN))


def test_a_length_that_was_written_shorter_with_the_end_cut_off() -> None:
    shorter = SEALED[:28] + CHUNK.to_bytes(8, "big") + SEALED[36 : HEADER_BYTES + CHUNK + TAG]
    with pytest.raises(Unavailable, match="was changed"):
        opened(shorter, 0, CHUNK)


def test_another_pictures_bytes() -> None:
    with pytest.raises(Unavailable, match="was changed"):
        opened(SEALED, 0, 10, image=ID.replace("a", "b"))


def test_another_key() -> None:
    with pytest.raises(Misconfigured, match="another key"):
        opened(SEALED, 0, 10, sealer=Sealer(bytes(32)))


@pytest.mark.parametrize("header", [b"", b"octavo", bytes(HEADER_BYTES), pytest.param(SEALED[:35], id="cut off")])
def test_what_is_no_header(header: bytes) -> None:
    with pytest.raises(Unavailable, match="not an encrypted picture"):
        SEALER.opener(header, ID)


def test_a_version_from_later() -> None:
    with pytest.raises(Unavailable, match="version 9"):
        SEALER.opener(b"octavo\x09" + SEALED[7:HEADER_BYTES], ID)


def test_texts() -> None:
    sealed = SEALER.seal_text(b"a prompt", ID)
    assert SEALER.open_text(sealed, ID) == b"a prompt"
    for bad in (b"", sealed[:-1], bytes([sealed[0] ^ 1]) + sealed[1:]):
        with pytest.raises(Unavailable):
            SEALER.open_text(bad, ID)
    with pytest.raises(Unavailable):
        SEALER.open_text(sealed, "another")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_size(size: int) -> None:
    with pytest.raises(Misconfigured, match="32 bytes"):
        Sealer(bytes(size))


def test_nothing_is_no_picture() -> None:
    with pytest.raises(ValueError, match="nothing"):
        SEALER.seal(b"", ID)
