"""The painter: a scene becomes a picture. Pure: the same scene, size and scale give the same pixels."""

from __future__ import annotations

import numpy as np

from octavo_generation.engines.sketch import cities, elsewhere, lands, waters
from octavo_generation.engines.sketch.canvas import Canvas
from octavo_generation.engines.sketch.kinds import KINDS
from octavo_generation.engines.sketch.lights import Light, light_of
from octavo_generation.engines.sketch.moods import paint_mood
from octavo_generation.engines.sketch.patterns import paint_pattern
from octavo_generation.engines.sketch.pen import Pen
from octavo_generation.engines.sketch.scene import Scene, Thing
from octavo_generation.engines.sketch.skies import paint_sky, rainbow
from octavo_generation.engines.sketch.things import SPRITES
from octavo_generation.engines.sketch.weathers import lightning, paint_weather

_OPEN = ("space", "underwater", "room")


def paint(canvas: Canvas, scene: Scene) -> None:
    random = np.random.default_rng(scene.seed)
    if scene.form == "pattern":
        return paint_pattern(canvas, scene, random)
    if scene.form == "mood":
        return paint_mood(canvas, scene, random)
    light = _light(scene)
    behind = [thing for thing in scene.things if KINDS[thing.kind].role == "sky"]
    if scene.place in _OPEN:
        {"space": elsewhere.space, "underwater": elsewhere.underwater, "room": elsewhere.room}[scene.place](canvas, scene, light, random)
        _draw(canvas, scene, light, scene.things)
    else:
        paint_sky(canvas, scene, light, random)
        if "storm" in scene.weathers:
            lightning(canvas, scene, random)
        line = scene.horizon * canvas.height
        canvas.columns(((0.0, light.haze), (1.0, light.on(lands.grass_of(scene, "meadow")))), line, canvas.height)
        _backdrop(canvas, scene, light, random)
        if "rainbow" in scene.weathers:
            rainbow(canvas, scene)
        _draw(canvas, scene, light, [thing for thing in behind if thing.kind not in ("kite",)])
        _ground(canvas, scene, light, random)
        _draw(canvas, scene, light, [thing for thing in scene.things if thing not in behind or thing.kind == "kite"])
    if scene.place != "room" and scene.place != "underwater" and scene.place != "space":
        paint_weather(canvas, scene, light, random)
    return None


def _light(scene: Scene) -> Light:
    light = light_of(scene.hour, scene.seed)
    if "sky" in scene.tints:
        light = light.tinted(scene.tints["sky"], 0.7)
    if scene.weathers & {"rain", "storm"}:
        light = light.grey(0.72)
    elif scene.weathers & {"clouds", "fog", "snow"}:
        light = light.grey(0.42)
    return light


def _backdrop(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    if scene.place == "mountains" or "mountains" in scene.backdrop:
        lands.mountains(canvas, scene, light, random, tall=1.0 if scene.place == "mountains" else 0.66)
    elif scene.place in ("lake", "river", "snow", "village", "road") or (scene.place in ("hills", "meadow") and scene.seed % 2):
        lands.mountains(canvas, scene, light, random, tall=0.5)
    if scene.place == "city" or "city" in scene.backdrop:
        cities.city(canvas, scene, light, random)
    if "forest" in scene.backdrop or (scene.place == "lake" and "city" not in scene.backdrop):
        lands.forest(canvas, scene, light, random, front=False)
    if "hills" in scene.backdrop and scene.place in ("sea", "lake", "beach"):
        lands.hills(canvas, scene, light, random, depth=2)


def _ground(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    match scene.place:
        case "sea":
            waters.sea(canvas, scene, light, random)
        case "beach":
            waters.beach(canvas, scene, light, random)
        case "lake":
            waters.lake(canvas, scene, light, random)
        case "river":
            lands.hills(canvas, scene, light, random, name="meadow", depth=2)
            waters.river(canvas, scene, light, random)
        case "city":
            if any(KINDS[thing.kind].role == "ground" for thing in scene.things):
                lands.road(canvas, scene, light, random)
            else:
                cities.waterfront(canvas, scene, light, random)
        case "road":
            lands.hills(canvas, scene, light, random, name="meadow", depth=2)
            lands.road(canvas, scene, light, random)
        case "forest":
            lands.forest(canvas, scene, light, random)
        case "desert":
            lands.desert(canvas, scene, light, random)
        case "village":
            lands.hills(canvas, scene, light, random, name="meadow", depth=2)
            cities.village(canvas, scene, light, random)
        case _:
            lands.hills(canvas, scene, light, random, name=scene.place)
            if "village" in scene.backdrop:
                cities.village(canvas, scene, light, random)


def _draw(canvas: Canvas, scene: Scene, light: Light, things: list[Thing] | tuple[Thing, ...]) -> None:
    dark = scene.hour in ("sunset", "dusk", "night")
    for thing in things:
        turn = {"rocket": 0.32, "kite": 0.1}.get(thing.kind, 0.0) * (-1 if thing.flip else 1)
        SPRITES[thing.kind](Pen(canvas, light, thing, dark=dark, turn=turn))
