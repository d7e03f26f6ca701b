"""The shipped translator: its weights are those that its `model.json` names, they are small, and they translate what they should."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from octavo.training.translator_evaluation import by_hand, of_grammar
from octavo.training.translator_training import GRAMMAR_LANGUAGES, Corpus, vocabulary
from octavo_generation.engines.builtin import builtin_path
from octavo_generation.engines.translating.by_words import WordTranslator, read_words
from octavo_generation.engines.translating.port import Sentence

MODEL = builtin_path("tiny-translator")
ABOUT = json.loads((MODEL / "model.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def translator() -> WordTranslator:
    made = WordTranslator(MODEL)
    made.load(lambda _stage: None)
    return made


def test_the_weights_are_those_that_were_measured_and_are_small() -> None:
    assert hashlib.sha256((MODEL / "model.bin").read_bytes()).hexdigest() == ABOUT["weights_sha256"]
    assert sum(file.stat().st_size for file in MODEL.iterdir()) < 8_000_000
    assert not [file.name for file in MODEL.iterdir() if file.suffix not in (".json", ".bin")]


def test_its_words_are_those_of_the_grammar() -> None:
    """Who changes the grammar's words trains it anew."""
    shipped = read_words(MODEL)
    drawn = vocabulary(Corpus(GRAMMAR_LANGUAGES), seed=ABOUT["training"]["seed"])
    assert shipped == {language: frozenset(words) for language, words in drawn.items()}


def test_most_of_what_the_grammar_says_comes_out_as_the_grammar_says_it(translator: WordTranslator) -> None:
    pairs = of_grammar(400)
    said = translator.translate([sentence for sentence, _ in pairs])
    assert sum(one.text == wanted for one, (_, wanted) in zip(said, pairs, strict=True)) / len(pairs) > 0.75
    assert sum(one.tokens[1] == 0 for one in said) / len(pairs) < 0.08


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 0), (0, 2), (2, 0)])
def test_most_sentences_written_by_hand_come_out_as_they_should(translator: WordTranslator, first: int, second: int) -> None:
    codes = GRAMMAR_LANGUAGES[first], GRAMMAR_LANGUAGES[second]
    said = translator.translate([Sentence(row[first], *codes) for row in by_hand()])
    assert sum(one.text == row[second] for one, row in zip(said, by_hand(), strict=True)) >= 30


@pytest.mark.parametrize(
    "text", ["Brumhilda quaffed 17 flagons of zwieback in Ouagadougou.", "xyzzy plugh", "The \ue801 sees \ue802.", "!?", "…"]
)
def test_what_it_does_not_know_is_kept_and_nothing_is_invented(translator: WordTranslator, text: str) -> None:
    (said,) = translator.translate([Sentence(text, "eng_Latn", "spa_Latn")])
    for word in re.findall(r"[A-Z]\w+|\d+|[\ue000-\uf8ff]|x\w+|z\w+", text):
        assert word in said.text or word == "The"
    assert not re.search(r"<\w\d>", said.text)


def test_alone_or_in_a_batch_it_is_the_same(translator: WordTranslator) -> None:
    sentences = [sentence for sentence, _ in of_grammar(40)]
    assert translator.translate(sentences) == [translator.translate([one])[0] for one in sentences]


@pytest.mark.needs("torch")
def test_bleu_is_what_the_guide_says() -> None:
    python = os.environ.get("OCTAVO_TRAIN_PYTHON") or (sys.executable if find_spec("torch") else ".venv-train/bin/python")
    root = Path(__file__).parents[3]
    argv = [python, "scripts/models/measure_tiny_translator.py"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=150, check=False, cwd=root)
    assert done.returncode == 0, done.stderr[-1500:]
    said = {cells[1].strip(): float(cells[2]) for line in done.stdout.splitlines()[2:] if len(cells := line.split("|")) > 4}
    assert len(said) == 10
    assert min(said.values()) > 85, said
    guide = (root / "docs/guides/translating.md").read_text(encoding="utf-8")
    told = {cells[1].strip(): float(cells[2]) for line in guide.splitlines() if "→" in line and len(cells := line.split("|")) > 4}
    assert told.keys() == said.keys()
    assert all(abs(told[name] - said[name]) < 3 for name in said), (told, said)
