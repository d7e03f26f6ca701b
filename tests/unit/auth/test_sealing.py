"""Encryption of what must not be read."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_auth.domain.sealing import NotSealedHere, decode, derive, seal, unseal
from octavo_auth.domain.tokens import as_typed, code_digest, new_code

KEY = os.urandom(32)


@given(st.binary(max_size=500), st.binary(max_size=100))
def test_what_is_sealed_opens_in_its_context_alone(plain: bytes, context: bytes) -> None:
    sealed = seal(KEY, plain, context)
    assert unseal(KEY, sealed, context) == plain
    for key, where in ((KEY, context + b"x"), (os.urandom(32), context)):
        with pytest.raises(NotSealedHere):
            unseal(key, sealed, where)


def test_a_changed_byte_is_noticed_wherever_it_is() -> None:
    sealed = seal(KEY, b"a secret", b"here")
    for n in range(len(sealed)):
        changed = sealed[:n] + ("A" if sealed[n] != "A" else "B") + sealed[n + 1 :]
        if decode(changed) != decode(sealed):
            with pytest.raises(NotSealedHere):
                unseal(KEY, changed, b"here")


@pytest.mark.parametrize("text", ["", "A", "AAAA", "not base64!", "ñ", "A" * 40])
def test_what_was_never_sealed(text: str) -> None:
    with pytest.raises(NotSealedHere):
        unseal(KEY, text, b"here")


def test_keys_of_two_purposes_are_two() -> None:
    assert derive(KEY, "codes") == derive(KEY, "codes")
    assert derive(KEY, "codes") != derive(KEY, "key encryption")
    assert len(derive(KEY, "codes")) == 32


def test_codes_are_what_people_can_type() -> None:
    assert all(len(code) == 6 and code.isdigit() for code in (new_code("register") for _ in range(50)))
    assert all(len(code) == 10 and not set(code) & set("IO01l") for code in (new_code("recover") for _ in range(50)))
    assert as_typed("recover", " abcde-fghjk ") == "ABCDEFGHJK"
    assert as_typed("register", "123 456") == "123456"
    assert as_typed("ticket", "a-B c") == "a-B c"
    assert code_digest(KEY, "one", "123456") != code_digest(KEY, "two", "123456")
