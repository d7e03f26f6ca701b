"""How a user's pairs of lines become what a translator learns from."""

from __future__ import annotations

import pytest

from octavo.training.own_texts import AlignedText
from octavo.training.own_translator import _samples
from octavo_core.errors import InvalidInput


def test_pairs_are_learned_both_ways_with_names_and_numbers_as_slots() -> None:
    lines = (("Marta sees 3 red foxes.", "Marta ve 3 zorros rojos."), ("Don't run!", "¡No corras!"))
    samples = _samples([AlignedText(("en", "es"), lines)])
    assert [(one.source, one.target) for one in samples] == [("eng_Latn", "spa_Latn"), ("spa_Latn", "eng_Latn")] * 2
    assert samples[0].read == "<f0> sees <x1> red foxes ."
    assert samples[0].written == "<f0> ve <x1> zorros rojos ."
    assert samples[2].read == "do not run !"


def test_slots_are_numbered_by_what_is_read() -> None:
    forth, back = _samples([AlignedText(("en", "es"), (("Kim gave 7 keys to Lou", "A Lou da 7 llaves de Kim"),))])
    assert (forth.read, forth.written) == ("<x0> gave <x1> keys to <x2>", "a <x2> da <x1> llaves de <x0>")
    assert (back.read, back.written) == ("a <x0> da <x1> llaves de <x2>", "<x2> gave <x1> keys to <x0>")


def test_pairs_whose_names_do_not_go_together_are_left_out() -> None:
    good = ("one two", "uno dos")
    assert len(_samples([AlignedText(("en", "es"), (good, ("It costs 5", "Cuesta 6")))])) == 2
    with pytest.raises(InvalidInput, match="none of the pairs"):
        _samples([AlignedText(("en", "es"), (("It costs 5", "Cuesta 6"),))])


def test_languages_must_be_two_that_are_known() -> None:
    for languages in (("en", "xx"), ("en", "eng_Latn")):
        with pytest.raises(InvalidInput, match="not two languages"):
            _samples([AlignedText(languages, (("a", "b"),))])
