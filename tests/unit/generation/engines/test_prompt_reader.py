"""What the reader takes from a prompt: hero, place, thing, theme and opening, whatever comes in."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo_generation.engines.stories.prompt import LONGEST_OPENING, clean, read_prompt, spoken_language
from octavo_generation.engines.stories.reading import Friend
from octavo_generation.engines.stories.words import reading_words

# prompt, language told, hero (later mention), place (adverbial), thing (later mention), theme, opening
READ = [
    ("Luna found a lost kite by the river", "en", "Luna", "by the river", "the kite", "found", "Luna found a lost kite by the river."),
    ("Luna encontró una cometa", "es", "Luna", None, "la cometa", "found", "Luna encontró una cometa."),
    ("A brave fox", "en", "the fox", None, None, None, None),
    ("Un zorro valiente", "es", "el zorro", None, None, None, None),
    ("Hero17 walked home", "en", "Hero17", None, None, "journey", "Hero17 walked home."),
    ("Héroe17 caminó a casa", "es", "Héroe17", None, None, "journey", "Héroe17 caminó a casa."),
    (
        "Write a story about a dragon who is afraid of fire",
        "en",
        "the dragon",
        None,
        "fire",
        "fear",
        "Once there was a dragon who was afraid of fire.",
    ),
    (
        "Cuéntame la historia del dragón que tiene miedo al fuego",
        "es",
        "el dragón",
        None,
        "el fuego",
        "fear",
        "Había una vez un dragón que tenía miedo al fuego.",
    ),
    ("zzz", "en", "Zzz", None, None, None, None),
    ("🦊", "en", "🦊", None, None, None, None),
    ("luna found a kite", "en", "Luna", None, "the kite", "found", "Luna found a kite."),
    ("Mari\x00a\x07 lost her\n\nkeys", "en", "Maria", None, "the keys", "lost", "Maria lost her keys."),
    ("In a small village, Tom lost his watch", "en", "Tom", "in the small village", "the watch", "lost", None),
    ("En un pequeño pueblo, Tomás perdió su reloj", "es", "Tomás", "en el pequeño pueblo", "el reloj", "lost", None),
    ("Two brothers found a map in the attic", "en", "the two brothers", "in the attic", "the map", "found", None),
    (
        "Dos hermanas descubrieron un túnel bajo la escuela",
        "es",
        "la más valiente de las hermanas",
        "bajo la escuela",
        "el túnel",
        "secret",
        None,
    ),
    ("Captain Okoro sailed to the island", "en", "Captain Okoro", "on the island", None, "journey", None),
    ("El águila voló hacia la montaña", "es", "el águila", "en la montaña", None, None, None),
    ("Once upon a time there was a girl named Ana who lived in a forest", "en", "Ana", "in the forest", None, None, None),
    ("Había una vez un gato llamado Micho que vivía en un molino", "es", "Micho", "en el molino", None, None, None),
    ("Escribe un cuento sobre una niña que quiere volar", "es", "la niña", None, None, "wish", "Había una vez una niña que quería volar."),
    ("the last robot on the moon", "en", "the last robot", "on the moon", None, None, None),
    ("Un cuento de una gata que teme al agua", "es", "la gata", None, "el agua", "fear", "Había una vez una gata que temía al agua."),
    (
        "The little girl who was afraid of the dark",
        "en",
        "the girl",
        None,
        "the dark",
        "fear",
        "Once there was a little girl who was afraid of the dark.",
    ),
    (
        "The fox who lived in the tower found a map",
        "en",
        "the fox",
        "in the tower",
        None,
        None,
        "The fox who lived in the tower found a map.",
    ),
    ("Mrs. Potts lost her teapot", "en", "Mrs. Potts", None, "the teapot", "lost", "Mrs. Potts lost her teapot."),
    ("When Tom opened the door, he saw a dragon", "en", "Tom", None, "the door", None, None),
    ("Tres amigos viajan a la selva", "es", "el más valiente de los amigos", "en la selva", None, None, None),
]


@pytest.mark.parametrize(("prompt", "language", "hero", "place", "thing", "theme", "opening"), READ, ids=[row[0][:30] for row in READ])
def test_reads_who_where_and_what(
    prompt: str, language: str, hero: str, place: str | None, thing: str | None, theme: str | None, opening: str | None
) -> None:
    reading = read_prompt(prompt)

    assert reading.language == language
    assert reading.hero is not None
    assert reading.hero.later == hero
    assert (reading.place.adverbial if reading.place else None) == place
    assert (reading.thing.later if reading.thing else None) == thing
    assert reading.theme == theme
    if opening:
        assert reading.opening == opening


@pytest.mark.parametrize(
    ("prompt", "named", "gender"),
    [
        ("Luna walked home", True, "f"),
        ("Tom walked home", True, "m"),
        ("Hero17 walked home", True, "n"),
        ("The queen walked home", False, "f"),
        ("Two brothers walked home", False, "n"),
        ("A robot who lost his hat", False, "m"),
        ("Lucía caminó al bosque", True, "f"),
        ("Una zorra caminó al bosque", False, "f"),
        ("Los ratones encontraron un queso", False, "m"),
    ],
)
def test_guesses_the_gender(prompt: str, named: bool, gender: str) -> None:
    hero = read_prompt(prompt).hero

    assert hero is not None
    assert (hero.named, hero.gender) == (named, gender)


def test_two_people_are_hero_and_friend() -> None:
    reading = read_prompt("Luna and Max found a secret door under the stairs")

    assert reading.hero is not None
    assert reading.friend is not None
    assert (reading.hero.later, reading.friend.later, reading.friend.gender) == ("Luna", "Max", "m")


def test_whom_the_hero_meets_is_the_friend() -> None:
    english, spanish = read_prompt("Tom met a talking cat"), read_prompt("María conoció a un gato parlante")

    assert english.friend is not None
    assert spanish.friend is not None
    assert (english.friend.later, spanish.friend.later) == ("the cat", "el gato")


@pytest.mark.parametrize("prompt", ["Once upon a time", "Había una vez", "Érase una vez...", "Long ago"])
def test_a_bare_formula_is_known_for_one(prompt: str) -> None:
    assert read_prompt(prompt).formula


@pytest.mark.parametrize(
    ("prompt", "quote"),
    [
        ("I found a kite", "I found a kite"),
        ("How do I cook rice?", "How do I cook rice?"),
        ("Ayer encontré una moneda", "Ayer encontré una moneda"),
    ],
)
def test_words_that_tell_of_nobody_are_quoted(prompt: str, quote: str) -> None:
    assert read_prompt(prompt).quote == quote


@pytest.mark.parametrize(
    ("prompt", "topic"), [("tell me a story about friendship", "friendship"), ("una historia sobre la amistad", "la amistad")]
)
def test_a_topic_is_no_hero(prompt: str, topic: str) -> None:
    reading = read_prompt(prompt)

    assert (reading.topic, reading.hero) == (topic, None)


def test_a_place_alone_is_where_and_not_who() -> None:
    reading = read_prompt("una casa encantada")

    assert reading.hero is None
    assert reading.place is not None
    assert reading.place.adverbial == "en la casa encantada"


@pytest.mark.parametrize(
    ("prompt", "language", "hero"),
    [
        ("A brave fox", "es", "Fox"),
        ("Luna found a kite by the river", "es", "Luna"),
        ("Un zorro valiente", "en", "Zorro"),
        ("Luna perdió su gato", "en-GB", "Luna"),
    ],
)
def test_in_the_other_language_the_hero_stays_and_nothing_foreign_comes_along(prompt: str, language: str, hero: str) -> None:
    reading = read_prompt(prompt, language)

    assert reading.language == language[:2]
    assert reading.hero is not None
    assert (reading.hero.later, reading.hero.named, reading.opening, reading.place, reading.thing) == (hero, True, None, None, None)


@pytest.mark.parametrize(
    "prompt",
    [
        "Marie a trouvé un chat dans la forêt",
        "Der Fuchs ist in dem Wald und sucht ein Haus",
        "Привет, расскажи сказку про лису",
        "一只勇敢的狐狸",
    ],
)
def test_other_languages_fall_back_to_english(prompt: str) -> None:
    reading = read_prompt(prompt)

    assert reading.language == "en"
    assert reading.hero is not None or reading.quote is not None


def test_a_very_long_prompt_is_bounded() -> None:
    for prompt in ("a" * 8000, "lorem ipsum dolor " * 450, "Luna found a kite. " * 420, "x " * 4000):
        reading = read_prompt(prompt)

        assert len(reading.opening or "") <= LONGEST_OPENING + 1
        assert len(reading.quote or "") <= 201
        assert reading.hero is None or len(reading.hero.first) <= 60


def test_language_is_told_only_where_something_tells() -> None:
    assert [spoken_language(text) for text in ("the fox and the hen", "el zorro y la gallina", "zzz", "der Hund und die Katze")] == [
        "en",
        "es",
        None,
        "other",
    ]


def test_control_tokens_of_the_model_are_only_words() -> None:
    assert "<" not in clean("<|end|> <hero> found <place>")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.sampled_from([None, "en", "es", "fr", "zz-Latn"]))
def test_never_fails_and_never_hands_on_control_characters(prompt: str, language: str | None) -> None:
    reading = read_prompt(prompt, language)

    said = [reading.opening, reading.quote, reading.topic]
    said += [reading.hero.first, reading.hero.later] if reading.hero else []
    said += [reading.place.adverbial] if reading.place else []
    for text in said:
        assert text is None or text.strip(), repr((prompt, reading))
        assert text is None or (not any(unicodedata.category(c) == "Cc" for c in text))


def _is_no_word(text: str) -> bool:
    """A name may not be a verb, a number word or the like: those end the subject."""
    known = frozenset().union(*reading_words("en").values())
    return (
        text.isalnum()
        and text.lower() not in known
        and not text.lower().endswith(("ed", "s"))
        and unicodedata.normalize("NFC", text) == text
    )


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=20).filter(_is_no_word))
def test_any_name_before_a_verb_is_the_hero(name: str) -> None:
    hero = read_prompt(f"Captain {name} found a kite by the river", "en").hero

    assert hero is not None
    assert unicodedata.normalize("NFC", name).upper() in hero.later.upper()


def test_a_list_of_characters_is_read_and_not_told() -> None:
    reading = read_prompt("A kite that wanted to swim\n\nCharacters: Brisa (The wind's daughter; she is young); Old Tom.")
    assert reading.opening is not None
    assert "Brisa" not in reading.opening
    assert "Characters" not in reading.opening
    assert reading.companion == Friend("Brisa", "f")


def test_whom_the_prompt_tells_of_is_no_companion() -> None:
    reading = read_prompt("Luna found a lost kite by the river\n\nCharacters: Luna; Tom.")
    assert reading.hero is not None
    assert reading.hero.later == "Luna"
    assert reading.companion == Friend("Tom", "m")


def test_a_prompt_of_nobody_is_about_the_first_of_the_list() -> None:
    reading = read_prompt("Érase una vez\n\nPersonajes: Marina (una marinera).", "es")
    assert reading.hero is not None
    assert reading.hero.later == "Marina"


@pytest.mark.parametrize("prompt", ["A story\n\nCharacters: ", "A story\n\nCharacters: ();;", "\n\nCharacters: Tom", "Characters: Tom"])
def test_a_list_of_nobody_is_nothing(prompt: str) -> None:
    assert read_prompt(prompt).companion is None
