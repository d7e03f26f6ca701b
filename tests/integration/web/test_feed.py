"""The feed's pages without a script: from a story to a post that a stranger reads, what readers do, what is refused."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from PIL import Image
from tests.integration.web.conftest import NASTY, ROOT, Studio, visiting
from tests.integration.web.test_pages import ended, submitted
from tests.servers.people import PASSWORD, register

pytestmark = pytest.mark.needs("redis")


@contextmanager
def person(studio: Studio, name: str) -> Iterator[httpx.Client]:
    """A new account that is logged in, in a browser of its own."""
    email = f"{uuid.uuid4().hex[:12]}@example.org"
    with httpx.Client(base_url=studio.base, timeout=60, trust_env=False) as client:
        register(client, name, email)
    with visiting(studio) as browser:
        answer = browser.post("/login", data={"username": email, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        yield browser


def handle() -> str:
    return f"h_{uuid.uuid4().hex[:16]}"


def picture() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (64, 48), "orange").save(written, "PNG")
    return written.getvalue()


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([0-9a-f-]{36})"', page)
    assert found is not None
    return found[1]


def published(browser: httpx.Client, *, query: str = "", files: dict[str, tuple[str, bytes, str]] | None = None, **fields: str) -> str:
    """The path of the post."""
    page = browser.get(f"/feed/new{query}").text
    said = {"key": key_of(page), **({"handle": handle(), "name": "Mar"} if 'name="handle"' in page else {}), **fields}
    answer = browser.post("/feed/new", data=said, files=files or {"picture": ("", b"", "application/octet-stream")})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


def test_a_post_with_a_picture_is_read_by_a_stranger(studio: Studio, stranger: httpx.Client) -> None:
    with person(studio, "Marina") as marina:
        chosen = {"picture": ("kite.png", picture(), "image/png")}
        path = published(marina, files=chosen, title="A kite", text="Up.\n\nAnd away.", tags="Sky")
    page = stranger.get(path)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "<p>Up.</p>" in page.text
    assert "#sky" in page.text
    source = re.search(r'src="(/api/feed/posts/[^"]+)"', page.text)
    assert source is not None
    shown = stranger.get(source[1])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert path in stranger.get("/feed").text
    assert stranger.get("/feed?order=ranked").status_code == 200
    author = re.search(r'href="(/feed/@[^"]+)"', page.text)
    assert author is not None
    assert path in stranger.get(author[1]).text
    # Without a session there is nothing to press but the way to one.
    assert f"/login?next={path}" in page.text
    assert "<form" not in page.text.partition('id="comments"')[2].partition("</section>")[0]


def test_what_was_generated_is_published_with_its_picture(studio: Studio) -> None:
    with person(studio, "Luz") as luz:
        job = submitted(luz, "drawings", prompt="A red lighthouse")
        assert "/feed/new?generator=drawings" in ended(luz, job)
        query = f"?generator=drawings&job={job.rpartition('/')[2]}"
        form = luz.get(f"/feed/new{query}").text
        assert 'value="A red lighthouse"' in form
        path = published(luz, query=query, title="A red lighthouse", generator="drawings", job=job.rpartition("/")[2], with_picture="1")
        assert "/pictures/1?v=" in luz.get(path).text


def test_a_story_is_published_from_its_form(studio: Studio, stranger: httpx.Client) -> None:
    with person(studio, "Sol") as sol:
        told = {"title": "El faro", "language": "es", "content": {"chapters": [{"title": "Uno", "text": "Érase."}, {"text": "Fin."}]}}
        made = sol.post("/api/web/gateway/api/stories", json=told)
        assert made.status_code == 201, made.text
        story = made.json()["id"]
        form = sol.get(f"/feed/new?story={story}").text
        assert 'value="El faro"' in form
        assert "Uno\n\nÉrase.\n\nFin.</textarea>" in form
        path = published(sol, query=f"?story={story}", title="El faro", text="Uno\r\n\r\nÉrase, y ya.", story=story, language="es")
        page = stranger.get(path).text
        assert "<p>Érase, y ya.</p>" in page
        assert 'lang="es">El faro' in page
    with person(studio, "Eva") as eva:
        assert eva.get(f"/feed/new?story={story}").status_code == 404


def test_a_story_is_illustrated_with_an_image_of_one_s_own(studio: Studio, stranger: httpx.Client) -> None:
    with person(studio, "Luz") as luz, person(studio, "Eva") as eva:
        assert 'name="image"' not in luz.get("/feed/new").text
        ended(luz, submitted(luz, "drawings", prompt="A lighthouse for a story"))
        told = {"title": "The light", "content": {"chapters": [{"text": "It shone."}]}}
        story = luz.post("/api/web/gateway/api/stories", json=told).json()["id"]
        offered = re.search(r'name="image" value="(drawings/[0-9a-f-]{36})"', luz.get(f"/feed/new?story={story}").text)
        assert offered is not None
        path = published(luz, query=f"?story={story}", title="The light", text="It shone.", story=story, image=offered[1])
        assert 'class="cover"' in stranger.get(path).text
        said = {"handle": handle(), "name": "Eva", "title": "Not mine", "text": "x", "image": offered[1]}
        assert eva.post("/feed/new", data={**said, "key": key_of(eva.get("/feed/new").text)}).status_code == 404


def test_a_second_click_is_not_a_second_post(studio: Studio) -> None:
    with person(studio, "Ana") as ana:
        page = ana.get("/feed/new").text
        said = {"key": key_of(page), "handle": handle(), "name": "Ana", "title": "Once", "text": "and only once"}
        first, second = (ana.post("/feed/new", data=said) for _ in range(2))
        assert (first.status_code, second.status_code) == (303, 303)
        assert first.headers["location"] == second.headers["location"]
        assert ana.get("/feed/mine").text.count(">Once<") == 1


def test_what_is_refused_comes_back_as_it_was_typed(studio: Studio) -> None:
    with person(studio, "Ana") as ana, person(studio, "Eva") as eva:
        taken = handle()
        published(ana, title="x", text="y", handle=taken)
        said = {"handle": taken, "name": "Eva", "title": "My title", "text": "My <b>text", "tags": "one, two"}
        answer = eva.post("/feed/new", data={"key": key_of(eva.get("/feed/new").text), **said}, headers={"accept-language": "es"})
        assert answer.status_code == 409
        assert "otra persona ya tiene ese nombre" in answer.text.lower()
        assert 'value="My title"' in answer.text
        assert "My &lt;b&gt;text" in answer.text
        named = {"title": "No picture", "handle": handle(), "name": "Eva"}
        bad = eva.post("/feed/new", data=named, files={"picture": ("x.png", b"no", "image/png")})
        assert bad.status_code in (415, 422)
        assert 'value="No picture"' in bad.text


def test_readers_like_save_follow_talk_and_report(studio: Studio) -> None:
    with person(studio, "Ana") as ana, person(studio, "Eva") as eva:
        name = handle()
        path = published(ana, title="Likeable", text="Text", handle=name)
        for deed in ("like", "save"):
            answer = eva.post(f"{path}/{deed}", data={"on": "1", "back": path})
            assert (answer.status_code, answer.headers["location"].partition("#")[0]) == (303, path)
        page = eva.get(path).text
        assert page.count('aria-pressed="true"') >= 2
        assert path in eva.get("/feed/saved").text
        assert eva.post(f"/feed/@{name}/follow", data={"on": "1"}).status_code == 303
        assert path in eva.get("/feed/following").text
        assert "1 follower" in eva.get(f"/feed/@{name}", headers={"accept-language": "en"}).text

        # Whoever says something for the first time says what they are called.
        refused = eva.post(f"{path}/comments", data={"text": "Kept words"})
        assert refused.status_code == 409
        assert "Kept words" in refused.text
        said = eva.post(f"{path}/comments", data={"text": NASTY, "handle": handle(), "name": "Eva"})
        assert said.status_code == 303, said.text
        talk = ana.get(path).text
        assert "<script>alert" not in talk
        assert "&lt;script&gt;alert(1)" in talk
        comment = re.search(r'action="(/feed/comments/[0-9a-f-]{36}/remove)"', talk)
        assert comment is not None
        assert eva.post(f"{path}/report", data={"reason": "x"}).headers["location"] == f"{path}?said=report"
        assert ana.post(comment[1], data={"back": path}).headers["location"] == path
        assert "&lt;script&gt;alert(1)" not in ana.get(path).text


def test_what_was_reported_is_taken_down_by_an_admin(studio: Studio, stranger: httpx.Client) -> None:
    assert stranger.get("/feed/moderation").headers["location"] == "/login?next=/feed/moderation"
    word = uuid.uuid4().hex
    with person(studio, "Ana") as ana, person(studio, "Eva") as eva, visiting(studio) as root:
        path = published(ana, title=f"Unkind {word}", text=NASTY)
        assert eva.post(f"{path}/report", data={"reason": f"{word} hurts"}).status_code == 303
        assert eva.get("/feed/moderation").status_code == 403
        assert "/feed/moderation" not in eva.get("/feed").text
        assert root.post("/login", data={"username": ROOT, "password": PASSWORD}).status_code == 303
        page = root.get("/feed/moderation").text
        assert "<script>alert" not in page
        card = page.partition(f"Unkind {word}")[2].partition("</form>")[0]
        assert f"{word} hurts" in card
        decide = re.search(r'action="(/feed/moderation/[0-9a-f-]{36})"', card)
        assert decide is not None
        assert eva.post(decide[1], data={"decision": "remove", "why": "x"}).status_code == 403
        unsaid = root.post(decide[1], data={"decision": "remove", "why": ""})
        assert unsaid.status_code == 422
        done = root.post(decide[1], data={"decision": "remove", "why": "Be kind."})
        assert (done.status_code, done.headers["location"]) == (303, "/feed/moderation")
        assert word not in root.get("/feed/moderation").text
        assert stranger.get(path).status_code == 404
        assert "Be kind." in ana.get("/feed/mine").text


def test_an_author_takes_a_post_back_and_deletes_it(studio: Studio, stranger: httpx.Client) -> None:
    with person(studio, "Ana") as ana:
        path = published(ana, title="For a while", text="Text")
        own = f"/feed/mine/{path.rpartition('/')[2]}"
        assert ana.post(f"{own}/withdraw").status_code == 303
        assert stranger.get(path).status_code == 404
        assert ana.post(f"{own}/publish").status_code == 303
        assert stranger.get(path).status_code == 200
        assert ana.post(f"{own}/delete").status_code == 303
        assert stranger.get(path).status_code == 404
        assert "For a while" not in ana.get("/feed/mine").text


def test_more_posts_are_a_link_and_none_comes_twice(studio: Studio, stranger: httpx.Client) -> None:
    with person(studio, "Ana") as ana:
        name = handle()
        paths = [published(ana, title="n 0", text="Text", handle=name)]
        paths += [published(ana, title=f"n {n}", text="Text") for n in range(1, 13)]
    found, where = [], f"/feed/@{name}"
    while where:
        page = stranger.get(where).text
        found += re.findall(r'<h2[^>]*><a href="(/feed/posts/[^"]+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        where = following[1].replace("&amp;", "&") if following else ""
    assert found == paths[::-1]
    # A script gets the cards alone.
    fragment = stranger.get(f"/feed/@{name}", headers={"hx-request": "true"}).text
    assert "<html" not in fragment
    assert 'hx-trigger="revealed, click"' in fragment


@pytest.mark.parametrize("path", ["/feed/new", "/feed/mine", "/feed/saved", "/feed/following"])
def test_a_stranger_is_led_to_the_login_and_back(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path).headers["location"] == f"/login?next={path}"


@pytest.mark.parametrize("path", ["/feed/posts/x", "/feed/posts/0198c0de-0000-7000-8000-000000000000", "/feed/@nobody_at_all", "/feed/@x"])
def test_what_is_not_there_is_said(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path).status_code == 404


def test_a_post_of_another_place_is_refused(studio: Studio) -> None:
    with person(studio, "Ana") as ana:
        path = published(ana, title="Mine", text="Text")
        for where in ("/feed/new", f"{path}/like", f"{path}/comments", f"/feed/mine/{path.rpartition('/')[2]}/delete"):
            assert ana.post(where, data={"title": "x", "on": "1"}, headers={"origin": "https://evil.example"}).status_code == 403
        assert ana.get(path).status_code == 200


def test_an_old_cursor_begins_anew(stranger: httpx.Client) -> None:
    answer = stranger.get("/feed", params={"order": "ranked", "cursor": "WzEsMV0"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/feed?order=ranked")


def test_it_can_be_installed_and_its_worker_speaks_for_the_feed_alone(stranger: httpx.Client) -> None:
    manifest = stranger.get("/feed/manifest.webmanifest")
    assert manifest.headers["content-type"] == "application/manifest+json"
    told = manifest.json()
    assert (told["scope"], told["start_url"], told["display"]) == ("/feed", "/feed", "standalone")
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in told["icons"]}
    for icon in told["icons"]:
        answer = stranger.get(icon["src"])
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, icon["type"])
    worker = stranger.get("/feed/worker.js")
    assert worker.headers["service-worker-allowed"] == "/feed"
    assert worker.headers["cache-control"] == "no-cache"
    assert worker.headers["content-type"].startswith("text/javascript")
    assert re.match(r'self\.BUILD="[0-9a-f]{16}";', worker.text)
    assert stranger.get("/feed/offline").status_code == 200
