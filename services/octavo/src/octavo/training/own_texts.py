"""A user's folder of texts, read for a training: within bounds, and with what is wrong named by its file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from octavo_core.errors import InvalidInput

TEXT_SUFFIXES = (".txt", ".md")
MAX_BYTES = 64 * 1_048_576
"""Of all files together: what a small model has use for, and memory holds."""
MAX_FILES = 100_000
_PAIR = re.compile(r"(?P<stem>.+)\.(?P<language>[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})?)\.txt")


@dataclass(frozen=True, slots=True)
class AlignedText:
    """Lines that say the same in two languages; the languages as the file names have them."""

    languages: tuple[str, str]
    lines: tuple[tuple[str, str], ...]


def read_texts(folder: Path) -> list[str]:
    """The texts of all `.txt` and `.md` files below the folder, by path, without empty ones. Raises InvalidInput."""
    texts = [text for path in _files(folder, TEXT_SUFFIXES) if (text := _read(path).strip())]
    if not texts:
        raise InvalidInput(f"{folder} holds no text: a story is learned from files that end in {' or '.join(TEXT_SUFFIXES)}")
    return texts


def read_aligned(folder: Path) -> list[AlignedText]:
    """Files NAME.es.txt beside NAME.en.txt with as many lines, and `.tsv` files whose first line names the two languages. Raises
    InvalidInput."""
    found = [_read_table(path) for path in _files(folder, (".tsv",))]
    by_stem: dict[Path, list[tuple[str, Path]]] = {}
    for path in _files(folder, (".txt",)):
        if match := _PAIR.fullmatch(path.name):
            by_stem.setdefault(path.with_name(match["stem"]), []).append((match["language"], path))
    for _, files in sorted(by_stem.items()):
        files.sort()
        first, *others = files
        for other in others:
            found.append(_beside(first, other))
    if not any(one.lines for one in found):
        raise InvalidInput(
            f"{folder} holds no pairs of texts: a translator is learned from NAME.en.txt beside NAME.es.txt, line by line, or from .tsv"
            " files whose first line names the languages"
        )
    return found


def _beside(first: tuple[str, Path], other: tuple[str, Path]) -> AlignedText:
    lines, others = (_read(path).splitlines() for _, path in (first, other))
    if len(lines) != len(others):
        raise InvalidInput(f"{first[1].name} has {len(lines)} lines and {other[1].name} has {len(others)}; they must go together")
    return AlignedText((first[0], other[0]), tuple(_filled(zip(lines, others, strict=True))))


def _read_table(path: Path) -> AlignedText:
    head, *rows = _read(path).splitlines() or [""]
    languages = [cell.strip() for cell in head.split("\t")]
    if len(languages) != 2 or not all(languages):
        raise InvalidInput(f"{path.name}: its first line must name two languages with a tab between them, such as en and es")
    pairs = []
    for number, row in enumerate(rows, 2):
        cells = row.split("\t")
        if len(cells) != 2 and row.strip():
            raise InvalidInput(f"{path.name}, line {number}: it must hold two texts with a tab between them")
        if len(cells) == 2:
            pairs.append((cells[0], cells[1]))
    return AlignedText((languages[0], languages[1]), tuple(_filled(pairs)))


def _filled(pairs: object) -> Iterator[tuple[str, str]]:
    for first, second in pairs:  # type: ignore[attr-defined]
        if first.strip() and second.strip():
            yield first.strip(), second.strip()


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is no folder")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    if len(files) > MAX_FILES or sum(path.stat().st_size for path in files) > MAX_BYTES:
        raise InvalidInput(f"{folder} holds more than {MAX_FILES} files or {MAX_BYTES // 1_048_576} MiB of text: train on a part of it")
    return files


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: it is no UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from None


def is_held_out(text: str, share: float = 0.1) -> bool:
    """Whether a text is kept from the training, to measure by: the same one in every run, whatever else lies in the folder."""
    return hashlib.sha256(text.encode()).digest()[0] < 256 * share
