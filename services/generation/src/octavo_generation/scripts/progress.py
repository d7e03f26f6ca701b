"""What a writer is asked for next, from what is written so far. Pure: the same parts give the same question, also after a crash.

The words that are left are shared out anew before each scene, so that a scene that came out short makes the next ones longer and the
whole keeps its length. Before the last scene the middle is filled: a script is not made longer behind its ending.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from octavo_generation.scripts.plan import Plan

NEAR = 0.95
"""Of the length: from here on nobody is asked for more. A result is promised within 10 %."""
_CUT = 0.85
"""Of what was asked for: an answer that was cut off and is longer than this ends with its last whole sentence."""
_SHORT = 0.55
_MOST_OF_SCENE = 4
LEAST_ASKED = 25

Mode = Literal["scene", "continue", "more", "extend"]


@dataclass(frozen=True, slots=True)
class Part:
    """An answer. `scene`: index in the plan. `asked` and `words` in words; `was_cut`: the writer was stopped in the middle."""

    scene: int
    asked: int
    words: int
    was_cut: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """`scene`: write this one. `continue`: go on in it. `more`: one more scene of the same beat before the last one. `extend`: the last
    scene is there, and words are wanted within it."""

    scene: int
    words: int
    mode: Mode


def next_ask(plan: Plan, parts: Sequence[Part]) -> Ask | None:
    """None: it is done, or more cannot be had."""
    total = sum(part.words for part in parts)
    if len(parts) >= plan.most_parts or _is_stuck(parts):
        return None
    if not parts:
        return Ask(0, _share(plan, 0, plan.target), "scene")
    scene, left = parts[-1].scene, plan.target - total
    if (going_on := _within(plan, parts, left)) is not None:
        return going_on
    final = len(plan.scenes) - 1
    if scene < final:
        following = scene + 1
        words = _share(plan, following, left)
        usual = max(LEAST_ASKED, round(plan.scenes[final].share * plan.target))
        if following == final and left > 1.9 * usual and left - usual >= LEAST_ASKED:
            return Ask(scene, min(left - usual, max(usual, round(plan.scenes[scene].share * plan.target))), "more")
        return Ask(following, max(LEAST_ASKED, words), "scene")
    if total < NEAR * plan.target:
        return Ask(final, max(LEAST_ASKED, left), "extend")
    return None


def is_whole(plan: Plan, words: int) -> bool:
    return 0.9 * plan.target <= words <= 1.1 * plan.target


def _within(plan: Plan, parts: Sequence[Part], left: int) -> Ask | None:
    """Goes on where the last answer broke off or was far too short."""
    last = parts[-1]
    run = 0
    for part in reversed(parts):
        if part.scene != last.scene:
            break
        run += 1
    missing = last.asked - last.words
    if run >= _MOST_OF_SCENE or left < LEAST_ASKED or last.words == 0 or last.scene == len(plan.scenes) - 1:
        return None
    if (last.was_cut and last.words < _CUT * last.asked) or last.words < _SHORT * last.asked:
        return Ask(last.scene, max(LEAST_ASKED, min(missing, left)), "continue")
    return None


def _share(plan: Plan, scene: int, left: int) -> int:
    rest = sum(one.share for one in plan.scenes[scene:])
    return max(LEAST_ASKED, round(left * plan.scenes[scene].share / rest))


def _is_stuck(parts: Sequence[Part]) -> bool:
    return len(parts) >= 2 and all(part.words == 0 for part in parts[-2:])
