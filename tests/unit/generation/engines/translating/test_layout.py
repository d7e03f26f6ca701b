"""What is translated of a text, and that everything else comes through."""

from __future__ import annotations

from pathlib import Path

import pytest

from octavo_generation.engines.translating.layout import read_layout
from octavo_generation.engines.translating.marks import KEPT
from octavo_generation.engines.translating.sentences import split_sentences

ROOT = Path(__file__).parents[5]


def _shouted(text: str, glossary: dict[str, str] | None = None) -> str:
    """Translated by one who writes capitals."""
    layout = read_layout(text, glossary)
    return layout.write([segment.upper() for segment in layout.segments])


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/guides/jobs.md", "CHANGELOG.md", "docs/guides/story-model.md"])
def test_a_page_whose_sentences_stay_is_the_same_page(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    layout = read_layout(text)
    assert len(layout.segments) > 20
    assert layout.write(layout.segments) == text


def test_the_readme_keeps_its_layout_when_it_is_translated() -> None:
    before = (ROOT / "README.md").read_text(encoding="utf-8")
    after = _shouted(before)

    def bones(text: str) -> list[str]:
        return [line.split(" ")[0] for line in text.splitlines() if line.startswith(("#", "-", "|", "```"))]

    assert bones(after) == bones(before)
    fences = before.split("```")[1::2]
    assert fences
    for code in fences:
        assert code in after
    assert after != before


@pytest.mark.parametrize(
    ("text", "shouted"),
    [
        ("one. Two", "ONE. TWO"),
        ("a\n\n\n  b  \n", "A\n\n\n  B  \n"),
        ("# Title\n\n- one\n  - two\n1. three\n> four\n- [ ] five", "# TITLE\n\n- ONE\n  - TWO\n1. THREE\n> FOUR\n- [ ] FIVE"),
        ("| a | b |\n|---|:-:|\n| c `d` | |", "| A | B |\n|---|:-:|\n| C `d` | |"),
        ("say `code x` and ``a`b``", "SAY `code x` AND ``a`b``"),
        ("see [the guide](docs/a.md) or https://x.org/a?b=c.", "SEE [THE GUIDE](docs/a.md) OR https://x.org/a?b=c."),
        ("a **bold** and _thin_ word, 2 * 3", "A **BOLD** AND _THIN_ WORD, 2 * 3"),
        ("hello {name}, %s and %(count)d of ${HOME}, {{ x }}", "HELLO {name}, %s AND %(count)d OF ${HOME}, {{ x }}"),
        ("mail me@example.org &amp; go", "MAIL me@example.org &amp; GO"),
        ("<p class='x'>text</p>", "<p class='x'>TEXT</p>"),
        ("```py\nprint('a')\n```\nafter", "```py\nprint('a')\n```\nAFTER"),
        ("~~~\nnever ended\ntext", "~~~\nnever ended\ntext"),
        ("text\n\n    code here\n\nmore", "TEXT\n\n    code here\n\nMORE"),
        ("---\ntitle: x\n---\nbody", "---\ntitle: x\n---\nBODY"),
        ("one\r\ntwo", "ONE\r\nTWO"),
        ("![a picture](a.png) and ~~gone~~", "![A PICTURE](a.png) AND ~~GONE~~"),
        ("[ref]: https://x.org 'T'\nline", "[ref]: https://x.org 'T'\nLINE"),
        ("run `octavo up` with --port and docs/guides/x.md", "RUN `octavo up` WITH --port AND docs/guides/x.md"),
        ("12 + 3 = 15", "12 + 3 = 15"),
        ("", ""),
    ],
)
def test_only_words_are_translated(text: str, shouted: str) -> None:
    assert _shouted(text) == shouted


def test_a_wrapped_paragraph_is_one_text_and_is_wrapped_again() -> None:
    first = "This is a paragraph whose lines were broken where there was no more room for"
    text = f"- {first}\n  another word. It ends here.\n\nLast"
    layout = read_layout(text)
    assert layout.segments == [f"{first} another word.", "It ends here.", "Last"]
    written = layout.write([f"{first} quite some other words.", "Y aquí.", "Fin"])
    lines = written.split("\n")
    assert lines[0].startswith("- This")
    assert lines[1].startswith("  ")
    assert max(map(len, lines)) <= len(first) + 2
    assert lines[-2:] == ["", "Fin"]


def test_short_lines_are_lines_of_their_own() -> None:
    assert read_layout("roses are red\nviolets are blue").segments == ["roses are red", "violets are blue"]


def test_a_term_of_the_glossary_is_said_as_the_glossary_has_it() -> None:
    layout = read_layout("The little Fox and the foxes use octavo.", {"fox": "zorrito", "Octavo": "Octavo"})
    (segment,) = layout.segments
    assert len(KEPT.findall(segment)) == 2
    assert layout.write([segment]) == "The little zorrito and the foxes use Octavo."


def test_private_characters_of_the_text_itself_come_through() -> None:
    text = "a \ue000 b \ue900 c \uf8ff d"
    layout = read_layout(text)
    assert layout.write(layout.segments) == text


def test_a_text_of_many_marks_still_comes_through() -> None:
    text = " ".join(f"`c{n}` **w{n}**" for n in range(3000))
    layout = read_layout(text)
    assert layout.write(layout.segments) == text


_HOSTILE = (
    "[",
    "[a](",
    "](",
    "[^",
    ".",
    "!",
    "a.",
    "-a",
    "a@",
    "a/",
    "`",
    "` `` ",
    "<a",
    "{",
    "{{",
    "%(",
    "*",
    "_",
    " ",
    "\t",
    "- ",
    "> ",
    "| ",
    "|-",
    "--  ",
    "#",
    "a b ",
    "\\",
    "&a",
    '](a "',
    "www.",
    "a://",
    "\ue000",
    "1. ",
    "a. A",
    "\n",
    "\n    a\n",
    "[a]: b ",
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", _HOSTILE, ids=repr)
def test_a_hostile_text_takes_no_longer_than_another(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    for hostile in (text, text + "x", f"a{text} b. C"):
        layout = read_layout(hostile)
        assert layout.write(layout.segments) == hostile
        assert "".join(split_sentences(hostile)) == hostile
