"""Where sentences end: after a full stop that no title (`Mrs.`) owns."""

from __future__ import annotations

import re

_TITLES = ("mr.", "mrs.", "ms.", "dr.", "st.", "sr.", "sra.", "srta.", "dra.", "prof.")


def split_sentences(text: str) -> list[str]:
    sentences: list[str] = []
    for part in re.split(r"(?<=[.!?…])\s+", text):
        if sentences and sentences[-1].lower().endswith(_TITLES):
            sentences[-1] += f" {part}"
        else:
            sentences.append(part)
    return sentences


def first_sentence(text: str) -> str:
    return split_sentences(text)[0]
