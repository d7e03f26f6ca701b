"""What writers send, made into Fountain; cut to length; checked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo_generation.scripts.fountain import clean, count_words, faults_of, read, shorten, whole, with_title_page

HEADING = "INT. KITCHEN - DAY"
SCENE = """INT. KITCHEN - DAY

Maya pours two cups of tea.

MAYA
You kept it all this time.

JONAH (O.S.)
(laughing)
I kept everything. It was easier than choosing."""


def sound(body: str) -> str:
    return with_title_page(body, [("Title", "My Script")])


def test_a_clean_scene_stays_as_it_is() -> None:
    assert clean(SCENE, HEADING, begins=True) == SCENE
    assert faults_of(sound(SCENE)) == []


def test_a_model_that_wraps_its_answer_is_unwrapped() -> None:
    chatty = f"Sure! Here is the scene you asked for:\n\n```fountain\n{SCENE}\n```"
    assert clean(chatty, HEADING, begins=True) == SCENE


@pytest.mark.parametrize(
    "said",
    [
        "MAYA: You kept it all this time.",
        "**MAYA:** You kept it all this time.",
        "MAYA\n\nYou kept it all this time.",
        "MAYA\nYou kept it all this time.",
    ],
)
def test_ways_to_write_who_speaks(said: str) -> None:
    text = clean(f"**int. kitchen - day**\n\n{said}\nJONAH\nI did.", HEADING, begins=True)
    _, scenes = read(sound(text))
    assert [(one.character, one.text) for one in scenes[0].elements] == [("MAYA", "You kept it all this time."), ("JONAH", "I did.")]
    assert scenes[0].heading == HEADING


def test_a_scene_without_a_heading_gets_the_planned_one() -> None:
    text = clean("Maya waits.", HEADING, begins=True)
    assert text == f"{HEADING}\n\nMaya waits."
    assert clean("Maya waits.", HEADING, begins=False) == "Maya waits."


def test_a_cue_with_nothing_behind_it_is_left_out() -> None:
    assert clean(f"{HEADING}\n\nMaya waits.\n\nMAYA", HEADING, begins=True) == f"{HEADING}\n\nMaya waits."


def test_segments_of_what_is_spoken() -> None:
    text = clean(".COLD OPEN\n\nHOST: Welcome.\n\nGUEST: Glad to be here.", ".COLD OPEN", begins=True)
    _, scenes = read(sound(text))
    assert (scenes[0].heading, scenes[0].characters) == ("COLD OPEN", ["HOST", "GUEST"])


def test_words() -> None:
    assert count_words("INT. KITCHEN - DAY\n\nDon't — wait … 3 cups.") == 7


def test_cut_to_length_at_whole_sentences_and_never_after_a_heading_or_a_cue() -> None:
    text = f"{SCENE}\n\nINT. HALL - NIGHT\n\nA door closes. Nobody comes. It is late."
    for most in range(3, count_words(text) + 1):
        short = shorten(text, most)
        assert count_words(short) <= most
        assert short == "" or short.endswith((".", "?", "!")) or short == HEADING
        last = short.split("\n\n")[-1]
        assert last not in ("INT. HALL - NIGHT", "MAYA", "JONAH (O.S.)")
    assert shorten(text, 10_000) == text


def test_a_sentence_that_was_cut_off_goes() -> None:
    assert whole(f"{HEADING}\n\nMaya waits. She does not kn") == f"{HEADING}\n\nMaya waits."
    assert whole(f"{HEADING}\n\nMaya waits.\n\nMAYA\nYou never") == f"{HEADING}\n\nMaya waits."
    assert whole(SCENE) == SCENE


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (SCENE, "no Title"),
        (sound("Maya waits."), "no scene heading"),
        (sound(f"Maya waits.\n\n{SCENE}"), "before the first scene heading"),
        (sound(f"{SCENE}\n\nINT. HALL - NIGHT"), "scene 2 (INT. HALL - NIGHT) is empty"),
        (sound(f"{SCENE}\n\n```"), "fence"),
        (sound(f"{SCENE}\x07"), "control characters"),
        (sound(f"{SCENE}\n\nMAYA\n(nods)"), "MAYA says nothing"),
    ],
)
def test_what_is_no_sound_script(text: str, fault: str) -> None:
    assert any(fault in found for found in faults_of(text)), faults_of(text)


def test_a_title_page_takes_one_line_a_field() -> None:
    title, _ = read(with_title_page(SCENE, [("Title", "My\nScript: a story"), ("Credit", ""), ("Notes", "By hand")]))
    assert title == {"Title": "My Script: a story", "Notes": "By hand"}


_PIECES = st.sampled_from(
    [
        "INT. HALL - NIGHT",
        "**EXT. ROAD - DAY**",
        ".COLD OPEN",
        "MAYA",
        "MAYA (V.O.)",
        "MAYA: Hello there.",
        "**JONAH:** Hello.",
        "(laughing)",
        "CUT TO:",
        "FADE OUT.",
        "THE END",
        "```",
        "# Scene 1",
        "== ==",
        "---",
        "> centered <",
        "Maya waits. Nobody comes",
        "¿Qué? ¡Nada!",
        "[[a note]]",
        "/* never closed",
        "~song~",
        "!FORCED",
        "@maya",
        "",
        "",
        "\x07",
        "a" * 300,
    ]
)


@settings(max_examples=300)
@given(st.lists(_PIECES | st.text(max_size=40), max_size=30), st.integers(1, 60), st.booleans())
def test_whatever_a_writer_sends_becomes_something_that_can_be_read(pieces: list[str], most: int, begins: bool) -> None:
    text = clean("\n".join(pieces), HEADING, begins=begins)
    assert clean(text, HEADING, begins=begins) == text, "made clean once is clean"
    for part in (text, whole(text), shorten(text, most)):
        read(sound(part))
    assert count_words(shorten(text, most)) <= most
    if begins and count_words(text) > count_words(HEADING):
        assert read(sound(text))[1][0].heading
