"""The reader: what a prompt names, in English and Spanish."""

from __future__ import annotations

import pytest

from octavo_generation.engines.sketch.kinds import KINDS
from octavo_generation.engines.sketch.reading import read_prompt, vocabulary
from octavo_generation.engines.sketch.scene import Mention
from octavo_generation.engines.sketch.things import SPRITES


def things(prompt: str) -> list[tuple[str, str | None, int | None]]:
    return [(thing.kind, thing.colour, thing.count) for thing in read_prompt(prompt).things]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a red kite over green hills", [("kite", "red", 1)]),
        ("una cometa roja sobre colinas verdes", [("kite", "red", 1)]),
        ("three black cats and a white dog", [("cat", "black", 3), ("dog", "white", 1)]),
        ("tres gatos negros y un perro blanco", [("cat", "black", 3), ("dog", "white", 1)]),
        ("birds", [("bird", None, None)]),
        ("peces de colores", [("fish", None, None)]),
        ("5 balloons", [("balloon", None, 5)]),
        ("a hot air balloon", [("balloon", None, 1)]),
        ("un globo aerostático azul", [("balloon", "blue", 1)]),
        ("a street lamp by the church", [("lamp", None, 1), ("church", None, 1)]),
        ("una rosa roja", [("flower", "red", 1)]),
        ("una casa rosa", [("house", "pink", 1)]),
        ("an orange cat under a blue umbrella", [("cat", "orange", 1), ("umbrella", "blue", 1)]),
        ("puppies", [("dog", None, None)]),
    ],
)
def test_things_with_their_colour_and_number(prompt: str, expected: list[tuple[str, str | None, int | None]]) -> None:
    assert things(prompt) == expected


def test_sizes() -> None:
    assert read_prompt("a tiny robot and a huge dragon").things == (
        Mention("robot", "robot", size="small"),
        Mention("dragon", "dragon", size="big"),
    )


@pytest.mark.parametrize(
    ("prompt", "places", "hour", "weathers"),
    [
        ("A futuristic city skyline at sunset", ("city",), "sunset", set()),
        ("Mountain landscape", ("mountains", "hills"), None, set()),
        ("Ocean waves", ("sea",), None, set()),
        ("un lago al amanecer con niebla", ("lake",), "dawn", {"fog"}),
        ("a rainy night street", ("road",), "night", {"rain"}),
        ("un bosque nevado de noche", ("forest",), "night", {"snow"}),
        ("under the sea", ("underwater",), None, set()),
    ],
)
def test_where_and_when(prompt: str, places: tuple[str, ...], hour: str | None, weathers: set[str]) -> None:
    reading = read_prompt(prompt)
    assert (reading.places, reading.hour, set(reading.weathers)) == (places, hour, weathers)


def test_a_pattern_has_its_colours() -> None:
    reading = read_prompt("Abstract geometric patterns in blue and gold")
    assert (reading.pattern, reading.colours, reading.things) == ("geometric", ("blue", "gold"), ())


def test_an_area_has_its_colour() -> None:
    assert read_prompt("a boat under a pink sky").tints == {"sky": "pink"}
    assert read_prompt("un barco bajo un cielo rosa").tints == {"sky": "pink"}


@pytest.mark.parametrize("prompt", ["a road without cars", "a road with no cars", "una carretera sin coches"])
def test_what_is_refused_is_left_out(prompt: str) -> None:
    reading = read_prompt(prompt)
    assert reading.places == ("road",)
    assert reading.things == ()


@pytest.mark.parametrize("prompt", ["", "   ", "justice", "asdf qwerty", "«»…!?", "日本語", "🙂"])
def test_unknown_words_read_as_nothing(prompt: str) -> None:
    assert read_prompt(prompt).empty


def test_every_kind_has_words_in_both_languages_a_role_and_a_sprite() -> None:
    named = {(sense.meaning, sense.language) for senses in vocabulary().values() for sense in senses if sense.section == "things"}
    assert named == {(kind, language) for kind in KINDS for language in ("en", "es")}
    assert set(KINDS) - set(SPRITES) == {"sun", "moon", "cloud", "rainbow"}, "these belong to the sky"


@pytest.mark.parametrize("section", ["things", "places", "hours", "weathers", "patterns", "colours", "manners"])
def test_every_word_is_read_as_one_of_its_meanings(section: str) -> None:
    for word, senses in vocabulary().items():
        if section not in {sense.section for sense in senses}:
            continue
        spanish = {sense.language for sense in senses} == {"es"}
        reading = read_prompt(f"el {word}" if spanish else f"the {word}")
        heard: set[str | None] = {thing.kind for thing in reading.things}
        heard |= {*reading.places, *reading.weathers, *reading.colours, *reading.manners, *reading.tints, reading.hour, reading.pattern}
        assert heard & {sense.meaning for sense in senses}, (word, reading)
