"""From a template and a length to the scenes of a script. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from octavo_core.spec import ScriptBeat, ScriptTemplate

LEAST_SCENE = 60
"""Words. A shorter script has fewer beats."""
MOST_SCENE = 450
"""Words that one scene is planned with: about what a model writes well in one answer. A longer beat has several scenes."""
_KEPT_FIRST = {"opening": 0, "ending": 1, "climax": 2, "turn": 3, "trouble": 4}


@dataclass(frozen=True, slots=True)
class Scene:
    """`number` counts from 1. `part` of `parts`: of the beat. `share`: of the words, all scenes together are 1."""

    number: int
    beat: ScriptBeat
    part: int
    parts: int
    place: str
    share: float


@dataclass(frozen=True, slots=True)
class Plan:
    scenes: tuple[Scene, ...]
    target: int
    """Words."""

    @property
    def most_parts(self) -> int:
        """How often a writer is asked at most: a model that answers next to nothing is not asked for ever."""
        return 3 * len(self.scenes) + 6


def plan_of(template: ScriptTemplate, target: int, language: str) -> Plan:
    """At least one scene; every word of `target` belongs to one."""
    beats = _kept(template.beats, max(1, target // LEAST_SCENE))
    whole = sum(beat.weight for beat in beats)
    counts = [max(1, math.ceil(target * beat.weight / whole / MOST_SCENE)) for beat in beats]
    places = _places(template, language)
    scenes: list[Scene] = []
    for beat, count in zip(beats, counts, strict=True):
        for part in range(1, count + 1):
            place = places[len(scenes) % len(places)] if places else beat.name.upper()
            scenes.append(Scene(len(scenes) + 1, beat, part, count, place, beat.weight / whole / count))
    return Plan(tuple(scenes), target)


def _kept(beats: Sequence[ScriptBeat], most: int) -> list[ScriptBeat]:
    """In their order; where there are too many, the ones without which there is no story."""
    if len(beats) <= most:
        return list(beats)
    by_need = sorted(range(len(beats)), key=lambda at: (_KEPT_FIRST[beats[at].kind], at))
    return [beats[at] for at in sorted(by_need[:most])]


def _places(template: ScriptTemplate, language: str) -> tuple[str, ...]:
    if template.places is None:
        return ()
    spanish = language.lower().startswith("es")
    return (template.places.es or template.places.en) if spanish else (template.places.en or template.places.es)
