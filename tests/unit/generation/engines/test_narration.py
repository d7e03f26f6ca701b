"""Text that streams: pieces join to the whole, slots fit their place, no character is torn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from octavo_generation.engines.stories.conditioning import Conditions
from octavo_generation.engines.stories.narration import Narration

EN = Conditions("en", "children", "open", told=False, hero_named=True, hero_gender="f", friend_gender="m")
ES = Conditions("es", "children", "open", told=False, hero_named=False, hero_gender="m", friend_gender="f", thing_form="fp")
SLOTS = {
    "<hero0>": "un zorro",
    "<hero>": "el zorro",
    "<friend>": "Tina",
    "<place>": "junto al río",
    "<spot>": "el río",
    "<thing0>": "x",
    "<thing>": "las llaves",
}


def told(
    conditions: Conditions, pieces: list[bytes | str], slots: dict[str, str] | None = None, opening: str = "", cut: bool = False
) -> str:
    narration = Narration(conditions, slots or SLOTS, opening)
    out = narration.begin() if opening else ""
    out += "".join(narration.feed(piece) for piece in pieces)
    out += narration.close(cut=cut)
    assert out == narration.text
    return out


def test_spanish_articles_contract() -> None:
    assert told(ES, [b"Era el amigo de", "<hero>", b" y fue a", "<spot>", b"."]) == "Era el amigo del zorro y fue al río."


def test_spanish_and_changes_before_i() -> None:
    assert told(ES, [b"Luna y", "<friend>"], {**SLOTS, "<friend>": "Inés"}) == "Luna e Inés"
    assert told(ES, [b"Luna y", "<friend>"], {**SLOTS, "<friend>": "Hielo"}) == "Luna y Hielo"


def test_a_name_that_begins_with_an_article_does_not_contract() -> None:
    assert told(ES, [b"fue a", "<spot>"], {**SLOTS, "<spot>": "El Paso"}) == "fue a El Paso"


def test_a_slot_at_the_start_of_a_sentence_has_a_capital() -> None:
    assert told(ES, ["<hero>", b" salt\xc3\xb3. ", "<place>", b" vio a", "<hero>", b"."]) == "El zorro saltó. Junto al río vio al zorro."
    assert (
        told(EN, [b"Hi. \xe2\x80\x9c", "<hero>", b"!\xe2\x80\x9d", "<H:she/he/they>", b" said"], {"<hero>": "the fox"})
        == "Hi. “The fox!” She said"
    )


def test_agreement_follows_hero_friend_and_thing() -> None:
    assert told(EN, [b"Yes,", "<H:she/he/they>", b" and", "<F:she/he>"]) == "Yes, she and he"
    assert told(ES, [b"cansad", "<h:a/o>", b"; perdid", "<t:a/o/as/os>", b" estaba", "<t://n/n>"]) == "cansado; perdidas estaban"


def test_a_plural_hero_takes_a_plural_verb() -> None:
    many = Conditions("en", "adult", "open", told=True, hero_named=False, hero_gender="n", friend_gender="f")
    name = Conditions("en", "adult", "open", told=True, hero_named=True, hero_gender="n", friend_gender="f")
    assert (many.agree("<N:was/were>"), name.agree("<N:was/were>"), name.agree("<H:was/was/were>")) == ("were", "was", "were")


def test_the_story_follows_its_opening_after_a_space() -> None:
    assert told(EN, [b"Then", "<hero>", b" ran."], {"<hero>": "Bo"}, "Bo woke up.") == "Bo woke up. Then Bo ran."
    assert told(EN, ["<hero>", b" ran."], {"<hero>": "the fox"}, "A fox woke up.") == "A fox woke up. The fox ran."


def test_a_story_cut_off_says_so() -> None:
    assert told(EN, [b"It was a dark and,"], cut=True) == "It was a dark and…"
    assert told(EN, [b"It was dark."], cut=True) == "It was dark."


def test_a_character_is_never_torn() -> None:
    narration = Narration(EN, {})
    pieces = [narration.feed(bytes([byte])) for byte in "¡Adiós, 🦊! Ñu".encode()]
    pieces.append(narration.close())
    assert "".join(pieces) == "¡Adiós, 🦊! Ñu"
    assert all("\ufffd" not in piece for piece in pieces)


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), max_size=60), st.data())
def test_pieces_join_to_the_text_however_they_are_cut(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    parts = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert told(EN, list(parts)) == text
