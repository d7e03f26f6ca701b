"""Which language a text is in."""

from __future__ import annotations

import pytest

from octavo_generation.engines.translating.detection import Detector
from octavo_generation.engines.translating.languages import languages


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The weather was fine, and nobody wanted to go home before the evening.", "eng_Latn"),
        ("El tiempo era bueno y nadie quería volver a casa antes de la noche.", "spa_Latn"),
        ("Das Wetter war schön, und niemand wollte vor dem Abend nach Hause gehen.", "deu_Latn"),
        ("天气很好，晚上之前没有人想回家。", "zho_Hans"),
        ("الطقس جميل ولا أحد يريد العودة إلى المنزل", "arb_Arab"),
    ],
)
def test_among_all_languages(text: str, code: str) -> None:
    assert Detector(tuple(languages())).detect(text) == code


def test_a_model_of_words_knows_its_languages_by_them() -> None:
    words = {"eng_Latn": frozenset({"hi", "the", "fox"}), "spa_Latn": frozenset({"hola", "el", "zorro"})}
    detector = Detector(("eng_Latn", "spa_Latn"), words)
    assert detector.detect("Hi!") == "eng_Latn"
    assert detector.detect("Hola, Fox: el zorro") == "spa_Latn"


def test_without_a_word_nothing_can_be_told() -> None:
    assert Detector(("eng_Latn", "spa_Latn")).detect("12, 13; ***") is None


def test_only_what_is_served_is_found() -> None:
    assert Detector(("spa_Latn", "por_Latn")).detect("Das Wetter war schön, und niemand ging") in ("spa_Latn", "por_Latn")
