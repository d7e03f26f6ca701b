"""One scene after the other, from the lines of a language. Pure, and quick: a scene takes well under a millisecond of CPU a word.

A line is not used twice in a script before all that fit have been used. Since a worker may die between two scenes, the writer holds
nothing: which lines are used up follows from the number of the scene and what came before it is drawn again.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from octavo_core.spec.scripts import BeatKind, Form
from octavo_generation.engines.scenes.lines import LANGUAGES, Kinds, Lines, lines_in

NAME: Final = "scenes"
MODEL: Final = "builtin://tiny-scripts"

_ABOUT = re.compile(r"\b(?:about|sobre|acerca de|trata de)\s+(.+)", re.IGNORECASE | re.DOTALL)
_MOST_OF_SUBJECT = 8
_SENTENCE = re.compile(r"(?:^|(?<=[.!?] ))[^\W\d_]")
_CONTRACTED = ((re.compile(r"\bde el\b"), "del"), (re.compile(r"\ba el\b"), "al"))


@dataclass(frozen=True, slots=True)
class SceneRequest:
    """`scenes`: kind and words of every answer up to this one, which is the last; what they used up is not used again. `heading` is None
    for an answer that goes on within a scene. `cast`: names or roles; empty: the writer's own names."""

    title: str
    description: str
    language: str
    form: Form
    scenes: Sequence[tuple[BeatKind, int]]
    heading: str | None
    seed: int
    cast: Sequence[str] = ()


class SceneWriter:
    """Any number of calls at once, in any thread."""

    def write(self, request: SceneRequest) -> str:
        """Paragraphs in Fountain, of about as many words as asked for: never more than a line too many."""
        session = _Session(request)
        paragraphs: list[str] = []
        for at, (kind, words) in enumerate(request.scenes):
            is_last = at == len(request.scenes) - 1
            heading = request.heading if is_last else None
            paragraphs = session.scene(kind, words - (len(heading.split()) if heading else 0))
            if heading:
                paragraphs.insert(0, heading)
        return "\n\n".join(paragraphs)


def subject_of(title: str, description: str) -> str:
    """What it is about, in a few words: what stands behind `about` in the description, else the title."""
    found = _ABOUT.search(description)
    phrase = re.split(r"[.,;:!?…\n]", found[1].strip(" .…"), maxsplit=1)[0].strip() if found else ""
    words = phrase.split()
    if not words:
        return title.strip()
    return " ".join(words if len(words) <= _MOST_OF_SUBJECT else words[:_MOST_OF_SUBJECT])


class _Session:
    """Draws the lines of one script in their order."""

    def __init__(self, request: SceneRequest) -> None:
        language = request.language.partition("-")[0].lower()
        self._spanish = language == "es"
        self._lines: Lines = lines_in(language if language in LANGUAGES else "en")
        self._chance = random.Random(f"{request.seed} {request.title} {request.description}")
        self._spoken = request.form == "spoken"
        self._topic = subject_of(request.title, request.description)
        self._cast = self._people(request.cast)
        self._things = self._chance.sample(self._lines.things, k=3)
        self._bags: dict[str, list[str]] = {}
        self._last = ""
        """Who spoke last, where nothing was to be seen since."""

    def scene(self, kind: BeatKind, words: int) -> list[str]:
        paragraphs: list[str] = []
        left = words
        said = 2
        self._last = ""
        while left > 0:
            # Two turns of talk, then something to see; a scene begins with something to see.
            made = self._seen(kind) if said >= 2 else self._said(kind)
            said = 0 if said >= 2 else said + 1
            for paragraph in made:
                count = len(paragraph.split())
                if count > left and (left < 12 or paragraphs):
                    # The overshoot is at most what would else be missing.
                    if count - left > left:
                        return paragraphs
                    self._add(paragraphs, paragraph)
                    return paragraphs
                self._add(paragraphs, paragraph)
                left -= count
        return paragraphs

    def _add(self, paragraphs: list[str], paragraph: str) -> None:
        """Who goes on speaking gets no second cue."""
        cue, _, words = paragraph.partition("\n")
        if words and paragraphs and paragraphs[-1].startswith(f"{cue}\n"):
            paragraphs[-1] += f" {words}"
        else:
            paragraphs.append(paragraph)
        self._last = cue if words else ""

    def _people(self, given: Sequence[str]) -> list[str]:
        names = [name.strip() for name in given if name.strip()]
        if self._spoken:
            return names or ["VOZ" if self._spanish else "VOICE"]
        others = [name for name in self._lines.names if name.casefold() not in {one.casefold() for one in names}]
        self._chance.shuffle(others)
        return (names + others)[: max(3, len(names))]

    def _seen(self, kind: BeatKind) -> list[str]:
        line = self._draw("cues" if self._spoken else "actions", self._lines.cues if self._spoken else self._lines.actions, kind)
        return [self._filled(line, self._trio())]

    def _said(self, kind: BeatKind) -> list[str]:
        trio = self._trio()
        if self._spoken and (len(self._cast) < 2 or self._chance.random() < 0.4):
            return [f"{trio[0].upper()}\n{self._filled(self._draw('solos', self._lines.solos, kind), trio)}"]
        pool, name = (self._lines.talks, "talks") if self._spoken else (self._lines.exchanges, "exchanges")
        turns = self._draw(name, pool, kind).split(" / ")
        speakers = dict(zip("abc", trio, strict=True))
        if not self._spoken and speakers[turns[0][0]].upper() == self._last:
            # What two say fits either way round, and nobody answers themselves.
            trio = (trio[1], trio[0], trio[2])
            speakers = dict(zip("abc", trio, strict=True))
        said = []
        for turn in turns:
            who, _, words = turn.partition(": ")
            said.append(f"{speakers[who].upper()}\n{self._filled(words, trio)}")
        return said

    def _trio(self) -> tuple[str, str, str]:
        """Who is a, b and c: mostly the first two, whose script it is. In a talk the first asks."""
        if self._spoken:
            others = self._cast[1:] or self._cast
            return self._cast[0], self._chance.choice(others), self._chance.choice(others)
        first, second, *rest = self._cast
        pair = [first, second]
        if len(rest) > 1 and self._chance.random() < 0.25:
            pair[1] = self._chance.choice(rest)
        self._chance.shuffle(pair)
        third = self._chance.choice([name for name in self._cast if name not in pair] or [second])
        return pair[0], pair[1], third

    def _draw(self, name: str, kinds: Kinds, kind: str) -> str:
        """Of the kind's own lines, now and then one that fits everywhere, and only those when the own ones are used up."""
        own, general = f"{name} {kind}", f"{name} any"
        for bag, lines in ((own, kinds[kind]), (general, kinds["any"])):
            if bag not in self._bags:
                self._bags[bag] = self._chance.sample(lines, k=len(lines))
        order = [own, general] if self._chance.random() < 0.7 else [general, own]
        full = [one for one in order if self._bags[one]]
        bag = full[0] if full else own
        if not full:
            self._bags[own] = self._chance.sample(kinds[kind], k=len(kinds[kind]))
            self._bags[general] = self._chance.sample(kinds["any"], k=len(kinds["any"]))
        return self._bags[bag].pop()

    def _filled(self, line: str, trio: Sequence[str]) -> str:
        a, b, c = trio
        text = line.format(a=a, b=b, c=c, thing=self._chance.choice(self._things), topic=self._topic)
        if self._spanish:
            for pattern, short in _CONTRACTED:
                text = pattern.sub(short, text)
        return _SENTENCE.sub(lambda found: found[0].upper(), text)
