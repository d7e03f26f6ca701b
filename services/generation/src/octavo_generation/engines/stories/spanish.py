"""Reads a Spanish prompt: who, where, what, and whether the sentence can begin the story. Pure, by rule; never fails."""

from __future__ import annotations

import re
import zlib

from octavo_generation.engines.stories.conditioning import FriendGender, HeroGender, Theme, ThingForm
from octavo_generation.engines.stories.reading import Friend, Hero, Place, Reading, Thing
from octavo_generation.engines.stories.sentences import first_sentence
from octavo_generation.engines.stories.words import gender_of_names, reading_words

_LISTS = reading_words("es")

_INSTRUCTION = re.compile(
    r"^(?:por favor,?\s+|quiero\s+|quisiera\s+|me gustaría\s+|necesito\s+)*"
    r"(?:(?:escr[íi]be(?:me|nos)?|escriba|cu[ée]nta(?:me|nos)?|cuenta|crea|haz(?:me)?|genera|inventa|dame|d[íi]me|redacta|lee(?:me)?|escribir|leer|"
    r"o[íi]r|contar)\s+)?"
    r"(?:una?\s+|otra?\s+|la\s+|el\s+)?(?:[\wáéíóúñ]+\s+){0,2}?(?:historia|cuento|relato|f[áa]bula|aventura|leyenda)\b"
    r"(?:\s+[\wáéíóúñ]+(?=\s+(?:sobre|del?|acerca)\b))?(?:\s+para\s+[\wáéíóúñ]+)?"
    r"(?:\s+(?:sobre|del?|acerca de|en (?:la|el) que|donde|con)\b|\s*[:,-]|\s*$)\s*(?:c[óo]mo\s+|cuando\s+)?",
    re.IGNORECASE,
)
_BARE_INSTRUCTION = re.compile(r"^(?:escr[íi]be(?:me)?|cu[ée]ntame|h[áa]blame)(?:\s+algo)?\s+(?:sobre|de)\s+", re.IGNORECASE)
_TAIL = re.compile(
    r"[\s,]+(?:por favor|en español|en inglés|para (?:mis |los )?(?:niños|niñas|adultos|jóvenes|dormir))\s*[.!]*$", re.IGNORECASE
)
_FORMULA = re.compile(
    r"^(?:(?:érase|erase|había|habia) una vez|hace (?:mucho|muchos)(?: tiempo| años)?|un día|una vez|en un lugar muy lejano)[\s.,…!]*$",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:(?:érase|erase|había|habia) (?:una vez|que se era)|hace (?:mucho|muchos) (?:tiempo|años)"
    r"|un día|una (?:mañana|tarde|noche|vez)(?: de \w+)?"
    r"|aquel día|aquella (?:mañana|tarde|noche)|ayer|hoy|de repente|entonces|por la (?:mañana|tarde|noche)|cada (?:mañana|tarde|noche|día)"
    r"|esta (?:mañana|tarde|noche))\b,?\s+",
    re.IGNORECASE,
)
_EXISTS = re.compile(r"^(?:había|habia|hubo|hay|existía|érase|vivía|vivían)\s+(?=(?:una?|unos|unas|el|la|dos|tres)\s)", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(?:llamad[oa]|que se llama(?:ba)?|de nombre|cuyo nombre era)\s+((?:[^\W\d_][\w'’-]*|\d+)(?:\s+[A-ZÁÉÍÓÚÑ][\w'’-]*)*)", re.UNICODE
)
_DETERMINERS = _LISTS["determiners"]
_PLURALS = _LISTS["plurals"]
_VERBS = _LISTS["verbs"]
_NOT_SUBJECT = _LISTS["not_subject"]
_PRONOUNS: dict[str, HeroGender] = {"él": "m", "ella": "f", "ellos": "m", "ellas": "f"}
_PREPOSITIONS = (
    r"junto a|junto al|cerca de|cerca del|al lado de|al lado del|a orillas de|a orillas del|al borde de|al borde del|dentro de|dentro del|"
    r"detrás de|detrás del|delante de|delante del|debajo de|debajo del|encima de|encima del|alrededor de|alrededor del|"
    r"al pie de|al pie del|frente a|frente al|al final de|al final del|en medio de|en medio del|"
    r"bajo|sobre|tras|entre|en|por|hacia|hasta|desde|a|al"
)
_STOP = (
    r"(?:\s+(?:y|e|o|pero|que|quien|cuando|mientras|donde|porque|con|sin|para|por|a|al|en|hacia|hasta|desde|junto|cerca|bajo|sobre|"
    r"durante|después|antes|una|un|se|muy|lejos)\b|[,.;:!?…—)»\"”]|\s+-|$)"
)
_PLACE = re.compile(
    rf"(?<![\wáéíóúñ])({_PREPOSITIONS})\s+((?:(?:el|la|los|las|una?|su|sus|mi)\s+)?"
    rf"(?:[\w'’áéíóúñ-]+\s+(?:de(?:l| la| los| las)?\s+)?){{0,3}}?[\w'’áéíóúñ-]+)(?={_STOP})",
    re.IGNORECASE,
)
_MOVING = re.compile(r"\b(?:fue(?:ron)?|va|viaj\w+|vol(?:ó|aron)|lleg\w+|volvi\w+|regres\w+|naveg\w+|viaje) $", re.IGNORECASE)
_NOT_PLACE = _LISTS["not_place"]
_OBJECT = re.compile(
    rf"^(?:\s*(?:se|le|lo|no|nunca|también|por fin|de repente|a|con|tener|encontrar|ver|de))*\s*"
    rf"(?<![\wáéíóúñ])(una?|el|la|los|las|unos|unas|su|sus|mi|dos|tres|otro|otra)\s+((?:[\w'’áéíóúñ-]+\s+(?:de\s+)?){{0,3}}?[\w'’áéíóúñ-]+)(?={_STOP})",
    re.IGNORECASE,
)
_AFRAID = re.compile(
    rf"\b(?:miedo|temor|pánico|terror)\s+(?:a|de|al|del)\s+(.{{2,40}}?)(?={_STOP})|\btem(?:e|ía|ió)\s+(?:al?\s+)?(.{{2,40}}?)(?={_STOP})",
    re.IGNORECASE,
)
_MEETING = re.compile(r"\b(?:conoc(?:ió|e|ía)|se encontró con|se encuentra con|ayud(?:ó|a)|salv(?:ó|a)|rescat(?:ó|a))\b", re.IGNORECASE)
_THEMES: tuple[tuple[Theme, re.Pattern[str]], ...] = (
    ("lost", re.compile(r"\b(?:perdi(?:ó|eron)|pierde|busca(?:ba|n|ndo)?|buscó|le robaron|desapareció)\b", re.I)),
    ("found", re.compile(r"\b(?:encontr(?:ó|aron)|encuentra|hall(?:ó|a|aron)|descubri(?:ó|eron)|descubre|recogió)\b", re.I)),
    ("wish", re.compile(r"\b(?:quer(?:ía|ían)|quier(?:e|en)|quiso|dese(?:a|aba|ó)|soñ(?:aba|ó)|sueña|anhela(?:ba)?)\b", re.I)),
    (
        "journey",
        re.compile(
            r"\b(?:camin(?:ó|aba|a)|fue|va|iba|viaj(?:ó|a|aba)|naveg(?:ó|a|aba)|salió|sale|partió|volvió|vuelve|regres(?:ó|a)|viaje|expedición)\b",
            re.I,
        ),
    ),
)
_ABSTRACT = re.compile(r"(?:ción|dad|tad|eza|ismo|amor|miedo|tiempo|guerra|paz|vida|muerte)$")
_PLACES_ALONE = _LISTS["places_alone"]
_THINGS_ALONE = _LISTS["things_alone"]
_FIXED = _LISTS["fixed"]
_FEMININE_WITH_EL = _LISTS["feminine_with_el"]
_IMPERFECT: dict[str, str] = dict(pair.split() for pair in _LISTS["imperfect"])


