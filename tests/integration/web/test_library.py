"""The library without a script: characters and their pictures, stories from the first word to a shared link, images, the history."""

from __future__ import annotations

import io
import re
import time
import uuid
from collections.abc import Callable

import httpx
import pytest
from PIL import Image
from tests.integration.web.conftest import Studio, visiting
from tests.integration.web.test_pages import ended, submitted
from tests.servers.people import PASSWORD, register

pytestmark = pytest.mark.needs("redis")

NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 7 }}"


def picture(colour: str = "teal") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (320, 200), colour).save(written, "PNG")
    return written.getvalue()


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f-]{36})"', page)
    assert found is not None
    return found[1]


def version_of(page: str) -> str:
    found = re.search(r'name="version" value="([0-9]+)"', page)
    assert found is not None
    return found[1]


def done(answer: httpx.Response) -> str:
    """Where a form that was taken leads."""
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def until(client: httpx.Client, path: str, holds: Callable[[str], bool]) -> str:
    """The page when it holds that."""
    end = time.monotonic() + 90
    while time.monotonic() < end:
        page = client.get(path).text
        if holds(page):
            return page
        time.sleep(0.1)
    raise AssertionError(f"{path} did not come so far within 90 s")


def character(client: httpx.Client, name: str, description: str = "A sailor of nine years") -> str:
    return done(client.post("/library/characters", data={"name": name, "description": description}))


def story(client: httpx.Client, title: str, text: str = "It began.", **more: str) -> str:
    return done(client.post("/library/stories", data={"title": title, "text": text, **more}))


