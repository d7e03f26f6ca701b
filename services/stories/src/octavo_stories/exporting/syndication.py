"""The newest posts for readers of feeds: RSS 2.0 (with Atom's link to itself) and JSON Feed 1.1. Pure: pages in, bytes out."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree import ElementTree

import orjson

from octavo_core.clock import to_iso
from octavo_stories.domain.feed.reading import Shown, ShownPage

_ATOM = "http://www.w3.org/2005/Atom"
_DC = "http://purl.org/dc/elements/1.1/"
# What XML 1.0 has no way to write (section 2.2).
_UNWRITABLE = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TITLE = "Octavo"


def rss(page: ShownPage, *, base: str, author: str | None) -> bytes:
    """`base`: where the pages are, without a slash at its end. `author`: whose feed it is, None for everybody's."""
    ElementTree.register_namespace("atom", _ATOM)
    ElementTree.register_namespace("dc", _DC)
    root = ElementTree.Element("rss", {"version": "2.0"})
    channel = ElementTree.SubElement(root, "channel")
    _add(channel, "title", _titled(page, author))
    _add(channel, "link", _home(base, author))
    _add(channel, "description", _titled(page, author))
    itself = {"href": _itself(base, "rss.xml", author), "rel": "self", "type": "application/rss+xml"}
    ElementTree.SubElement(channel, f"{{{_ATOM}}}link", itself)
    for shown in page.items:
        body, item = shown.post.body, ElementTree.SubElement(channel, "item")
        _add(item, "title", body["title"])
        _add(item, "link", _link(base, shown))
        guid = ElementTree.SubElement(item, "guid", {"isPermaLink": "false"})
        guid.text = shown.post.id
        _add(item, "pubDate", format_datetime(datetime.fromtimestamp(body["published_at"] / 1000, UTC), usegmt=True))
        _add(item, f"{{{_DC}}}creator", shown.author.name)
        for tag in body["tags"]:
            _add(item, "category", tag)
        _add(item, "description", _html(base, shown))
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def json_feed(page: ShownPage, *, base: str, author: str | None) -> bytes:
    items = []
    for shown in page.items:
        body = shown.post.body
        item = {
            "id": shown.post.id,
            "url": _link(base, shown),
            "title": body["title"],
            "content_html": _html(base, shown),
            "date_published": to_iso(body["published_at"]),
            "date_modified": to_iso(shown.post.updated_at),
            "authors": [{"name": shown.author.name, "url": _home(base, shown.author.handle)}],
            "tags": body["tags"],
        }
        if body["language"]:
            item["language"] = body["language"]
        if pictures := _pictures(base, shown):
            item["image"] = pictures[0][0]
        items.append(item)
    return orjson.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": _titled(page, author),
            "home_page_url": _home(base, author),
            "feed_url": _itself(base, "feed.json", author),
            "items": items,
        }
    )


def _titled(page: ShownPage, author: str | None) -> str:
    if author is None:
        return _TITLE
    return f"{page.items[0].author.name if page.items else author} · {_TITLE}"


def _home(base: str, author: str | None) -> str:
    return f"{base}/feed" if author is None else f"{base}/feed/@{author}"


def _itself(base: str, name: str, author: str | None) -> str:
    return f"{base}/api/feed/{name}{'' if author is None else f'?author={author}'}"


def _link(base: str, shown: Shown) -> str:
    return f"{base}/feed/posts/{shown.post.id}"


def _html(base: str, shown: Shown) -> str:
    """Nothing in it but paragraphs and pictures: what people and generators wrote is text."""
    pictures = [f'<p><img src="{html.escape(url)}" alt="{html.escape(alt)}"></p>' for url, alt in _pictures(base, shown)]
    paragraphs = [f"<p>{html.escape(part.strip())}</p>" for part in re.split(r"\n\s*\n", shown.post.body["text"]) if part.strip()]
    return "\n".join([*pictures[:1], *paragraphs, *pictures[1:]])


def _pictures(base: str, shown: Shown) -> list[tuple[str, str]]:
    post = shown.post
    return [
        (f"{base}/api/feed/posts/{post.id}/pictures/{place}?v={told['tag']}", told["alt"]) for place, told in post.body["pictures"].items()
    ]


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _UNWRITABLE.sub("", text)
