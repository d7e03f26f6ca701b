"""What is said and asked: direct speech, questions, and what one says without a verb of one's own."""

from __future__ import annotations

from octavo.training.parallel.lexicon import Three, lexicon
from octavo.training.parallel.phrases import Phrase, join
from octavo.training.parallel.predicates import Predicates


class Speech(Predicates):
    def said(self) -> Three:
        speaker = self.subject("animals", "people", "people")
        if speaker.person in ("1s", "2s", "1p"):
            speaker = self.name()
        if self.chance(0.5):
            me = Phrase(("i", "" if self.source != 1 or self.chance(0.6) else "yo", "eu"), "1s", speaker.genders, "1s", animate=True)
            spoken = join(me.text, self.predicate(me, self.rng.choice(("pres", "past", "future"))))
        else:
            spoken = self.rng.choice((self.bare_fixed, self.bare_question, self.bare_statement))()
        end = "?" if spoken[0].endswith("?") else self.rng.choice(",,,!")
        verb = self.verb(self.rng.choice(lexicon().verbs["saying"][: 1 if self.chance(0.5) else 5]), speaker, "past")
        inner = [text.removesuffix("?").strip() for text in spoken]
        if end == "?":
            said: Three = (
                f"“ {inner[0]} ? ”",
                f"“ {inner[1] if inner[1].startswith('¿') else '¿ ' + inner[1]} ? ” ,",
                f"“ {inner[2]} ? ” ,",
            )
        elif end == "!":
            said = (f"“ {inner[0]} ! ”", f"“ ¡ {inner[1]} ! ” ,", f"“ {inner[2]} ! ” ,")
        else:
            said = (f"“ {inner[0]} , ”", f"“ {inner[1]} ” ,", f"“ {inner[2]} ” ,")
        if self.chance(0.35):
            ends = {"?": " ?", "!": " !", ",": " ."}[end]
            quote = (
                inner[0] + ends,
                ("¿ " if end == "?" and not inner[1].startswith("¿") else "¡ " if end == "!" else "") + inner[1] + ends,
                inner[2] + ends,
            )
            return join(speaker.text, verb, (", “", ": “", ": “"), quote, ("”", "”", "”"))
        order = (f"{verb[0]} {speaker.text[0]}", f"{verb[1]} {speaker.text[1]}", f"{verb[2]} {speaker.text[2]}")
        if speaker.text[0] in ("he", "she", "they") or (self.source == 0 and self.chance(0.3)):
            order = (f"{speaker.text[0]} {verb[0]}", order[1], order[2])
        return ended(join(said, order))

    def bare_statement(self) -> Three:
        subject = self.subject()
        return join(subject.text, self.predicate(subject, self.rng.choice(("pres", "past"))))

    def bare_fixed(self) -> Three:
        en, es, pt = self.plain("fixed")
        if en.startswith(("where", "who", "what", "why", "how")):
            return (f"{en} ?", f"¿ {es} ?", f"{pt} ?")
        return en, es, pt

    def bare_question(self) -> Three:
        roll = self.rng.random()
        tense = self.rng.choice(("past", "pres"))
        if roll < 0.35:
            what = self.pronoun() if self.chance(0.2) else self.noun_phrase("things", "animals", "people", "places", "name")
            en, es, pt = self.be("estar", what, tense)
            return (f"where {en} {what.text[0]} ?", f"¿ dónde {es} {what.text[1]} ?", f"onde {pt} {what.text[2]} ?")
        if roll < 0.6:
            who = Phrase(("who", "quién", "quem"), "3s")
            return join(("", "¿", ""), who.text, self.predicate(who, tense, negated=False), ("?", "?", "?"))
        subject = self.subject()
        kind = self.rng.choice(("intransitive", "transitive any", "transitive thing", "infinitive"))
        verb = self.rng.choice(lexicon().verbs[kind])
        if verb.english[0].base == "can":
            verb = lexicon().verbs["infinitive"][0]
        _, spanish, portuguese = self.verb(verb, subject, tense)
        english = self.ways(verb)[0]
        do = "did" if tense == "past" else "does" if subject.person == "3s" else "do"
        why: Three = ("why", "por qué", "por que") if self.chance(0.3) else ("", "", "")
        asked = join(
            (
                f"{do} {subject.text[0]} {english.base} {english.particle}".strip(),
                f"{subject.text[1]} {spanish}".strip(),
                f"{subject.text[2]} {portuguese}".strip(),
            )
        )
        return join(("", "¿", ""), why, asked, self.complement(kind, verb, subject), ("?", "?", "?"))


def ended(text: Three, mark: str = ".") -> Three:
    if not mark:
        return text
    es = f"¡ {text[1]}" if mark == "!" else text[1]
    return (f"{text[0]} {mark}", f"{es} {mark}", f"{text[2]} {mark}")
