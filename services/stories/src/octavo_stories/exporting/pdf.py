"""PDF by ReportLab, with a font inside the file, so that it looks the same everywhere.

The font that comes along has the letters of Western Europe. What a font lacks is set as its nearest letters where Unicode knows them
(ﬁ → fi, ă → a), and as one ◊ for each run of signs that it does not (emoji): a page never fails, and never shows empty boxes.
"""

from __future__ import annotations

import functools
import io
import unicodedata
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer

from octavo_core.errors import Misconfigured
from octavo_stories.exporting.book import Book

STAND_IN = "◊"
_DEFAULT = "Vera.ttf"


def to_pdf(book: Book, font: Path | None = None) -> bytes:
    """Raises `Misconfigured` for a font that cannot be read."""
    face = _registered(font)
    plain = ParagraphStyle("text", fontName=face, fontSize=10.5, leading=15.5, spaceAfter=6)
    heading = ParagraphStyle("chapter", parent=plain, fontSize=14, leading=20, alignment=TA_CENTER, spaceBefore=10, spaceAfter=10)
    title = ParagraphStyle("title", parent=plain, fontSize=20, leading=26, alignment=TA_CENTER, spaceAfter=8 * mm)
    glyphs = _glyphs(face)

    def set_in(text: str, style: ParagraphStyle) -> Paragraph:
        return Paragraph(escape(settable(text, glyphs)).replace("\n", "<br/>"), style)

    parts: list[Flowable] = [Spacer(1, 10 * mm), set_in(book.title, title)]
    for number, chapter in enumerate(book.chapters):
        if number:
            parts.append(PageBreak())
        if chapter.title:
            parts.append(set_in(chapter.title, heading))
        parts.extend(set_in(paragraph, plain) for paragraph in chapter.paragraphs)
    written = io.BytesIO()
    document = SimpleDocTemplate(
        written,
        pagesize=A5,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        title=settable(book.title, glyphs),
        lang=book.language,
        creator="Octavo",
        invariant=1,
    )
    document.build(parts, onFirstPage=_no_number, onLaterPages=functools.partial(_page_number, face=face))
    return written.getvalue()


def settable(text: str, glyphs: frozenset[int]) -> str:
    """The text in characters that the font has."""
    parts: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if character == "\n" or ord(character) in glyphs:
            parts.append(character)
            continue
        if unicodedata.category(character) in ("Mn", "Me", "Cf", "Zs", "Cc"):
            # Marks, joiners and variation selectors of what is replaced; spaces of unusual width.
            if unicodedata.category(character) in ("Zs", "Cc"):
                parts.append(" ")
            continue
        nearest = "".join(c for c in unicodedata.normalize("NFKD", character) if ord(c) in glyphs)
        stand_in = STAND_IN if ord(STAND_IN) in glyphs else "?"
        if nearest:
            parts.append(nearest)
        elif not parts or parts[-1] != stand_in:
            parts.append(stand_in)
    return "".join(parts)


@functools.cache
def _registered(font: Path | None) -> str:
    name = "octavo-" + (_DEFAULT if font is None else font.stem)
    try:
        pdfmetrics.registerFont(TTFont(name, _DEFAULT if font is None else str(font)))
    except (TTFError, OSError) as error:
        raise Misconfigured(f"OCTAVO_PDF_FONT: the font cannot be read ({type(error).__name__})") from None
    pdfmetrics.registerFontFamily(name, normal=name, bold=name, italic=name, boldItalic=name)
    return name


@functools.cache
def _glyphs(face: str) -> frozenset[int]:
    return frozenset(pdfmetrics.getFont(face).face.charToGlyph)


def _no_number(_canvas: Canvas, _document: SimpleDocTemplate) -> None:
    """The first page has none."""


def _page_number(canvas: Canvas, document: SimpleDocTemplate, *, face: str) -> None:
    canvas.setFont(face, 8)
    canvas.drawCentredString(document.pagesize[0] / 2, 10 * mm, str(canvas.getPageNumber()))
