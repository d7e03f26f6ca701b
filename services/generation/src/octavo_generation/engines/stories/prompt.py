"""From the prompt as a person wrote it to a `Reading`. Pure; whatever comes in, something that can be told comes out."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from octavo_generation.engines.stories import english, spanish
from octavo_generation.engines.stories.conditioning import HeroGender, Language
from octavo_generation.engines.stories.reading import Friend, Hero, Reading
from octavo_generation.engines.stories.sentences import first_sentence
from octavo_generation.engines.stories.words import gender_of_names

LONGEST_OPENING = 400
"""Characters of the prompt that a story may begin with; of a longer one only the first sentence, if that is short enough."""
_READ = 2000
_NAME_MAX = 60
_CAST = re.compile(r"(?P<asked>.*\S)\s*\n\s*\n(?:Characters|Personajes): (?P<cast>[^\n]+)\s*", re.DOTALL)
_WORDS: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "en": "the a an and of to was is in on at with who that his her he she by from about once my it they i how what me story",
        "es": "el la los las un una de en que y con por para su se era había del al lo es mi cuando érase cómo me cuento sobre",
        "fr": "le la les un une des de dans avec est et qui sur pour que trouvé au du il elle",
        "de": "der die das und ein eine einen ist nicht mit im auf zu",
        "pt": "o os um uma de que com em não foi da do na no para seu sua",
        "it": "il gli un una che di nel nella della è per con la lo del sul",
        "nl": "een het van ik de en met op niet",
    }.items()
}
"""Frequent words; those of languages that we do not write only keep their prompts from being taken for ours."""


def read_prompt(prompt: str, language: str | None = None) -> Reading:
    """Reads `prompt`; the story's language is `language` where we write it, else the prompt's own, else English."""
    prompt, listed = _without_cast(prompt)
    text = clean(prompt)
    text = text if len(text) <= _READ else text[:_READ].rsplit(" ", 1)[0]
    primary = (language or "").lower().split("-")[0]
    spoken = spoken_language(text, primary)
    wanted: Language = "es" if primary == "es" else "en" if primary == "en" or spoken != "es" else "es"
    if spoken == "other":
        return _foreign(text, wanted)
    own: Language = wanted if spoken is None else "es" if spoken == "es" else "en"
    module = spanish if own == "es" else english
    body, asked = module.strip_instruction(text)
    reading = module.read(body, asked=asked)
    if reading.opening is not None:
        reading = replace(reading, opening=_opening(reading.opening))
    if reading.quote is not None:
        reading = replace(reading, quote=_shorten(reading.quote))
    if reading.topic is not None:
        reading = replace(reading, topic=_shorten(reading.topic).rstrip(".!? "))
    reading = _bounded(reading)
    reading = reading if own == wanted else _translate(reading, wanted)
    return _with_cast(reading, listed) if listed else reading


def _without_cast(prompt: str) -> tuple[str, list[str]]:
    """What is asked, and the names of a last paragraph that lists who shall be in it (`Characters: Luna (a sailor); Fox.`)."""
    found = _CAST.fullmatch(prompt)
    if found is None:
        return prompt, []
    names = [clean(one.partition(" (")[0]).rstrip(".") for one in re.split(r"(?<=\));|;(?![^(]*\))", found["cast"])]
    return found["asked"], [name for name in names if 0 < len(name) <= _NAME_MAX]


def _with_cast(reading: Reading, names: list[str]) -> Reading:
    """The first of them whom the prompt does not tell of comes into the story; where it tells of nobody, the story is about the first."""
    if reading.hero is None and reading.opening is None:
        return _with_cast(replace(reading, hero=_as_name(names[0], reading.language)), names[1:]) if names else reading
    told = f"{reading.opening or ''} {reading.hero.later if reading.hero else ''}".casefold()
    new = next((name for name in names if name.casefold() not in told), None)
    if new is None or reading.friend is not None:
        return reading
    gender = gender_of_names(reading.language).get(new.casefold().partition(" ")[0])
    return replace(reading, companion=Friend(new, gender or ("f" if new.casefold().endswith("a") else "m")))


def clean(prompt: str) -> str:
    """NFC, no control or formatting characters (an emoji's joiner stays), white space as single spaces, no quotes around."""
    text = unicodedata.normalize("NFC", prompt.encode("utf-8", "ignore").decode("utf-8"))
    kept = [" " if c.isspace() else c for c in text if c.isspace() or c == "\u200d" or unicodedata.category(c)[0] != "C"]
    text = re.sub(r"\s+", " ", "".join(kept)).strip()
    text = re.sub(r"<[^<>]{0,20}>", lambda match: match[0].strip("<>|"), text)
    return text.strip("\"'“”«» ") or ""


def spoken_language(text: str, hint: str = "") -> str | None:
    """`en`, `es`, `other` for a language that we do not read, None where nothing tells; `hint` decides a tie."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    if not words:
        return None
    score = {name: sum(word in known for word in words) for name, known in _WORDS.items()}
    score["es"] += bool("ñ" in text.lower()) + 2 * bool(re.search(r"[¿¡]", text)) + 2 * bool(re.search(r"\w(?:ó|ía)\b", text.lower()))
    score["en"] += bool(re.search(r"\b\w+ed\b|\b(?:found|went|lost|walked|met)\b", text.lower()))
    letters = [c for c in text if c.isalpha()]
    if sum(not unicodedata.name(c, "LATIN").startswith("LATIN") for c in letters) > len(letters) / 2:
        return "other"
    best = max(score, key=lambda name: score[name])
    if score[best] == 0:
        return None
    ours = hint if score["en"] == score["es"] and hint in ("en", "es") else "en" if score["en"] > score["es"] else "es"
    return ours if score[ours] >= score[best] else "other"


def _foreign(text: str, wanted: Language) -> Reading:
    """A language that we do not read: its first capitalised word is the hero, a short text is a name, the rest is spoken."""
    first = text.split()[0].strip(".,!?;:") if text.split() else ""
    latin = bool(first) and unicodedata.name(first[0], "").startswith("LATIN")
    frequent = any(first.lower() in known for known in _WORDS.values())
    if latin and first[:1].isupper() and not frequent and len(first) < 30 and len(text.split()) > 1:
        return Reading(wanted, _as_name(first, wanted))
    if text and len(text) <= 16 and not latin:
        return Reading(wanted, _as_name(text.rstrip("。！？!?. "), wanted))
    return Reading(wanted, quote=_shorten(text)) if text else Reading(wanted)


def _translate(reading: Reading, wanted: Language) -> Reading:
    """Asked for in the other language: the hero stays, as a name; nothing else of the prompt can."""
    hero = reading.hero
    if hero is None:
        return Reading(wanted)
    name = hero.later if hero.named else re.sub(r"^(?:the|el|la|los|las)\s+", "", hero.later).title()
    if not name.strip():
        return Reading(wanted)
    return Reading(wanted, _as_name(name, wanted, hero), theme="journey" if reading.theme == "journey" else None)


def _as_name(name: str, wanted: Language, like: Hero | None = None) -> Hero:
    gender: HeroGender = gender_of_names(wanted).get(name.lower()) or (like.gender if like else "n")
    return Hero(name, name, True, "m" if wanted == "es" and gender == "n" else gender)


def _bounded(reading: Reading) -> Reading:
    """No slot longer than a reader would bear: a name of 60 characters, a place or thing of 80."""
    hero = reading.hero if reading.hero and reading.hero.first.strip() and reading.hero.later.strip() else None
    if hero and max(len(hero.first), len(hero.later)) > 60:
        short = _shorten(hero.later, 40).rstrip(" …")
        hero = Hero(short, short, hero.named, hero.gender)
    place = reading.place if reading.place and len(reading.place.adverbial) <= 80 else None
    thing = reading.thing if reading.thing and len(reading.thing.first) <= 80 else None
    theme = reading.theme if thing or reading.theme in (None, "wish", "journey", "open") else None
    quote, topic = reading.quote or None, reading.topic or None
    return replace(reading, hero=hero, place=place, thing=thing, theme=theme, quote=quote, topic=topic)


def _opening(text: str) -> str | None:
    """The prompt as whole sentences with a capital and a full stop; None where it is too long to begin with."""
    kept = text if len(text) <= LONGEST_OPENING else first_sentence(text)
    if len(kept) > LONGEST_OPENING:
        return None
    kept = kept.strip().rstrip(",;:-")
    kept = kept[:1].upper() + kept[1:]
    return kept if re.search(r"[.!?…][\"”»')]*$", kept) else f"{kept}."


def _shorten(text: str, limit: int = 200) -> str:
    if len(text) <= limit:
        return text
    cut = text[:limit].rsplit(" ", 1)[0] if " " in text[:limit] else text[:limit]
    return f"{cut.rstrip(' ,;:')}…"