def strip_instruction(text: str) -> tuple[str, bool]:
    """The prompt without `Escribe un cuento sobre …` and `… para niños, por favor`; True where something asked for a story."""
    body = _INSTRUCTION.sub("", text, count=1)
    if re.match(r".*\bdel\s*$", text[: len(text) - len(body)], re.IGNORECASE):
        body = f"el {body}"
    body = _BARE_INSTRUCTION.sub("", body, count=1)
    while _TAIL.search(body):
        body = _TAIL.sub("", body)
    return body.strip(" .") if body != text else text, body != text


def read(body: str, *, asked: bool) -> Reading:
    """Reads one cleaned prompt of which `strip_instruction` has taken the command."""
    if not body.strip(" .,!…") or _FORMULA.match(body):
        return Reading("es", formula=bool(body))
    sentence = first_sentence(body)[:400]
    place = read_place(sentence)
    theme: Theme | None = None
    thing: Thing | None = None
    core, moved = sentence, True
    while moved:
        shorter = _LEAD.sub("", core, count=1)
        inner = re.match(rf"^(?:{_PREPOSITIONS})\s[^,]{{2,60}},\s+", shorter, re.IGNORECASE)
        shorter = shorter[inner.end() :] if inner else shorter
        moved, core = shorter != core, shorter
    core = re.sub(r"^(?:cuando|mientras|porque)\s+(?=\S+\s)", "", core, flags=re.IGNORECASE)
    told = core != sentence
    exists = _EXISTS.match(core)
    core = core[exists.end() :] if exists else core
    subject, verb, rest = split_clause(core)
    if not subject:
        first = core.split(" ", 1)[0].lower()
        if re.match(r"(?:perdid|atrapad|escondid)[oa]s?\b", core, re.IGNORECASE):
            return Reading("es", place=place)
        if first in _PRONOUNS or (first in _VERBS and not asked and first not in _NOT_SUBJECT and first not in ("no", "nunca", "siempre")):
            return Reading("es", hero_gender=_PRONOUNS.get(first), place=place, opening=body)
        return Reading("es", place=place, quote=body) if not asked else Reading("es", place=place, topic=body)
    hero, friend = read_people(subject, core)
    clause = f"{verb} {rest}".strip()
    fear = _AFRAID.search(sentence)
    if fear:
        theme, thing = "fear", feared((fear[1] or fear[2]).strip(), contracted=bool(re.search(r"\b(?:al|del)\s", fear[0])))
    else:
        starts: list[tuple[int, Theme]] = [(match.start(), name) for name, pattern in _THEMES if (match := pattern.search(clause))]
        theme = min(starts)[1] if starts else None
        meeting = _MEETING.match(clause)
        found = _OBJECT.match(re.sub(r"^(?:(?:se|le|lo|no)\s+)?[\wáéíóúñ]+", "", clause, count=1)) if clause else None
        if meeting and not friend:
            friend = read_friend(clause[meeting.end() :])
        elif found and found[2].split()[0].lower() not in _NOT_PLACE and theme != "journey":
            thing = noun_thing(found[1], found[2])
            thing = None if place and thing.later == place.noun else thing
    if theme in ("found", "lost") and thing is None:
        theme = "journey" if theme == "lost" else None
    if theme == "found" and thing and (thing.later.split()[1] in _FIXED or not _ownable(thing)):
        theme = "secret"
    if verb:
        relative = verb in ("que", "quien") and not told and not exists
        whole = any(_is_verb(["", word], 1) for word in re.findall(r"\w+", rest.lower())[1:])
        relative = relative and (asked or not whole)
        return Reading("es", hero, None, friend, place, thing, theme, past_opening(hero, core) if relative else body)
    if told or exists:
        return Reading("es", hero, None, friend, place, opening=body)
    return read_noun_phrase(hero, core, place, asked=asked, friend=friend)


