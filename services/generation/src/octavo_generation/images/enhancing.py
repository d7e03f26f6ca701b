"""Short prompts, with the light, composition and detail that their writer left open.

What was asked stays, word for word, at the front; only what it does not speak of is added, and nothing where the picture is meant to
be plain (a logo, a diagram, lettering) or says what must not be in it. The same prompt always gets the same words. English and
Spanish; other languages are left alone, for two languages in one prompt confuse some models.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

MAX_WORDS = 30
"""Whoever writes more has said what they want."""


@dataclass(frozen=True, slots=True)
class _Aspect:
    """`spoken_of`: stems that show that the prompt settles this aspect itself."""

    spoken_of: re.Pattern[str]
    phrases: tuple[str, ...]


def enhance(prompt: str, *, most_chars: int) -> str | None:
    """The prompt that a provider is to be asked with, at most `most_chars` long; None where the person's own is best."""
    folded = _folded(prompt)
    words = re.findall(r"\w+", folded)
    language = _language(prompt, words)
    if language is None or not words or len(words) > MAX_WORDS or _PLAIN.search(folded):
        return None
    draw = int.from_bytes(hashlib.sha256(folded.encode()).digest()[:8])
    added = []
    for aspect in _ASPECTS[language]:
        draw, choice = divmod(draw, len(aspect.phrases))
        if not aspect.spoken_of.search(folded):
            added.append(aspect.phrases[choice])
    enhanced = ", ".join([prompt.rstrip(" .,;\n"), *added])
    return enhanced if added and len(enhanced) <= most_chars else None


def _language(prompt: str, words: list[str]) -> str | None:
    letters = [c for c in prompt if c.isalpha()]
    if not letters or any(not unicodedata.name(c, "").startswith("LATIN") for c in letters):
        return None
    counts = {language: sum(word in marks for word in words) for language, marks in _MARKS.items()}
    if any(c in "ñ¿¡" for c in prompt.lower()):
        counts["es"] += 1
    best = max(counts, key=lambda language: counts[language])
    if counts[best] == 0:
        # Nothing but nouns (Mountain landscape): without accents it is taken for English.
        return "en" if prompt.isascii() else None
    if list(counts.values()).count(counts[best]) > 1:
        return None
    return best if best in _ASPECTS else None


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _stems(*stems: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(stems)})")


_MARKS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in (
        ("en", "the an of with and in on at by from under over near into is are his her their its two three old young"),
        ("es", "de el los las una unas unos del con y en por sobre bajo entre al su sus muy desde hacia junto dos tres"),
        ("fr", "de le les des du et avec dans sur sous une aux chez sa ses est vers entre"),
        ("de", "der die das ein eine einen mit und im am auf unter uber bei ist zwei von vor"),
        ("it", "il gli di della dello con e nel nella sul sulla una uno su tra due"),
        ("pt", "de o os um uma do da dos das com e no na em sob sobre ao dois duas"),
    )
}
"""Short words that are frequent in one of the languages; those that several share cancel out."""

_PLAIN = _stems(
    r"no\b", r"not\b", r"without\b", r"sin\b", r"nada\b", r"never\b", r"ni\b", r"only\b", r"solo\b", r"just\b", r"avoid\b",
    r"plain", r"simple", r"simpl", r"minimal", r"flat\b", r"plano\b", r"plana\b", r"blank", r"empty", r"vaci", r"solid",
    r"logo", r"icon", r"diagram", r"chart", r"grafic", r"schema", r"esquema", r"map\b", r"mapa", r"blueprint",
    r"line art", r"line drawing", r"outline", r"silhouette", r"silueta", r"pixel", r"emoji", r"sticker", r"pegatina",
    r"black and white", r"blanco y negro", r"monochrom", r"monocrom",
    r"text\b", r"texto", r"says\b", r"saying\b", r"dice\b", r"letter", r"letra", r"word", r"palabra", r"sign\b", r"letrero", r"cartel",
)  # fmt: skip

_ASPECTS: Mapping[str, tuple[_Aspect, ...]] = {
    "en": (
        _Aspect(
            _stems(
                "light", "lit", "sun", "moon", "night", "dawn", "dusk", "dark", "neon", "glow", "shadow", "bright", "candle", "lamp",
                "morning", "noon", "evening", "twilight", "golden hour", "storm", "fog", "mist", "firelit", "starry", "lantern",
            ),
            ("soft natural light", "warm directional light", "gentle diffused light", "clear light with soft shadows"),
        ),
        _Aspect(
            _stems(
                "close", "wide", "portrait", "panoram", "aerial", "top view", "from above", "from below", "side view", "front view",
                "macro", "symmetr", "centered", "centred", "foreground", "background", "framed", "full body", "isometric",
            ),
            ("balanced composition", "rule of thirds", "clear focus on the subject", "a sense of depth"),
        ),
        _Aspect(
            _stems("detail", "intricate", "sharp", "realistic", "photoreal", "abstract", "blur", "sketch", "doodle", "childlike", "rough"),
            ("fine detail", "rich texture", "carefully rendered detail", "crisp detail"),
        ),
    ),
    "es": (
        _Aspect(
            _stems(
                "luz", "luces", "luminos", "ilumin", "sol\\b", "solead", "luna", "noche", "nocturn", "amanecer", "atardecer", "anochecer",
                "ocaso", "alba", "oscur", "neon", "brill", "sombr", "vela", "lampara", "manana", "mediodia", "tarde", "torment", "niebla",
                "bruma", "estrellad", "farol",
            ),
            ("luz natural suave", "luz cálida lateral", "luz difusa", "luz clara con sombras suaves"),
        ),
        _Aspect(
            _stems(
                "primer plano", "plano", "retrato", "panoram", "aere", "desde arriba", "desde abajo", "de perfil", "de frente", "macro",
                "simetr", "centrad", "fondo", "cuerpo entero", "isometric",
            ),
            ("composición equilibrada", "regla de los tercios", "el motivo bien enfocado", "sensación de profundidad"),
        ),
        _Aspect(
            _stems("detall", "nitid", "realis", "fotorreal", "abstract", "borros", "boceto", "garabato", "infantil", "tosc"),
            ("detalle fino", "textura rica", "detalle cuidado", "detalle nítido"),
        ),
    ),
}  # fmt: skip
