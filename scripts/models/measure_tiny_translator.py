"""BLEU and chrF of `builtin://tiny-translator` as its guide tells them: `python scripts/models/measure_tiny_translator.py [FOLDER]`.

Needs the environment of requirements/train.lock. A few seconds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from octavo.training.translator_evaluation import by_hand, measure
from octavo.training.translator_training import GRAMMAR_LANGUAGES
from octavo_generation.engines.translating.by_words import WordTranslator
from octavo_generation.engines.translating.port import Sentence

SHIPPED = Path(__file__).parents[2] / "services/generation/src/octavo_generation/engines/builtin/tiny_translator"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path, nargs="?", default=SHIPPED)
    options.add_argument("--show", action="store_true", help="the sentences written by hand that come out otherwise")
    chosen = options.parse_args()
    print("| Sentences | BLEU | chrF | how many | left as they were |\n|---|---|---|---|---|")
    for name, scores in measure(chosen.folder).items():
        print(f"| {name} | {scores.bleu} | {scores.chrf} | {scores.sentences} | {scores.kept_whole:.1%} |")
    if chosen.show:
        translator = WordTranslator(chosen.folder)
        translator.load(lambda _stage: None)
        for row in by_hand():
            for source, target in ((0, 1), (1, 0), (0, 2), (2, 0)):
                sentence = Sentence(row[source], GRAMMAR_LANGUAGES[source], GRAMMAR_LANGUAGES[target])
                said = translator.translate([sentence])[0].text
                if said != row[target]:
                    print(f"{row[source]}\n    {said}\n    {row[target]}")


if __name__ == "__main__":
    main()
