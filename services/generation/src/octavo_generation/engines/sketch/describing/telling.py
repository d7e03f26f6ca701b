"""The description as sentences: only what was seen, surer things plainly and others with a perhaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from octavo_generation.engines.sketch.describing.wording import Voice
from octavo_generation.engines.sketch.description import Composition, SeenColour, SeenObject, SeenShape

SURE = 0.85


def told(
    voice: Voice,
    colours: Sequence[SeenColour],
    shapes: Sequence[SeenShape],
    objects: Sequence[SeenObject],
    look: Composition,
    place: str | None,
) -> str:
    parts = [_opening(voice, objects, look, place), colours_told(voice, colours), light_told(voice, look), _built(voice, look)]
    if not objects and shapes:
        parts.append(shapes_told(voice, shapes))
    if not look.drawn:
        parts.append(modesty(voice))
    return " ".join(part for part in parts if part)


def _opening(voice: Voice, objects: Sequence[SeenObject], look: Composition, place: str | None) -> str:
    if not look.drawn:
        return voice.say("It looks like a photograph or a detailed picture.", "Parece una fotografía o una imagen con mucho detalle.")
    ground = f"{voice.say('A drawing of', 'Un dibujo de')} {voice.place(place)}" if place else voice.say("A drawing", "Un dibujo")
    if place == "pattern":
        ground = voice.say("An abstract drawing", "Un dibujo abstracto")
    sure, unsure = objects_told(voice, objects)
    if sure:
        ground += voice.say(" with ", " con ") + sure
    if unsure:
        ground += voice.say("; perhaps ", "; quizá ") + unsure
    return ground + "."


def objects_told(voice: Voice, objects: Sequence[SeenObject]) -> tuple[str, str]:
    """What is surely there, and what may be."""
    counts = Counter(seen.kind for seen in objects)
    best = {kind: max(seen.confidence for seen in objects if seen.kind == kind) for kind in counts}
    sure = [voice.thing(kind, count) for kind, count in counts.items() if best[kind] >= SURE]
    unsure = [voice.thing(kind, count) for kind, count in counts.items() if best[kind] < SURE]
    return voice.listed(sure), voice.listed(unsure)


def colours_told(voice: Voice, colours: Sequence[SeenColour]) -> str:
    names = [f"{voice.colour(colour.name)} ({round(colour.share * 100)}%)" for colour in colours[:5]]
    return voice.say(f"Its colours are {voice.listed(names)}.", f"Sus colores son {voice.listed(names)}.")


def light_told(voice: Voice, look: Composition) -> str:
    if voice.spanish:
        bright = "oscura" if look.brightness < 0.34 else ("clara" if look.brightness > 0.66 else "de luz media")
        strong = "poco contraste" if look.contrast < 0.25 else ("mucho contraste" if look.contrast > 0.5 else "contraste moderado")
        warm = "cálidos" if look.warmth > 0.12 else ("fríos" if look.warmth < -0.12 else "equilibrados")
        hour = f" Parece {look.hour and voice.hour(look.hour)}." if look.hour else ""
        return f"La imagen es {bright}, con {strong} y tonos {warm}.{hour}"
    bright = "dark" if look.brightness < 0.34 else ("bright" if look.brightness > 0.66 else "of middle brightness")
    strong = "little contrast" if look.contrast < 0.25 else ("strong contrast" if look.contrast > 0.5 else "moderate contrast")
    warm = "warm" if look.warmth > 0.12 else ("cold" if look.warmth < -0.12 else "balanced")
    hour = f" It seems to be {voice.hour(look.hour)}." if look.hour else ""
    return f"The picture is {bright}, with {strong} and {warm} tones.{hour}"


def _built(voice: Voice, look: Composition) -> str:
    parts = []
    if look.horizon is not None:
        parts.append(
            voice.say(
                f"a horizon runs across it at {round(look.horizon * 100)}% of its height from the top",
                f"un horizonte la cruza al {round(look.horizon * 100)}% de su altura desde arriba",
            )
        )
    across, _ = look.weight
    parts.append(voice.say(f"most of what stands out is {voice.side(across)}", f"lo que más destaca está {voice.side(across)}"))
    if look.symmetric:
        parts.append(voice.say("its halves mirror each other", "sus mitades son simétricas"))
    text = voice.listed(parts)
    return text[0].upper() + text[1:] + "."


def shapes_told(voice: Voice, shapes: Sequence[SeenShape]) -> str:
    kinds = {
        "round": ("round", "redonda"),
        "rectangular": ("rectangular", "rectangular"),
        "triangular": ("triangular", "triangular"),
        "long": ("long", "alargada"),
        "irregular": ("irregular", "irregular"),
    }
    if voice.spanish:
        names = [f"una forma {kinds[shape.kind][1]} de color {voice.colour(shape.colour)}" for shape in shapes[:4]]
        return f"Se distinguen {voice.listed(names)}." if len(names) > 1 else f"Se distingue {names[0]}."
    names = [
        f"{'an' if shape.kind == 'irregular' else 'a'} {kinds[shape.kind][0]} {voice.colour(shape.colour)} shape" for shape in shapes[:4]
    ]
    return f"One can make out {voice.listed(names)}."


def modesty(voice: Voice) -> str:
    return voice.say(
        "I am a small program that looks at colours and shapes; what is in a photograph I cannot tell.",
        "Soy un programa pequeño que mira colores y formas; no sé decir qué hay en una fotografía.",
    )