def read_noun_phrase(hero: Hero, core: str, place: Place | None, *, asked: bool, friend: Friend | None) -> Reading:
    """A prompt without a verb: `Un zorro valiente`, `una casa encantada`, `la amistad`, `zzz`."""
    words = core.strip(" .!?").split()
    if hero.named:
        abstract = asked and len(words) == 1 and core[:1].islower() and core.lower().strip(" .") not in gender_of_names("es")
        return Reading("es", place=place, topic=core) if abstract else Reading("es", hero, None, friend, place)
    head = hero.later.split()[1].lower()
    if head in _PLACES_ALONE and place is None:
        noun = _definite(words[0], words[1:])
        return Reading("es", place=Place(f"en {noun}", noun))
    if head in _THINGS_ALONE:
        thing = noun_thing(words[0], " ".join(words[1:]))
        return Reading("es", place=place, thing=thing, theme="found" if _ownable(thing) else "secret")
    if _ABSTRACT.search(head) and words[0].lower() in ("el", "la", "los", "las"):
        return Reading("es", place=place, topic=core)
    return Reading("es", hero, None, friend, place)


def split_clause(core: str) -> tuple[str, str, str]:
    """(subject, verb, rest): the verb is empty where there is none, all are empty where the subject is no third person."""
    words = core.split()
    if not words:
        return "", "", ""
    plain = [word.strip(",.;:!?¡¿…\"“”«»'’()").lower() for word in words]
    determined = plain[0] in _DETERMINERS
    if plain[0] in _NOT_SUBJECT or plain[0] in _PRONOUNS or words[0][0] in "¿¡«" or (not determined and _is_verb(plain, 0)):
        return "", "", ""
    for i in range(2 if determined else 1, min(len(words), 9)):
        if plain[i] in ("que", "quien", "llamado", "llamada", "cuyo", "cuya"):
            return " ".join(words[:i]), plain[i], " ".join(words[i + 1 :])
        if _is_verb(plain, i):
            return " ".join(words[:i]), plain[i], " ".join(words[i + 1 :])
    if not determined and (len(words) > 6 or (len(words) > 4 and not words[0][:1].isupper())):
        return "", "", ""
    return core, "", ""


