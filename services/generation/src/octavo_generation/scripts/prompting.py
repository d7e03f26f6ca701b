"""What a model is told for each part of a script. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from octavo_core.spec import ScriptTemplate
from octavo_generation.providers.port import ChatPrompt, Message
from octavo_generation.scripts.plan import Plan, Scene
from octavo_generation.scripts.progress import Ask

TAIL_CHARS = 6_000
"""Of what is written so far, as much as goes with the next question; the rest is told by its headings."""
_TOKENS_PER_WORD = 2.2
"""Capitals, names and line breaks cost more than prose does."""
_ROOM_TOKENS = 2_000
"""For models that think before they write, which counts as their answer. What is too long is cut afterwards."""
_LANGUAGES = {"en": "English", "es": "Spanish", "fr": "French", "de": "German", "it": "Italian", "pt": "Portuguese", "ca": "Catalan"}


@dataclass(frozen=True, slots=True)
class Brief:
    """What the whole script shall be. `about`: of its project, in words; empty without one."""

    title: str
    description: str
    language: str
    template: ScriptTemplate
    characters: tuple[str, ...] = ()
    about: str = ""


def heading_of(scene: Scene, brief: Brief, seed: int) -> str:
    """The scene's heading where a writer gives none."""
    if brief.template.form == "spoken" or not scene.place.upper().startswith(("INT", "EXT")):
        return "." + scene.place.upper().lstrip(".")
    times = ("DÍA", "NOCHE", "TARDE", "MAÑANA") if brief.language.startswith("es") else ("DAY", "NIGHT", "EVENING", "MORNING")
    return f"{scene.place.upper()} - {times[(seed + scene.number) % len(times)]}"


def question_for(ask: Ask, plan: Plan, brief: Brief, so_far: str, headings: Sequence[str], heading: str, *, seed: int | None) -> ChatPrompt:
    scene = plan.scenes[ask.scene]
    parts = [_premise(brief), _outline(plan, scene)]
    if so_far:
        told = f"\n\nScenes so far: {'; '.join(headings)}" if headings else ""
        parts.append(f"Written so far, its end:{told}\n\n{so_far[-TAIL_CHARS:]}")
    parts.append(_task(ask, plan, scene, heading))
    return ChatPrompt(
        messages=(Message("system", _system(brief)), Message("user", "\n\n".join(parts))),
        max_tokens=round(ask.words * _TOKENS_PER_WORD) + _ROOM_TOKENS,
        seed=None if seed is None else (seed + scene.number) % 2**32,
    )


def _system(brief: Brief) -> str:
    template = brief.template
    form = (
        "Scene headings begin with INT. or EXT.; a character's name stands in capitals on its own line, directly above what is said."
        if template.form == "screenplay"
        else "A segment begins with a line like .SEGMENT NAME; who speaks stands in capitals on its own line, directly above what is said."
    )
    rules = "\n".join(f"- {rule}" for rule in template.instructions)
    tone = f" Tone: {template.tone}." if template.tone else ""
    roles = template.roles
    names = () if roles is None else (roles.es or roles.en) if brief.language.startswith("es") else (roles.en or roles.es)
    speakers = f" Who speaks: {', '.join(names)}." if names else ""
    language = _LANGUAGES.get(brief.language.partition("-")[0], brief.language)
    return (
        f"You write a script of the kind {template.name}: {template.description}{tone}{speakers}\n"
        f"Answer with the script alone, in Fountain format, without comments, Markdown or a title page. {form} "
        f"An empty line parts paragraphs. Write in {language}.\n{rules}"
    ).rstrip()


def _premise(brief: Brief) -> str:
    lines = [f"Title: {brief.title}", f"What it is about: {brief.description}"]
    if brief.characters:
        lines.append(f"Characters: {', '.join(brief.characters)}")
    if brief.about:
        lines.append(f"The project that it belongs to:\n{brief.about}")
    return "\n".join(lines)


def _outline(plan: Plan, at: Scene) -> str:
    beats = dict.fromkeys(scene.beat for scene in plan.scenes)
    lines = [f"{number}. {beat.name}: {beat.goal}{' (here)' if beat == at.beat else ''}" for number, beat in enumerate(beats, 1)]
    return "Outline:\n" + "\n".join(lines)


def _task(ask: Ask, plan: Plan, scene: Scene, heading: str) -> str:
    length = f"about {ask.words} words"
    match ask.mode:
        case "continue":
            return f"Go on with this scene exactly where it breaks off, {length} more. Do not repeat anything and do not begin a new scene."
        case "more":
            return f"Write one more scene of {scene.beat.name}, {length}, before the last one. It must not end the story."
        case "extend":
            return f"The last scene is too short. Go on with it, {length} more, to a better ending. Do not begin again."
        case _:
            part = f" (part {scene.part} of {scene.parts})" if scene.parts > 1 else ""
            last = " It ends the script." if scene.number == len(plan.scenes) else " It must not end the script."
            which = f"scene {scene.number} of {len(plan.scenes)}: {scene.beat.name}{part}"
            return f"Write {which}, {length}. {scene.beat.goal} Begin with {heading}.{last}"
