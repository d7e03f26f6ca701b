"""Where sentences end, and where long ones are cut."""

from __future__ import annotations

import pytest

from octavo_generation.engines.translating.sentences import halves, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Mr. Fox met Dr. Owl. They ate.", ["Mr. Fox met Dr. Owl.", "They ate."]),
        ("“Where is it?” asked the fox. “Here!”", ["“Where is it?” asked the fox.", "“Here!”"]),
        ("¿Dónde está? ¡Aquí! Bien.", ["¿Dónde está?", "¡Aquí!", "Bien."]),
        ("It costs 3.50 e.g. here. J. R. Smith", ["It costs 3.50 e.g. here.", "J. R. Smith"]),
        ("これは本です。あれは？はい", ["これは本です。", "あれは？", "はい"]),
        ("He waited... and slept.", ["He waited... and slept."]),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    pieces = split_sentences(text)
    assert "".join(pieces) == text
    assert [piece for piece in pieces if piece.strip()] == sentences


def test_halves_are_cut_behind_a_mark_near_the_middle() -> None:
    assert halves("one two three, four five six") == ("one two three, ", "four five six")
    assert halves("one two three four") == ("one two ", "three four")
    assert halves("word") is None
