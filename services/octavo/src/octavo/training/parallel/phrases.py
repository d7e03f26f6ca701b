"""Noun phrases and verb phrases in three languages at once, drawn by chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from octavo.training.parallel.conjugation import PERSONS, EnglishVerb, RomanceVerb
from octavo.training.parallel.lexicon import Adjective, Entry, Noun, Three, Verb, lexicon

_SLOT_KINDS = ("f", "m", "x")
_SINGULAR = ("the",) * 8 + ("a",) * 5 + ("this", "that", "my", "my", "your", "our", "every", "another")
_PLURAL = ("the",) * 4 + ("these", "those", "my", "your", "our", "some", "many", "all the", "two", "three", "four", "five", "seven", "ten")
_ITS = {"f": "her", "m": "his", "n": "its", "p": "their"}
_OWN = {"1s": "my", "2s": "your", "1p": "our"}
SUBJECTS: dict[str, tuple[str, str, str, str, str]] = {
    "I": ("i", "yo", "eu", "1s", "m"),
    "you": ("you", "tú", "você", "2s", "m"),
    "he": ("he", "él", "ele", "3s", "m"),
    "she": ("she", "ella", "ela", "3s", "f"),
    "we": ("we", "nosotros", "nós", "1p", "m"),
    "they": ("they", "ellos", "eles", "3p", "m"),
}
_DROPPED = ("I", "you", "we")
"""What Spanish does not say where nothing hangs on it."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """`genders`: of the noun in Spanish and Portuguese; `owner`: who `his` would be in English. `person` as in the conjugation."""

    text: Three
    person: str = "3s"
    genders: tuple[str, str] = ("m", "m")
    owner: str = "n"
    animate: bool = False

    def form(self, language: int) -> str:
        """Key of what agrees with it."""
        return self.genders[max(0, language - 1)] + ("p" if self.person.endswith("p") else "s")


class Phrases:
    """`source`: the language (0, 1, 2) that is read; in it any way of saying a thing is drawn, in the others the first."""

    def __init__(self, rng: random.Random, source: int) -> None:
        self.rng = rng
        self.source = source
        self._slots = 0

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def slot(self, kind: str) -> str:
        """A word that the model does not know: a name of a woman or a man, or anything else."""
        assert kind in _SLOT_KINDS
        self._slots += 1
        return f"<{kind}{self._slots - 1}>"

    def way(self, entry: Entry) -> tuple[object, object, object]:
        """One form a language."""
        es, pt = (self.rng.choice(entry[i]) if i == self.source else entry[i][0] for i in (1, 2))
        return self.rng.choice(entry[0]) if self.source == 0 else entry[0][0], es, pt

    def plain(self, kind: str) -> Three:
        en, es, pt = self.way(self.rng.choice(lexicon().plain[kind]))
        return str(en), str(es), str(pt)

    def noun(self, kind: str) -> tuple[Noun, Noun, Noun]:
        if self.chance(0.07):
            word = self.slot("x")
            return (Noun(word, word, "n"), Noun(word, word, "m"), Noun(word, word, "m"))
        return self.way(self.rng.choice(lexicon().nouns[kind]))  # type: ignore[return-value]

    def adjective(self, kind: str) -> tuple[object, object, object]:
        if self.chance(0.03):
            word = self.slot("x")
            unknown = Adjective(dict.fromkeys(("fs", "ms", "fp", "mp"), word))
            return unknown, unknown, unknown
        return self.way(self.rng.choice(lexicon().adjectives[kind]))

    def attribute(self) -> tuple[object, object, object]:
        """How someone feels, said beside the noun."""
        fitting = [entry for entry in lexicon().adjectives["estar"] if entry[1][0].forms["fs"] != entry[1][0].forms["mp"]]
        return self.way(self.rng.choice(fitting))

    def drawn_verb(self, kind: str) -> Verb:
        if not kind.startswith("transitive") or not self.chance(0.03):
            return self.rng.choice(lexicon().verbs[kind])
        word = self.slot("x")
        romance = RomanceVerb(word, {tense: dict.fromkeys(PERSONS, word) for tense in ("pres", "pret", "impf")}, word)
        return Verb((EnglishVerb(word, word, word, word),), (romance,), (romance,), state=False, prepositions=("", "", ""))

    def noun_phrase(
        self, *kinds: str, owner: Phrase | None = None, plural: bool | None = None, determiner: str | None = None, bare: bool = False
    ) -> Phrase:
        """`owner`: whose it may be said to be. `bare`: food may stand without an article."""
        kind = self.rng.choice(kinds)
        if kind == "name":
            return self.name()
        nouns = self.noun(kind)
        if kind in ("stuff", "nature", "fears"):
            plural, determiner = False, determiner or "the"
        if bare and (kind == "stuff" or (kind == "food" and self.chance(0.5))):
            plural, determiner = kind == "food", ""
        plural = self.chance(0.25) if plural is None and determiner is None else bool(plural)
        if determiner is None:
            determiner = self.rng.choice(_PLURAL if plural else _SINGULAR)
            if owner is not None and self.chance(0.3):
                determiner = _OWN.get(owner.person, "his")
        genders = (nouns[1].gender, nouns[2].gender)
        described = self.adjective("ser") if kind not in ("nature", "fears") and self.chance(0.35) else None
        if described is not None and self.chance(0.12):
            described = self.attribute()
        text = tuple(self._with(i, determiner, nouns[i], described, plural, owner, genders) for i in range(3))
        english_owner = "p" if plural else nouns[0].gender
        return Phrase(text, "3p" if plural else "3s", genders, english_owner, kind in ("animals", "people"))  # type: ignore[arg-type]

    def _with(
        self, i: int, determiner: str, noun: Noun, described: object, plural: bool, owner: Phrase | None, genders: tuple[str, str]
    ) -> str:
        english, *others = lexicon().determiners[determiner]
        form = ("m" if i == 0 else genders[i - 1]) + ("p" if plural else "s")
        word = noun.plural if plural else noun.singular
        adjective = None if described is None else described[i]  # type: ignore[index]
        if i == 0:
            if determiner == "his" and owner is not None:
                english = _ITS[owner.owner]
            return " ".join(part for part in (english, adjective.forms[form] if adjective else "", word) if part)
        said = others[i - 1][form]
        if noun.takes_el and not plural and said in ("la", "una") and not (adjective and adjective.before):
            said = {"la": "el", "una": "un"}[said]
        if adjective is None:
            return f"{said} {word}".strip()
        return f"{said} {adjective.forms[form]} {word}" if adjective.before else f"{said} {word} {adjective.forms[form]}".strip()

    def name(self) -> Phrase:
        kind = self.rng.choice(_SLOT_KINDS)
        word, gender = self.slot(kind), "f" if kind == "f" else "m"
        return Phrase((word, word, word), "3s", (gender, gender), gender if kind != "x" else "n", animate=True)

    def pronoun(self, *, drop: bool = True) -> Phrase:
        name = self.rng.choice(list(SUBJECTS))
        en, es, pt, person, gender = SUBJECTS[name]
        if drop and (name in _DROPPED if self.source != 1 else self.chance(0.5) and name != "she"):
            es = ""
        if drop and self.source == 2 and name in ("I", "we") and self.chance(0.4):
            pt = ""
        return Phrase((en, es, pt), person, (gender, gender), {"3s": gender, "3p": "p"}.get(person, person), animate=True)

    def named(self, noun: Phrase) -> Phrase:
        """A fox named Luna."""
        name, (spanish, portuguese) = self.name(), noun.genders
        how = "named" if self.source or self.chance(0.6) else "called"
        words = (how, "llamada" if spanish == "f" else "llamado", "chamada" if portuguese == "f" else "chamado")
        text = tuple(f"{noun.text[i]} {words[i]} {name.text[i]}" for i in range(3))
        return Phrase(text, noun.person, noun.genders, noun.owner, noun.animate)  # type: ignore[arg-type]

    def subject(self, *kinds: str) -> Phrase:
        roll = self.rng.random()
        if roll < 0.25:
            return self.pronoun()
        if roll < 0.45:
            return self.name()
        if roll < 0.52:
            first, second = self.noun_phrase(*(kinds or ("animals", "people")), plural=False, determiner="the"), self.name()
            pair = (first, second) if self.chance(0.5) else (second, first)
            text = (
                f"{pair[0].text[0]} and {pair[1].text[0]}",
                f"{pair[0].text[1]} y {pair[1].text[1]}",
                f"{pair[0].text[2]} e {pair[1].text[2]}",
            )
            genders = tuple("f" if pair[0].genders[i] == pair[1].genders[i] == "f" else "m" for i in (0, 1))
            return Phrase(text, "3p", genders, "p", animate=True)  # type: ignore[arg-type]
        if roll < 0.57:
            return self.possessed(*(kinds or ("animals", "people")))
        return self.noun_phrase(*(kinds or ("animals", "people")))

    def possessed(self, *kinds: str) -> Phrase:
        """The fox's house."""
        thing = self.noun_phrase(*kinds, determiner="the", plural=False)
        whose = self.name() if self.chance(0.4) else self.noun_phrase("animals", "people", plural=False)
        english = f"{whose.text[0]} 's {thing.text[0].removeprefix('the ')}"
        if self.source == 0 and self.chance(0.3):
            english = f"{thing.text[0]} of {whose.text[0]}"
        return Phrase(
            (english, f"{thing.text[1]} de {whose.text[1]}", f"{thing.text[2]} de {whose.text[2]}"),
            "3s",
            thing.genders,
            thing.owner,
            thing.animate,
        )

    def place(self, owner: Phrase | None = None) -> Three:
        en, es, pt = self.way(self.rng.choice(lexicon().prepositions["place"]))
        thing = self.noun_phrase("places", "places", "places", "things", owner=owner, plural=False)
        return join((str(en), str(es), str(pt)), thing.text)

    def company(self) -> Three:
        """With someone."""
        if self.chance(0.4):
            whom = self.rng.choice(
                (
                    ("me", "conmigo", "comigo"),
                    ("her", "con ella", "com ela"),
                    ("him", "con él", "com ele"),
                    ("them", "con ellos", "com eles"),
                    ("us", "con nosotros", "conosco"),
                )
            )
            return (f"with {whom[0]}", whom[1], whom[2])
        return join(("with", "con", "com"), self.noun_phrase("animals", "people", "name", "things").text)

    def object_of(self, verb: Verb, phrase: Phrase) -> Three:
        """With the prepositions that the verb, or Spanish for people and animals, asks for."""
        _, es, pt = verb.prepositions
        if not es and phrase.animate and not _is_indefinite(phrase.text[1]):
            es = "a"
        return join(("", es, pt), phrase.text)


