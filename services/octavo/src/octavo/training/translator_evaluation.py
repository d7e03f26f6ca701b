"""How well a translator of words translates: BLEU and chrF by sacrebleu, of sentences that it was not trained on.

Two sets: sentences of the grammar drawn with another seed, none of which the training has read, and some written by hand
(`parallel/held_out.txt`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from octavo.training.parallel.lexicon import Three
from octavo.training.translator_network import Sample
from octavo.training.translator_training import GRAMMAR_LANGUAGES, grammar_sample
from octavo_generation.engines.translating.by_words import WordTranslator
from octavo_generation.engines.translating.port import Sentence
from octavo_generation.engines.translating.words import SLOT, joined

EVALUATION_SEED = "evaluation"
SENTENCES = 600
_NAMES = {"f": ("Nora", "Clara", "Marta", "Ada"), "m": ("Hugo", "Leo", "Max", "Tom"), "x": ("zibble", "quorn", "Brundle", "snark")}


@dataclass(frozen=True, slots=True)
class Scores:
    """Of 100; `kept_whole`: the share of sentences that the model left as they were."""

    bleu: float
    chrf: float
    sentences: int
    kept_whole: float


def by_hand() -> list[Three]:
    text = resources.files("octavo.training.parallel").joinpath("held_out.txt").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in text.splitlines() if line and not line.startswith("#")]
    return [(en.strip(), es.strip(), pt.strip()) for en, es, pt in rows]


def of_grammar(count: int = SENTENCES) -> list[tuple[Sentence, str]]:
    """Sentences as a person would write them, and their translations."""
    rng = random.Random(EVALUATION_SEED)
    return [_written(grammar_sample(rng, GRAMMAR_LANGUAGES), rng) for _ in range(count)]


def _written(sample: Sample, rng: random.Random) -> tuple[Sentence, str]:
    kept = {slot: rng.choice(_NAMES[slot[1]]) for slot in SLOT.findall(sample.read)}
    texts = [
        joined(text.split(), kept, ("“", "”"), capital=True, language=language)
        for text, language in ((sample.read, sample.source), (sample.written, sample.target))
    ]
    return Sentence(texts[0], sample.source, sample.target), texts[1]


def score(translator: WordTranslator, pairs: Sequence[tuple[Sentence, str]]) -> Scores:
    """Raises ImportError without sacrebleu."""
    from sacrebleu.metrics import BLEU, CHRF

    translations = translator.translate([sentence for sentence, _ in pairs])
    texts, references = [one.text for one in translations], [[reference for _, reference in pairs]]
    whole = sum(one.tokens[1] == 0 for one in translations) / len(pairs)
    return Scores(
        round(BLEU().corpus_score(texts, references).score, 1),
        round(CHRF().corpus_score(texts, references).score, 1),
        len(pairs),
        round(whole, 3),
    )


def measure(folder: Path) -> Mapping[str, Scores]:
    """For each direction and set; by hand all four directions from and to English."""
    translator = WordTranslator(folder)
    translator.load(lambda _stage: None)
    grammar, found = of_grammar(), {}
    for source in GRAMMAR_LANGUAGES:
        for target in GRAMMAR_LANGUAGES:
            pairs = [pair for pair in grammar if (pair[0].source, pair[0].target) == (source, target)]
            if pairs:
                found[f"grammar {source} → {target}"] = score(translator, pairs)
    for first, second in ((0, 1), (1, 0), (0, 2), (2, 0)):
        codes = GRAMMAR_LANGUAGES[first], GRAMMAR_LANGUAGES[second]
        pairs = [(Sentence(row[first], *codes), row[second]) for row in by_hand()]
        found[f"by hand {codes[0]} → {codes[1]}"] = score(translator, pairs)
    return found
