"""Land in layers: mountains, hills, forest, desert, snow, road, village. The far ones sink into the haze."""

from __future__ import annotations

from math import pi, sin

import numpy as np

from octavo_generation.engines.sketch.canvas import Canvas, Point, Shade, rounded
from octavo_generation.engines.sketch.colours import Colour, darker, lighter, mix
from octavo_generation.engines.sketch.lights import Light
from octavo_generation.engines.sketch.scene import Scene

_GREENS: tuple[Colour, ...] = ((104, 172, 78), (128, 178, 70), (84, 162, 92), (150, 184, 84))


def ridge(random: np.random.Generator, width: float, level: float, swing: float, steps: int = 40) -> list[Point]:
    """A gentle skyline: a few sines of random phase, from edge to edge."""
    waves = [(random.uniform(0.5, 1.1), 1.0), (random.uniform(1.3, 2.3), 0.5), (random.uniform(2.8, 4.4), 0.2)]
    phases = [random.uniform(0, 2 * pi) for _ in waves]
    out = []
    for step in range(steps + 1):
        x = step / steps
        lift = sum(share * sin(2 * pi * pace * x + phase) for (pace, share), phase in zip(waves, phases, strict=True))
        out.append((x * width, level - lift * swing))
    return out


def slab(canvas: Canvas, skyline: list[Point], bottom: float, top_colour: Colour, bottom_colour: Colour) -> None:
    """Ground from a skyline down to `bottom`."""
    canvas.polygon([*skyline, (canvas.width, bottom), (0, bottom)], Shade(top_colour, bottom_colour))