def join(*parts: Three) -> Three:
    return tuple(" ".join(part[i] for part in parts if part[i]) for i in range(3))  # type: ignore[return-value]


def _is_indefinite(spanish: str) -> bool:
    return spanish.split()[0] in ("un", "una", "unos", "unas", "muchos", "muchas", "dos", "tres", "cuatro", "cinco", "siete", "diez")


def infinitive(way: EnglishVerb | RomanceVerb, person: str, language: int) -> str:
    if isinstance(way, EnglishVerb):
        return f"{way.base} {way.particle}".strip()
    if not way.reflexive:
        return f"{way.infinitive} {way.rest}".strip()
    if language == 2:
        return f"{REFLEXIVE[2][person]} {way.infinitive}"
    return f"{way.infinitive}{REFLEXIVE[1][person]}"


REFLEXIVE: tuple[dict[str, str], ...] = (
    {},
    {"1s": "me", "2s": "te", "3s": "se", "1p": "nos", "3p": "se"},
    {"1s": "me", "2s": "se", "3s": "se", "1p": "nos", "3p": "se"},
)


def finite(way: RomanceVerb, person: str, tense: str, language: int, *, negated: bool = False) -> str:
    no = ("", "no", "não")[language] if negated else ""
    reflexive = REFLEXIVE[language][person] if way.reflexive else ""
    return " ".join(part for part in (no, reflexive, way.tenses[tense][person], way.rest) if part)


def choose(options: Sequence[object], rng: random.Random, *, any_way: bool) -> object:
    return rng.choice(options) if any_way else options[0]
