"""Tokens and texts: plain, counted alike everywhere, the same for the same prompt and seed."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo_fakes import tokens
from octavo_fakes.pictures import Pictures, Spec
from octavo_fakes.texts import Asked, sample_answer, sample_by_schema, sample_object, words_of
from octavo_fakes.vendors.openai import spell


@given(st.text(max_size=200))
def test_pieces_join_to_the_text_and_are_as_many_as_its_tokens(text: str) -> None:
    pieces = tokens.pieces(text)
    assert "".join(pieces) == (text if text.strip() else "")
    assert len(pieces) == tokens.count(text)


@given(st.text(max_size=200), st.integers(1, 50))
def test_a_shortened_text_has_no_more_tokens_than_asked(text: str, most: int) -> None:
    short, is_cut = tokens.shorten(text, most)
    assert text.startswith(short)
    assert tokens.count(short) <= most
    assert is_cut == (tokens.count(text) > most)


def test_the_first_of_several_stops_ends_the_text() -> None:
    assert tokens.stop_at("one two three", ("three", "two")) == ("one ", "two")
    assert tokens.stop_at("one", ("two", "")) == ("one", None)


@given(st.text(max_size=500), st.text(max_size=100), st.integers(-(1 << 63), 1 << 63))
def test_any_prompt_gets_a_sample_that_says_so(question: str, instructions: str, seed: int) -> None:
    asked = Asked(question, instructions, seed)
    text = sample_answer(asked)
    assert text.startswith("[sample ")
    assert text == sample_answer(asked)
    assert orjson.loads(sample_object(asked))["sample"] is True


def test_the_words_that_carry_the_meaning_are_kept_in_order() -> None:
    assert words_of("Please write a story about the brave fox and her lost kite, the FOX") == ("brave", "fox", "lost", "kite")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"], "$defs": {"A": {"enum": ["x", "y"]}}},
        {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}},
        {"type": "object", "properties": {"a": {"type": ["null", "number"], "minimum": 3}}},
        {"type": "object", "properties": {"a": {"type": "array", "items": {"$ref": "#"}, "minItems": 2}}},
    ],
)
def test_a_schemas_members_are_filled(schema: dict[str, object]) -> None:
    assert "a" in orjson.loads(sample_by_schema(schema, Asked("a brave fox")))


def test_a_pictures_token_is_good_here_and_nowhere_else() -> None:
    spec = Spec("a fox, " * 500, 512, 512, seed=7, style="vivid", format="jpeg", grid=True)
    here, elsewhere = Pictures(), Pictures()
    token = here.token_of(spec)
    assert here.spec_of(token) == spec
    assert elsewhere.spec_of(token) is None
    assert len(token) < 300
    for broken in ("", "x", "é", token[:-4], ("B" if token.startswith("A") else "A") + token[1:]):
        assert here.spec_of(broken) is None


@pytest.mark.parametrize(("seconds", "spelt"), [(0.0061, "7ms"), (8.64, "8.64s"), (90, "1m30s"), (0, "0ms"), (120, "2m0s")])
def test_seconds_are_spelt_as_openai_spells_them(seconds: float, spelt: str) -> None:
    assert spell(seconds) == spelt
