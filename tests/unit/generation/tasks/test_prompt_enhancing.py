"""Enhancing prompts: adds, never changes, and keeps its hands off where something plain is meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_generation.images.enhancing import enhance


@pytest.mark.parametrize(
    "prompt",
    [
        "A cat",
        "Mountain landscape",
        "Ocean waves",
        "An old man with a dog by the sea",
        "Un gato en la cocina",
        "una niña con un perro en el bosque",
    ],
)
def test_light_composition_and_detail_are_added_behind_the_persons_own_words(prompt: str) -> None:
    enhanced = enhance(prompt, most_chars=4_000)
    assert enhanced is not None
    assert enhanced.startswith(f"{prompt}, ")
    assert len(enhanced.removeprefix(prompt).split(", ")) == 4, "nothing, light, composition, detail"
    assert enhance(prompt, most_chars=4_000) == enhanced, "the same every time"


@pytest.mark.parametrize(
    ("prompt", "never"),
    [
        ("A city at night", "light"),
        ("A cat under a candle", "light"),
        ("Una calle de noche en la ciudad", "luz"),
        ("A close portrait of a woman", "composition"),
        ("Retrato de una mujer con sombrero", "composición"),
        ("An abstract painting of the sea", "detail"),
    ],
)
def test_what_the_prompt_speaks_of_is_left_to_it(prompt: str, never: str) -> None:
    enhanced = enhance(prompt, most_chars=4_000)
    assert enhanced is not None
    assert never not in enhanced.removeprefix(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "A logo for a bakery",
        "Simple diagram of a pump",
        "A house without windows",
        "A wall with no shadows",
        "The word HELLO in the sand",
        "Un cartel que dice HOLA",
        "Una casa sin ventanas",
        "Black and white cat",
        "Line art of a dragon",
        "Un mapa de la isla",
        "Icono de una casa",
        "Un chien dans la neige avec une balle",
        "Ein Hund mit einem Ball im Schnee",
        "Um cachorro com uma bola na praia",
        "Un cane con la palla sulla spiaggia di notte",
        "Кот на крыше",
        "屋根の上の猫",
        "🙂",
        "12345",
        " ".join(["word"] * 31),
    ],
)
def test_where_the_persons_own_words_are_best(prompt: str) -> None:
    assert enhance(prompt, most_chars=4_000) is None


def test_it_stays_within_the_providers_bound() -> None:
    whole = enhance("A cat", most_chars=4_000)
    assert whole is not None
    assert enhance("A cat", most_chars=len(whole)) == whole
    assert enhance("A cat", most_chars=len(whole) - 1) is None


@given(st.text(max_size=300), st.integers(1, 400))
def test_nothing_is_ever_taken_away(prompt: str, most: int) -> None:
    enhanced = enhance(prompt, most_chars=most)
    if enhanced is not None:
        assert enhanced.startswith(prompt.rstrip(" .,;\n") + ", ")
        assert len(enhanced) <= most
