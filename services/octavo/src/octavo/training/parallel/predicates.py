"""What is said of someone, in three languages at once: verbs with their objects and places, how someone is and feels."""

from __future__ import annotations

from octavo.training.parallel.conjugation import EnglishVerb, RomanceVerb
from octavo.training.parallel.lexicon import Three, Verb, lexicon
from octavo.training.parallel.phrases import REFLEXIVE, Phrase, Phrases, choose, finite, infinitive, join

_BE = {
    "past": {"1s": "was", "2s": "were", "3s": "was", "1p": "were", "3p": "were"},
    "pres": {"1s": "am", "2s": "are", "3s": "is", "1p": "are", "3p": "are"},
}


_HOME: Three = ("home", "a casa", "para casa")


class Predicates(Phrases):
    def tense(self) -> str:
        return self.rng.choices(("past", "pres", "progressive", "future"), (62, 26, 8, 4))[0]

    def predicate(self, subject: Phrase, tense: str, *, negated: bool | None = None) -> Three:
        negated = self.chance(0.12) if negated is None else negated
        roll = self.rng.random()
        if tense in ("past", "pres") and roll < 0.3:
            return self._state(subject, tense, negated)
        kind = self.rng.choices(
            (
                "intransitive",
                "motion",
                "transitive any",
                "transitive thing",
                "transitive food",
                "transitive person",
                "giving",
                "infinitive",
                "placing",
            ),
            (20, 14, 20, 16, 6, 9, 5, 14, 3),
        )[0]
        if kind == "infinitive" and tense in ("progressive", "future"):
            kind = "motion"
        verb = self.drawn_verb(kind)
        body = self.verb(verb, subject, tense, negated)
        if tense in ("past", "pres") and not negated and verb.english[0].base != "can" and self.chance(0.07):
            body = join(self.plain("often"), body)
        if kind in ("intransitive", "motion") and self.chance(0.12):
            return join(body, self.plain("after"), self.complement(kind, verb, subject))
        body = join(body, self.complement(kind, verb, subject))
        if kind in ("intransitive", "motion") and self.chance(0.1):
            body = join(body, self.company())
        elif kind not in ("infinitive", "giving") and self.chance(0.15):
            body = join(body, self.plain("after"))
        return body

    def complement(self, kind: str, verb: Verb, subject: Phrase) -> Three:
        none: Three = ("", "", "")
        match kind:
            case "intransitive":
                return self.place(subject) if self.chance(0.45) else none
            case "motion":
                en, es, pt = self.way(self.rng.choice(lexicon().prepositions["path"]))
                where = self.noun_phrase("places", owner=subject, plural=False)
                if self.chance(0.15):
                    return self.rng.choice(
                        (_HOME, _HOME, ("to school", "a la escuela", "para a escola"), ("to bed", "a la cama", "para a cama"))
                    )
                return join((str(en), str(es), str(pt)), where.text)
            case "giving":
                whom = self.noun_phrase("animals", "people", "name", plural=False)
                return join(self.noun_phrase("things", "food", owner=subject).text, ("to", "a", "para"), whom.text)
            case "infinitive":
                return self.wish(subject)
            case "placing":
                return join(self.object_of(verb, self.noun_phrase("things", "food", owner=subject)), self.place(subject))
            case "transitive person":
                return self.object_of(verb, self.noun_phrase("people", "name", "animals", owner=subject))
            case "transitive food":
                return self.object_of(verb, self.noun_phrase("food", "stuff", bare=True))
            case "transitive thing":
                found = self.object_of(verb, self.noun_phrase("things", owner=subject) if self.chance(0.9) else self.possessed("things"))
            case _:
                found = self.object_of(verb, self.noun_phrase("things", "animals", "people", "places", "name", "nature", owner=subject))
        return join(found, self.place(subject)) if self.chance(0.18) else found

    def wish(self, subject: Phrase) -> Three:
        kind = self.rng.choice(("intransitive", "motion", "transitive any", "transitive thing", "transitive person", "transitive food"))
        verb = self.rng.choice(lexicon().verbs[kind])
        ways = self.ways(verb)
        text = tuple(infinitive(ways[i], subject.person, i) for i in range(3))
        company = self.company() if kind in ("intransitive", "motion") and self.chance(0.2) else ("", "", "")
        return join(text, self.complement(kind, verb, subject), company)  # type: ignore[arg-type]

    def ways(self, verb: Verb) -> tuple[EnglishVerb, RomanceVerb, RomanceVerb]:
        ways = (verb.english, verb.spanish, verb.portuguese)
        return tuple(choose(ways[i], self.rng, any_way=i == self.source) for i in range(3))  # type: ignore[return-value]

    def verb(self, verb: Verb, subject: Phrase, tense: str, negated: bool = False) -> Three:
        en, es, pt = self.ways(verb)
        if en.base == "can" and tense not in ("past", "pres"):
            tense = "pres"
        person = subject.person
        if tense == "progressive":
            now = "past" if self.chance(0.7) else "pres"
            be = _BE[now][person] + (" not" if negated else "")
            romance = "impf" if now == "past" else "pres"
            return (
                f"{be} {en.ing} {en.particle}".strip(),
                self._progressive(es, person, romance, 1, negated),
                self._progressive(pt, person, romance, 2, negated),
            )
        if tense == "future":
            go = lexicon().particles
            return (
                f"will {'not ' if negated else ''}{en.base} {en.particle}".strip(),
                f"{finite(go['es ir'], person, 'pres', 1, negated=negated)} a {infinitive(es, person, 1)}",
                f"{finite(go['pt ir'], person, 'pres', 2, negated=negated)} {infinitive(pt, person, 2)}",
            )
        romance = "pres" if tense == "pres" else "impf" if verb.state else "pret"
        read = romance
        if tense == "past" and self.source and self.chance(0.15):
            read = "pret" if romance == "impf" else "impf"
        return (
            _english(en, person, tense, negated),
            finite(es, person, read if self.source == 1 else romance, 1, negated=negated),
            finite(pt, person, read if self.source == 2 else romance, 2, negated=negated),
        )

    def _progressive(self, way: RomanceVerb, person: str, tense: str, language: int, negated: bool) -> str:
        be = lexicon().particles["es estar" if language == 1 else "pt estar"]
        text = f"{be.tenses[tense][person]} {way.gerund} {way.rest}".strip()
        if way.reflexive:
            text = f"{REFLEXIVE[language][person]} {text}"
        return f"{('', 'no', 'não')[language]} {text}" if negated else text

    def be(self, which: str, subject: Phrase, tense: str, negated: bool = False) -> Three:
        """`which`: ser or estar."""
        words, romance = lexicon().particles, "impf" if tense == "past" else "pres"
        return (
            _BE[tense][subject.person] + (" not" if negated else ""),
            finite(words[f"es {which}"], subject.person, romance, 1, negated=negated),
            finite(words[f"pt {which}"], subject.person, romance, 2, negated=negated),
        )

    def _state(self, subject: Phrase, tense: str, negated: bool) -> Three:
        roll = self.rng.random()
        if roll < 0.22:
            return join(self.be("estar", subject, tense, negated), self.place(subject))
        if roll < 0.38:
            en, es, pt = self.plain("having")
            words, romance = lexicon().particles, "impf" if tense == "past" else "pres"
            has = (
                _BE[tense][subject.person] + (" not" if negated else ""),
                finite(words["es tener"], subject.person, romance, 1, negated=negated),
                finite(words["pt ter"], subject.person, romance, 2, negated=negated),
            )
            body = join(has, (en, es, pt))
            if en == "afraid" and self.chance(0.6):
                of = self.noun_phrase("animals", "people", "fears", "fears", "nature", determiner="the")
                body = join(body, ("of", "de", "de"), of.text)
            return body
        if roll < 0.5 and subject.person == "3s":
            what = self.noun_phrase("animals", "people", plural=False, determiner="a")
            return join(self.be("ser", subject, tense, negated), what.text)
        kind = "ser" if roll < 0.72 else "estar"
        adjectives = self.adjective(kind)
        said = tuple(adjectives[i].forms[subject.form(i)] for i in range(3))  # type: ignore[attr-defined]
        if self.chance(0.12):
            more = self.adjective(kind)
            also = tuple(more[i].forms[subject.form(i)] for i in range(3))  # type: ignore[attr-defined]
            return join(self.be(kind, subject, tense, negated), said, ("and", "y", "e"), also)
        much: Three = ("", "", "")
        if kind == "estar" and " " not in said[1] and self.chance(0.25):
            felt = self.verb(self.rng.choice(lexicon().verbs["feeling"]), subject, tense, negated)
            return join(felt, said)
        if self.chance(0.3) and " " not in said[1]:
            much = self.rng.choice((("very", "muy", "muito"), ("so", "tan", "tão"), ("too", "demasiado", "demais")))
            if much[0] == "too":
                return join(self.be(kind, subject, tense, negated), ("too", "demasiado", ""), said, ("", "", "demais"))
        return join(self.be(kind, subject, tense, negated), much, said)


def _english(way: EnglishVerb, person: str, tense: str, negated: bool) -> str:
    if way.base == "can":
        return f"{way.past if tense == 'past' else 'can'}{' not' if negated else ''}"
    if negated:
        text = f"{'did' if tense == 'past' else 'does' if person == '3s' else 'do'} not {way.base}"
    else:
        text = way.past if tense == "past" else way.third if person == "3s" else way.base
    return f"{text} {way.particle}".strip()
