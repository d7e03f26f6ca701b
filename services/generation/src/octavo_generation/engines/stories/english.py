"""Reads an English prompt: who, where, what, and whether the sentence can begin the story. Pure, by rule; never fails."""

from __future__ import annotations

import re
import zlib

from octavo_generation.engines.stories.conditioning import FriendGender, HeroGender, Theme
from octavo_generation.engines.stories.reading import Friend, Hero, Place, Reading, Thing
from octavo_generation.engines.stories.sentences import first_sentence
from octavo_generation.engines.stories.words import gender_of_names, reading_words

_LISTS = reading_words("en")

_INSTRUCTION = re.compile(
    r"^(?:please\s+|can you\s+|could you\s+|i(?:'d| would)? (?:want|like|need)(?: you to)?\s+|let'?s\s+)*"
    r"(?:(?:write|tell|make|create|give|generate|compose|invent|read)\s+(?:me\s+|us\s+|up\s+|my \w+\s+)*)?"
    r"(?:an?\s+|the\s+|another\s+|some\s+)?(?:[\w'-]+\s+){0,4}?"
    r"(?:story|stories|tale|fable|fairy ?tale|narrative|adventure)\b"
    r"(?:\s+for\s+(?:my\s+|young\s+|the\s+)?[\w-]+)?(?:\s+(?:about|of|on|where|in which|that tells)\b|\s*[:,-]|\s*$)\s*(?:how\s+|when\s+)?",
    re.IGNORECASE,
)
_BARE_INSTRUCTION = re.compile(r"^(?:please\s+)?(?:write|tell(?:\s+me)?|talk)(?:\s+something)?\s+about\s+", re.IGNORECASE)
_TAIL = re.compile(
    r"[\s,]+(?:please|in (?:english|spanish|\w+ words)|for (?:my )?(?:kids|children|adults|a child|bedtime|teenagers))\s*[.!]*$",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"^(?:once upon a time|long,? long ago|long ago|once|one day|in a land far,? far away)[\s.,…!]*$", re.IGNORECASE)
_LEAD = re.compile(
    r"^(?:once upon a time|long,? long ago|long ago|once|suddenly|yesterday|today|tonight|then|at (?:night|dawn|dusk|midnight|noon)"
    r"|(?:one|that|last|every|each|this|early one|late one)\s+\w+"
    r"(?:\s+(?:morning|day|night|evening|afternoon|week|summer|winter|spring|autumn))?"
    r"|on (?:a|an|the) [\w' -]{2,30}?(?:morning|day|night|evening|afternoon))\b,?\s+",
    re.IGNORECASE,
)
_EXISTS = re.compile(
    r"^(?:once\s+)?(?:there\s+(?:once\s+)?(?:was|were|is|are|lived|live|lives)|(?:lived|lives))\s+(?:once\s+)?(?=(?:an?|the|two|three|some|one)\s)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\b(?:named|called|whose name (?:was|is))\s+((?:[^\W\d_][\w'’-]*|\d+)(?:\s+[A-ZÁÉÍÓÚÑ][\w'’-]*)*)", re.UNICODE)
