"""Measures a trained story model through the engine that serves it, on prompts that no training story was made from.

Every figure is a share of stories (0 to 1) unless its name says otherwise. `thresholds` beside them in `model.json` are what the
quality test holds the shipped weights to.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from octavo_core.spec.audiences import DEFAULT_AUDIENCES
from octavo_generation.engines.ctranslate2 import CTranslate2Engine
from octavo_generation.engines.port import Sampling, TextRequest
from octavo_generation.engines.stories.conditioning import AUDIENCES, LANGUAGES, Audience, Language

_ENGLISH = "the and was were with of to that she they his her it said but had for you this what not"
_SPANISH = "el los las una que y con por para su había del pero muy como más cuando dijo"
_FOREIGN_TO = {"es": frozenset(_ENGLISH.split()), "en": frozenset(_SPANISH.split())}

THRESHOLDS = {
    "ends_properly": 0.92,
    "keeps_hero": 0.98,
    "keeps_place": 0.7,
    "keeps_thing": 0.78,
    "no_sentence_twice": 0.95,
    "one_language": 0.95,
    "no_slot_left": 1.0,
    "distinct_2_en": 0.35,
    "distinct_2_es": 0.35,
}
"""The least that shipped weights may reach; the quality test reads them from `model.json`. Shares stand about three standard errors
below the mean of five seeds, since another processor rounds differently and so tells other stories."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A prompt and what of it the story must keep, in any case of letters; None where the prompt names none."""

    language: Language
    prompt: str
    hero: str | None = None
    place: str | None = None
    thing: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    asked: HeldOut
    audience: Audience
    text: str
    finish: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`sentence_words_*` are mean words a sentence; `distinct_2` is distinct word pairs over all word pairs of a language."""

    stories: int
    ends_properly: float
    keeps_hero: float
    keeps_place: float
    keeps_thing: float
    no_sentence_twice: float
    one_language: float
    no_slot_left: float
    distinct_2_en: float
    distinct_2_es: float
    sentence_words_children: float
    sentence_words_young: float
    sentence_words_adult: float


def held_out() -> list[HeldOut]:
    raw = json.loads(resources.files("octavo.training").joinpath("stories", "held_out.json").read_text(encoding="utf-8"))
    return [HeldOut(language, **entry) for language in LANGUAGES for entry in raw[language]]


def tell_stories(engine: CTranslate2Engine, *, seed: int = 0) -> list[Story]:
    """One story for every held-out prompt and audience, with the platform's default sampling for that audience."""
    asked = [(prompt, audience) for prompt in held_out() for audience in AUDIENCES]
    requests = []
    for place, (prompt, audience) in enumerate(asked):
        default: dict[str, Any] = DEFAULT_AUDIENCES[audience].sampling
        requests.append(TextRequest(prompt.prompt, Sampling(**default, seed=seed + place), audience, prompt.language))
    told = engine.generate(requests, lambda _index, _text: None, lambda _index: False)
    return [Story(prompt, audience, result.text, result.finish_reason) for (prompt, audience), result in zip(asked, told, strict=True)]


def measure(stories: Sequence[Story]) -> Evaluation:
    return Evaluation(
        stories=len(stories),
        ends_properly=_share([s.finish == "stop" and re.search(r"[.!?…][”»]?$", s.text) is not None for s in stories]),
        keeps_hero=_share([_keeps(s.text, s.asked.hero, 2) for s in stories if s.asked.hero]),
        keeps_place=_share([_keeps(s.text, s.asked.place, 2) for s in stories if s.asked.place]),
        keeps_thing=_share([_keeps(s.text, s.asked.thing, 2) for s in stories if s.asked.thing]),
        no_sentence_twice=_share([not repeated_sentences(s.text) for s in stories]),
        one_language=_share([not foreign_words(s.text, s.asked.language, s.asked.prompt) for s in stories]),
        no_slot_left=_share([not re.search(r"[<>|]", s.text) for s in stories]),
        distinct_2_en=_distinct_2([s.text for s in stories if s.asked.language == "en"]),
        distinct_2_es=_distinct_2([s.text for s in stories if s.asked.language == "es"]),
        **{f"sentence_words_{audience}": _sentence_words([s.text for s in stories if s.audience == audience]) for audience in AUDIENCES},
    )


def evaluate_story(model: Path, *, seed: int = 0) -> Evaluation:
    """Loads `model` and measures it; writes figures and thresholds into its `model.json`."""
    engine = CTranslate2Engine(model)
    engine.load(lambda _stage: None)
    figures = measure(tell_stories(engine, seed=seed))
    about = json.loads((model / "model.json").read_text(encoding="utf-8"))
    about["evaluation"], about["thresholds"] = asdict(figures), THRESHOLDS
    (model / "model.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return figures


def sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[.!?…])[”»]?\s+", text) if part.strip()]


def repeated_sentences(text: str) -> list[str]:
    """Sentences of four words or more that come twice."""
    long = [sentence for sentence in sentences(text) if len(sentence.split()) >= 4]
    return sorted({sentence for sentence in long if long.count(sentence) > 1})


def foreign_words(text: str, language: Language, prompt: str = "") -> list[str]:
    """Function words of the other language that are not the prompt's own."""
    own = set(re.findall(r"\w+", prompt.lower()))
    return [word for word in re.findall(r"\w+", text.lower()) if word in _FOREIGN_TO[language] and word not in own]


def _keeps(text: str, word: str | None, times: int) -> bool:
    return word is not None and len(re.findall(rf"(?<!\w){re.escape(word.lower())}(?!\w)", text.lower())) >= times


def _share(values: Sequence[bool]) -> float:
    return round(sum(values) / max(1, len(values)), 4)


def _sentence_words(texts: Sequence[str]) -> float:
    lengths = [len(sentence.split()) for text in texts for sentence in sentences(text)]
    return round(sum(lengths) / max(1, len(lengths)), 2)


def _distinct_2(texts: Sequence[str]) -> float:
    pairs: list[tuple[str, str]] = []
    for text in texts:
        words = re.findall(r"\w+", text.lower())
        pairs += itertools.pairwise(words)
    return round(len(set(pairs)) / max(1, len(pairs)), 4)
