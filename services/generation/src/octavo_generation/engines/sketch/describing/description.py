"""From picture bytes to a description: look, measure, recognise, tell."""

from __future__ import annotations

from dataclasses import replace

from octavo_generation.engines.sketch.describing import eye
from octavo_generation.engines.sketch.describing.answering import answer
from octavo_generation.engines.sketch.describing.arrangement import arrangement
from octavo_generation.engines.sketch.describing.looking import look
from octavo_generation.engines.sketch.describing.shapes import shapes
from octavo_generation.engines.sketch.describing.telling import modesty, told
from octavo_generation.engines.sketch.describing.tones import dominant
from octavo_generation.engines.sketch.describing.wording import voice_of
from octavo_generation.engines.sketch.description import Description, SeenObject

_SURE_OF_PLACE = 0.55
_SURE_OF_HOUR = 0.5
_NO_SKY = ("space", "underwater", "room", "pattern")


def describe_picture(data: bytes, question: str | None = None, language: str = "en") -> Description:
    """What a small program can see in a picture (PNG, JPEG, WebP or GIF bytes whose size is checked elsewhere).

    Pure and deterministic. `language` `es` answers in Spanish, any other in English. A question that it does not understand gets
    the description, said so. Objects and places are named only where the picture looks drawn: the eye knows the sketch engine's
    world and nothing else. Raises `InvalidInput` for bytes that are no picture.
    """
    seen = look(data)
    voice = voice_of(language)
    colours = dominant(seen.rgb, seen.lab)
    composition = arrangement(seen)
    found = shapes(seen.lab)
    objects: tuple[SeenObject, ...] = ()
    place = None
    if composition.drawn:
        likely, share = max(eye.places(seen.lab).items(), key=lambda item: item[1])
        if likely != "pattern":
            objects = tuple(
                SeenObject(sight.kind, round(sight.confidence, 3), round(sight.x, 3), round(sight.y, 3)) for sight in eye.sights(seen.lab)
            )
        place = likely if share >= _SURE_OF_PLACE else None
        hour, surely = max(eye.hours(seen.lab).items(), key=lambda item: item[1])
        if likely in _NO_SKY:
            composition = replace(composition, hour=None)
        elif surely >= _SURE_OF_HOUR:
            composition = replace(composition, hour=hour)
    text = told(voice, colours, found, objects, composition, place)
    if question and question.strip():
        reply = answer(voice, question, colours, found, objects, composition, seen.width, seen.height)
        if reply is None:
            reply = f"{voice.say('That is more than I can tell.', 'Eso es más de lo que sé decir.')} {text}"
            reply += "" if modesty(voice) in text else f" {modesty(voice)}"
        text = reply
    return Description(text, colours, found, objects, composition, seen.width, seen.height)