_DETERMINERS = _LISTS["determiners"]
_PLURAL_DETERMINERS = _LISTS["plural_determiners"]
_STRONG = _LISTS["strong"]
_NOT_SUBJECT = _LISTS["not_subject"]
_PRONOUNS: dict[str, HeroGender] = {"he": "m", "she": "f", "they": "n"}
_PREPOSITIONS = (
    r"by|near|inside|in|at|underneath|under|beneath|behind|beside|beyond|above|below|around|outside|across|along|through|into|towards?|to|"
    r"from|upon|on|over|between|among|next to|in front of"
)
_STOP = (
    r"(?:\s+(?:and|but|or|who|that|which|when|while|where|because|so|as|with|for|after|before|until|since|if|then|every|one|to|in|on|at|by|near|"
    r"under|from|into|without|during|all|alone|together|last|is|was|are|were|has|had)\b|[,.;:!?…—)\"”]|\s+-|$)"
)
_PLACE = re.compile(
    rf"\b((?i:{_PREPOSITIONS}))\s+((?:(?i:the|an?|his|her|their|its|my|our)\s+"
    rf"(?:(?:edge|middle|end|top|bottom|foot|shore|heart|banks?) of (?:the|an?)\s+)?(?:[\w'’-]+\s+){{0,3}}?[\w'’-]+)"
    rf"|(?:[A-ZÁÉÍÓÚ][\w'’-]+(?:\s+[A-ZÁÉÍÓÚ][\w'’-]+)*))(?={_STOP})"
)
_MOVING = re.compile(
    r"\b(?:went|goes?|travel\w*|sail\w*|flew|fl(?:y|ies)|moved|returned|walk\w*|ran|came|journey\w*|trip) $", re.IGNORECASE
)
_NOT_PLACE = _LISTS["not_place"]
_INSIDE = _LISTS["inside"]
_UPON = _LISTS["upon"]
_OBJECT = re.compile(
    rf"^(?:\s*(?:not|never|also|once|just|finally|secretly|quickly|up|out|on|for|about|of|"
    rf"to (?:have|own|find|get|catch|see)|having|searching for|looking for))*\s*"
    rf"\b(an?|the|some|his|her|their|its|my|two|three|four|five|another)\s+((?:[\w'’-]+\s+){{0,3}}?[\w'’-]+)"
    rf"(?={_STOP}|\s+(?:of|{_PREPOSITIONS})\b)",
    re.IGNORECASE,
)
_AFRAID = re.compile(
    rf"\b(?:afraid|scared|frightened|terrified|fear)\s+of\s+(.{{2,40}}?)(?={_STOP})|\bfear(?:ed|s)\s+(.{{2,40}}?)(?={_STOP})",
    re.IGNORECASE,
)
_MEETING = re.compile(r"\b(?:met|meets|meet|befriend(?:ed|s)|rescue[ds]|saved|saves|helped|helps)\b", re.IGNORECASE)
_RELATIVE = re.compile(r"^(.+?)\s+(who|that|which)\s+(['’\w]+)\b(.*)$", re.IGNORECASE | re.DOTALL)
_THEMES: tuple[tuple[Theme, re.Pattern[str]], ...] = (
    ("lost", re.compile(r"\b(?:lost|loses|lose|missing|look(?:ed|s|ing) for|search(?:ed|es|ing) for|seeks?|sought|stolen|stole)\b", re.I)),
    ("found", re.compile(r"\b(?:found|finds|find|discover(?:ed|s)?|picked up|came across|stumbled (?:upon|over|on))\b", re.I)),
    ("wish", re.compile(r"\b(?:want(?:ed|s)?|wish(?:ed|es)?|dream(?:ed|t|s|ing)?|hope[ds]?|long(?:ed|s) (?:for|to)|would love)\b", re.I)),
    (
        "journey",
        re.compile(
            r"\b(?:walk(?:ed|s)?|went|goes|travel(?:l?ed|s)?|sail(?:ed|s)?|journey(?:ed|s)?|set (?:out|off)|ran away|left|return(?:ed|s)?|"
            r"trip|expedition|voyage|climb(?:ed|s)?)\b",
            re.I,
        ),
    ),
)
_ADJECTIVES = _LISTS["adjectives"]
_ABSTRACT = re.compile(
    r"(?:ship|ness|ity|ment|tion|hood|ism|ance|ence)$|^(?:love|courage|hope|time|war|peace|death|life|music|nature|freedom|truth|grief|joy|fear|space)$"
)
_PLACES_ALONE = _LISTS["places_alone"]
_THINGS_ALONE = _LISTS["things_alone"]
_FIXED = _LISTS["fixed"]
_PEOPLE: dict[str, FriendGender] = {**dict.fromkeys(_LISTS["women"], "f"), **dict.fromkeys(_LISTS["men"], "m")}
_IRREGULAR_PAST: dict[str, str] = dict(pair.split() for pair in _LISTS["irregular_past"])


def strip_instruction(text: str) -> tuple[str, bool]:
    """The prompt without `Write me a story about …` and `… for kids, please`; True where something asked for a story."""
    body = _INSTRUCTION.sub("", text, count=1)
    body = _BARE_INSTRUCTION.sub("", body, count=1)
    while _TAIL.search(body):
        body = _TAIL.sub("", body)
    return body.strip(" .") if body != text else text, body != text


