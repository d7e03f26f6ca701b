"""The grammar that writes the training stories: by seed, whole, and right in both languages. No torch."""

from __future__ import annotations

import random
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo.training.story_evaluation import foreign_words, held_out, repeated_sentences
from octavo.training.story_grammar import draw_conditions, expand, load_grammar, write_corpus, write_story
from octavo_generation.engines.stories.conditioning import (
    AGREEMENT,
    AUDIENCES,
    LANGUAGES,
    SLOTS,
    THEMES,
    Audience,
    Conditions,
    Language,
    special_tokens,
)

CONTROL = re.compile("|".join(token for token in special_tokens() if token not in SLOTS and "|" not in token))


def test_the_same_seed_writes_the_same_corpus() -> None:
    assert list(write_corpus(7, 50)) == list(write_corpus(7, 50))
    assert [e.text for e in write_corpus(7, 50)] != [e.text for e in write_corpus(8, 50)]


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_a_story_is_whole(seed: int) -> None:
    rng = random.Random(seed)
    conditions = draw_conditions(rng)
    written = write_story(conditions, rng)

    assert set(CONTROL.findall(written)) <= set(conditions.tokens())
    story = CONTROL.sub("", written)
    tokens = set(re.findall(r"<[^>]*>", story))
    assert all(token in SLOTS or AGREEMENT.fullmatch(token) for token in tokens)
    assert not re.search(r"[{}\[\]|%@]|  ", story)
    assert re.search(r"[.!?…][”»]?$", story)
    assert "<hero>" in story
    assert "<place>" in story or "<spot>" in story
    assert ("<thing0>" not in story) or not conditions.told
    assert not repeated_sentences(story)
    assert not foreign_words(re.sub(r"<[^>]*>", "", story), conditions.language)
    assert 4 <= len(re.findall(r"[.!?…][”»]?(?:\s|$)", story)) <= 40
    for token in tokens - set(SLOTS):
        assert isinstance(conditions.agree(token), str)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_sentence_of_every_plot_can_be_told(language: Language, audience: Audience) -> None:
    grammar = load_grammar(language, audience)
    sentences = [s for part in (grammar.openings, grammar.goal, grammar.payoff, grammar.ending) for theme in THEMES for s in part[theme]]
    sentences += [s for beat in grammar.beats.values() for s in beat] + [s for t in grammar.troubles for s in (*t.trouble, *t.resolve)]
    conditions = Conditions(language, audience, "open", told=False, hero_named=True, hero_gender="f", friend_gender="m")
    for sentence in sentences:
        told = expand(sentence.removeprefix("@name ").removeprefix("@noun "), conditions, random.Random(0))
        assert not re.search(r"[{}\[\]|%@]", told), sentence
        for match in AGREEMENT.finditer(told):
            forms = {"H": 3 if language == "en" else 2, "F": 2, "T": 4, "N": 2}[match[1].upper()]
            assert len(match[2].split("/")) == forms, sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_audiences_differ_in_the_length_of_their_sentences(language: Language) -> None:
    means = {}
    for audience in AUDIENCES:
        texts = [
            CONTROL.sub("", e.text) for e in write_corpus(0, 600) if e.conditions.language == language and e.conditions.audience == audience
        ]
        words = sum(len(text.split()) for text in texts)
        means[audience] = words / sum(len(re.findall(r"[.!?…][”»]?(?:\s|$)", text)) for text in texts)
    assert means["children"] < means["young"] < means["adult"]


def test_stories_are_many() -> None:
    texts = [e.text for e in write_corpus(1, 3000)]
    assert len(set(texts)) > 2990


def test_an_unknown_macro_is_named() -> None:
    conditions = Conditions("es", "children", "open", told=False, hero_named=True, hero_gender="f", friend_gender="m")
    with pytest.raises(ValueError, match="%his"):
        expand("%his hat", conditions, random.Random(0))


def test_held_out_prompts_are_enough() -> None:
    assert len(held_out()) * len(AUDIENCES) >= 120


def test_no_torch_was_needed() -> None:
    assert "torch" not in sys.modules
