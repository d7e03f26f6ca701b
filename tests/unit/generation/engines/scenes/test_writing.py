"""The local writer: scenes by rules, in two languages, the same for the same seed."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from octavo_core.spec.scripts import BeatKind
from octavo_generation.engines.scenes import LANGUAGES, SceneRequest, SceneWriter
from octavo_generation.engines.scenes.lines import lines_in
from octavo_generation.engines.scenes.writing import subject_of
from octavo_generation.scripts.fountain import count_words, faults_of, read, with_title_page

KINDS: tuple[BeatKind, ...] = ("opening", "trouble", "turn", "climax", "ending")
REQUEST = SceneRequest(
    title="My Script",
    description="A compelling drama about two sisters",
    language="en",
    form="screenplay",
    scenes=[("opening", 250)],
    heading="INT. KITCHEN - DAY",
    seed=7,
)


def write(**changes: object) -> str:
    return SceneWriter().write(replace(REQUEST, **changes))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["screenplay", "spoken"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_scene_of_each_kind_is_sound_and_as_long_as_it_shall_be(language: str, form: str, kind: BeatKind) -> None:
    for words in (30, 80, 250, 450):
        text = write(language=language, form=form, scenes=[(kind, words)], cast=("HOST", "GUEST") if form == "spoken" else ())
        assert faults_of(with_title_page(text, [("Title", "x")])) == []
        assert abs(count_words(text) - words) <= max(0.1 * words, 12), words


def test_the_same_seed_writes_the_same_and_another_one_something_else() -> None:
    assert write() == write()
    assert write() != write(seed=8)


def test_a_line_is_not_used_twice_before_all_have_been() -> None:
    scenes: list[tuple[BeatKind, int]] = [(kind, 285) for kind in KINDS]
    lines = [
        line
        for at in range(len(scenes))
        for scene in [write(scenes=scenes[: at + 1])]
        for line in scene.split("\n\n")
        if not line.startswith("INT.") and len(line.split()) > 6
    ]
    assert len(lines) > 80
    assert len(set(lines)) / len(lines) > 0.98


def test_it_is_about_what_was_asked_for_and_has_who_was_named() -> None:
    text = write(scenes=[("opening", 400)], cast=("Berta", "Quim"))
    assert "two sisters" in text
    _, scenes = read(text)
    assert {"BERTA", "QUIM"} <= set(scenes[0].characters)


def test_nobody_answers_themselves() -> None:
    for seed in range(20):
        paragraphs = write(seed=seed, scenes=[("trouble", 400)]).split("\n\n")
        cues = [one.split("\n")[0] if "\n" in one else "" for one in paragraphs]
        assert all(not (first and first == second) for first, second in pairwise(cues)), seed


def test_spanish_contracts_its_articles() -> None:
    texts = [write(language="es", seed=seed, description="Un drama sobre el mar", scenes=[("opening", 400)]) for seed in range(20)]
    assert any(re.search(r"\bdel mar\b", text) for text in texts)
    assert not any(re.search(r"\b(de el|a el)\b", text) for text in texts)


def test_what_goes_on_within_a_scene_has_no_heading_of_its_own() -> None:
    assert "INT." not in write(heading=None)


@pytest.mark.parametrize(
    ("title", "description", "subject"),
    [
        ("My Script", "A compelling drama about two sisters. They quarrel.", "two sisters"),
        ("My Script", "A compelling drama about...", "My Script"),
        ("El faro", "Una historia sobre un faro, y quien lo cuida", "un faro"),
        ("Rivers", "How rivers shape cities", "Rivers"),
        ("X", "A film about one two three four five six seven eight nine ten", "one two three four five six seven eight"),
    ],
)
def test_what_it_is_about(title: str, description: str, subject: str) -> None:
    assert subject_of(title, description) == subject


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_can_be_filled(language: str) -> None:
    lines = lines_in(language)
    filling = {"a": "A", "b": "B", "c": "C", "thing": "T", "topic": "X"}
    for kinds in (lines.actions, lines.exchanges, lines.solos, lines.talks, lines.cues):
        assert set(kinds) == {*KINDS, "any"}
        for line in (one for pool in kinds.values() for one in pool):
            assert line.format(**filling)
    for exchange in (one for pool in (*lines.exchanges.values(), *lines.talks.values()) for one in pool):
        turns = [turn.partition(": ") for turn in exchange.split(" / ")]
        assert all(who in ("a", "b", "c") and words for who, _, words in turns), exchange
        assert all(first[0] != second[0] for first, second in pairwise(turns)), exchange