def read(body: str, *, asked: bool) -> Reading:
    """Reads one cleaned prompt of which `strip_instruction` has taken the command."""
    if not body.strip(" .,!…") or _FORMULA.match(body):
        return Reading("en", formula=bool(body))
    sentence = first_sentence(body)[:400]
    place = read_place(sentence)
    theme: Theme | None = None
    thing: Thing | None = None
    core, moved = sentence, True
    while moved:
        shorter = _LEAD.sub("", core, count=1)
        inner = re.match(rf"^(?:deep\s+|far away\s+)?(?:{_PREPOSITIONS})\s[^,]{{2,60}},\s+", shorter, re.IGNORECASE)
        shorter = shorter[inner.end() :] if inner else shorter
        moved, core = shorter != core, shorter
    core = re.sub(r"^(?:when|while|as|after|before|because)\s+(?=\S+\s)", "", core, flags=re.IGNORECASE)
    exists = _EXISTS.match(core)
    core = core[exists.end() :] if exists else core
    subject, verb, rest = split_clause(core, exists=bool(exists))
    if not subject:
        pronoun = _PRONOUNS.get(core.split(" ", 1)[0].lower())
        if pronoun:
            return Reading("en", hero_gender=pronoun, place=place, opening=body)
        if re.match(r"(?:lost|alone|trapped|stuck|hidden)\b", core, re.IGNORECASE):
            return Reading("en", place=place)
        if re.match(r"it (?:was|is|had|seemed)\b", core, re.IGNORECASE) and not asked:
            return Reading("en", place=place, opening=body)
        return Reading("en", place=place, quote=body) if not asked else Reading("en", place=place, topic=body)
    hero, friend = read_people(subject, core)
    clause = f"{verb} {rest}".strip()
    fear = _AFRAID.search(sentence)
    if fear:
        name = (fear[1] or fear[2]).strip()
        theme, thing = "fear", Thing(name, name, "mp" if _plural(name) else "m")
    else:
        starts: list[tuple[int, Theme]] = [(match.start(), name) for name, pattern in _THEMES if (match := pattern.search(clause))]
        theme = min(starts)[1] if starts else None
        meeting = _MEETING.match(clause)
        found = _OBJECT.match(re.sub(r"^(?:to\s+)?\w+", "", clause, count=1)) if clause else None
        if meeting and not friend:
            friend = read_friend(clause[meeting.end() :])
        elif found and found[2].split()[-1].lower() not in _NOT_PLACE:
            thing = noun_thing(found[1], found[2])
            thing = None if place and thing.later == place.noun else thing
    if theme in ("found", "lost") and thing is None:
        theme = "journey" if theme == "lost" else None
    if theme == "found" and thing and (thing.later.split()[-1] in _FIXED or not _ownable(thing)):
        theme = "secret"
    gender = re.search(r"\b(he|his|him|she|her)\b", clause, re.IGNORECASE)
    if gender and hero.gender != "n" and not hero.named:
        hero = Hero(hero.first, hero.later, hero.named, "m" if gender[1].lower() in ("he", "his", "him") else "f")
    if verb:
        if exists and not asked and re.match(r"^(?:there|lived|once)", sentence, re.IGNORECASE) is None:
            return Reading("en", hero, None, friend, place, thing, theme, body)
        relative = verb in ("who", "that", "which") and core == sentence
        whole = any(word in _STRONG or word.endswith("ed") for word in re.findall(r"\w+", rest.lower())[1:])
        opening = past_opening(hero, core) if relative and (asked or not whole) else body
        return Reading("en", hero, None, friend, place, thing, theme, opening)
    return read_noun_phrase(hero, core, place, asked=asked, exists=bool(exists), body=body, friend=friend)


def read_noun_phrase(hero: Hero, core: str, place: Place | None, *, asked: bool, exists: bool, body: str, friend: Friend | None) -> Reading:
    """A prompt without a verb: `A brave fox`, `a haunted house`, `friendship`, `zzz`."""
    words = core.strip(" .!?").split()
    if exists:
        return Reading("en", hero, None, friend, place, opening=body)
    if hero.named:
        unknown = len(words) == 1 and core[:1].islower() and words[0].lower() not in gender_of_names("en")
        abstract = unknown and (asked or _ABSTRACT.search(words[0]))
        return Reading("en", place=place, topic=core) if abstract else Reading("en", hero, None, friend, place)
    head = hero.later.split()[-1].lower()
    if head in _PLACES_ALONE and place is None:
        noun = hero.later
        return Reading("en", place=Place(f"{'on' if head in _UPON else 'in'} {noun}", noun))
    if head in _THINGS_ALONE:
        thing = noun_thing(words[0].lower(), " ".join(hero.first.split()[1:]))
        return Reading("en", place=place, thing=thing, theme="found" if _ownable(thing) else "secret")
    return Reading("en", hero, None, friend, place)


