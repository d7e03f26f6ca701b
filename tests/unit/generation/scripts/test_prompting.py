"""What a model is told for each part."""

from __future__ import annotations

from octavo_generation.scripts.library import shipped
from octavo_generation.scripts.plan import plan_of
from octavo_generation.scripts.progress import Ask
from octavo_generation.scripts.prompting import TAIL_CHARS, Brief, heading_of, question_for

BRIEF = Brief("My Script", "A drama about two sisters", "es", shipped()["drama"], ("Ana", "Berta"), "Project: The house.")
PLAN = plan_of(BRIEF.template, 2_000, "es")


def told(ask: Ask, so_far: str = "", brief: Brief = BRIEF) -> tuple[str, str]:
    prompt = question_for(ask, PLAN, brief, so_far, ["INT. COCINA - DÍA"] if so_far else [], "INT. COCINA - DÍA", seed=4)
    system, user = prompt.messages
    return system.text, user.text


def test_the_first_scene_is_told_all_that_the_script_shall_be() -> None:
    system, user = told(Ask(0, 290, "scene"))
    assert "Write in Spanish" in system
    assert "Fountain" in system
    for instruction in BRIEF.template.instructions:
        assert instruction in system
    for word in ("My Script", "two sisters", "Ana, Berta", "The house", "about 290 words", "An ordinary day: ", "INT. COCINA"):
        assert word in user
    assert "must not end the script" in user


def test_later_scenes_are_told_what_was_written_and_no_more_than_its_end() -> None:
    _, user = told(Ask(2, 290, "scene"), "x" * 50_000)
    assert "Scenes so far: INT. COCINA - DÍA" in user
    assert TAIL_CHARS < len(user) < TAIL_CHARS + 3_000


def test_each_way_of_going_on() -> None:
    last = len(PLAN.scenes) - 1
    assert "exactly where it breaks off" in told(Ask(2, 100, "continue"), "…")[1]
    assert "one more scene" in told(Ask(2, 100, "more"), "…")[1]
    assert "to a better ending" in told(Ask(last, 100, "extend"), "…")[1]
    assert "It ends the script." in told(Ask(last, 100, "scene"), "…")[1]


def test_an_answer_is_bounded_by_the_words_that_are_wanted() -> None:
    prompt = question_for(Ask(0, 290, "scene"), PLAN, BRIEF, "", [], "X", seed=None)
    assert prompt.max_tokens is not None
    assert 290 * 1.5 + 1_000 < prompt.max_tokens < 4_096, "with room for models that think first"
    assert prompt.seed is None


def test_headings_in_the_language_and_the_form_of_the_script() -> None:
    assert heading_of(PLAN.scenes[0], BRIEF, 0) == "INT. COCINA - NOCHE"
    podcast = Brief("x", "y", "en", shipped()["podcast"])
    assert heading_of(plan_of(podcast.template, 1_000, "en").scenes[0], podcast, 0) == ".COLD OPEN"
