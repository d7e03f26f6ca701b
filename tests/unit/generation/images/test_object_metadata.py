"""Metadata that fit into headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_generation.images.object_metadata import SEALED, decode, decode_sealed, encode, encode_sealed
from octavo_generation.images.sealing import Sealer

SEALER = Sealer(bytes(32))
_TEXTS = st.dictionaries(st.sampled_from(["prompt", "revisedprompt", "model"]), st.text(max_size=1500))


def size(values: dict[str, str]) -> int:
    return sum(len(name) + len(value) for name, value in values.items())


@given(_TEXTS)
def test_what_is_sent_is_ascii_without_blanks_and_within_the_bound(values: dict[str, str]) -> None:
    encoded = encode(values, 2_000)
    assert size(encoded) <= 2_000
    for name, value in encoded.items():
        assert value.isascii()
        assert value.isprintable()
        assert " " not in value
        assert values[name].encode("utf-8", "replace").decode().startswith(decode(encoded)[name])


@given(_TEXTS)
def test_what_fits_comes_back_whole(values: dict[str, str]) -> None:
    assert decode(encode(values, 100_000)) == {name: value.encode("utf-8", "replace").decode() for name, value in values.items()}


@given(_TEXTS)
def test_encrypted_ones_are_within_the_bound_too(values: dict[str, str]) -> None:
    values = {name: value.encode("utf-8", "replace").decode() for name, value in values.items()}
    encoded = encode_sealed(values, 2_000, SEALER, "id")
    assert list(encoded) == [SEALED]
    assert size(encoded) <= 2_000
    kept = decode_sealed(encoded[SEALED], SEALER, "id")
    assert all(values[name].startswith(value) for name, value in kept.items())


@pytest.mark.parametrize("text", ["", "100 %", "a=b&c", "é%41", "\r\nx-evil: 1"])
def test_signs_with_a_meaning_keep_to_themselves(text: str) -> None:
    encoded = encode({"prompt": text}, 2_000)
    assert decode(encoded) == {"prompt": text}
    assert "\r" not in encoded["prompt"]
