"""One spelling for what looks the same: the first step of finding blocked words.

NFKC, casefold, no accents, look-alike letters of other scripts as the Latin ones (after Unicode's UTS #39, the letters that occur in
evasions), nothing invisible, one blank for many. ñ stays a letter of its own: in Spanish `año` and `ano` are two words. What is
repeated is cut to three: nothing in the languages that we know needs more. Time is linear in the text, whatever is in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_ALIKE: Mapping[str, str] = {
    # Cyrillic, Greek, Armenian, Cherokee-like and phonetic small capitals, letters with a stroke.
    "a": "аαɑᴀ", "b": "вьβʙƀᴃ", "c": "сϲᴄƈ", "d": "ԁɗđᴅժ", "e": "еєεɛᴇ℮ҽ", "f": "ƒғꜰϝ", "g": "ɡցɢǥԍ", "h": "һհнʜħ",
    "i": "іιıɩɪӏ", "j": "јϳյᴊɉ", "k": "кκᴋƙ", "l": "ⅼłʟƚ", "m": "мᴍɱ", "n": "ηոɴ", "o": "оοօσᴏøө", "p": "рρᴘƿ",
    "q": "ԛգ", "r": "ʀɾ", "s": "ѕʂꜱƽ", "t": "тτᴛŧ", "u": "υսᴜʊ", "v": "νѵᴠʋ", "w": "ѡωԝաᴡ", "x": "хχҳ", "y": "уүγʏყ", "z": "ᴢƶʐ",
    "ae": "æ", "oe": "œ", "th": "þ",
}  # fmt: skip
_KEPT = "\ue000"
"""Stands for ñ while accents fall."""
_BOXED = {start + n: chr(97 + n) for start in (0x1F130, 0x1F150, 0x1F170) for n in range(26)}
_TABLE: dict[int, str] = {**_BOXED, **{ord(look): letter for letter, looks in _ALIKE.items() for look in looks}, ord(_KEPT): "ñ"}
_REPEATED = re.compile(r"(.)\1{3,}", re.DOTALL)
_BLANKS = re.compile(r"\s+")
_LEET_MARK = re.compile(r"(?<=[a-z])!(?=[a-z])")


def fold(text: str) -> str:
    """Lower-case letters, digits and what stands between them."""
    if text.isascii():
        folded = text.lower()
    else:
        composed = unicodedata.normalize("NFKC", text).casefold()
        composed = unicodedata.normalize("NFKC", composed).replace("ñ", _KEPT)
        decomposed = unicodedata.normalize("NFKD", composed)
        folded = "".join(c for c in decomposed if unicodedata.category(c) not in _DROPPED).translate(_TABLE)
    return _REPEATED.sub(r"\1\1\1", _LEET_MARK.sub("1", _BLANKS.sub(" ", folded)))


_DROPPED = frozenset({"Mn", "Mc", "Me", "Cf"})
"""Marks, and what is not seen at all: zero-width spaces, soft hyphens, direction marks."""
