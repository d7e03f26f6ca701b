"""A text taken apart into what is translated and what stays: paragraphs, lists, headings, tables, quotes, code, links, placeholders.

`read_layout` gives a `Layout` whose `segments` are sentences, or pieces of such between marks (bold, a link); `write` puts their
translations back. What has a place in a sentence and must come through unchanged (code, an address, `{name}`, a glossary's term) stands in
a segment as one character of Unicode's private use area: an engine must give each of them back once. Pure.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from octavo_generation.engines.translating.marks import MARK, Marks, has_words
from octavo_generation.engines.translating.sentences import split_sentences

_FENCE = re.compile(r"^\s*(```+|~~~+)")
_PREFIX = re.compile(r"[ \t\r\f\v]*+(?:>[ \t]*+)*+(?:(?:[-*+•‣–]|\d{1,3}[.)])[ \t]++(?:\[[ xX]\][ \t]++)?)?(?:#{1,6}[ \t]++)?")
_AS_IT_IS = re.compile(r"(?:([-*_=])(?:[ \t]*+\1){2,}|\[[^\]]+\]:\s.*|<!--.*-->|</?[A-Za-z][^>]*>)")
_RULER = re.compile(r"\|?\s*+:?-{2,}+:?\s*+(?:\|\s*+:?-{2,}+:?\s*+)*+\|?")
_WRAPPED_FROM = 60
"""A line shorter than this, which another follows, ends where its writer wanted it to."""


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """A paragraph whose lines were broken to a width; `first` to `after` are places in the parts."""

    first: int
    after: int
    width: int
    indent: str
    joined: str
    original: str


@dataclass(slots=True)
class Layout:
    """`segments`: what is translated, in the text's order."""

    segments: list[str] = field(default_factory=list)
    _parts: list[str | int] = field(default_factory=list)
    _wrapped: list[_Wrapped] = field(default_factory=list)
    _marks: Marks = field(default_factory=lambda: Marks({}))

    def write(self, translations: Sequence[str]) -> str:
        """The text with `translations` in place of the segments."""
        done = [part if isinstance(part, str) else translations[part] for part in self._parts]
        texts: list[str] = []
        at = 0
        for paragraph in self._wrapped:
            texts += [self._marks.put_back(text) for text in done[at : paragraph.first]]
            whole = self._marks.put_back("".join(done[paragraph.first : paragraph.after]))
            texts.append(paragraph.original if whole == paragraph.joined else _wrap(whole, paragraph))
            at = paragraph.after
        return "".join([*texts, *(self._marks.put_back(text) for text in done[at:])])


def _wrap(text: str, paragraph: _Wrapped) -> str:
    return textwrap.fill(text, paragraph.width, subsequent_indent=paragraph.indent, break_long_words=False, break_on_hyphens=False)


def read_layout(text: str, glossary: Mapping[str, str] | None = None) -> Layout:
    """`glossary`: how a term is to be said, whatever the model would say."""
    layout = Layout(_marks=Marks(glossary or {}))
    lines = text.split("\n")
    at = 0
    if lines[0].strip() == "---" and (closing := next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)):
        at = closing + 1
        layout._parts.append("\n".join(lines[:at]) + ("\n" if at < len(lines) else ""))
    fence: str | None = None
    after_blank, in_list = True, False
    while at < len(lines):
        line = lines[at]
        end = "\n" if at + 1 < len(lines) else ""
        opened = _FENCE.match(line)
        if fence is not None or opened:
            if fence is None:
                fence = opened[1] if opened else ""
            elif line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = None
            layout._parts.append(line + end)
        elif _stays(line) or (after_blank and not in_list and _is_code(line)):
            layout._parts.append(line + end)
        elif line.lstrip().startswith("|"):
            _read_row(layout, line + end)
        else:
            in_list = _is_item(line) or (in_list and line[:1].isspace())
            at = _read_paragraph(layout, lines, at)
            after_blank = False
            continue
        after_blank = not line.strip()
        at += 1
    return layout


def _stays(line: str) -> bool:
    """A line without anything to translate, by its form alone."""
    bare = line.strip()
    return not bare or _AS_IT_IS.fullmatch(bare) is not None or _RULER.fullmatch(bare) is not None


def _taken_apart(line: str) -> tuple[str, str, str]:
    """What stands before the words (indent, the mark of an item or a heading), the words, and the white space behind them."""
    match = _PREFIX.match(line)
    start = match.end() if match else 0
    body = line[start:].rstrip()
    return line[:start], body, line[start + len(body) :]


def _is_code(line: str) -> bool:
    return line.startswith(("    ", "\t")) and not _is_item(line)


def _is_item(line: str) -> bool:
    return re.match(r"^\s*(?:[-*+•‣–]|\d{1,3}[.)])\s", line) is not None


def _read_row(layout: Layout, line: str) -> None:
    for cell in re.split(r"((?<!\\)\|)", line):
        _read_inline(layout, cell)


def _read_paragraph(layout: Layout, lines: Sequence[str], at: int) -> int:
    """One line, or all that belong to a paragraph which was broken to a width; gives the place of the next line."""
    prefix, body, rest = _taken_apart(lines[at])
    last, bodies, indent = at, [body], ""
    while "#" not in prefix and not rest and last + 1 < len(lines) and _is_wrapped(lines[last]) and _goes_on(lines[last + 1]):
        before, body, rest = _taken_apart(lines[last + 1])
        if last == at:
            indent = before
        bodies.append(body)
        last += 1
    end = "\n" if last + 1 < len(lines) else ""
    first = len(layout._parts)
    layout._parts.append(prefix)
    _read_inline(layout, " ".join(bodies))
    if last > at:
        width = max(len(line) for line in lines[at:last])
        original = "\n".join(lines[at : last + 1]).rstrip()
        layout._wrapped.append(_Wrapped(first, len(layout._parts), width, indent, prefix + " ".join(bodies), original))
    layout._parts.append(rest + end)
    return last + 1


def _is_wrapped(line: str) -> bool:
    """Whether it was broken where there was no more room, in the midst of a sentence."""
    return len(line) >= _WRAPPED_FROM and not line.endswith((".", "!", "?", ":"))


def _goes_on(line: str) -> bool:
    """Whether a line may be the rest of the sentence above it."""
    if _stays(line) or _FENCE.match(line) or line.lstrip().startswith(("|", "#", ">")):
        return False
    return not _is_item(line)


def _read_inline(layout: Layout, text: str) -> None:
    """Sentences, and within them the pieces between marks."""
    for sentence in split_sentences(layout._marks.take_out(text)):
        for piece in MARK.split(sentence):
            core = piece.strip()
            if not core or MARK.fullmatch(piece) or not has_words(core):
                layout._parts.append(piece)
                continue
            start = piece.index(core)
            layout._parts += [piece[:start], len(layout.segments), piece[start + len(core) :]]
            layout.segments.append(core)
