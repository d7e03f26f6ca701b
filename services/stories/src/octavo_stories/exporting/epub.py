"""EPUB 3 (W3C EPUB 3.3): a ZIP whose first file says what it is, a package document, a table of contents, a page for each chapter.

Written here because the known library for it is under the AGPL, which Octavo's licence does not go with; a book of text alone
needs these five kinds of files.
"""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape, quoteattr

from octavo_stories.exporting.book import Book, Chapter

_WHEN = (1980, 1, 1, 0, 0, 0)
"""ZIP's first day, so that the same book is the same bytes."""

_CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles><rootfile full-path="OEBPS/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
_STYLE = "body { font-family: serif; line-height: 1.5; margin: 5%; } h1, h2 { text-align: center; } p { margin: 0 0 .8em; }\n"


def to_epub(book: Book) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        # First and not compressed: readers find it at a fixed place.
        _add(archive, "mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        _add(archive, "META-INF/container.xml", _CONTAINER)
        _add(archive, "OEBPS/package.opf", _package(book))
        _add(archive, "OEBPS/nav.xhtml", _contents(book))
        _add(archive, "OEBPS/style.css", _STYLE)
        for number, chapter in enumerate(_pages(book), 1):
            _add(archive, f"OEBPS/chapter-{number}.xhtml", _page(book, chapter, first=number == 1))
    return written.getvalue()


def _add(archive: zipfile.ZipFile, name: str, text: str, compression: int = zipfile.ZIP_DEFLATED) -> None:
    entry = zipfile.ZipInfo(name, _WHEN)
    entry.compress_type = compression
    archive.writestr(entry, text.encode())


def _pages(book: Book) -> tuple[Chapter, ...]:
    """A book has at least one page."""
    return book.chapters or (Chapter(None, ()),)


def _package(book: Book) -> str:
    numbers = range(1, len(_pages(book)) + 1)
    items = "\n".join(f'    <item id="c{n}" href="chapter-{n}.xhtml" media-type="application/xhtml+xml"/>' for n in numbers)
    spine = "\n".join(f'    <itemref idref="c{n}"/>' for n in numbers)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang={quoteattr(book.language)}>
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    <dc:identifier id="id">urn:uuid:{escape(book.id)}</dc:identifier>
    <dc:title>{escape(book.title)}</dc:title>
    <dc:language>{escape(book.language)}</dc:language>
    <meta property="dcterms:modified">{escape(book.changed)}</meta>
  </metadata>
  <manifest>
    <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
    <item id="style" href="style.css" media-type="text/css"/>
{items}
  </manifest>
  <spine>
{spine}
  </spine>
</package>
"""


def _contents(book: Book) -> str:
    entries = "".join(
        f'<li><a href="chapter-{number}.xhtml">{escape(chapter.title or book.title)}</a></li>'
        for number, chapter in enumerate(_pages(book), 1)
    )
    return _document(book, f'<nav epub:type="toc"><ol>{entries}</ol></nav>')


def _page(book: Book, chapter: Chapter, *, first: bool) -> str:
    parts = [f"<h1>{escape(book.title)}</h1>"] if first else []
    if chapter.title:
        parts.append(f"<h2>{escape(chapter.title)}</h2>")
    parts.extend(f"<p>{escape(paragraph).replace(chr(10), '<br/>')}</p>" for paragraph in chapter.paragraphs)
    return _document(book, "\n".join(parts))


def _document(book: Book, body: str) -> str:
    language = quoteattr(book.language)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang={language} xml:lang={language}>
<head><title>{escape(book.title)}</title><link rel="stylesheet" type="text/css" href="style.css"/></head>
<body>
{body}
</body>
</html>
"""