def mountains(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator, *, tall: float = 1.0) -> None:
    base = scene.horizon * canvas.height + 2
    rock: Colour = scene.tints.get("mountains", ((86, 104, 148), (104, 100, 140), (78, 112, 140), (116, 104, 124))[scene.seed // 4 % 4])
    reach = base * 0.72 * tall
    for layer, (far, share, count) in enumerate(((0.66, 1.0, 4), (0.4, 0.82, 4), (0.16, 0.56, 3))):
        colour = light.on(rock if layer < 2 else mix(rock, (66, 92, 92), 0.4), far)
        order = [(slot + random.uniform(0.15, 0.85)) / count for slot in range(count)]
        for x in sorted(order, key=lambda _: float(random.random())):
            high = reach * share * random.uniform(0.62, 1.0)
            _peak(
                canvas,
                x * canvas.width,
                base,
                high,
                high * random.uniform(0.85, 1.15),
                colour,
                light,
                random,
                far,
                snowy=layer < 2 or "snow" in scene.weathers,
            )
        canvas_veil(canvas, base - reach * share * 0.34, base, light.haze, 0.16)


def canvas_veil(canvas: Canvas, top: float, bottom: float, colour: Colour, alpha: float) -> None:
    """Haze that gathers at a layer's foot."""
    steps = 8
    for step in range(steps):
        y0, y1 = top + (bottom - top) * step / steps, top + (bottom - top) * (step + 1) / steps
        canvas.polygon([(0, y0), (canvas.width, y0), (canvas.width, y1), (0, y1)], colour, alpha=alpha * (step + 1) / steps * 2)


def _peak(
    canvas: Canvas,
    x: float,
    base: float,
    high: float,
    half: float,
    colour: Colour,
    light: Light,
    random: np.random.Generator,
    far: float,
    *,
    snowy: bool,
) -> None:
    top = base - high
    left = [
        (x - half * t + random.uniform(-1, 1) * half * 0.035, top + high * t ** random.uniform(0.9, 1.05)) for t in np.linspace(0.12, 1, 8)
    ]
    right = [
        (x + half * t + random.uniform(-1, 1) * half * 0.035, top + high * t ** random.uniform(0.9, 1.05)) for t in np.linspace(0.12, 1, 8)
    ]
    spine = [(x + random.uniform(-0.16, 0.2) * half * t, top + high * t) for t in np.linspace(0.12, 1, 6)]
    lit, shaded = lighter(colour, 0.14), darker(colour, 0.2)
    canvas.polygon([(x, top), *left, *reversed(spine)], Shade(lit, mix(lit, light.haze, 0.3)))
    canvas.polygon([(x, top), *right, *reversed(spine)], Shade(shaded, mix(shaded, light.haze, 0.34)))
    if snowy and high > base * 0.3:
        white, cool = light.on((250, 252, 255), far * 0.7), light.on((198, 212, 236), far * 0.7)
        drop = 0.34
        edge = [
            (x + s * half * drop, top + high * drop * (1.0 + jag)) for s, jag in ((-0.94, 0.0), (-0.6, -0.3), (-0.34, 0.14), (-0.1, -0.22))
        ]
        middle = (x + 0.02 * half, top + high * drop * 1.16)
        edge_right = [
            (x + s * half * drop, top + high * drop * (1.0 + jag)) for s, jag in ((0.2, -0.24), (0.46, 0.1), (0.66, -0.26), (0.94, 0.0))
        ]
        canvas.polygon([(x, top), *edge, middle, spine[0]], white)
        canvas.polygon([(x, top), spine[0], middle, *edge_right], cool)


def hills(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator, *, name: str = "hills", depth: int = 3) -> None:
    """Rolling ground from the horizon to the front, lighter and hazier far away; trees dot the far hills."""
    green = grass_of(scene, name)
    start, end = scene.horizon * canvas.height, canvas.height
    for layer in range(depth):
        near = layer / max(1, depth - 1)
        level = start + (end - start) * (0.62 * near**1.25)
        skyline = ridge(random, canvas.width, level, canvas.height * (0.034 + 0.012 * near))
        tone = mix(green, (38, 112, 88), 0.35 * (1 - near))
        far = 0.5 * (1 - near) ** 1.2
        top, low = light.on(lighter(tone, 0.16), far), light.on(darker(tone, 0.2), far * 0.7)
        slab(canvas, skyline, canvas.height, top, low)
        if layer < depth - 1 and "snow" not in scene.weathers:
            _copse(canvas, skyline, light, random, far, 5 + 4 * layer, canvas.height * (0.016 + 0.014 * near), tone)
    if name == "meadow" or "snow" not in scene.weathers:
        tufts(canvas, scene, light, random, green)


def grass_of(scene: Scene, name: str) -> Colour:
    green: Colour = scene.tints.get(name, scene.tints.get("meadow", scene.tints.get("ground", _GREENS[scene.seed // 16 % len(_GREENS)])))
    if "autumn" in scene.weathers:
        green = mix(green, (206, 150, 66), 0.6)
    return mix(green, (238, 244, 252), 0.88) if "snow" in scene.weathers or scene.place == "snow" else green


def _copse(
    canvas: Canvas, skyline: list[Point], light: Light, random: np.random.Generator, far: float, count: int, size: float, tone: Colour
) -> None:
    """Tree crowns along a skyline, in clumps."""
    for _ in range(count):
        start = int(random.integers(1, len(skyline) - 2))
        x, y = skyline[start]
        for _ in range(int(random.integers(1, 5))):
            at, crown = x + random.uniform(-2.2, 2.2) * size, size * random.uniform(0.6, 1.1)
            colour = light.on(darker(mix(tone, (40, 96, 70), 0.5), random.uniform(0.05, 0.3)), far)
            canvas.polygon([(at - crown * 0.14, y + crown), (at + crown * 0.14, y + crown), (at, y - crown * 0.4)], darker(colour, 0.3))
            blob = [
                (at - crown * 0.8, y + crown * 0.15),
                (at - crown * 0.45, y - crown),
                (at + crown * 0.35, y - crown * 1.15),
                (at + crown * 0.8, y),
            ]
            canvas.polygon(rounded(blob), Shade(lighter(colour, 0.14), colour))


def tufts(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator, green: Colour) -> None:
    """Grass blades and small flowers in the foreground."""
    unit, low = min(canvas.width, canvas.height), canvas.height
    blossoms: tuple[Colour, ...] = ((255, 250, 240), (250, 214, 92), (244, 140, 150), (206, 160, 230))
    winter = "snow" in scene.weathers or scene.place == "snow"
    for _ in range(int(46 * scene.detail * canvas.width / unit)):
        y = low - random.uniform(0, 1) ** 1.6 * (low - scene.horizon * low) * 0.52
        x, near = random.uniform(0, canvas.width), (y - scene.horizon * low) / (low - scene.horizon * low)
        high = unit * 0.022 * (0.3 + near) * random.uniform(0.7, 1.3)
        colour = light.on(darker(green, random.uniform(0.08, 0.3)) if random.random() < 0.6 else lighter(green, 0.2))
        for lean in (-0.5, -0.1, 0.35):
            canvas.polygon(
                [(x + lean * high * 0.3 - high * 0.07, y), (x + lean * high * 0.3 + high * 0.07, y), (x + lean * high, y - high)], colour
            )
        if not winter and random.random() < 0.3:
            petal = light.on(blossoms[int(random.integers(0, len(blossoms)))])
            canvas.dot(x + high * 0.3, y - high * 1.1, max(0.8, high * 0.16), petal)


def forest(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator, *, front: bool = True) -> None:
    """Rows of conifers in mist, then, where the forest is the place itself, a clearing framed by tall trunks."""
    leaf: Colour = scene.tints.get("forest", (44, 104, 74))
    if "autumn" in scene.weathers:
        leaf = mix(leaf, (200, 104, 40), 0.7)
    start = scene.horizon * canvas.height
    for layer in range(4):
        near, unit = layer / 3, min(canvas.width, canvas.height)
        far, base = 0.68 * (1 - near), start + canvas.height * 0.045 * layer
        high = unit * (0.17 + 0.1 * near)
        count = int((24 - 3 * layer) * canvas.width / unit)
        for slot in range(count + 1):
            x = (slot + random.uniform(-0.4, 0.4)) / count * canvas.width
            pine_shape(
                canvas,
                x,
                base,
                high * random.uniform(0.7, 1.25),
                light.on(mix(leaf, (30, 72, 62), 0.3), far),
                snowy="snow" in scene.weathers,
            )
        canvas_veil(canvas, base - high * 0.5, base + 2, light.haze, 0.13)
    if front:
        green = mix(grass_of(scene, "meadow"), leaf, 0.3 if "snow" not in scene.weathers else 0.0)
        skyline = ridge(random, canvas.width, start + canvas.height * 0.13, canvas.height * 0.012)
        slab(canvas, skyline, canvas.height, light.on(lighter(green, 0.1), 0.1), light.on(darker(green, 0.3)))
        tufts(canvas, scene, light, random, green)


def pine_shape(canvas: Canvas, x: float, base: float, high: float, colour: Colour, *, snowy: bool = False) -> None:
    canvas.polygon(
        [(x - high * 0.03, base), (x + high * 0.03, base), (x + high * 0.03, base - high * 0.3), (x - high * 0.03, base - high * 0.3)],
        darker(colour, 0.35),
    )
    for tier in range(3):
        low, half = base - high * (0.12 + 0.26 * tier), high * (0.25 - 0.06 * tier)
        top = low - high * 0.4
        canvas.polygon([(x - half, low), (x, low - half * 0.14), (x + half, low), (x, top)], colour)
        canvas.polygon([(x, low - half * 0.14), (x + half, low), (x, top)], darker(colour, 0.16))
        if snowy:
            canvas.polygon(
                [(x - half * 0.5, low - high * 0.2), (x, low - high * 0.14), (x + half * 0.4, low - high * 0.22), (x, top)],
                mix(colour, (246, 250, 255), 0.85),
            )


def desert(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    sand: Colour = scene.tints.get("desert", (232, 184, 112))
    start = scene.horizon * canvas.height
    for layer in range(4):
        near = layer / 3
        level = start + (canvas.height - start) * (0.72 * near**1.2)
        skyline = ridge(random, canvas.width, level, canvas.height * (0.03 + 0.02 * near), 60)
        far = 0.42 * (1 - near)
        slab(canvas, skyline, canvas.height, light.on(lighter(sand, 0.14), far), light.on(darker(sand, 0.12 + 0.08 * near), far * 0.6))
        crest = min(skyline[8:-8], key=lambda point: point[1])
        side = -1 if random.random() < 0.5 else 1
        slope = [p for p in skyline if (p[0] - crest[0]) * side >= 0][:: 1 if side > 0 else -1]
        reach = canvas.height * (0.12 + 0.1 * near)
        fold = [(crest[0] - side * reach * 0.5 * t, crest[1] + reach * t) for t in (1.0, 0.66, 0.33)]
        run = slope[: max(2, len(slope) * 3 // 5)]
        canvas.polygon([crest, *run, (run[-1][0], run[-1][1] + reach * 0.16), *fold], light.on(darker(sand, 0.26), far), alpha=0.55)


def road(canvas: Canvas, scene: Scene, light: Light, random: np.random.Generator) -> None:
    """Asphalt to the horizon, with a bend and a broken middle line."""
    start, end = scene.horizon * canvas.height + canvas.height * 0.03, float(canvas.height)
    wide, bend = canvas.width * 0.62, random.uniform(-0.16, 0.16) * canvas.width
    grey: Colour = scene.tints.get("road", (86, 88, 100))

    def edge(share: float, side: float) -> Point:
        depth = share**1.9
        return (canvas.width / 2 + bend * (1 - share) ** 2 + side * wide * (0.018 + depth), start + (end - start) * depth)

    steps = [step / 24 for step in range(25)]
    verge = [edge(s, -1.1) for s in steps] + [edge(s, 1.1) for s in reversed(steps)]
    canvas.polygon(verge, light.on((206, 196, 170), 0.06), alpha=0.8)
    canvas.polygon(
        [edge(s, -1) for s in steps] + [edge(s, 1) for s in reversed(steps)],
        Shade(light.on(lighter(grey, 0.2), 0.4), light.on(darker(grey, 0.1))),
    )
    for dash in range(9):
        near, next_ = 0.16 + dash * 0.1, 0.16 + dash * 0.1 + 0.05
        canvas.polygon([edge(near, -0.022), edge(next_, -0.022), edge(next_, 0.022), edge(near, 0.022)], light.on((244, 232, 190)))
