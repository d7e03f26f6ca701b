"""Whole sentences of the parallel grammar. `write_pair` is what the training reads; deterministic by its random generator."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from octavo.training.parallel.conjugation import imperative
from octavo.training.parallel.lexicon import Three, lexicon
from octavo.training.parallel.phrases import Phrase, join
from octavo.training.parallel.speech import Speech, ended

_SLOT = re.compile(r"<([fmx])(\d+)>")
_SPANISH_JOINS = (
    (re.compile(r"\b(a|de) el\b"), lambda m: {"a": "al", "de": "del"}[m[1]]),
    (re.compile(r"\by (?=i|hi(?!e))"), lambda _: "e "),
)
_IN_ONE = {"de": "d", "em": "n"}
_PORTUGUESE_JOINS = (
    (re.compile(r"\b(de|em) (o|a|os|as)\b"), lambda m: _IN_ONE[m[1]] + m[2]),
    (re.compile(r"\b(de|em) (ele|ela|eles|elas|este|esta|estes|estas|esse|essa|esses|essas)\b"), lambda m: _IN_ONE[m[1]] + m[2]),
    (re.compile(r"\ba (o|os)\b"), lambda m: f"a{m[1]}"),
    (re.compile(r"\ba (as?)\b"), lambda m: f"à{m[1][1:]}"),
    (re.compile(r"\bpor (o|a|os|as)\b"), lambda m: f"pel{m[1]}"),
)
_AN = re.compile(r"\ba (?=[aeiou])(?!uni|one)")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two languages (`en`, `es`, `pt`) by number, and the same sentence in both: words and punctuation apart, lower case, slots by their
    order in the source."""

    source: int
    target: int
    read: str
    written: str


