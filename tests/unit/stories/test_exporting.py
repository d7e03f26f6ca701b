"""Books as files: what is in them, whatever the story holds."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from octavo_stories.exporting.book import Book, Chapter, book_of
from octavo_stories.exporting.epub import to_epub
from octavo_stories.exporting.markdown import to_markdown
from octavo_stories.exporting.pdf import STAND_IN, settable, to_pdf

ID = "0198c0de-0000-7000-8000-000000000000"
CHANGED = "2026-01-01T00:00:00Z"


def book(title: str, *texts: str, language: str | None = "es") -> Book:
    chapters = [{"title": None, "text": text} for text in texts]
    return book_of(ID, {"title": title, "language": language, "content": {"chapters": chapters}}, CHANGED)


def test_paragraphs_are_parted_by_empty_lines() -> None:
    assert book("t", "one\ntwo\n\n\n three \r\n\r\nfour").chapters == (Chapter(None, ("one\ntwo", "three", "four")),)


def test_markdown() -> None:
    made = Book(ID, "El faro", "es", (Chapter("Uno", ("Érase una vez…", "Fin.")), Chapter(None, ("Más",))), CHANGED)
    assert to_markdown(made).decode() == "# El faro\n\n## Uno\n\nÉrase una vez…\n\nFin.\n\nMás\n"


def test_a_storys_own_signs_are_no_markup() -> None:
    told = to_markdown(book("a *b*\n# c", "# no heading\n- no list\n1. no list\n<script>[x](javascript:y)</script> `z`")).decode()
    assert told.splitlines()[0] == "# a \\*b\\* # c"
    assert "\n\\# no heading\n\\- no list\n1\\. no list\n\\<script\\>\\[x\\](javascript:y)\\</script\\> \\`z\\`\n" in told


def epub(made: Book) -> tuple[zipfile.ZipFile, dict[str, ElementTree.Element]]:
    archive = zipfile.ZipFile(io.BytesIO(to_epub(made)))
    return archive, {
        name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist() if name.endswith((".xml", ".opf", ".xhtml"))
    }


def test_an_epub_is_what_readers_look_for() -> None:
    archive, parts = epub(Book(ID, "El faro & más", "es", (Chapter("Uno", ("Hola <b>",)), Chapter(None, ("a\nb",))), CHANGED))
    first = archive.infolist()[0]
    assert (first.filename, first.compress_type, archive.read(first)) == ("mimetype", zipfile.ZIP_STORED, b"application/epub+zip")
    assert archive.testzip() is None
    package = parts["OEBPS/package.opf"]
    space = {"o": "http://www.idpf.org/2007/opf", "d": "http://purl.org/dc/elements/1.1/"}
    assert package.findtext(".//d:title", namespaces=space) == "El faro & más"
    assert package.findtext(".//d:language", namespaces=space) == "es"
    listed = {item.get("id"): f"OEBPS/{item.get('href')}" for item in package.iterfind(".//o:item", space)}
    assert set(listed.values()) == set(archive.namelist()) - {"mimetype", "META-INF/container.xml", "OEBPS/package.opf"}
    assert [listed[ref.get("idref")] for ref in package.iterfind(".//o:itemref", space)] == [
        "OEBPS/chapter-1.xhtml",
        "OEBPS/chapter-2.xhtml",
    ]
    assert "Hola <b>" in "".join(parts["OEBPS/chapter-1.xhtml"].itertext())
    assert to_epub(book("x", "y")) == to_epub(book("x", "y"))


@settings(max_examples=40)
@given(st.text(min_size=1, max_size=40), st.text(max_size=200), st.none() | st.just("es-MX"))
def test_whatever_a_story_holds_its_files_are_whole(title: str, text: str, language: str | None) -> None:
    made = book(title, text, language=language)
    to_markdown(made).decode()
    archive, _ = epub(made)
    assert archive.testzip() is None
    assert to_pdf(made).startswith(b"%PDF-")


def test_a_pdf_holds_its_font_and_the_accents() -> None:
    made = to_pdf(book("El niño", "¿Qué? ¡Ñandú! “Sí”, dijo — áéíóúü…"))
    assert made.startswith(b"%PDF-")
    assert b"/FontFile2" in made
    assert made == to_pdf(book("El niño", "¿Qué? ¡Ñandú! “Sí”, dijo — áéíóúü…"))


GLYPHS: Any = frozenset(map(ord, "abcdefinñ ◊"))


@pytest.mark.parametrize(
    ("text", "set_as"),
    [
        ("niña", "niña"),
        ("n\u0303", "ñ"),
        ("a 🦊🦊 b", f"a {STAND_IN} b"),
        ("👩‍👧 a", f"{STAND_IN} a"),
        ("ﬁn", "fin"),
        ("ă", "a"),
        ("a\u00a0b\u200bc\ufe0f", "a bc"),
        ("龍", STAND_IN),
        ("a\nb", "a\nb"),
    ],
)
def test_what_a_font_lacks_has_a_stand_in(text: str, set_as: str) -> None:
    assert settable(text, GLYPHS) == set_as


def test_spanish_needs_no_stand_in() -> None:
    from octavo_stories.exporting.pdf import _glyphs, _registered

    text = "ÁÉÍÓÚÜÑáéíóúüñ¿¡«»—–“”‘’…ºª€"
    assert settable(text, _glyphs(_registered(None))) == text