def _is_verb(plain: list[str], i: int) -> bool:
    word = plain[i]
    if word in _VERBS or (len(word) > 3 and word != "cómo" and re.search(r"(?:ó|aba|aban|ían|aron|eron)$", word)):
        return True
    return word.endswith("ía") and i >= 1 and plain[i - 1] not in _DETERMINERS and word not in _LISTS["not_imperfect"]


def read_people(subject: str, core: str) -> tuple[Hero, Friend | None]:
    """The hero that a subject names, and the second one where it names two (`Luna y Max`). A plural becomes one of the group."""
    named = _NAMED.search(core)
    subject = re.split(r",|\s+(?:con|sin|en|junto|cerca|bajo|para)\s", subject.strip(' .,!?;:"«»“”…'), maxsplit=1)[0].strip()
    first, _, second = subject.partition(" y ")
    words = first.split()
    determined = bool(words) and words[0].lower() in _DETERMINERS and len(words) > 1
    if named:
        name = _title(named[1])
        gender = name_gender(name)
        if determined:
            gender = noun_gender(words[0], words[1])
        return Hero(name, name, True, gender), None
    if determined:
        gender = noun_gender(words[0], words[1])
        if words[0].lower() in _PLURALS:
            group = _noun(words[1:])[0]
            of = "del grupo" if second else f"de {'las' if gender == 'f' else 'los'} {group}"
            later = f"{'la' if gender == 'f' else 'el'} más valiente {of}"
            return Hero(later, later, False, gender), None
        later = _definite(words[0], _noun(words[1:])[:1])
        friend = Friend(second, name_gender(second)) if second else None
        return Hero(_lower_first(first), later, False, gender), friend
    name = _title(first) or "Alguien"
    partner = None
    if second and len(second) < 40:
        parts = second.split()
        if parts[0].lower() in _DETERMINERS and len(parts) > 1:
            partner = Friend(_definite(parts[0], parts[1:2]), noun_gender(parts[0], parts[1]))
        else:
            partner = Friend(_title(second), name_gender(second))
    return Hero(name, name, True, name_gender(name)), partner


def read_friend(after_verb: str) -> Friend | None:
    found = _OBJECT.match(after_verb)
    if found and found[1].lower() not in _PLURALS:
        noun = found[2].split()[0]
        return Friend(_definite(found[1], [noun]), noun_gender(found[1], noun))
    name = re.match(r"\s*(?:a\s+)?([A-ZÁÉÍÓÚÑ][\w'’-]+)", after_verb)
    return Friend(name[1], name_gender(name[1])) if name else None


def read_place(sentence: str) -> Place | None:
    for match in _PLACE.finditer(sentence):
        preposition, parts = match[1].lower(), match[2].lower().split()
        verbs = [i for i in range(2, len(parts)) if _is_verb(parts, i)]
        noun = " ".join(match[2].split()[: verbs[0]] if verbs else match[2].split())
        words = noun.split()
        article, head = ("el", words[0]) if preposition.endswith("l") else (words[0].lower(), words[1] if len(words) > 1 else words[0])
        proper = article not in _DETERMINERS and noun[0].isupper()
        if preposition.endswith("l"):
            noun, article = f"el {noun}", "el"
        person = proper and preposition in ("a", "por") and not _MOVING.search(sentence[: match.start()])
        if person or head.lower() in _NOT_PLACE or (not proper and article not in _DETERMINERS):
            continue
        if re.search(r"\b(?:miedo|tem\w+|soñ\w+|conoc\w+|ayud\w+|vio|encontró)\s*$", sentence[: match.start()], re.IGNORECASE):
            continue
        if not proper:
            noun = _definite(article, noun.split()[1:])
        if preposition in ("por", "hacia", "hasta", "desde", "a", "al"):
            preposition = "junto a" if head.lower() in ("río", "mar", "lago", "puerto", "pozo", "faro") else "en"
        preposition = re.sub(r"(\ba|\bde)l$", r"\1", preposition)
        return Place(re.sub(r"\b(a|de) el ", r"\1l ", f"{preposition} {noun}"), noun)
    return None


