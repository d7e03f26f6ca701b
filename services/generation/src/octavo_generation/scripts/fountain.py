"""Fountain, the plain-text format of scripts (https://fountain.io/syntax): what writers send made clean, cut to length, and checked.

Reading is screenplain's. A word is what stands between spaces and holds a letter or a digit; the title page is not counted.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from screenplain.parsers.fountain import parse as parse_fountain
from screenplain.types import Action, Dialog, DualDialog, Screenplay, Section, Slug, Transition

_LETTER = re.compile(r"[^\W_]")
_FENCE = re.compile(r"^\s*(```|~~~).*$", re.MULTILINE)
_HEADING = re.compile(r"^(INT|EXT|EST|INT\.?/EXT|I/E)[ .]", re.IGNORECASE)
_SPOKEN_LINE = re.compile(r"^\**([^\W\d_a-zß-öø-ÿ][^\Wa-zß-öø-ÿ]*(?:[ .'-]+[^\Wa-zß-öø-ÿ]+){0,3})(\s*\([^)]{1,40}\))?\**:\**\s+(\S.*)$")
_MARKED = re.compile(r"^[#>\s]*\**\s*((?:INT|EXT|EST|I/E)[ ./].*?)\**\s*$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_STAGE_WORDS = re.compile(r"(FADE|CUT|DISSOLVE|SMASH|MATCH|TITLE|SUPER|MONTAGE|BLACK|THE END|END|FIN|FUNDIDO|CORTE|TÍTULO|NEGRO)\b")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Element:
    """`kind`: action, dialogue, transition or section; `character` and `parenthetical` of a dialogue."""

    kind: str
    text: str
    character: str | None = None
    parenthetical: str | None = None


@dataclass(frozen=True, slots=True)
class ReadScene:
    heading: str
    elements: list[Element] = field(default_factory=list)

    @property
    def words(self) -> int:
        return count_words(self.heading) + sum(
            count_words(f"{one.character or ''} {one.parenthetical or ''} {one.text}") for one in self.elements
        )

    @property
    def characters(self) -> list[str]:
        return list(dict.fromkeys(one.character for one in self.elements if one.character))


def count_words(text: str) -> int:
    return sum(1 for word in text.split() if _LETTER.search(word))


def clean(text: str, heading: str, *, begins: bool) -> str:
    """A writer's answer as a part of a script: without fences, Markdown and control characters, cues above what is said, paragraphs
    parted by one empty line. `begins`: a scene begins with it, which then has a heading, `heading` where the answer has none. What is
    said before the first heading of an answer is no script, and left out."""
    plain = _CONTROL.sub("", _FENCE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    paragraphs = [lines for block in re.split(r"\n[ \t]*\n", plain) if (lines := _lines(block))]
    split: list[list[str]] = []
    for lines in paragraphs:
        split += _separated(lines)
    split = _joined_cues(split)
    at = next((number for number, lines in enumerate(split) if is_heading(lines[0])), None)
    if begins:
        if at is None:
            split.insert(0, [heading])
        elif at <= 1:
            split = split[at:]
        else:
            split.insert(0, [heading])
    return "\n\n".join("\n".join(lines) for lines in split)


def is_heading(line: str) -> bool:
    return bool(_HEADING.match(line)) or (line.startswith(".") and len(line) > 1 and line[1] != ".")


def shorten(text: str, most: int) -> str:
    """At most so many words, by leaving out whole paragraphs from the end; the last one that stays ends with a sentence. A heading is
    never left without what belongs below it."""
    paragraphs = text.split("\n\n")
    kept: list[str] = []
    left = most
    for paragraph in paragraphs:
        words = count_words(paragraph)
        if words > left:
            if cut := _whole_sentences(paragraph, left):
                kept.append(cut)
            break
        kept.append(paragraph)
        left -= words
    while len(kept) > 1 and is_heading(kept[-1]):
        kept.pop()
    return "\n\n".join(kept)


def whole(text: str) -> str:
    """Without a last sentence that was cut off in the middle."""
    paragraphs = text.split("\n\n")
    last = paragraphs[-1]
    if is_heading(last) or _SENTENCE_END.search(last[-3:]):
        return text
    cut = _whole_sentences(last, count_words(last), entire=False)
    return "\n\n".join([*paragraphs[:-1], cut] if cut else paragraphs[:-1])


def with_title_page(body: str, fields: Sequence[tuple[str, str]]) -> str:
    page = "\n".join(f"{name}: {' '.join(value.split())}" for name, value in fields if value.strip())
    return f"{page}\n\n{body}\n"


def read(text: str) -> tuple[dict[str, str], list[ReadScene]]:
    """Title page and scenes. What stands before the first heading is a scene without one."""
    play: Screenplay = parse_fountain(io.StringIO(text))
    scenes: list[ReadScene] = []
    for paragraph in play:
        if isinstance(paragraph, Slug):
            scenes.append(ReadScene(str(paragraph.line)))
            continue
        if not scenes:
            scenes.append(ReadScene(""))
        scenes[-1].elements.extend(_elements(paragraph))
    return {name: " ".join(lines) for name, lines in play.title_page.items()}, scenes


def faults_of(text: str) -> list[str]:
    """What keeps it from being a sound script; [] is the good case."""
    title, scenes = read(text)
    found = []
    if not title.get("Title"):
        found.append("the title page has no Title")
    if not any(scene.heading for scene in scenes):
        found.append("there is no scene heading")
    if scenes and not scenes[0].heading and scenes[0].elements:
        found.append("something stands before the first scene heading")
    found += [
        f"scene {number} ({scene.heading}) is empty" for number, scene in enumerate(scenes, 1) if scene.heading and not scene.elements
    ]
    if _CONTROL.search(text):
        found.append("there are control characters in it")
    if _FENCE.search(text):
        found.append("there is a Markdown fence in it")
    for number, scene in enumerate(scenes, 1):
        found += [
            f"scene {number}: {one.character} says nothing" for one in scene.elements if one.kind == "dialogue" and not one.text.strip()
        ]
    return found


def _elements(paragraph: object) -> list[Element]:
    if isinstance(paragraph, Dialog):
        said = "\n".join(str(text) for is_aside, text in paragraph.blocks if not is_aside)
        asides = " ".join(str(text) for is_aside, text in paragraph.blocks if is_aside)
        return [Element("dialogue", said, str(paragraph.character), asides or None)]
    if isinstance(paragraph, DualDialog):
        return [*_elements(paragraph.left), *_elements(paragraph.right)]
    if isinstance(paragraph, Action):
        return [Element("action", "\n".join(str(line) for line in paragraph.lines))]
    if isinstance(paragraph, Transition):
        return [Element("transition", str(paragraph.line))]
    if isinstance(paragraph, Section):
        return [Element("section", str(paragraph.text))]
    return []


def _lines(block: str) -> list[str]:
    lines = []
    for raw in block.split("\n"):
        line = raw.strip()
        if marked := _MARKED.match(line):
            line = marked[1].upper()
        if line and not re.fullmatch(r"[-*_=]{2,}", line):
            lines.append(line)
    return lines


def _separated(lines: list[str]) -> list[list[str]]:
    """A heading alone in its paragraph, `NAME: words` as a cue with what is said, and each cue at the head of a paragraph."""
    found: list[list[str]] = []
    for at, line in enumerate(lines):
        is_last = at == len(lines) - 1
        if (spoken := _SPOKEN_LINE.match(line)) is not None and not is_heading(line):
            found.append([f"{spoken[1]}{spoken[2] or ''}", spoken[3]])
        elif is_heading(line) or not found or is_heading(found[-1][0]) or (_is_cue(line) and not is_last):
            found.append([line])
        else:
            found[-1].append(line)
    return found


def _joined_cues(paragraphs: list[list[str]]) -> list[list[str]]:
    """A cue whose words stand below an empty line is put above them; one without any words is left out."""
    found: list[list[str]] = []
    waiting: str | None = None
    for lines in paragraphs:
        if waiting is not None and not is_heading(lines[0]) and not _is_cue(lines[0]):
            lines = [waiting, *lines]
        waiting = None
        if len(lines) == 1 and _is_cue(lines[0]):
            waiting = lines[0]
            continue
        found.append(lines)
    return found


def _is_cue(line: str) -> bool:
    before = line.split("(", 1)[0].strip()
    if not before.isupper() or len(before) > 40 or before[0] in ">#=!@[(" or before.endswith((".", "!", "?", ":", ",", "…", "]")):
        return False
    return not is_heading(line) and not _STAGE_WORDS.match(before)


def _whole_sentences(paragraph: str, words: int, *, entire: bool = True) -> str:
    """Its first sentences, at most so many words; empty where not one fits, or a cue alone would be left."""
    best = ""
    for end in _SENTENCE_END.finditer(paragraph):
        piece = paragraph[: end.end()]
        if count_words(piece) > words:
            break
        best = piece
    if not entire and not best:
        return ""
    lines = best.split("\n")
    return "" if best and _is_cue(lines[0]) and len(lines) < 2 else best
