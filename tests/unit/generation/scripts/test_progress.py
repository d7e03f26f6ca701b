"""However writers behave: a script ends, costs a bounded number of calls, and has its length where a writer can give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from octavo_generation.scripts.library import shipped
from octavo_generation.scripts.plan import LEAST_SCENE, Plan, plan_of
from octavo_generation.scripts.progress import Ask, Part, is_whole, next_ask

TEMPLATES = sorted(shipped())


def written(plan: Plan, writer: Callable[[Ask], tuple[int, bool]]) -> list[Part]:
    """`writer`: to words, and whether it was cut off."""
    parts: list[Part] = []
    while (ask := next_ask(plan, parts)) is not None:
        words, was_cut = writer(ask)
        last = ask.scene == len(plan.scenes) - 1
        room = round(plan.target * 1.08) - sum(part.words for part in parts) if last else round(ask.words * 1.25)
        parts.append(Part(ask.scene, ask.words, max(0, min(words, room)), was_cut))
        assert len(parts) <= plan.most_parts
    return parts


def total(parts: Sequence[Part]) -> int:
    return sum(part.words for part in parts)


@given(template=st.sampled_from(TEMPLATES), target=st.integers(50, 20_000))
def test_a_plan_shares_out_all_the_words_over_the_beats_in_their_order(template: str, target: int) -> None:
    plan = plan_of(shipped()[template], target, "en")
    assert abs(sum(scene.share for scene in plan.scenes) - 1) < 1e-6
    assert [scene.number for scene in plan.scenes] == list(range(1, len(plan.scenes) + 1))
    beats = list(dict.fromkeys(scene.beat.name for scene in plan.scenes))
    assert beats == [beat.name for beat in shipped()[template].beats if beat.name in beats]
    if target >= 3 * LEAST_SCENE:
        assert plan.scenes[-1].beat.kind == "ending"


def test_a_short_script_keeps_the_beats_without_which_there_is_no_story() -> None:
    kinds = [scene.beat.kind for scene in plan_of(shipped()["drama"], 200, "en").scenes]
    assert kinds == ["opening", "opening", "ending"]
    assert [scene.beat.kind for scene in plan_of(shipped()["short-film"], 200, "en").scenes] == ["opening", "climax", "ending"]


def test_a_writer_who_gives_what_is_asked_for_is_asked_once_a_scene() -> None:
    plan = plan_of(shipped()["drama"], 2_000, "en")
    parts = written(plan, lambda ask: (ask.words, False))
    assert len(parts) == len(plan.scenes)
    assert total(parts) == 2_000


@settings(max_examples=150)
@given(st.data())
def test_writers_who_are_off_by_forty_percent_keep_the_length_within_ten(data: st.DataObject) -> None:
    plan = plan_of(shipped()[data.draw(st.sampled_from(TEMPLATES))], data.draw(st.integers(300, 8_000)), "en")
    parts = written(plan, lambda ask: (round(ask.words * data.draw(st.floats(0.6, 1.4))), False))
    assert is_whole(plan, total(parts)), total(parts) / plan.target


@settings(max_examples=150)
@given(st.data())
def test_it_ends_whatever_a_writer_does(data: st.DataObject) -> None:
    plan = plan_of(shipped()[data.draw(st.sampled_from(TEMPLATES))], data.draw(st.integers(50, 8_000)), "en")
    parts = written(plan, lambda ask: (data.draw(st.integers(0, 3 * ask.words)), data.draw(st.booleans())))
    assert total(parts) <= round(1.25 * plan.target) + 40
    scenes = [part.scene for part in parts]
    assert scenes == sorted(scenes)


def test_a_writer_who_stops_halfway_is_asked_to_go_on_in_the_same_scene() -> None:
    plan = plan_of(shipped()["drama"], 2_000, "en")
    first = next_ask(plan, [])
    assert first is not None
    second = next_ask(plan, [Part(0, first.words, first.words // 2, was_cut=True)])
    assert second is not None
    assert (second.mode, second.scene) == ("continue", 0)


def test_short_scenes_are_made_up_for_before_the_ending_and_not_behind_it() -> None:
    plan = plan_of(shipped()["drama"], 2_000, "en")
    modes: list[tuple[str, int]] = []

    def terse(ask: Ask) -> tuple[int, bool]:
        modes.append((ask.mode, ask.scene))
        return round(ask.words * 0.56), False

    parts = written(plan, terse)
    assert "more" in {mode for mode, _ in modes}
    assert is_whole(plan, total(parts))


def test_a_writer_who_says_nothing_is_not_asked_for_ever() -> None:
    assert len(written(plan_of(shipped()["drama"], 2_000, "en"), lambda ask: (0, False))) == 2