@pytest.mark.parametrize("path", ["/library/stories", "/library/characters", "/library/images", "/library/history", "/account"])
def test_a_stranger_is_led_to_the_login(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={path}")


def test_the_library_begins_with_the_stories(visitor: httpx.Client) -> None:
    assert done(visitor.get("/library")) == "/library/stories"
    page = visitor.get("/library/stories").text
    assert 'href="/library"' in page
    assert 'href="/account"' in page


def test_uc1_to_uc4_a_character_is_created_read_updated_and_deleted(visitor: httpx.Client) -> None:
    name = f"Marina {uuid.uuid4().hex[:8]}"
    missing = visitor.post("/library/characters", data={"name": " ", "description": "Keep this"})
    assert (missing.status_code, "must not be empty" in missing.text, "Keep this</textarea>" in missing.text) == (422, True, True)
    path = character(visitor, name)
    page = visitor.get(path).text
    assert name in page
    assert "A sailor of nine years" in page

    form = visitor.get(f"{path}/edit").text
    before = version_of(form)
    changed = {"name": name, "description": "Ten years by now", "version": before}
    assert done(visitor.post(f"{path}/edit", data=changed)) == path
    # Another window still has the version of before.
    late = visitor.post(f"{path}/edit", data={**changed, "description": "Eleven, I say"})
    assert late.status_code == 412
    assert "Eleven, I say</textarea>" in late.text
    assert "Ten years by now" in late.text
    assert version_of(late.text) != before
    done(visitor.post(f"{path}/edit", data={**changed, "description": "Eleven, I say", "version": version_of(late.text)}))
    assert "Eleven, I say" in visitor.get(path).text

    assert name in visitor.get("/library/characters", params={"search": name.upper()}).text
    assert "Show all" in visitor.get("/library/characters", params={"search": uuid.uuid4().hex}).text
    assert name in visitor.get(f"{path}/delete").text
    assert done(visitor.post(f"{path}/delete")) == "/library/characters"
    assert visitor.get(path).status_code == 404


def test_a_long_list_goes_on(visitor: httpx.Client, studio: Studio) -> None:
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    with visiting(studio) as client:
        register(client, "Lua", email)
        client.post("/login", data={"username": email, "password": PASSWORD})
        for number in range(25):
            character(client, f"Number {number:02}")
        first = client.get("/library/characters").text
        assert "Number 00" in first
        assert "Number 24" not in first
        following = re.search(r'href="(/library/characters\?[^"]*cursor=[^"]+)"', first)
        assert following is not None
        second = client.get(following[1].replace("&amp;", "&")).text
        assert "Number 24" in second
        assert "Number 00" not in second


def test_uc6_a_real_picture_and_a_drawn_one_stand_side_by_side(visitor: httpx.Client) -> None:
    path = character(visitor, f"Nube {uuid.uuid4().hex[:8]}", "A cloud with a hat")
    none = visitor.post(f"{path}/picture", data={"kind": "image_real"}, files={"image": ("empty.png", b"", "image/png")})
    assert (none.status_code, "choose a picture" in none.text.lower()) == (422, True)
    bad = visitor.post(f"{path}/picture", data={"kind": "image_real"}, files={"image": ("x.png", b"MZ not a picture", "image/png")})
    assert bad.status_code == 415
    assert "notice bad" in bad.text
    assert done(visitor.post(f"{path}/picture", data={"kind": "image_real"}, files={"image": ("n.png", picture(), "image/png")})) == path

    page = visitor.get(path).text
    real = re.search(r'src="(/api/web/gateway/api/characters/[^"]+/picture/real\?v=[^"]+)"', page)
    assert real is not None
    assert visitor.get(real[1]).headers["content-type"].startswith("image/")
    wish = {"key": key_of(page), "prompt": "watercolour", "generator": "drawings"}
    assert done(visitor.post(f"{path}/picture/draw", data=wish)) == path
    # The same click again is the same picture.
    assert done(visitor.post(f"{path}/picture/draw", data=wish)) == path
    page = until(visitor, path, lambda page: re.search(r'/picture\?v=[^"]+"', page) is not None and "is drawing" not in page)
    drawn = re.search(r'src="(/api/web/gateway/api/characters/[^"]+/picture\?v=[^"]+)"', page)
    assert drawn is not None
    assert visitor.get(drawn[1]).headers["content-type"].startswith("image/")
    assert page.count("Show this one") == 1
    fragment = visitor.get(path, headers={"hx-request": "true"}).text
    assert fragment.lstrip().startswith('<div id="likeness"')
    assert "<html" not in fragment

    everybody = "/library/characters"
    for kind, ending in (("image_real", "/picture/real?v="), ("image", "/picture?v=")):
        done(visitor.post(f"{path}/shown", data={"kind": kind}))
        identity = path.rpartition("/")[2]
        assert f"/api/characters/{identity}{ending}" in visitor.get(everybody, params={"sort": "name", "search": "Nube"}).text
    done(visitor.post(f"{path}/picture/remove", data={"kind": "image"}))
    assert drawn[1] not in visitor.get(path).text


def test_uc5_a_story_is_written_about_a_character(visitor: httpx.Client) -> None:
    name = f"Brisa {uuid.uuid4().hex[:8]}"
    identity = character(visitor, name).rpartition("/")[2]
    form = visitor.get("/library/stories/write", params={"with": identity}).text
    assert re.search(rf'name="with-{identity}" value="1" checked', form)
    empty = visitor.post("/library/stories/write", data={"prompt": " ", f"with-{identity}": "1"})
    assert empty.status_code == 422
    assert re.search(rf'name="with-{identity}" value="1" checked', empty.text)
    wish = {"key": key_of(form), "prompt": "A kite that wanted to swim", "audience": "children", "language": "en", f"with-{identity}": "1"}
    path = done(visitor.post("/library/stories/write", data={**wish, "generator": "tiny-stories"}))
    assert done(visitor.post("/library/stories/write", data={**wish, "generator": "tiny-stories"})) == path
    page = until(visitor, path, lambda page: "is writing" not in page)
    assert 'class="reader" lang="en"' in page
    assert f'href="/library/characters/{identity}">{name}</a>' in page
    assert re.search(r"[0-9]+ minutes? to read", page)
    # It stays when the character goes.
    done(visitor.post(f"/library/characters/{identity}/delete"))
    assert name in visitor.get(path).text


def test_what_the_studio_wrote_is_kept(visitor: httpx.Client) -> None:
    job = submitted(visitor, "tiny-stories", prompt="A fox who kept a lighthouse", audience="young", language="en")
    card = ended(visitor, job)
    assert "Save to the library" in card
    path = done(visitor.post("/library/stories/keep", data={"generator": "tiny-stories", "job": job.rpartition("/")[2]}))
    page = visitor.get(path).text
    assert "<h1>A fox who kept a lighthouse</h1>" in page
    assert "Young people" in page
    for wrong in ({"generator": "tiny-stories", "job": str(uuid.uuid4())}, {"generator": "nobody", "job": "x"}, {}):
        assert visitor.post("/library/stories/keep", data=wrong).status_code == 404


def test_a_story_by_hand_is_edited_and_brought_back(visitor: httpx.Client) -> None:
    title = f"The ferry {uuid.uuid4().hex[:8]}"
    path = story(visitor, title, "It began.\r\n\r\nAnd went on.\r\n\r\n# The sea\r\n\r\nWaves.", language="en", audience="adult")
    page = visitor.get(path).text
    assert "<h2>The sea</h2>" in page
    assert "<p>And went on.</p>" in page
    assert f"{path}/versions" not in page

    form = visitor.get(f"{path}/edit").text
    assert "# The sea\n\nWaves.</textarea>" in form
    fields = {"title": title, "text": "Rewritten.", "version": version_of(form), "language": "en", "audience": ""}
    assert done(visitor.post(f"{path}/edit", data=fields)) == path
    assert "Adults" not in visitor.get(path).text
    late = visitor.post(f"{path}/edit", data={**fields, "text": "Mine, from another window"})
    assert late.status_code == 412
    assert "Mine, from another window</textarea>" in late.text
    assert "Rewritten." in late.text
    assert "data-conflict" in late.text
    empty = visitor.post(f"{path}/edit", data={**fields, "text": "", "version": version_of(late.text)})
    assert (empty.status_code, "must not be empty" in empty.text) == (422, True)

    assert f"{path}/versions/1" in visitor.get(f"{path}/versions").text
    earlier = visitor.get(f"{path}/versions/1").text
    assert "<h2>The sea</h2>" in earlier
    refused = visitor.post(f"{path}/versions/1/restore", data={"version": "1"})
    assert refused.status_code == 412
    assert done(visitor.post(f"{path}/versions/1/restore", data={"version": version_of(earlier)})) == path
    assert "<h2>The sea</h2>" in visitor.get(path).text
    for nothing in ("0", "99", "x", "9" * 30):
        assert visitor.get(f"{path}/versions/{nothing}").status_code == 404

    assert done(visitor.post(f"{path}/delete")) == "/library/stories"
    assert visitor.get(path).status_code == 404


def test_the_editor_saves_by_itself_and_never_over_another(visitor: httpx.Client) -> None:
    path = story(visitor, "By itself")
    version = version_of(visitor.get(f"{path}/edit").text)
    fields = {"title": "By itself", "text": "One more line.", "language": "", "audience": ""}
    saved = visitor.post(f"{path}/autosave", data={**fields, "version": version})
    assert saved.status_code == 200
    assert str(saved.json()["version"]) == version_of(visitor.get(f"{path}/edit").text) != version
    assert visitor.post(f"{path}/autosave", data={**fields, "text": "Late", "version": version}).status_code == 412
    # The same again, whose first answer was lost, is no other's.
    again = visitor.post(f"{path}/autosave", data={**fields, "version": version})
    assert (again.status_code, again.json()) == (200, saved.json())
    assert visitor.post(f"{path}/autosave", data={**fields, "text": "", "version": str(saved.json()["version"])}).status_code == 422
    assert "One more line." in visitor.get(path).text


def test_stories_are_found_and_sorted(visitor: httpx.Client) -> None:
    mark = uuid.uuid4().hex[:10]
    for title in ("Añil", "Zorro", "Mar"):
        story(visitor, f"{title} {mark}", "Words of it.")

    def titles(**asked: str) -> list[str]:
        page = visitor.get("/library/stories", params={"search": mark, **asked}).text
        return re.findall(rf'class="tile-name">(\w+) {mark}<', page)

    assert titles(order="title-asc") == ["Añil", "Mar", "Zorro"]
    assert titles(order="title-desc") == ["Zorro", "Mar", "Añil"]
    assert titles(order="created_at-asc") == ["Añil", "Zorro", "Mar"]
    assert titles(order="nonsense") == ["Mar", "Zorro", "Añil"]
    assert titles(state="failed") == []
    assert "Show all" in visitor.get("/library/stories", params={"search": mark, "state": "failed"}).text


@pytest.mark.parametrize(
    ("form", "begins", "media_type"),
    [("md", b"# ", "text/markdown"), ("pdf", b"%PDF-", "application/pdf"), ("epub", b"PK", "application/epub+zip")],
)
def test_a_story_is_taken_along(visitor: httpx.Client, form: str, begins: bytes, media_type: str) -> None:
    path = story(visitor, "Taken along", "Words.")
    answer = visitor.get(f"{path}/export/{form}")
    assert answer.status_code == 200
    assert answer.content.startswith(begins)
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert visitor.get(f"{path}/export/exe").status_code == 404


def test_a_shared_story_is_read_by_anybody_until_it_is_revoked(studio: Studio, visitor: httpx.Client) -> None:
    path = story(visitor, "For everybody", f"Waves.\n\n{NASTY}", language="en")
    made = visitor.post(f"{path}/shares", data={"days": "7"})
    assert made.status_code == 200
    link = re.search(rf'href="{re.escape(studio.base)}(/s/[A-Za-z0-9_-]{{43}})"', made.text)
    assert link is not None
    assert link[1] not in visitor.get(f"{path}/shares").text
    with httpx.Client(base_url=studio.base, timeout=60, trust_env=False) as anybody:
        answer = anybody.get(link[1])
        assert answer.status_code == 200
        assert "<h1>For everybody</h1>" in answer.text
        assert "<p>Waves.</p>" in answer.text
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;alert(1)" in answer.text
        assert "{{ 7 * 7 }}" in answer.text
        assert 'octavo-live"' not in answer.text
        assert "Mar</span>" not in answer.text
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        for forged in ("x" * 43, "short", "x" * 300):
            assert anybody.get(f"/s/{forged}").status_code == 404
        revoke = re.search(rf'action="({re.escape(path)}/shares/[0-9a-f]{{64}}/revoke)"', visitor.get(f"{path}/shares").text)
        assert revoke is not None
        assert done(visitor.post(revoke[1])) == f"{path}/shares"
        assert anybody.get(link[1]).status_code == 404


def test_images_come_to_the_library_with_their_settings(studio: Studio, visitor: httpx.Client) -> None:
    mark = uuid.uuid4().hex[:8]
    ended(visitor, submitted(visitor, "drawings", prompt=f"A lighthouse {mark}", seed="11"))
    grid = visitor.get("/library/images").text
    found = re.search(rf'<a href="(/library/images/drawings/[0-9a-f-]{{36}})"><img src="([^"]+)" alt="[^"]*{mark}', grid)
    assert found is not None
    page = visitor.get(found[1]).text
    again = re.search(r'href="(/studio/drawings\?image=[0-9a-f-]{36})"', page)
    assert again is not None
    form = visitor.get(again[1]).text
    assert f"A lighthouse {mark}</textarea>" in form
    assert re.search(r'name="seed"[^>]*value="11"', form)

    path = character(visitor, f"Keeper {mark}")
    none = visitor.post(f"{found[1]}/character", data={})
    assert (none.status_code, "choose a character" in none.text.lower()) == (422, True)
    assert done(visitor.post(f"{found[1]}/character", data={"character": path.rpartition("/")[2]})) == path
    assert re.search(r"/picture\?v=", visitor.get(path).text)
    with visiting(studio) as other:
        register(other, "Sol", f"{mark}@example.org")
        other.post("/login", data={"username": f"{mark}@example.org", "password": PASSWORD})
        assert mark not in other.get("/library/images").text
        assert other.get(found[1]).status_code == 404
        assert other.post(f"{found[1]}/character", data={"character": path.rpartition("/")[2]}).status_code == 404


def test_the_history_holds_all_of_it_and_goes_back_page_by_page(studio: Studio) -> None:
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    with visiting(studio) as client:
        register(client, "Ria", email)
        client.post("/login", data={"username": email, "password": PASSWORD})
        assert "listed here" in client.get("/library/history").text
        jobs = [submitted(client, "drawings" if number % 2 else "writer", prompt=f"Number {number}") for number in range(22)]
        for job in jobs:
            ended(client, job)
        seen: list[str] = []
        path = "/library/history"
        while path:
            page = client.get(path).text
            seen += re.findall(r'id="job-([0-9a-f-]{36})"', page)
            more = re.search(r'href="(/library/history\?[^"]*after=[^"]+)"', page)
            path = more[1].replace("&amp;", "&") if more is not None else ""
        assert seen == [job.rpartition("/")[2] for job in reversed(jobs)]
        of_one = client.get("/library/history", params={"generator": "drawings", "status": "succeeded"}).text
        assert len(re.findall(r'id="job-', of_one)) == 11
        assert "Show all" in client.get("/library/history", params={"status": "cancelled"}).text
        assert client.get("/library/history", params={"after": "nonsense"}).status_code == 404


def test_what_belongs_to_another_is_not_there(studio: Studio, visitor: httpx.Client) -> None:
    mine = character(visitor, "Mine alone"), story(visitor, "Mine alone")
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    with visiting(studio) as other:
        register(other, "Sol", email)
        other.post("/login", data={"username": email, "password": PASSWORD})
        for path in (*mine, *(f"{one}/edit" for one in mine), *(f"{one}/delete" for one in mine)):
            assert other.get(path).status_code == 404, path
        for path in ("versions", "versions/1", "shares", "export/md"):
            assert other.get(f"{mine[1]}/{path}").status_code == 404, path
        for path, fields in (
            (f"{mine[0]}/edit", {"name": "x", "version": "1"}),
            (f"{mine[0]}/delete", {}),
            (f"{mine[0]}/picture/draw", {"generator": "drawings"}),
            (f"{mine[0]}/shown", {"kind": "image"}),
            (f"{mine[1]}/edit", {"title": "x", "text": "x", "version": "1"}),
            (f"{mine[1]}/autosave", {"title": "x", "text": "x", "version": "1"}),
            (f"{mine[1]}/delete", {}),
            (f"{mine[1]}/shares", {}),
        ):
            assert other.post(path, data=fields).status_code == 404, path
        assert "Mine alone" not in other.get("/library/stories").text
        assert "Mine alone" not in other.get("/library/characters").text
    assert all(visitor.get(path).status_code == 200 for path in mine)


@pytest.mark.parametrize("path", ["/library/characters", "/library/stories", "/library/stories/keep", "/account/name", "/account/delete"])
def test_what_comes_from_elsewhere_changes_nothing(visitor: httpx.Client, path: str) -> None:
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert visitor.post(path, data={"name": "x", "title": "x", "text": "x"}, headers=headers).status_code == 403, headers


def test_what_a_person_types_is_text_and_nothing_else(visitor: httpx.Client) -> None:
    paths = character(visitor, NASTY[:100], NASTY), story(visitor, NASTY, f"# {NASTY}\n{NASTY}")
    pages = [visitor.get(path).text for one in paths for path in (one, f"{one}/edit", f"{one}/delete")]
    pages += [visitor.get(path).text for path in ("/library/characters", "/library/stories", "/library/stories/write")]
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)", page)
    for path in paths:
        done(visitor.post(f"{path}/delete"))