def split_clause(core: str, *, exists: bool = False) -> tuple[str, str, str]:
    """(subject, verb, rest): the verb is empty where there is none, all are empty where the subject is no third person."""
    words = core.split()
    if not words:
        return "", "", ""
    plain = [word.strip(",.;:!?…\"“”'’()").lower() for word in words]
    if plain[0] in _NOT_SUBJECT or plain[0] in _PRONOUNS or words[0][-1:] in ":?":
        return "", "", ""
    start = 2 if plain[0] in _DETERMINERS else 1
    limit = min(len(words), 9)
    for i in range(start, limit):
        if plain[i] in ("who", "that", "which") or plain[i] in ("named", "called", "whose"):
            return " ".join(words[:i]), plain[i], " ".join(words[i + 1 :])
        if plain[i] in _STRONG or (_is_weak_verb(plain, i, start) and not exists):
            return " ".join(words[:i]), plain[i], " ".join(words[i + 1 :])
    if plain[0] not in _DETERMINERS and len(words) > 4 and not words[0][:1].isupper():
        return "", "", ""
    if plain[0] not in _DETERMINERS and len(words) > 6:
        return "", "", ""
    return core, "", ""


def _is_weak_verb(plain: list[str], i: int, start: int) -> bool:
    word, after = plain[i], plain[i + 1 : i + 3]
    if word.endswith("ed") and len(word) > 3:
        return plain[i - 1] not in _DETERMINERS and not any(next_word in _STRONG for next_word in after)
    follows = bool(after) and (after[0] in _DETERMINERS or re.fullmatch(_PREPOSITIONS, after[0]) is not None)
    by_ending = word.endswith("s") and not word.endswith("ss") and follows and after[0] != "of"
    return by_ending and (start == 1 or not re.fullmatch(_PREPOSITIONS, after[0]))


def read_people(subject: str, core: str) -> tuple[Hero, Friend | None]:
    """The hero that a subject names, and the second one where it names two (`Luna and Max`)."""
    named = _NAMED.search(core)
    subject = re.split(rf",|\s+(?:{_PREPOSITIONS}|with|without)\s", subject.strip(' .,!?;:"“”…'), maxsplit=1)[0].strip()
    if named:
        kind = subject.split()[-1].lower()
        name = _title(named[1])
        return Hero(name, name, True, _PEOPLE.get(kind) or name_gender(name)), None
    first, _, second = subject.partition(" and ")
    words = first.split()
    if len(words) > 1 and words[0].lower() in _DETERMINERS:
        plural = words[0].lower() in _PLURAL_DETERMINERS or (bool(second) and not second[:1].isupper())
        if plural:
            whole = _lower_first(subject)
            return Hero(whole, f"the {_bare(whole)}", False, "n"), None
        later = f"the {_head(words[1:])}"
        friend = Friend(second, gender if (gender := name_gender(second)) != "n" else coin(second)) if second else None
        return Hero(_lower_first(first), later, False, _PEOPLE.get(words[-1].lower()) or coin(later)), friend
    name = (first if "'s " in first or "’s " in first else _title(first)) or "Someone"
    if not split_clause(core)[1]:
        name = re.split(r"['’]s\s", name)[0]
    partner = None
    if second and len(second) < 40:
        known = name_gender(second)
        determined = second.split()[0].lower() in _DETERMINERS
        later = f"the {_head(second.split()[1:])}" if determined and len(second.split()) > 1 else _title(second)
        partner = Friend(later, known if known != "n" else coin(second))
    return Hero(name, name, True, name_gender(name)), partner


def read_friend(after_verb: str) -> Friend | None:
    found = _OBJECT.match(after_verb)
    if found:
        later = f"the {_head(found[2].split())}"
        return Friend(later, _PEOPLE.get(found[2].split()[-1].lower()) or coin(later))
    name = re.match(r"\s*([A-ZÁÉÍÓÚÑ][\w'’-]+)", after_verb)
    return Friend(name[1], gender if (gender := name_gender(name[1])) != "n" else coin(name[1])) if name else None


