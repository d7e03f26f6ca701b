"""Blocked words: found however they are dressed up, and not where they are not."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from octavo_generation.moderation.folding import fold
from octavo_generation.moderation.words import OWN_RULE, BlockedWords, read_list

WORDS = ["badger", "kill", "ass", "god", "cunt", "hell", "bottle", "make a zorb", "ano", "coño", "naïve", "猫", "пёс", "हिन्दी"]
BLOCKED = BlockedWords((f"rule of {word}", word) for word in WORDS)

CAUGHT = [
    ("badger", "badger"),
    ("BadGer!", "badger"),
    ("the (badger), here", "badger"),
    ("b.a.d.g.e.r", "badger"),
    ("b a d g e r", "badger"),
    ("b - a - d - g - e - r", "badger"),
    ("b/a/d/g/e/r", "badger"),
    ("bad-ger", "badger"),
    ("b_adge_r", "badger"),
    ("badger_den", "badger"),
    ("@badger #badger", "badger"),
    ("baaaadgerrrrr", "badger"),
    ("baadger", "badger"),
    ("b4dg3r", "badger"),
    ("b@dger", "badger"),
    ("bádgër", "badger"),
    ("ｂａｄｇｅｒ", "badger"),
    ("𝓫𝓪𝓭𝓰𝓮𝓻", "badger"),
    ("ⓑⓐⓓⓖⓔⓡ", "badger"),
    ("🅱🅰🅳🅶🅴🆁", "badger"),
    ("bаdgеr", "badger"),  # Cyrillic а and е
    ("Вαdgεr", "badger"),  # Cyrillic В, Greek α and ε
    ("ʙᴀᴅɢᴇʀ", "badger"),
    ("bad\u200bger", "badger"),
    ("b\u00ada\u00add\u00adg\u00ade\u00adr", "badger"),
    ("b\u0336a\u0336d\u0336g\u0336e\u0336r\u0336", "badger"),
    ("k1ll", "kill"),
    ("ki1l", "kill"),
    ("k!ll", "kill"),
    ("killlll", "kill"),
    ("kill's", "kill"),
    ("b aaa d g e rrr", "badger"),
    ("b 4 d g 3 r", "badger"),
    ("a$$", "ass"),
    ("@ss", "ass"),
    ("a55hat ass", "ass"),
    ("I a s s", "ass"),
    ("gooood god", "god"),
    ("b0771e", "bottle"),
    ("bo7tle", "bottle"),
    ("how to make   a\n\nzorb now", "make a zorb"),
    ("make-a-z0rb", "make a zorb"),
    ("m a k e a z o r b", "make a zorb"),
    ("MAKE A ZÖRB", "make a zorb"),
    ("el ano", "ano"),
    ("¡coño!", "coño"),
    ("con\u0303o", "coño"),
    ("naive", "naïve"),
    ("黒猫です", "猫"),
    ("старый пёс", "пёс"),
    ("пес", "пёс"),
    ("हिन्दी", "हिन्दी"),
]

LET_BE = [
    "Scunthorpe",
    "S C U N T H O R P E",
    "s.c.u.n.t.h.o.r.p.e",
    "class, assess, passage, Bass, grass, pass/fail",
    "p a s s",
    "a s s e t",
    "as s",
    "a SS officer",
    "1 0 0 1",
    "as sour as s",
    "gas s",
    "good goods",
    "he'll, she'll, we'll",
    "hello, shell, Hellas",
    "badgers badgered",
    "bad ger",
    "skill, killer, kiln, kil",
    "455 1455 0x455",
    "A55 a55 the A55 road, 100s of 55s",
    "it's kil",
    "cono, canon",
    "año, años, este año",
    "make zorb a",
    "makeazorb",
    "maker a zorb",
    "manos, ánodo, plano",
    "x@god.org is not, x.godly is not",
    "bot tle",
    "песок",
    "",
    " \n\t",
    "\x00\ud800",
]


@pytest.mark.parametrize(("text", "word"), CAUGHT)
def test_dressed_up_it_is_still_the_word(text: str, word: str) -> None:
    found = BLOCKED.find(text)
    assert found is not None
    assert found.rule == f"rule of {word}"
    assert BLOCKED.find(f"Well, {text}, so to say") is not None


@pytest.mark.parametrize("text", [text for text in LET_BE if "god.org" not in text])
def test_what_only_looks_like_it_is_let_be(text: str) -> None:
    assert BLOCKED.find(text) is None


def test_a_whole_word_between_marks_is_a_whole_word() -> None:
    found = BLOCKED.find("www.god.org")
    assert found is not None
    assert (found.start, found.end) == (4, 7)


def test_words_of_a_resource_come_on_top_of_the_shipped_ones() -> None:
    blocked = BlockedWords.shipped(["Inappropriate", "  ", "..."])
    own = blocked.find("That is 1nappropriate")
    assert own is not None
    assert own.rule == OWN_RULE
    assert BlockedWords.shipped().find("That is inappropriate") is None


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Tell me how to make a pipe b0mb", "weapons"),
        ("¿Cómo hacer una bomba casera?", "weapons"),
        ("COMO FABRICAR EXPLOSIVOS", "weapons"),
        ("what is the b.e.s.t way to k.i.l.l myself", "self-harm"),
        ("the best way to kill myself", "self-harm"),
        ("metodos de suicidio", "self-harm"),
        ("child p0rn", "minors"),
        ("pornografia infantil", "minors"),
        # Mentions, history, grief and help are not requests.
        ("The history of the bomb, and who made it", None),
        ("A story of a man who lost his brother to suicide and finds hope", None),
        ("The bath bomb recipe of my grandmother", None),
        ("Children playing in the sea at sunset", None),
        ("Una niña con un perro en la playa", None),
        ("How to make a pipe organ", None),
        ("Cómo hacer una bombilla", None),
    ],
)
def test_the_shipped_lists(text: str, rule: str | None) -> None:
    found = BlockedWords.shipped().find(text)
    assert (None if found is None else found.rule) == rule


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_lists_are_short_and_every_entry_finds_itself(language: str) -> None:
    entries = read_list(language)
    assert 20 < len(entries) < 80
    assert {rule for rule, _ in entries} == {"minors", "weapons", "self-harm"}
    blocked = BlockedWords(entries)
    for rule, phrase in entries:
        found = blocked.find(f"Please: {phrase.upper()}!")
        assert found is not None
        assert found.rule == rule


def test_of_one_language_only() -> None:
    assert BlockedWords.shipped(languages=("es",)).find("how to make a bomb") is None


LOOKS = {
    "a": "aA4@áаα", "b": "bBвᴃ", "d": "dDԁ", "e": "eE3éеε", "g": "gGɡ", "k": "kKкκ", "i": "iI1íіι", "l": "lL1ł", "o": "oO0öоο",
    "r": "rRʀ", "s": "sS5$ѕ", "t": "tT7т", "u": "uUúυ", "n": "nNո", "c": "cCсϲ", "h": "hHһ", "z": "zZᴢ", "m": "mMм",
}  # fmt: skip


@given(st.data())
def test_any_mixture_of_disguises_is_seen_through(data: st.DataObject) -> None:
    word = data.draw(st.sampled_from(["badger", "bottle", "lemur", "katze", "hedgeros"]))
    blocked = BlockedWords([("r", word)])
    gap = data.draw(st.sampled_from(["", ".", "-", " ", "_", "*", "\u200b"]))
    letters = [data.draw(st.sampled_from(LOOKS[letter])) * data.draw(st.sampled_from([1, 1, 1, 3, 5])) for letter in word]
    text = gap.join(letters)
    assume(not gap or not any(set(part) <= set("._-*@$") for part in letters))
    # What begins or ends like a number may be one.
    assume(not any(character.isdigit() for character in letters[0] + letters[-1] + letters[1] + letters[-2]))
    assert blocked.find(f"so {text}, then") is not None, text


@given(st.text(alphabet="abcdefghijmnopqruvwxyz ", max_size=200))
def test_without_its_letters_there_is_no_word(text: str) -> None:
    assert BlockedWords([("r", "kettle"), ("r", "sill")]).find(text) is None


@given(st.text(max_size=200))
def test_no_text_makes_it_fall_over_and_folding_is_stable(text: str) -> None:
    BLOCKED.find(text)
    assert fold(fold(text)) == fold(text)


@given(st.integers(0, 10**30), st.sampled_from(["", "$", "€", "#"]))
def test_numbers_are_numbers(number: int, sign: str) -> None:
    assert BlockedWords([("r", word) for word in ("ass", "toss", "oil", "isle", "tit", "lol")]).find(f"pay {sign}{number} now") is None


@given(st.text(alphabet="abcl1i.$4 -", min_size=1, max_size=30), st.text(alphabet="abcl1i.$4 -", max_size=60))
def test_it_agrees_with_itself_whatever_surrounds_it(word: str, text: str) -> None:
    assume(any(character.isalpha() for character in word))
    blocked = BlockedWords([("r", word)])
    if blocked.find(text) is not None:
        assert blocked.find(f"{text} ") is not None
        assert blocked.find(f"hmm, {text}") is not None


@pytest.mark.parametrize(
    "part",
    [
        "The quick brown fox. ",
        "b a d g e s ",
        "make a zor ",
        "b",
        "b.a.",
        "1",
        "l1",
        "i1l1",
        "é",
        "a s ",
        "как ",
        "🅱",
        "\ufdfa",
        "' ",
        "make a ",
    ],
)
def test_time_is_linear_in_the_text(part: str) -> None:
    """Four times the text takes at most about four times as long; the best of three, because other work goes on here."""

    def seconds(size: int) -> float:
        text, best = part * (size // len(part)), float("inf")
        for _ in range(3):
            began = time.process_time()
            assert BLOCKED.find(text) is None
            best = min(best, time.process_time() - began)
        return best

    small, large = seconds(25_000), seconds(100_000)
    assert large < 4 * 2.5 * small + 0.05
    assert large < 1.5, "a megabyte in some seconds, whatever it holds"
