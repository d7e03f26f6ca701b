"""Stories are measured, and written again where they are too hard or hold what they may not."""

from __future__ import annotations

import pytest

from octavo_core.errors import Moderated
from octavo_generation.engines.port import Generation
from octavo_generation.handlers.drafts import Checks, lix, write_checked

_EASY = "The fox ran home. It was late. The moon was up."
_HARD = "Notwithstanding considerable administrative difficulties, the extraordinary creature contemplated philosophical questions."


class _Writer:
    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.again = 0

    async def write(self, before: int) -> Generation:
        return Generation(self.texts[before], 1, 1, "stop")

    def begin_again(self) -> None:
        self.again += 1


def test_lix_of_what_children_read_is_low() -> None:
    assert lix(_EASY) < 12
    assert lix(_HARD) > 60
    assert lix("") == 0.0
    # 10 words, 2 sentences, 2 long words: 10 / 2 + 100 * 2 / 10.
    assert lix("One two three elephants four. Six seven eight nine crocodiles.") == 25.0


async def test_a_story_that_is_too_hard_is_written_again() -> None:
    writer = _Writer(_HARD, _EASY)
    draft = await write_checked(Checks(max_lix=30), writer.write, again=writer.begin_again)
    assert (draft.generation.text, draft.number, writer.again) == (_EASY, 2, 1)


async def test_the_easiest_is_given_where_none_is_easy_enough() -> None:
    writer = _Writer(_HARD, _EASY, _HARD)
    draft = await write_checked(Checks(max_lix=1), writer.write, again=writer.begin_again)
    assert (draft.generation.text, writer.again) == (_EASY, 2)


async def test_a_banned_word_is_never_given() -> None:
    checks = Checks.of({"checks": {"banned_words": ["moon"]}})
    writer = _Writer(_EASY, "The fox ran home under the M00N.", "The fox ran home.")
    assert (await write_checked(checks, writer.write, again=writer.begin_again)).generation.text == "The fox ran home."
    writer = _Writer(_EASY, _EASY, _EASY)
    with pytest.raises(Moderated):
        await write_checked(checks, writer.write, again=writer.begin_again)


async def test_without_checks_the_first_is_given() -> None:
    writer = _Writer(_HARD)
    assert (await write_checked(Checks(), writer.write, again=writer.begin_again)).number == 1
