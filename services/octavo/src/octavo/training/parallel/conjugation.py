"""Verb forms of the parallel grammar: English by base, past and -ing; Spanish and Portuguese by person and tense.

Persons: 1s I, 2s you (tú, você), 3s he, 1p we, 3p they.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PERSONS = ("1s", "2s", "3s", "1p", "3p")


@dataclass(frozen=True, slots=True)
class EnglishVerb:
    """`particle` follows the verb: up in `wake up`, to in `want to`."""

    base: str
    third: str
    past: str
    ing: str
    particle: str = ""


@dataclass(frozen=True, slots=True)
class RomanceVerb:
    """`tenses`: of `pres`, `pret` and `impf`, the forms by person. `rest` follows the verb (`a` in `empezar a`)."""

    infinitive: str
    tenses: Mapping[str, Mapping[str, str]]
    gerund: str
    reflexive: bool = False
    rest: str = ""


def english_verb(way: str) -> EnglishVerb:
    """`base`, `base/past` or `base/past/ing`, and a particle behind a space."""
    verb, _, particle = way.partition(" ")
    base, past, ing, *_ = (*verb.split("/"), "", "")
    if base == "can":
        return EnglishVerb("can", "can", "could", "", "")
    third = "has" if base == "have" else _third(base)
    regular = f"{base}d" if base.endswith("e") else f"{base[:-1]}ied" if re.search(r"[^aeiou]y$", base) else f"{base}ed"
    plain_ing = f"{base[:-1]}ing" if base.endswith("e") and not base.endswith("ee") else f"{base}ing"
    return EnglishVerb(base, third, past or regular, ing or plain_ing, particle)


def _third(base: str) -> str:
    if re.search(r"(s|x|z|ch|sh|o)$", base):
        return f"{base}es"
    return f"{base[:-1]}ies" if re.search(r"[^aeiou]y$", base) else f"{base}s"


_TOLD_ES = {"tener": "ten", "venir": "ven", "hacer": "haz", "decir": "di", "ir": "ve", "poner": "pon", "ser": "sé", "sostener": "sostén"}
_WISHED = {"ir": ("vayas", "vá"), "dar": ("des", "dê"), "ser": ("seas", "seja"), "estar": ("estés", "esteja"), "saber": ("sepas", "saiba")}
_WISHED_PT = {"querer": "queira"}


def imperative(verb: RomanceVerb, language: int, *, negated: bool = False) -> str:
    """To one person (tú, você), without a reflexive."""
    if language == 1 and not negated:
        return f"{_TOLD_ES.get(verb.infinitive, verb.tenses['pres']['3s'])} {verb.rest}".strip()
    if verb.infinitive in _WISHED:
        form = _WISHED[verb.infinitive][language - 1]
    elif language == 2 and verb.infinitive in _WISHED_PT:
        form = _WISHED_PT[verb.infinitive]
    else:
        stem, is_ar = verb.tenses["pres"]["1s"][:-1], verb.infinitive.endswith("ar")
        form = (_spelled(stem, ("", "es", "pt")[language]) + "e" if is_ar else f"{stem}a") + ("s" if language == 1 else "")
    return f"{('', 'no', 'não')[language]} {form} {verb.rest}".strip() if negated else f"{form} {verb.rest}".strip()


_SPANISH = {
    "ar": ("o as a amos an", "é aste ó amos aron", "aba abas aba ábamos aban", "ando"),
    "er": ("o es e emos en", "í iste ió imos ieron", "ía ías ía íamos ían", "iendo"),
    "ir": ("o es e imos en", "í iste ió imos ieron", "ía ías ía íamos ían", "iendo"),
}
_PORTUGUESE = {
    "ar": ("o a a amos am", "ei ou ou amos aram", "ava ava ava ávamos avam", "ando"),
    "er": ("o e e emos em", "i eu eu emos eram", "ia ia ia íamos iam", "endo"),
    "ir": ("o e e imos em", "i iu iu imos iram", "ia ia ia íamos iam", "indo"),
}


def romance_verb(way: str, irregular: Mapping[str, Any], language: str) -> RomanceVerb:
    """`infinitive`, perhaps reflexive (sentarse; se esconder), and what follows it behind a space."""
    word, _, rest = way.partition(" ")
    reflexive = False
    if word == "se":
        reflexive, (word, _, rest) = True, rest.partition(" ")
    elif language == "es" and word.endswith("se"):
        reflexive, word = True, word[:-2]
    stem, ending = word[:-2], word[-2:].replace("í", "i")
    present, preterite, imperfect, gerund = (_SPANISH if language == "es" else _PORTUGUESE)[ending]
    tenses = {"pres": _with(stem, present), "pret": _with(stem, preterite), "impf": _with(stem, imperfect)}
    if ending == "ar":
        tenses["pret"]["1s"] = _spelled(stem, language) + preterite.split()[0]
    elif word.endswith(("ger", "gir")):
        tenses["pres"]["1s"] = f"{stem[:-1]}jo"
    ing = stem + gerund
    for tense, forms in irregular.get(word, {}).items():
        if tense == "ger":
            ing = forms
        else:
            tenses[tense] = dict(zip(PERSONS, forms.split(), strict=True))
    return RomanceVerb(word, tenses, ing, reflexive, rest)


def _with(stem: str, endings: str) -> dict[str, str]:
    return {person: stem + ending for person, ending in zip(PERSONS, endings.split(), strict=True)}


def _spelled(stem: str, language: str) -> str:
    """The stem as it is spelled before e."""
    if stem.endswith("g"):
        return f"{stem}u"
    if language == "es" and stem.endswith("z"):
        return f"{stem[:-1]}c"
    if language == "pt" and stem.endswith("ç"):
        return f"{stem[:-1]}c"
    return f"{stem[:-1]}qu" if stem.endswith("c") else stem
