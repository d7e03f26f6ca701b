"""Which formats there are. Rendering costs CPU, so it happens in a thread, two at a time, within a bound."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from octavo_core.errors import Throttled
from octavo_stories.exporting.book import Book
from octavo_stories.exporting.epub import to_epub
from octavo_stories.exporting.markdown import to_markdown

Name = Literal["md", "pdf", "epub"]
_RENDER_S = 30.0


@dataclass(frozen=True, slots=True)
class Format:
    name: Name
    media_type: str


FORMATS: dict[Name, Format] = {
    "md": Format("md", "text/markdown; charset=utf-8"),
    "pdf": Format("pdf", "application/pdf"),
    "epub": Format("epub", "application/epub+zip"),
}


async def render(book: Book, name: Name, *, pdf_font: Path | None = None) -> bytes:
    """Raises `Throttled` when it takes too long, which is when too many ask at once."""
    if name == "md":
        return to_markdown(book)
    work: Callable[[Book], bytes] = to_epub if name == "epub" else functools.partial(_to_pdf, font=pdf_font)
    try:
        async with asyncio.timeout(_RENDER_S):
            return await asyncio.get_running_loop().run_in_executor(_threads(), work, book)
    except TimeoutError:
        raise Throttled("too many books are being made; try again in a moment", retry_after=5) from None


def _to_pdf(book: Book, *, font: Path | None) -> bytes:
    # Here and not above: its 20 MB are for those who ask for a PDF.
    from octavo_stories.exporting.pdf import to_pdf

    return to_pdf(book, font)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="export")
