"""`octavo train translator --data`: a translator of words on a user's pairs of texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from octavo.training.applying import write_yaml
from octavo.training.fitting import TrainingProgress
from octavo.training.own_story import OwnReport
from octavo.training.own_texts import AlignedText, is_held_out, read_aligned
from octavo.training.requirements import require_training_packages
from octavo.training.translator_network import Sample, Shape
from octavo.training.translator_training import GRAMMAR_LANGUAGES, Corpus, train_translator
from octavo_core.errors import InvalidInput
from octavo_generation.engines.stories.words import gender_of_names
from octavo_generation.engines.translating.languages import find_language
from octavo_generation.engines.translating.words import ENGLISH, NOUNS_WITH_CAPITALS, Split, split

SIZES = {
    "tiny": Shape(width=48, inner=96, encoder_layers=1, decoder_layers=1, heads=2, batch=24),
    "small": Shape(),
    "medium": Shape(width=256, inner=1024, encoder_layers=4, decoder_layers=4, heads=8),
}
DEFAULT_STEPS = 3000
_GRAMMAR_SHARE = 0.5
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


def train_own_translator(
    data: Path,
    out: Path,
    *,
    name: str,
    size: str = "small",
    steps: int | None = None,
    seed: int = 0,
    threads: int = 1,
    patience: int = 5,
    checkpoint_every: int = 50,
    on_progress: Callable[[TrainingProgress], None],
) -> OwnReport:
    """Writes `out/story_model/`, `out/NAME/` (dashes as underscores) and `out/NAME.yaml`. Where the grammar knows the languages, half of
    what is learned is its. Called again after a kill it goes on. Raises Misconfigured, InvalidInput."""
    require_training_packages()
    on_progress(TrainingProgress("corpus", 0, 1))
    aligned = read_aligned(data)
    codes = {code for one in aligned for code in _both(one)}
    samples = _samples(aligned)
    grammar = tuple(code for code in GRAMMAR_LANGUAGES if code in codes)
    held_out = [sample for sample in samples if is_held_out(sample.read + sample.written)] or samples[-2:]
    learned = [sample for sample in samples if not is_held_out(sample.read + sample.written)] or samples
    corpus = Corpus(
        tuple(sorted(codes)),
        tuple(learned),
        tuple(held_out),
        grammar if len(grammar) > 1 else (),
        _GRAMMAR_SHARE if len(grammar) > 1 else 0.0,
    )
    report = train_translator(
        out,
        corpus=corpus,
        name=name,
        steps=DEFAULT_STEPS if steps is None else steps,
        seed=seed,
        threads=threads,
        shape=SIZES[size],
        patience=patience,
        checkpoint_every=checkpoint_every,
        on_progress=on_progress,
    )
    resource = write_yaml(out, name, task="translation", model=report.model)
    return OwnReport(report.model, report.hugging_face, resource, len(samples), len(held_out), report.fit)


def _both(aligned: AlignedText) -> tuple[str, str]:
    first, second = (find_language(name) for name in aligned.languages)
    if first is None or second is None or first == second:
        raise InvalidInput(f"{' and '.join(aligned.languages)}: not two languages that are known here; name them as en, es, pt …")
    return first.code, second.code


def _samples(aligned: Sequence[AlignedText]) -> list[Sample]:
    """Both ways. A word that stands in both texts as it is, with a capital, is a name: the model learns where it goes and not how it is
    spelled."""
    lines = [(*_both(one), first, second) for one in aligned for first, second in one.lines]
    words: dict[str, set[str]] = {}
    for one_code, other_code, first, second in lines:
        for code, text in ((one_code, first), (other_code, second)):
            words.setdefault(code, set()).update(word if code in NOUNS_WITH_CAPITALS else word.lower() for word in _WORD.findall(text))
    names = {**gender_of_names("es"), **gender_of_names("en")}
    samples: list[Sample] = []
    for source, target, first, second in lines:
        shared = {word for word in {*_WORD.findall(first)} & {*_WORD.findall(second)} if word[0].isupper()}
        copied = shared | {word.lower() for word in shared}
        read = split(first, _known(words[source], source) - copied, language=source, names=names)
        written = split(second, _known(words[target], target) - copied, language=target, names=names)
        if read is not None and written is not None and sorted(read.kept.values()) == sorted(written.kept.values()):
            samples += [_sample(source, target, read, written), _sample(target, source, written, read)]
    if not samples:
        raise InvalidInput("none of the pairs of lines can be learned from: their names or numbers do not go together")
    return samples


def _known(words: set[str], code: str) -> frozenset[str]:
    """English short forms are read in full, so what they stand for counts as known and they do not."""
    if code != ENGLISH:
        return frozenset(words)
    short = {word for word in words if "'" in word or "’" in word}
    stems = {word.replace("’", "'").removesuffix("n't").partition("'")[0] for word in short}
    return frozenset((words - short) | stems | {"not", "is", "am", "are", "will", "have", "us", "can", "shall", "'s"})


def _sample(source: str, target: str, read: Split, written: Split) -> Sample:
    """Slots of what is written by the numbers that they have in what is read."""
    by_phrase: dict[str, list[str]] = {}
    for slot, phrase in read.kept.items():
        by_phrase.setdefault(phrase, []).append(slot)
    numbered = {slot: by_phrase[phrase].pop(0) for slot, phrase in written.kept.items()}
    return Sample(source, target, " ".join(read.tokens), " ".join(numbered.get(token, token) for token in written.tokens))
