"""Answers to simple questions about a picture: its colours, how many, is there, day or night, where, how big. None for others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from octavo_generation.engines.sketch.describing.eye import SEEN
from octavo_generation.engines.sketch.describing.telling import SURE, colours_told, light_told, modesty, objects_told, shapes_told
from octavo_generation.engines.sketch.describing.tones import NAMES
from octavo_generation.engines.sketch.describing.wording import Voice
from octavo_generation.engines.sketch.description import Composition, SeenColour, SeenObject, SeenShape
from octavo_generation.engines.sketch.reading import fold, vocabulary


def answer(
    voice: Voice,
    question: str,
    colours: Sequence[SeenColour],
    shapes: Sequence[SeenShape],
    objects: Sequence[SeenObject],
    look: Composition,
    width: int,
    height: int,
) -> str | None:
    asked = fold(question)
    tokens = re.findall(r"[a-z]+", asked)
    kind = asked_thing(tokens)
    if re.search(r"\bhow many\b|\bcuant[oa]s\b", asked):
        if re.search(r"colou?rs?\b|\bcolores\b", asked):
            return (
                voice.say(
                    f"I count {voice.number(len(colours))} main colours.", f"Cuento {voice.number(len(colours))} colores principales."
                )
                + " "
                + colours_told(voice, colours)
            )
        return _how_many(voice, kind, objects, look)
    if re.search(r"\bwhat size\b|\bhow (big|large)\b|\bresolution\b|\bque tamano\b|\bresolucion\b", asked):
        return voice.say(f"It is {width} by {height} pixels.", f"Mide {width} por {height} píxeles.")
    if re.search(
        r"\bday\b.*\bnight\b|\bnight\b.*\bday\b|\btime of day\b|\bdia\b.*\bnoche\b|\bnoche\b.*\bdia\b|\bhora\b|\bmomento del dia\b", asked
    ):
        return _hour(voice, look)
    colour = asked_colour(tokens)
    if colour is not None and re.search(r"\b(is|are|any|does|hay|es|tiene)\b", asked) and kind is None:
        share = sum(seen.share for seen in colours if seen.name == colour)
        if share:
            return voice.say(
                f"Yes, about {round(share * 100)}% of it is {voice.colour(colour)}.",
                f"Sí, cerca del {round(share * 100)}% es {voice.colour(colour)}.",
            )
        return (
            voice.say(
                f"No, {voice.colour(colour)} is not among its main colours.",
                f"No, el {voice.colour(colour)} no está entre sus colores principales.",
            )
            + " "
            + colours_told(voice, colours)
        )
    if re.search(r"colou?rs?\b|\bcolor(es)?\b", asked) and kind is None:
        return colours_told(voice, colours)
    if kind is not None and re.search(r"\bwhere\b|\bdonde\b", asked):
        return _where(voice, kind, objects) or _is_there(voice, kind, objects, look)
    if kind is not None and re.search(
        r"\b(is|are) (there|this|it|that)\b|\bcan you see\b|\bdo you see\b|\bdoes it (show|have)\b"
        r"|\bhay\b|\bes (un|una|el|la)\b|\bse ve\b|\bves\b|\baparece\b",
        asked,
    ):
        return _is_there(voice, kind, objects, look)
    if re.search(r"\bshapes?\b|\bformas?\b", asked):
        return shapes_told(voice, shapes) if shapes else voice.say("I can make out no separate shapes.", "No distingo formas separadas.")
    if re.search(r"\b(bright|dark|light|warm|cold|contrast)\b|\b(clar[ao]|oscur[ao]|luz|calid[ao]|fri[ao]|contraste)\b", asked):
        return light_told(voice, look)
    if re.search(r"\bobjects?\b|\bthings\b|\bobjetos?\b|\bcosas\b", asked):
        return _all(voice, objects, look)
    return None


def asked_thing(tokens: Sequence[str]) -> str | None:
    """The first kind of thing that a question names and the eye knows."""
    for index in range(len(tokens)):
        for phrase in (" ".join(tokens[index : index + length]) for length in (3, 2, 1)):
            for form in (
                phrase,
                phrase.removesuffix("s"),
                phrase.removesuffix("es"),
                phrase.removesuffix("ies") + "y",
                phrase.removesuffix("ces") + "z",
            ):
                for sense in vocabulary().get(form, ()):
                    kind = "person" if sense.meaning == "child" else sense.meaning
                    if sense.section == "things" and kind in SEEN:
                        return kind
    return None


def asked_colour(tokens: Sequence[str]) -> str | None:
    for token in tokens:
        for form in (token, token.removesuffix("s"), token.removesuffix("a") + "o", token.removesuffix("as") + "o"):
            for sense in vocabulary().get(form, ()):
                if sense.section == "colours" and sense.meaning in NAMES:
                    return sense.meaning
    return None


def _count(kind: str, objects: Sequence[SeenObject]) -> int:
    return sum(seen.kind == kind for seen in objects)


def _how_many(voice: Voice, kind: str | None, objects: Sequence[SeenObject], look: Composition) -> str | None:
    if kind is None:
        return None
    if not look.drawn:
        return modesty(voice)
    count = _count(kind, objects)
    if count == 0:
        return voice.say("I can find none.", "No encuentro ninguno.")
    return voice.say(f"I can find {voice.thing(kind, count)}.", f"Encuentro {voice.thing(kind, count)}.")


def _is_there(voice: Voice, kind: str, objects: Sequence[SeenObject], look: Composition) -> str:
    if not look.drawn:
        return modesty(voice)
    best = max((seen.confidence for seen in objects if seen.kind == kind), default=0.0)
    name = voice.thing(kind)
    if best >= SURE:
        return voice.say(f"Yes, I see {name}.", f"Sí, veo {name}.")
    if best > 0:
        return voice.say(f"Perhaps: something there looks like {name}.", f"Quizá: algo se parece a {name}.")
    return voice.say(f"No, I find nothing that looks like {name}.", f"No, no encuentro nada que se parezca a {name}.")


def _where(voice: Voice, kind: str, objects: Sequence[SeenObject]) -> str | None:
    spots = [(seen.x, seen.y) for seen in objects if seen.kind == kind]
    if not spots:
        return None
    across = "left" if spots[0][0] < 0.38 else ("right" if spots[0][0] > 0.62 else "centre")
    down = "top" if spots[0][1] < 0.36 else ("bottom" if spots[0][1] > 0.64 else "middle")
    upright = {"top": voice.say("towards the top", "arriba"), "bottom": voice.say("towards the bottom", "abajo")}
    place = ", ".join([voice.side(across), *([upright[down]] if down in upright else [])])
    return voice.say(f"I see {voice.thing(kind)} {place}.", f"Veo {voice.thing(kind)} {place}.")


def _hour(voice: Voice, look: Composition) -> str:
    if look.hour is None:
        return voice.say("I cannot tell: there is no sky that I recognise.", "No lo sé: no reconozco ningún cielo.")
    return voice.say(f"It looks like {voice.hour(look.hour)}.", f"Parece {voice.hour(look.hour)}.")


def _all(voice: Voice, objects: Sequence[SeenObject], look: Composition) -> str:
    if not look.drawn:
        return modesty(voice)
    sure, unsure = objects_told(voice, objects)
    if not sure and not unsure:
        return voice.say("I recognise no thing in it.", "No reconozco ninguna cosa.")
    text = voice.say(f"I see {sure}", f"Veo {sure}") if sure else ""
    doubt = voice.say(f"perhaps {unsure}", f"quizá {unsure}") if unsure else ""
    joined = "; ".join(part for part in (text, doubt) if part)
    return joined[0].upper() + joined[1:] + "."
