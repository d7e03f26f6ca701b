"""Languages of the pages: English stands in the source, all others in gettext catalogues (`locale/LANGUAGE/LC_MESSAGES/octavo_web.po`)."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import Request

DOMAIN = "octavo_web"
LOCALES = Path(__file__).parents[1] / "locale"
COOKIE = "octavo_language"
NAMES: Mapping[str, str] = {"en": "English", "es": "Español"}
"""Each in its own words, in the order of the switch. The first is what is left when nothing else fits."""


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    translations: NullTranslations

    @property
    def gettext(self) -> Callable[[str], str]:
        return self.translations.gettext


def load_languages() -> dict[str, Language]:
    """Every language of `NAMES`. Compiled in memory: a catalogue that is edited needs no build."""
    found = {}
    for code in NAMES:
        path = LOCALES / code / "LC_MESSAGES" / f"{DOMAIN}.po"
        if not path.exists():
            found[code] = Language(code, NullTranslations())
            continue
        compiled = io.BytesIO()
        with path.open("rb") as source:
            write_mo(compiled, read_po(source, locale=code, domain=DOMAIN))
        compiled.seek(0)
        found[code] = Language(code, Translations(compiled, domain=DOMAIN))
    return found


def code_of(request: Request) -> str:
    """What the person chose, else what their browser prefers (RFC 9110, section 12.5.4), else the first."""
    chosen = request.cookies.get(COOKIE)
    if chosen is not None and chosen in NAMES:
        return chosen
    weighed = []
    for place, part in enumerate(request.headers.get("accept-language", "")[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        code = tag.strip().lower().partition("-")[0]
        if code in NAMES:
            weighed.append((-_quality(parameter), place, code))
    return min(weighed)[2] if weighed else next(iter(NAMES))


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
