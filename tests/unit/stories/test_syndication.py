"""RSS and JSON Feed, as their readers parse them."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from octavo_documents import Document
from octavo_stories.domain.feed.model import new_post, published
from octavo_stories.domain.feed.people import Name
from octavo_stories.domain.feed.reading import Shown, ShownPage
from octavo_stories.domain.feed.regard import Counts
from octavo_stories.exporting.syndication import json_feed, rss

BASE = "https://octavo.example"
NASTY = "<script>alert(1)</script> & \x0b]]>"
POST = "0198c0de-0000-7000-8000-000000000000"


def page() -> ShownPage:
    said = {"title": f"El faro {NASTY}", "text": f"Uno.\n\n{NASTY}", "tags": ["mar"], "language": "es", "front_matter": {}}
    body = published(new_post(said, story=None), 1_767_225_600_000)
    assert body is not None
    body["pictures"] = {"1": {"alt": 'a "kite"', "width": 4, "height": 3, "tag": "t"}}
    return ShownPage([Shown(Document(POST, "secret-user", 1, 1, 1, body), Name("secret-user", "mar", "Mar", ""), Counts(0, 0))], None)


def test_rss_is_well_formed_and_holds_nothing_that_runs() -> None:
    data = rss(page(), base=BASE, author=None)
    channel = ElementTree.fromstring(data).find("channel")
    assert channel is not None
    [item] = channel.findall("item")
    assert item.findtext("title") == "El faro <script>alert(1)</script> & ]]>"
    assert item.findtext("link") == f"{BASE}/feed/posts/{POST}"
    assert item.findtext("pubDate") == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert item.findtext("{http://purl.org/dc/elements/1.1/}creator") == "Mar"
    described = item.findtext("description") or ""
    assert "<p>Uno.</p>" in described
    assert "<script" not in described
    assert 'alt="a &quot;kite&quot;"' in described
    assert b"secret-user" not in data


def test_json_feed_says_the_same() -> None:
    told = json.loads(json_feed(page(), base=BASE, author="mar"))
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert (told["home_page_url"], told["feed_url"]) == (f"{BASE}/feed/@mar", f"{BASE}/api/feed/feed.json?author=mar")
    [item] = told["items"]
    assert (item["id"], item["url"], item["language"]) == (POST, f"{BASE}/feed/posts/{POST}", "es")
    assert item["date_published"] == "2026-01-01T00:00:00.000Z"
    assert item["image"] == f"{BASE}/api/feed/posts/{POST}/pictures/1?v=t"
    assert "<script" not in item["content_html"]
    assert "secret-user" not in json.dumps(told)
