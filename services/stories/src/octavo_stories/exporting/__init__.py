"""Stories as files: Markdown, PDF, EPUB. Pure: a `Book` in, bytes out; the same book makes the same text."""

from octavo_stories.exporting.book import Book, Chapter
from octavo_stories.exporting.formats import FORMATS, Format, render

__all__ = ["FORMATS", "Book", "Chapter", "Format", "render"]
