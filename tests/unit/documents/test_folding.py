from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_documents.folding import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("La Niña", "la nina"),
        ("  ÉRASE,una—vez…  ", "erase una vez"),
        ("Straße", "strasse"),
        ("ﬁn ２", "fin 2"),
        ("Ωμέγα 北京", "ωμεγα 北京"),
        ("🦊", ""),
        ("$where: {'a': 1}", "where a 1"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folded_text_is_words_and_stays_as_it_is(text: str) -> None:
    once = fold(text)
    assert all(word.isalnum() for word in once.split(" ") if word)
    assert once == once.strip()
    assert fold(once) == once
