"""Characters and stories go away and come back: the page says so, nothing typed is lost, and it mends itself."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.integration.web.conftest import EMAIL, Studio
from tests.integration.web.pages_apart import PagesApart, pages_apart
from tests.servers.people import PASSWORD
from tests.servers.redis import RedisServer

pytestmark = pytest.mark.needs("redis")


@pytest.fixture(scope="module")
def apart(studio: Studio, redis_session: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PagesApart]:
    with pages_apart(studio, redis_session.url, tmp_path_factory.mktemp("apart")) as running:
        yield running


@pytest.fixture
def visitor(apart: PagesApart) -> Iterator[httpx.Client]:
    apart.gate.open()
    with httpx.Client(base_url=apart.base, timeout=60, trust_env=False, headers={"origin": apart.base, "accept": "text/html"}) as client:
        assert client.post("/login", data={"username": EMAIL, "password": PASSWORD}).status_code == 303
        yield client
    apart.gate.open()


@pytest.mark.parametrize("path", ["/library/stories", "/library/characters", "/s/" + "x" * 43])
def test_a_page_says_what_does_not_answer_and_looks_again(apart: PagesApart, visitor: httpx.Client, path: str) -> None:
    apart.gate.shut()
    away = visitor.get(path)
    assert away.status_code == 503
    assert "does not answer" in away.text
    assert "data-away" in away.text
    apart.gate.open()
    assert visitor.get(path).status_code in (200, 404)


@pytest.mark.parametrize(
    ("path", "fields", "kept"),
    [
        ("/library/characters", {"name": "Typed", "description": "All that I know of them"}, "All that I know of them</textarea>"),
        ("/library/stories", {"title": "Typed", "text": "A long evening's work"}, "A long evening&#39;s work</textarea>"),
        ("/library/stories/write", {"prompt": "A kite by the sea"}, "A kite by the sea</textarea>"),
    ],
)
def test_what_was_typed_comes_back(apart: PagesApart, visitor: httpx.Client, path: str, fields: dict[str, str], kept: str) -> None:
    apart.gate.shut()
    away = visitor.post(path, data=fields)
    assert away.status_code == 503
    assert "does not answer" in away.text
    assert kept in away.text
    # A form that came back does not send itself.
    assert "data-away" not in away.text


def test_what_was_edited_comes_back_and_is_saved_then(apart: PagesApart, visitor: httpx.Client) -> None:
    path = visitor.post("/library/stories", data={"title": "Before", "text": "Before."}).headers["location"]
    fields = {"title": "After", "text": "After.", "version": "1", "language": "", "audience": ""}
    apart.gate.shut()
    away = visitor.post(f"{path}/edit", data=fields)
    assert (away.status_code, "After.</textarea>" in away.text, 'name="version" value="1"' in away.text) == (503, True, True)
    assert visitor.post(f"{path}/autosave", data=fields).status_code == 503
    apart.gate.open()
    assert visitor.post(f"{path}/edit", data=fields).status_code == 303
    assert "After." in visitor.get(path).text


def test_the_rest_of_the_library_goes_on(apart: PagesApart, visitor: httpx.Client) -> None:
    apart.gate.shut()
    assert visitor.get("/library/images").status_code == 200
    assert visitor.get("/library/history").status_code == 200
    assert visitor.get("/account").status_code == 200
    wish = visitor.get("/library/stories/write")
    assert (wish.status_code, "characters does not answer" in wish.text) == (200, True)
