"""The feed through the service's own application: from a story to a post that everybody reads, and back to nothing."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from structlog.testing import capture_logs
from tests.integration.stories.house import House, eventually_true, made
from tests.integration.stories.test_characters import picture
from tests.integration.stories.test_erasing import held
from tests.servers.answers import assert_problem

from octavo_core.ids import generate_uuid

pytestmark = pytest.mark.asyncio(loop_scope="module")
FEED = "/api/feed"


async def named(house: House, user: str) -> str:
    handle = f"{user}_{house.day}"
    wish = {"handle": handle, "name": user.title(), "about": f"about-{user}"}
    made(await house.stories.put(f"{FEED}/me", json=wish, headers=house.by(user)), 200)
    return handle


async def draft(house: House, user: str = "ana", **body: Any) -> dict[str, Any]:
    said = {"title": "El faro", "text": "Érase una vez.\n\nFin.", "tags": ["mar"], "language": "es", **body}
    return made(await house.stories.post(f"{FEED}/mine", json=said, headers=house.by(user)), 201)


async def post(house: House, user: str = "ana", **body: Any) -> dict[str, Any]:
    begun = await draft(house, user, **body)
    return made(await house.stories.post(f"{FEED}/mine/{begun['id']}/publish", headers=house.by(user)), 200)


async def test_a_story_becomes_a_post_that_everybody_reads(at_home: House) -> None:
    client, ana = at_home.stories, at_home.by("ana")
    handle, story = await named(at_home, "ana"), await at_home.story("ana", title="Un faro", language="es")
    begun = await draft(at_home, title=None, text=None, language=None, story_id=story["id"], front_matter={"slug": "un-faro"})
    assert (begun["title"], begun["text"], begun["language"], begun["state"]) == ("Un faro", "Érase una vez un faro.", "es", "draft")
    path = f"{FEED}/mine/{begun['id']}"
    shown = made(await client.put(f"{path}/pictures/1", params={"alt": "A lighthouse"}, content=picture(), headers=ana), 200)
    assert shown["pictures"][0]["alt"] == "A lighthouse"
    assert_problem(await client.get(f"{FEED}/posts/{begun['id']}"), 404)
    assert_problem(await client.get(f"{FEED}/posts/{begun['id']}/pictures/1"), 404)
    assert (await client.get(shown["pictures"][0]["url"], headers=ana)).status_code == 200
    assert_problem(await client.get(path, headers=at_home.by("eva")), 404)

    for _ in range(2):
        made(await client.post(f"{path}/publish", headers=ana), 200)
    read = made(await client.get(f"{FEED}/posts/{begun['id']}"), 200)
    assert (read["title"], read["text"], read["author"]) == ("Un faro", "Érase una vez un faro.", {"handle": handle, "name": "Ana"})
    assert (read["likes"], read["comments"], read["front_matter"]) == (0, 0, {"slug": "un-faro"})
    assert at_home.name("ana") not in json.dumps(read)
    [kept] = read["pictures"]
    answer = await client.get(kept["url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert "public" in answer.headers["cache-control"]
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    own = await client.get(f"{path}/pictures/1", headers=ana)
    assert own.headers["cross-origin-resource-policy"] == "same-origin"
    again = await client.get(kept["url"], headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    page = made(await client.get(f"{FEED}/posts", params={"author": handle}), 200)
    assert [one["id"] for one in page["items"]] == [begun["id"]]
    assert "text" not in page["items"][0]
    wanted = {"search": "érase faro", "author": handle, "language": "es"}
    # A search reads every text.
    assert_problem(await client.get(f"{FEED}/posts", params=wanted), 401)
    found = made(await client.get(f"{FEED}/posts", params=wanted, headers=at_home.by("eva")), 200)
    assert [one["id"] for one in found["items"]] == [begun["id"]]

    made(await client.post(f"{path}/withdraw", headers=ana), 200)
    assert_problem(await client.get(f"{FEED}/posts/{begun['id']}"), 404)
    assert_problem(await client.get(kept["url"]), 404)


async def test_what_cannot_be_published_says_why(on_sqlite: House) -> None:
    client, ana = on_sqlite.stories, on_sqlite.by("ana")
    begun = await draft(on_sqlite)
    told = assert_problem(await client.post(f"{FEED}/mine/{begun['id']}/publish", headers=ana), 409)
    assert told["message"] == "choose a name for the feed first"
    await named(on_sqlite, "ana")
    empty = await draft(on_sqlite, text="")
    assert_problem(await client.post(f"{FEED}/mine/{empty['id']}/publish", headers=ana), 409)
    other = await on_sqlite.story("eva")
    for body in ({"title": "x", "story_id": other["id"]}, {"title": "x", "story_id": generate_uuid()}, {"text": "no title"}):
        assert_problem(await client.post(f"{FEED}/mine", json=body, headers=ana), 422)
    taken = {"handle": f"ana_{on_sqlite.day}", "name": "Eva"}
    assert_problem(await client.put(f"{FEED}/me", json=taken, headers=on_sqlite.by("eva")), 409)
    assert_problem(await client.put(f"{FEED}/mine/{begun['id']}/pictures/7", content=picture(), headers=ana), 404)
    assert_problem(await client.put(f"{FEED}/mine/{begun['id']}/pictures/1", content=b"no picture", headers=ana), 415)
    assert_problem(await client.get(f"{FEED}/posts", params={"order": "ranked", "author": "mar"}), 422)
    assert_problem(await client.get(f"{FEED}/posts", params={"order": "ranked", "cursor": "WzEsMV0"}), 422)
    assert_problem(await client.get(f"{FEED}/posts", params={"author": "nobody_at_all"}), 404)


async def test_a_second_click_is_not_a_second_post(on_sqlite: House) -> None:
    headers = {**on_sqlite.by("ana"), "idempotency-key": "k-1"}
    first = made(await on_sqlite.stories.post(f"{FEED}/mine", json={"title": "One"}, headers=headers), 201)
    again = made(await on_sqlite.stories.post(f"{FEED}/mine", json={"title": "One"}, headers=headers), 201)
    assert again["id"] == first["id"]
    theirs = {**on_sqlite.by("eva"), "idempotency-key": "k-1"}
    assert made(await on_sqlite.stories.post(f"{FEED}/mine", json={"title": "One"}, headers=theirs), 201)["id"] != first["id"]


async def test_an_edit_holds_against_the_version_that_was_seen_whoever_likes_it_meanwhile(on_sqlite: House) -> None:
    client, ana = on_sqlite.stories, on_sqlite.by("ana")
    await named(on_sqlite, "ana")
    shown = await post(on_sqlite)
    path = f"{FEED}/mine/{shown['id']}"
    made(await client.put(f"{FEED}/posts/{shown['id']}/like", headers=on_sqlite.by("eva")), 200)
    assert_problem(await client.patch(path, json={"title": "2"}, headers=ana), 428)
    tag = f'"{shown["version"]}"'
    assert made(await client.patch(path, json={"title": "2"}, headers={**ana, "if-match": tag}), 200)["title"] == "2"
    assert_problem(await client.patch(path, json={"title": "3"}, headers={**ana, "if-match": tag}), 412)


async def test_readers_like_save_follow_and_talk(at_home: House) -> None:
    client, eva = at_home.stories, at_home.by("eva")
    handle, _ = await named(at_home, "ana"), await named(at_home, "eva")
    shown = await post(at_home)
    base = f"{FEED}/posts/{shown['id']}"
    for _ in range(2):
        assert made(await client.put(f"{base}/like", headers=eva), 200)["likes"] == 1
        made(await client.put(f"{base}/save", headers=eva), 200)
        assert made(await client.put(f"{FEED}/people/{handle}/follow", headers=eva), 200)["followers"] == 1
    said = made(await client.post(f"{base}/comments", json={"text": "Lovely <b>"}, headers=eva), 201)
    talk = made(await client.get(f"{base}/comments"), 200)
    assert [(one["text"], one["author"]["name"]) for one in talk["items"]] == [("Lovely <b>", "Eva")]
    asked = {"posts": f"{shown['id']},{generate_uuid()}", "people": f"{handle},nobody_here"}
    marks = made(await client.get(f"{FEED}/marks", params=asked, headers=eva), 200)
    assert (marks["liked"], marks["saved"], marks["following"]) == ([shown["id"]], [shown["id"]], [handle])
    for where in ("following", "saved"):
        assert [one["id"] for one in made(await client.get(f"{FEED}/{where}", headers=eva), 200)["items"]] == [shown["id"]]
    person = made(await client.get(f"{FEED}/people/{handle}"), 200)
    assert (person["name"], person["about"], person["followers"]) == ("Ana", "about-ana", 1)
    assert at_home.name("ana") not in json.dumps(person)

    assert_problem(await client.delete(f"{FEED}/comments/{said['id']}", headers=at_home.by("luz")), 404)
    assert (await client.delete(f"{FEED}/comments/{said['id']}", headers=eva)).status_code == 204
    assert made(await client.delete(f"{base}/like", headers=eva), 200)["likes"] == 0
    made(await client.delete(f"{base}/save", headers=eva), 200)
    assert made(await client.delete(f"{FEED}/people/{handle}/follow", headers=eva), 200)["followers"] == 0
    for where in ("following", "saved"):
        assert made(await client.get(f"{FEED}/{where}", headers=eva), 200)["items"] == []


async def test_what_is_reported_is_decided_by_an_admin_and_written_down(on_sqlite: House) -> None:
    client, root = on_sqlite.stories, on_sqlite.by("root", "admin")
    await named(on_sqlite, "ana")
    shown = await post(on_sqlite, title="Unkind")
    reported = await client.post(f"{FEED}/posts/{shown['id']}/reports", json={"reason": "not nice"}, headers=on_sqlite.by("eva"))
    made(reported, 202)
    assert_problem(await client.get(f"{FEED}/moderation", headers=on_sqlite.by("eva")), 403)
    queue = made(await client.get(f"{FEED}/moderation", headers=root), 200)
    report = next(one for one in queue["items"] if one["post_id"] == shown["id"])
    assert (report["reason"], report["excerpt"].splitlines()[0]) == ("not nice", "Unkind")
    decided = f"{FEED}/moderation/{report['id']}"
    verdict = {"decision": "remove", "why": "be kind"}
    assert_problem(await client.post(decided, json=verdict, headers=on_sqlite.by("ana")), 403)
    with capture_logs() as lines:
        assert made(await client.post(decided, json=verdict, headers=root), 200)["decided_by"] == on_sqlite.name("root")
    [line] = [one for one in lines if one["event"] == "a moderator decided"]
    assert (line["moderator"], line["decision"], line["target"]) == (on_sqlite.name("root"), "remove", shown["id"])
    assert "be kind" not in str(line)
    assert_problem(await client.get(f"{FEED}/posts/{shown['id']}"), 404)
    own = made(await client.get(f"{FEED}/mine/{shown['id']}", headers=on_sqlite.by("ana")), 200)
    assert (own["state"], own["reason"]) == ("removed", "be kind")
    assert_problem(await client.post(f"{FEED}/mine/{shown['id']}/publish", headers=on_sqlite.by("ana")), 409)
    closed = made(await client.get(f"{FEED}/moderation", params={"state": "closed"}, headers=root), 200)
    assert report["id"] in [one["id"] for one in closed["items"]]


async def test_what_was_changed_after_it_was_decided_can_be_reported_again(on_sqlite: House) -> None:
    client, root, eva, ana = on_sqlite.stories, on_sqlite.by("root", "admin"), on_sqlite.by("eva"), on_sqlite.by("ana")
    await named(on_sqlite, "ana")
    shown = await post(on_sqlite, title="Kind at first")

    async def report(reason: str) -> None:
        made(await client.post(f"{FEED}/posts/{shown['id']}/reports", json={"reason": reason}, headers=eva), 202)

    async def waiting() -> list[dict[str, Any]]:
        found = made(await client.get(f"{FEED}/moderation", headers=root), 200)["items"]
        return [one for one in found if one["post_id"] == shown["id"]]

    await report("first")
    [first] = await waiting()
    made(await client.post(f"{FEED}/moderation/{first['id']}", json={"decision": "keep", "why": "fine"}, headers=root), 200)
    # What was judged is not judged anew because the same person says it again.
    await report("again")
    assert await waiting() == []
    changed = {"title": "Unkind by now"}
    made(await client.patch(f"{FEED}/mine/{shown['id']}", json=changed, headers={**ana, "if-match": "*"}), 200)
    for reason in ("second", "third"):
        await report(reason)
    [second] = await waiting()
    assert (second["id"], second["reason"], second["excerpt"].splitlines()[0]) == (first["id"], "second", "Unkind by now")
    assert (second["decision"], second["decided_by"]) == (None, None)


async def test_readers_of_feeds_find_it(on_sqlite: House) -> None:
    handle = await named(on_sqlite, "ana")
    shown = await post(on_sqlite, title="Un faro & más")
    answer = await on_sqlite.stories.get(f"{FEED}/rss.xml", params={"author": handle})
    assert answer.headers["content-type"].startswith("application/rss+xml")
    channel = ElementTree.fromstring(answer.content).find("channel")
    assert channel is not None
    assert [item.findtext("title") for item in channel.findall("item")] == ["Un faro & más"]
    told = await on_sqlite.stories.get(f"{FEED}/feed.json", params={"author": handle})
    assert told.headers["content-type"] == "application/feed+json"
    assert told.json()["items"][0]["url"] == f"http://house/feed/posts/{shown['id']}"
    assert_problem(await on_sqlite.stories.get(f"{FEED}/rss.xml", params={"author": "../x"}), 404)


async def test_a_deleted_post_takes_with_it_what_others_did_to_it(at_home: House) -> None:
    client, eva = at_home.stories, at_home.by("eva")
    await named(at_home, "ana")
    await named(at_home, "eva")
    shown = await post(at_home, title="Gone-soon")
    base = f"{FEED}/posts/{shown['id']}"
    made(await client.put(f"{base}/like", headers=eva), 200)
    made(await client.put(f"{base}/save", headers=eva), 200)
    made(await client.post(f"{base}/comments", json={"text": f"Said-under-{at_home.day}"}, headers=eva), 201)
    made(await client.post(f"{base}/reports", json={"reason": "x"}, headers=eva), 202)
    assert (await client.delete(f"{FEED}/mine/{shown['id']}", headers=at_home.by("ana"))).status_code == 204
    assert_problem(await client.get(base), 404)

    async def gone() -> bool:
        return f"Said-under-{at_home.day}".encode() not in held(at_home)

    await eventually_true(gone, what="what was said under a deleted post goes")
    assert made(await client.get(f"{FEED}/saved", headers=eva), 200)["items"] == []


async def test_nothing_of_a_person_is_left_in_the_feed(at_home: House) -> None:
    client, ana, eva = at_home.stories, at_home.by("ana"), at_home.by("eva")
    handle, theirs = await named(at_home, "ana"), await named(at_home, "eva")
    own, other = await post(at_home, "ana", title="Title-of-ana"), await post(at_home, "eva", title="Eva's own")
    await draft(at_home, "ana", title="Draft-of-ana")
    made(await client.put(f"{FEED}/mine/{own['id']}/pictures/1", content=picture(), headers=ana), 200)
    for user, target, whom in ((ana, other, theirs), (eva, own, handle)):
        base = f"{FEED}/posts/{target['id']}"
        made(await client.put(f"{base}/like", headers=user), 200)
        made(await client.put(f"{base}/save", headers=user), 200)
        made(await client.put(f"{FEED}/people/{whom}/follow", headers=user), 200)
        made(await client.post(f"{base}/comments", json={"text": "Words-of-ana" if user == ana else "Under-ana"}, headers=user), 201)
        made(await client.post(f"{base}/reports", json={"reason": "Reason-of-ana" if user == ana else "About-ana"}, headers=user), 202)
    user = at_home.name("ana")
    words = (user.encode(), handle.encode(), b"-of-ana", b"Under-ana", b"About-ana")
    assert all(word in held(at_home) for word in words)

    for _ in range(2):
        erased = await client.delete(f"/api/internal/users/{user}", headers=at_home.by("octavo-auth", "service"))
        assert erased.status_code == 204
    after = held(at_home)
    assert [word for word in words if word in after] == []
    left = made(await client.get(f"{FEED}/posts/{other['id']}"), 200)
    assert (left["likes"], left["comments"]) == (0, 0)
    assert made(await client.get(f"{FEED}/people/{theirs}"), 200)["followers"] == 0
    assert_problem(await client.get(f"{FEED}/people/{handle}"), 404)
    assert made(await client.get(f"{FEED}/saved", headers=eva), 200)["items"] == []
