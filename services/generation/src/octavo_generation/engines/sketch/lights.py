"""Light by the hour: the sky's colours, the haze that distance sinks into, and what falls on things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from octavo_generation.engines.sketch.colours import Colour, mix
from octavo_generation.engines.sketch.scene import Hour

Stops = tuple[tuple[float, Colour], ...]


@dataclass(frozen=True, slots=True)
class Light:
    """`sky` from the zenith to the horizon. `tint` colours what is lit, with `strength`."""

    sky: Stops
    haze: Colour
    tint: Colour
    strength: float
    sun: Colour
    cloud: Colour
    cloud_shadow: Colour
    water: Colour

    def on(self, colour: Colour, far: float = 0.0) -> Colour:
        """The colour as seen in this light, `far` into the haze."""
        lit = (colour[0] * self.tint[0] // 255, colour[1] * self.tint[1] // 255, colour[2] * self.tint[2] // 255)
        return mix(mix(colour, lit, self.strength), self.haze, far)

    def tinted(self, colour: Colour, share: float) -> Light:
        """The same hour under a sky of another colour."""
        sky = tuple((at, mix(stop, mix(colour, (255, 255, 255), at * 0.35), share)) for at, stop in self.sky)
        return Light(
            sky,
            mix(self.haze, mix(colour, (255, 255, 255), 0.3), share),
            self.tint,
            self.strength,
            self.sun,
            self.cloud,
            self.cloud_shadow,
            mix(self.water, colour, share * 0.4),
        )

    def grey(self, share: float) -> Light:
        """The same hour under a closed sky."""
        veil: Colour = mix((112, 124, 142), self.haze, 0.3)
        sky = tuple((at, mix(stop, mix(veil, self.sky[0][1], 0.35), share)) for at, stop in self.sky)
        return Light(
            sky,
            mix(self.haze, veil, share),
            self.tint,
            self.strength,
            self.sun,
            mix(self.cloud, veil, share * 0.55),
            mix(self.cloud_shadow, (84, 94, 110), share * 0.6),
            mix(self.water, veil, share * 0.5),
        )


LIGHTS: Final[Mapping[Hour, tuple[Light, ...]]] = {
    "day": (
        Light(
            ((0.0, (46, 128, 214)), (0.55, (122, 190, 240)), (1.0, (222, 242, 250))),
            (206, 230, 242),
            (255, 252, 240),
            0.4,
            (255, 246, 206),
            (255, 255, 255),
            (206, 222, 238),
            (46, 134, 190),
        ),
        Light(
            (
                (0.0, (62, 150, 220)),
                (0.5, (142, 206, 238)),
                (1.0, (244, 244, 224)),
            ),
            (222, 234, 230),
            (255, 250, 232),
            0.4,
            (255, 240, 190),
            (255, 255, 252),
            (214, 224, 232),
            (38, 148, 186),
        ),
    ),
    "dawn": (
        Light(
            ((0.0, (96, 128, 190)), (0.45, (196, 168, 208)), (0.75, (250, 186, 180)), (1.0, (255, 226, 176))),
            (246, 206, 192),
            (255, 214, 200),
            0.5,
            (255, 240, 206),
            (255, 226, 214),
            (214, 164, 186),
            (122, 138, 184),
        ),
        Light(
            ((0.0, (112, 150, 196)), (0.5, (214, 190, 206)), (0.8, (255, 204, 178)), (1.0, (255, 238, 200))),
            (250, 216, 190),
            (255, 220, 196),
            0.5,
            (255, 244, 214),
            (255, 234, 220),
            (222, 178, 184),
            (128, 150, 186),
        ),
    ),
    "sunset": (
        Light(
            ((0.0, (52, 38, 104)), (0.38, (148, 58, 126)), (0.68, (242, 104, 86)), (0.88, (255, 166, 86)), (1.0, (255, 212, 122))),
            (246, 144, 102),
            (255, 158, 116),
            0.62,
            (255, 232, 166),
            (255, 164, 128),
            (150, 66, 116),
            (96, 64, 118),
        ),
        Light(
            ((0.0, (74, 54, 126)), (0.4, (190, 74, 118)), (0.7, (250, 130, 80)), (1.0, (255, 218, 130))),
            (250, 160, 100),
            (255, 166, 118),
            0.62,
            (255, 238, 176),
            (255, 178, 134),
            (170, 76, 112),
            (108, 70, 120),
        ),
    ),
    "dusk": (
        Light(
            ((0.0, (22, 28, 76)), (0.5, (70, 62, 130)), (0.8, (160, 92, 142)), (1.0, (238, 152, 136))),
            (136, 98, 144),
            (150, 134, 198),
            0.66,
            (255, 214, 186),
            (150, 112, 160),
            (74, 62, 120),
            (44, 48, 100),
        ),
    ),
    "night": (
        Light(
            ((0.0, (6, 11, 36)), (0.55, (18, 34, 82)), (1.0, (46, 72, 132))),
            (38, 58, 108),
            (92, 116, 190),
            0.74,
            (240, 242, 226),
            (72, 88, 134),
            (34, 46, 88),
            (16, 32, 74),
        ),
        Light(
            ((0.0, (10, 8, 38)), (0.55, (32, 30, 88)), (1.0, (62, 72, 136))),
            (46, 56, 110),
            (100, 112, 192),
            0.74,
            (242, 238, 222),
            (78, 84, 138),
            (40, 42, 92),
            (20, 28, 76),
        ),
    ),
}


def light_of(hour: Hour, variant: int) -> Light:
    kinds = LIGHTS[hour]
    return kinds[variant % len(kinds)]