def read_place(sentence: str) -> Place | None:
    for match in _PLACE.finditer(sentence):
        preposition, words = match[1].lower(), match[2].split()
        verbs = [i for i, word in enumerate(words) if i > 1 and word.lower() in _STRONG]
        noun = " ".join(words[: verbs[0]] if verbs else words)
        head = noun.split()[-1].lower()
        before = sentence[: match.start()]
        person = noun[0].isupper() and preposition in ("to", "by", "from", "on") and not (preposition == "to" and _MOVING.search(before))
        if person or any(word.lower() in _NOT_PLACE for word in noun.split()):
            continue
        if re.search(r"\b(?:afraid|scared|dream\w*|tired|full)\s*$", before, re.IGNORECASE):
            continue
        noun = re.sub(r"^(?:an?|his|her|their|its|my|our)\s+", "the ", noun, flags=re.IGNORECASE)
        noun = _lower_first(noun) if noun.lower().startswith("the ") else noun
        if preposition in ("into", "to", "toward", "towards", "from", "across", "along", "through", "over", "upon"):
            preposition = "in" if head in _INSIDE or noun[0].isupper() else "on" if head in _UPON else "by"
        return Place(f"{preposition} {noun}", noun)
    return None


def noun_thing(determiner: str, noun: str) -> Thing:
    words = noun.split()
    return Thing(f"{determiner.lower()} {noun}", f"the {_head(words)}", "fp" if _plural(noun) else "f")


def past_opening(hero: Hero, core: str) -> str:
    """`a dragon who is afraid of fire` → `Once there was a dragon who was afraid of fire.`"""
    match = _RELATIVE.match(core)
    if not match:
        return f"Once there was {_lower_first(core)}"
    known = match[1] if hero.named else re.sub(r"^the\b", "a", _lower_first(match[1]))
    return f"Once there {'were' if hero.gender == 'n' and not hero.named else 'was'} {known} {match[2]} {past(match[3])}{match[4]}"


def past(verb: str) -> str:
    """Simple past of a verb in the third person; a past form stays as it is."""
    low = verb.lower()
    if low in _IRREGULAR_PAST:
        return _IRREGULAR_PAST[low]
    if not low.endswith("s") or low.endswith("ss") or low in ("was", "always"):
        return verb
    if low.endswith("ies"):
        return low[:-3] + "ied"
    stem = low[:-2] if re.search(r"(?:sh|ch|x|ss|o)es$", low) else low[:-1]
    return stem + ("d" if stem.endswith("e") else "ed")


def name_gender(name: str) -> HeroGender:
    """Gender of a first name: by list, else by an ending that says it, else `n` (they)."""
    first = name.split()[0].lower() if name.split() else ""
    known = gender_of_names("en").get(first)
    if known:
        return known
    if first in ("mr", "mr.", "king", "prince", "sir", "captain", "uncle", "grandpa"):
        return "m"
    if first in ("mrs", "mrs.", "ms", "ms.", "miss", "queen", "princess", "lady", "aunt", "grandma"):
        return "f"
    if first.isalpha() and first.isascii() and len(first) > 2:
        return "f" if first.endswith(("a", "ie", "elle", "ette")) else "m" if first.endswith("o") else "n"
    return "n"


def coin(text: str) -> FriendGender:
    """An animal's she or he, always the same for the same words."""
    return "f" if zlib.crc32(text.encode()) % 2 else "m"


def _head(words: list[str]) -> str:
    kept = re.split(r"\s+(?:of|with|from)\s+", " ".join(words))[0].split()
    while len(kept) > 1 and (kept[0].lower() in _ADJECTIVES or re.search(r"(?:ed|ful|ous|less|est|ing)$", kept[0].lower())):
        if len(kept) == 2 and kept[1].lower() in ("man", "woman", "lady", "one", "boy", "girl") and kept[0].lower() in ("old", "young"):
            break
        kept = kept[1:]
    return " ".join(kept)


def _ownable(thing: Thing) -> bool:
    return "lost" in thing.first or thing.later.split()[-1].lower().rstrip("s") in _THINGS_ALONE


def _bare(phrase: str) -> str:
    return re.sub(r"^(?:an?|the|some|my|his|her|our|their|several|many)\s+", "", phrase, flags=re.IGNORECASE)


def _plural(noun: str) -> bool:
    head = noun.split()[-1].lower()
    return head.endswith("s") and not head.endswith(("ss", "us", "is"))


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _title(name: str) -> str:
    return " ".join(word if any(c.isupper() for c in word) else word[:1].upper() + word[1:] for word in name.split())
