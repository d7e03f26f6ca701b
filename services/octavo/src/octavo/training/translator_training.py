"""Trains a translator from scratch: `builtin://tiny-translator` on sentences from the parallel grammar, or one of a user's own on their
texts, with the grammar's sentences among them where it knows both languages.

The same machine, seed, steps and threads give the same weights, also when the training was killed and went on.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from octavo.training.exporting import convert
from octavo.training.fitting import Fit, Plan, TrainingProgress, fit, forget_checkpoint, identity_of, prepare_torch
from octavo.training.parallel.sentences import write_pair
from octavo.training.requirements import require_training_packages
from octavo.training.translator_network import Batches, Sample, Shape, make_network, save_hugging_face, word_tokenizer

GRAMMAR_LANGUAGES = ("eng_Latn", "spa_Latn", "por_Latn")
"""In the order of the parallel grammar."""
VERSION = "1.0.0"
DEFAULT_STEPS = 2600
_SEEN = 90_000
"""Sentences whose words make the vocabulary."""
_POOL = 8
_HELD_OUT = 400


@dataclass(frozen=True, slots=True)
class TranslatorReport:
    """Where the model lies and what came of it."""

    model: Path
    hugging_face: Path
    languages: tuple[str, ...]
    words: int
    fit: Fit
    weights_sha256: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """`samples` are a user's own; `grammar`: the languages of which the grammar writes more; `share` of a batch that is its."""

    languages: tuple[str, ...]
    samples: tuple[Sample, ...] = ()
    held_out: tuple[Sample, ...] = ()
    grammar: tuple[str, ...] = GRAMMAR_LANGUAGES
    share: float = 1.0


def grammar_sample(rng: random.Random, languages: Sequence[str]) -> Sample:
    numbers = [GRAMMAR_LANGUAGES.index(language) for language in languages]
    if len(numbers) == len(GRAMMAR_LANGUAGES):
        pair = write_pair(rng)
    else:
        source, target = rng.sample(numbers, 2)
        pair = write_pair(rng, source=source, target=target)
    return Sample(GRAMMAR_LANGUAGES[pair.source], GRAMMAR_LANGUAGES[pair.target], pair.read, pair.written)


def train_translator(
    out: Path,
    *,
    corpus: Corpus | None = None,
    name: str = "tiny-translator",
    steps: int | None = None,
    seed: int = 0,
    threads: int = 1,
    shape: Shape | None = None,
    patience: int = 8,
    checkpoint_every: int = 100,
    on_progress: Callable[[TrainingProgress], None],
) -> TranslatorReport:
    """Writes `out/story_model/` (Hugging Face layout) and `out/NAME` (what the engine loads), dashes as underscores. Called again after a
    kill it goes on. Raises Misconfigured where torch, transformers or ctranslate2 are missing."""
    require_training_packages()
    corpus, shape = corpus or Corpus(GRAMMAR_LANGUAGES), shape or Shape()
    steps = DEFAULT_STEPS if steps is None else steps
    on_progress(TrainingProgress("vocabulary", 0, 1))
    words = vocabulary(corpus, seed=seed)
    every = sorted(set().union(*words.values()))
    tokenizer = word_tokenizer(corpus.languages, every)
    plan = Plan(
        steps=steps,
        seed=seed,
        threads=threads,
        warm_steps=200,
        decay=0.01,
        evaluate_every=max(1, min(400, steps // 4)),
        patience=patience,
        checkpoint_every=checkpoint_every,
        folder=out,
        identity=identity_of(corpus.languages, every, [asdict(one) for one in corpus.samples], asdict(shape), steps, seed, VERSION),
    )
    prepare_torch(plan)
    network = make_network(tokenizer.get_vocab_size(), shape)
    batches = Batches(tokenizer, shape.longest)
    pool = _Pool(corpus, seed, shape.batch)
    held_out = corpus.held_out or _grammar_held_out(corpus, seed)

    def evaluate() -> float:
        parts = [held_out[i : i + shape.batch] for i in range(0, len(held_out), shape.batch)]
        return float(sum(batches.loss(network, part).item() * len(part) for part in parts)) / len(held_out)

    fitted = fit(network, lambda step: batches.loss(network, pool.batch(step)), plan, evaluate=evaluate, on_progress=on_progress)
    on_progress(TrainingProgress("export", 0, 1))
    hugging_face, model = out / "story_model", out / name.replace("-", "_")
    save_hugging_face(network, tokenizer, corpus.languages, hugging_face)
    convert(hugging_face, model)
    digest = hashlib.sha256((model / "model.bin").read_bytes()).hexdigest()
    about = {
        "name": name,
        "version": VERSION,
        "prompting": "translation",
        "languages": list(corpus.languages),
        "context_tokens": shape.longest,
        "max_batch": 32,
        "training": {"seed": seed, "steps": fitted.steps, "shape": asdict(shape), "held_out_loss": fitted.held_out},
        "weights_sha256": digest,
    }
    (model / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    known = {language: " ".join(sorted(words[language])) for language in corpus.languages}
    (model / "words.json").write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    forget_checkpoint(out)
    return TranslatorReport(model, hugging_face, corpus.languages, len(every), fitted, digest)


def vocabulary(corpus: Corpus, *, seed: int) -> dict[str, set[str]]:
    """The words of each language, punctuation among them; what came once in the grammar's sentences is left out."""
    counts: dict[str, Counter[str]] = {language: Counter() for language in corpus.languages}
    if corpus.grammar:
        rng = random.Random(f"{seed} words")
        for _ in range(_SEEN if corpus.share == 1.0 else _SEEN // 3):
            sample = grammar_sample(rng, corpus.grammar)
            counts[sample.source].update(sample.read.split())
            counts[sample.target].update(sample.written.split())
    words = {language: {word for word, count in counted.items() if count > 1} for language, counted in counts.items()}
    for sample in corpus.samples:
        words[sample.source].update(sample.read.split())
        words[sample.target].update(sample.written.split())
    return {language: {word for word in found if not word.startswith("<")} for language, found in words.items()}


def _grammar_held_out(corpus: Corpus, seed: int) -> tuple[Sample, ...]:
    rng = random.Random(f"{seed} held out")
    return tuple(grammar_sample(rng, corpus.grammar) for _ in range(_HELD_OUT))


class _Pool:
    """The batches, each by its number: sentences of like length together, so that little is padding."""

    def __init__(self, corpus: Corpus, seed: int, size: int) -> None:
        self._corpus = corpus
        self._seed = seed
        self._size = size
        self._number = -1
        self._batches: list[list[Sample]] = []

    def batch(self, step: int) -> list[Sample]:
        number, place = divmod(step, _POOL)
        if number != self._number:
            self._number, self._batches = number, self._draw(number)
        return self._batches[place]

    def _draw(self, number: int) -> list[list[Sample]]:
        rng, corpus = random.Random(f"{self._seed} {number}"), self._corpus
        wanted = self._size * _POOL
        own = 0 if not corpus.samples else wanted - round(wanted * corpus.share)
        drawn = [rng.choice(corpus.samples) for _ in range(own)]
        drawn += [grammar_sample(rng, corpus.grammar) for _ in range(wanted - own)]
        drawn.sort(key=lambda sample: len(sample.read))
        batches = [drawn[i : i + self._size] for i in range(0, wanted, self._size)]
        rng.shuffle(batches)
        return batches
