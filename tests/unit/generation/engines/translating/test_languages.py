"""Codes and names: all of NLLB's, what people write for them, and what is offered for a wrong one."""

from __future__ import annotations

import pytest

from octavo_core.errors import InvalidInput
from octavo_generation.engines.translating.languages import find_language, languages, require_language

_SERVED = ("eng_Latn", "spa_Latn", "por_Latn")


def test_all_of_nllb_are_there_and_each_is_found_by_its_code() -> None:
    assert len(languages()) == 202
    for code in languages():
        found = find_language(code)
        assert found is not None
        assert found.code == code


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("es", "spa_Latn"),
        ("ES", "spa_Latn"),
        ("spa", "spa_Latn"),
        ("Spanish", "spa_Latn"),
        ("spa-Latn", "spa_Latn"),
        ("pt-BR", "por_Latn"),
        ("zh", "zho_Hans"),
        ("zh-TW", "zho_Hant"),
        ("zh_Hant", "zho_Hant"),
        ("ar", "arb_Arab"),
        ("no", "nob_Latn"),
        ("kabiye", "kbp_Latn"),
    ],
)
def test_what_people_write_is_taken(asked: str, code: str) -> None:
    found = find_language(asked)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("asked", ["spannish", "", "x", "es-Latn-ES-valencia-x", "klingon", "_", "-"])
def test_what_is_no_language_is_not_found(asked: str) -> None:
    assert find_language(asked) is None


def test_no_alias_means_two_languages() -> None:
    aliases = [alias for language in languages().values() for alias in language.aliases]
    assert len(aliases) == len(set(aliases))


def test_a_wrong_one_gets_the_nearest_offered() -> None:
    with pytest.raises(InvalidInput, match="did you mean es \\(Spanish\\)") as caught:
        require_language("target_language", "spannish", _SERVED)
    (fault,) = caught.value.faults
    assert fault.path == "target_language"
    assert fault.allowed is not None
    assert "api/v1/languages" in fault.allowed


def test_one_that_is_not_served_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidInput, match="does not translate into French") as caught:
        require_language("target_language", "fr", _SERVED)
    assert "es (Spanish)" in str(caught.value.faults[0].allowed)
