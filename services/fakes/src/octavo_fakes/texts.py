"""Sample texts: a few plain sentences made from the prompt's own words. The same prompt and seed give the same text.

They say what they are in their first words, so that nobody takes them for a model's.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

_WORD = re.compile(r"[^\W\d_]{3,}")
_COMMON_WORDS = (
    "the and for are but not you all any can had her was one our out has him his how its may now see who did get let say she too use"
    " about above after again also because been before being between both does doing down during each explain from further give have"
    " having here into just make more most much must only other over please same shall should some story script such tell than that"
    " their them then there these they this those through under until very want were what when where which while whom will with would"
    " write your yours answer question describe los las una uno que con por del sus para como este esta sobre escribe cuento guion"
)
_COMMON = frozenset(_COMMON_WORDS.split())
_STORY = re.compile(r"\b(story|stories|tale|fairy|cuento|cuentos|historia)\b", re.IGNORECASE)
_SCRIPT = re.compile(r"\b(script|screenplay|dialogue|scene|guion|guión|escena)\b", re.IGNORECASE)

_ANSWERS = (
    "What stands out in it is {a}.",
    "A real model would begin with {a} and come to {b} in time.",
    "Much depends on {b}, and some of it on {a}.",
    "Between {a} and {b} there is more to say than a sample can.",
    "One could look at {c} first, and at {a} after that.",
    "Whoever knows {a} will want to hear about {c} as well.",
)
_STORIES = (
    "It began with {a}, early on a grey morning.",
    "Nobody had thought of {b}, and yet there it was.",
    "“Let us keep it,” said somebody, and pointed at {a}.",
    "For a while all of it was about {c}.",
    "Then the wind turned, and {b} was gone.",
    "They looked for it until evening, with {c} to guide them.",
)
_LINES = ("Have you seen {a}?", "I was going to ask you about {b}.", "Then it must be {c}.", "Without {a} we cannot begin.")


@dataclass(frozen=True, slots=True)
class Asked:
    """`instructions` are the system's part; `question` is what the person asked last."""

    question: str
    instructions: str = ""
    seed: int = 0


def sample_answer(asked: Asked) -> str:
    shape = asked.question if len(asked.instructions) > 4_000 else f"{asked.instructions} {asked.question}"
    chance = _chance(asked)
    words = words_of(asked.question)
    if _SCRIPT.search(shape):
        return _script(words, chance)
    if _STORY.search(shape):
        return _story(asked.question, words, chance)
    sentences = [_filled(line, words) for line in chance.sample(_ANSWERS, 3)]
    return " ".join(["[sample answer] You asked:", quoted(asked.question), *sentences, "No model was asked: this text is a sample."])


def sample_object(asked: Asked) -> str:
    """As JSON text, for who asks for one JSON object and says no more."""
    words = words_of(asked.question)
    chance = _chance(asked)
    answer = _filled(chance.choice(_ANSWERS), words)
    return orjson.dumps({"sample": True, "question": quoted(asked.question), "answer": answer, "words": list(words)}).decode()


def sample_by_schema(schema: dict[str, Any], asked: Asked) -> str:
    """As JSON text with the schema's required members, or all of them where it requires none."""
    return orjson.dumps(_value(schema, schema, "sample", words_of(asked.question), 0)).decode()


def words_of(text: str) -> tuple[str, ...]:
    """At most six words that carry the meaning, in their order, each once."""
    found = dict.fromkeys(word.lower() for word in _WORD.findall(text[:4_000]))
    return tuple(word for word in found if word not in _COMMON)[:6]


def quoted(question: str) -> str:
    """On one line, shortened, with an end."""
    line = " ".join(question.split())
    line = line if len(line) <= 240 else line[:240].rsplit(" ", 1)[0] + " …"
    return line if line.endswith((".", "?", "!", "…")) else line + "."


def _story(question: str, words: Sequence[str], chance: random.Random) -> str:
    first, second = (_filled(line, words) for line in chance.sample(_STORIES[:3], 2))
    third, fourth = (_filled(line, words) for line in chance.sample(_STORIES[3:], 2))
    title = " and ".join(word.capitalize() for word in words[:2]) or "A Sample"
    return (
        f"[sample story] {title}\n\nOnce upon a time somebody asked for this: {quoted(question)}\n\n{first} {second}\n\n"
        f"{third} {fourth}\n\n"
        "So it ended well, and everybody went home. No model wrote this: it is a sample."
    )


def _script(words: Sequence[str], chance: random.Random) -> str:
    lines = [_filled(line, words) for line in chance.sample(_LINES, 4)]
    place = (words[0] if words else "a quiet place").upper()
    return (
        f"[sample script]\n\nSCENE 1. {place}. DAY\n\nNARRATOR: {_filled('Here is {a}, and not far from it {b}.', words)}\n\n"
        f"MARA: {lines[0]}\n\nJON: {lines[1]}\n\nSCENE 2. THE SAME PLACE. NIGHT\n\nMARA: {lines[2]}\n\nJON: {lines[3]}\n\n"
        "NARRATOR: No model wrote this: it is a sample.\n\nTHE END"
    )


def _filled(line: str, words: Sequence[str]) -> str:
    some = list(words[:3]) or ["this"]
    while len(some) < 3:
        some.append(("the rest of it", "what follows")[len(some) - 1])
    return line.format(a=some[0], b=some[1], c=some[2])


def _chance(asked: Asked) -> random.Random:
    return random.Random(zlib.crc32(asked.question.encode("utf-8", "replace")) ^ (asked.seed * 2_654_435_761))


def _value(schema: dict[str, Any], root: dict[str, Any], name: str, words: Sequence[str], depth: int) -> Any:
    if depth > 8:
        return None
    schema = _resolved(schema, root)
    if "const" in schema:
        return schema["const"]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
    match kind:
        case "object":
            properties = schema.get("properties") or {}
            wanted = schema.get("required") or list(properties)
            return {key: _value(properties[key], root, key, words, depth + 1) for key in wanted if isinstance(properties.get(key), dict)}
        case "array":
            items = schema.get("items")
            some = max(1, min(int(schema.get("minItems") or 1), 5))
            return [_value(items, root, name, words[i:] or words, depth + 1) for i in range(some)] if isinstance(items, dict) else []
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "null":
            return None
    return f"[sample] {name}: {words[0]}" if words else f"[sample] {name}"


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    for _ in range(8):
        if isinstance(reference := schema.get("$ref"), str):
            found: Any = root
            for part in reference.removeprefix("#/").split("/"):
                found = found.get(part, {}) if isinstance(found, dict) else {}
            schema = found if isinstance(found, dict) else {}
        elif isinstance(choices := schema.get("anyOf") or schema.get("oneOf"), list) and choices and isinstance(choices[0], dict):
            schema = choices[0]
        else:
            break
    return schema