def noun_thing(determiner: str, noun: str) -> Thing:
    words = noun.split()
    gender = noun_gender(determiner, words[0])
    plural = determiner.lower() in _PLURALS
    forms: dict[tuple[str, bool], ThingForm] = {("f", False): "f", ("m", False): "m", ("f", True): "fp", ("m", True): "mp"}
    words = _noun(words)
    kept = words[:1] + (words[1:3] if len(words) > 2 and words[1] in ("de", "del") else [])
    return Thing(f"{determiner.lower()} {noun}", _definite(determiner, kept), forms[gender, plural])


def feared(text: str, *, contracted: bool) -> Thing:
    """`al fuego`, `la oscuridad`, `volar`: what the hero fears, as a noun with its article where it has one."""
    name = f"el {text}" if contracted else text
    words = name.split()
    plural = words[0].lower() in ("los", "las")
    feminine = words[0].lower() in ("la", "las") or words[-1].lower() in _FEMININE_WITH_EL
    return Thing(name, name, ("fp" if feminine else "mp") if plural else ("f" if feminine else "m"))


def past_opening(hero: Hero, core: str) -> str:
    """`un dragón que tiene miedo al fuego` → `Había una vez un dragón que tenía miedo al fuego.`"""
    match = re.match(r"^(.+?\s(?:que|quien))\s+((?:no|se|le|lo)\s+)?([\wáéíóúñ]+)(.*)$", core, re.IGNORECASE | re.DOTALL)
    if not match:
        return f"Había una vez {_lower_first(core)}"
    known = match[1] if hero.named else re.sub(r"^(el|la)\b", lambda m: "un" if m[1] == "el" else "una", _lower_first(match[1]))
    return f"Había una vez {known} {match[2] or ''}{imperfect(match[3])}{match[4]}"


def imperfect(verb: str) -> str:
    """Imperfect of a verb in the third person present; a past form stays as it is."""
    low = verb.lower()
    if low in _IMPERFECT:
        return _IMPERFECT[low]
    if re.search(r"(?:ó|ía|aba|ían|aban|ron|era|fue|uvo|izo)$", low):
        return verb
    for ending, instead in (("an", "aban"), ("en", "ían"), ("a", "aba"), ("e", "ía")):
        if low.endswith(ending):
            return low.removesuffix(ending) + instead
    return verb


def noun_gender(determiner: str, noun: str) -> FriendGender:
    """Gender of a noun by its article, else by its ending."""
    low = determiner.lower()
    if noun.lower() in _FEMININE_WITH_EL or noun.lower() in _LISTS["feminine"]:
        return "f"
    if low in ("una", "unas", "la", "las", "esta", "esa", "otra", "nuestra", "varias"):
        return "f"
    if low in ("un", "unos", "el", "los", "este", "ese", "otro", "nuestro", "varios"):
        return "m"
    return "f" if re.search(r"(?:as?|ción|dad|tad|triz)$", noun.lower()) else "m"


def name_gender(name: str) -> FriendGender:
    """Gender of a first name: by list, else feminine where it ends in a; Spanish has no third way."""
    first = name.split()[0].lower() if name.split() else ""
    known = gender_of_names("es").get(first) or gender_of_names("en").get(first)
    return known or ("f" if first.endswith("a") else "m")


def coin(text: str) -> FriendGender:
    return "f" if zlib.crc32(text.encode()) % 2 else "m"


def _noun(words: list[str]) -> list[str]:
    """`words` from the noun on: a few adjectives stand before it."""
    kept = words
    while len(kept) > 1 and kept[0].lower() in _LISTS["adjectives_before"]:
        kept = kept[1:]
    return kept


def _definite(determiner: str, words: list[str]) -> str:
    noun = " ".join(words)
    gender, plural = noun_gender(determiner, words[0]), determiner.lower() in _PLURALS
    if plural:
        return f"{'las' if gender == 'f' else 'los'} {noun}"
    return f"{'el' if gender == 'm' or words[0].lower() in _FEMININE_WITH_EL else 'la'} {noun}"


def _ownable(thing: Thing) -> bool:
    return "perdid" in thing.first or thing.later.split()[1].lower() in _THINGS_ALONE


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _title(name: str) -> str:
    return " ".join(word if any(c.isupper() for c in word) else word[:1].upper() + word[1:] for word in name.split())