class Sentences(Speech):
    def write(self) -> Three:
        kinds: tuple[tuple[Callable[[], Three], float], ...] = (
            (self._statement, 10),
            (self._two, 3.5),
            (self.said, 3),
            (self._question, 1.5),
            (self._fixed, 1.2),
            (self._there_was, 1.2),
            (self._likes, 1),
            (self._command, 0.8),
            (self._thought, 0.8),
            (self._it_was, 0.7),
            (self._with_pronoun, 1),
            (self._short, 1.8),
        )
        return self.rng.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]()

    def _statement(self) -> Three:
        subject = self.subject()
        front = self.plain("before") if self.chance(0.25) else ("", "", "")
        tense = self.tense()
        return ended(join(front, subject.text, self.predicate(subject, tense)), self.rng.choice("......!"))

    def _two(self) -> Three:
        subject, tense = self.subject(), self.rng.choice(("past", "past", "pres"))
        first = join(subject.text, self.predicate(subject, tense))
        roll = self.rng.random()
        if roll < 0.4:
            joint = self.rng.choice((("and", "y", "e"), ("and then", "y luego", "e depois"), ("but", "pero", "mas")))
            return ended(join(first, joint, self.predicate(subject, tense)))
        other = self.subject()
        second = join(other.text, self.predicate(other, tense))
        if roll < 0.55:
            return ended(join(("when", "cuando", "quando"), first, (",", ",", ","), second))
        if roll < 0.75:
            who = self.noun_phrase("animals", "people", plural=False)
            which = "who" if self.source else self.rng.choice(("who", "that"))
            clause = join(who.text, (which, "que", "que"), self.predicate(who, tense))
            return ended(join(clause, self.predicate(who, tense))) if self.chance(0.4) else ended(join(self._saw(), clause))
        joint = self.rng.choice(
            (
                (", and", "y", "e"),
                (", but", ", pero", ", mas"),
                ("because", "porque", "porque"),
                (", so", ", así que", ", então"),
                ("and", "y", "e"),
            )
        )
        return ended(join(first, joint, second))

    def _saw(self) -> Three:
        subject = self.subject()
        verb = next(verb for verb in lexicon().verbs["transitive any"] if verb.english[0].base in ("see", "find") or self.chance(0.05))
        text = join(subject.text, self.verb(verb, subject, "past"))
        return (text[0], f"{text[1]} a", text[2])

    def _question(self) -> Three:
        return self.bare_question()

    def _fixed(self) -> Three:
        text = self.bare_fixed()
        return text if text[0].endswith("?") else ended(text, self.rng.choice(".!") if self.chance(0.9) else "")

    def _likes(self) -> Three:
        """Spanish turns it round: what is liked pleases."""
        subject, past = self.subject(), self.chance(0.5)
        negated, to_do = self.chance(0.2), self.chance(0.35)
        what = None if to_do else self.liked()
        deed = self.wish(subject) if to_do else ("", "", "")
        whom = {"1s": "me", "2s": "te", "3s": "le", "1p": "nos", "3p": "les"}[subject.person]
        pleases = ("gustaba" if past else "gusta") + ("n" if what is not None and what.person == "3p" else "")
        spanish = subject.text[1]
        spanish = {"yo": "a mí", "tú": "a ti"}.get(spanish, f"a {spanish}" if spanish else "")
        english = "liked" if past else "likes" if subject.person == "3s" else "like"
        if negated:
            english = f"{'did' if past else 'does' if subject.person == '3s' else 'do'} not like"
        likes = lexicon().particles["pt gostar"].tenses["impf" if past else "pres"][subject.person]
        return ended(
            join(
                (
                    f"{subject.text[0]} {english}",
                    f"{spanish}{' no' if negated else ''} {whom} {pleases}",
                    f"{subject.text[2]} {'não ' if negated else ''}{likes} de",
                ),
                ("to", "", "") if what is None else what.text,
                deed,
            )
        )

    def _it_was(self) -> Three:
        past = self.chance(0.7)
        what = self.noun_phrase("animals", "people", "things", "places", plural=False, determiner=self.rng.choice(("a", "a", "the", "my")))
        which = self.rng.choice((("it", "", ""), ("it", "", ""), ("this", "esto", "isto"), ("that", "eso", "isso")))
        subject = Phrase(which, "3s")
        return ended(join(which, self.be("ser", subject, "past" if past else "pres", self.chance(0.15)), what.text))

    def liked(self) -> Phrase:
        """What is liked in general has an article in Spanish alone."""
        kind = self.rng.choice(("animals", "people", "things", "food", "food", "places", "stuff"))
        if kind == "stuff" or self.chance(0.5):
            found = self.noun_phrase(kind, determiner="the", plural=kind != "stuff")
            return Phrase((found.text[0].removeprefix("the "), found.text[1], found.text[2][2:].lstrip()), found.person, found.genders)
        return self.noun_phrase(kind)

    def _command(self) -> Three:
        kind = self.rng.choice(
            ("motion", "transitive any", "transitive thing", "transitive food", "transitive person", "intransitive", "giving")
        )
        verb = self.rng.choice([one for one in lexicon().verbs[kind] if not one.spanish[0].reflexive and not one.portuguese[0].reflexive])
        you = Phrase(("you", "tú", "você"), "2s")
        rest = self.complement(kind, verb, you)
        en, es, pt = self.ways(verb)
        if self.chance(0.25):
            go = lexicon().particles
            we = (
                f"let us {en.base} {en.particle}",
                f"{go['es ir'].tenses['pres']['1p']} a {es.infinitive} {es.rest}",
                f"{go['pt ir'].tenses['pres']['1p']} {pt.infinitive} {pt.rest}",
            )
            return ended(join(we, rest), self.rng.choice(".!"))
        negated = self.chance(0.3)
        told = (
            f"{'do not ' if negated else ''}{en.base} {en.particle}",
            imperative(es, 1, negated=negated),
            imperative(pt, 2, negated=negated),
        )
        please: Three = (", please", ", por favor", ", por favor") if self.chance(0.2) else ("", "", "")
        return ended(join(told, rest, please), self.rng.choice(".!!"))

    def _thought(self) -> Three:
        subject, other = self.subject(), self.subject()
        verb, tense = self.rng.choice(lexicon().verbs["thinking"]), self.rng.choice(("past", "past", "pres"))
        that = "that" if self.source or self.chance(0.8) else ""
        clause = join(other.text, self.predicate(other, tense))
        return ended(join(subject.text, self.verb(verb, subject, tense, self.chance(0.15)), (that, "que", "que"), clause))

    def _with_pronoun(self) -> Three:
        """Found it; saw me: before the verb in Spanish, and in Portuguese as it is written."""
        subject, tense = self.subject(), self.rng.choice(("past", "past", "pres"))
        pronouns = [
            ("me", "me", "me"),
            ("you", "te", "te"),
            ("us", "nos", "nos"),
            ("them", "los", "os"),
            ("it", "lo", "o"),
            ("him", "lo", "o"),
            ("her", "la", "a"),
        ]
        me = self.rng.choice(pronouns)
        verb = self.rng.choice([one for one in lexicon().verbs["transitive any"] if not any(one.prepositions)])
        text = self.verb(verb, subject, tense)
        return ended(
            (
                f"{subject.text[0]} {text[0]} {me[0]}",
                f"{subject.text[1]} {me[1]} {text[1]}".strip(),
                f"{subject.text[2]} {me[2]} {text[2]}".strip(),
            )
        )

    def _there_was(self) -> Three:
        what = (
            self.noun_phrase("animals", "people", "things", determiner="a")
            if self.chance(0.6)
            else self.noun_phrase("animals", "things", plural=True)
        )
        front: Three = ("once upon a time", "había una vez", "era uma vez")
        is_old = self.chance(0.4) and what.person == "3s"
        be = "were" if what.person == "3p" else "was"
        if what.person == "3s" and what.animate and self.chance(0.3):
            what = self.named(what)
        if is_old:
            there = join(front, ("there was" if self.source or self.chance(0.7) else ", there was", "", ""), what.text)
        else:
            there = join((f"there {be}", "había", "havia"), what.text)
        if self.chance(0.5):
            return ended(join(there, self.place()))
        return ended(join(there, ("who", "que", "que"), self.predicate(what, "past")))

    def _short(self) -> Three:
        """A phrase or a word alone: a heading, a cell of a table, a piece between marks."""
        roll = self.rng.random()
        if roll < 0.4:
            return self.noun_phrase("animals", "people", "things", "places", "food", "nature").text
        if roll < 0.55:
            adjective = self.adjective(self.rng.choice(("ser", "estar")))
            return tuple(adjective[i].forms["ms"] for i in range(3))  # type: ignore[attr-defined]
        if roll < 0.7:
            return self.place()
        if roll < 0.8:
            subject = self.subject()
            return join(subject.text, self.predicate(subject, self.tense()))
        if roll < 0.88:
            return self.plain(self.rng.choice(("after", "often")))
        if roll < 0.94:
            nouns = self.noun(self.rng.choice(("animals", "people", "things", "places", "food", "stuff", "nature")))
            return nouns[0].singular, nouns[1].singular, nouns[2].singular
        told = self._command()
        return tuple(text.strip(" .!¡") for text in told)  # type: ignore[return-value]


def finish(text: str, language: int) -> str:
    """Contractions and articles as they are written."""
    text = " ".join(text.split())
    if language == 0:
        return _AN.sub("an ", text)
    for pattern, joined in _SPANISH_JOINS if language == 1 else _PORTUGUESE_JOINS:
        text = pattern.sub(joined, text)
    return text


def write_pair(rng: random.Random, *, source: int | None = None, target: int | None = None) -> Pair:
    """A sentence in two languages, drawn where not given."""
    if source is None or target is None:
        source, target = rng.choice(((0, 1), (1, 0), (0, 2), (2, 0), (0, 1), (1, 0), (1, 2), (2, 1)))
    three = Sentences(rng, source).write()
    read, written = finish(three[source], source), finish(three[target], target)
    order: dict[str, str] = {}
    for match in _SLOT.finditer(read):
        order.setdefault(match[0], f"<{match[1]}{len(order) % 8}>")
    return Pair(source, target, _SLOT.sub(lambda m: order[m[0]], read), _SLOT.sub(lambda m: order.get(m[0], m[0]), written))
